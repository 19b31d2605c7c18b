// SPDX-License-Identifier: MPL-2.0
//! The first stage: what is known of a frame before the network runs.

use super::{Observation, Request};
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::{Unobserved, both, fill_holes};
use crate::restore::noise_model::NoiseModel;
use crate::restore::operators::prepared;
use crate::restore::{FrameReport, Restorer};

impl Restorer {
    /// Estimates noise and compression, pads the frame, and makes the initial estimate on the
    /// canvas.
    pub(super) fn observe(
        &mut self,
        request: Request,
    ) -> Result<(Observation, Image), RestoreError> {
        let (frame, settings) = (request.frame, request.settings);
        let (degradation, mask) = (&settings.degradation, &settings.mask);
        self.prepare(degradation, mask, frame.width, frame.height)?;
        self.check_stddev(settings)?;
        self.check_trained(settings)?;
        let manifest = self.step.manifest();
        let operator = prepared(&mut self.operator)?;
        let missing = both(operator.missing(), self.hidden.as_ref());
        let missing = missing.as_ref();
        let relay = &self.relay;
        let place = self.place.get_or_insert_with(|| relay.place());
        // What lies in a hole is not to be found in the frame.
        let whole = missing.map(|missing| fill_holes(frame, missing));
        let seen = whole.as_ref().unwrap_or(frame);
        let smooth = |found| place.carried().smoothing.noise(found);
        let noise = NoiseModel::of(seen, missing, settings, smooth, manifest);
        let detect = settings.detect_unobserved;
        let mut unobserved = operator.unobserved(seen, missing, detect, 2.0 * noise.sigma);
        operator.set_observed(unobserved.as_ref().map(|u| &u.mask));
        let carried = place.carried();
        let compression = operator.inspect(seen, carried.smoothing.compression);
        carried.smoothing.compression = compression;
        let doubt = (!carried.doubted).then(|| operator.doubt(seen)).flatten();
        carried.doubted |= doubt.is_some();
        place.pass();
        if let Some(unobserved) = &mut unobserved {
            self.fill_missing(request, unobserved, &noise)?;
        }
        let operator = prepared(&mut self.operator)?;
        let canvas = operator.canvas(self.step.manifest().size_multiple);
        let y = operator.observe(unobserved.as_ref().map_or(frame, |u| &u.frame), &canvas);
        let initial = operator.initial(&y, &canvas);
        let unrestored = settings.shows_input().then(|| {
            if (frame.width, frame.height) == (canvas.frame_width, canvas.frame_height) {
                frame.clone()
            } else if unobserved.is_some() {
                let as_it_came = operator.observe(frame, &canvas);
                operator.initial(&as_it_came, &canvas).crop(canvas.frame())
            } else {
                initial.crop(canvas.frame())
            }
        });
        let report = FrameReport {
            unobserved_share: unobserved.as_ref().map_or(0.0, Unobserved::share),
            doubt,
            ..FrameReport::of_assumed(noise, compression.as_ref())
        };
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
