// SPDX-License-Identifier: MPL-2.0
//! Files and manifests with bytes changed at random: whatever they hold, a reader answers, or
//! refuses them, within its memory.
//!
//! `UD2M_MUTATIONS=120000 cargo test --release --test mutations` tries as many for each reader.

mod memory;
mod mutate;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gstud2m::model::Manifest;
use gstud2m::operator::{Degradation, Kernel, Operator};
use mutate::Mutator;
use seeds::{HEIGHT, WIDTH};

/// Mutated inputs of each reader where the environment does not say.
const DEFAULT: u64 = 1000;
/// Bytes that a reader may hold at once, the input among them.
const MEMORY: usize = 256 << 20;

/// A reader: its name, inputs that it accepts, and what it does with one. Whether it accepted it.
type Reader = (&'static str, Vec<Vec<u8>>, fn(&Path, &[u8]) -> bool);

fn readers() -> Vec<Reader> {
    let kernel = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).unwrap();
        let psf = Kernel::File(path.to_owned().into()).psf();
        if let Ok(psf) = &psf {
            let sum: f64 = psf.data.iter().map(|v| f64::from(*v)).sum();
            assert!((sum - 1.0).abs() < 1e-3, "the kernel sums to {sum}");
        }
        psf.is_ok()
    };
    let mask = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).unwrap();
        let mask = Degradation::Mask(path.to_owned().into());
        Operator::new(&mask, WIDTH as usize, HEIGHT as usize).is_ok()
    };
    let manifest = |_: &Path, bytes: &[u8]| {
        let text = std::str::from_utf8(bytes);
        text.is_ok_and(|text| Manifest::parse(text).is_ok())
    };
    vec![
        ("kernel of a PNG", seeds::png(9, 7), kernel),
        ("kernel of a PNM", seeds::pnm(9, 7), kernel),
        ("kernel of an array", seeds::npy(), kernel),
        (
            "mask",
            [seeds::png(WIDTH, HEIGHT), seeds::pnm(WIDTH, HEIGHT)].concat(),
            mask,
        ),
        ("manifest", seeds::manifests(), manifest),
    ]
}

#[test]
fn no_mutated_input_brings_a_reader_down() {
    let count = std::env::var("UD2M_MUTATIONS").map_or(DEFAULT, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    for (name, seeds, read) in readers() {
        for seed in &seeds {
            assert!(read(&path, seed), "{name}: a seed is refused");
        }
        // What a decoder says before its panic is caught would fill the screen.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let failure = (0..count).find_map(|number| {
            let input = Mutator::new(number).mutated(&seeds);
            let before = memory::reset();
            let answer = catch_unwind(AssertUnwindSafe(|| read(&path, &input)));
            let held = memory::peak() - before;
            let wrong = answer.is_err() || held > MEMORY;
            wrong.then(|| format!("{name}, input {number}: {answer:?}, {held} bytes: {input:?}"))
        });
        std::panic::set_hook(hook);
        assert_eq!(failure, None);
    }
}
