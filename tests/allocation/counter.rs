// SPDX-License-Identifier: MPL-2.0
//! An allocator that records who asks for memory on a thread, while it is switched on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Where this crate's sources lie.
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
/// Parts of the paths of the crates that it calls. Their requests are not counted as ours.
const OTHERS: [&str; 5] = ["/ort-", "/glib-", "/gstreamer", "/rayon-", "/crossbeam-"];
/// As many are kept as make a message.
const KEPT: usize = 100_000;

/// The system's allocator, which it leaves all work to.
struct Recorder;

#[global_allocator]
static RECORDER: Recorder = Recorder;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Vec<(usize, Backtrace)>> = const { RefCell::new(Vec::new()) };
}

// SAFETY: every call is handed on as it came, and recording never unwinds into the caller.
unsafe impl GlobalAlloc for Recorder {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        record(layout.size());
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        record(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        record(size);
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// Records one request. What recording itself asks for is left out.
fn record(size: usize) {
    // A thread that ends has no flag any more.
    let on = ON.try_with(|on| on.replace(false)).unwrap_or(false);
    if !on {
        return;
    }
    SEEN.with_borrow_mut(|seen| {
        if seen.len() < KEPT {
            seen.push((size, Backtrace::force_capture()));
        }
    });
    ON.set(true);
}

/// Runs `work`; where this crate asked for memory meanwhile on this thread: place, times, bytes.
pub fn ours(work: impl FnOnce()) -> BTreeMap<String, (usize, usize)> {
    ON.set(true);
    work();
    ON.set(false);
    let mut places = BTreeMap::new();
    for (size, trace) in SEEN.take() {
        if let Some(place) = place(&trace.to_string()) {
            let (times, bytes) = places.entry(place).or_insert((0, 0));
            *times += 1;
            *bytes += size;
        }
    }
    places
}

/// The innermost frame of a trace that belongs to one of the crates, if that one is ours: file,
/// line and function.
fn place(trace: &str) -> Option<String> {
    let mut symbol = "";
    for line in trace.lines().map(str::trim) {
        let Some(file) = line.strip_prefix("at ") else {
            symbol = line.split_once(": ").map_or(line, |(_, symbol)| symbol);
            continue;
        };
        let ours = file.starts_with("./src/") || file.starts_with(OURS);
        if ours || OTHERS.iter().any(|name| file.contains(name)) {
            return ours.then(|| format!("{file} {symbol}"));
        }
    }
    None
}

#[test]
fn an_allocation_belongs_to_the_innermost_of_the_crates() {
    let trace = |inner: &str| {
        format!(
            "0: alloc::vec::push\n      at /rustc/library/alloc/src/vec.rs:1:2\n  \
             1: {inner}:3:4\n  2: outer\n      at ./src/image.rs:7:9\n"
        )
    };
    let ours = place(&trace("run<ort::Value>\n      at ./src/model/session.rs"));
    assert_eq!(ours.unwrap(), "./src/model/session.rs:3:4 run<ort::Value>");
    let outer = place(&trace("sort\n      at /rustc/library/core/src/sort.rs"));
    assert_eq!(outer.unwrap(), "./src/image.rs:7:9 outer");
    let theirs = trace("run<gstud2m::Patch>\n      at /registry/src/ort-2.0.0/src/session/run.rs");
    assert_eq!(place(&theirs), None);
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "it reads line tables: run it without --release"
)]
fn an_allocation_inside_this_crate_is_seen() {
    let places = ours(|| drop(gstud2m::sampler::time_grid(3)));
    assert_eq!(places.len(), 1, "{places:?}");
    let (place, (times, bytes)) = places.first_key_value().unwrap();
    assert!(place.contains("src/sampler/schedule.rs"), "{place}");
    assert_eq!((*times, *bytes), (1, 12));
}
