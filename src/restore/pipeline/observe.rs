// SPDX-License-Identifier: MPL-2.0
//! The first stage: what is known of a frame before the network runs.

use super::{Observation, Request};
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::Unobserved;
use crate::restore::noise_model::NoiseModel;
use crate::restore::restorer::prepared;
use crate::restore::{FrameReport, Restorer};

impl Restorer {
    /// Estimates noise and compression, pads the frame, and makes the initial estimate on the
    /// canvas.
    pub(super) fn observe(
        &mut self,
        request: Request,
    ) -> Result<(Observation, Image), RestoreError> {
        let (frame, settings) = (request.frame, request.settings);
        self.prepare(&settings.degradation, frame.width, frame.height)?;
        settings.check_samples()?;
        let manifest = self.step.manifest();
        let operator = prepared(&mut self.operator)?;
        let noise = NoiseModel::of(frame, settings, &mut self.smoothing, manifest.sigma_y);
        let compression = operator.inspect(frame, self.smoothing.compression);
        self.smoothing.compression = compression;
        let unobserved = operator.unobserved(frame, settings.detect_unobserved, 2.0 * noise.sigma);
        operator.set_observed(unobserved.as_ref().map(|u| &u.mask));
        let canvas = operator.canvas(manifest.size_multiple);
        let y = operator.observe(unobserved.as_ref().map_or(frame, |u| &u.frame), &canvas);
        let initial = operator.initial(&y, &canvas);
        let unrestored = settings.shows_input().then(|| {
            if (frame.width, frame.height) == (canvas.frame_width, canvas.frame_height) {
                return frame.clone();
            }
            let mut image = initial.crop(canvas.frame());
            if let Some(unobserved) = &unobserved {
                unobserved.compose(&mut image, frame, operator.scale());
            }
            image
        });
        let mut report = FrameReport {
            unobserved_share: unobserved.as_ref().map_or(0.0, Unobserved::share),
            ..FrameReport::of_assumed(noise, compression.as_ref())
        };
        if !self.doubted {
            report.doubt = operator.doubt(frame);
            self.doubted = report.doubt.is_some();
        }
        let observation = Observation {
            canvas,
            y,
            noise,
            unobserved,
            report,
            unrestored,
        };
        Ok((observation, initial))
    }
}
