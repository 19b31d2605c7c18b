// SPDX-License-Identifier: MPL-2.0
//! Quantisation tables of JPEG, as libjpeg scales them by a quality.

/// The steps of all frequencies in code values, row by row.
pub type Table = [f32; 64];

/// ITU-T T.81, Annex K, luma: the table that the IJG quality scales.
pub const LUMA: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// The same for chroma.
pub const CHROMA: [u32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// How a frame was compressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compression {
    /// Steps of luma and of chroma.
    pub luma: Table,
    pub chroma: Table,
    /// IJG quality, 1 to 100, whose luma steps are nearest.
    pub quality: u32,
    /// Share, 0 to 1, of the blocks that could tell whose pixels the steps explain; the lesser one
    /// of luma's and chroma's. 1 where none could tell.
    pub fit: f32,
    /// Nearest IJG quality of a finer compression after this one; 0 where none shows.
    pub last_quality: u32,
}

impl Compression {
    /// That of libjpeg at an IJG quality of 1 to 100.
    pub fn of_quality(quality: u32) -> Self {
        let (luma, chroma) = quantisation(quality);
        Self {
            luma,
            chroma,
            quality,
            fit: 1.0,
            last_quality: 0,
        }
    }

    /// IJG quality, 1 to 100, whose luma steps are nearest, anew from these.
    pub fn luma_quality(&self) -> u32 {
        nearest_quality(&self.luma)
    }

    /// IJG quality, 1 to 100, whose chroma steps are nearest.
    pub fn chroma_quality(&self) -> u32 {
        nearest(&self.chroma, &CHROMA)
    }

    /// Whether it loses anything: some luma step is larger than 1.
    pub fn is_any(&self) -> bool {
        self.luma.iter().any(|step| *step > 1.0)
    }
}

/// Steps of luma and chroma at an IJG quality of 1 to 100, row by row of frequencies. Another
/// quality counts as the nearest of these.
pub fn quantisation(quality: u32) -> (Table, Table) {
    (scaled(&LUMA, quality), scaled(&CHROMA, quality))
}

/// A table as libjpeg scales it by a quality.
pub fn scaled(base: &[u32; 64], quality: u32) -> Table {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    base.map(|base| ((base * scale + 50) / 100).clamp(1, 255) as f32)
}

/// The IJG quality, 1 to 100, whose luma steps are nearest to `steps` by their mean ratio. Steps of
/// 0 do not count.
pub fn nearest_quality(steps: &Table) -> u32 {
    nearest(steps, &LUMA)
}

/// The same of the steps that libjpeg scales from `base`.
fn nearest(steps: &Table, base: &[u32; 64]) -> u32 {
    let far = |quality: u32| {
        let known = steps.iter().zip(scaled(base, quality));
        let known = known.filter(|(step, _)| **step > 0.0);
        known.map(|(a, b)| (a / b).ln().abs()).sum::<f32>()
    };
    let far = |quality| (far(quality), quality);
    let best = (1..=100).rev().map(far).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(100, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_that_libjpeg_uses() {
        let (luma, chroma) = quantisation(50);
        assert_eq!(
            (luma[0], luma[1], luma[63], chroma[0], chroma[63]),
            (16.0, 11.0, 99.0, 17.0, 99.0)
        );
        let (luma, chroma) = quantisation(10);
        assert_eq!(
            luma[..8],
            [80.0, 55.0, 50.0, 80.0, 120.0, 200.0, 255.0, 255.0]
        );
        assert_eq!(chroma[..4], [85.0, 90.0, 120.0, 235.0]);
        let (luma, chroma) = quantisation(90);
        assert_eq!(luma[..8], [3.0, 2.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0]);
        assert_eq!(chroma[..4], [3.0, 4.0, 5.0, 9.0]);
        assert_eq!(quantisation(75).0[..3], [8.0, 6.0, 5.0]);
        assert_eq!(quantisation(100), ([1.0; 64], [1.0; 64]));
        assert_eq!(quantisation(1).0[0], 255.0);
    }

    #[test]
    fn the_nearest_quality_of_a_table_of_libjpeg_is_its_own() {
        for quality in 1..=100 {
            let found = nearest_quality(&quantisation(quality).0);
            assert_eq!(quantisation(found), quantisation(quality));
            let compression = Compression::of_quality(quality);
            let found = compression.chroma_quality();
            assert_eq!(quantisation(found).1, compression.chroma);
        }
        let half = quantisation(50).0.map(|step| step / 2.0);
        assert!(nearest_quality(&half).abs_diff(75) <= 1);
    }
}
