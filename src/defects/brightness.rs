// SPDX-License-Identifier: MPL-2.0
//! Flicker: gain and offset that take one frame to the brightness of another.

use super::plane::Plane;

/// Largest gain, and its inverse the least.
const LARGEST: f64 = 1.6;
/// Passes of the fit.
const PASSES: usize = 6;
/// Codes from which on a difference counts less, at least.
const FAR: f64 = 4.0;

/// The table that takes the codes of `other` nearest to those of `now`, both small images of their
/// frames; `None` where that changes nothing. What moved, or is dirt, hardly counts.
pub fn table(now: &Plane, other: &Plane) -> Option<[u8; 256]> {
    let mut fit = [1.0f64, 0.0];
    let mut far = f64::from(u8::MAX);
    for _ in 0..PASSES {
        // Weight, other, its square, now, their product, difference.
        let mut sums = [0.0f64; 6];
        for y in 0..now.height.min(other.height) {
            for (a, b) in now.row(y).iter().zip(other.row(y)) {
                let (a, b) = (f64::from(*a), f64::from(*b));
                let off = (a - fit[0] * b - fit[1]).abs();
                let w = if off <= far { 1.0 } else { (far / off).powi(3) };
                let terms = [1.0, b, b * b, a, a * b, off.min(far)];
                sums.iter_mut().zip(terms).for_each(|(s, t)| *s += w * t);
            }
        }
        let [count, b, bb, a, ab, off] = sums;
        let (mean, target) = (b / count, a / count);
        let (spread, common) = (bb / count - mean * mean, ab / count - mean * target);
        // A flat frame tells nothing of the gain.
        let gain = match spread > 4.0 {
            true => (common / spread).clamp(1.0 / LARGEST, LARGEST),
            false => 1.0,
        };
        fit = [gain, target - gain * mean];
        far = (1.5 * off / count).max(FAR);
    }
    let [gain, offset] = fit;
    if !gain.is_finite() || !offset.is_finite() {
        return None;
    }
    let at = |code: usize| (gain * code as f64 + offset).round().clamp(0.0, 255.0) as u8;
    let table: [u8; 256] = std::array::from_fn(at);
    let moved = table
        .iter()
        .enumerate()
        .any(|(i, v)| v.abs_diff(i as u8) > 1);
    moved.then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(gain: f32, offset: f32) -> Plane {
        Plane::from_fn(40, 30, |y, x| {
            let wave = 40.0 * (0.3 * x as f32).sin() + 30.0 * (0.2 * y as f32).cos();
            (gain * (120.0 + wave) + offset) as u8
        })
    }

    #[test]
    fn flicker_is_found_beside_dirt() {
        let mut now = scene(0.8, 20.0);
        (3..9).for_each(|y| now.row_mut(y)[5..12].fill(255));
        let table = table(&now, &scene(1.0, 0.0)).expect("another brightness");
        for code in [60usize, 120, 180] {
            let wanted = 0.8 * code as f32 + 20.0;
            assert!((f32::from(table[code]) - wanted).abs() < 2.5, "{code}");
        }
    }

    #[test]
    fn the_same_brightness_needs_no_table() {
        assert!(table(&scene(1.0, 0.0), &scene(1.0, 0.0)).is_none());
        let flat = |v| Plane::from_fn(4, 4, |_, _| v);
        assert!(table(&flat(9), &flat(9)).is_none());
        assert_eq!(table(&flat(50), &flat(30)).expect("an offset")[30], 50);
    }
}
