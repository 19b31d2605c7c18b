// SPDX-License-Identifier: MPL-2.0
//! What is wrong, by what was found. The numbers were chosen on photographs of the training set
//! with damage of known size (docs/results/inspect.md).

use super::blur::Blur;
use super::coded::Coded;
use super::summary::Summary;

/// Noise from which on its removal pays, of full scale, all of it or that of chroma. Of 30
/// photographs 5 have texture that is taken for so much; where cameras, JPEG and filters left noise
/// of 0.01 to 0.03, 67 of 90 are found.
const NOISE: f64 = 0.008;
/// Share of the blocks that the steps of a JPEG explain, and the best quality whose restoration
/// pays.
const FIT: f64 = 0.5;
const QUALITY: f64 = 85.0;
/// Strength of a grid from which on blocks show.
const GRID: f64 = 0.2;
/// Share of the parts with teeth from which on frames hold two fields.
const COMBED: f64 = 0.02;
/// Width of a kernel, its root mean square, from which on a picture is blurred.
const WIDTH: f64 = 1.0;
/// What a picture costs with a kernel of blur at most, over what it costs without.
const COST: f64 = 0.97;
/// How sure a kernel must be, and the share of the edges that it may leave unexplained.
const CONFIDENCE: f64 = 0.4;
const RESIDUAL: f64 = 0.65;
/// Share of the picture without detail at black or at white that is told.
const CLIPPED: f64 = 0.02;

/// Something that is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Its caps tell of two fields.
    Interlaced,
    /// Two fields in frames that are told to be one.
    Combing,
    Jpeg,
    Noise,
    Blur,
    Blocks,
    Bars,
    Clipping,
}

impl Finding {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interlaced => "interlaced",
            Self::Combing => "combing",
            Self::Jpeg => "jpeg",
            Self::Noise => "noise",
            Self::Blur => "blur",
            Self::Blocks => "blocks",
            Self::Bars => "bars",
            Self::Clipping => "clipping",
        }
    }
}

/// What is wrong, the first to be mended first.
pub fn of(summary: &Summary, blur: Option<&Blur>, coded: &Coded) -> Vec<Finding> {
    let jpeg = was_jpeg(summary, coded);
    let told = coded.header.filter(|_| !jpeg && coded.is_jpeg);
    let coarse = match told {
        // Blocks that tell nothing of their steps, which the header tells all the same.
        Some(header) => f64::from(header.luma) <= QUALITY,
        None => jpeg && summary.quality.median <= QUALITY,
    };
    let combed = !summary.has_fields && summary.combed.median >= COMBED;
    // What two fields did to the other figures is not known.
    let whole = !combed && !summary.has_fields;
    let all = [
        (Finding::Interlaced, summary.has_fields),
        (Finding::Combing, combed),
        (Finding::Jpeg, whole && coarse),
        (
            Finding::Noise,
            whole && !coarse && summary.noise.median.max(summary.chroma.median) >= NOISE,
        ),
        (Finding::Blur, whole && blur.is_some_and(is_blurred)),
        (
            Finding::Blocks,
            whole && !jpeg && !coded.is_jpeg && summary.grid.median >= GRID,
        ),
        (Finding::Bars, !summary.bars.is_empty()),
        (
            Finding::Clipping,
            summary.black.median >= CLIPPED || summary.white.median >= CLIPPED,
        ),
    ];
    let found = all.into_iter().filter(|(_, found)| *found);
    found.map(|(finding, _)| finding).collect()
}

/// Whether frames were compressed by JPEG, once. What a codec leaves is none of it.
pub fn was_jpeg(summary: &Summary, coded: &Coded) -> bool {
    (coded.is_jpeg || !coded.is_lossy)
        && summary.fit.median >= FIT
        && summary.quality.median < 100.0
}

/// Whether a kernel is that of a blur, and not of what else a picture shows.
pub fn is_blurred(blur: &Blur) -> bool {
    blur.width.median >= WIDTH
        && blur.cost.median <= COST
        && blur.confidence.median >= CONFIDENCE
        && blur.found.residual <= RESIDUAL
}
