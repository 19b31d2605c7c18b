// SPDX-License-Identifier: MPL-2.0
//! The shipped models: against PyTorch, and on a made image.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod restoration;
mod steps;
mod temporal;
mod tensors;
