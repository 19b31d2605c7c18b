// SPDX-License-Identifier: MPL-2.0
//! Tiles in which nothing has changed for some frames, or not a bit since the last: they are kept
//! as they were restored, without the network (docs/decisions/034-still-tiles.md).

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use super::average::SHARE;
use crate::image::{Image, Window};
use crate::operator::Canvas;

/// Frames that a tile is averaged before it is kept: the average of halves has settled by then.
const SETTLED: u8 = 4;
/// Frames that a tile is kept before the network sees it again.
const KEPT: u8 = 12;
/// Least share of the largest shares in the average that the pixels of such a tile have in the
/// mean. Under noise a few places of a still scene look as if they had moved.
const LEAST: f32 = 0.95;

/// How long each tile has been still.
#[derive(Default)]
pub struct StillTiles {
    tiles: Vec<Tile>,
    kept: Vec<bool>,
}

struct Tile {
    window: Window,
    /// Of its observation.
    fingerprint: u64,
    /// Frames for which it has been still.
    age: u8,
}

impl StillTiles {
    /// What [`StillTiles::next`] said of the last frame.
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// Which of the tiles, `windows` on the canvas, are to be kept for a frame.
    ///
    /// `frame` is the observation, which lies on the canvas with `scale` pixels in each of its own.
    /// `shares` are those of the frame before in the average, of its size; `None` where the frame
    /// does not start from the one before, or the whole picture moved.
    pub fn next(
        &mut self,
        windows: impl Iterator<Item = Window>,
        frame: &Image,
        shares: Option<&Image>,
        canvas: &Canvas,
        scale: usize,
    ) -> &[bool] {
        self.kept.clear();
        for (i, window) in windows.enumerate() {
            let along = |start: usize, size: usize, corner: usize, len: usize| {
                let from = start.saturating_sub(corner) / scale;
                let to = (start + size).saturating_sub(corner).div_ceil(scale);
                from.min(len)..to.min(len)
            };
            let rows = along(window.y, window.height, canvas.y, frame.height);
            let columns = along(window.x, window.width, canvas.x, frame.width);
            let still = shares.is_some_and(|s| is_still(s, rows.clone(), columns.clone()));
            let fingerprint = fingerprint(frame, rows, columns);
            if self.tiles.len() == i {
                self.tiles.push(Tile {
                    window,
                    // That of no frame yet.
                    fingerprint: !fingerprint,
                    age: 0,
                });
            }
            let tile = &mut self.tiles[i];
            tile.age = match tile.age {
                _ if !still => 0,
                _ if tile.window != window => 1,
                _ if tile.fingerprint == fingerprint => SETTLED + 1,
                age if age < SETTLED + KEPT => age + 1,
                _ => SETTLED,
            };
            (tile.window, tile.fingerprint) = (window, fingerprint);
            self.kept.push(tile.age > SETTLED);
        }
        self.tiles.truncate(self.kept.len());
        &self.kept
    }
}

/// A number that other pixels in a part of an image hardly share.
pub fn fingerprint(image: &Image, rows: Range<usize>, columns: Range<usize>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for c in 0..image.channels {
        for y in rows.clone() {
            for pair in image.row(c, y)[columns.clone()].chunks(2) {
                let bits = |i: usize| u64::from(pair.get(i).map_or(0, |v| v.to_bits()));
                hasher.write_u64(bits(0) | bits(1) << 32);
            }
        }
    }
    hasher.finish()
}

