// SPDX-License-Identifier: MPL-2.0
//! One figure of several frames.

use serde_json::{Value, json};

/// The middle one, the least and the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// That of some values; 0 where there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (Some(low), Some(high)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let last = values.len() - 1;
        Self {
            median: (values[last / 2] + values[last.div_ceil(2)]) / 2.0,
            low: *low,
            high: *high,
        }
    }

    /// For programs, to four digits after the point.
    pub fn json(&self) -> Value {
        json!({
            "median": rounded(self.median),
            "low": rounded(self.low),
            "high": rounded(self.high),
        })
    }

    /// In words, each value as `shown` has it: `3.0`, or `3.0 (2.8 to 3.1)`.
    pub fn words(&self, shown: impl Fn(f64) -> String) -> String {
        let [median, low, high] = [self.median, self.low, self.high].map(shown);
        if low == high {
            median
        } else {
            format!("{median} ({low} to {high})")
        }
    }
}

/// A number to four digits after the point.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_are_told() {
        let spread = Spread::of([3.0, 1.0, 2.0, 10.0]);
        assert_eq!((spread.low, spread.median, spread.high), (1.0, 2.5, 10.0));
        assert_eq!(Spread::of([]), Spread::default());
        let shown = |v: f64| format!("{v:.0} %");
        assert_eq!(spread.words(shown), "2 % (1 % to 10 %)");
        assert_eq!(Spread::of([4.0]).words(shown), "4 %");
    }
}
