// SPDX-License-Identifier: MPL-2.0
//! The report: one page that needs nothing else.

use std::fmt::Write;
use std::path::Path;

use super::chart::chart;
use super::pair::{Pair, Shown};
use super::{figures, pictures};
use crate::failure::Result;
use crate::media::source::Source;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/viewer.js");
/// The page, whole.
pub fn page(
    input: &Source,
    output: &Source,
    pair: &Pair,
    differences: &std::result::Result<(), String>,
) -> Result<String> {
    let title = format!("{} → {}", name(input), name(output));
    let verdict = match differences {
        Ok(()) if input.has_times() && output.has_times() => {
            let count = pair.counts.0;
            format!("All {count} frames are there, each at its time.")
        }
        Ok(()) => format!("Frames of both: {}.", pair.counts.0),
        Err(what) => format!("The files differ: {what}."),
    };
    let mut frames = String::new();
    for shown in &pair.shown {
        frames += &figure(shown, input, pair)?;
    }
    let generator = format!("ud2m {}", env!("CARGO_PKG_VERSION"));
    let class = if differences.is_ok() {
        "same"
    } else {
        "differs"
    };
    let parts = [
        ("{{style}}", STYLE.to_owned()),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{generator}}", generator),
        ("{{title}}", escaped(&title)),
        ("{{verdict-class}}", class.to_owned()),
        ("{{verdict}}", escaped(&verdict)),
        ("{{figures}}", table(&numbers(pair))),
        ("{{chart}}", chart(pair)),
        ("{{files}}", files(input, output, pair)),
        ("{{settings}}", table(&settings(output))),
        ("{{frames}}", frames),
        (
            "<body>",
            format!("<body data-aspect=\"{:.6}\">", pair.aspect),
        ),
    ];
    // The frames are large: what stands before them is put in first.
    let page = parts
        .into_iter()
        .fold(PAGE.to_owned(), |page, (key, text)| {
            page.replacen(key, &text, if key == "{{title}}" { 2 } else { 1 })
        });
    Ok(page)
}

fn name(source: &Source) -> String {
    let name = source.path().file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Text as it stands in a page.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    // XML has no other control characters.
    let text = text.replace('>', "&gt;").replace('"', "&quot;");
    // Braces mark where the parts of the page come.
    let text = text.replace('{', "&#123;");
    text.replace(|c: char| c.is_control() && c != '\n', "�")
}

fn decibels(mean_square: f64) -> String {
    figures::psnr(mean_square).map_or_else(
        || "no difference".to_owned(),
        |psnr| format!("PSNR {psnr:.2} dB"),
    )
}

/// A pair of frames.
fn figure(shown: &Shown, input: &Source, pair: &Pair) -> Result<String> {
    let number = shown.number;
    let time = input.stored.times.get(number).filter(|_| input.has_times());
    let time = time.map_or_else(String::new, |time| {
        format!(" at {:.3} s", *time as f64 / 1e9)
    });
    let most = if number == pair.most && pair.errors.len() > 1 {
        ", the one that changed most"
    } else {
        ""
    };
    let ssim = shown
        .ssim
        .map_or_else(String::new, |ssim| format!(", SSIM {ssim:.4}"));
    let (before, after) = (
        pictures::address(&shown.before)?,
        pictures::address(&shown.after)?,
    );
    Ok(format!(
        "<figure data-name=\"{number}{mark}\">\n\
         <img alt=\"frame {number} before\" src=\"{before}\" />\n\
         <img alt=\"frame {number} after\" src=\"{after}\" />\n\
         <figcaption>Frame {number}{time}{most}: {psnr}{ssim}</figcaption>\n</figure>\n",
        mark = if most.is_empty() { "" } else { " (most)" },
        psnr = decibels(shown.error),
    ))
}

/// Rows of a name and a value.
fn table(rows: &[(String, String)]) -> String {
    let rows = rows.iter().map(|(name, value)| {
        let (name, value) = (escaped(name), escaped(value));
        format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
    });
    format!("<table>\n{}</table>", rows.collect::<String>())
}

fn numbers(pair: &Pair) -> Vec<(String, String)> {
    let count = pair.errors.len();
    let least = pair.errors.iter().copied().fold(0.0, f64::max);
    let mut rows = vec![
        (
            "PSNR of R, G and B".to_owned(),
            figures::psnr(pair.mean_error()).map_or_else(
                || "no difference".to_owned(),
                |psnr| format!("{psnr:.2} dB over {count} frames"),
            ),
        ),
        (
            "Most changed".to_owned(),
            format!("frame {}, {}", pair.most, decibels(least)),
        ),
    ];
    if let Some(ssim) = pair.mean_ssim() {
        let measured = pair.ssim.len();
        let of = format!("{ssim:.4}, mean of {measured} frames");
        rows.push(("SSIM of luma".to_owned(), of));
    }
    for shown in &pair.shown {
        let ssim = shown
            .ssim
            .map_or_else(String::new, |ssim| format!(", SSIM {ssim:.4}"));
        let name = format!("Frame {}", shown.number);
        rows.push((name, format!("{}{ssim}", decibels(shown.error))));
    }
    rows
}

fn settings(output: &Source) -> Vec<(String, String)> {
    let unknown = "OUT does not say: pictures and raw frames cannot, nor files of other programs";
    let made = output.stored.made.clone();
    vec![
        (
            "OUT was written by".to_owned(),
            made.unwrap_or_else(|| unknown.to_owned()),
        ),
        (
            "This report by".to_owned(),
            format!("ud2m {}", env!("CARGO_PKG_VERSION")),
        ),
        ("Decoded by".to_owned(), gst::version_string().to_string()),
    ]
}

fn files(input: &Source, output: &Source, pair: &Pair) -> String {
    let after = pair
        .shown
        .first()
        .map_or((0, 0), |s| (s.after.width, s.after.height));
    let mut rows = String::new();
    for (role, source, (width, height), count) in [
        ("IN", input, pair.size, pair.counts.0),
        ("OUT", output, after, pair.counts.1),
    ] {
        let bytes = Path::metadata(source.path()).map(|file| file.len()).ok();
        let bytes = bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{bytes} bytes"));
        let name = escaped(&name(source));
        let times = &source.stored.times;
        let (first, last) = (times.iter().min(), times.iter().max());
        let span = first.zip(last).filter(|_| source.has_times());
        let span = span.map_or_else(
            || "–".to_owned(),
            |(first, last)| {
                format!(
                    "{:.3} s to {:.3} s",
                    *first as f64 / 1e9,
                    *last as f64 / 1e9
                )
            },
        );
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{role}</th><td>{name}</td><td>{width}×{height}</td>\
             <td>{count}</td><td>{span}</td><td>{bytes}</td></tr>"
        );
    }
    format!(
        "<table>\n<tr><th></th><th>name</th><th>size</th><th>frames</th><th>first and last</th>\
         <th>file</th></tr>\n{rows}</table>"
    )
}
