// SPDX-License-Identifier: MPL-2.0
//! The way of one frame: observe, tile, warm_start, sample, compose.
//!
//! Each stage hands a value of its own type to the next. y is the observation, x0 the restored
//! frame; images are planar RGB in [-1, 1].

use super::moments::{Moments, Output};
use super::noise_model::NoiseModel;
use super::restorer::prepared;
use super::step::OperatorStep;
use super::strength::mix_with_input;
use super::temporal::{Average, PreviousFrame};
use super::{FrameReport, Interrupt, RestoredFrame, Restorer, Settings, fallback, tiling};
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::Canvas;
use crate::sampler::{Initial, Level, normal_image, reverse};
use crate::tile::{Plan, Tiled};

/// A frame, and how it is to be restored.
#[derive(Clone, Copy)]
struct Request<'a> {
    frame: &'a Image,
    /// Counts the frames of a stream.
    number: u64,
    settings: &'a Settings,
}

/// What is known of a frame before the network runs.
pub(super) struct Observation {
    pub canvas: Canvas,
    /// The frame padded to the canvas, at the resolution of the observation.
    pub y: Image,
    pub noise: NoiseModel,
    /// Of a frame by itself, before the network runs.
    report: FrameReport,
    /// The frame as it came, at the size of the output, where some of it stays visible.
    unrestored: Option<Image>,
}

/// What sampling starts from.
struct Start {
    /// Of the canvas's size.
    initial: Initial,
    /// Share of the frame, 0 to 1, that does not start from the frame before.
    cold_share: f32,
    /// How the result is averaged with the frame before, where it starts from that.
    average: Option<Average>,
}

/// The samples of a frame, cropped to it.
struct Samples {
    moments: Moments,
    average: Option<Average>,
    /// Complete but for the residual.
    report: FrameReport,
}

