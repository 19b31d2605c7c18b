// SPDX-License-Identifier: MPL-2.0
//! The 8x8 blocks of a frame in which its noise is looked for.

use super::OPPONENT;
use crate::image::{Image, Scratch};
use crate::operator::dct::{BLOCK, dct};

/// Coefficients of a block.
pub const SIZE: usize = BLOCK * BLOCK;
/// About as many blocks are taken from a frame, evenly spread; they overlap in small frames.
const COUNT: usize = 10_000;
/// A block whose values differ by less in all channels holds no noise, of full scale 1.
const CONSTANT: f32 = 1e-6;

/// Blocks of a frame, as cosine transforms along the axes of colour of [`OPPONENT`].
pub struct Blocks {
    /// For each block three times 64 coefficients, of full scale 1.
    coefficients: Scratch<f32>,
    /// Mean brightness of each block, 0 to 1.
    mean: Scratch<f32>,
    /// Distance of each block's three channels from black and white, 0 to 0.5.
    room: Scratch<f32>,
    /// How many others are constant.
    constant: usize,
}

impl Blocks {
    /// The blocks of `frame`, RGB in [-1, 1], that are not constant. `usable`, of its size, is 0
    /// where pixels hold no data; blocks that touch those are left out.
    pub fn of(frame: &Image, usable: Option<&Image>) -> Self {
        let (width, height) = (frame.width, frame.height);
        let stride = ((width * height) as f64 / COUNT as f64).sqrt().round() as usize;
        let stride = stride.max(2);
        let (rows, columns) = (places(height, stride), places(width, stride));
        let most = rows * columns;
        let mut blocks = Self {
            coefficients: Scratch::with_capacity(3 * SIZE * most),
            mean: Scratch::with_capacity(most),
            room: Scratch::with_capacity(3 * most),
            constant: 0,
        };
        for row in 0..rows {
            for column in 0..columns {
                let (y, x) = (row * stride, column * stride);
                if usable.is_none_or(|mask| is_whole(mask, y, x)) {
                    blocks.add(frame, y, x);
                }
            }
        }
        dct(&mut blocks.coefficients, BLOCK, false);
        blocks
    }

    /// Adds the block at row y and column x, unless it is constant.
    fn add(&mut self, frame: &Image, y: usize, x: usize) {
        let mut values = [[0.0f32; SIZE]; 3];
        let (mut constant, mut mean, mut room) = (true, 0.0, [0.0; 3]);
        for (c, values) in values.iter_mut().enumerate() {
            for (row, values) in values.chunks_exact_mut(BLOCK).enumerate() {
                let from = &frame.row(c.min(frame.channels - 1), y + row)[x..x + BLOCK];
                let scaled = from.iter().map(|v| 0.5 * (v + 1.0));
                values.iter_mut().zip(scaled).for_each(|(v, s)| *v = s);
            }
            constant &= values.iter().all(|v| (v - values[0]).abs() < CONSTANT);
            let own = values.iter().sum::<f32>() / SIZE as f32;
            mean += own / 3.0;
            room[c] = own.min(1.0 - own);
        }
        if constant {
            self.constant += 1;
            return;
        }
        for axis in OPPONENT {
            let [r, g, b] = &values;
            let along = r.iter().zip(g).zip(b);
            let along = along.map(|((r, g), b)| axis[0] * r + axis[1] * g + axis[2] * b);
            self.coefficients.extend(along);
        }
        self.mean.push(mean);
        self.room.extend(room);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// The 64 coefficients of a block along an axis; the first is the mean's.
    pub fn along(&self, block: usize, axis: usize) -> &[f32] {
        &self.coefficients[SIZE * (3 * block + axis)..][..SIZE]
    }

    /// Mean brightness of a block, 0 to 1.
    pub fn mean(&self, block: usize) -> f32 {
        self.mean[block]
    }

    /// Distance of the mean of each of a block's channels from black and white, 0 to 0.5.
    pub fn room(&self, block: usize) -> [f32; 3] {
        let own = &self.room[3 * block..];
        [own[0], own[1], own[2]]
    }

    /// Share of the blocks that are not constant.
    pub fn varying_share(&self) -> f32 {
        self.len() as f32 / (self.len() + self.constant).max(1) as f32
    }
}

/// How many blocks there are along a side, `stride` apart.
fn places(side: usize, stride: usize) -> usize {
    (side + stride).saturating_sub(BLOCK) / stride
}

/// Whether all pixels of a block are usable.
fn is_whole(mask: &Image, y: usize, x: usize) -> bool {
    (y..y + BLOCK).all(|y| mask.row(0, y)[x..x + BLOCK].iter().all(|m| *m > 0.5))
}
