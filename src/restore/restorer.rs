// SPDX-License-Identifier: MPL-2.0
//! The way of one frame: what it suffered from, where it starts, its samples, and what of them is shown.

use super::bound::{BoundStep, Known};
use super::mix::mix;
use super::posterior::Moments;
use super::temporal::{self, Memory, Temporal};
use super::track::Track;
use super::{Engine, FrameReport, Interrupt, Output, Settings, plan, rescue, shows_nothing};
use crate::error::RestoreError;
use crate::image::{Image, Pool, Window};
use crate::model::{self, OrtStep};
use crate::operator::{
    Canvas, Degradation, Family, Operator, Subsampling, jpeg_quality, noise_sigma,
};
use crate::sampler::{self, Level, Start, level, levels, reverse};
use crate::tile::{Tiled, Tiles};

/// A loaded model and what is kept from one frame to the next.
pub struct Restorer {
    step: OrtStep,
    family: Family,
    bench: Option<Bench>,
    track: Track,
    memory: Option<Memory>,
    /// What every frame needs again, so that none but the first ask for memory.
    pub(super) pool: Pool,
    levels: Vec<Level>,
    tiles: Tiles,
    known: Known,
    /// Side of the tiles of the last frame, and the largest that memory has room for.
    pub(super) tile_side: usize,
    pub(super) largest_tile: usize,
}

/// The operator built for one degradation and frame size.
struct Bench {
    degradation: Degradation,
    width: usize,
    height: usize,
    operator: Operator,
}

/// What a frame is taken to have suffered from, beyond what its operator says.
struct Assumed {
    /// On the scale of [-1, 1].
    sigma_y: f32,
    /// 0 when the task is not about JPEG.
    quality: u32,
}

impl Restorer {
    /// Loads the graph of `family` from the package `model`, a name or a path. A fallback of the provider is told to
    /// `warn`.
    pub fn load(
        model: &str,
        family: Family,
        engine: Engine,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, RestoreError> {
        let package = model::locate(model)?;
        let graph = package.join(format!("{family}.onnx"));
        if matches!(family, Family::Jpeg(s) if s != Subsampling::Halved) && !graph.is_file() {
            return Err(RestoreError::Model {
                path: graph.display().to_string(),
                reason: "does not exist and JPEG of this chroma subsampling needs it: export the model again, or set jpeg-subsampling=420 to restore it as 4:2:0.".to_owned(),
            });
        }
        let scale = match family {
            Family::Downscale(scale) => scale,
            _ => 1,
        };
        let step = OrtStep::load(&package, &family.to_string(), scale, engine, warn)?;
        Ok(Self {
            step,
            family,
            bench: None,
            track: Track::default(),
            memory: None,
            pool: Pool::default(),
            levels: Vec::new(),
            tiles: Tiles::default(),
            known: Known::new(),
            tile_side: 0,
            largest_tile: usize::MAX,
        })
    }

    /// The family whose graph is loaded.
    pub fn family(&self) -> Family {
        self.family
    }

    /// ONNX Runtime's name of the provider that runs the model.
    pub fn provider(&self) -> &'static str {
        self.step.provider()
    }

    /// A handle that ends [`Restorer::restore`] from another thread.
    pub fn interrupt(&self) -> Interrupt {
        self.step.interrupt()
    }

    /// The memory of the stream's pictures: while it is entered, frames and answers that are dropped go back to it.
    pub fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Forgets what earlier frames showed: the next belongs to another scene or stream.
    pub fn forget(&mut self) {
        self.track = Track::default();
        self.memory = None;
    }

    /// Builds the operator for frames of a size, unless it is at hand; finds wrong kernel and mask files.
    pub fn prepare(
        &mut self,
        degradation: &Degradation,
        width: usize,
        height: usize,
    ) -> Result<(), RestoreError> {
        let fits = self.bench.as_ref().is_some_and(|b| {
            b.width == width && b.height == height && b.degradation == *degradation
        });
        if !fits {
            let operator = Operator::new(degradation, width, height)?;
            if operator.family() != self.family {
                return Err(RestoreError::Settings(format!(
                    "The loaded model is for {} and the settings ask for {}: stop the element to change its task.",
                    self.family,
                    operator.family()
                )));
            }
            // What fitted another operator tells nothing of this one.
            self.memory = None;
            self.pool.clear();
            self.bench = Some(Bench {
                degradation: degradation.clone(),
                width,
                height,
                operator,
            });
        }
        Ok(())
    }

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
        let assumed = self.assume(frame, settings);
        let (evaluations, spent) = (self.step.evaluations(), self.step.spent());
        let Some(bench) = self.bench.as_mut() else {
            return Err(RestoreError::Frame(
                "No operator was made for the frame: this is a fault of the plugin, report it."
                    .to_owned(),
            ));
        };
        let manifest = self.step.manifest();
        let multiple = plan::multiple(manifest.size_multiple, self.family);
        let canvas = bench.operator.place(multiple);
        let halo = manifest.halo.max(bench.operator.margin());
        let tiling = settings.tiling.at_most(self.largest_tile);
        let plan = plan::plan(&tiling, &canvas, multiple, halo)?;
        let tiles = plan::count(&plan, &canvas);
        self.tiles.follow(plan);
        self.tile_side = plan.tile_width.max(plan.tile_height);

