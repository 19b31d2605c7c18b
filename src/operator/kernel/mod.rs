// SPDX-License-Identifier: MPL-2.0
//! Blur kernels: shapes given by a few numbers, and files.

mod file;
mod psf;

pub use psf::{Kernel, Psf};
