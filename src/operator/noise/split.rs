// SPDX-License-Identifier: MPL-2.0
//! Noise told from texture by its spectrum.
//!
//! Even quiet blocks hold some texture. Its power falls with the frequency as a power of it; that
//! of white noise is flat, and that of noise that a camera, a codec or a scaler smoothed falls as a
//! Gaussian.

use std::f32::consts::PI;
use std::sync::LazyLock;

use super::blocks::SIZE;

/// Standard deviations in pixels of the Gaussians that may have correlated the noise.
const LENGTHS: [f32; 4] = [0.5, 0.7, 1.0, 1.4];
/// Exponents of the frequency by which the power of texture may fall.
const EXPONENTS: [i32; 3] = [2, 3, 4];
/// White noise, correlated noise, texture.
const PARTS: usize = 2 + EXPONENTS.len();
/// A fit with correlated noise has to be better by this much.
const PENALTY: f32 = 0.3;
/// Mean square of the logarithm below which fits count as equal.
const EXACT: f32 = 2e-3;
/// Least power of a fit, of the median power.
const FLOOR: f32 = 1e-3;

/// A spectrum over the 64 frequencies of a block.
type Spectrum = [f32; SIZE];
/// How much of each part there is.
type Shares = [f32; PARTS];

/// Squared frequency, in cycles per pixel, of each coefficient; the mean's is its neighbours'.
static FREQUENCY: LazyLock<Spectrum> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let (row, column) = ((i / 8) as f32 / 16.0, (i % 8) as f32 / 16.0);
        row * row + column * column
    })
});

/// The power of the noise alone in `power`.
pub fn noise_of(power: &Spectrum) -> Spectrum {
    let mut sorted = *power;
    sorted.sort_unstable_by(f32::total_cmp);
    let floor = FLOOR * sorted[SIZE / 2] + 1e-13;
    let lengths = std::iter::once(None).chain(LENGTHS.map(Some));
    let fits = lengths.map(|length| fit(power, length, floor));
    let best = fits.min_by(|a, b| a.score.total_cmp(&b.score));
    best.map_or(*power, |fit| fit.noise)
}

/// Noise and texture that explain a spectrum.
struct Fit {
    noise: Spectrum,
    /// How bad the fit is: logarithm of the mean square of the logarithm of power over fit.
    score: f32,
}

/// The best mix of white noise, noise correlated over `length` pixels, and texture.
fn fit(power: &Spectrum, length: Option<f32>, floor: f32) -> Fit {
    let parts = parts(length);
    let mut whole = *power;
    let mut shares = [0.0; PARTS];
    // Errors count relative to the fit, which is not known before.
    for _ in 0..4 {
        shares = least_squares(power, &parts, &whole.map(|v| 1.0 / v.max(floor)));
        whole = mixed(&parts, &shares, PARTS);
    }
    let logs = power[1..].iter().zip(&whole[1..]);
    let logs = logs.map(|(p, f)| (p.max(floor) / f.max(floor)).ln().powi(2));
    let error = logs.sum::<f32>() / (SIZE - 1) as f32;
    let penalty = length.map_or(0.0, |_| PENALTY);
    Fit {
        noise: mixed(&parts, &shares, 2),
        score: (error + EXACT).ln() + penalty,
    }
}

/// The spectra of white noise, of correlated noise (zero without a `length`), and of texture.
fn parts(length: Option<f32>) -> [Spectrum; PARTS] {
    std::array::from_fn(|part| match part {
        0 => [1.0; SIZE],
        1 => length.map_or([0.0; SIZE], |length| {
            FREQUENCY.map(|f| (-4.0 * PI * PI * f * length * length).exp())
        }),
        _ => FREQUENCY.map(|f| (16.0 * f.sqrt()).max(1.0).powi(-EXPONENTS[part - 2])),
    })
}

/// The first `count` parts, added.
fn mixed(parts: &[Spectrum; PARTS], shares: &Shares, count: usize) -> Spectrum {
    let at = |i: usize| (0..count).map(|part| shares[part] * parts[part][i]).sum();
    std::array::from_fn(at)
}

/// Shares, none negative, whose mix is nearest to `power`; `weights` are those of the errors, and
/// the mean's coefficient does not count.
fn least_squares(power: &Spectrum, parts: &[Spectrum; PARTS], weights: &Spectrum) -> Shares {
    let product = |a: &Spectrum, b: &Spectrum| -> f64 {
        let terms = (1..SIZE).map(|i| f64::from(weights[i] * a[i]) * f64::from(weights[i] * b[i]));
        terms.sum()
    };
    let gram = parts.map(|a| parts.map(|b| product(&a, &b)));
    let right = parts.map(|a| product(&a, power));
    let mut shares = [0.0f64; PARTS];
    // Descent along one share after the other; the problem is convex and small.
    for _ in 0..400 {
        for part in 0..PARTS {
            if gram[part][part] > 0.0 {
                let rest: f64 = (0..PARTS)
                    .map(|other| gram[part][other] * shares[other])
                    .sum();
                let step = (right[part] - rest) / gram[part][part];
                shares[part] = (shares[part] + step).max(0.0);
            }
        }
    }
    shares.map(|share| share as f32)
}
