// SPDX-License-Identifier: MPL-2.0
//! Why a verb ends without success: one sentence, and the exit code.

/// The exit codes, as the long help has them. clap itself ends with 2.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    all was done, and every frame is there with its time
  1    something failed; OUT, or one file of a folder, was not written
  2    the command line is wrong
  3    OUT, or the report, was written; OUT's frames or their times differ from those of IN
  130  interrupted: a file with .part in its name holds what was done, and plays";

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const DIFFERS: u8 = 3;
/// 128 and the number of SIGINT, as shells count it.
pub const INTERRUPTED: u8 = 130;

/// What went wrong and what to do, in one sentence.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: u8,
    pub sentence: String,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Whether OUT holds frames all the same.
    pub fn is_written(&self) -> bool {
        matches!(self.code, DIFFERS | INTERRUPTED)
    }

    pub fn is_interrupted(&self) -> bool {
        self.code == INTERRUPTED
    }

    /// Something that the command line asks for cannot be done here.
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            sentence: sentence.into(),
        }
    }

    /// What was written is not what came.
    pub fn differs(sentence: impl Into<String>) -> Self {
        Self {
            code: DIFFERS,
            sentence: sentence.into(),
        }
    }

    /// The user wanted an end before the end.
    pub fn interrupted(sentence: impl Into<String>) -> Self {
        Self {
            code: INTERRUPTED,
            sentence: sentence.into(),
        }
    }

    /// The command line itself is wrong.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            sentence: sentence.into(),
        }
    }
}
