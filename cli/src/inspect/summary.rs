// SPDX-License-Identifier: MPL-2.0
//! The figures of all frames that were looked at, as one.

use std::collections::BTreeMap;

use gstud2m::operator::{Bars, NoiseEstimate, Subsampling};

use super::figures::Figures;
use super::spread::Spread;

/// What all frames show.
pub struct Summary {
    /// Their numbers in the file.
    pub numbers: Vec<usize>,
    pub size: (usize, usize),
    /// The noise as `stats` of the element tells it, of full scale 1, and that of Y and of Cb, Cr.
    pub noise: Spread,
    pub luma: Spread,
    pub chroma: Spread,
    pub correlation: Spread,
    pub noise_is_luma: bool,
    /// Of a JPEG: qualities nearest to the steps, and the share of the blocks that they explain.
    pub quality: Spread,
    pub chroma_quality: Spread,
    pub fit: Spread,
    /// That of a finer compression after it, in most frames; 0 where none shows.
    pub last_quality: u32,
    pub subsampling: Subsampling,
    pub grid: Spread,
    pub grid_place: (usize, usize),
    pub combed: Spread,
    /// Those that most frames have.
    pub bars: Bars,
    pub black: Spread,
    pub white: Spread,
    pub has_fields: bool,
}

impl Summary {
    /// That of some frames with their numbers.
    pub fn of(frames: &[(usize, Figures)]) -> Self {
        let spread = |f: &dyn Fn(&Figures) -> f64| Spread::of(frames.iter().map(|(_, x)| f(x)));
        let noise = |f: fn(&NoiseEstimate) -> f32| spread(&|x| f64::from(f(&x.noise)));
        let first = frames.first().map(|(_, figures)| figures);
        let place = |f: fn(&Figures) -> usize| usual(frames.iter().map(|(_, x)| f(x)));
        Self {
            numbers: frames.iter().map(|(number, _)| *number).collect(),
            size: first.map_or((0, 0), |x| x.size),
            noise: spread(&|x| f64::from(x.stated())),
            luma: noise(NoiseEstimate::luma),
            chroma: noise(NoiseEstimate::chroma),
            correlation: spread(&|x| f64::from(x.noise.luma_correlation)),
            noise_is_luma: first.is_some_and(|x| x.noise_is_luma),
            quality: spread(&|x| f64::from(x.compression.quality)),
            chroma_quality: spread(&|x| f64::from(x.compression.chroma_quality())),
            fit: spread(&|x| f64::from(x.compression.fit)),
            last_quality: usual(frames.iter().map(|(_, x)| x.compression.last_quality)),
            subsampling: way(frames),
            grid: spread(&|x| f64::from(x.grid.strength)),
            grid_place: (place(|x| x.grid.place.0), place(|x| x.grid.place.1)),
            combed: spread(&|x| f64::from(x.combed)),
            bars: bars(frames),
            black: spread(&|x| f64::from(x.clipped[0])),
            white: spread(&|x| f64::from(x.clipped[1])),
            has_fields: frames.iter().any(|(_, x)| x.has_fields),
        }
    }
}

/// The value that occurs most often; of several the least.
fn usual<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or(0);
    let first = counts.into_iter().find(|(_, count)| *count == most);
    first.map_or_else(T::default, |(value, _)| value)
}

/// The subsampling of the frame that its compression explains best.
fn way(frames: &[(usize, Figures)]) -> Subsampling {
    let best = frames
        .iter()
        .max_by(|(_, a), (_, b)| a.compression.fit.total_cmp(&b.compression.fit));
    best.map_or_else(Subsampling::default, |(_, x)| x.subsampling)
}

/// A bar is there all the time; a dark scene makes it seem larger, and a frame of one colour has
/// none. So the middle one counts, of frames that have any.
fn bars(frames: &[(usize, Figures)]) -> Bars {
    let found: Vec<&Bars> = frames.iter().map(|(_, x)| &x.bars).collect();
    let side = |f: fn(&Bars) -> usize| {
        let mut sides: Vec<usize> = found.iter().map(|bars| f(bars)).collect();
        sides.sort_unstable();
        sides
            .get(sides.len().saturating_sub(1) / 2)
            .copied()
            .unwrap_or(0)
    };
    Bars {
        top: side(|b| b.top),
        bottom: side(|b| b.bottom),
        left: side(|b| b.left),
        right: side(|b| b.right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_what_occurs_most() {
        assert_eq!(usual([3, 1, 3, 2].into_iter()), 3);
        assert_eq!(usual([4, 1, 4, 1].into_iter()), 1);
        assert_eq!(usual(std::iter::empty::<u32>()), 0);
    }
}
