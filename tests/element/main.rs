// SPDX-License-Identifier: MPL-2.0
//! The element from outside, with tiny models whose output is known in closed form.

#[path = "../common/mod.rs"]
mod common;
mod defects;
mod devices;
mod errors;
mod fallback;
mod formats;
mod in_flight;
mod inputs;
mod lifecycle;
mod messages;
mod negotiation;
mod packages;
mod properties;
mod qos;
mod sampling;
mod tasks;
mod temporal;
