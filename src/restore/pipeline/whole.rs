// SPDX-License-Identifier: MPL-2.0
//! Frames that leave without the network: those to be inpainted by masks of their own that have
//! nothing missing, or nothing else.

use super::Request;
use crate::operator::Degradation;
use crate::restore::{FrameReport, RestoredFrame, Restorer};

impl Restorer {
    /// The frame as it came, where there is nothing to inpaint in it, or nothing to do it from;
    /// `None` where there is.
    pub(super) fn left_whole(&mut self, request: Request) -> Option<RestoredFrame> {
        let Degradation::Mask(file) = &request.settings.degradation else {
            return None;
        };
        if !file.is_empty() {
            return None;
        }
        let blank = match &self.holes {
            None => false,
            Some(holes) if holes.data.iter().any(|v| *v > 0.0) => return None,
            Some(_) => true,
        };
        self.previous = None;
        let doubt = (blank && !self.blank_told).then(|| {
            self.blank_told = true;
            "A frame's mask shows nothing as observed, so that the frame leaves as it came: make \
             observed pixels white, or opaque."
                .to_owned()
        });
        Some(RestoredFrame {
            image: request.frame.clone(),
            report: FrameReport {
                doubt,
                cold_share: 1.0,
                ..FrameReport::default()
            },
        })
    }
}
