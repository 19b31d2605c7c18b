// SPDX-License-Identifier: MPL-2.0
//! Frames that are late: which ones are, what becomes of them, and how much work fits into the time.

pub mod adaptive;
pub mod lateness;
