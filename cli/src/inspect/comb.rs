// SPDX-License-Identifier: MPL-2.0
//! Two fields of different times in one frame: edges that move have teeth.
//!
//! In a picture a row is nearer to the next one than to the one after that. Where the rows of two
//! times alternate it is the other way round.

use super::luma::Luma;

/// Sides of the parts that are looked at.
const SIDE: usize = 16;
/// Rows of one field are at most this share as far apart as neighbouring rows, in a part with
/// teeth.
const NEARER: f32 = 0.6;
/// Least mean difference, in codes, of neighbouring rows in such a part.
const LEAST: f32 = 4.0;

/// Share, 0 to 1, of a frame's parts with teeth.
pub fn share(luma: &Luma) -> f32 {
    let (mut teeth, mut all) = (0u32, 0u32);
    for y in (0..(luma.height + 1).saturating_sub(SIDE)).step_by(SIDE) {
        for x in (0..(luma.width + 1).saturating_sub(SIDE)).step_by(SIDE) {
            all += 1;
            teeth += u32::from(has_teeth(luma, x, y));
        }
    }
    teeth as f32 / all.max(1) as f32
}

/// Whether the part at this corner has teeth.
fn has_teeth(luma: &Luma, x: usize, y: usize) -> bool {
    let row = |y: usize| &luma.row(y)[x..x + SIDE];
    let apart = |a: usize, b: usize| -> f32 {
        let pairs = row(a).iter().zip(row(b));
        pairs.map(|(a, b)| (a - b).abs()).sum()
    };
    let rows = || y..y + SIDE - 2;
    let count = (rows().len() * SIDE) as f32;
    let next = rows().map(|y| apart(y, y + 1)).sum::<f32>() / count;
    if next < LEAST {
        return false;
    }
    let field = rows().map(|y| apart(y, y + 2)).sum::<f32>() / count;
    field < NEARER * next
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of soft shapes at a time.
    fn scene(x: f32, y: f32) -> f32 {
        128.0 + 60.0 * (x * 0.35).sin() * (y * 0.21).cos() + 30.0 * ((x + y) * 0.15).sin()
    }

    #[test]
    fn fields_that_lie_apart_have_teeth_and_a_picture_has_none() {
        let moved = |by: f32| {
            Luma::of(160, 112, |x, y| {
                let away = if y % 2 == 1 { by } else { 0.0 };
                scene(x as f32 + away, y as f32)
            })
        };
        assert_eq!(share(&moved(0.0)), 0.0);
        assert!(share(&moved(5.0)) > 0.5, "{}", share(&moved(5.0)));
        assert_eq!(share(&Luma::of(8, 8, |_, _| 1.0)), 0.0);
    }

    #[test]
    fn noise_and_fine_texture_have_no_teeth() {
        let noise = Luma::of(160, 112, |x, y| {
            ((x * 7919 + y * 104_729 + x * y * 31) % 97) as f32 * 2.0
        });
        assert!(share(&noise) < 0.02, "{}", share(&noise));
    }
}
