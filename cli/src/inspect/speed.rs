// SPDX-License-Identifier: MPL-2.0
//! How long a restoration takes here, by each execution provider that works.

use std::path::Path;
use std::time::{Duration, Instant};

use gst::prelude::*;

use super::advice::Advice;
use crate::failure::{Failure, Result};
use crate::interrupt;

/// Providers that are tried, as the property has them.
const PROVIDERS: [&str; 5] = ["cpu", "cuda", "tensorrt", "openvino", "webgpu"];
/// Pixels of a frame of which a part is measured first. A fast provider gets more.
const PART: usize = 320 * 240;
/// A shorter time, in seconds, says little of larger frames; and how much more is measured then.
const SHORT: f64 = 0.15;
const MORE: usize = 6;
/// Sides and corners of a part are multiples of this, as the blocks of a JPEG are.
const GRID: usize = 16;
/// Frames before the measure, and those that are measured: of a film some are side by side.
const FILM: (usize, usize) = (2, 4);
const STILL: (usize, usize) = (1, 1);
/// Time for a provider, at most: one that compiles the network may take minutes.
const LIMIT: Duration = Duration::from_secs(120);
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// How fast a provider is.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    pub provider: &'static str,
    /// Seconds of a whole frame, and of the start before the first.
    pub frame: f64,
    pub start: f64,
    /// Width and height of what was measured.
    pub size: (usize, usize),
}

/// Measures all providers on the frame of `sample`; and says of those that work elsewhere only, or
/// not in time, why there is no measure.
pub fn measure(
    advice: &Advice,
    sample: &gst::Sample,
    model: &Path,
) -> Result<(Vec<Speed>, Vec<String>)> {
    let (mut speeds, mut notes) = (Vec::new(), Vec::new());
    if advice.task.is_none() {
        return Ok((speeds, notes));
    }
    let task = task(advice);
    for provider in PROVIDERS {
        match by_provider(provider, &task, sample, model) {
            Ok(speed) => speeds.push(speed),
            Err(failure) if failure.is_interrupted() => return Err(failure),
            // The others are not there on most machines; the CPU always is.
            Err(failure) if provider == "cpu" => {
                let why = failure.sentence;
                notes.push(format!("The time of a frame was not measured: {why}"));
                break;
            }
            Err(_) => {}
        }
    }
    Ok((speeds, notes))
}

/// The properties to measure with: a kernel that is not written yet is as slow as any other.
fn task(advice: &Advice) -> String {
    let properties = advice.properties();
    let words = properties.split(' ');
    let words: Vec<_> = words
        .filter(|word| !word.starts_with("kernel-file="))
        .collect();
    words.join(" ")
}

fn by_provider(
    provider: &'static str,
    task: &str,
    sample: &gst::Sample,
    model: &Path,
) -> Result<Speed> {
    let info = sample.caps().map(gst_video::VideoInfo::from_caps);
    let info = info.and_then(std::result::Result::ok);
    let info = info.ok_or_else(|| Failure::failed("A frame has no format."))?;
    let (width, height) = (info.width() as usize, info.height() as usize);
    let begun = Instant::now();
    let mut area = PART;
    loop {
        let size = part((width, height), area);
        let share = (size.0 * size.1) as f64 / (width * height) as f64;
        let limit = LIMIT.saturating_sub(begun.elapsed());
        let (frame, start) = timed(provider, task, sample, (&info, size), model, limit)?;
        if share >= 1.0 || frame >= SHORT {
            return Ok(Speed {
                provider,
                frame: frame / share,
                start,
                size,
            });
        }
        area *= MORE;
    }
}

/// The size of a part of a frame of about so many pixels, of the frame's shape.
fn part((width, height): (usize, usize), area: usize) -> (usize, usize) {
    let factor = (area as f64 / (width * height) as f64).sqrt();
    if factor >= 1.0 {
        return (width, height);
    }
    let side = |n: usize| ((n as f64 * factor) as usize / GRID * GRID).clamp(GRID.min(n), n);
    (side(width), side(height))
}

