// SPDX-License-Identifier: MPL-2.0
//! What a frame costs outside the network: noise, the reverse loop, the blend of tiles, bytes and
//! residual. `make parts` runs it.
//!
//! `outside-share` in the element's `stats` is the share outside the network in a real run.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};
use gstud2m::image::Image;
use gstud2m::operator::{Degradation, Kernel, Operator};
use gstud2m::sampler::{Chain, Initial, Level, Patch, StepModel, levels, normal_image, reverse};
use gstud2m::tile::{Plan, Tiled, Tiles};
use gstud2m::ud2mrestore::format::direct;

/// Width and height of the frames.
const SIZES: [(usize, usize); 3] = [(320, 240), (1280, 720), (1920, 1080)];

/// Returns the initial estimate, which costs nothing.
struct Free;

impl StepModel for Free {
    type Error = Infallible;

    fn iterations(&self) -> usize {
        3
    }

    fn estimate(&mut self, _patches: &mut [Patch], _level: Level) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Tiles as the element chooses them for large frames.
fn plan(width: usize, height: usize) -> Plan {
    Plan {
        tile_width: width.min(512),
        tile_height: height.min(512),
        overlap: 48,
        multiple: 8,
        halo: 16,
        batch: 1,
    }
}

fn bench(c: &mut Criterion, name: &str, mut once: impl FnMut(usize, usize)) {
    let mut group = c.benchmark_group(name);
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (width, height) in SIZES {
        group.throughput(Throughput::Elements((3 * width * height) as u64));
        let size = BenchmarkId::from_parameter(format!("{width}x{height}"));
        group.bench_function(size, |b| b.iter(|| once(width, height)));
    }
    group.finish();
}

fn noise(c: &mut Criterion) {
    bench(c, "noise", |width, height| {
        black_box(normal_image(7, 1, 3, height, width));
    });
}

fn run(c: &mut Criterion) {
    bench(c, "reverse", |width, height| {
        let start = Image::new(3, height, width);
        let draw = |stream| normal_image(0, stream, 3, height, width);
        let _ = black_box(reverse(
            &mut Free,
            &levels(3),
            Initial::Cold(start),
            Chain::Mean { zeta: 0.0 },
            draw,
        ));
    });
}

fn blend(c: &mut Criterion) {
    bench(c, "blend", |width, height| {
        let mut tiles = Tiles::new(plan(width, height));
        let mut tiled = Tiled::new(Free, &mut tiles);
        let whole = Image::new(3, height, width);
        let patch = Patch {
            window: whole.bounds(),
            xt: whole.clone(),
            z0: whole,
            noise: Image::new(0, height, width),
        };
        let _ = black_box(tiled.estimate(&mut [patch], levels(3)[0]));
    });
}

fn bytes(c: &mut Criterion) {
    if gst::init().is_err() {
        return;
    }
    bench(c, "unpack and pack", |width, height| {
        let info = VideoInfo::builder(VideoFormat::Rgb, width as u32, height as u32).build();
        let Ok(info) = info else { return };
        let Ok(mut buffer) = gst::Buffer::with_size(info.size()) else {
            return;
        };
        let image = VideoFrameRef::from_buffer_ref_readable(&buffer, &info)
            .ok()
            .and_then(|from| direct::unpack(&from));
        let to = buffer.get_mut();
        let to = to.and_then(|b| VideoFrameRef::from_buffer_ref_writable(b, &info).ok());
        if let (Some(image), Some(mut to)) = (image, to) {
            black_box(direct::pack(&image, &mut to));
        }
    });
}

fn residual(c: &mut Criterion) {
    let degradation = Degradation::Blur(Kernel::Gaussian {
        size: 5,
        sigma: 1.7,
    });
    bench(c, "residual", |width, height| {
        let Ok(operator) = Operator::new(&degradation, width, height) else {
            return;
        };
        let frame = Image::new(3, height, width);
        black_box(operator.residual_rms(&frame, &frame, 0.01));
    });
}

criterion_group!(benches, noise, run, blend, bytes, residual);
criterion_main!(benches);