impl Restorer {
    /// Restores `frame`, planar RGB in [-1, 1].
    ///
    /// `number` counts the frames of a stream and chooses the noise where each frame has its own.
    /// An error names who can mend it: settings that do not fit the frame, memory that ran out, an
    /// answer of the network that is no image, ONNX Runtime that failed or was interrupted.
    pub fn restore(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<RestoredFrame, RestoreError> {
        let pool = self.pool();
        let _entered = pool.enter();
        pool.next_frame();
        let request = Request {
            frame,
            number,
            settings,
        };
        let (observation, initial) = self.observe(request)?;
        let plan = self.tile(request, &observation.canvas)?;
        if settings.is_passthrough()
            && let Some(image) = observation.unrestored
        {
            self.previous = None;
            let report = observation.report;
            return Ok(RestoredFrame { image, report });
        }
        let start = self.warm_start(request, &observation.canvas, initial)?;
        let samples = self.sample(request, &observation, plan, start)?;
        self.compose(request, observation, samples)
    }

    /// Estimates noise and quality, pads the frame, and makes the initial estimate on the canvas.
    fn observe(&mut self, request: Request) -> Result<(Observation, Image), RestoreError> {
        let (frame, settings) = (request.frame, request.settings);
        self.prepare(&settings.degradation, frame.width, frame.height)?;
        settings.check_samples()?;
        let manifest = self.step.manifest();
        let operator = prepared(&mut self.operator)?;
        let noise = NoiseModel::of(frame, settings, &mut self.smoothing, manifest.sigma_y);
        if let Some(quality) = operator.estimated_quality(frame) {
            operator.set_quality(self.smoothing.quality(quality));
        }
        let canvas = operator.canvas(manifest.size_multiple);
        let y = operator.observe(frame, &canvas);
        let initial = operator.initial(&y, &canvas);
        let unrestored = settings.shows_input().then(|| {
            if (frame.width, frame.height) == (canvas.frame_width, canvas.frame_height) {
                frame.clone()
            } else {
                initial.crop(canvas.frame())
            }
        });
        let report = FrameReport::of_assumed(noise, operator.quality());
        let observation = Observation {
            canvas,
            y,
            noise,
            report,
            unrestored,
        };
        Ok((observation, initial))
    }

    /// Chooses the tiles of the canvas.
    fn tile(&mut self, request: Request, canvas: &Canvas) -> Result<Plan, RestoreError> {
        let (manifest, operator) = (self.step.manifest(), self.operator()?);
        let halo = manifest.halo.max(operator.margin());
        let multiple = operator.multiple(manifest.size_multiple);
        let sizes = request.settings.tiling.at_most(self.largest_tile);
        let plan = tiling::plan(&sizes, canvas, multiple, halo)?;
        self.tile_side = plan.tile_width.max(plan.tile_height);
        Ok(plan)
    }

    /// Puts the frame before in the place of the initial estimate where it still explains y.
    fn warm_start(
        &mut self,
        request: Request,
        canvas: &Canvas,
        initial: Image,
    ) -> Result<Start, RestoreError> {
        let (frame, settings) = (request.frame, request.settings);
        let previous = self.previous.take().filter(|_| settings.is_temporal());
        let operator = self.operator()?;
        let warm = previous.and_then(|p| p.warm_start(frame, &initial, operator, canvas));
        Ok(match warm {
            Some(warm) => Start {
                initial: Initial::Warm(warm.initial),
                cold_share: warm.cold_share,
                average: Some(warm.average),
            },
            None => Start {
                initial: Initial::Cold(initial),
                cold_share: 1.0,
                average: None,
            },
        })
    }

    /// Draws the samples that the output needs.
    fn sample(
        &mut self,
        request: Request,
        observation: &Observation,
        plan: Plan,
        start: Start,
    ) -> Result<Samples, RestoreError> {
        let operator = prepared(&mut self.operator)?;
        let levels = self.levels.of(&start.initial, request.settings.steps);
        let (canvas, interrupt) = (&observation.canvas, self.step.interrupt());
        let (evaluations, spent) = (self.step.evaluations(), self.step.spent());
        self.tiles.set_plan(plan);
        let step = OperatorStep::new(&mut self.step, operator, observation, &mut self.tensors);
        let model = Tiled::new(step, &mut self.tiles);
        let moments = draw(model, request, canvas, &start.initial, levels, &interrupt)?;
        fallback::check_output(moments.mean(), request.frame)?;
        let report = FrameReport {
            steps: levels.len(),
            evaluations: self.step.evaluations() - evaluations,
            model_time: self.step.spent() - spent,
            tiles: tiling::count(&plan, canvas),
            cold_share: start.cold_share,
            ..observation.report.clone()
        };
        Ok(Samples {
            moments,
            average: start.average,
            report,
        })
    }

    /// Makes the output of the samples, and keeps what the next frame may start from.
    fn compose(
        &mut self,
        request: Request,
        observation: Observation,
        samples: Samples,
    ) -> Result<RestoredFrame, RestoreError> {
        let (frame, settings) = (request.frame, request.settings);
        let (mut moments, mut report) = (samples.moments, samples.report);
        if let Some(average) = samples.average {
            average.apply(moments.mean_mut());
        }
        let (mean, operator) = (moments.mean(), self.operator()?);
        report.residual_rms = operator.residual_rms(mean, frame, observation.noise.sigma);
        fallback::check_residual(report.residual_rms)?;
        self.previous = settings.is_temporal().then(|| {
            PreviousFrame::of(mean.clone(), frame, operator, 2.0 * observation.noise.sigma)
        });
        let (restored, strength) = match settings.output {
            Output::Deviation => (moments.deviation(), 1.0),
            Output::Sample | Output::Mean => (moments.into_mean(), settings.strength),
        };
        let image = match observation.unrestored {
            Some(input) => mix_with_input(restored, &input, strength, settings.compare),
            None => restored,
        };
        Ok(RestoredFrame { image, report })
    }
}

/// The samples of `request`, each from `initial` down the `levels` with noise of its own.
fn draw(
    mut model: Tiled<OperatorStep>,
    request: Request,
    canvas: &Canvas,
    initial: &Initial,
    levels: &[Level],
    interrupt: &Interrupt,
) -> Result<Moments, RestoreError> {
    let settings = request.settings;
    let sample = |index: usize| {
        let seed = settings.seed_of(request.number, index);
        let noise = |stream| {
            if interrupt.is_raised() {
                // The step will refuse to run: the noise of a large frame would only delay that.
                return Image::new(3, canvas.height, canvas.width);
            }
            normal_image(seed, stream, 3, canvas.height, canvas.width)
        };
        let zeta = settings.stochasticity;
        let x0 = reverse(&mut model, levels, initial.clone(), zeta, noise)?;
        Ok(x0.crop(canvas.frame()))
    };
    Moments::draw(settings.output.draws(settings.samples), sample)
}
