// SPDX-License-Identifier: MPL-2.0
//! The warm start: the restored frame before becomes the initial estimate of the next.
//!
//! Each pixel is trusted by how well A x of the frame before explains the new observation, beside
//! how well it explained its own. Where little of the frame is trusted there was a cut, and the
//! frame takes the full steps (docs/decisions/017-warm-start.md).

use super::average::Average;
use super::previous::PreviousFrame;
use crate::image::{Image, Window};
use crate::operator::{Canvas, Operator};

/// Ratios of the new residual map to the old one: up to the first a pixel is trusted wholly, from
/// the second on not at all. Wide apart and high, for the network mends what moved better from the
/// old image than from a plain inverse; only another scene must stay out.
const TRUSTED: [f32; 2] = [8.0, 16.0];
/// Share of the frame before where it is trusted wholly. Below one, so that what the network adds
/// where the observation is silent does not feed on itself from frame to frame.
const KEPT: f32 = 0.8;
/// Where less than this share of the frame is trusted, there was a cut.
const LEAST_SHARE: f32 = 0.6;
/// What the frame before gives to a frame.
pub struct WarmStart {
    /// The frame before where it is trusted, else the plain initial estimate. On the canvas.
    pub initial: Image,
    /// Share of the frame, 0 to 1, that is left to the plain initial estimate.
    pub cold_share: f32,
    /// How the result is averaged with the frame before.
    pub average: Average,
    /// Whether the whole picture moved.
    pub moved: bool,
}

impl WarmStart {
    /// Starts a window of the canvas from the frame before alone.
    pub fn keep(&mut self, window: Window, canvas: &Canvas) {
        let before = self.average.before();
        let left = window.x.max(canvas.x);
        let right = (window.x + window.width).min(canvas.x + before.width);
        let bottom = (window.y + window.height).min(canvas.y + before.height);
        for c in 0..before.channels {
            for y in window.y.max(canvas.y)..bottom {
                if left < right {
                    let row = &before.row(c, y - canvas.y)[left - canvas.x..right - canvas.x];
                    self.initial.row_mut(c, y)[left..right].copy_from_slice(row);
                }
            }
        }
    }
}

impl PreviousFrame {
    /// The warm start of `frame`, whose plain initial estimate on the canvas is `plain`.
    ///
    /// `None` after a cut, and for a frame of another size.
    pub fn warm_start(
        self,
        frame: &Image,
        plain: &Image,
        operator: &Operator,
        canvas: &Canvas,
    ) -> Option<WarmStart> {
        if !self.has_size_of(frame) {
            return None;
        }
        let (before, ratios) = self.followed(frame, operator);
        let (trust, share) = trust(&ratios);
        // The share of a frame with values that are not numbers is not a number.
        if share.is_nan() || share < LEAST_SHARE {
            return None;
        }
        let on_canvas = |image: &Image, scale: usize| {
            image.pad(
                canvas.y / scale,
                canvas.x / scale,
                canvas.height / scale,
                canvas.width / scale,
                operator.border(),
            )
        };
        let trust = on_canvas(&trust, operator.scale());
        let mut initial = on_canvas(&before.restored, 1);
        keep_trusted(&mut initial, plain, &trust, operator.scale());
        let signed = before.signed_ratios(frame, operator);
        Some(WarmStart {
            initial,
            cold_share: 1.0 - share,
            moved: before.moved,
            average: Average::of(before.restored, &ratios, &signed),
        })
    }
}

/// How far each pixel is trusted, 0 to 1, and the mean of that.
fn trust(ratios: &Image) -> (Image, f32) {
    let mut trust = ratios.clone();
    let [low, high] = TRUSTED;
    for ratio in trust.data.iter_mut() {
        *ratio = ((high - *ratio) / (high - low)).clamp(0.0, 1.0);
    }
    let share = trust.data.iter().sum::<f32>() / trust.data.len().max(1) as f32;
    (trust, share)
}

/// Blends `plain` into `initial`, the less the more a pixel is trusted; `trust` is `scale` times
/// smaller than both.
fn keep_trusted(initial: &mut Image, plain: &Image, trust: &Image, scale: usize) {
    for c in 0..initial.channels {
        for y in 0..initial.height {
            let trust = trust.row(0, y / scale);
            let row = initial.row_mut(c, y).chunks_mut(scale);
            for ((initial, plain), w) in row.zip(plain.row(c, y).chunks(scale)).zip(trust) {
                let w = KEPT * w;
                for (i, p) in initial.iter_mut().zip(plain) {
                    *i = w * *i + (1.0 - w) * p;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
