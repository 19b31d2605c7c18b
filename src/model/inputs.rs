// SPDX-License-Identifier: MPL-2.0
//! The inputs of a graph for patches of one size, in the graph's own order.
//!
//! Data of a single patch are lent to ONNX Runtime where they lie; those of a batch are gathered,
//! for it needs them in one piece.

use std::slice;

use ort::session::SessionInputValue;
use ort::value::TensorRef;
use smallvec::SmallVec;

use crate::error::RestoreError;
use crate::graph::{Facts, Shape, Tensor, TensorSpec};
use crate::image::{Scratch, Window};
use crate::sampler::Patch;

use super::session::Prepared;

/// The values of the inputs. As many as any graph has lie inline.
pub type Values<'a> = SmallVec<[SessionInputValue<'a>; 16]>;

/// The data and the shapes of all inputs.
pub struct Inputs<'a> {
    image_shape: [usize; 4],
    noise_shape: [usize; 5],
    xt: Batch<'a>,
    z0: Batch<'a>,
    noise: Batch<'a>,
    time: [f32; 1],
    sigma_y: [f32; 1],
    own: SmallVec<[Own<'a>; 10]>,
    prepared: &'a [Prepared],
}

/// What all patches of a call have in common.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The level, 0 … 999.
    pub time: f32,
    pub facts: &'a Facts,
    /// What was prepared for these.
    pub prepared: &'a [Prepared],
}

/// An input that the operator makes, or one that only some graphs take.
struct Own<'a> {
    name: &'static str,
    shape: Shape,
    data: Batch<'a>,
}

impl<'a> Inputs<'a> {
    /// The inputs of `patches`, of which `first` is the first, for a graph with the inputs `specs`.
    /// `tensors` gives the operator's inputs for a window; all have the same names and shapes.
    pub fn of<'t: 'a>(
        (patches, first): (&'a [Patch], &'a Patch),
        specs: &[TensorSpec],
        iterations: usize,
        told: Told<'a>,
        tensors: impl Fn(Window) -> &'t [Tensor],
    ) -> Self {
        let (batch, height, width) = (patches.len(), first.xt.height, first.xt.width);
        let own = |(i, tensor): (usize, &'a Tensor)| {
            let mut shape = tensor.shape.clone();
            let spec = specs.iter().find(|s| s.name == tensor.name);
            // A tensor that the graph takes without a batch dimension is the same for every patch.
            let data = if spec.is_some_and(|s| s.dims.len() == shape.len()) {
                Batch::Lent(&tensor.data)
            } else {
                shape.insert(0, batch);
                let lists = patches.iter().map(|p| tensors(p.window));
                Batch::of(lists.filter_map(|list| list.get(i)).map(|t| &*t.data))
            };
            Own {
                name: tensor.name,
                shape,
                data,
            }
        };
        let mut own: SmallVec<[Own; 10]> =
            tensors(first.window).iter().enumerate().map(own).collect();
        let y = own.iter().find(|own| own.name == "y");
        let y = y.map_or_else(Shape::default, |y| y.shape.clone());
        let extra = |name| extra(name, told.facts, [batch, height, width], &y);
        let made = own.len();
        for spec in specs {
            if own[..made].iter().all(|own| own.name != spec.name) {
                own.extend(extra(&spec.name));
            }
        }
        Self {
            image_shape: [batch, 3, height, width],
            noise_shape: [batch, iterations, 3, height, width],
            xt: Batch::of(patches.iter().map(|p| &*p.xt.data)),
            z0: Batch::of(patches.iter().map(|p| &*p.z0.data)),
            noise: Batch::of(patches.iter().map(|p| &*p.noise.data)),
            time: [told.time],
            sigma_y: [told.facts.noise.sigma_y],
            own,
            prepared: told.prepared,
        }
    }

    /// The inputs as values of ONNX Runtime, in the order of `specs`: a list with names would have
    /// to be made anew for each run.
    pub fn values(&self, specs: &[TensorSpec]) -> Result<Values<'_>, RestoreError> {
        let values = specs
            .iter()
            .map(|TensorSpec { name, .. }| match name.as_str() {
                "xt" => value(name, &self.image_shape, self.xt.get()),
                "z0" => value(name, &self.image_shape, self.z0.get()),
                "noise" => value(name, &self.noise_shape, self.noise.get()),
                "t" => value(name, &[1], &self.time),
                "sigma_y" => value(name, &[1], &self.sigma_y),
                _ => {
                    if let Some(found) = self.prepared.iter().find(|p| p.name == *name) {
                        return value(name, &found.shape, &found.data);
                    }
                    let own = self.own.iter().find(|own| own.name == name);
                    let own = own.ok_or_else(|| invalid(name, "is unknown"))?;
                    value(name, &own.shape, own.data.get())
                }
            });
        values.collect()
    }
}

/// The input `name` where it is one that only some graphs take: what they are told, and no noise
/// of samples. `y` is the observation's shape.
fn extra<'a>(
    name: &str,
    facts: &'a Facts,
    [batch, height, width]: [usize; 3],
    y: &Shape,
) -> Option<Own<'a>> {
    let told_of = |name, values: &'a [f32], dims: &[usize]| {
        let mut shape = Shape::from_slice(dims);
        shape.insert(0, batch);
        let data = Batch::of(std::iter::repeat_n(values, batch));
        Some(Own { name, shape, data })
    };
    let zeros = |name, shape: Shape| {
        let data = Batch::Gathered(Scratch::filled(shape.iter().product(), 0.0));
        Some(Own { name, shape, data })
    };
    let told = &facts.noise;
    match name {
        "noise_basis" => told_of("noise_basis", &told.basis, &[3, 3]),
        "noise_std" => told_of("noise_std", &told.std, &[3]),
        "noise_shape" => told_of("noise_shape", &told.shape, &[5]),
        "realism" => Some(Own {
            name: "realism",
            shape: Shape::from_slice(&[1]),
            data: Batch::Lent(slice::from_ref(&facts.realism)),
        }),
        "texture_noise" => zeros(
            "texture_noise",
            Shape::from_slice(&[batch, 6, height, width]),
        ),
        "y_noise" => zeros("y_noise", y.clone()),
        _ => None,
    }
}

/// Data of one patch where they lie, or of several in one piece.
enum Batch<'a> {
    Lent(&'a [f32]),
    Gathered(Scratch<f32>),
}

impl<'a> Batch<'a> {
    fn of(parts: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let mut ahead = parts.clone();
        let first = ahead.next().unwrap_or_default();
        if ahead.next().is_none() {
            return Self::Lent(first);
        }
        let mut data = Scratch::with_capacity(parts.clone().map(<[f32]>::len).sum());
        parts.for_each(|part| data.extend_from_slice(part));
        Self::Gathered(data)
    }

    fn get(&self) -> &[f32] {
        match self {
            Self::Lent(data) => data,
            Self::Gathered(data) => data,
        }
    }
}

fn value<'a>(
    name: &str,
    shape: &'a [usize],
    data: &'a [f32],
) -> Result<SessionInputValue<'a>, RestoreError> {
    let tensor = TensorRef::from_array_view((shape, data));
    Ok(tensor.map_err(|e| invalid(name, &e.to_string()))?.into())
}

fn invalid(name: &str, reason: &str) -> RestoreError {
    RestoreError::Frame(format!(
        "The model's input `{name}` cannot be made ({reason}): this is a fault of the plugin, \
         report it."
    ))
}
