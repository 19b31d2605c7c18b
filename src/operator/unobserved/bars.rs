// SPDX-License-Identifier: MPL-2.0
//! Constant bars at the frame's edges: letterbox, pillarbox, mattes, black columns of analogue
//! video.
//!
//! A bar was put over the picture, so nothing of the scene is seen in it. It ends in a step that
//! stands by itself: the lines before it are of one colour, those after it go on smoothly. A flat
//! part of the picture ends in no such step where the picture was blurred, and in a straight one
//! across the whole frame hardly ever.

use smallvec::SmallVec;

use super::lines::Lines;
use crate::image::{Image, Window};

/// Lines of bars at each edge of a frame, in pixels. The columns of the sides are those between the
/// upper and the lower bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

impl Bars {
    /// The bars of a frame in [-1, 1].
    pub fn find(frame: &Image) -> Self {
        let (top, bottom) = Lines::rows(frame).bars();
        let (left, right) = Lines::columns(frame, top, bottom).bars();
        Self {
            top,
            bottom,
            left,
            right,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The part of a frame of `width` x `height` that no bar covers.
    pub fn picture(&self, width: usize, height: usize) -> Window {
        Window {
            x: self.left,
            y: self.top,
            width: width - self.left - self.right,
            height: height - self.top - self.bottom,
        }
    }

    /// The bars as rectangles that do not overlap.
    pub fn windows(&self, width: usize, height: usize) -> SmallVec<[Window; 4]> {
        let picture = self.picture(width, height);
        let window = |x, y, width, height| Window {
            x,
            y,
            width,
            height,
        };
        let right = width - self.right;
        [
            window(0, 0, width, self.top),
            window(0, height - self.bottom, width, self.bottom),
            window(0, picture.y, self.left, picture.height),
            window(right, picture.y, self.right, picture.height),
        ]
        .into_iter()
        .filter(|w| w.width * w.height > 0)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::{noise, textured};

    /// A textured picture with bars of one colour.
    fn barred(bars: Bars, colour: f32) -> Image {
        let mut frame = textured(90, 120);
        for window in bars.windows(120, 90) {
            for c in 0..3 {
                for y in window.y..window.y + window.height {
                    frame.row_mut(c, y)[window.x..window.x + window.width].fill(colour);
                }
            }
        }
        frame
    }

    const LETTERBOX: Bars = Bars {
        top: 12,
        bottom: 11,
        left: 0,
        right: 0,
    };

    #[test]
    fn bars_are_found_at_each_edge_in_any_colour() {
        let window_box = Bars {
            left: 7,
            right: 20,
            ..LETTERBOX
        };
        let pillar_box = Bars {
            left: 1,
            right: 40,
            ..Bars::default()
        };
        for bars in [LETTERBOX, window_box, pillar_box] {
            for colour in [-1.0, 1.0, -0.87] {
                assert_eq!(Bars::find(&barred(bars, colour)), bars, "{colour}");
            }
        }
    }

    #[test]
    fn a_little_noise_a_mixed_line_and_text_do_not_hide_a_bar() {
        let mut frame = barred(LETTERBOX, -1.0);
        let noise = noise(3, 90, 120);
        let pairs = frame.data.iter_mut().zip(&noise.data);
        pairs.for_each(|(v, n)| *v += 0.02 * n);
        assert_eq!(Bars::find(&frame), LETTERBOX);
        let clean = textured(90, 120);
        let mut frame = barred(LETTERBOX, -1.0);
        for c in 0..3 {
            for (v, clean) in frame.row_mut(c, 11).iter_mut().zip(clean.row(c, 11)) {
                *v = 0.5 * (clean - 1.0);
            }
            for y in 82..86 {
                frame.row_mut(c, y)[40..70].fill(0.9);
            }
        }
        assert_eq!(Bars::find(&frame), LETTERBOX);
    }

    #[test]
    fn flat_parts_of_a_picture_are_no_bars() {
        assert!(Bars::find(&textured(90, 120)).is_empty());
        assert!(Bars::find(&Image::filled(3, 60, 80, -1.0)).is_empty());
        assert!(Bars::find(&Image::filled(3, 1, 1, 0.0)).is_empty());
        // A flat sky that ends softly, as in a blurred picture, and one behind a tower.
        let soft = Image::from_fn(3, 60, 80, |_, y, x| {
            let ground = 0.3 * ((x as f32) * 0.4).sin();
            let share = 1.0 / (1.0 + (-(y as f32 - 30.0)).exp());
            0.9 + share * (ground - 0.9)
        });
        assert!(Bars::find(&soft).is_empty());
        let tower = Image::from_fn(3, 60, 80, |_, y, x| {
            if y > 20 && (30..40).contains(&x) || y > 40 + x / 8 {
                -0.5
            } else {
                1.0
            }
        });
        assert!(Bars::find(&tower).is_empty());
    }
}
