// SPDX-License-Identifier: MPL-2.0
//! The kinds of files that can be written, by the endings of their names.

use std::path::Path;

/// A sort of file: one row of the table.
pub struct Kind {
    pub endings: &'static [&'static str],
    /// The muxer; pictures have none.
    pub muxer: Option<&'static str>,
    /// The video encoder with its settings; `{crf}` stands for the quality.
    pub encoder: &'static str,
    /// Default and largest value of `--crf`.
    pub crf: Option<(u32, u32)>,
    /// The element that may be missing, and the package that has it.
    pub package: (&'static str, &'static str),
}

/// 4:2:0 is what players take. `vbv-buf-capacity=0` lifts the limit of the bit rate. With frames
/// out of order the muxer writes wrong times where frames come at uneven ones.
const H264: &str = "video/x-raw,format={I420,I420_10LE} ! x264enc pass=qual quantizer={crf} \
    vbv-buf-capacity=0 speed-preset=medium bframes=0";
/// The quality alone decides: the bit rate is out of reach. Frames that wait in the
/// encoder are lost where the colour's description changes, as it does after the first picture of
/// MPEG-2: so none waits.
const VP9: &str = "video/x-raw,format={I420,I420_10LE} ! vp9enc end-usage=cq cq-level={crf} \
    target-bitrate=2000000000 deadline=1000000 cpu-used=2 row-mt=true lag-in-frames=0";

const KINDS: [Kind; 7] = [
    Kind {
        endings: &["mkv"],
        muxer: Some("matroskamux"),
        encoder: "avenc_ffv1",
        crf: None,
        package: ("avenc_ffv1", "gstreamer1.0-libav"),
    },
    Kind {
        endings: &["mp4", "m4v"],
        muxer: Some("mp4mux"),
        encoder: H264,
        crf: Some((18, 51)),
        package: ("x264enc", "gstreamer1.0-plugins-ugly"),
    },
    Kind {
        endings: &["mov"],
        muxer: Some("qtmux"),
        encoder: H264,
        crf: Some((18, 51)),
        package: ("x264enc", "gstreamer1.0-plugins-ugly"),
    },
    Kind {
        endings: &["webm"],
        muxer: Some("webmmux"),
        encoder: VP9,
        crf: Some((20, 63)),
        package: ("vp9enc", "gstreamer1.0-plugins-good"),
    },
    Kind {
        endings: &["png"],
        muxer: None,
        encoder: "pngenc",
        crf: None,
        package: ("pngenc", "gstreamer1.0-plugins-good"),
    },
    Kind {
        endings: &["jpg", "jpeg"],
        muxer: None,
        encoder: "jpegenc quality=95",
        crf: None,
        package: ("jpegenc", "gstreamer1.0-plugins-good"),
    },
    Kind {
        endings: &["y4m"],
        muxer: None,
        encoder: "video/x-raw,format={formats}",
        crf: None,
        package: ("appsink", "gstreamer1.0-plugins-base"),
    },
];

/// The endings that name a kind.
pub fn endings() -> String {
    let all: Vec<_> = KINDS
        .iter()
        .flat_map(|kind| kind.endings)
        .copied()
        .collect();
    all.join(", ")
}

/// The ending of a path in small letters, and the kind that it names.
pub fn kind(path: &Path) -> (String, Option<&'static Kind>) {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_lowercase();
    let kind = KINDS.iter().find(|k| k.endings.contains(&ending.as_str()));
    (ending, kind)
}

/// An ending that names a kind, with or without its dot.
pub fn ending(text: &str) -> std::result::Result<String, String> {
    let ending = text.trim_start_matches('.');
    let known = writes(ending).then(|| ending.to_owned());
    known.ok_or_else(|| format!("use one of {}", endings()))
}

/// Whether files of this ending can be written.
pub fn writes(ending: &str) -> bool {
    KINDS.iter().any(|kind| kind.endings.contains(&ending))
}

/// Whether the kind of `path` has a quality to choose.
pub fn has_crf(path: &Path) -> bool {
    kind(path).1.is_some_and(|kind| kind.crf.is_some())
}
