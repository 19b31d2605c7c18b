// SPDX-License-Identifier: MPL-2.0
//! One frame in, one restored frame out: binds the operator and the loaded step graph into the sampler.
//!
//! Knows neither GStreamer nor the runtime by name; settings are plain values.

mod bound;
mod mix;
mod plan;
mod posterior;
mod rescue;
mod track;

use std::time::Duration;

pub use plan::Tiling;
pub use posterior::Output;

use crate::error::RestoreError;
use crate::image::{Image, Window};
use crate::model::{self, OrtStep};
// What the settings are made of: whoever restores frames needs no other room.
pub use crate::model::{Engine, Interrupt, LogLevel, Provider, log_to};
use crate::operator::{Canvas, Operator, Psf, jpeg_quality, noise_sigma};
pub use crate::operator::{Degradation, Family, Kernel, Subsampling};
use crate::sampler::{self, levels, reverse};
use crate::tile::Tiled;
use mix::mix;
use posterior::Moments;
use track::Track;

/// What the user may change between two frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub degradation: Degradation,
    /// Standard deviation of the noise, 0 to 1 of full scale; negative: estimated, and followed from frame to frame.
    pub noise_sigma: f32,
    /// N: steps of the outer sampler, at least 1.
    pub steps: usize,
    pub seed: u64,
    /// Each frame has its own noise; otherwise all share one, which flickers least.
    pub noise_per_frame: bool,
    /// Zeta, 0 to 1: share of fresh noise in each re-noising.
    pub stochasticity: f32,
    /// How many samples `output` is made of, at least 1.
    pub samples: usize,
    pub output: Output,
    /// 0 to 1: from the frame as it came, which costs nothing, to the restored one. The spread is not mixed.
    pub strength: f32,
    /// 0 to 1: share of the width, from the left, that shows the frame as it came.
    pub compare: f32,
    pub tiling: Tiling,
}

/// Whether nothing of a restoration is to be seen, so that none is made.
pub fn shows_nothing(output: Output, strength: f32, compare: f32) -> bool {
    (strength <= 0.0 && output != Output::Deviation) || compare >= 1.0
}

impl Settings {
    /// The frame as it came, at the output's size, where some of it is to be seen.
    fn plain(&self, frame: &Image, start: &Image, inside: Window) -> Option<Image> {
        let mixed = self.strength < 1.0 && self.output != Output::Deviation;
        (mixed || self.compare > 0.0).then(|| {
            if frame.width == inside.width && frame.height == inside.height {
                frame.clone()
            } else {
                start.crop(inside)
            }
        })
    }
}

/// What the restoration of one frame used and found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameReport {
    /// Network evaluations, and time spent inside the runtime.
    pub evaluations: u64,
    pub model_time: Duration,
    /// |y - A x| over what the noise alone would leave; near 1 the answer respects the frame.
    pub residual: f32,
    /// The noise assumed, 0 to 1 of full scale.
    pub noise_sigma: f32,
    /// The quality assumed, or 0 when the task is not about JPEG.
    pub jpeg_quality: u32,
    pub tiles: usize,
    /// Why the frame passed as it came, where no answer could be had.
    pub passed: Option<String>,
}

/// A loaded model and what is kept from one frame to the next.
pub struct Restorer {
    step: OrtStep,
    family: Family,
    bench: Option<Bench>,
    track: Track,
}

/// The operator built for one degradation and frame size.
struct Bench {
    degradation: Degradation,
    width: usize,
    height: usize,
    operator: Operator,
}

