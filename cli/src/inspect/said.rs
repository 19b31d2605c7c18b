// SPDX-License-Identifier: MPL-2.0
//! What was found, in lines for people.

use std::path::Path;

use super::Seen;
use super::advice::way;
use super::findings::{Finding, is_blurred, was_jpeg};
use super::speed::Speed;
use crate::report::clock;

/// Lines for people.
pub fn lines(seen: &Seen) -> Vec<String> {
    let mut lines = vec![head(seen), String::new()];
    let figures = [
        ("noise", noise(seen)),
        ("jpeg", jpeg(seen)),
        ("blocks", blocks(seen)),
        ("fields", fields(seen)),
        ("bars", bars(seen)),
        ("clipped", clipped(seen)),
        ("blur", blur(seen)),
    ];
    lines.extend(figures.map(|(name, words)| format!("{name:9} {words}")));
    lines.push(String::new());
    lines.extend(proposed(seen));
    lines
}

/// What the file is.
fn head(seen: &Seen) -> String {
    let (width, height) = seen.summary.size;
    let frames = match seen.source.frames {
        Some(1) => String::new(),
        Some(frames) => format!(", {frames} frames"),
        None => ", frames not counted".to_owned(),
    };
    let looked_at = match seen.summary.numbers.len() {
        1 => String::new(),
        count => format!(", {count} looked at"),
    };
    let (name, coded) = (seen.source.shown(), &seen.coded.words);
    format!("{name}: {width}x{height}, {coded}{frames}{looked_at}")
}

fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// A level that is found, with a mark where it is too little to matter.
fn marked(seen: &Seen, finding: Finding, words: String) -> String {
    if seen.findings.contains(&finding) {
        words
    } else {
        format!("{words}: nothing to mend")
    }
}

fn noise(seen: &Seen) -> String {
    let summary = &seen.summary;
    let words = format!(
        "{} of full scale (luma {}, chroma {}), correlation {:.2}",
        summary.noise.words(percent),
        percent(summary.luma.median),
        percent(summary.chroma.median),
        summary.correlation.median
    );
    marked(seen, Finding::Noise, words)
}

fn jpeg(seen: &Seen) -> String {
    let summary = &seen.summary;
    let of_file = seen.coded.header.map_or_else(String::new, |header| {
        format!("; its header says {} and {}", header.luma, header.chroma)
    });
    if !was_jpeg(summary, &seen.coded) {
        return format!("no blocks of a JPEG that begin at the corner{of_file}");
    }
    let whole = |value: f64| format!("{value:.0}");
    let twice = match summary.last_quality {
        0 => String::new(),
        last => format!(", then once more at {last}"),
    };
    let words = format!(
        "quality {} for luma, {} for chroma (4:{}:{}), explains {:.0} % of the blocks{twice}\
         {of_file}",
        summary.quality.words(whole),
        summary.chroma_quality.words(whole),
        &way(summary.subsampling)[1..2],
        &way(summary.subsampling)[2..],
        100.0 * summary.fit.median,
    );
    marked(seen, Finding::Jpeg, words)
}

fn blocks(seen: &Seen) -> String {
    let summary = &seen.summary;
    let words = format!("a grid of 8x8 of strength {}", summary.grid.words(percent));
    if seen.findings.contains(&Finding::Blocks) {
        let (x, y) = summary.grid_place;
        return format!("{words}, from ({x}, {y}) on");
    }
    if was_jpeg(summary, &seen.coded) {
        format!("{words}, of the JPEG")
    } else {
        "none".to_owned()
    }
}

fn fields(seen: &Seen) -> String {
    let share = percent(seen.summary.combed.median);
    if seen.summary.has_fields {
        format!("two in a frame, by its header; teeth in {share} of it")
    } else if seen.findings.contains(&Finding::Combing) {
        format!("two in a frame, though its header says one: teeth in {share} of it")
    } else {
        "one in a frame".to_owned()
    }
}

fn bars(seen: &Seen) -> String {
    let bars = &seen.summary.bars;
    let sides = [
        (bars.top, "above"),
        (bars.bottom, "below"),
        (bars.left, "left"),
        (bars.right, "right"),
    ];
    let there = sides.iter().filter(|(count, _)| *count > 0);
    let there: Vec<_> = there
        .map(|(count, side)| format!("{count} {side}"))
        .collect();
    if there.is_empty() {
        "none".to_owned()
    } else {
        format!("{} (pixels)", there.join(", "))
    }
}

fn clipped(seen: &Seen) -> String {
    let summary = &seen.summary;
    format!(
        "{} of the picture black, {} white",
        summary.black.words(percent),
        summary.white.words(percent)
    )
}

fn blur(seen: &Seen) -> String {
    let Some(blur) = &seen.blur else {
        return "not known".to_owned();
    };
    let width = blur.width.words(|width| format!("{width:.1}"));
    let confidence = blur.confidence.median;
    if is_blurred(blur) {
        let words = blur.described(Path::new("")).words;
        format!("{words}, {width} pixels from its middle, confidence {confidence:.2}")
    } else {
        "none that shows".to_owned()
    }
}

/// What is proposed, and how long it takes.
fn proposed(seen: &Seen) -> Vec<String> {
    let Some(advice) = &seen.advice else {
        return vec!["Nothing is wrong that a restoration would mend.".to_owned()];
    };
    let mut lines = Vec::new();
    if advice.task.is_none() {
        lines.push("Separate the fields first, and inspect what comes of it:".to_owned());
    } else if advice.before.is_some() {
        lines.push("Write the kernel first:".to_owned());
    }
    lines.extend(advice.before.iter().map(|line| format!("  {line}")));
    if let Some(restore) = &advice.restore {
        lines.push("Restore it with".to_owned());
        lines.push(format!("  {restore}"));
    }
    if let Some(pipeline) = &advice.pipeline {
        lines.push("or as a pipeline".to_owned());
        lines.push(format!("  {pipeline}"));
    }
    lines.extend(seen.speeds.iter().map(|speed| time(seen, speed)));
    lines.extend(seen.unmeasured.iter().cloned());
    lines
}

fn time(seen: &Seen, speed: &Speed) -> String {
    let Speed {
        provider, frame, ..
    } = speed;
    let all = total(seen, speed).map_or_else(String::new, |all| {
        format!(", {} in all", clock(all.max(1.0)))
    });
    format!("  {provider:9} {frame:.2} s a frame{all}")
}

/// Seconds that the whole file takes, with what the start takes.
pub fn total(seen: &Seen, speed: &Speed) -> Option<f64> {
    let frames = seen.source.frames?;
    Some(speed.start + frames as f64 * speed.frame)
}
