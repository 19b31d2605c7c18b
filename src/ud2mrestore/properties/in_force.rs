// SPDX-License-Identifier: MPL-2.0
//! Settings that change while the element runs: where they cannot be used the last good ones stay
//! in force. What was assumed of settings and files is told once.

use gst::subclass::prelude::*;

use super::super::imp::Ud2mRestore;
use super::enums::{KernelShape, Output, Task};
use super::settings::{Fixed, Live, Settings};
use crate::error::RestoreError;

/// As many different warnings are posted from a start to the next.
const WARNINGS: usize = 100;

/// What outlasts a change of the settings.
pub struct InForce {
    /// The last output, with its number of samples, that can be made.
    output: (Output, u32),
    /// Texts that were posted since the start.
    told: Vec<String>,
}

impl Default for InForce {
    fn default() -> Self {
        Self::new(&Live::default())
    }
}

impl InForce {
    /// From a start with these settings, which can be used.
    pub fn new(live: &Live) -> Self {
        Self {
            output: (live.output, live.samples),
            told: Vec::new(),
        }
    }

    /// Makes settings usable that are not, but for their files. A sentence for each change.
    /// `stddev`: whether the standard deviation can be told from one sample, where it is to be.
    fn mend(
        &mut self,
        live: &mut Live,
        fixed: &Fixed,
        stddev: Result<(), RestoreError>,
    ) -> [Option<String>; 2] {
        let mut remarks = [None, None];
        match stddev {
            Ok(()) => self.output = (live.output, live.samples),
            Err(error) => {
                (live.output, live.samples) = self.output;
                // It could be told of the frames before, which another graph restored.
                if live.needs_stddev() {
                    live.output = Output::Sample;
                }
                let now = match live.output {
                    Output::Sample => "frames leave restored",
                    Output::Mean | Output::Stddev => "the output stays as it was",
                };
                // An element that is stopped meanwhile has nothing to warn of.
                remarks[0] =
                    (error != RestoreError::Stopped).then(|| format!("{error} Until then {now}."));
            }
        }
        let sized = fixed.task == Task::Deblur && live.kernel != KernelShape::File;
        if sized && live.kernel_size > 0 && live.kernel_size.is_multiple_of(2) {
            live.kernel_size += 1;
            remarks[1] = Some(
                "An even kernel-size is rounded up: set it to an odd number of pixels, or to 0."
                    .to_owned(),
            );
        }
        remarks
    }

    /// Whether `text` was not posted since the start; from now on it was.
    fn is_news(&mut self, text: &str) -> bool {
        let news = self.told.len() < WARNINGS && self.told.iter().all(|told| told != text);
        if news {
            self.told.push(text.to_owned());
        }
        news
    }
}

impl Ud2mRestore {
    /// The settings for what comes next, where need be without what cannot be used of them.
    pub(in super::super) fn live_settings(&self) -> Live {
        let Settings { fixed, mut live } = self.settings.lock().clone();
        let stddev = self.load_stddev_for(&live);
        let mut shared = self.shared.lock();
        let remarks = shared.in_force.mend(&mut live, &fixed, stddev);
        drop(shared);
        self.warn(remarks.into_iter().flatten());
        live
    }

    /// Posts warnings, each of them once from a start to the next.
    pub(in super::super) fn warn<T: AsRef<str>>(&self, texts: impl IntoIterator<Item = T>) {
        for text in texts {
            let text = text.as_ref();
            // The lock is not held while the application is called.
            let news = self.shared.lock().in_force.is_news(text);
            if news {
                gst::element_imp_warning!(self, gst::ResourceError::Settings, ("{text}"));
            }
        }
    }
}
