// SPDX-License-Identifier: MPL-2.0
//! Quantisation tables of JPEG, as libjpeg scales them by a quality.

/// ITU-T T.81, Annex K, luma: the table that the IJG quality scales.
const LUMA: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// The same for chroma.
const CHROMA: [u32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// Steps of luma and chroma at an IJG quality of 1 to 100, row by row of frequencies. Another
/// quality counts as the nearest of these.
pub fn quantisation(quality: u32) -> ([f32; 64], [f32; 64]) {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let step = |base: u32| ((base * scale + 50) / 100).clamp(1, 255) as f32;
    (LUMA.map(step), CHROMA.map(step))
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
}
