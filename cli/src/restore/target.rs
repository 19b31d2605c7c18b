// SPDX-License-Identifier: MPL-2.0
//! What is written: a container, an encoder and their settings, by the ending of the file's name.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::media::numbered;

/// A sort of file: one row of the table.
struct Kind {
    endings: &'static [&'static str],
    /// The muxer; pictures have none.
    muxer: Option<&'static str>,
    /// The video encoder with its settings; `{crf}` stands for the quality.
    encoder: &'static str,
    /// Default and largest value of `--crf`.
    crf: Option<(u32, u32)>,
    /// The element that may be missing, and the package that has it.
    package: (&'static str, &'static str),
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

const KINDS: [Kind; 6] = [
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
];

/// The endings that name a kind.
fn endings() -> String {
    let all: Vec<_> = KINDS
        .iter()
        .flat_map(|kind| kind.endings)
        .copied()
        .collect();
    all.join(", ")
}

/// The ending of a path in small letters, and the kind that it names.
fn kind(path: &Path) -> (String, Option<&'static Kind>) {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_lowercase();
    let kind = KINDS.iter().find(|k| k.endings.contains(&ending.as_str()));
    (ending, kind)
}

/// An ending that names a kind, with or without its dot.
pub fn ending(text: &str) -> std::result::Result<String, String> {
    let ending = text.trim_start_matches('.');
    let known = Target::writes(ending).then(|| ending.to_owned());
    known.ok_or_else(|| format!("use one of {}", endings()))
}

/// A file to write.
pub struct Target {
    path: PathBuf,
    kind: &'static Kind,
    crf: u32,
    numbered: bool,
}

impl Target {
    /// The target at `path`. An error is one of usage, or names a package that is missing.
    pub fn of(path: &Path, crf: Option<u32>) -> Result<Self> {
        let (ending, kind) = kind(path);
        let kind = kind.ok_or_else(|| {
            let path = path.display();
            Failure::usage(format!(
                "{path} has no ending that names a kind of file: use one of {}.",
                endings()
            ))
        })?;
        let crf = match (kind.crf, crf) {
            (Some((_, most)), Some(crf)) if crf > most => Err(Failure::usage(format!(
                "--crf {crf} is too much for {ending}: use 0 to {most}."
            ))),
            (None, Some(_)) => Err(Failure::usage(format!(
                "--crf has no effect on {ending}: leave it out."
            ))),
            (Some((default, _)), crf) => Ok(crf.unwrap_or(default)),
            (None, None) => Ok(0),
        }?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let folder = folder.display();
            return Err(Failure::failed(format!(
                "{folder} is no folder, so nothing can be written there: make it first."
            )));
        }
        let (element, package) = kind.package;
        if gst::ElementFactory::find(element).is_none() {
            return Err(Failure::failed(format!(
                "GStreamer's encoder {element} is missing, which writes {ending}: install the \
                 package {package} (its name on Debian and Ubuntu), or choose another ending."
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            kind,
            crf,
            numbered: numbered::is_pattern(path),
        })
    }

    /// Whether files of this ending can be written.
    pub fn writes(ending: &str) -> bool {
        KINDS.iter().any(|kind| kind.endings.contains(&ending))
    }

    /// Whether the kind of `path` has a quality to choose.
    pub fn has_crf(path: &Path) -> bool {
        kind(path).1.is_some_and(|kind| kind.crf.is_some())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file grows until it is whole: with `.part` before its ending, so that it plays.
    pub fn part(&self) -> PathBuf {
        let ending = self.path.extension().unwrap_or_default();
        let mut part = OsString::from("part.");
        part.push(ending);
        self.path.with_extension(part)
    }

    /// The target of a file whose name stays as it is, whatever it looks like.
    pub fn named_as(self, input: &Path) -> Self {
        Self {
            numbered: self.numbered && !input.is_file(),
            ..self
        }
    }

    pub fn is_numbered(&self) -> bool {
        self.numbered
    }

    pub fn muxer(&self) -> Option<&'static str> {
        self.kind.muxer
    }

    /// The encoder as a launch line.
    pub fn encoder(&self) -> String {
        self.kind.encoder.replace("{crf}", &self.crf.to_string())
    }

    /// Whether subtitles may hold `<i>` and its like.
    pub fn takes_markup(&self) -> bool {
        matches!(self.kind.muxer, Some("matroskamux"))
    }

    /// Whether something lies where it is to be written.
    pub fn is_taken(&self) -> bool {
        self.path.exists() || (self.numbered && !numbered::all(&self.path).is_empty())
    }

    /// Gives the whole file its name, or the numbered pictures theirs; how many there were.
    pub fn finish(&self) -> Result<usize> {
        if !self.is_numbered() {
            rename(&self.part(), &self.path)?;
            return Ok(1);
        }
        let parts = numbered::all(&self.part());
        for part in parts.values() {
            self.finish_one(part)?;
        }
        Ok(parts.len())
    }

    /// Gives one of numbered pictures its name.
    pub fn finish_one(&self, part: &Path) -> Result<()> {
        // `a.part.png` without its ending is `a.part`.
        let ending = self.path.extension().unwrap_or_default();
        rename(part, &part.with_extension("").with_extension(ending))
    }

    /// Removes what is not whole.
    pub fn discard(&self) {
        let _ = fs::remove_file(self.part());
        for part in numbered::all(&self.part())
            .values()
            .filter(|_| self.numbered)
        {
            let _ = fs::remove_file(part);
        }
    }
}

/// Gives a whole file its name, once the disk has it.
fn rename(from: &Path, to: &Path) -> Result<()> {
    let stored = fs::File::open(from).and_then(|file| file.sync_all());
    stored.and_then(|()| fs::rename(from, to)).map_err(|e| {
        let (from, to) = (from.display(), to.display());
        Failure::failed(format!(
            "{from} is whole and cannot be renamed to {to} ({e}): rename it yourself."
        ))
    })
}
