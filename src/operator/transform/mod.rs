// SPDX-License-Identifier: MPL-2.0
//! Fourier transforms of images, and cosine transforms of their 8x8 blocks.

pub mod dct;
pub mod fft;
