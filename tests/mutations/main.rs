// SPDX-License-Identifier: MPL-2.0
//! Files, manifests and metas with bytes changed at random: whatever they hold, a reader answers,
//! or refuses them, within its memory.
//!
//! `UD2M_MUTATIONS=120000 cargo test --release --test mutations` tries as many for each reader.

mod memory;
mod mutate;
mod readers;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mutate::Mutator;
use readers::{HEIGHT, WIDTH};

/// Mutated inputs of each reader where the environment does not say.
const DEFAULT: u64 = 1000;
/// Bytes that a reader may hold at once, the input among them.
const MEMORY: usize = 256 << 20;

/// A reader: its name, inputs that it accepts, and what it does with one. Whether it accepted it.
type Reader = (&'static str, Vec<Vec<u8>>, fn(&Path, &[u8]) -> bool);

fn all() -> Vec<Reader> {
    let masks = [seeds::png(WIDTH, HEIGHT), seeds::pnm(WIDTH, HEIGHT)].concat();
    vec![
        ("kernel of a PNG", seeds::png(9, 7), readers::kernel),
        ("kernel of a PNM", seeds::pnm(9, 7), readers::kernel),
        ("kernel of an array", seeds::npy(), readers::kernel),
        ("mask", masks, readers::mask),
        ("manifest", seeds::manifests(), readers::manifest),
        ("video meta", seeds::video_metas(), readers::video_meta),
    ]
}

#[test]
fn no_mutated_input_brings_a_reader_down() {
    let count = std::env::var("UD2M_MUTATIONS").map_or(DEFAULT, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    for (name, seeds, read) in all() {
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
