// SPDX-License-Identifier: MPL-2.0
//! [`Stop`]: gives up the loading of a model from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ort::session::builder::LoadCanceler;
use parking_lot::Mutex;

/// Gives up the loading of a model from another thread. A clone stops the same loading.
#[derive(Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Default)]
struct Inner {
    raised: AtomicBool,
    /// End what ONNX Runtime loads, and has loaded.
    cancelers: Mutex<Vec<LoadCanceler>>,
}

impl Stop {
    /// Gives up the loading in progress, and every later one.
    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::SeqCst);
        for canceler in self.0.cancelers.lock().iter() {
            // It fails where nothing is loaded any more.
            let _ = canceler.cancel();
        }
    }

    /// Whether loading was given up.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// What [`Stop::raise`] ends too from now on.
    pub(super) fn ends(&self, canceler: LoadCanceler) {
        self.0.cancelers.lock().push(canceler);
        if self.is_raised() {
            self.raise();
        }
    }
}