/// Finds what is wrong with a damage's settings and files before the size of the frames is known.
pub fn check(damage: &Degradation) -> Result<(), RestoreError> {
    match damage {
        Degradation::Blur(kernel) => Psf::new(kernel).map(drop),
        Degradation::Mask(path) if !path.is_file() => Err(RestoreError::file(
            path,
            "does not exist: set mask-file to a gray PNG or PGM of the frame's size.",
        )),
        _ => Ok(()),
    }
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

    /// Forgets what earlier frames showed: the next belongs to another scene or stream.
    pub fn forget(&mut self) {
        self.track = Track::default();
    }

    /// Builds the operator for frames of a size, unless it is at hand; finds wrong kernel and mask files.
    pub fn prepare(
        &mut self,
        degradation: &Degradation,
        width: usize,
        height: usize,
    ) -> Result<(), RestoreError> {
        self.bench(degradation, width, height).map(|_| ())
    }

    /// Restores `frame` (three channels). `number` counts frames and chooses the noise where each has its own.
    pub fn restore(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<(Image, FrameReport), RestoreError> {
        self.bench(&settings.degradation, frame.width, frame.height)?;
        let Some(bench) = self.bench.as_mut() else {
            return Err(RestoreError::Frame(
                "No operator was made for the frame: this is a fault of the plugin, report it."
                    .to_owned(),
            ));
        };
        if settings.output == Output::Deviation && settings.samples < 2 {
            return Err(RestoreError::Settings(
                "output=stddev needs several samples: set samples to 2 or more.".to_owned(),
            ));
        }
        let (evaluations, spent) = (self.step.evaluations(), self.step.spent());
        let manifest = self.step.manifest();
        let noise = if settings.noise_sigma < 0.0 {
            self.track.noise(noise_sigma(frame))
        } else {
            settings.noise_sigma
        };
        // The network has seen no other noise; outside the range the nearest it knows is the best there is.
        let [low, high] = manifest.sigma_y;
        let sigma_y = (2.0 * noise).clamp(low, high);
        let quality = match settings.degradation {
            Degradation::Jpeg { quality: 0, .. } => self.track.quality(jpeg_quality(frame)),
            Degradation::Jpeg { quality, .. } => quality,
            _ => 0,
        };
        let multiple = plan::multiple(manifest.size_multiple, self.family);
        let canvas = bench.operator.place(multiple);
        let halo = manifest.halo.max(bench.operator.margin());
        let plan = plan::plan(&settings.tiling, &canvas, multiple, halo)?;
        let tiles = plan::count(&plan, &canvas);

        let observed = bench.operator.observe(frame, &canvas);
        let start = bench.operator.start(&observed, &canvas);
        if shows_nothing(settings.output, settings.strength, settings.compare) {
            let plain = settings.plain(frame, &start, inside(&canvas));
            let report = FrameReport {
                noise_sigma: sigma_y / 2.0,
                jpeg_quality: quality,
                ..FrameReport::default()
            };
            return Ok((plain.unwrap_or(start), report));
        }
        let step = bound::BoundStep::new(
            &mut self.step,
            &mut bench.operator,
            &observed,
            &canvas,
            sigma_y,
            quality,
        );
        let mut model = Tiled::new(step, plan);
        let levels = levels(settings.steps.max(1));
        let (inside, zeta) = (inside(&canvas), settings.stochasticity);
        let mut sample = |start: Image, index: usize| {
            let seed = seed(settings, number, index);
            let draw = |stream| sampler::picture(seed, stream, 3, canvas.height, canvas.width);
            Ok::<Image, RestoreError>(reverse(&mut model, &levels, start, zeta, draw)?.crop(inside))
        };
        let plain = settings.plain(frame, &start, inside);
        let draws = settings.output.draws(settings.samples);
        let mut moments = Moments::new(sample(start.clone(), 0)?);
        for index in 1..draws {
            moments.add(&sample(start.clone(), index)?);
        }
        if rescue::is_flat(moments.mean()) && !rescue::is_flat(frame) {
            return Err(RestoreError::Answer(
                "The model answered with one flat colour: check noise-sigma and the kernel, or use another model.".to_owned(),
            ));
        }
        let residual = bench
            .operator
            .residual(moments.mean(), frame, sigma_y / 2.0);
        let (restored, strength) = match settings.output {
            Output::Deviation => (moments.deviation(), 1.0),
            Output::Sample | Output::Mean => (moments.into_mean(), settings.strength),
        };
        let restored = match plain {
            Some(plain) => mix(restored, &plain, strength, settings.compare),
            None => restored,
        };
        let report = FrameReport {
            evaluations: self.step.evaluations() - evaluations,
            model_time: self.step.spent() - spent,
            residual,
            noise_sigma: sigma_y / 2.0,
            jpeg_quality: quality,
            tiles,
            passed: None,
        };
        Ok((restored, report))
    }

    fn bench(
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
            self.bench = Some(Bench {
                degradation: degradation.clone(),
                width,
                height,
                operator,
            });
        }
        Ok(())
    }
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
