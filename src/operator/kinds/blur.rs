// SPDX-License-Identifier: MPL-2.0
//! Blur: y = h * x, observed inside the frame only.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use smallvec::smallvec;

use super::Kind;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Image, Window};
use crate::operator::Canvas;
use crate::operator::canvas::{crossfade, part};
use crate::operator::fft::{Convolver, otf};
use crate::operator::kernel::{Kernel, Psf};
use crate::operator::physics::Physics;
use crate::operator::unobserved::{Peak, Search, Slopes};

/// Narrowest margin, in pixels: even a small kernel's inverse rings this far.
const MARGIN: usize = 16;

/// Blur by a kernel, which is made or read to be checked.
pub(super) fn kind(kernel: &Kernel) -> Kind<'_> {
    let graph = GraphSpec::new("blur", 1)
        .input("otf", &[Some(2), None, None])
        .input("mask", &[None, Some(1), None, None]);
    let build = |width, height| Ok(Blur::new(kernel.psf()?, width, height));
    Kind::new(graph, build).checked(|| kernel.psf().map(drop))
}

/// Circular convolution with a point spread function.
struct Blur {
    psf: Psf,
    /// Width and height of the frame.
    size: (usize, usize),
    /// For the frame's own size; made at its first use.
    convolver: OnceLock<Convolver>,
    /// By width and height of the window.
    otfs: HashMap<(usize, usize), Arc<[f32]>>,
    /// How steeply a blurred image can fall away from the range's end.
    slopes: Slopes,
    /// By how much a pixel of a blurred image can stand out.
    peak: Peak,
    /// 1 where the frame is observed; `None` where all of it is.
    observed: Option<Image>,
}

impl Blur {
    /// For frames of `width` x `height`.
    fn new(psf: Psf, width: usize, height: usize) -> Self {
        Self {
            slopes: Slopes::of(&psf),
            peak: Peak::of(&psf),
            psf,
            size: (width, height),
            convolver: OnceLock::new(),
            otfs: HashMap::new(),
            observed: None,
        }
    }

    fn convolve(&self, x: &Image, transpose: bool) -> Image {
        let own = self
            .convolver
            .get_or_init(|| Convolver::new(&self.psf, self.size.0, self.size.1));
        let other;
        let convolver = if own.fits(x.width, x.height) {
            own
        } else {
            other = Convolver::new(&self.psf, x.width, x.height);
            &other
        };
        let mut out = x.clone();
        (0..x.channels).for_each(|c| convolver.run(out.plane_mut(c), transpose));
        out
    }

    /// 1 where the window holds what a blur that wraps at its edges would have made of the image:
    /// observed, inside the frame, and away from the window's edges by the blended `band` and by
    /// the kernel's radius, at most a quarter of a side.
    fn observed_mask(&self, canvas: &Canvas, window: Window, band: usize) -> Image {
        let mut mask = Image::new(1, window.height, window.width);
        let along = |frame: usize, len: usize, from: usize, side: usize| {
            let inset = band.max(self.psf.radius()).min(side / 4).max(1);
            let first = frame.max(from + inset) - from;
            first..(frame + len).min(from + side - inset).saturating_sub(from)
        };
        let columns = along(canvas.x, canvas.frame_width, window.x, window.width);
        for row in along(canvas.y, canvas.frame_height, window.y, window.height) {
            let Some(inner) = mask.row_mut(0, row).get_mut(columns.clone()) else {
                continue;
            };
            match &self.observed {
                Some(observed) if !inner.is_empty() => {
                    let from = window.x + columns.start - canvas.x;
                    let observed = &observed.row(0, window.y + row - canvas.y)[from..];
                    inner.copy_from_slice(&observed[..inner.len()]);
                }
                _ => inner.fill(1.0),
            }
        }
        mask
    }
}

impl Physics for Blur {
    fn twin(&self) -> Box<dyn Physics> {
        Box::new(Self {
            psf: self.psf.clone(),
            size: self.size,
            convolver: OnceLock::new(),
            otfs: self.otfs.clone(),
            slopes: self.slopes.clone(),
            peak: self.peak,
            observed: None,
        })
    }

    fn remarks(&self) -> &[String] {
        &self.psf.remarks
    }

    fn margin(&self) -> usize {
        MARGIN.max(2 * self.psf.radius() + 8)
    }

