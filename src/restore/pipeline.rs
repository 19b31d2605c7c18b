// SPDX-License-Identifier: MPL-2.0
//! The way of one frame: what it suffered from, where it starts, its samples, and what of them is unrestored.

use super::blend::mix;
use super::moments::Moments;
use super::step::OperatorStep;
use super::temporal::{self, PreviousFrame, Temporal};
use super::{FrameReport, Interrupt, Output, Restorer, Settings, fallback, is_passthrough, tiling};
use crate::error::RestoreError;
use crate::image::{Image, Window};
use crate::operator::Canvas;
use crate::sampler::{self, Initial, Level, level, levels, reverse};
use crate::tile::Tiled;

impl Restorer {
    /// Restores `frame` (three channels). `number` counts frames and chooses the noise where each has its own.
    pub fn restore(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<(Image, FrameReport), RestoreError> {
        let pool = self.pool();
        let _entered = pool.enter();
        pool.next_frame();
        self.prepare(&settings.degradation, frame.width, frame.height)?;
        if settings.output == Output::Deviation && settings.samples < 2 {
            return Err(RestoreError::Settings(
                "output=stddev needs several samples: set samples to 2 or more.".to_owned(),
            ));
        }
        let noise = self.noise_model(frame, settings);
        let interrupt = self.interrupt();
        let (evaluations, spent) = (self.step.evaluations(), self.step.spent());
        let Some(cached) = self.operator.as_mut() else {
            return Err(RestoreError::Frame(
                "No operator was made for the frame: this is a fault of the plugin, report it."
                    .to_owned(),
            ));
        };
        let manifest = self.step.manifest();
        let multiple = tiling::multiple(manifest.size_multiple, self.family);
        let canvas = cached.operator.canvas(multiple);
        let halo = manifest.halo.max(cached.operator.margin());
        let sizes = settings.tiling.at_most(self.largest_tile);
        let plan = tiling::plan(&sizes, &canvas, multiple, halo)?;
        let tiles = tiling::count(&plan, &canvas);
        self.tiles.set_plan(plan);
        self.tile_side = plan.tile_width.max(plan.tile_height);

        let observed = cached.operator.observe(frame, &canvas);
        let initial = cached.operator.initial(&observed, &canvas);
        let unrestored = settings.unrestored(frame, &initial, inside(&canvas));
        let mut report = FrameReport {
            noise_sigma: noise.sigma_y / 2.0,
            jpeg_quality: noise.quality,
            cold_share: 1.0,
            ..FrameReport::default()
        };
        if is_passthrough(settings.output, settings.strength, settings.compare) {
            self.previous = None;
            let unrestored = unrestored.unwrap_or_else(|| initial.crop(inside(&canvas)));
            return Ok((unrestored, report));
        }
        let follows =
            settings.temporal == Temporal::WarmStart && settings.output != Output::Deviation;
        let previous = self.previous.take().filter(|_| follows);
        let warm_start =
            previous.and_then(|p| p.warm_start(frame, &initial, &cached.operator, &canvas));
        let steps = settings.steps.max(1);
        if self.levels.len() != steps {
            self.levels = levels(steps);
        }
        let one = [level(temporal::LEVEL)];
        let (start, levels, average) = match warm_start {
            Some(warm_start) => {
                report.cold_share = warm_start.cold_share;
                (
                    Initial::Warm(warm_start.start),
                    one.as_slice(),
                    Some(warm_start.average),
                )
            }
            None => (Initial::Cold(initial), self.levels.as_slice(), None),
        };
        report.steps = levels.len();
        let step = OperatorStep::new(
            &mut self.step,
            &mut cached.operator,
            (&observed, &canvas),
            (noise.sigma_y, noise.quality),
            &mut self.tensors,
        );
        let model = Tiled::new(step, &mut self.tiles);
        let mut moments = draw(model, &canvas, start, levels, number, settings, &interrupt)?;
        if fallback::is_flat(moments.mean()) && !fallback::is_flat(frame) {
            return Err(RestoreError::InvalidOutput(
                "The model answered with one flat colour: check noise-sigma and the kernel, or use another model.".to_owned(),
            ));
        }
        if let Some(average) = average {
            average.apply(moments.mean_mut());
        }
        let operator = &cached.operator;
        let mean = moments.mean();
        if follows {
            let previous = PreviousFrame::of(mean.clone(), frame, operator, noise.sigma_y);
            self.previous = Some(previous);
        }
        report.residual_rms = operator.residual_rms(mean, frame, noise.sigma_y / 2.0);
        report.evaluations = self.step.evaluations() - evaluations;
        report.model_time = self.step.spent() - spent;
        report.tiles = tiles;
        let (restored, strength) = match settings.output {
            Output::Deviation => (moments.deviation(), 1.0),
            Output::Sample | Output::Mean => (moments.into_mean(), settings.strength),
        };
        let restored = match unrestored {
            Some(unrestored) => mix(restored, &unrestored, strength, settings.compare),
            None => restored,
        };
        Ok((restored, report))
    }
}

/// The samples that the output is made of, each from `start` down the `levels` with noise of its own.
fn draw(
    mut model: Tiled<OperatorStep>,
    canvas: &Canvas,
    start: Initial,
    levels: &[Level],
    number: u64,
    settings: &Settings,
    interrupt: &Interrupt,
) -> Result<Moments, RestoreError> {
    let mut sample = |start: Initial, index: usize| {
        let seed = seed(settings, number, index);
        let draw = |stream| {
            if interrupt.is_raised() {
                // The step will refuse to run: the noise of a large frame would only delay that.
                return Image::new(3, canvas.height, canvas.width);
            }
            sampler::normal_image(seed, stream, 3, canvas.height, canvas.width)
        };
        let x0 = reverse(&mut model, levels, start, settings.stochasticity, draw)?;
        Ok::<Image, RestoreError>(x0.crop(inside(canvas)))
    };
    let draws = settings.output.draws(settings.samples);
    let mut moments = Moments::new(sample(start.clone(), 0)?);
    for index in 1..draws {
        moments.add(&sample(start.clone(), index)?);
    }
    Ok(moments)
}

/// The frame within its canvas.
fn inside(canvas: &Canvas) -> Window {
    Window {
        x: canvas.x,
        y: canvas.y,
        width: canvas.frame_width,
        height: canvas.frame_height,
    }
}

/// The seed of a sample of a frame. That of the first frame's first sample is the seed itself, and with noise that all
/// frames share so is every frame's.
fn seed(settings: &Settings, number: u64, sample: usize) -> u64 {
    // Odd constants, those of SplitMix64 and its kin, walk through all 64-bit values before one returns.
    let frame = if settings.noise_per_frame { number } else { 0 };
    settings
        .seed
        .wrapping_add(frame.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add((sample as u64).wrapping_mul(0xd1b5_4a32_d192_ed03))
}
