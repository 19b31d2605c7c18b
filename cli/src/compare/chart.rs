// SPDX-License-Identifier: MPL-2.0
//! A curve in the page.

use super::figures;
use super::pair::Pair;

/// Width and height of the chart, and what its labels need at its left and at its bottom.
const CHART: (f64, f64) = (900.0, 190.0);
const LABELS: (f64, f64) = (48.0, 22.0);

/// PSNR of each frame as a curve, where there are some.
pub fn chart(pair: &Pair) -> String {
    let psnr: Vec<_> = pair
        .errors
        .iter()
        .filter_map(|error| figures::psnr(*error))
        .collect();
    if psnr.len() < 2 || psnr.len() < pair.errors.len() {
        return String::new();
    }
    let low = psnr.iter().copied().fold(f64::MAX, f64::min).floor();
    let high = psnr
        .iter()
        .copied()
        .fold(f64::MIN, f64::max)
        .ceil()
        .max(low + 1.0);
    let ((width, height), (left, bottom)) = (CHART, LABELS);
    let x = |at: usize| left + (width - left - 8.0) * at as f64 / (psnr.len() - 1) as f64;
    let y = |value: f64| 8.0 + (height - bottom - 8.0) * (high - value) / (high - low);
    // More points than the chart has columns show nothing more.
    let step = psnr.len().div_ceil(900);
    let points = psnr.iter().enumerate().step_by(step);
    let points: Vec<_> = points
        .map(|(at, v)| format!("{:.1},{:.1}", x(at), y(*v)))
        .collect();
    let dots = pair.shown.iter().map(|shown| {
        let (x, y) = (x(shown.number), y(psnr[shown.number]));
        format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" />")
    });
    let lines = [low, high].map(|value| {
        let (y, right) = (y(value), width - 8.0);
        format!(
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" />\
             <text x=\"4\" y=\"{:.1}\">{value:.0} dB</text>",
            y + 4.0
        )
    });
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"PSNR of each frame\">\
         {}<polyline class=\"curve\" points=\"{}\" />{}<text x=\"{left}\" y=\"{t}\">frame 0</text>\
         <text x=\"{}\" y=\"{t}\" text-anchor=\"end\">frame {}</text></svg>",
        lines.concat(),
        points.join(" "),
        dots.collect::<String>(),
        width - 8.0,
        psnr.len() - 1,
        t = height - 4.0,
    )
}
