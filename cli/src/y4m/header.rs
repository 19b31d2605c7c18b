// SPDX-License-Identifier: MPL-2.0
//! The first line of a stream.

use gst_video::{VideoColorRange, VideoColorimetry, VideoInfo};

use super::layout::{LAYOUTS, Layout, NONE};

const MAGIC: &str = "YUV4MPEG2";
/// Frames a second where the stream says none; only times between frames depend on it.
const RATE: gst::Fraction = gst::Fraction::new_raw(25, 1);

/// What a stream says of its frames, each word as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    words: Vec<String>,
    layout: Layout,
    info: VideoInfo,
    rate: gst::Fraction,
}

impl Header {
    /// Reads the line, without its end. An error is part of a sentence: what is wrong, what to do.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split(' ');
        if words.next() != Some(MAGIC) {
            return Err(format!(
                "is no {MAGIC}: write it with ffmpeg -f yuv4mpegpipe"
            ));
        }
        let words: Vec<_> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let find = |key: &str| words.iter().find_map(|word| word.strip_prefix(key));
        let side = |key: &str| {
            let side = find(key).and_then(|side| side.parse::<u32>().ok());
            side.filter(|side| (1..=32767).contains(side))
                .ok_or_else(|| format!("has no {key} from 1 to 32767 in its header"))
        };
        let (width, height) = (side("W")?, side("H")?);
        let ratio = |key: &str| {
            let (n, d) = find(key)?.split_once(':')?;
            let (n, d) = (n.parse::<i32>().ok()?, d.parse::<i32>().ok()?);
            (n > 0 && d > 0).then(|| gst::Fraction::new(n, d))
        };
        if let Some(order @ ("t" | "b" | "m")) = find("I") {
            return Err(format!(
                "is interlaced (I{order}): deinterlace it first, as with ffmpeg -vf bwdif"
            ));
        }
        let tag = find("C").unwrap_or("420");
        let layout = LAYOUTS.iter().find(|layout| layout.tag == tag);
        let layout = *layout.ok_or_else(|| {
            let all: Vec<_> = LAYOUTS.iter().map(|layout| layout.tag).collect();
            format!(
                "has frames of the kind C{tag}: use one of {}",
                all.join(", ")
            )
        })?;
        let rate = ratio("F").unwrap_or(RATE);
        let aspect = ratio("A").unwrap_or(gst::Fraction::new(1, 1));
        let range = match find("XCOLORRANGE=") {
            Some("FULL") => Some(VideoColorRange::Range0_255),
            Some("LIMITED") => Some(VideoColorRange::Range16_235),
            _ => None,
        };
        let info = describe(layout, (width, height), rate, aspect, range);
        let info = info.map_err(|_| "has frames that GStreamer does not take".to_owned())?;
        Ok(Self {
            words,
            layout,
            info,
            rate,
        })
    }

    /// The header of frames that came from elsewhere.
    pub fn of(info: &VideoInfo) -> Result<Self, String> {
        let mut fitting = LAYOUTS.iter().filter(|l| l.format == info.format());
        let first = fitting.clone().next();
        let layout = fitting.find(|l| l.site == info.chroma_site()).or(first);
        let layout = *layout.ok_or("frames of this format cannot be written")?;
        let rate = if info.fps().numer() > 0 {
            info.fps()
        } else {
            RATE
        };
        let range = match info.colorimetry().range() {
            VideoColorRange::Range0_255 => Some("XCOLORRANGE=FULL"),
            VideoColorRange::Range16_235 => Some("XCOLORRANGE=LIMITED"),
            _ => None,
        };
        let ratio =
            |key: &str, ratio: gst::Fraction| format!("{key}{}:{}", ratio.numer(), ratio.denom());
        let words = [
            format!("W{}", info.width()),
            format!("H{}", info.height()),
            ratio("F", rate),
            "Ip".to_owned(),
            ratio("A", info.par()),
            format!("C{}", layout.tag),
        ];
        let words = words.into_iter().chain(range.map(str::to_owned)).collect();
        Ok(Self {
            words,
            layout,
            info: info.clone(),
            rate,
        })
    }

    /// The frames' format, size, rate, aspect and colour.
    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// Frames a second.
    pub fn rate(&self) -> gst::Fraction {
        self.rate
    }

    /// Bits by which each sample is shifted up.
    pub fn shift(&self) -> u32 {
        self.layout.shift
    }

    /// The line for frames of this size, with its end.
    pub fn line(&self, width: u32, height: u32) -> String {
        let mut line = MAGIC.to_owned();
        for word in &self.words {
            line += &match word.as_bytes()[0] {
                b'W' => format!(" W{width}"),
                b'H' => format!(" H{height}"),
                _ => format!(" {word}"),
            };
        }
        line + "\n"
    }
}

/// The frames as GStreamer describes them.
fn describe(
    layout: Layout,
    (width, height): (u32, u32),
    rate: gst::Fraction,
    aspect: gst::Fraction,
    range: Option<VideoColorRange>,
) -> Result<VideoInfo, gst::glib::BoolError> {
    let plain = VideoInfo::builder(layout.format, width, height).build()?;
    let usual = plain.colorimetry();
    let colour = VideoColorimetry::new(
        range.unwrap_or(usual.range()),
        usual.matrix(),
        usual.transfer(),
        usual.primaries(),
    );
    let site = if layout.site == NONE {
        plain.chroma_site()
    } else {
        layout.site
    };
    VideoInfo::builder(layout.format, width, height)
        .fps(rate)
        .par(aspect)
        .chroma_site(site)
        .colorimetry(&colour)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_kept_and_the_size_follows_the_frames() {
        gst::init().expect("GStreamer starts");
        for layout in LAYOUTS {
            let words = format!(
                "F30000:1001 I? A8:9 C{} XYSCSS=420JPEG XCOLORRANGE=FULL Xa=b",
                layout.tag
            );
            let header = Header::parse(&format!("YUV4MPEG2 W64 H47 {words}")).expect("a header");
            assert_eq!(
                header.line(128, 94),
                format!("YUV4MPEG2 W128 H94 {words}\n")
            );
            let info = header.info();
            assert_eq!((info.format(), info.width()), (layout.format, 64));
            assert_eq!(info.par(), gst::Fraction::new(8, 9));
            assert_eq!(info.colorimetry().range(), VideoColorRange::Range0_255);
        }
        let short = Header::parse("YUV4MPEG2 W2 H2 F0:0 A0:0").expect("a header");
        assert_eq!((short.rate(), short.layout.tag), (RATE, "420"));
    }

    #[test]
    fn frames_from_elsewhere_get_a_header_that_says_the_same() {
        gst::init().expect("GStreamer starts");
        for tag in LAYOUTS
            .iter()
            .map(|l| l.tag)
            .filter(|t| !["420", "mono12", "mono10"].contains(t))
        {
            let line = format!("YUV4MPEG2 W6 H4 F25:1 Ip A1:1 C{tag} XCOLORRANGE=LIMITED");
            let header = Header::parse(&line).expect("a header");
            let again = Header::of(header.info()).expect("a header");
            assert_eq!(again.line(6, 4), line + "\n");
        }
    }

    #[test]
    fn what_cannot_be_restored_is_told() {
        for (line, word) in [
            ("", "is no YUV4MPEG2"),
            ("YUV4MPEG2 H4", "no W"),
            ("YUV4MPEG2 W0 H4", "no W"),
            ("YUV4MPEG2 W4 H4 It", "is interlaced (It)"),
            ("YUV4MPEG2 W4 H4 C420p9", "one of 420mpeg2"),
        ] {
            let error = Header::parse(line).expect_err("an error");
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
