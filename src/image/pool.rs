// SPDX-License-Identifier: MPL-2.0
//! Memory that goes from one image to the next: a stream whose frames are all alike allocates none any more.
//!
//! While a [`Pool`] is entered on a thread, images take their memory from it and leave it there when they are dropped;
//! otherwise it comes from the allocator and goes back there. What no frame takes for a while is given back too.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::Mutex;

/// For how many frames a buffer may lie unused.
const IDLE: u64 = 2;

thread_local! {
    static CURRENT: RefCell<Option<Pool>> = const { RefCell::new(None) };
}

/// The buffers of one stream that no image holds now. A clone is the same pool.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Shelves>>);

/// Unused buffers, those left last at the end.
#[derive(Default)]
pub struct Shelves {
    frame: u64,
    values: Vec<Unused<f32>>,
    indices: Vec<Unused<u32>>,
    ranked: Vec<Unused<(f32, u32)>>,
}

/// A buffer, and the frame in which it was left.
pub struct Unused<T> {
    since: u64,
    data: Vec<T>,
}

/// Ends the time in which a pool is the thread's when it is dropped.
pub struct Entered {
    before: Option<Pool>,
    /// Bound to its thread.
    here: PhantomData<*const ()>,
}

impl Pool {
    /// Makes this the pool of the thread's images.
    pub fn enter(&self) -> Entered {
        let mine = Some(self.clone());
        let before = CURRENT.try_with(|current| current.replace(mine));
        Entered {
            before: before.unwrap_or_default(),
            here: PhantomData,
        }
    }

    /// A frame begins: frees what the last frames did not take, as they are of another size or restored in another way.
    pub fn next_frame(&self) {
        let mut shelves = self.0.lock();
        shelves.frame += 1;
        let oldest = shelves.frame.saturating_sub(IDLE);
        shelves.values.retain(|b| b.since >= oldest);
        shelves.indices.retain(|b| b.since >= oldest);
        shelves.ranked.retain(|b| b.since >= oldest);
    }

    /// Frees all that no image holds.
    pub fn clear(&self) {
        let mut shelves = self.0.lock();
        let frame = shelves.frame;
        *shelves = Shelves {
            frame,
            ..Shelves::default()
        };
    }

    /// Bytes that no image holds now.
    pub fn unused(&self) -> usize {
        fn bytes<T>(shelf: &[Unused<T>]) -> usize {
            let values: usize = shelf.iter().map(|b| b.data.capacity()).sum();
            values * size_of::<T>()
        }
        let shelves = self.0.lock();
        bytes(&shelves.values) + bytes(&shelves.indices) + bytes(&shelves.ranked)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // At the end of a thread there may be nothing left to return to.
        let _ = CURRENT.try_with(|current| current.replace(before));
    }
}

/// What buffers hold; each kind has a shelf of its own.
pub trait Kind: Copy {
    fn shelf(shelves: &mut Shelves) -> &mut Vec<Unused<Self>>;
}

impl Kind for f32 {
    fn shelf(shelves: &mut Shelves) -> &mut Vec<Unused<Self>> {
        &mut shelves.values
    }
}

impl Kind for u32 {
    fn shelf(shelves: &mut Shelves) -> &mut Vec<Unused<Self>> {
        &mut shelves.indices
    }
}

impl Kind for (f32, u32) {
    fn shelf(shelves: &mut Shelves) -> &mut Vec<Unused<Self>> {
        &mut shelves.ranked
    }
}

/// Something done with the shelves of the thread's pool, where it has one.
fn with_shelves<R>(work: impl FnOnce(&mut Shelves) -> R) -> Option<R> {
    let with = |current: &RefCell<Option<Pool>>| {
        let current = current.try_borrow().ok()?;
        Some(work(&mut current.as_ref()?.0.lock()))
    };
    CURRENT.try_with(with).ok().flatten()
}

/// An empty buffer for exactly `capacity` values: streams take the same sizes again and again, and a larger one would
/// be missing where it belongs.
pub fn take<T: Kind>(capacity: usize) -> Vec<T> {
    let unused = with_shelves(|shelves| {
        let shelf = T::shelf(shelves);
        let at = shelf.iter().rposition(|b| b.data.capacity() == capacity)?;
        // Those left last are taken first, so that what is too much is never taken and grows old.
        Some(shelf.remove(at).data)
    });
    unused
        .flatten()
        .unwrap_or_else(|| Vec::with_capacity(capacity))
}

/// Leaves a buffer to the thread's pool.
pub fn leave<T: Kind>(mut data: Vec<T>) {
    if data.capacity() > 0 {
        data.clear();
        with_shelves(|shelves| {
            let since = shelves.frame;
            T::shelf(shelves).push(Unused { since, data });
        });
    }
}

/// A list for a short while, whose memory is the pool's.
pub struct Scratch<T: Kind>(Vec<T>);

impl<T: Kind> Scratch<T> {
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

impl<T: Kind> Drop for Scratch<T> {
    fn drop(&mut self) {
        leave(mem::take(&mut self.0));
    }
}

impl<T: Kind> Deref for Scratch<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Kind> DerefMut for Scratch<T> {
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
