// SPDX-License-Identifier: MPL-2.0
//! Where the samples of subsampled chroma lie among the pixels, and how one makes the other.

use gst_video::{VideoChromaSite, VideoInfo};

/// One of the two chroma components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    Cb,
    Cr,
}

/// One direction: a sample for `factor` pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub factor: usize,
    /// Twice the place of a sample, in pixels from its first one.
    place: usize,
    /// Distance of a pixel from the sample's first one, and its weight in the sample.
    taps: Vec<(isize, f32)>,
}

/// The axes of a component across and down, by the siting of the caps. `None` where every pixel has
/// its own chroma. `planes`: each sample is repeated over its pixels and lies amid them, as JPEG
/// has it.
pub fn axes(info: &VideoInfo, component: Component, planes: bool) -> Option<(Axis, Axis)> {
    let format = info.format_info();
    let factor = |shifts: &[u32]| 1usize << shifts.get(1).copied().unwrap_or_default().min(4);
    let (across, down) = (factor(format.w_sub()), factor(format.h_sub()));
    if across * down == 1 {
        return None;
    }
    let on = |flag| !planes && info.chroma_site().contains(flag);
    let amid = |factor: usize| factor - 1;
    let horizontal = if on(VideoChromaSite::H_COSITED) {
        0
    } else {
        amid(across)
    };
    // Cr lies on the first line and Cb on the second where they alternate, as in DV.
    let vertical = match component {
        Component::Cb if on(VideoChromaSite::ALT_LINE) => 2 * (down - 1).min(1),
        Component::Cr if on(VideoChromaSite::ALT_LINE) => 0,
        _ if on(VideoChromaSite::V_COSITED) => 0,
        _ => amid(down),
    };
    Some((Axis::new(across, horizontal), Axis::new(down, vertical)))
}

impl Axis {
    /// A mean where the sample lies amid its pixels; a triangle where it lies on one of them.
    fn new(factor: usize, place: usize) -> Self {
        let (reach, centre) = (factor as isize, (place / 2) as isize);
        let taps = if place + 1 == factor {
            (0..reach).map(|d| (d, 1.0 / reach as f32)).collect()
        } else {
            let weight = |d: isize| (reach - d.abs()) as f32 / (reach * reach) as f32;
            let around = 1 - reach..reach;
            around.map(|d| (centre + d, weight(d))).collect()
        };
        Self {
            factor,
            place,
            taps,
        }
    }

    /// Samples of `len` pixels.
    pub fn samples(&self, len: usize) -> usize {
        len.div_ceil(self.factor)
    }

    /// The pixels, of `len`, that make a sample, with their weights. Pixels at the edge are
    /// repeated outwards.
    pub fn pixels(&self, sample: usize, len: usize) -> impl Iterator<Item = (usize, f32)> {
        let (first, last) = (
            (sample * self.factor) as isize,
            len.saturating_sub(1) as isize,
        );
        let at = move |d: isize| (first + d).clamp(0, last) as usize;
        self.taps.iter().map(move |(d, weight)| (at(*d), *weight))
    }

    /// The sample before a pixel, the one after it, and the share of the latter: a straight line
    /// between them. Samples at the edge are repeated outwards.
    pub fn neighbours(&self, pixel: usize, len: usize) -> (usize, usize, f32) {
        let last = self.samples(len).saturating_sub(1) as f32;
        let at = (pixel as f32 - self.place as f32 / 2.0) / self.factor as f32;
        let (before, after) = (
            at.floor().clamp(0.0, last),
            (at.floor() + 1.0).clamp(0.0, last),
        );
        (before as usize, after as usize, at - at.floor())
    }
}

/// What makes samples such that the pixels between them give these samples again: the inverse of
/// interpolation and averaging, a band of three (Thomas's algorithm).
pub struct Inverse {
    /// By sample: weight of the one before, reciprocal pivot, weight of the one after.
    rows: Vec<[f32; 3]>,
}

impl Inverse {
    /// For `len` pixels along an axis.
    pub fn new(axis: &Axis, len: usize) -> Self {
        let mut rows = Vec::with_capacity(axis.samples(len));
        let mut above = 0.0;
        for sample in 0..axis.samples(len) {
            let mut band = [0.0f32; 3];
            for (pixel, weight) in axis.pixels(sample, len) {
                let (before, after, share) = axis.neighbours(pixel, len);
                band[(before + 1).saturating_sub(sample).min(2)] += weight * (1.0 - share);
                band[(after + 1).saturating_sub(sample).min(2)] += weight * share;
            }
            let pivot = 1.0 / (band[1] - band[0] * above);
            above = band[2] * pivot;
            rows.push([band[0], pivot, above]);
        }
        Self { rows }
    }

    /// Replaces samples along the axis; a sample is `stride` values, which are taken alike.
    pub fn apply(&self, samples: &mut [f32], stride: usize) {
        for (i, [before, pivot, _]) in self.rows.iter().enumerate() {
            let (done, here) = samples.split_at_mut(i * stride);
            let last = &done[i.saturating_sub(1) * stride..];
            for (j, v) in here[..stride].iter_mut().enumerate() {
                *v = (*v - before * last.get(j).copied().unwrap_or(0.0)) * pivot;
            }
        }
        for i in (1..self.rows.len()).rev() {
            let after = self.rows[i - 1][2];
            let (done, here) = samples.split_at_mut(i * stride);
            for (v, next) in done[(i - 1) * stride..].iter_mut().zip(here.iter()) {
                *v -= after * next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averaging_what_was_interpolated_gives_the_samples_for_every_place_and_length() {
        for (factor, place) in [(1, 0), (2, 1), (2, 0), (2, 2), (4, 3), (4, 0), (4, 2)] {
            let axis = Axis::new(factor, place);
            for len in 1..40 {
                let wanted: Vec<f32> = (0..axis.samples(len))
                    .map(|i| ((i * i * 37 + 11 * i) % 101) as f32)
                    .collect();
                let mut samples = wanted.clone();
                Inverse::new(&axis, len).apply(&mut samples, 1);
                let pixel = |x: usize| {
                    let (before, after, share) = axis.neighbours(x, len);
                    samples[before] + share * (samples[after] - samples[before])
                };
                for (i, wanted) in wanted.iter().enumerate() {
                    let got: f32 = axis.pixels(i, len).map(|(x, w)| w * pixel(x)).sum();
                    assert!(
                        (got - wanted).abs() < 1e-3,
                        "{factor} {place} {len}: {got} {wanted}"
                    );
                }
            }
        }
    }
}
