// SPDX-License-Identifier: MPL-2.0
//! What the stages of a frame hand on to each other.

use super::moments::Moments;
use crate::image::Image;
use crate::operator::{Canvas, Unobserved};
use crate::restore::noise_model::NoiseModel;
use crate::restore::temporal::Average;
use crate::restore::{FrameReport, Settings};
use crate::sampler::Initial;

/// A frame, and how it is to be restored.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub frame: &'a Image,
    /// Counts the frames of a stream.
    pub number: u64,
    pub settings: &'a Settings,
}

/// What is known of a frame before the network runs.
pub struct Observation {
    pub canvas: Canvas,
    /// The frame padded to the canvas, at the resolution of the observation.
    pub y: Image,
    pub noise: NoiseModel,
    /// The pixels of the frame that hold no data, where there are any.
    pub unobserved: Option<Unobserved>,
    /// Of a frame by itself, before the network runs.
    pub report: FrameReport,
    /// The frame as it came, at the size of the output, where some of it stays visible.
    pub unrestored: Option<Image>,
}

impl Observation {
    /// The frame, with a first guess where nothing was observed.
    pub fn frame<'a>(&'a self, request: Request<'a>) -> &'a Image {
        self.unobserved.as_ref().map_or(request.frame, |u| &u.frame)
    }
}

/// What sampling starts from.
pub struct Start {
    /// Of the canvas's size.
    pub initial: Initial,
    /// Share of the frame, 0 to 1, that does not start from the frame before.
    pub cold_share: f32,
    /// How the result is averaged with the frame before, where it starts from that.
    pub average: Option<Average>,
}

/// The samples of a frame, cropped to it.
pub struct Samples {
    pub moments: Moments,
    /// The standard deviation, one channel on the scale of [-1, 1], where a network told it.
    pub stddev: Option<Image>,
    pub average: Option<Average>,
    /// Complete but for the residual.
    pub report: FrameReport,
}
