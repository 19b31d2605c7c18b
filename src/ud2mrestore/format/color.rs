// SPDX-License-Identifier: MPL-2.0
//! Codes of a format against red, green and blue in [-1, 1]: depth, range and matrix of the caps.
//!
//! GStreamer's converter knows the same and does all else. But its sixteen-bit matrix turns white
//! into 234, and it cuts off half a code on the way to eight bits, where a restored frame must be
//! rounded.

use gst_video::{VideoColorRange, VideoInfo};

/// How three codes make a colour. Values beyond the nominal range are kept: video has blacker than
/// black.
#[derive(Clone, Debug, PartialEq)]
pub struct ColorModel {
    /// Code of zero, and codes to one, for each component (Y, Cb, Cr or R, G, B).
    zero: [f32; 3],
    span: [f32; 3],
    /// Largest code, and how many bits of a sample lie below its code.
    largest: [f32; 3],
    below: [u32; 3],
    /// Weights of red and blue in Y; `None` where the components are colours themselves.
    weights: Option<(f32, f32)>,
}

impl ColorModel {
    pub fn of(info: &VideoInfo) -> Self {
        // A gray format has one component; the other two of its sixteen-bit form are as deep.
        let depth = [0, 1, 2].map(|c: u8| {
            let known = u32::from(c) < info.n_components();
            info.comp_depth(if known { c } else { 0 })
        });
        let colorimetry = info.colorimetry();
        let full = colorimetry.range() == VideoColorRange::Range0_255;
        let weights = (!info.is_rgb()).then(|| {
            // Caps of a YUV format always name a matrix; BT.709 stands for none.
            let (kr, kb) = colorimetry.matrix().kr_kb().unwrap_or((0.2126, 0.0722));
            (kr as f32, kb as f32)
        });
        let largest = depth.map(|d| ((1u32 << d) - 1) as f32);
        // Ranges are given for eight bits: 16 to 235, chroma 16 to 240.
        let unit = depth.map(|d| (f64::from(1u32 << d) / 256.0) as f32);
        let chroma = |c: usize| weights.is_some() && c > 0;
        Self {
            zero: [0, 1, 2].map(|c| match (chroma(c), full) {
                (true, _) => unit[c] * 128.0,
                (false, true) => 0.0,
                (false, false) => unit[c] * 16.0,
            }),
            span: [0, 1, 2].map(|c| match (chroma(c), full) {
                (_, true) => largest[c],
                (true, false) => unit[c] * 224.0,
                (false, false) => unit[c] * 219.0,
            }),
            largest,
            below: depth.map(|d| 16 - d),
            weights,
        }
    }

    /// The components of three samples of sixteen bits: luma of 0 to 1 and chroma around 0, or
    /// three colours of 0 to 1.
    pub fn parts(&self, samples: [u16; 3]) -> [f32; 3] {
        [0, 1, 2].map(|i| {
            // Below a code lie its own bits again or, in some formats' odd columns, zeros.
            let code = f32::from(samples[i] >> self.below[i]);
            (code - self.zero[i]) / self.span[i]
        })
    }

    /// Red, green and blue in [-1, 1] of components.
    pub fn rgb(&self, [a, b, c]: [f32; 3]) -> [f32; 3] {
        let rgb = match self.weights {
            None => [a, b, c],
            Some((kr, kb)) => {
                let (red, blue) = (a + 2.0 * (1.0 - kr) * c, a + 2.0 * (1.0 - kb) * b);
                [red, (a - kr * red - kb * blue) / (1.0 - kr - kb), blue]
            }
        };
        rgb.map(|v| 2.0 * v - 1.0)
    }

    /// The codes of a colour, not rounded.
    pub fn codes(&self, rgb: [f32; 3]) -> [f32; 3] {
        let [red, green, blue] = rgb.map(|v| 0.5 * v + 0.5);
        let components = match self.weights {
            None => [red, green, blue],
            Some((kr, kb)) => {
                let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
                [
                    luma,
                    (blue - luma) / (2.0 * (1.0 - kb)),
                    (red - luma) / (2.0 * (1.0 - kr)),
                ]
            }
        };
        [0, 1, 2].map(|i| components[i] * self.span[i] + self.zero[i])
    }

