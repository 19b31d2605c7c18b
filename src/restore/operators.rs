// SPDX-License-Identifier: MPL-2.0
//! The operator of the frames at hand, which is made anew where they or their degradation change.

use super::{Restorer, Stop};
use crate::error::RestoreError;
use crate::operator::{Degradation, InputFile, Operator};

/// The operator of one degradation and one size of frames.
pub(super) struct CachedOperator {
    pub degradation: Degradation,
    pub mask: InputFile,
    pub width: usize,
    pub height: usize,
    pub operator: Operator,
}

impl Restorer {
    /// Builds the operator for frames of `width` x `height` pixels, unless it is at hand. `mask`
    /// says what is missing of all frames beside the degradation, where it is a file.
    ///
    /// Errors name the kernel file, the mask file or the setting that does not fit.
    pub fn prepare(
        &mut self,
        degradation: &Degradation,
        mask: &InputFile,
        width: usize,
        height: usize,
    ) -> Result<(), RestoreError> {
        let fits = |c: &CachedOperator| {
            let same_size = (c.width, c.height) == (width, height);
            same_size && c.degradation == *degradation && c.mask == *mask
        };
        if self.operator.as_ref().is_some_and(fits) {
            return Ok(());
        }
        let mut operator = Operator::new(degradation, width, height)?.with_mask(mask)?;
        if *operator.graph() != self.graph {
            return Err(RestoreError::Settings(format!(
                "The loaded model is for {} and the settings ask for {}: stop the element to \
                change its task.",
                self.graph.name,
                operator.graph().name
            )));
        }
        self.load_filler(mask, &mut |_| (), &Stop::default())?;
        // How well the frame before explained its observation says nothing of another operator.
        self.previous = None;
        self.pool.clear();
        self.remarks.extend_from_slice(operator.remarks());
        operator.set_holes(
            self.holes
                .as_ref()
                .filter(|h| (h.width, h.height) == (width, height)),
        );
        self.operators += 1;
        self.operator = Some(CachedOperator {
            degradation: degradation.clone(),
            mask: mask.clone(),
            width,
            height,
            operator,
        });
        Ok(())
    }

    /// The operator that [`Restorer::prepare`] built.
    pub(super) fn operator(&self) -> Result<&Operator, RestoreError> {
        self.operator
            .as_ref()
            .map(|c| &c.operator)
            .ok_or_else(unprepared)
    }
}

/// The operator that [`Restorer::prepare`] built, to be changed while the rest of the restorer is
/// in use.
pub(super) fn prepared(cached: &mut Option<CachedOperator>) -> Result<&mut Operator, RestoreError> {
    cached
        .as_mut()
        .map(|c| &mut c.operator)
        .ok_or_else(unprepared)
}

/// An error where a frame is restored without [`Restorer::prepare`].
fn unprepared() -> RestoreError {
    RestoreError::Frame(
        "No operator was made for the frame: this is a fault of the plugin, report it.".to_owned(),
    )
}
