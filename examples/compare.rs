// SPDX-License-Identifier: MPL-2.0
//! Puts original | degraded | restored side by side: blurs a clip, restores it, and mixes the three
//! into one video.
//!
//!     cargo run --release --example compare -- clip.mp4 compared.webm [SIGMA]

mod common;

use std::path::Path;
use std::process::ExitCode;

use common::{Result, encoder, pipeline, play};

const USAGE: &str = "usage: compare INPUT OUTPUT [SIGMA]   \
                     (SIGMA: width of the blur in pixels, 0.5 to 4, 2 by default)";
/// Pixels across of each of the three images; the height follows.
const WIDTH: u32 = 320;

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (input, output, sigma) = match arguments.as_slice() {
        [input, output] => (input, output, 2.0),
        [input, output, sigma] => (input, output, sigma.parse::<f64>()?),
        _ => return Err(USAGE.into()),
    };
    if !(0.5..=4.0).contains(&sigma) {
        return Err(USAGE.into());
    }
    let (input, output) = (Path::new(input), Path::new(output));
    // gaussianblur cuts its Gaussian off at 2.5 sigma. It takes AYUV only, here at full range so
    // that no contrast is lost.
    let size = 2 * (2.5 * sigma).ceil() as u32 + 1;
    let description = format!(
        "filesrc name=input ! decodebin ! videoconvert ! videoscale \
           ! video/x-raw,format=RGB,width={WIDTH},pixel-aspect-ratio=1/1 ! tee name=original \
         original. ! queue ! mix.sink_0 \
         original. ! queue ! videoconvert ! video/x-raw,format=AYUV,colorimetry=1:4:0:0 \
           ! gaussianblur sigma={sigma} qos=false \
           ! videoconvert ! video/x-raw,format=RGB ! tee name=degraded \
         degraded. ! queue ! mix.sink_1 \
         degraded. ! queue \
           ! ud2mrestore task=deblur kernel=gaussian kernel-sigma={sigma} kernel-size={size} \
             noise-sigma=0.005 ! mix.sink_2 \
         compositor name=mix sink_1::xpos={WIDTH} sink_2::xpos={} \
           ! videoconvert ! {} ! filesink name=output",
        2 * WIDTH,
        encoder(output)?
    );
    let pipeline = pipeline(&description, &[("input", input), ("output", output)])?;
    play(&pipeline, || true)?;
    println!(
        "{}: original | blurred by {sigma} px | restored",
        output.display()
    );
    Ok(())
}

fn main() -> ExitCode {
    common::example(run)
}
