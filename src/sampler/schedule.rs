// SPDX-License-Identifier: MPL-2.0
//! The variance-preserving schedule and the time grid of the outer sampler.
//!
//! `alpha` is sqrt(abar_t) and `sigma` is sqrt(1 - abar_t), where abar_t is the product of 1 - beta
//! up to level t.

/// How many levels the schedule has; a level is an index below this.
pub const LEVELS: u32 = 1000;
/// The variance added at the first and at the last level; between them it rises linearly.
pub const BETA: [f64; 2] = [1e-4, 2e-2];

/// One level of the diffusion: x_t = alpha x_0 + sigma n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub t: u32,
    /// sqrt(abar_t), the signal's share.
    pub alpha: f32,
    /// sqrt(1 - abar_t), the noise's share.
    pub sigma: f32,
}

/// Levels of a run of `steps` (at least 1) steps, the noisiest first: floor((i sqrt(1000) / N)^2)
/// for i from N down to 1, the largest less 1.
///
/// Above 31 steps the last few levels coincide at 0.
pub fn time_grid(steps: usize) -> Vec<u32> {
    let scale = f64::from(LEVELS).sqrt() / steps as f64;
    (1..=steps)
        .rev()
        .map(|i| {
            if i == steps {
                LEVELS - 1
            } else {
                // The summand keeps squares that are whole numbers from becoming the next lower
                // one.
                ((i as f64 * scale).powi(2) + 1e-9).floor() as u32
            }
        })
        .collect()
}

/// The levels of [`time_grid`] with their shares of signal and noise.
pub fn levels(steps: usize) -> Vec<Level> {
    time_grid(steps).into_iter().map(level).collect()
}

/// Level `t` (those beyond the last count as the last) with its shares of signal and noise.
pub fn level(t: u32) -> Level {
    let t = t.min(LEVELS - 1);
    let slope = (BETA[1] - BETA[0]) / f64::from(LEVELS - 1);
    let kept = |t| 1.0 - (BETA[0] + slope * f64::from(t));
    let abar: f64 = (0..=t).map(kept).product();
    Level {
        t,
        alpha: abar.sqrt() as f32,
        sigma: (1.0 - abar).sqrt() as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_the_known_levels() {
        assert_eq!(time_grid(1), [999]);
        assert_eq!(time_grid(2), [999, 250]);
        assert_eq!(time_grid(3), [999, 444, 111]);
        assert_eq!(time_grid(4), [999, 562, 250, 62]);
        assert_eq!(time_grid(5), [999, 640, 360, 160, 40]);
        assert_eq!(time_grid(100)[..3], [999, 980, 960]);
        assert_eq!(time_grid(100)[99], 0);
    }

    #[test]
    fn levels_fall_and_their_shares_have_unit_power() {
        for steps in [1, 2, 3, 7, 31, 100] {
            let levels = levels(steps);
            assert_eq!(levels.len(), steps);
            for pair in levels.windows(2) {
                assert!(pair[1].t <= pair[0].t && pair[1].sigma <= pair[0].sigma);
            }
            for level in levels {
                let power = level.alpha * level.alpha + level.sigma * level.sigma;
                assert!((power - 1.0).abs() < 1e-6, "{level:?} has power {power}");
                assert!(level.sigma > 0.0);
            }
        }
    }

    #[test]
    fn the_shares_agree_with_known_values() {
        // abar at 999, 444 and 111 by an independent double-precision product.
        for (level, abar) in levels(3).iter().zip(ABAR) {
            assert!((f64::from(level.alpha) - f64::sqrt(abar)).abs() < 1e-7);
            assert!((f64::from(level.sigma) - f64::sqrt(1.0 - abar)).abs() < 1e-7);
        }
    }

    const ABAR: [f64; 3] = [
        4.035829765375676e-5,
        0.13286481386013668,
        0.8736049929108487,
    ];
}
