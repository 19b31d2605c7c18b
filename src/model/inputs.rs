// SPDX-License-Identifier: MPL-2.0
//! What a graph is given for patches of one size, in the graph's own order.
//!
//! What belongs to a single patch is lent to ONNX Runtime where it lies; only what a batch needs in one piece is gathered.

use ort::session::SessionInputValue;
use ort::value::TensorRef;
use smallvec::SmallVec;

use crate::error::RestoreError;
use crate::graph::{Shape, Tensor, TensorSpec};
use crate::image::{Scratch, Window};
use crate::sampler::Patch;

/// As many inputs as any graph has lie inline.
pub type Bound<'a> = SmallVec<[SessionInputValue<'a>; 12]>;

/// The data and the shapes of all inputs.
pub struct Inputs<'a> {
    image: [usize; 4],
    drawn: [usize; 5],
    xt: Joined<'a>,
    z0: Joined<'a>,
    noise: Joined<'a>,
    time: [f32; 1],
    sigma_y: [f32; 1],
    own: SmallVec<[Own<'a>; 4]>,
}

/// An input that the degradation adds.
struct Own<'a> {
    name: &'static str,
    shape: Shape,
    data: Joined<'a>,
}

impl<'a> Inputs<'a> {
    /// The inputs of `patches`, of which there is at least `first`, for a graph with inputs of the shapes `named`.
    /// `tensors` gives the graph's own inputs for a window, in each alike in names and shapes.
    pub fn of<'t: 'a>(
        (patches, first): (&'a [Patch], &'a Patch),
        named: &[TensorSpec],
        iterations: usize,
        (time, sigma_y): (f32, f32),
        tensors: impl Fn(Window) -> &'t [Tensor],
    ) -> Self {
        let (batch, height, width) = (patches.len(), first.xt.height, first.xt.width);
        let own = |(i, tensor): (usize, &'a Tensor)| {
            let mut shape = tensor.shape.clone();
            let named = named.iter().find(|n| n.name == tensor.name);
            // A tensor the graph takes without a batch dimension is the same for every patch.
            let data = if named.is_some_and(|n| n.dims.len() == shape.len()) {
                Joined::Lent(&tensor.data)
            } else {
                shape.insert(0, batch);
                let lists = patches.iter().map(|p| tensors(p.window));
                Joined::of(lists.filter_map(|list| list.get(i)).map(|t| &*t.data))
            };
            Own {
                name: tensor.name,
                shape,
                data,
            }
        };
        Self {
            image: [batch, 3, height, width],
            drawn: [batch, iterations, 3, height, width],
            xt: Joined::of(patches.iter().map(|p| &*p.xt.data)),
            z0: Joined::of(patches.iter().map(|p| &*p.z0.data)),
            noise: Joined::of(patches.iter().map(|p| &*p.noise.data)),
            time: [time],
            sigma_y: [sigma_y],
            own: tensors(first.window).iter().enumerate().map(own).collect(),
        }
    }

    /// The inputs in the order of `named`, for lists with names would have to be made anew for each run.
    pub fn bound(&self, named: &[TensorSpec]) -> Result<Bound<'_>, RestoreError> {
        let values = named
            .iter()
            .map(|TensorSpec { name, .. }| match name.as_str() {
                "xt" => bound(name, &self.image, self.xt.get()),
                "z0" => bound(name, &self.image, self.z0.get()),
                "noise" => bound(name, &self.drawn, self.noise.get()),
                "t" => bound(name, &[1], &self.time),
                "sigma_y" => bound(name, &[1], &self.sigma_y),
                _ => {
                    let own = self.own.iter().find(|own| own.name == name);
                    let own = own.ok_or_else(|| unbound(name, "is unknown"))?;
                    bound(name, &own.shape, own.data.get())
                }
            });
        values.collect()
    }
}

/// Data of one patch where they lie, or of several put together.
enum Joined<'a> {
    Lent(&'a [f32]),
    Gathered(Scratch<f32>),
}

impl<'a> Joined<'a> {
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

fn bound<'a>(
    name: &str,
    shape: &'a [usize],
    data: &'a [f32],
) -> Result<SessionInputValue<'a>, RestoreError> {
    let tensor = TensorRef::from_array_view((shape, data));
    Ok(tensor.map_err(|e| unbound(name, &e.to_string()))?.into())
}

fn unbound(name: &str, reason: &str) -> RestoreError {
    RestoreError::Frame(format!(
        "The model's input `{name}` cannot be made ({reason}): this is a fault of the plugin, report it."
    ))
}
