// SPDX-License-Identifier: MPL-2.0
//! What is said where the steps that are assumed do not explain a frame.

use super::tables::Compression;

/// Share of the blocks that the steps must explain not to be in doubt.
const DOUBTED: f32 = 0.25;
/// What is said of frames without the traces of a JPEG.
const NO_BLOCKS: &str = "The frames show no JPEG blocks that begin at their corner, so that \
     quality 100 is assumed and little changes: restore before scaling, cropping and filtering, or \
     choose another task.";

/// A warning where `assumed`, which was `estimated` from the frame or told, is in doubt. `found` is
/// what the frame shows.
pub fn sentence(
    assumed: &Compression,
    estimated: bool,
    found: impl FnOnce() -> Compression,
) -> Option<String> {
    let Compression { quality, fit, .. } = *assumed;
    if fit >= DOUBTED {
        return None;
    }
    if estimated {
        return (!assumed.is_any()).then(|| NO_BLOCKS.to_owned());
    }
    let (found, percent) = (found(), 100.0 * fit);
    Some(if found.fit > DOUBTED {
        format!(
            "The frames were not compressed as jpeg-quality={quality} says: its steps explain \
             {percent:.0} % of the blocks, and others, nearest to quality {}, explain {:.0} %: set \
             jpeg-quality=0.",
            found.quality,
            100.0 * found.fit
        )
    } else {
        format!(
            "The steps of jpeg-quality={quality} explain {percent:.0} % of the blocks, and no \
             others explain more: restore before scaling, cropping and filtering, and check \
             jpeg-subsampling."
        )
    })
}
