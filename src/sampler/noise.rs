// SPDX-License-Identifier: MPL-2.0
//! Standard normal noise that is a function of (seed, stream, channel, y, x) and of nothing else.
//!
//! One 64-bit hash serves four neighbours of a row, 16 bits each, through a table of the inverse
//! normal distribution: no tile, crop, thread or call order changes a value. The largest magnitude
//! is 4.3.

use std::sync::LazyLock;

use crate::image::Image;

/// Entries of the table: one for each 16-bit number.
const CELLS: usize = 1 << 16;
/// Increment of SplitMix64: the odd number next to 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The inverse normal distribution at the cells' centres, scaled to unit variance.
static TABLE: LazyLock<Box<[f32; CELLS]>> = LazyLock::new(|| {
    let half: Vec<f64> = (0..CELLS / 2)
        .map(|i| quantile((i as f64 + 0.5) / CELLS as f64))
        .collect();
    let power = half.iter().map(|z| z * z).sum::<f64>() / half.len() as f64;
    let mut table = Box::new([0.0; CELLS]);
    for (i, z) in half.iter().enumerate() {
        let z = (z / power.sqrt()) as f32;
        table[i] = z;
        table[CELLS - 1 - i] = -z;
    }
    table
});

/// An image of independent standard normal values. Images of other sizes agree where they overlap.
/// `seed` and `stream` choose the values; each channel of each stream is independent.
pub fn normal_image(seed: u64, stream: u32, channels: usize, height: usize, width: usize) -> Image {
    let table: &[f32; CELLS] = &TABLE;
    let mut image = Image::new(channels, height, width);
    for c in 0..channels {
        let plane = mix(seed.wrapping_add(mix(u64::from(stream) << 32 | c as u64)));
        for y in 0..height {
            let mut state = mix(plane ^ (y as u64).wrapping_mul(GOLDEN));
            let mut next = || {
                state = state.wrapping_add(GOLDEN);
                mix(state)
            };
            let mut quads = image.row_mut(c, y).chunks_exact_mut(4);
            for quad in &mut quads {
                let bits = next();
                quad[0] = table[(bits as u16) as usize];
                quad[1] = table[((bits >> 16) as u16) as usize];
                quad[2] = table[((bits >> 32) as u16) as usize];
                quad[3] = table[((bits >> 48) as u16) as usize];
            }
            let bits = next();
            for (i, value) in quads.into_remainder().iter_mut().enumerate() {
                *value = table[((bits >> (16 * i)) as u16) as usize];
            }
        }
    }
    image
}

/// SplitMix64's finaliser: every bit of the result depends on every bit of `v`.
fn mix(mut v: u64) -> u64 {
    v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    v ^ (v >> 31)
}

/// Inverse of the standard normal distribution for 1e-11 < p <= 0.5, relative error 1e-16 (Wichura
/// 1988, AS 241).
fn quantile(p: f64) -> f64 {
    let ratio = |num: [f64; 8], den: [f64; 8], r: f64| {
        let poly = |c: [f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
        poly(num) / poly(den)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(CENTRE.0, CENTRE.1, 0.180625 - q * q);
    }
    -ratio(TAIL.0, TAIL.1, (-p.ln()).sqrt() - 1.6)
}

#[expect(clippy::excessive_precision, reason = "the digits as published")]
const CENTRE: ([f64; 8], [f64; 8]) = (
    [
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
);
#[expect(clippy::excessive_precision, reason = "the digits as published")]
const TAIL: ([f64; 8], [f64; 8]) = (
    [
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    #[test]
    fn the_quantile_agrees_with_known_values() {
        for (p, z) in [
            (0.5, 0.0),
            (0.158_655_253_931_457_05, -1.0),
            (0.022_750_131_948_179_21, -2.0),
            (0.001_349_898_031_630_094_6, -3.0),
            (0.000_031_671_241_833_119_9, -4.0),
        ] {
            assert!((quantile(p) - z).abs() < 1e-12, "{p} gives {}", quantile(p));
        }
    }

    #[test]
    fn moments_are_those_of_a_standard_normal() {
        let noise = normal_image(7, 3, 3, 301, 203);
        let moment = |k| {
            let sum: f64 = noise.data.iter().map(|&v| f64::from(v).powi(k)).sum();
            sum / noise.data.len() as f64
        };
        // 183 309 samples: five standard errors of each moment.
        for (k, want, allowed) in [
            (1, 0.0, 0.012),
            (2, 1.0, 0.017),
            (3, 0.0, 0.046),
            (4, 3.0, 0.12),
        ] {
            let found = moment(k);
            assert!((found - want).abs() < allowed, "moment {k} is {found}");
        }
    }

    #[test]
    fn neighbours_channels_streams_and_seeds_are_uncorrelated() {
        let base = normal_image(1, 0, 2, 256, 256);
        let dot = |a: &[f32], b: &[f32]| {
            let sum: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a * b)).sum();
            sum / a.len().min(b.len()) as f64
        };
        let plane = base.plane(0);
        let others = [
            ("right", plane[1..].to_vec()),
            ("second to the right", plane[2..].to_vec()),
            ("fourth to the right", plane[4..].to_vec()),
            ("below", plane[256..].to_vec()),
            ("other channel", base.plane(1).to_vec()),
            ("other stream", normal_image(1, 1, 1, 256, 256).data.clone()),
            ("other seed", normal_image(2, 0, 1, 256, 256).data.clone()),
            (
                "seed a golden step on",
                normal_image(1u64.wrapping_add(GOLDEN), 0, 1, 256, 256)
                    .data
                    .clone(),
            ),
        ];
        for (name, other) in others {
            // 65 536 samples: five standard errors.
            let found = dot(plane, &other);
            assert!(found.abs() < 0.02, "{name}: correlation {found}");
        }
    }

    #[test]
    fn a_larger_image_holds_the_smaller_one() {
        let large = normal_image(9, 4, 3, 31, 43);
        for (height, width) in [(31, 43), (17, 1), (1, 6), (30, 39), (5, 40)] {
            let window = Window {
                x: 0,
                y: 0,
                width,
                height,
            };
            assert_eq!(normal_image(9, 4, 3, height, width), large.crop(window));
        }
    }
}
