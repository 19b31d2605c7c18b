// SPDX-License-Identifier: MPL-2.0
//! The last stage: from the samples to the frame that leaves.

use super::moments::{Output, gray};
use super::strength::mix_with_input;
use super::{Observation, Request, Samples};
use crate::error::RestoreError;
use crate::restore::temporal::PreviousFrame;
use crate::restore::{RestoredFrame, Restorer, fallback};

impl Restorer {
    /// Makes the output of the samples, and keeps what the next frame may start from.
    pub(super) fn compose(
        &mut self,
        request: Request,
        observation: Observation,
        samples: Samples,
    ) -> Result<RestoredFrame, RestoreError> {
        let (frame, settings) = (observation.frame(request), request.settings);
        let Samples {
            mut moments,
            stddev,
            average,
            mut report,
        } = samples;
        fallback::check_output(moments.mean(), frame, self.operator()?.missing())?;
        if let Some(average) = average {
            average.apply(moments.mean_mut());
        }
        let (mean, operator) = (moments.mean(), self.operator()?);
        let scale = operator.scale();
        report.residual_rms = operator.residual_rms(mean, frame, observation.noise.sigma);
        fallback::check_residual(report.residual_rms)?;
        self.previous = settings.is_temporal().then(|| {
            PreviousFrame::of(mean.clone(), frame, operator, 2.0 * observation.noise.sigma)
        });
        let (mut restored, strength) = match settings.output {
            Output::Deviation => {
                let told = stddev.map(|stddev| gray(&stddev, moments.mean().channels));
                (told.unwrap_or_else(|| moments.deviation()), 1.0)
            }
            Output::Sample | Output::Mean => (moments.into_mean(), settings.strength),
        };
        if let Some(unobserved) = &observation.unobserved {
            match settings.output {
                Output::Deviation => unobserved.blacken_bars(&mut restored, scale),
                _ => unobserved.compose(&mut restored, request.frame, scale),
            }
        }
        let image = match observation.unrestored {
            Some(input) => mix_with_input(restored, &input, strength, settings.compare),
            None => restored,
        };
        Ok(RestoredFrame { image, report })
    }
}
