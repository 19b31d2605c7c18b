// SPDX-License-Identifier: MPL-2.0
//! The restored frame before, brought to where the new frame's picture is and to its brightness.

use super::agreement::signed_map;
use super::residual_map::residual_map;
use super::shift::shifted;
use super::still::fingerprint;
use super::{brightness, motion};
use crate::image::{EIGHT_BIT_STEP, Image};
use crate::operator::Operator;

/// Half a step of 8-bit codes, squared: what rounding leaves of any residual.
const ROUNDING: f32 = (EIGHT_BIT_STEP * EIGHT_BIT_STEP / 4.0) as f32;
/// A restored frame that the next may start from.
pub struct PreviousFrame {
    pub(super) restored: Image,
    /// Residual map of `restored` and its own observation, at least what noise leaves of it.
    residual_map: Image,
    /// Signed map of `restored` and its own observation, at least 1: what clipped or correlated
    /// noise leaves where nothing changed.
    signed: Image,
    /// Of the observation.
    fingerprint: u64,
    /// Whether it was moved to where a later frame's picture is.
    pub(super) moved: bool,
}

impl PreviousFrame {
    /// `restored` is the result for the observation `frame`, whose noise has the standard deviation
    /// `sigma_y` on the scale of [-1, 1].
    pub fn of(restored: Image, frame: &Image, operator: &Operator, sigma_y: f32) -> Self {
        let mut residual_map = residual_map(operator, &restored, frame);
        // A result may fit the noise of its own observation; the next one has other noise.
        let least = sigma_y * sigma_y + ROUNDING;
        residual_map.data.iter_mut().for_each(|m| *m = m.max(least));
        let mut signed = signed_map(operator, &restored, frame, &residual_map);
        signed.data.iter_mut().for_each(|s| *s = s.max(1.0));
        Self {
            restored,
            residual_map,
            signed,
            fingerprint: of_all(frame),
            moved: false,
        }
    }

    /// Whether `frame` has the size of the observation before.
    pub(super) fn has_size_of(&self, frame: &Image) -> bool {
        (frame.width, frame.height) == (self.residual_map.width, self.residual_map.height)
    }

    /// The frame before as it would be now, where it moved as a whole or became brighter or darker;
    /// and the ratios of its residual map to that of its own observation, which are infinite where
    /// a motion brought something new into the picture.
    pub(super) fn followed(mut self, frame: &Image, operator: &Operator) -> (Self, Image) {
        // The same frame once more tells nothing new.
        let is_other = self.fingerprint != of_all(frame);
        let restored = is_other.then_some(&self.restored);
        let motion = restored.and_then(|x| motion::translation(operator, x, frame));
        if let Some(motion) = motion {
            self = self.moved(motion, operator.scale());
        }
        if is_other {
            brightness::follow(&mut self.restored, frame, operator, &self.residual_map);
        }
        let now = residual_map(operator, &self.restored, frame);
        let mut ratios = over(now, &self.residual_map);
        if let Some(motion) = motion {
            let reach = motion.map(|m| m.abs().ceil() as usize + 1);
            fill_around(&mut ratios, reach, f32::INFINITY);
        }
        (self, ratios)
    }

    /// Columns and rows of the observation by which all lies further; it has `scale` pixels of the
    /// result in each of its own.
    fn moved(&self, [across, down]: [f32; 2], scale: usize) -> Self {
        let times = scale as f32;
        let whole = |image: &Image| shifted(image, across.round(), down.round());
        Self {
            restored: shifted(&self.restored, times * across, times * down),
            residual_map: whole(&self.residual_map),
            signed: whole(&self.signed),
            fingerprint: self.fingerprint,
            moved: true,
        }
    }

    /// Signed map of the new observation over that of the old one.
    pub(super) fn signed_ratios(&self, frame: &Image, operator: &Operator) -> Image {
        let now = signed_map(operator, &self.restored, frame, &self.residual_map);
        over(now, &self.signed)
    }
}

fn of_all(frame: &Image) -> u64 {
    fingerprint(frame, 0..frame.height, 0..frame.width)
}

fn over(mut now: Image, before: &Image) -> Image {
    let pairs = now.data.iter_mut().zip(&before.data);
    pairs.for_each(|(now, before)| *now /= before);
    now
}

/// Sets `reach` columns and rows at each edge of one channel.
fn fill_around(image: &mut Image, [columns, rows]: [usize; 2], value: f32) {
    let (height, width) = (image.height, image.width);
    for y in 0..height {
        let row = image.row_mut(0, y);
        if y < rows || y + rows >= height {
            row.fill(value);
        } else {
            row[..columns.min(width)].fill(value);
            row[width.saturating_sub(columns)..].fill(value);
        }
    }
}