    fn search(&self) -> Search<'_> {
        Search::All(&self.slopes, self.peak)
    }

    fn set_observed(&mut self, mask: Option<&Image>) {
        self.observed = mask.cloned();
    }

    fn tensors(&mut self, observed: &Image, canvas: &Canvas, window: Window) -> Tensors {
        let mut y = part(observed, window, 1);
        // The whole margin is blended: a narrower band is a sharp edge to the inverse, which rings
        // into the frame before the mask can mend it. Small tiles overlap by half of their side at
        // most, and hide an eighth of it.
        let hidden = window.width.min(window.height) / 8;
        let band = self.margin().min(hidden);
        crossfade(&mut y, band);
        let (width, height) = (window.width, window.height);
        let data = self
            .otfs
            .entry((width, height))
            .or_insert_with(|| otf(&self.psf, width, height));
        let transfer = Tensor::shared("otf", &[2, height, width], data);
        let mask = Tensor::own("mask", self.observed_mask(canvas, window, band));
        smallvec![Tensor::own("y", y), transfer, mask]
    }

    fn apply(&self, x: &Image) -> Image {
        self.convolve(x, false)
    }

    fn adjoint(&self, y: &Image) -> Image {
        self.convolve(y, true)
    }

    fn edge(&self) -> usize {
        self.psf.radius()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blur(size: usize) -> Blur {
        Blur::new(Kernel::Uniform { size }.psf().unwrap(), 100, 60)
    }

    /// First and last row and column that are observed, and how many pixels.
    fn observed(blur: &Blur, window: Window, band: usize) -> ([usize; 4], usize) {
        let canvas = Canvas::new(100, 60, blur.margin(), 16);
        let mask = blur.observed_mask(&canvas, window, band);
        let ones = (0..mask.height).flat_map(|y| (0..mask.width).map(move |x| (y, x)));
        let ones: Vec<_> = ones.filter(|&(y, x)| mask.row(0, y)[x] == 1.0).collect();
        let rows = ones.iter().map(|p| p.0);
        let columns = ones.iter().map(|p| p.1);
        let ends = [
            rows.clone().min(),
            rows.max(),
            columns.clone().min(),
            columns.max(),
        ];
        (ends.map(|end| end.unwrap_or_default()), ones.len())
    }

    #[test]
    fn of_a_whole_canvas_the_frame_is_observed() {
        let blur = blur(9);
        let canvas = Canvas::new(100, 60, blur.margin(), 16);
        let whole = Window {
            x: 0,
            y: 0,
            width: canvas.width,
            height: canvas.height,
        };
        let margin = blur.margin();
        let frame = [margin, margin + 59, margin, margin + 99];
        assert_eq!(observed(&blur, whole, margin), (frame, 6000));
    }

    #[test]
    fn of_a_tile_what_neither_fades_nor_leans_on_the_outside_is_observed() {
        let tile = Window {
            x: 32,
            y: 32,
            width: 48,
            height: 32,
        };
        assert_eq!(observed(&blur(3), tile, 4), ([4, 27, 4, 43], 24 * 40));
        assert_eq!(observed(&blur(15), tile, 4), ([7, 24, 7, 40], 18 * 34));
        assert_eq!(observed(&blur(31), tile, 4), ([8, 23, 12, 35], 16 * 24));
    }

    #[test]
    fn what_the_frame_does_not_show_is_not_observed() {
        let mut blur = blur(3);
        let mut shown = Image::filled(1, 60, 100, 1.0);
        shown.row_mut(0, 20)[30..34].fill(0.0);
        blur.set_observed(Some(&shown));
        let canvas = Canvas::new(100, 60, blur.margin(), 16);
        let tile = Window {
            x: 32,
            y: 32,
            width: 48,
            height: 32,
        };
        let mask = blur.observed_mask(&canvas, tile, 4);
        assert_eq!(mask.data.iter().sum::<f32>(), 24.0 * 40.0 - 4.0);
        let (x, y) = (canvas.x + 30 - tile.x, canvas.y + 20 - tile.y);
        assert_eq!(mask.row(0, y)[x..x + 4], [0.0; 4]);
    }

    #[test]
    fn of_a_window_outside_the_frame_nothing_is_observed() {
        let outside = Window {
            x: 0,
            y: 0,
            width: 16,
            height: 16,
        };
        assert_eq!(observed(&blur(9), outside, 2), ([0; 4], 0));
    }
}
