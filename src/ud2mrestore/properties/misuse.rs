// SPDX-License-Identifier: MPL-2.0
//! Properties that are set and have no effect: each is told, with what would use it.

use gst::glib;
use gst::prelude::*;

use super::enums::{ExecutionProvider, KernelShape, OverloadPolicy, Task, Temporal};
use super::settings::{Fixed, Settings};

impl Settings {
    /// A sentence for each property that is set and that the others leave without effect.
    pub fn without_effect(&self) -> Vec<String> {
        let Self { fixed, live } = self;
        let of_tasks = [
            ("kernel-file", !live.kernel_file.is_empty(), Task::Deblur),
            (
                "scale",
                fixed.scale != Fixed::default().scale,
                Task::SuperResolve,
            ),
            ("jpeg-quality", live.jpeg_quality != 0, Task::Jpeg),
        ];
        let unused = of_tasks
            .iter()
            .filter(|(_, set, task)| *set && fixed.task != *task);
        let mut out: Vec<String> = unused
            .map(|(name, _, task)| {
                format!(
                    "{name} is set, and task={} does not use it: set task={}, or leave {name} out.",
                    nick(fixed.task),
                    nick(*task)
                )
            })
            .collect();
        let other_shape = fixed.task == Task::Deblur && live.kernel != KernelShape::File;
        if other_shape && !live.kernel_file.is_empty() {
            out.push(format!(
                "kernel-file is set, and kernel={} does not use it: set kernel=file after it, or \
                 leave kernel-file out.",
                nick(live.kernel)
            ));
        }
        if fixed.frames_in_flight > 1 && !live.stands_alone() {
            out.push(format!(
                "frames-in-flight is set, and temporal={} does not use it, for each frame starts \
                 from the one before: set temporal=off, or leave frames-in-flight out.",
                nick(live.temporal)
            ));
        }
        if live.temporal == Temporal::WarmStart && live.realism > 0.0 {
            out.push(
                "temporal=warm-start is set, and realism above 0 does not use it, for samples are \
                 those of frames by themselves: set realism=0, or leave temporal out."
                    .to_owned(),
            );
        }
        if live.needs_stddev() && live.realism > 0.0 {
            out.push(
                "realism is set, and output=stddev with samples=1 does not use it, for it tells \
                 how far the mean may be from the truth: set samples to 2 or more, or leave \
                 realism out."
                    .to_owned(),
            );
        }
        let work = live.work();
        if live.stochasticity > 0.0 && work.steps == 1 {
            out.push(
                "stochasticity is set, and steps=1 does not use it, for fresh noise is drawn \
                 between steps: set steps to 2 or more, or leave stochasticity out."
                    .to_owned(),
            );
        }
        let least = work.steps == 1 && work.samples <= work.fewest;
        if live.overload_policy == OverloadPolicy::FewerSteps && least {
            out.push(
                "overload-policy=fewer-steps is set, and a frame takes one step already, so that \
                 late frames are restored like others: set steps to 2 or more, or choose another \
                 overload-policy."
                    .to_owned(),
            );
        }
        let provider = fixed.provider;
        if !fixed.provider_library.is_empty() && !takes_library(provider) {
            out.push(format!(
                "provider-library is set, and execution-provider={} does not use it: set \
                 execution-provider=plugin, or leave provider-library out.",
                nick(provider)
            ));
        }
        out
    }
}

/// Whether a provider may lie in the library that the property names.
fn takes_library(provider: ExecutionProvider) -> bool {
    use ExecutionProvider::{Auto, Plugin, WebGpu};
    matches!(provider, Auto | Plugin | WebGpu)
}

/// How users write a value.
fn nick(value: impl ToValue) -> String {
    let value = value.to_value();
    let known = glib::EnumValue::from_value(&value);
    known.map_or_else(String::new, |(_, value)| value.nick().to_owned())
}
