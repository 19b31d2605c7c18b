// SPDX-License-Identifier: MPL-2.0
//! The way of one frame: observe, tile, warm_start, sample, compose.
//!
//! Each stage hands a value of its own type to the next. y is the observation, x0 the restored
//! frame; images are planar RGB in [-1, 1].

mod compose;
mod draw;
mod levels;
mod moments;
mod observe;
mod run_noise;
mod shared_noise;
mod strength;
mod values;
mod whole;

pub use self::levels::Levels;
pub use self::moments::Output;
pub use self::run_noise::RunNoise;
pub use self::shared_noise::SharedNoise;
pub(super) use self::values::{Observation, Request};

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use self::draw::draw;
use self::shared_noise::NoiseOf;
use self::values::{Samples, Start};
use super::operators::prepared;
use super::step::OperatorStep;
use super::tiling::Demands;
use super::{FrameReport, RestoredFrame, Restorer, Settings, tiling};
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::Canvas;
use crate::sampler::{Initial, reverse, reverse_on};
use crate::tile::{Plan, Tiled};

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
        let restored = self.restore_again(frame, number, settings);
        self.place = None;
        restored
    }

    /// [`Restorer::restore`] of a frame that keeps its place, should it be tried once more.
    pub(super) fn restore_again(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<RestoredFrame, RestoreError> {
        let pool = self.pool();
        let _entered = pool.enter();
        pool.next_frame();
        self.restore_entered(Request {
            frame,
            number,
            settings,
        })
    }

    /// [`Restorer::restore`] where the pool is entered already.
    pub(super) fn restore_entered(
        &mut self,
        request: Request,
    ) -> Result<RestoredFrame, RestoreError> {
        if let Some(whole) = self.left_whole(request) {
            return Ok(whole);
        }
        let settings = request.settings;
        let spent = self.spent();
        let (observation, initial) = self.observe(request)?;
        let plan = self.tile(request, &observation.canvas)?;
        if settings.is_passthrough()
            && let Some(image) = observation.unrestored
        {
            self.previous = None;
            let report = observation.report;
            return Ok(RestoredFrame { image, report });
        }
        self.tiles.set_plan(plan);
        let told = settings.needs_stddev();
        let told = told.then(|| initial.crop(observation.canvas.frame()));
        let start = self.warm_start(request, &observation, initial)?;
        let mut samples = self.sample(request, &observation, plan, start)?;
        if let Some(initial) = told {
            let mean = samples.moments.mean();
            samples.stddev = Some(self.tell_stddev(&observation, mean, &initial)?);
        }
        let (evaluations, time) = self.spent();
        samples.report.evaluations = evaluations - spent.0;
        samples.report.model_time = time - spent.1;
        self.compose(request, observation, samples)
    }

    /// Chooses the tiles of the canvas.
    fn tile(&mut self, request: Request, canvas: &Canvas) -> Result<Plan, RestoreError> {
        let (manifest, operator) = (self.step.manifest(), self.operator()?);
        let demands = Demands {
            multiple: operator.multiple(manifest.size_multiple),
            halo: manifest.halo.max(operator.margin()),
            lanes: self.step.lanes(),
        };
        let largest = self.largest_tile.load(Ordering::Relaxed);
        let sizes = request.settings.tiling.at_most(largest);
        let plan = tiling::plan(&sizes, canvas, demands)?;
        self.tile_side = plan.tile_width.max(plan.tile_height);
        Ok(plan)
    }

    /// Puts the frame before in the place of the initial estimate where it still explains y.
    fn warm_start(
        &mut self,
        request: Request,
        observation: &Observation,
        initial: Image,
    ) -> Result<Start, RestoreError> {
        let (frame, canvas) = (observation.frame(request), &observation.canvas);
        let settings = request.settings;
        let previous = self.previous.take().filter(|_| settings.is_temporal());
        let operator = &*prepared(&mut self.operator)?;
        let mut warm = previous.and_then(|p| p.warm_start(frame, &initial, operator, canvas));
        // What was restored otherwise is not kept.
        let same_settings = self.settings.as_ref() == Some(settings);
        if !same_settings {
            self.settings = Some(settings.clone());
        }
        let unmoved = warm.as_ref().filter(|w| same_settings && !w.moved);
        let shares = unmoved.map(|w| w.average.shares());
        let windows = self.tiles.windows(canvas.width, canvas.height);
        let kept = self
            .still
            .next(windows, frame, shares, canvas, operator.scale());
        if let Some(warm) = &mut warm {
            let windows = self.tiles.windows(canvas.width, canvas.height);
            let kept = windows.zip(kept).filter(|(_, kept)| **kept);
            kept.for_each(|(window, _)| warm.keep(window, canvas));
        }
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
        let noise = &mut self.noise;
        noise.next_frame(NoiseOf {
            seed: request.settings.seed,
            height: canvas.height,
            width: canvas.width,
            shared: !request.settings.noise_per_frame,
        });
        let run_noise = RefCell::new(RunNoise::new(noise, levels));
        let physics = (operator, observation);
        let mut step = OperatorStep::new(&mut self.step, physics, &mut self.tensors, &run_noise);
        let kept = self.still.kept();
        // No step will run: the noise of a large frame would only delay that.
        let is_idle = || interrupt.is_raised() || kept.iter().all(|kept| *kept);
        let draw_noise = |stream| match is_idle() {
            true => Image::new(3, canvas.height, canvas.width),
            false => run_noise.borrow_mut().image(stream),
        };
        let whole = plan.tile_width >= canvas.width && plan.tile_height >= canvas.height;
        // The noise of a sample goes to the graph from the processor's memory.
        let whole = whole && !kept.contains(&true) && request.settings.drawn_realism() <= 0.0;
        let moments = if let Some(mut walk) = whole.then(|| step.on_device()).flatten() {
            draw(request, canvas, &start.initial, |seed, chain, initial| {
                run_noise.borrow_mut().begin(seed, chain);
                reverse_on(&mut walk, levels, initial, chain, draw_noise)
            })?
        } else {
            let mut model = Tiled::new(step, &mut self.tiles).keeping(kept);
            draw(request, canvas, &start.initial, |seed, chain, initial| {
                run_noise.borrow_mut().begin(seed, chain);
                reverse(&mut model, levels, initial, chain, draw_noise)
            })?
        };
        let report = FrameReport {
            steps: levels.len(),
            tiles: tiling::count(&plan, canvas),
            tile_size: (plan.tile_width, plan.tile_height),
            noise_draws: run_noise.borrow().drawn(),
            cold_share: start.cold_share,
            ..observation.report.clone()
        };
        Ok(Samples {
            moments,
            stddev: None,
            average: start.average,
            report,
        })
    }
}
