// SPDX-License-Identifier: MPL-2.0
//! Ctrl-C: the first ends the file behind the frame at work, the second ends the program.

use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::failure::INTERRUPTED;
use crate::report::say;

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Takes Ctrl-C, and the signals by which a shell or a system ends programs.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let heard = ctrlc::set_handler(|| {
            if ASKED.fetch_add(1, Ordering::Relaxed) > 0 {
                process::exit(INTERRUPTED.into());
            }
        });
        // Without a handler Ctrl-C ends the program, and leaves the part of a file.
        if let Err(e) = heard {
            say(&format!("Ctrl-C will end this at once: {e}."));
        }
    });
}

/// Whether the user wants an end.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed) > 0
}
