// SPDX-License-Identifier: MPL-2.0
//! What is written, where it grows and where it lies at the end.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::kinds::{Kind, endings, kind};
use crate::failure::{Failure, Result};
use crate::media::numbered;
use crate::y4m;

/// A file to write.
pub struct Target {
    path: PathBuf,
    kind: &'static Kind,
    crf: u32,
    numbered: bool,
    piped: bool,
}

impl Target {
    /// The target at `path`. An error is one of usage, or names a package that is missing.
    pub fn of(path: &Path, crf: Option<u32>) -> Result<Self> {
        let piped = path == Path::new("-");
        if piped && io::stdout().is_terminal() {
            return Err(Failure::usage(
                "Frames would fill the terminal: lead standard output into a program or a file.",
            ));
        }
        let (ending, kind) = kind(if piped { Path::new("-.y4m") } else { path });
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
            piped,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name in sentences, and before it is `whole` that of the part.
    pub fn shown(&self, whole: bool) -> String {
        if self.piped {
            "standard output".to_owned()
        } else if whole || self.numbered {
            self.path.display().to_string()
        } else {
            self.part().display().to_string()
        }
    }

    /// Whether it is standard output.
    pub fn is_piped(&self) -> bool {
        self.piped
    }

    /// Whether raw frames are written, one after the other.
    pub fn is_stream(&self) -> bool {
        self.kind.endings == ["y4m"]
    }

    /// What takes such frames.
    pub fn open(&self) -> Result<Box<dyn Write + Send>> {
        if self.piped {
            return Ok(Box::new(io::stdout()));
        }
        let file = fs::File::create(self.part());
        let file = file.map_err(|e| {
            let name = self.shown(true);
            Failure::failed(format!("{name} cannot be written: {e}."))
        })?;
        Ok(Box::new(file))
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
        let formats = y4m::formats().join(",");
        let encoder = self.kind.encoder.replace("{crf}", &self.crf.to_string());
        encoder.replace("{formats}", &format!("{{{formats}}}"))
    }

    /// Whether subtitles may hold `<i>` and its like.
    pub fn takes_markup(&self) -> bool {
        matches!(self.kind.muxer, Some("matroskamux"))
    }

    /// Whether something lies where it is to be written.
    pub fn is_taken(&self) -> bool {
        (self.path.exists() && !self.piped)
            || (self.numbered && !numbered::all(&self.path).is_empty())
    }

    /// Gives the whole file its name, or the numbered pictures theirs; how many there were.
    pub fn finish(&self) -> Result<usize> {
        if self.piped {
            return Ok(1);
        }
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
        if self.piped {
            return;
        }
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
