// SPDX-License-Identifier: MPL-2.0
//! The readers of what the process does not trust. Each says whether it accepted its input.

use std::path::Path;

use gst_video::{VideoFormat, VideoFrameFlags, VideoInfo, VideoMeta};
use gstud2m::model::{Manifest, StddevManifest};
use gstud2m::operator::{Degradation, Kernel, Operator};
use gstud2m::ud2mrestore::format::Formats;

/// Size of the masks, in pixels.
pub const WIDTH: u32 = 24;
pub const HEIGHT: u32 = 16;

/// A kernel's file, which is written at `path`.
pub fn kernel(path: &Path, bytes: &[u8]) -> bool {
    std::fs::write(path, bytes).unwrap();
    let psf = Kernel::File(path.to_owned().into()).psf();
    if let Ok(psf) = &psf {
        let sum: f64 = psf.data.iter().map(|v| f64::from(*v)).sum();
        assert!((sum - 1.0).abs() < 1e-3, "the kernel sums to {sum}");
    }
    psf.is_ok()
}

/// A mask's file, which is written at `path`.
pub fn mask(path: &Path, bytes: &[u8]) -> bool {
    std::fs::write(path, bytes).unwrap();
    let mask = Degradation::Mask(path.to_owned().into());
    Operator::new(&mask, WIDTH as usize, HEIGHT as usize).is_ok()
}

pub fn manifest(_: &Path, bytes: &[u8]) -> bool {
    let read = |text| Manifest::parse(text).is_ok() || StddevManifest::parse(text).is_ok();
    std::str::from_utf8(bytes).is_ok_and(read)
}

/// Formats of the frames whose metas are read.
pub const FORMATS: [VideoFormat; 6] = [
    VideoFormat::Rgb,
    VideoFormat::Rgba,
    VideoFormat::I420,
    VideoFormat::Nv12,
    VideoFormat::Gray8,
    VideoFormat::Y42b,
];

/// A frame's meta: format, width, height and bytes of memory, then offset and stride of each plane.
pub fn video_meta(_: &Path, bytes: &[u8]) -> bool {
    gst::init().unwrap();
    let mut numbers = bytes.chunks(4).map(|b| {
        let byte = |i| *b.get(i).unwrap_or(&0);
        u32::from_le_bytes([0, 1, 2, 3].map(byte))
    });
    let mut next = || numbers.next().unwrap_or(0);
    let format = FORMATS[next() as usize % FORMATS.len()];
    let (width, height, memory) = (1 + next() % 64, 1 + next() % 64, next() % (1 << 16));
    let info = VideoInfo::builder(format, width, height).build().unwrap();
    let caps = info.to_caps().unwrap();
    let planes = 0..info.n_planes();
    let places: Vec<_> = planes.map(|_| (next() as usize, next() as i32)).collect();
    let (offsets, strides): (Vec<_>, Vec<_>) = places.into_iter().unzip();
    let mut buffer = gst::Buffer::from_mut_slice(vec![7u8; memory as usize]);
    let told = VideoMeta::add_full(
        buffer.get_mut().unwrap(),
        VideoFrameFlags::empty(),
        format,
        width,
        height,
        &offsets,
        &strides,
    );
    if told.is_err() {
        return false;
    }
    let mut formats = Formats::new(&caps, &caps, false).unwrap();
    let mut output = gst::Buffer::with_size(info.size()).unwrap();
    let mapped = formats.map(&buffer, output.get_mut().unwrap());
    mapped.is_ok_and(|mut frames| frames.unpack(None).is_ok())
}
