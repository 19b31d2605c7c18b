// SPDX-License-Identifier: MPL-2.0
//! Chroma at every pixel, from samples that lie where the caps say.
//!
//! The way in inverts the way out: averaged again, the pixels give the samples. GStreamer's
//! converter knows no siting down the frame, and what it interpolates averages to a blur of the
//! samples.

use gst_video::VideoInfo;

use super::siting::{Axis, Component, Inverse, axes};
use crate::image::Image;
use crate::restore::fill_holes;

/// Interpolates Cb and Cr; its memory is kept for every frame.
pub struct Upsampler {
    components: [Plane; 2],
}

/// Interpolates one component.
struct Plane {
    horizontal: Axis,
    vertical: Axis,
    width: usize,
    height: usize,
    /// Of rows of samples, and of columns.
    across: Inverse,
    down: Inverse,
    /// By column of the frame: the samples around it, and the share of the second.
    columns: Vec<(usize, usize, f32)>,
    /// A row of the frame, with samples across.
    line: Vec<f32>,
}

impl Upsampler {
    /// `None` where every pixel has its own chroma.
    pub fn of(info: &VideoInfo) -> Option<Self> {
        let of = |component| {
            let (horizontal, vertical) = axes(info, component, false)?;
            let (width, height) = (info.width() as usize, info.height() as usize);
            Some(Plane {
                across: Inverse::new(&horizontal, width),
                down: Inverse::new(&vertical, height),
                columns: (0..width)
                    .map(|x| horizontal.neighbours(x, width))
                    .collect(),
                line: vec![0.0; horizontal.samples(width)],
                horizontal,
                vertical,
                width,
                height,
            })
        };
        Some(Self {
            components: [of(Component::Cb)?, of(Component::Cr)?],
        })
    }

    /// Replaces samples of Cb and Cr that are repeated over their pixels by interpolated ones.
    /// `missing` is below 1 where pixels are missing: a sample that touches these is filled in from
    /// around it.
    pub fn apply(&mut self, planes: [&mut [f32]; 2], missing: Option<&Image>) {
        for (component, plane) in self.components.iter_mut().zip(planes) {
            let mut samples = component.samples(plane);
            if let Some(missing) = missing {
                samples = fill_holes(&samples, &component.observed(missing));
            }
            component.invert(&mut samples);
            component.interpolate(&samples, plane);
        }
    }
}

impl Plane {
    /// The samples that are repeated in `plane`.
    fn samples(&self, plane: &[f32]) -> Image {
        let (columns, rows) = (
            self.horizontal.samples(self.width),
            self.vertical.samples(self.height),
        );
        let mut out = Image::new(1, rows, columns);
        let lines = plane.chunks_exact(self.width).step_by(self.vertical.factor);
        for (y, line) in lines.enumerate() {
            let samples = line.iter().step_by(self.horizontal.factor);
            let out = out.row_mut(0, y).iter_mut();
            out.zip(samples).for_each(|(out, sample)| *out = *sample);
        }
        out
    }

    /// 1 for samples that no missing pixel is a part of, and 0 for the others.
    fn observed(&self, missing: &Image) -> Image {
        let (columns, rows) = (
            self.horizontal.samples(self.width),
            self.vertical.samples(self.height),
        );
        Image::from_fn(1, rows, columns, |_, y, x| {
            let down = self.vertical.pixels(y, self.height);
            let mut rows = down.filter(|(_, weight)| *weight > 0.0);
            let seen = rows.all(|(row, _)| {
                let row = missing.row(0, row);
                let mut across = self.horizontal.pixels(x, self.width);
                across.all(|(column, _)| row[column] >= 1.0)
            });
            f32::from(u8::from(seen))
        })
    }

    /// Replaces the samples by those whose interpolation averages to them.
    fn invert(&self, samples: &mut Image) {
        let columns = samples.width;
        for row in samples.data.chunks_exact_mut(columns) {
            self.across.apply(row, 1);
        }
        self.down.apply(&mut samples.data, columns);
    }

    /// Writes the pixels between samples.
    fn interpolate(&mut self, samples: &Image, plane: &mut [f32]) {
        for (y, out) in plane.chunks_exact_mut(self.width).enumerate() {
            let (above, below, share) = self.vertical.neighbours(y, self.height);
            let rows = samples.row(0, above).iter().zip(samples.row(0, below));
            let line = self.line.iter_mut().zip(rows);
            line.for_each(|(v, (above, below))| *v = above + share * (below - above));
            for (out, (before, after, share)) in out.iter_mut().zip(&self.columns) {
                *out = self.line[*before] + share * (self.line[*after] - self.line[*before]);
            }
        }
    }
}
