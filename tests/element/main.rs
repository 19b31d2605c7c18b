// SPDX-License-Identifier: MPL-2.0
//! The element from outside, with tiny models whose answers are known in closed form.

#[path = "../common/mod.rs"]
mod common;
mod control;
mod element;
mod formats;
mod jpeg;
mod live;
mod negotiation;
mod output;
mod overload;
mod rescue;
mod stream;
mod temporal;
