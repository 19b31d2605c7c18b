// SPDX-License-Identifier: MPL-2.0
//! Some frames of a file, spread over it.

use std::time::{Duration, Instant};

use gstud2m::ud2mrestore::format::caps::template;

use crate::failure::{Failure, Result};
use crate::media::decoded::Decoded;
use crate::media::numbered;
use crate::media::source::Source;

/// Most frames that can be asked for.
pub const MOST: usize = 64;
/// Frames up to which the next one is decoded for and not sought.
const NEAR: usize = 48;
/// Time after which no further frame is waited for, where there is one.
const LIMIT: Duration = Duration::from_secs(60);

/// Gives `visit` up to `count` frames of the file, spread evenly over it, with their numbers. They
/// lie as they are stored, whichever way is up.
pub fn frames(
    source: &Source,
    count: usize,
    mut visit: impl FnMut(usize, &gst::Sample) -> Result<()>,
) -> Result<()> {
    let places = places(source.frames, count);
    let mut visited = 0;
    let mut hear = |number: usize, sample: &gst::Sample| {
        visited += 1;
        visit(number, sample)
    };
    if source.first().is_some() {
        pictures(source, &places, &mut hear)?;
    } else {
        film(source, &places, &mut hear)?;
    }
    if visited == 0 {
        return Err(Failure::failed(format!(
            "{} gives no frame: choose a file that can be decoded.",
            source.shown()
        )));
    }
    Ok(())
}

/// The numbers of `count` frames, from 0, in the middle of as many parts of a file.
fn places(frames: Option<usize>, count: usize) -> Vec<usize> {
    let frames = frames.unwrap_or(count).max(1);
    let mut places: Vec<usize> = (0..count)
        .map(|i| (2 * i + 1) * frames / (2 * count))
        .collect();
    places.dedup();
    places
}

type Visit<'a> = dyn FnMut(usize, &gst::Sample) -> Result<()> + 'a;

/// Numbered pictures: each is a file.
fn pictures(source: &Source, places: &[usize], visit: &mut Visit) -> Result<()> {
    let all: Vec<_> = numbered::all(source.path()).into_values().collect();
    let begun = Instant::now();
    for place in places {
        if let Some(path) = all.get(*place).filter(|_| begun.elapsed() < LIMIT) {
            let mut decoded = Decoded::of(&Source::of(path, source.fps)?, &line())?;
            if let Some(sample) = decoded.next()? {
                visit(*place, &sample)?;
            }
        }
    }
    Ok(())
}

/// A file of one or more frames.
fn film(source: &Source, places: &[usize], visit: &mut Visit) -> Result<()> {
    let begun = Instant::now();
    let mut decoded = Decoded::of(source, &line())?;
    let (mut next, mut visited) = (0, 0);
    for place in places {
        // The first frame is there before anything can be sought.
        if next > 0 && *place > next + NEAR && seek(&decoded, source, *place) {
            next = *place;
        }
        while next <= *place {
            let late = begun.elapsed() > LIMIT && visited > 0;
            let sample = if late { None } else { decoded.next()? };
            let Some(sample) = sample else {
                return Ok(());
            };
            if next == *place {
                visit(next, &sample)?;
                visited += 1;
            } else if next == 0 && *place > NEAR && seek(&decoded, source, *place) {
                next = *place;
                continue;
            }
            next += 1;
        }
    }
    Ok(())
}

/// What makes of frames what the element takes: nothing, where they are that already.
fn line() -> String {
    format!(
        "videoconvert ! {} ! appsink name=end sync=false max-buffers=1",
        template()
    )
}

/// Goes on at a frame, where the file says when that is shown.
fn seek(decoded: &Decoded, source: &Source, place: usize) -> bool {
    let begin = source.stored.begin.unwrap_or(0);
    let time = source.stored.times.get(place).map(|time| time + begin);
    let time = time.and_then(|time| u64::try_from(time).ok());
    time.is_some_and(|time| decoded.seek(gst::ClockTime::from_nseconds(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spread_evenly_and_none_is_taken_twice() {
        assert_eq!(places(Some(600), 6), [50, 150, 250, 350, 450, 550]);
        assert_eq!(places(Some(1), 6), [0]);
        assert_eq!(places(Some(3), 6), [0, 1, 2]);
        assert_eq!(places(None, 3), [0, 1, 2]);
    }
}
