// SPDX-License-Identifier: MPL-2.0
//! Sums of images in the memory of a device, and what is copied there and back.

use ort::environment::Environment;
use ort::memory::MemoryInfo;
use ort::session::{IoBinding, NoSelectedOutputs, RunOptions, Session};
use ort::value::{DynTensor, TensorRef, Value, ValueTypeMarker};

use super::super::super::provider::plugin::Device;

/// z = a x + b y, of images x, y, z \[B,C,H,W\] and numbers a, b; `models/ud2m/export/combine.py`
/// makes it.
pub const COMBINE: &[u8] = include_bytes!("combine.onnx");

/// How many tensors went to the device and came back, since the graph was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Inputs of the step and images; factors of a sum are not counted.
    pub to_device: u64,
    pub to_host: u64,
}

/// What moves images that lie on a device.
pub struct OnDevice {
    /// Runs [`COMBINE`] on the device.
    pub combine: Session,
    pub environment: Environment,
    pub device: Device,
    pub copies: Copies,
}

impl OnDevice {
    /// a x + b y, in the device's memory or, for `home`, in the processor's.
    pub fn sum<X: ValueTypeMarker + ?Sized, Y: ValueTypeMarker + ?Sized>(
        &mut self,
        (a, x): (f32, &Value<X>),
        (b, y): (f32, &Value<Y>),
        home: bool,
        options: &RunOptions<NoSelectedOutputs>,
    ) -> ort::Result<DynTensor> {
        let mut binding = self.combine.create_binding()?;
        binding.bind_input("x", x)?;
        binding.bind_input("y", y)?;
        binding.bind_input("a", &*TensorRef::from_array_view(([1_usize], &[a][..]))?)?;
        binding.bind_input("b", &*TensorRef::from_array_view(([1_usize], &[b][..]))?)?;
        if home {
            binding.bind_output_to_device("z", &MemoryInfo::default())?;
        } else {
            self.device.keeps(&self.environment, &mut binding, "z")?;
        }
        self.copies.to_host += u64::from(home);
        output(&mut self.combine, &binding, "z", options)
    }
}

/// Runs what is bound; the output `name`.
pub fn output(
    session: &mut Session,
    binding: &IoBinding,
    name: &str,
    options: &RunOptions<NoSelectedOutputs>,
) -> ort::Result<DynTensor> {
    let mut outputs = session.run_binding_with_options(binding, options)?;
    let value = outputs.remove(name);
    value
        .ok_or_else(|| ort::Error::new(format!("it has no output {name}")))?
        .downcast()
}
