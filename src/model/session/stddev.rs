// SPDX-License-Identifier: MPL-2.0
//! [`OrtStddev`]: the graph that tells the standard deviation of a restored frame from that frame
//! (docs/decisions/041-one-pass-stddev.md).
//!
//! It is small, and runs on all threads of the CPU, wherever the step does. Frames side by side
//! share it: one waits until another has been told.

use std::path::Path;
use std::time::{Duration, Instant};

use ort::session::Session;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::super::load;
use super::super::ort_errors::failed;
use super::super::provider::Engine;
use super::super::stop::Stop;
use super::Interrupt;
use super::answer::checked;
use super::prepare::tensor;
use crate::error::RestoreError;
use crate::graph::TensorSpec;
use crate::image::{Border, Image};

/// The loaded graph.
pub struct OrtStddev {
    session: Mutex<Session>,
    /// The graph's inputs in its own order.
    inputs: Vec<TensorSpec>,
    /// Width and height of its images are multiples of this, in pixels.
    multiple: usize,
}

/// What the graph is told of a frame: images of one size, in \[-1, 1\] unless said otherwise.
pub struct StddevInputs<'a> {
    /// The restored mean, \[3,H,W\].
    pub x0: &'a Image,
    /// The plain initial estimate that it was made of, \[3,H,W\].
    pub initial: &'a Image,
    /// 1 where the frame shows a pixel, and 0 where it does not, \[1,H,W\].
    pub observed: &'a Image,
    /// Standard deviation of the noise, on the scale of \[-1, 1\].
    pub sigma_y: f32,
}

impl OrtStddev {
    /// Loads `stddev.onnx` from the directory `package`, with the engine's threads. `stop` gives it
    /// up. `None` where the package has no such graph for the answers of the step `family`; an
    /// error says what is wrong with the one that it has.
    pub fn load(
        package: &Path,
        family: &str,
        engine: &Engine,
        stop: &Stop,
    ) -> Result<Option<Self>, RestoreError> {
        load::stddev(package, family, engine, stop)
    }

    /// The graph of a session with these inputs, for images whose sides are multiples.
    pub fn new(session: Session, inputs: Vec<TensorSpec>, multiple: usize) -> Self {
        Self {
            session: Mutex::new(session),
            inputs,
            multiple: multiple.max(1),
        }
    }

    /// The standard deviation of a value of x0, \[1,H,W\], on the scale of \[-1, 1\]: the root mean
    /// square over R, G and B. And the time inside ONNX Runtime. `interrupt` ends it.
    ///
    /// An error is one of ONNX Runtime, or an answer of another size or with values that are not
    /// numbers.
    pub fn tell(
        &self,
        told: &StddevInputs,
        interrupt: &Interrupt,
    ) -> Result<(Image, Duration), RestoreError> {
        let [height, width] = [told.x0.height, told.x0.width];
        let [high, wide] = [height, width].map(|side| side.next_multiple_of(self.multiple));
        let images = [told.x0, told.initial, told.observed];
        let [x0, initial, observed] = images.map(|i| i.pad(0, 0, high, wide, Border::Edge));
        let (colours, plane) = ([1, 3, high, wide], [1, 1, high, wide]);
        let sigma_y = [told.sigma_y];
        let value = |TensorSpec { name, .. }: &TensorSpec| match name.as_str() {
            "x0" => tensor(&colours, &x0.data),
            "initial" => tensor(&colours, &initial.data),
            "observed" => tensor(&plane, &observed.data),
            "sigma_y" => tensor(&[1], &sigma_y),
            _ => Err(ort::Error::new(format!("no input {name}"))),
        };
        let values = self.inputs.iter().map(value);
        let values: SmallVec<[_; 4]> = values.collect::<ort::Result<_>>().map_err(failed)?;
        let mut session = self.session.lock();
        let begun = Instant::now();
        let answers = session.run_with_options(values.as_slice(), &interrupt.options);
        let spent = begun.elapsed();
        let mut answers = answers.map_err(failed)?;
        let answer = answers.remove("stddev");
        let answer = answer.ok_or_else(|| failed(ort::Error::new("no output stddev")))?;
        let mut padded = Image::new(1, high, wide);
        padded.data.copy_from_slice(checked(&answer, plane)?);
        let mut frame = padded.bounds();
        (frame.height, frame.width) = (height, width);
        Ok((padded.crop(frame), spent))
    }
}
