// SPDX-License-Identifier: MPL-2.0
//! Writes inputs that the readers accept into one folder for each target: `corpus FOLDER`.

use std::path::PathBuf;

#[path = "../mutations/mutate.rs"]
#[allow(dead_code)]
mod mutate;
#[path = "../mutations/readers.rs"]
#[allow(dead_code)]
mod readers;
#[path = "../mutations/seeds.rs"]
mod seeds;

use readers::{HEIGHT, WIDTH};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    let images = |width, height| [seeds::png(width, height), seeds::pnm(width, height)].concat();
    for (target, inputs) in [
        ("kernel_image", images(9, 7)),
        ("kernel_array", seeds::npy()),
        ("mask", images(WIDTH, HEIGHT)),
        ("manifest", seeds::manifests()),
        ("video_meta", seeds::video_metas()),
    ] {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            std::fs::write(folder.join(number.to_string()), input)?;
        }
    }
    Ok(())
}
