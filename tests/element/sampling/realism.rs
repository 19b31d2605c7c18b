// SPDX-License-Identifier: MPL-2.0
//! From the posterior mean to posterior samples: every output byte of `samples`, whose answer is
//! x0 = xt/4 for the mean, and for a sample (texture + noise of y)/16 + z0/8 more.

use gst_video::VideoFormat::Rgb;
use gstud2m::image::Image;
use gstud2m::operator::{Degradation, Operator};
use gstud2m::sampler::{self, Chain, Initial, Level, Patch, StepModel};

use crate::common::{Bench, caps, code, element, info, place, value, warnings};

const SIZE: (u32, u32) = (48, 32);
const GRAY: u8 = 160;
/// Sides of the model's images are multiples of this.
const MULTIPLE: usize = 8;

/// The model, for a whole image.
struct Drawn {
    seed: u64,
    scale: usize,
    of_y: bool,
    /// Outer steps so far; `None` answers with the mean.
    place: Option<u32>,
}

impl StepModel for Drawn {
    type Error = std::convert::Infallible;

    fn iterations(&self) -> usize {
        2
    }

    fn estimate(&mut self, patches: &mut [Patch], _: Level) -> Result<(), Self::Error> {
        let [patch] = patches else { unreachable!() };
        let (height, width, s) = (patch.xt.height, patch.xt.width, self.scale);
        let drawn = self.place.map(|place| {
            let texture = sampler::texture_image(self.seed, place, height, width);
            let of_y = sampler::y_noise_image(self.seed, place, height / s, width / s);
            (texture, of_y)
        });
        self.place = self.place.map(|place| place + 1);
        patch.z0 = Image::from_fn(3, height, width, |c, y, x| {
            let mean = 0.25 * patch.xt.row(c, y)[x];
            let Some((texture, of_y)) = &drawn else {
                return mean;
            };
            let of_y = if self.of_y {
                of_y.row(c, y / s)[x / s]
            } else {
                0.0
            };
            let drawn = texture.row(c, y)[x] + texture.row(c + 3, y)[x] + of_y;
            mean + drawn / 16.0 + patch.z0.row(c, y)[x] / 8.0
        });
        Ok(())
    }
}

/// What the sampler answers to a flat gray frame.
fn predicted(task: &str, seed: u64, steps: usize, chain: Chain) -> Image {
    let (scale, degradation) = match task {
        "super-resolve" => (2, Degradation::Downscale(2)),
        _ => (1, Degradation::Denoise),
    };
    // The canvas of the small frame is larger than that.
    let operator = Operator::new(&degradation, SIZE.0 as usize, SIZE.1 as usize);
    let canvas = operator.expect("it has no file").canvas(MULTIPLE);
    let (width, height) = (canvas.width, canvas.height);
    let mut model = Drawn {
        seed,
        scale,
        of_y: task != "jpeg",
        place: (chain == Chain::Sample).then_some(0),
    };
    let z0 = Image::filled(3, height, width, value(GRAY) as f32);
    let levels = sampler::levels(steps);
    let Ok(x0) = sampler::reverse(&mut model, &levels, Initial::Cold(z0), chain, |stream| {
        sampler::normal_image(seed, stream, 3, height, width)
    });
    x0.crop(canvas.frame())
}

fn restored(task: &str, properties: &[(&str, &str)]) -> Vec<u8> {
    let fixed = [("task", task), ("scale", "2"), ("jpeg-quality", "50")];
    let element = element("samples", &[&fixed, properties].concat());
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    bench.restore(&vec![GRAY; info(Rgb, SIZE.0, SIZE.1).size()])
}

fn assert_bytes(out: &[u8], wanted: &Image, at: &str) {
    let format = info(Rgb, wanted.width as u32, wanted.height as u32);
    for c in 0..3 {
        for y in 0..wanted.height {
            for x in 0..wanted.width {
                let wanted = code(f64::from(wanted.row(usize::from(c), y)[x]));
                let found = f64::from(out[place(&format, c, y, x)]);
                assert!(
                    (found - wanted).abs() <= 0.52,
                    "{at} {c} {y} {x}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn every_byte_of_a_sample_is_the_one_that_seed_and_steps_say() {
    for task in ["denoise", "super-resolve", "jpeg"] {
        for (seed, steps) in [(0, 1), (7, 3)] {
            let properties = [
                ("realism", "1"),
                ("seed", &seed.to_string()),
                ("steps", &steps.to_string()),
            ];
            let wanted = predicted(task, seed, steps, Chain::Sample);
            assert_bytes(
                &restored(task, &properties),
                &wanted,
                &format!("{task} {steps}"),
            );
        }
    }
}

#[test]
fn between_its_ends_a_frame_is_a_mix_of_mean_and_sample() {
    let mean = predicted("denoise", 3, 2, Chain::Mean { zeta: 0.0 });
    let sample = predicted("denoise", 3, 2, Chain::Sample);
    for share in ["0", "0.25", "0.5", "1"] {
        let out = restored(
            "denoise",
            &[("realism", share), ("seed", "3"), ("steps", "2")],
        );
        let share: f32 = share.parse().expect("a number");
        let mixed = Image::from_fn(3, mean.height, mean.width, |c, y, x| {
            let (m, s) = (mean.row(c, y)[x], sample.row(c, y)[x]);
            (1.0 - share) * m + share * s
        });
        assert_bytes(&out, &mixed, &format!("{share}"));
    }
}

#[test]
fn tiles_and_batches_do_not_change_a_byte_of_a_sample() {
    let sample = [("realism", "1"), ("steps", "2")];
    for task in ["denoise", "super-resolve", "jpeg"] {
        let whole = restored(task, &sample);
        for batch in ["1", "3"] {
            let tiles = [
                ("tile-width", "32"),
                ("tile-height", "16"),
                ("batch-size", batch),
            ];
            let found = restored(task, &[&sample[..], &tiles].concat());
            assert!(found == whole, "{task}, batches of {batch}");
        }
    }
}

#[test]
fn samples_differ_by_their_seeds_and_their_mean_is_steadier() {
    let of = |properties: &[(&str, &str)]| {
        restored(
            "denoise",
            &[&[("realism", "1"), ("steps", "1")], properties].concat(),
        )
    };
    assert_ne!(of(&[("seed", "1")]), of(&[("seed", "2")]));
    let spread = |bytes: &[u8]| {
        let mean = bytes.iter().map(|v| f64::from(*v)).sum::<f64>() / bytes.len() as f64;
        let squares = bytes.iter().map(|v| (f64::from(*v) - mean).powi(2));
        squares.sum::<f64>() / bytes.len() as f64
    };
    let (one, many) = (of(&[]), of(&[("output", "mean"), ("samples", "16")]));
    let ratio = spread(&one) / spread(&many);
    assert!((12.0..21.0).contains(&ratio), "{ratio} for 16");
}

#[test]
fn a_sample_never_starts_from_the_frame_before() {
    let frames = |temporal| {
        let properties = [
            ("task", "denoise"),
            ("realism", "1"),
            ("temporal", temporal),
        ];
        let element = element("samples", &properties);
        let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
        let frame = vec![GRAY; info(Rgb, SIZE.0, SIZE.1).size()];
        let out = [(); 2].map(|()| bench.restore(&frame));
        (out, warnings(&bench.bus))
    };
    let (alone, silent) = frames("off");
    let (asked, told) = frames("warm-start");
    assert_eq!(alone, asked);
    assert!(silent.is_empty(), "{silent:?}");
    let words = "realism above 0 does not use it";
    assert!(told.len() == 1 && told[0].contains(words), "{told:?}");
}
