// SPDX-License-Identifier: MPL-2.0
//! The small network that tells the noise from the statistics of a frame's blocks.
//!
//! Three dense layers, trained by `models/train_noise_estimator.py`, which wrote `network.bin`:
//! numbers of 32 bits, little-endian, in the order in which [`Network`] takes them.

use std::sync::LazyLock;

use super::features::FEATURES;

/// Inputs: the statistics, and whether the frame is known to be noisy.
const INPUTS: usize = FEATURES + 1;
const HIDDEN: [usize; 2] = [96, 64];
/// Logarithms of three standard deviations, and the correlation of neighbours in luma and chroma.
pub const OUTPUTS: usize = 5;
/// Inputs beyond so many standard deviations of the training's count as that.
const LIMIT: f32 = 4.0;

static BYTES: &[u8] = include_bytes!("network.bin");
static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut numbers = BYTES
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let mut take = |count: usize| -> Vec<f32> { numbers.by_ref().take(count).collect() };
    let [first, second] = HIDDEN;
    Network {
        mean: take(INPUTS),
        scale: take(INPUTS),
        layers: [(INPUTS, first), (first, second), (second, OUTPUTS)].map(|(from, to)| Dense {
            weights: take(from * to),
            bias: take(to),
        }),
    }
});

struct Network {
    /// Of each input over the training set, and one over its standard deviation.
    mean: Vec<f32>,
    scale: Vec<f32>,
    layers: [Dense; 3],
}

/// y = W x + b; the weights of each output stand together.
struct Dense {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    fn of<const N: usize>(&self, x: &[f32]) -> [f32; N] {
        let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
        std::array::from_fn(|i| dot(&self.weights[i * x.len()..][..x.len()]) + self.bias[i])
    }
}

/// Sigmoid linear units.
fn activated<const N: usize>(x: [f32; N]) -> [f32; N] {
    x.map(|v| v / (1.0 + (-v).exp()))
}

/// What the network makes of a frame.
pub struct Answer {
    pub values: [f32; OUTPUTS],
    /// Share of the inputs, 0 to 1, that are beyond what the training had.
    pub strange: f32,
}

/// What the network answers. `noisy`: the frame is known to be noisy.
pub fn answer(features: &[f32; FEATURES], noisy: bool) -> Answer {
    let network = &*NETWORK;
    let x: [f32; INPUTS] = std::array::from_fn(|i| {
        let input = features.get(i).copied();
        let input = input.unwrap_or(f32::from(u8::from(noisy)));
        ((input - network.mean[i]) * network.scale[i]).clamp(-LIMIT, LIMIT)
    });
    let strange = x.iter().filter(|v| v.abs() >= LIMIT).count() as f32 / INPUTS as f32;
    let [first, second, last] = &network.layers;
    let x: [f32; HIDDEN[0]] = activated(first.of(&x));
    let x: [f32; HIDDEN[1]] = activated(second.of(&x));
    Answer {
        values: last.of(&x),
        strange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_as_many_numbers_as_the_network_takes() {
        let [first, second] = HIDDEN;
        let weights = INPUTS * first + first * second + second * OUTPUTS;
        let count = 2 * INPUTS + weights + first + second + OUTPUTS;
        assert_eq!(BYTES.len(), 4 * count);
    }
}
