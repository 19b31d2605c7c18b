// SPDX-License-Identifier: MPL-2.0
//! What the graph answered: estimates of the right size, with the values of images.

use ort::value::DynValue;

use super::super::ort_errors::failed;
use crate::error::RestoreError;
use crate::sampler::Patch;

/// Largest magnitude of an image's values. They belong to [-1, 1], and the noisy state that they
/// are made of stays within 6: fifty full scales are no overshoot, but a network that has come
/// apart.
const LARGEST: f32 = 100.0;

/// Makes an answer of ONNX Runtime the estimates of `patches`, where it is one for them.
pub fn take_answer(
    patches: &mut [Patch],
    answer: DynValue,
    [height, width]: [usize; 2],
) -> Result<(), RestoreError> {
    let data = checked(&answer, [patches.len(), 3, height, width])?;
    for (patch, part) in patches
        .iter_mut()
        .zip(data.chunks_exact(3 * height * width))
    {
        patch.z0.data.clear();
        patch.z0.data.extend_from_slice(part);
    }
    Ok(())
}

/// The values of an answer of ONNX Runtime, where it has these dimensions and they are an image's.
pub fn checked(answer: &DynValue, needed: [usize; 4]) -> Result<&[f32], RestoreError> {
    let (shape, data) = answer.try_extract_tensor::<f32>().map_err(failed)?;
    if !shape.iter().copied().eq(needed.iter().map(|&d| d as i64)) {
        return Err(RestoreError::Frame(format!(
            "The model answered with a tensor of {shape:?} where {needed:?} was needed: export the \
             model again."
        )));
    }
    check_values(data)?;
    Ok(data)
}

/// An error where values are not those of an image: not numbers, or beyond [`LARGEST`].
pub fn check_values(data: &[f32]) -> Result<(), RestoreError> {
    // Zero times infinity is not a number either, so one sum finds both.
    let what = if data.iter().map(|v| v * 0.0).sum::<f32>().is_nan() {
        "are not numbers"
    } else if data.iter().any(|v| v.abs() > LARGEST) {
        "lie far outside the range of an image"
    } else {
        return Ok(());
    };
    Err(RestoreError::InvalidOutput(format!(
        "The model answered with values that {what}: check noise-sigma and the kernel, or use \
         another model."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_any_image_are_no_answer() {
        for (value, clue) in [
            (f32::NAN, "are not numbers"),
            (f32::INFINITY, "are not numbers"),
            (f32::NEG_INFINITY, "are not numbers"),
            (100.5, "far outside"),
            (-3.0e38, "far outside"),
        ] {
            let error = check_values(&[0.5, value, -1.0])
                .expect_err("no image")
                .to_string();
            assert!(error.contains(clue), "{value}: {error}");
        }
        assert_eq!(check_values(&[100.0, -100.0, 0.0]), Ok(()));
    }
}
