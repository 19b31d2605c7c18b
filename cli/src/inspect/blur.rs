// SPDX-License-Identifier: MPL-2.0
//! The blur of some frames, each by itself: `ud2m kernel`'s estimate.

use std::path::Path;
use std::time::{Duration, Instant};

use super::spread::Spread;
use crate::kernel::blind::found::{Found, Want, find};
use crate::kernel::blind::plane::Plane;
use crate::kernel::blind::project::offset;
use crate::kernel::output::Described;
use crate::kernel::views;
use crate::media::frames::Frame;

/// Frames of which the blur is estimated at most, and the time after which no other is begun.
const FEW: usize = 3;
const LIMIT: Duration = Duration::from_secs(20);

/// A blur.
pub struct Blur {
    /// That of the frame whose kernel is of middle width.
    pub found: Found,
    /// Root mean square distance of the kernel's mass from its middle, in pixels.
    pub width: Spread,
    pub confidence: Spread,
    /// What the frames cost with their kernels, over what they cost without.
    pub cost: Spread,
}

impl Blur {
    /// That of up to three of the frames, the sharpest of as many parts of the file. Nothing where
    /// none shows an edge, and where `go_on` says no.
    pub fn of(name: &str, frames: &[Frame], go_on: &mut dyn FnMut() -> bool) -> Option<Self> {
        let begun = Instant::now();
        let mut all: Vec<(f64, Found)> = Vec::new();
        for frame in crate::kernel::pick::sharpest(frames, FEW) {
            if begun.elapsed() > LIMIT {
                break;
            }
            // What shows no edge, or too few pixels, has nothing to say.
            let Ok(views) = views::of(name, &[frame], None) else {
                continue;
            };
            let found = find(&views, None, Want::Auto, go_on)?;
            all.push((width(&found.kernel), found));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let widths = Spread::of(all.iter().map(|(width, _)| *width));
        let spread = |f: fn(&Found) -> f64| Spread::of(all.iter().map(|(_, found)| f(found)));
        let (confidence, cost) = (spread(|f| f.confidence), spread(|f| f.cost));
        let middle = all.len() / 2;
        let (_, found) = all.into_iter().nth(middle)?;
        Some(Self {
            found,
            width: widths,
            confidence,
            cost,
        })
    }

    /// Its name, words and numbers; a free kernel is in the file `output`.
    pub fn described(&self, output: &Path) -> Described {
        Described::of(self.found.shape, output)
    }
}

/// Root mean square distance of a kernel's mass from its middle.
fn width(kernel: &Plane) -> f64 {
    let (x0, y0) = offset(kernel);
    let (mut squares, mut sum) = (0.0, 0.0);
    for (i, v) in kernel.data.iter().enumerate() {
        let x = (i % kernel.width) as f64 - (kernel.width / 2) as f64 - x0;
        let y = (i / kernel.width) as f64 - (kernel.height / 2) as f64 - y0;
        squares += f64::from(*v) * (x * x + y * y);
        sum += f64::from(*v);
    }
    (squares / sum.max(1e-12)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::blind::shapes::Shape;

    #[test]
    fn the_width_of_a_kernel_is_that_of_its_shape() {
        let kernel = |shape: Shape| shape.kernel().expect("a kernel");
        // R / sqrt(2), and sqrt(2) sigma.
        let disk = width(&kernel(Shape::Disk { radius: 6.0 }));
        assert!((disk - 6.0 / 2f64.sqrt()).abs() < 0.1, "{disk}");
        let gaussian = width(&kernel(Shape::Gaussian { sigma: 2.0 }));
        assert!((gaussian - 2.0 * 2f64.sqrt()).abs() < 0.1, "{gaussian}");
    }
}
