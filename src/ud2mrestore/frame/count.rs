// SPDX-License-Identifier: MPL-2.0
//! How many frames are restored side by side, and the lanes for them.

use super::super::format::Formats;
use super::super::properties::settings::Live;
use super::super::state::{State, without_caps};
use super::lane::Lane;
use crate::error::RestoreError;

impl State {
    /// How many frames are to be restored side by side; `waits`: whether they may wait for those
    /// after them without anybody having asked for it.
    ///
    /// An error where there is no memory for as many as were asked for.
    pub fn frames_in_flight(&self, live: &Live, waits: bool) -> Result<usize, RestoreError> {
        let Some(formats) = self.formats.as_ref() else {
            return Ok(1);
        };
        let (size, lanes) = (formats.input_size(), self.restorer.lanes());
        let fits = |count: usize| match live.is_passthrough() {
            true => Ok(()),
            false => self.restorer.check_memory(size, count),
        };
        if self.fixed.frames_in_flight > 0 {
            let count = lanes.min(self.fixed.frames_in_flight as usize);
            return fits(count).map(|()| count);
        }
        // Pictures come one by one, and a large frame has tiles enough for all lanes.
        let small = || self.restorer.is_whole(&self.fixed.tiling());
        let many = lanes > 1 && waits && formats.frame_duration().is_some() && small()?;
        Ok(if many && fits(lanes).is_ok() {
            lanes
        } else {
            1
        })
    }

    /// Lanes for so many frames side by side; none for one.
    pub fn lanes(&self, count: usize) -> Result<Vec<Lane>, gst::ErrorMessage> {
        let parts = match count {
            0 | 1 => Vec::new(),
            count => self.restorer.split(count),
        };
        let lane = |restorer| {
            let formats = self.formats.as_ref().and_then(Formats::twin);
            Ok(Lane::new(restorer, formats.ok_or_else(without_caps)?)?)
        };
        parts.into_iter().map(lane).collect()
    }

    /// Time from one frame to the next, where the caps say it.
    pub fn frame_duration(&self) -> Option<gst::ClockTime> {
        self.formats.as_ref()?.frame_duration()
    }
}