/// Whether all pixels of a part look still, or nearly all and none has surely changed.
fn is_still(shares: &Image, rows: Range<usize>, columns: Range<usize>) -> bool {
    let (mut sum, mut count) = (0.0f32, 0usize);
    for y in rows {
        for share in &shares.row(0, y)[columns.clone()] {
            // Not a number is no sign of stillness either.
            if share.is_nan() || *share <= 0.0 {
                return false;
            }
            sum += share;
            count += 1;
        }
    }
    sum >= LEAST * SHARE * count as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Window = Window {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
    };
    const RIGHT: Window = Window { x: 6, ..LEFT };
    const CANVAS: Canvas = Canvas {
        width: 14,
        height: 8,
        x: 1,
        y: 1,
        frame_width: 12,
        frame_height: 6,
    };

    fn all_still() -> Image {
        Image::filled(1, 6, 12, SHARE)
    }

    /// Of a frame of the same scene under other noise.
    fn kept(tiles: &mut StillTiles, shares: Option<&Image>) -> Vec<bool> {
        let last = tiles.tiles.first().map_or(0, |tile| tile.fingerprint);
        let frame = crate::sampler::normal_image(last, 0, 3, 6, 12);
        let windows = [LEFT, RIGHT].into_iter();
        tiles.next(windows, &frame, shares, &CANVAS, 1).to_vec()
    }

    /// Tiles that have been still for long enough.
    fn settled() -> StillTiles {
        let mut tiles = StillTiles::default();
        (0..6).for_each(|_| drop(kept(&mut tiles, Some(&all_still()))));
        tiles
    }

    #[test]
    fn a_tile_is_kept_after_some_still_frames_and_seen_again_from_time_to_time() {
        let (mut tiles, still) = (StillTiles::default(), all_still());
        let frames: Vec<bool> = (0..40).map(|_| kept(&mut tiles, Some(&still))[0]).collect();
        assert!(frames[..4].iter().all(|kept| !kept));
        assert!(frames[4..16].iter().all(|kept| *kept));
        assert!(!frames[16] && frames[17] && !frames[29]);
    }

    #[test]
    fn what_moves_in_one_tile_leaves_the_other() {
        let (mut tiles, mut shares) = (settled(), all_still());
        shares.row_mut(0, 3)[11] = 0.0;
        assert_eq!(kept(&mut tiles, Some(&shares)), [true, false]);
        shares.row_mut(0, 3)[11] = f32::NAN;
        for _ in 0..6 {
            assert!(!kept(&mut tiles, Some(&shares))[1]);
        }
        // A single place that noise makes look as if it had half moved.
        let (mut tiles, mut shares) = (settled(), all_still());
        shares.row_mut(0, 3)[11] = 0.5 * SHARE;
        assert_eq!(kept(&mut tiles, Some(&shares)), [true, true]);
        assert_eq!(kept(&mut tiles, None), [false, false]);
    }

    #[test]
    fn what_is_the_same_to_the_last_bit_is_kept_at_once_and_for_good() {
        let (mut tiles, still) = (StillTiles::default(), all_still());
        let mut frame = crate::sampler::normal_image(9, 0, 3, 6, 12);
        let mut next = |frame: &Image, shares| {
            let windows = [LEFT, RIGHT].into_iter();
            tiles.next(windows, frame, shares, &CANVAS, 1).to_vec()
        };
        assert_eq!(next(&frame, None), [false, false]);
        for _ in 0..40 {
            assert_eq!(next(&frame, Some(&still)), [true, true]);
        }
        frame.row_mut(2, 3)[11] += 1e-3;
        assert_eq!(next(&frame, Some(&still)), [true, true]);
        assert_eq!(next(&frame, None), [false, false]);
        frame.row_mut(2, 3)[11] += 1e-3;
        assert_eq!(next(&frame, Some(&still)), [true, false]);
    }

    #[test]
    fn other_tiles_begin_anew() {
        let (mut tiles, still) = (settled(), all_still());
        let next = |tiles: &mut StillTiles, windows: &[Window]| {
            let windows = windows.iter().copied();
            let frame = crate::sampler::normal_image(9, 0, 3, 6, 12);
            let next = tiles.next(windows, &frame, Some(&still), &CANVAS, 1);
            next.to_vec()
        };
        assert_eq!(next(&mut tiles, &[LEFT]), [true]);
        assert_eq!(next(&mut tiles, &[RIGHT, LEFT]), [false, false]);
    }
}
