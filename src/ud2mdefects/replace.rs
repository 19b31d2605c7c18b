// SPDX-License-Identifier: MPL-2.0
//! Replaces defects by what the frames before and after show, in all components.

use gst_video::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo};

use crate::defects::{CELL, Mask, Patch, Pixels};

/// Pixels around a cell whose brightness is compared.
const AROUND: usize = 6;

/// A component of a frame, in its own samples.
struct Samples<'a> {
    bytes: &'a [u8],
    stride: usize,
    step: usize,
    width: usize,
    height: usize,
}

impl<'a> Samples<'a> {
    /// `None` where it cannot be reached.
    fn of(frame: &'a VideoFrameRef<&gst::BufferRef>, component: usize) -> Option<Self> {
        let info = frame.info();
        let c = component as u8;
        let samples = Self {
            bytes: frame.comp_data(component as u32).ok()?,
            stride: usize::try_from(info.comp_stride(c)).ok()?,
            step: usize::try_from(info.comp_pstride(c)).ok()?,
            width: info.comp_width(c) as usize,
            height: info.comp_height(c) as usize,
        };
        let last = (samples.height.checked_sub(1)?).checked_mul(samples.stride)?;
        let last = last.checked_add((samples.width.checked_sub(1)?).checked_mul(samples.step)?)?;
        (last < samples.bytes.len()).then_some(samples)
    }

    /// A sample; that of the edge beyond it.
    fn at(&self, y: isize, x: isize) -> f32 {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        let x = x.clamp(0, self.width as isize - 1) as usize;
        f32::from(self.bytes[y * self.stride + x * self.step])
    }

    /// What lies between samples, by their cubic (Catmull and Rom 1974).
    fn between(&self, y: f32, x: f32) -> f32 {
        let (top, left) = (y.floor(), x.floor());
        let (down, across) = (cubic(y - top), cubic(x - left));
        let (top, left) = (top as isize - 1, left as isize - 1);
        let row = |i: isize| -> f32 {
            let codes = (0..4).map(|j| self.at(top + i, left + j));
            codes.zip(across).map(|(v, w)| v * w).sum()
        };
        (0..4).map(row).zip(down).map(|(v, w)| v * w).sum()
    }
}

/// Weights of four samples for a place `t` of 0 to 1 between the middle two.
fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (2.0 * t2 - t3 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (4.0 * t2 - 3.0 * t3 + t),
        0.5 * (t3 - t2),
    ]
}

/// A sample's place in a component, and its new code.
struct New {
    component: usize,
    y: usize,
    x: usize,
    code: u8,
}

/// Replaces the pixels of `patches` in the frame of `buffer` by those of its neighbours, before and
/// after, which have its caps. `mask`: all defects of the frame. `None` where memory cannot be
/// reached.
pub fn replace(
    buffer: &mut gst::BufferRef,
    neighbours: [Option<&gst::BufferRef>; 2],
    info: &VideoInfo,
    patches: &[Patch],
    mask: &Mask,
) -> Option<()> {
    if patches.is_empty() {
        return Some(());
    }
    let mut new = Vec::new();
    {
        let map = |buffer| VideoFrameRef::from_buffer_ref_readable(buffer, info).ok();
        let now = map(&*buffer)?;
        let [before, after] = neighbours;
        let others = [before.and_then(map), after.and_then(map)];
        for component in 0..3 {
            let now = Samples::of(&now, component)?;
            let other = |i: usize| others[i].as_ref().and_then(|f| Samples::of(f, component));
            let others = [other(0), other(1)];
            let format = info.format_info();
            let (across, down) = (format.w_sub()[component], format.h_sub()[component]);
            let grid = Grid { across, down };
            for patch in patches {
                grid.replace(patch, &now, &others, mask, |y, x, code| {
                    new.push(New {
                        component,
                        y,
                        x,
                        code,
                    });
                });
            }
        }
    }
    let mut frame = VideoFrameRef::from_buffer_ref_writable(buffer, info).ok()?;
    let info = frame.info().clone();
    for sample in new {
        let c = sample.component as u8;
        let stride = usize::try_from(info.comp_stride(c)).ok()?;
        let step = usize::try_from(info.comp_pstride(c)).ok()?;
        let bytes = frame.comp_data_mut(sample.component as u32).ok()?;
        *bytes.get_mut(sample.y * stride + sample.x * step)? = sample.code;
    }
    Some(())
}

