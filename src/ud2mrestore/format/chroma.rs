// SPDX-License-Identifier: MPL-2.0
//! Chroma of a restored frame at the size of its format: filtered in floats and rounded once.
//!
//! GStreamer's converter would round each pixel to a code and then each mean upwards: the result
//! lies a quarter of a code too high.

use gst_video::VideoInfo;

use super::color::ColorModel;
use super::siting::{Axis, Component, axes};
use crate::image::{Image, emptied};

/// Makes the samples of subsampled chroma of the values at every pixel.
struct Subsampler {
    horizontal: Axis,
    vertical: Axis,
    /// Rows of samples, each still as wide as the plane.
    rows: Vec<f32>,
}

impl Subsampler {
    /// `None` where every pixel has its own chroma. `planes`: chroma is repeated over its pixels.
    fn of(info: &VideoInfo, component: Component, planes: bool) -> Option<Self> {
        let (horizontal, vertical) = axes(info, component, planes)?;
        Some(Self {
            horizontal,
            vertical,
            rows: Vec::new(),
        })
    }

    /// Replaces each value of a plane by the sample that stands for its pixel.
    fn apply(&mut self, plane: &mut [f32], width: usize) {
        let height = plane.len() / width.max(1);
        let rows = self.vertical.samples(height);
        emptied(&mut self.rows, rows * width);
        self.rows.resize(rows * width, 0.0);
        for (sample, sums) in self.rows.chunks_exact_mut(width).enumerate() {
            for (row, weight) in self.vertical.pixels(sample, height) {
                let row = plane[row * width..][..width].iter();
                sums.iter_mut().zip(row).for_each(|(s, v)| *s += weight * v);
            }
        }
        let blocks = plane.chunks_mut(self.vertical.factor * width);
        for (lines, row) in blocks.zip(self.rows.chunks_exact(width)) {
            let (first, others) = lines.split_at_mut(width);
            let samples = first.chunks_mut(self.horizontal.factor);
            for (sample, pixels) in samples.enumerate() {
                let taps = self.horizontal.pixels(sample, width);
                pixels.fill(taps.map(|(x, weight)| weight * row[x]).sum());
            }
            for line in others.chunks_exact_mut(width) {
                line.copy_from_slice(first);
            }
        }
    }
}

/// Cb and Cr of a frame, subsampled; their memory is kept for every frame.
pub struct ChromaPlanes {
    subsamplers: [Subsampler; 2],
    cb: Vec<f32>,
    cr: Vec<f32>,
}

impl ChromaPlanes {
    /// `None` where every pixel has its own chroma. `planes`: chroma is repeated over its pixels.
    pub fn of(info: &VideoInfo, planes: bool) -> Option<Self> {
        let of = |component| Subsampler::of(info, component, planes);
        Some(Self {
            subsamplers: [of(Component::Cb)?, of(Component::Cr)?],
            cb: Vec::new(),
            cr: Vec::new(),
        })
    }

    /// Makes the chroma of an image in R, G and B.
    pub fn compute(&mut self, image: &Image, color: &ColorModel) {
        let Self {
            subsamplers: [to_cb, to_cr],
            cb,
            cr,
        } = self;
        emptied(cb, image.width * image.height);
        emptied(cr, image.width * image.height);
        let [red, green, blue] = [0, 1, 2].map(|c| image.plane(c));
        for ((red, green), blue) in red.iter().zip(green).zip(blue) {
            let [_, b, r] = color.codes([*red, *green, *blue]);
            cb.push(b);
            cr.push(r);
        }
        to_cb.apply(cb, image.width);
        to_cr.apply(cr, image.width);
    }

    /// Codes of Cb and Cr for pixel `i`, not rounded.
    pub fn codes(&self, i: usize) -> [f32; 2] {
        [self.cb[i], self.cr[i]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst_video::{VideoChromaSite, VideoFormat};

    fn subsampler(format: VideoFormat, site: VideoChromaSite) -> Option<Subsampler> {
        gst::init().expect("GStreamer starts");
        let info = VideoInfo::builder(format, 16, 16).chroma_site(site).build();
        Subsampler::of(&info.expect("an info"), Component::Cb, false)
    }

    #[test]
    fn samples_amid_their_pixels_are_means() {
        let plane: Vec<f32> = (0..15).map(|i| (i * i) as f32).collect();
        let mut halved = subsampler(VideoFormat::I420, VideoChromaSite::JPEG).expect("4:2:0");
        // Five wide, three high: the last column and the last row stand for themselves.
        let mut out = plane.clone();
        halved.apply(&mut out, 5);
        assert_eq!(out[0], (0.0 + 1.0 + 25.0 + 36.0) / 4.0);
        assert_eq!((out[1], out[5], out[6]), (out[0], out[0], out[0]));
        assert_eq!((out[4], out[9]), ((16.0 + 81.0) / 2.0, out[4]));
        assert_eq!((out[10], out[14]), ((100.0 + 121.0) / 2.0, 196.0));
        let mut across = subsampler(VideoFormat::Y42b, VideoChromaSite::JPEG).expect("4:2:2");
        let mut out = plane;
        across.apply(&mut out, 5);
        assert_eq!((out[0], out[1], out[5]), (0.5, 0.5, (25.0 + 36.0) / 2.0));
    }

    #[test]
    fn samples_on_a_pixel_weigh_both_neighbours() {
        let mut mpeg = subsampler(VideoFormat::I420, VideoChromaSite::MPEG2).expect("4:2:0");
        let mut out = vec![0.0, 4.0, 8.0, 16.0, 0.0, 4.0, 8.0, 16.0];
        mpeg.apply(&mut out, 4);
        assert_eq!(out, [1.0, 1.0, 9.0, 9.0, 1.0, 1.0, 9.0, 9.0]);
    }

    #[test]
    fn flat_planes_stay_flat_and_full_chroma_is_left_alone() {
        for format in [VideoFormat::Y41b, VideoFormat::Yuv9, VideoFormat::Nv12] {
            for site in [VideoChromaSite::JPEG, VideoChromaSite::COSITED] {
                let mut subsampler = subsampler(format, site).expect("subsampled");
                for (width, height) in [(1, 1), (7, 3), (2, 9)] {
                    let mut out = vec![3.0; width * height];
                    subsampler.apply(&mut out, width);
                    assert!(out.iter().all(|v| (v - 3.0).abs() < 1e-6), "{format:?}");
                }
            }
        }
        for format in [VideoFormat::Y444, VideoFormat::Gray8, VideoFormat::Rgb16] {
            assert!(subsampler(format, VideoChromaSite::JPEG).is_none());
        }
    }
}