    /// Three samples of sixteen bits whose upper bits are the codes nearest to these.
    pub fn samples(&self, codes: [f32; 3]) -> [u16; 3] {
        [0, 1, 2].map(|i| {
            // The converter cuts off the bits below a code: half a code more makes that a rounding.
            ((codes[i].clamp(0.0, self.largest[i]) + 0.5) * (1u32 << self.below[i]) as f32) as u16
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst_video::{VideoColorimetry, VideoFormat};
    use std::str::FromStr;

    fn model(format: VideoFormat, colorimetry: &str) -> ColorModel {
        gst::init().expect("GStreamer starts");
        let colorimetry = VideoColorimetry::from_str(colorimetry).expect("a colorimetry");
        let info = VideoInfo::builder(format, 16, 16).colorimetry(&colorimetry);
        ColorModel::of(&info.build().expect("an info"))
    }

    fn encoded(model: &ColorModel, rgb: [f32; 3]) -> [u16; 3] {
        model.samples(model.codes(rgb))
    }

    /// A code as its sample: its bits, repeated downwards.
    fn sample(code: u32, depth: u32) -> u16 {
        (u64::from(code) * 65535 / ((1 << depth) - 1)) as u16
    }

    #[test]
    fn white_black_and_primaries_have_the_codes_of_the_standards() {
        type Case = (VideoFormat, &'static str, u32, [f32; 3], [u32; 3]);
        let cases: [Case; 7] = [
            (VideoFormat::I420, "bt601", 8, [1.0; 3], [235, 128, 128]),
            (VideoFormat::I420, "bt601", 8, [-1.0; 3], [16, 128, 128]),
            // BT.601's red: 81, 90, 240. BT.709's blue: 32, 240, 118.
            (
                VideoFormat::Y444,
                "bt601",
                8,
                [1.0, -1.0, -1.0],
                [81, 90, 240],
            ),
            (
                VideoFormat::Y444,
                "bt709",
                8,
                [-1.0, -1.0, 1.0],
                [32, 240, 118],
            ),
            (
                VideoFormat::I42010le,
                "bt709",
                10,
                [1.0; 3],
                [940, 512, 512],
            ),
            (VideoFormat::Gray8, "1:4:0:0", 8, [1.0; 3], [255, 128, 128]),
            (
                VideoFormat::Gbr10le,
                "sRGB",
                10,
                [1.0, 0.0, -1.0],
                [1023, 512, 0],
            ),
        ];
        for (format, name, depth, rgb, codes) in cases {
            let model = model(format, name);
            let got = encoded(&model, rgb).map(|s| u32::from(s) >> (16 - depth));
            assert_eq!(got, codes, "{format:?} {name} {rgb:?}");
        }
    }

    #[test]
    fn every_code_of_luma_survives_there_and_back() {
        let cases = [
            (VideoFormat::I420, 8),
            (VideoFormat::I42010le, 10),
            (VideoFormat::Y44412le, 12),
            (VideoFormat::Y44416le, 16),
        ];
        for (format, depth) in cases {
            let model = model(format, "bt709");
            let shift = 16 - depth;
            let gray = sample(1 << (depth - 1), depth);
            for code in 0..1u32 << depth {
                let rgb = model.rgb(model.parts([sample(code, depth), gray, gray]));
                let [luma, blue, red] = encoded(&model, rgb).map(|s| u32::from(s) >> shift);
                assert_eq!(luma, code, "{format:?}");
                assert_eq!(
                    (blue, red),
                    (1 << (depth - 1), 1 << (depth - 1)),
                    "{format:?} {code}"
                );
            }
        }
    }

    #[test]
    fn values_beyond_the_codes_are_cut_off_and_never_wrap() {
        let model = model(VideoFormat::Y444, "bt601");
        for (value, code) in [(9.0, 255), (-9.0, 0), (f32::NAN, 0)] {
            assert_eq!(encoded(&model, [value; 3])[0] >> 8, code);
        }
    }
}
