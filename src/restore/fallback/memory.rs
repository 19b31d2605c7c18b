// SPDX-License-Identifier: MPL-2.0
//! Memory that is missing: an error before the first frame where that can be known, else one for
//! the frame (docs/decisions/031-memory.md).

use std::fs;

use crate::error::RestoreError;
use crate::image::{OutOfMemory, can_hold, within_memory};

/// Bytes of an image for each pixel.
const IMAGE: usize = 3 * size_of::<f32>();
/// Images of the output's size that exist at the height of a frame, beside one for each of the K
/// noises: frame, observation, initial estimate, state, estimate, blend, and a noise being drawn.
const IMAGES: usize = 7;
/// Bytes in a mebibyte.
const MEBI: usize = 1 << 20;

/// What `work` returns; an error where it asks for memory that there is not.
pub fn guarded<T, E: From<RestoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    within_memory(work).unwrap_or_else(|refused| Err(RestoreError::from(refused).into()))
}

impl From<OutOfMemory> for RestoreError {
    fn from(OutOfMemory(bytes): OutOfMemory) -> Self {
        Self::Memory(format!(
            "There is no memory for {} MiB more: free memory, or make the frames smaller.",
            bytes.div_ceil(MEBI)
        ))
    }
}

/// Bytes that restoring a frame takes at least, for an output of `width` x `height` pixels and a
/// graph of `iterations`, beside the network's own.
pub fn estimate(width: usize, height: usize, iterations: usize) -> usize {
    let images = IMAGES.saturating_add(iterations);
    let pixels = width.saturating_mul(height);
    pixels.saturating_mul(images.saturating_mul(IMAGE))
}

/// An error where `count` frames of `width` x `height`, which take so many bytes each, cannot be
/// held at once.
pub fn check(
    bytes: usize,
    (width, height): (usize, usize),
    count: usize,
) -> Result<(), RestoreError> {
    let bytes = bytes.saturating_mul(count);
    let free = free().unwrap_or(usize::MAX);
    if bytes <= free && can_hold(bytes) {
        return Ok(());
    }
    let found = if bytes > free {
        format!("{} MiB are free", free / MEBI)
    } else {
        "the process may not have so much".to_owned()
    };
    let (frames, remedy) = match count {
        0 | 1 => ("frames".to_owned(), ""),
        count => (
            format!("{count} frames at once,"),
            "set frames-in-flight to 1, ",
        ),
    };
    Err(RestoreError::Memory(format!(
        "Restoring {frames} of {width}x{height} pixels takes {} MiB of memory at least and \
         {found}: {remedy}make the frames smaller, or free memory.",
        bytes.div_ceil(MEBI)
    )))
}

/// Bytes that the machine has free, or that the process's control group may have; `None` where
/// neither is known. What the process itself may address is not among it.
fn free() -> Option<usize> {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| available(&text));
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let group = group.as_deref().and_then(limit);
    machine.into_iter().chain(group).min()
}

/// Bytes of `/proc/meminfo` that can be had without harm to others, with what can be swapped.
fn available(text: &str) -> Option<usize> {
    let kilobytes = |name: &str| -> Option<usize> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let swap = kilobytes("SwapFree:").unwrap_or(0);
    Some(
        kilobytes("MemAvailable:")?
            .saturating_add(swap)
            .saturating_mul(1024),
    )
}

/// The limit of the control group that `/proc/self/cgroup` names, in bytes.
fn limit(groups: &str) -> Option<usize> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"));
    // Within a container the own group is the root that is seen.
    let files = [
        own.map(|group| format!("/sys/fs/cgroup/{group}/memory.max")),
        Some("/sys/fs/cgroup/memory.max".to_owned()),
        Some("/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned()),
    ];
    let read = |file: String| fs::read_to_string(file).ok()?.trim().parse().ok();
    files.into_iter().flatten().find_map(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    #[test]
    fn a_refused_image_is_an_error_that_says_how_much_was_missing() {
        let work = || Ok::<_, RestoreError>(Image::new(1 << 20, 1 << 20, 1 << 20));
        let error = guarded(work).expect_err("no machine has so much");
        assert!(matches!(error, RestoreError::Memory(_)), "{error}");
        assert!(error.to_string().contains("free memory"), "{error}");
    }

    #[test]
    fn a_frame_that_no_machine_holds_is_refused_with_what_it_takes() {
        assert_eq!(estimate(1280, 720, 3), 1280 * 720 * 120);
        assert_eq!(estimate(usize::MAX, 2, 3), usize::MAX);
        assert_eq!(check(estimate(64, 48, 3), (64, 48), 2), Ok(()));
        let error = check(usize::MAX / 2, (16384, 16384), 1)
            .expect_err("too much")
            .to_string();
        assert!(
            error.contains("16384x16384") && error.contains("free"),
            "{error}"
        );
        let least = usize::MAX / 1024;
        let error = check(least, (64, 48), 1024).expect_err("too many");
        let error = error.to_string();
        assert!(
            error.contains("1024 frames at once") && error.contains("frames-in-flight"),
            "{error}"
        );
    }

    #[test]
    fn what_is_free_is_read_from_the_system() {
        let text = "MemTotal: 9 kB\nMemAvailable:     100 kB\nSwapFree:   20 kB\n";
        assert_eq!(available(text), Some(120 * 1024));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
        assert!(free().is_none_or(|bytes| bytes > MEBI));
    }
}