/// How a component's samples lie under pixels: one for 2^across by 2^down of these.
struct Grid {
    across: u32,
    down: u32,
}

impl Grid {
    fn replace(
        &self,
        patch: &Patch,
        now: &Samples,
        others: &[Option<Samples>; 2],
        mask: &Mask,
        mut put: impl FnMut(usize, usize, u8),
    ) {
        let around = self.around(patch, now, mask);
        let mut sides = Vec::with_capacity(2);
        for (other, shown) in others.iter().zip(&patch.sides) {
            let (Some(other), Some(shown)) = (other, shown) else {
                continue;
            };
            let shift = |v: i32, sub: u32| v as f32 / (4 << sub) as f32;
            let (down, across) = (
                shift(shown.vector[1], self.down),
                shift(shown.vector[0], self.across),
            );
            let code = |y: usize, x: usize| other.between(y as f32 + down, x as f32 + across);
            let off = |(y, x): &(usize, usize)| now.at(*y as isize, *x as isize) - code(*y, *x);
            let offset = median(around.iter().map(off).collect());
            sides.push((&shown.pixels, move |y, x| {
                other.between(y as f32 + down, x as f32 + across) + offset
            }));
        }
        for y in patch.top >> self.down..((patch.top + CELL) >> self.down).min(now.height) {
            for x in patch.left >> self.across..((patch.left + CELL) >> self.across).min(now.width)
            {
                let sides = sides.iter().filter(|(p, _)| self.touches(patch, p, y, x));
                let (mut sum, mut count) = (0.0, 0.0f32);
                for (_, code) in sides {
                    sum += code(y, x);
                    count += 1.0;
                }
                if count > 0.0 {
                    put(y, x, (sum / count).round().clamp(0.0, 255.0) as u8);
                }
            }
        }
    }

    /// The samples around a cell that no defect touches.
    fn around(&self, patch: &Patch, now: &Samples, mask: &Mask) -> Vec<(usize, usize)> {
        let reach = |start: usize, sub: u32, end: usize| {
            (start.saturating_sub(AROUND) >> sub)..((start + CELL + AROUND) >> sub).min(end)
        };
        let rows = reach(patch.top, self.down, now.height);
        let columns = reach(patch.left, self.across, now.width);
        let places = rows.flat_map(|y| columns.clone().map(move |x| (y, x)));
        let sound = |(y, x): &(usize, usize)| {
            let bottom = (((y + 1) << self.down) - 1).min(mask.height - 1);
            let right = (((x + 1) << self.across) - 1).min(mask.width - 1);
            let (top, left) = ((y << self.down).min(bottom), (x << self.across).min(right));
            !(top..=bottom).any(|y| mask.row(y)[left..=right].contains(&true))
        };
        places.filter(sound).collect()
    }

    /// Whether a sample lies under a pixel that is to be replaced.
    fn touches(&self, patch: &Patch, pixels: &Pixels, y: usize, x: usize) -> bool {
        let (top, left) = (
            (y << self.down) - patch.top,
            (x << self.across) - patch.left,
        );
        let rows = pixels.iter().skip(top).take(1 << self.down);
        rows.flat_map(|row| row.iter().skip(left).take(1 << self.across))
            .any(|pixel| *pixel)
    }
}

/// The median of differences, 0 of none: neighbours have defects of their own, which do not count.
fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    match values.is_empty() {
        true => 0.0,
        false => *values.select_nth_unstable_by(middle, f32::total_cmp).1,
    }
}
