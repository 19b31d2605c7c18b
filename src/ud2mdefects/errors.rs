// SPDX-License-Identifier: MPL-2.0
//! What the element posts when a frame cannot be worked on.

use crate::image::OutOfMemory;

/// No memory for the detector's own frames.
pub fn no_memory(OutOfMemory(bytes): OutOfMemory) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::NoSpaceLeft,
        (
            "There is no memory for {} MiB more to look for defects: free memory, or make the \
             frames smaller.",
            bytes.div_ceil(1 << 20)
        )
    )
}
