// SPDX-License-Identifier: MPL-2.0
//! Memory that goes from one image to the next, so that frames of one size allocate nothing
//! (docs/decisions/023-steady-memory.md).
//!
//! While a [`Pool`] is entered on a thread, images take their memory from it and return it there
//! when they are dropped. Otherwise the memory comes from the allocator and goes back to it.
//! Buffers that no frame takes for a while go back too.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::Mutex;

use super::memory::reserve;

/// How many frames a buffer may stay unused.
const IDLE: u64 = 2;

thread_local! {
    static CURRENT: RefCell<Option<Pool>> = const { RefCell::new(None) };
}

/// The free buffers of one stream. A clone is the same pool.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<FreeLists>>);

/// Free buffers by type, those returned last at the end.
#[derive(Default)]
pub struct FreeLists {
    frame: u64,
    values: Vec<Free<f32>>,
    indices: Vec<Free<u32>>,
    ranked: Vec<Free<(f32, u32)>>,
}

/// A free buffer, and the frame in which it was returned.
pub struct Free<T> {
    since: u64,
    data: Vec<T>,
}

/// Makes the pool before the thread's again when it is dropped.
pub struct PoolGuard {
    before: Option<Pool>,
    /// Bound to its thread.
    here: PhantomData<*const ()>,
}

impl Pool {
    /// Makes this the pool of the thread's images until the guard is dropped.
    pub fn enter(&self) -> PoolGuard {
        let mine = Some(self.clone());
        let before = CURRENT.try_with(|current| current.replace(mine));
        PoolGuard {
            before: before.unwrap_or_default(),
            here: PhantomData,
        }
    }

    /// Marks the start of a frame, and frees the buffers that the last frames did not take.
    pub fn next_frame(&self) {
        let mut lists = self.0.lock();
        lists.frame += 1;
        let oldest = lists.frame.saturating_sub(IDLE);
        lists.values.retain(|b| b.since >= oldest);
        lists.indices.retain(|b| b.since >= oldest);
        lists.ranked.retain(|b| b.since >= oldest);
    }

    /// Frees all buffers that no image holds.
    pub fn clear(&self) {
        let mut lists = self.0.lock();
        let frame = lists.frame;
        *lists = FreeLists {
            frame,
            ..FreeLists::default()
        };
    }

    /// Bytes of the buffers that no image holds.
    pub fn unused(&self) -> usize {
        fn bytes<T>(list: &[Free<T>]) -> usize {
            let values: usize = list.iter().map(|b| b.data.capacity()).sum();
            values * size_of::<T>()
        }
        let lists = self.0.lock();
        bytes(&lists.values) + bytes(&lists.indices) + bytes(&lists.ranked)
    }
}

impl Drop for PoolGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        // While a thread ends, its pool may be gone already.
        let _ = CURRENT.try_with(|current| current.replace(before));
    }
}

/// A type that buffers hold; each has a list of its own.
pub trait Pooled: Copy {
    fn list(lists: &mut FreeLists) -> &mut Vec<Free<Self>>;
}

impl Pooled for f32 {
    fn list(lists: &mut FreeLists) -> &mut Vec<Free<Self>> {
        &mut lists.values
    }
}

impl Pooled for u32 {
    fn list(lists: &mut FreeLists) -> &mut Vec<Free<Self>> {
        &mut lists.indices
    }
}

impl Pooled for (f32, u32) {
    fn list(lists: &mut FreeLists) -> &mut Vec<Free<Self>> {
        &mut lists.ranked
    }
}

/// Does `work` with the lists of the thread's pool, where it has one.
fn with_lists<R>(work: impl FnOnce(&mut FreeLists) -> R) -> Option<R> {
    let with = |current: &RefCell<Option<Pool>>| {
        let current = current.try_borrow().ok()?;
        Some(work(&mut current.as_ref()?.0.lock()))
    };
    CURRENT.try_with(with).ok().flatten()
}

/// An empty buffer for exactly `capacity` values. Streams take the same sizes again and again; a
/// larger buffer would be missing where its own size is taken. Where there is no memory it unwinds
/// to [`super::within_memory`].
pub fn take<T: Pooled>(capacity: usize) -> Vec<T> {
    let unused = with_lists(|lists| {
        let list = T::list(lists);
        let at = list.iter().rposition(|b| b.data.capacity() == capacity)?;
        // Those returned last are taken first, so that what is too many stays unused and is freed.
        Some(list.remove(at).data)
    });
    unused.flatten().unwrap_or_else(|| reserve(capacity))
}

/// Returns a buffer to the thread's pool.
pub fn give_back<T: Pooled>(mut data: Vec<T>) {
    if data.capacity() > 0 {
        data.clear();
        with_lists(|lists| {
            let since = lists.frame;
            T::list(lists).push(Free { since, data });
        });
    }
}

/// A list of values whose memory is the pool's.
pub struct Scratch<T: Pooled>(Vec<T>);

impl<T: Pooled> Scratch<T> {
    /// An empty list for up to `capacity` values.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(take(capacity))
    }

    /// `len` times the same value.
    pub fn filled(len: usize, value: T) -> Self {
        let mut data = take(len);
        data.resize(len, value);
        Self(data)
    }

    /// The values of an iterator that gives up to `capacity` of them.
    pub fn collected(capacity: usize, values: impl Iterator<Item = T>) -> Self {
        let mut data = take(capacity);
        data.extend(values);
        Self(data)
    }
}

impl<T: Pooled> Drop for Scratch<T> {
    fn drop(&mut self) {
        give_back(mem::take(&mut self.0));
    }
}

impl<T: Pooled> Deref for Scratch<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Pooled> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;

    #[test]
    fn an_image_takes_the_memory_of_the_one_before() {
        let pool = Pool::default();
        let _entered = pool.enter();
        let first = Image::filled(3, 4, 5, 0.5);
        let memory = first.data.as_ptr();
        drop(first);
        assert_eq!(pool.unused(), 240);
        let second = Image::new(2, 6, 5);
        assert_eq!((second.data.as_ptr(), pool.unused()), (memory, 0));
        assert_eq!(second, Image::filled(2, 6, 5, 0.0));
        assert_ne!(Image::new(2, 6, 6).data.as_ptr(), memory);
    }

    #[test]
    fn what_no_frame_takes_is_freed() {
        let pool = Pool::default();
        let entered = pool.enter();
        drop((Image::new(3, 8, 8), Image::new(1, 8, 8)));
        for _ in 0..5 {
            pool.next_frame();
            drop(Image::new(1, 8, 8));
        }
        assert_eq!(pool.unused(), 256);
        pool.clear();
        assert_eq!(pool.unused(), 0);
        drop(entered);
        drop(Image::new(1, 8, 8));
        assert_eq!(pool.unused(), 0);
    }

    #[test]
    fn the_pool_before_returns_where_one_ends() {
        let (outer, inner) = (Pool::default(), Pool::default());
        let _outer = outer.enter();
        {
            let _inner = inner.enter();
            drop(Scratch::filled(3, 1u32));
        }
        drop(Scratch::filled(5, 1.0f32));
        assert_eq!((outer.unused(), inner.unused()), (20, 12));
    }
}