        let observed = bench.operator.observe(frame, &canvas);
        let plain = bench.operator.start(&observed, &canvas);
        let shown = settings.plain(frame, &plain, inside(&canvas));
        let mut report = FrameReport {
            noise_sigma: assumed.sigma_y / 2.0,
            jpeg_quality: assumed.quality,
            renewed: 1.0,
            ..FrameReport::default()
        };
        if shows_nothing(settings.output, settings.strength, settings.compare) {
            self.memory = None;
            let shown = shown.unwrap_or_else(|| plain.crop(inside(&canvas)));
            return Ok((shown, report));
        }
        let leans =
            settings.temporal == Temporal::WarmStart && settings.output != Output::Deviation;
        let memory = self.memory.take().filter(|_| leans);
        let warm = memory.and_then(|m| m.start(frame, &plain, &bench.operator, &canvas));
        let steps = settings.steps.max(1);
        if self.levels.len() != steps {
            self.levels = levels(steps);
        }
        let one = [level(temporal::LEVEL)];
        let (start, levels) = match warm {
            Some((start, renewed)) => {
                report.renewed = renewed;
                (Start::Warm(start), one.as_slice())
            }
            None => (Start::Cold(plain), self.levels.as_slice()),
        };
        report.steps = levels.len();
        let step = BoundStep::new(
            &mut self.step,
            &mut bench.operator,
            (&observed, &canvas),
            (assumed.sigma_y, assumed.quality),
            &mut self.known,
        );
        let model = Tiled::new(step, &mut self.tiles);
        let moments = draw(model, &canvas, start, levels, number, settings)?;
        if rescue::is_flat(moments.mean()) && !rescue::is_flat(frame) {
            return Err(RestoreError::Answer(
                "The model answered with one flat colour: check noise-sigma and the kernel, or use another model.".to_owned(),
            ));
        }
        let operator = &bench.operator;
        let mean = moments.mean();
        if leans {
            let memory = Memory::of(mean.clone(), frame, operator, assumed.sigma_y);
            self.memory = Some(memory);
        }
        report.residual = operator.residual(mean, frame, assumed.sigma_y / 2.0);
        report.evaluations = self.step.evaluations() - evaluations;
        report.model_time = self.step.spent() - spent;
        report.tiles = tiles;
        let (restored, strength) = match settings.output {
            Output::Deviation => (moments.deviation(), 1.0),
            Output::Sample | Output::Mean => (moments.into_mean(), settings.strength),
        };
        let restored = match shown {
            Some(shown) => mix(restored, &shown, strength, settings.compare),
            None => restored,
        };
        Ok((restored, report))
    }

    /// What the settings say, or what this frame and those before it show.
    fn assume(&mut self, frame: &Image, settings: &Settings) -> Assumed {
        let noise = if settings.noise_sigma < 0.0 {
            self.track.noise(noise_sigma(frame))
        } else {
            settings.noise_sigma
        };
        // The network has seen no other noise; outside the range the nearest it knows is the best there is.
        let [low, high] = self.step.manifest().sigma_y;
        let quality = match settings.degradation {
            Degradation::Jpeg { quality: 0, .. } => self.track.quality(jpeg_quality(frame)),
            Degradation::Jpeg { quality, .. } => quality,
            _ => 0,
        };
        Assumed {
            sigma_y: (2.0 * noise).clamp(low, high),
            quality,
        }
    }
}

/// The samples that the output is made of, each from `start` down the `levels` with noise of its own.
fn draw(
    mut model: Tiled<BoundStep>,
    canvas: &Canvas,
    start: Start,
    levels: &[Level],
    number: u64,
    settings: &Settings,
) -> Result<Moments, RestoreError> {
    let mut sample = |start: Start, index: usize| {
        let seed = seed(settings, number, index);
        let noise = |stream| sampler::picture(seed, stream, 3, canvas.height, canvas.width);
        let x0 = reverse(&mut model, levels, start, settings.stochasticity, noise)?;
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
