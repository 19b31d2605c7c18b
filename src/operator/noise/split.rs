// SPDX-License-Identifier: MPL-2.0
//! Noise told from texture by its spectrum.
//!
//! Even quiet blocks hold some texture. Its power falls with the frequency as a power of it; that
//! of white noise is flat, and that of noise that a camera, a codec or a scaler smoothed falls as a
//! Gaussian. Interpolation smoothed the texture of chroma of 4:2:0 with its noise.
//! At each frequency the noise's share of the best fit is taken of the power that was measured.

use std::f32::consts::PI;
use std::sync::LazyLock;

use super::blocks::SIZE;

/// Standard deviations in pixels of the Gaussians that may have correlated the noise.
const LENGTHS: [f32; 4] = [0.5, 0.7, 1.0, 1.4];
/// The same where the texture of chroma was smoothed with the noise. That of interpolated chroma
/// falls as for 0.87.
const COMMON: [f32; 3] = [0.6, 0.87, 1.2];
/// Exponents of the frequency by which the power of texture may fall.
const EXPONENTS: [i32; 3] = [2, 3, 4];
/// White noise, correlated noise, texture.
const PARTS: usize = 2 + EXPONENTS.len();
/// A fit with correlated noise has to be better by this much, and by more where texture is
/// smoothed too.
const PENALTY: f32 = 0.3;
const COMMON_PENALTY: f32 = 0.5;
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

/// The power of the noise alone in `power`, along the axis of luma or one of `chroma`.
pub fn noise_of(power: &Spectrum, chroma: bool) -> Spectrum {
    let mut sorted = *power;
    sorted.sort_unstable_by(f32::total_cmp);
    let floor = FLOOR * sorted[SIZE / 2] + 1e-13;
    let own = LENGTHS.map(Smoothing::Noise);
    let common = COMMON.map(Smoothing::Both).into_iter().filter(|_| chroma);
    let all = std::iter::once(Smoothing::None).chain(own).chain(common);
    let fits = all.map(|smoothing| fit(power, smoothing, floor));
    let best = fits.min_by(|a, b| a.score.total_cmp(&b.score));
    let share = best.map_or([1.0; SIZE], |fit| fit.share);
    std::array::from_fn(|i| power[i] * share[i])
}

/// What a Gaussian of so many pixels may have smoothed.
#[derive(Clone, Copy)]
enum Smoothing {
    None,
    Noise(f32),
    Both(f32),
}

impl Smoothing {
    /// The power that is left of each frequency of the noise; zero where there is no such noise.
    fn gain(self) -> Spectrum {
        match self {
            Self::None => [0.0; SIZE],
            Self::Noise(length) | Self::Both(length) => {
                FREQUENCY.map(|f| (-4.0 * PI * PI * f * length * length).exp())
            }
        }
    }

    /// How much better a fit has to be.
    fn penalty(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::Noise(_) => PENALTY,
            Self::Both(_) => COMMON_PENALTY,
        }
    }
}

/// Noise and texture that explain a spectrum.
struct Fit {
    /// Of the noise in the power of each frequency.
    share: Spectrum,
    /// How bad the fit is: logarithm of the mean square of the logarithm of power over fit.
    score: f32,
}

/// The best mix of white noise, smoothed noise, and texture.
fn fit(power: &Spectrum, smoothing: Smoothing, floor: f32) -> Fit {
    let parts = parts(smoothing);
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
    let noise = mixed(&parts, &shares, 2);
    Fit {
        share: std::array::from_fn(|i| noise[i] / whole[i].max(noise[i]).max(1e-14)),
        score: (error + EXACT).ln() + smoothing.penalty(),
    }
}

/// The spectra of white noise, of smoothed noise, and of texture.
fn parts(smoothing: Smoothing) -> [Spectrum; PARTS] {
    let gain = smoothing.gain();
    let texture = |exponent: i32| FREQUENCY.map(|f| (16.0 * f.sqrt()).max(1.0).powi(-exponent));
    std::array::from_fn(|part| match (part, smoothing) {
        (0, _) => [1.0; SIZE],
        (1, _) => gain,
        (_, Smoothing::Both(_)) => {
            let plain = texture(EXPONENTS[part - 2]);
            std::array::from_fn(|i| plain[i] * gain[i])
        }
        _ => texture(EXPONENTS[part - 2]),
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
