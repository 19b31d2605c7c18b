// SPDX-License-Identifier: MPL-2.0
//! Two files, frame by frame.

use std::time::Instant;

use super::figures;

use crate::failure::{Failure, Result};
use crate::media::frames::{Frame, Frames};
use crate::media::source::Source;
use crate::report::{Progress, Report};

/// Frames of which SSIM is taken at most, evenly over the file: it takes longer than to decode.
const MEASURED: usize = 60;
/// Frames that are shown where none are named.
const SHOWN: usize = 3;

/// A pair of frames that is shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Its number, from 0.
    pub number: usize,
    pub before: Frame,
    pub after: Frame,
    /// Mean square of the difference, in squared codes.
    pub error: f64,
    pub ssim: Option<f64>,
}

/// What was found of two files.
#[derive(Debug, Default)]
pub struct Pair {
    pub shown: Vec<Shown>,
    /// Of each frame the mean square of the difference.
    pub errors: Vec<f64>,
    /// SSIM of some frames.
    pub ssim: Vec<f64>,
    /// Frames that were decoded of each.
    pub counts: (usize, usize),
    /// Width and height of IN's frames, as they are seen.
    pub size: (usize, usize),
    /// How wide a pixel is, its height being 1.
    pub aspect: f64,
    /// The number of the frame that changed most.
    pub most: usize,
}

/// Which frames are shown and measured.
struct Choice {
    shown: Vec<usize>,
    /// Each such frame is measured by SSIM.
    stride: usize,
    /// Whether the one that changed most is shown too.
    most: bool,
}

impl Choice {
    fn of(named: &[usize], count: Option<usize>) -> Self {
        let count = count.unwrap_or(SHOWN).max(1);
        let even = (0..SHOWN).map(|at| (2 * at + 1) * count / (2 * SHOWN));
        let mut shown: Vec<_> = if named.is_empty() {
            even.collect()
        } else {
            named.to_vec()
        };
        shown.sort_unstable();
        shown.dedup();
        Self {
            shown,
            stride: count.div_ceil(MEASURED),
            most: named.is_empty(),
        }
    }
}

/// Decodes both files, and compares frames of one number. `named` are to be shown, or some.
pub fn compare(
    input: &Source,
    output: &Source,
    named: &[usize],
    report: &mut Report,
) -> Result<Pair> {
    let choice = Choice::of(named, input.frames);
    let mut after = Frames::of(output, None)?;
    let mut second = after.next()?;
    let Some(wanted) = second.as_ref().map(|frame| (frame.width, frame.height)) else {
        let name = output.shown();
        return Err(Failure::failed(format!("{name} holds no frame.")));
    };
    let seen = size(input)?;
    let mut before = Frames::of(input, Some(wanted))?;
    let mut first = before.next()?;
    let mut pair = Pair {
        size: seen,
        aspect: after.aspect,
        ..Pair::default()
    };
    let mut most = Shown::default();
    let start = Instant::now();
    while let (Some(a), Some(b)) = (&first, &second) {
        pair.add(&choice, a, b, &mut most);
        let count = pair.errors.len();
        report.progress(Progress {
            frames: count as u64,
            of: input.frames.map(|frames| frames as u64),
            seconds_per_frame: start.elapsed().as_secs_f64() / count as f64,
        });
        (first, second) = (before.next()?, after.next()?);
    }
    let count = pair.errors.len();
    pair.counts = (
        count + usize::from(first.is_some()) + rest(&mut before)?,
        count + usize::from(second.is_some()) + rest(&mut after)?,
    );
    pair.most = most.number;
    let is_there = pair.shown.iter().any(|shown| shown.number == most.number);
    if choice.most && !is_there && !most.before.rgb.is_empty() {
        most.ssim = figures::ssim(&most.before, &most.after);
        pair.shown.push(most);
        pair.shown.sort_by_key(|shown| shown.number);
    }
    if pair.shown.is_empty() {
        let named = &choice.shown;
        return Err(Failure::usage(format!(
            "No frame has a number of {named:?}: both files have the frames 0 to {}.",
            count.saturating_sub(1)
        )));
    }
    Ok(pair)
}

/// Width and height of the frames of a file, as they are seen.
fn size(source: &Source) -> Result<(usize, usize)> {
    if let Some(header) = &source.header {
        return Ok((
            header.info().width() as usize,
            header.info().height() as usize,
        ));
    }
    let first = Frames::of(source, None)?.next()?;
    Ok(first.map_or((0, 0), |frame| (frame.width, frame.height)))
}

/// Frames that are left.
fn rest(frames: &mut Frames) -> Result<usize> {
    let mut count = 0;
    while frames.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

impl Pair {
    /// Takes a pair of frames of one number.
    fn add(&mut self, choice: &Choice, before: &Frame, after: &Frame, most: &mut Shown) {
        let number = self.errors.len();
        let error = figures::mean_square(before, after);
        self.errors.push(error);
        let is_shown = choice.shown.contains(&number);
        let is_measured = number.is_multiple_of(choice.stride);
        let ssim = (is_shown || is_measured).then(|| figures::ssim(before, after));
        if is_measured {
            self.ssim.extend(ssim.flatten());
        }
        let shown = || Shown {
            number,
            before: before.clone(),
            after: after.clone(),
            error,
            ssim: ssim.flatten(),
        };
        if choice.most && (number == 0 || error > most.error) {
            *most = shown();
        } else if error > most.error {
            (most.number, most.error) = (number, error);
        }
        if is_shown {
            self.shown.push(shown());
        }
    }

    /// Mean PSNR in dB, of the mean square over all frames; nothing where nothing differs.
    pub fn psnr(&self) -> Option<f64> {
        figures::psnr(self.mean_error())
    }

    /// Mean square of the difference over all frames, in squared codes.
    pub fn mean_error(&self) -> f64 {
        mean(&self.errors)
    }

    /// Mean SSIM, where it was taken.
    pub fn mean_ssim(&self) -> Option<f64> {
        (!self.ssim.is_empty()).then(|| mean(&self.ssim))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_chosen_evenly_or_as_they_are_named() {
        assert_eq!(Choice::of(&[], Some(300)).shown, [50, 150, 250]);
        assert_eq!(Choice::of(&[], Some(1)).shown, [0]);
        assert_eq!(Choice::of(&[], Some(300)).stride, 5);
        let named = Choice::of(&[7, 3, 7], Some(300));
        assert_eq!(named.shown, [3, 7]);
        assert!(!named.most);
    }
}
