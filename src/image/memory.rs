// SPDX-License-Identifier: MPL-2.0
//! Memory of the size of frames, asked for so that a refusal ends a frame and not the process
//! (docs/decisions/031-memory.md).
//!
//! A request that is refused unwinds up to [`within_memory`], which turns it into an error. Results
//! in the place of that would go through every function that makes an image.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Bytes that a large request must leave to others: GStreamer and its neighbours end the process
/// when they get none.
const HEADROOM: usize = 32 << 20;
/// Requests of so many bytes are large.
const LARGE: usize = 1 << 20;

/// A request of so many bytes that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory(pub usize);

/// An empty list with memory for exactly `capacity` values.
///
/// Unwinds to [`within_memory`] where there is none.
pub fn reserve<T>(capacity: usize) -> Vec<T> {
    let mut data = Vec::new();
    let bytes = capacity.saturating_mul(size_of::<T>());
    let refused = data.try_reserve_exact(capacity).is_err() || (bytes >= LARGE && !can_hold(0));
    if refused {
        drop(data);
        // Unlike a panic it calls no hook, which would write to standard error.
        resume_unwind(Box::new(OutOfMemory(bytes)));
    }
    data
}

/// `len` times the same value, as [`reserve`] gives memory.
pub fn filled<T: Clone>(len: usize, value: T) -> Vec<T> {
    let mut data = reserve(len);
    data.resize(len, value);
    data
}

/// Empties a list that is kept from frame to frame, and makes room for `capacity` values.
pub fn emptied<T>(data: &mut Vec<T>, capacity: usize) {
    data.clear();
    if data.capacity() < capacity {
        *data = Vec::new();
        *data = reserve(capacity);
    }
}

/// The `len` values of an iterator, to be shared, as [`reserve`] gives memory.
pub fn shared<T>(len: usize, values: impl Iterator<Item = T>) -> Arc<[T]> {
    let bytes = len.saturating_mul(size_of::<T>());
    if bytes >= LARGE && !can_hold(bytes) {
        resume_unwind(Box::new(OutOfMemory(bytes)));
    }
    values.collect()
}

/// Whether there is memory for `bytes` and some for others. It is not kept.
pub fn can_hold(bytes: usize) -> bool {
    let mut probe: Vec<u8> = Vec::new();
    let held = probe.try_reserve_exact(bytes.saturating_add(HEADROOM));
    // Seen by nobody, the request might be left out of the program.
    black_box(&probe);
    held.is_ok()
}

/// What `work` returns, or the request of memory at which it ended.
pub fn within_memory<T>(work: impl FnOnce() -> T) -> Result<T, OutOfMemory> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast() {
        Ok(refused) => *refused,
        Err(other) => resume_unwind(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Image, Scratch};

    /// More values than fit any machine, but not more bytes than an address can count.
    const TOO_MANY: usize = 1 << 55;

    #[test]
    fn a_refused_request_is_an_error_wherever_it_is_made() {
        let refused = Err(OutOfMemory(TOO_MANY * 4));
        let requests: [fn(); 5] = [
            || drop(reserve::<f32>(TOO_MANY)),
            || drop(filled(TOO_MANY, 1.0f32)),
            || drop(shared(TOO_MANY, [1.0f32].into_iter())),
            || drop(Image::new(1, 1, TOO_MANY)),
            || drop(Scratch::<f32>::with_capacity(TOO_MANY)),
        ];
        for request in requests {
            assert_eq!(within_memory(request), refused);
        }
        assert!(!can_hold(TOO_MANY) && !can_hold(usize::MAX));
    }

    #[test]
    fn what_is_granted_is_there() {
        let list = within_memory(|| filled(3, 7u8)).expect("three bytes");
        assert_eq!((list.capacity(), list.as_slice()), (3, &[7, 7, 7][..]));
        assert!(can_hold(1 << 20));
        let mut kept = vec![1, 2];
        emptied(&mut kept, 3);
        assert_eq!((kept.capacity(), kept.len()), (3, 0));
    }

    #[test]
    #[should_panic(expected = "another reason")]
    fn a_panic_for_another_reason_goes_on() {
        let _ = within_memory(|| panic!("another reason"));
    }
}
