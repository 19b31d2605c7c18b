// SPDX-License-Identifier: MPL-2.0
//! What threads other than the streaming one ask for while a frame is restored.

use super::messages::stats::Stats;
use super::properties::in_force::InForce;
use super::properties::settings::Live;
use super::qos::Lateness;
use super::state::State;
use crate::restore::{Interrupt, Stop};

/// What any thread may ask for. It is locked for instants, and never while the pipeline or the
/// application is called.
#[derive(Default)]
pub struct Shared {
    /// Output size over input size; `None` while stopped.
    pub scale: Option<u32>,
    /// Ends the frame in progress; `None` while stopped.
    pub interrupt: Option<Interrupt>,
    /// Gives up the loading in progress.
    pub loading: Stop,
    pub stats: Stats,
    pub lateness: Lateness,
    pub in_force: InForce,
    /// Whether downstream looks for a `GstVideoMeta` in buffers.
    pub downstream_takes_meta: bool,
    /// Whether the source is live, and its latency, once it was asked.
    pub upstream: Option<(bool, gst::ClockTime)>,
}

impl Shared {
    /// What is known before the first frame.
    pub fn new(state: &State, live: &Live) -> Self {
        Self {
            in_force: InForce::new(live),
            scale: Some(state.fixed.output_scale()),
            interrupt: Some(state.restorer.interrupt()),
            stats: Stats::new(state.restorer.provider()),
            ..Self::default()
        }
    }

    /// Forgets what belongs to a loaded model; the statistics can be read until the next start.
    pub fn stop(&mut self) {
        self.scale = None;
        self.interrupt = None;
        self.loading = Stop::default();
        self.stats.stop();
    }
}