/// Seconds of a frame, and of the start, for the middle of the frame.
fn timed(
    provider: &str,
    task: &str,
    sample: &gst::Sample,
    (info, size): (&gst_video::VideoInfo, (usize, usize)),
    model: &Path,
    limit: Duration,
) -> Result<(f64, f64)> {
    let (left, right) = margins(info.width() as usize, size.0);
    let (top, bottom) = margins(info.height() as usize, size.1);
    let crop = if (left, right, top, bottom) == (0, 0, 0, 0) {
        String::new()
    } else {
        format!("videoconvert ! videocrop left={left} right={right} top={top} bottom={bottom} ! ")
    };
    let line = format!(
        "appsrc name=in format=time stream-type=seekable ! {crop}ud2mrestore name=restorer \
         execution-provider={provider} {task} ! appsink name=out sync=false"
    );
    let odd = |e: &dyn std::fmt::Display| Failure::failed(format!("{line} cannot be made: {e}."));
    let pipeline = gst::parse::launch(&line).map_err(|e| odd(&e))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>();
    let pipeline = pipeline.map_err(|_| odd(&"it is no pipeline"))?;
    let part = |name: &str| pipeline.by_name(name).ok_or_else(|| odd(&"a part is gone"));
    part("restorer")?.set_property("model", model);
    let input = part("in")?.downcast::<gst_app::AppSrc>();
    let output = part("out")?.downcast::<gst_app::AppSink>();
    let (Ok(input), Ok(output)) = (input, output) else {
        return Err(odd(&"a part is another"));
    };
    let callbacks = gst_app::AppSrcCallbacks::builder();
    input.set_callbacks(callbacks.seek_data(|_, _| true).build());
    let done = play(&pipeline, &input, &output, sample, limit);
    let _ = pipeline.set_state(gst::State::Null);
    done
}

/// Pixels before and after a part in the middle.
fn margins(side: usize, part: usize) -> (usize, usize) {
    let before = (side - part) / 2 / GRID * GRID;
    (before, side - part - before)
}

/// Restores the frame some times.
fn play(
    pipeline: &gst::Pipeline,
    input: &gst_app::AppSrc,
    output: &gst_app::AppSink,
    sample: &gst::Sample,
    limit: Duration,
) -> Result<(f64, f64)> {
    let begun = Instant::now();
    let parts = sample.buffer_owned().zip(sample.caps());
    let (buffer, caps) = parts.ok_or_else(|| Failure::failed("A frame has no format."))?;
    let rate = caps.structure(0).and_then(|s| s.get("framerate").ok());
    let is_film = rate.is_some_and(|rate: gst::Fraction| rate.numer() > 0);
    let (before, measured) = if is_film { FILM } else { STILL };
    input.set_caps(Some(&caps.to_owned()));
    if pipeline.set_state(gst::State::Playing).is_err() {
        return Err(failure(pipeline));
    }
    for number in 0..before + measured {
        let mut buffer = buffer.copy();
        let time = gst::ClockTime::from_mseconds(40);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(time * number as u64);
            buffer.set_duration(time);
        }
        if input.push_buffer(buffer).is_err() {
            return Err(failure(pipeline));
        }
    }
    let _ = input.end_of_stream();
    let mut came = Vec::new();
    while came.len() < before + measured {
        if interrupt::asked() {
            return Err(Failure::interrupted("Interrupted: nothing was written."));
        }
        if output.try_pull_sample(STEP).is_some() {
            came.push(begun.elapsed().as_secs_f64());
        } else if let Some(failure) = error(pipeline) {
            return Err(failure);
        } else if output.is_eos() {
            return Err(failure(pipeline));
        } else if begun.elapsed() > limit {
            return Err(Failure::failed(format!(
                "a frame took more than {} seconds.",
                limit.as_secs()
            )));
        }
    }
    let frame = (came[before + measured - 1] - came[before - 1]) / measured as f64;
    Ok((frame, (came[0] - frame).max(0.0)))
}

/// What the element says is wrong, where it says something.
fn error(pipeline: &gst::Pipeline) -> Option<Failure> {
    let error = [gst::MessageType::Error];
    let message = pipeline.bus()?.pop_filtered(&error)?;
    match message.view() {
        gst::MessageView::Error(e) => Some(Failure::failed(e.error().to_string())),
        _ => None,
    }
}

/// Why nothing goes on.
fn failure(pipeline: &gst::Pipeline) -> Failure {
    error(pipeline).unwrap_or_else(|| Failure::failed("no frame came out."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_frames_shape_and_lies_on_the_grid() {
        assert_eq!(part((320, 200), PART), (320, 200));
        let (width, height) = part((1920, 1080), PART);
        assert!(width % GRID == 0 && height % GRID == 0);
        assert!(width * height <= PART && width * height > PART / 2);
        assert!(width.abs_diff(height * 16 / 9) < 2 * GRID);
        assert_eq!(part((100_000, 1), PART).1, 1);
        let (before, after) = margins(1920, width);
        assert_eq!((before % GRID, before + width + after), (0, 1920));
    }
}
