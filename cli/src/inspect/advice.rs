// SPDX-License-Identifier: MPL-2.0
//! What would mend a file: the task, and the lines that do it.

use std::path::{Path, PathBuf};

use gstud2m::operator::Subsampling;

use super::blur::Blur;
use super::coded::Coded;
use super::findings::{Finding, was_jpeg};
use super::summary::Summary;
use crate::kernel::output::quoted;
use crate::media::source::Source;

/// The level by which `task=denoise` takes a codec's blocks for noise, which it does not see by
/// itself (docs/results/video.md).
const BLOCKS: &str = "0.02";
/// What makes frames of two fields.
const DEINTERLACE: &str = "deinterlace mode=interlaced";

/// What would mend a file.
pub struct Advice {
    /// The element's task; nothing where the fields come first.
    pub task: Option<&'static str>,
    /// The element's properties.
    pub options: Vec<(&'static str, String)>,
    /// A command that comes before, such as the one that writes the kernel.
    pub before: Option<String>,
    /// The line of this command.
    pub restore: Option<String>,
    /// The same as a pipeline.
    pub pipeline: Option<String>,
}

impl Advice {
    /// What would mend what was found; nothing where nothing of it can be.
    pub fn of(
        source: &Source,
        summary: &Summary,
        blur: Option<&Blur>,
        coded: &Coded,
        findings: &[Finding],
    ) -> Option<Self> {
        let has = |finding| findings.contains(&finding);
        if has(Finding::Interlaced) || has(Finding::Combing) {
            return Some(deinterlaced(source));
        }
        let kernel = kernel_file(source.path());
        let blur = blur.filter(|_| has(Finding::Blur));
        let (task, mut options) = if has(Finding::Jpeg) {
            ("jpeg", jpeg(summary, coded))
        } else if let Some(blur) = blur {
            ("deblur", blur.described(&kernel).options)
        } else if has(Finding::Noise) {
            ("denoise", Vec::new())
        } else if has(Finding::Blocks) {
            ("denoise", vec![("noise-sigma", BLOCKS.to_owned())])
        } else {
            return None;
        };
        let told = options.iter().any(|(name, _)| *name == "noise-sigma");
        if task != "jpeg" && !told {
            options.push(("noise-sigma", "-1".to_owned()));
        }
        let is_free = task == "deblur" && blur.is_some_and(|blur| blur.found.shape.is_none());
        let input = quoted(source.path());
        Some(Self {
            task: Some(task),
            before: is_free.then(|| format!("ud2m kernel {input} -o {}", quoted(&kernel))),
            restore: Some(restore(source.path(), &output(source), task, &options)),
            pipeline: Some(pipeline(source, coded, task, &options)),
            options,
        })
    }

    /// The properties in a launch line.
    pub fn properties(&self) -> String {
        self.task
            .map_or_else(String::new, |task| properties(task, &self.options))
    }
}

/// What frames do not tell of a JPEG: its subsampling where they are RGB, and its quality where the
/// blocks show no steps.
fn jpeg(summary: &Summary, coded: &Coded) -> Vec<(&'static str, String)> {
    let mut options = Vec::new();
    if let Some(header) = coded.header.filter(|_| !was_jpeg(summary, coded)) {
        options.push(("jpeg-quality", header.luma.to_string()));
    }
    if !summary.noise_is_luma && summary.subsampling != Subsampling::C420 {
        options.push(("jpeg-subsampling", way(summary.subsampling).to_owned()));
    }
    options
}

/// A subsampling as the property has it.
pub fn way(subsampling: Subsampling) -> &'static str {
    match subsampling {
        Subsampling::C420 => "420",
        Subsampling::C422 => "422",
        Subsampling::C444 => "444",
    }
}

/// The fields come first: what they did to the figures is not known.
fn deinterlaced(source: &Source) -> Advice {
    let stem = source.path().file_stem().unwrap_or_default();
    let name = format!("progressive-{}.mkv", stem.to_string_lossy());
    let output = source.path().with_file_name(name);
    let (read, output) = (reader(source), quoted(&output));
    let write = format!("videoconvert ! avenc_ffv1 ! matroskamux ! filesink location={output}");
    Advice {
        task: None,
        options: Vec::new(),
        before: Some(format!(
            "gst-launch-1.0 {read} ! videoconvert ! {DEINTERLACE} ! {write}"
        )),
        restore: None,
        pipeline: None,
    }
}

/// The line of this command.
fn restore(input: &Path, output: &Path, task: &str, options: &[(&str, String)]) -> String {
    let options: Vec<_> = options
        .iter()
        .map(|(name, value)| format!(" --{name} {}", quoted(Path::new(value))))
        .collect();
    let (input, output) = (quoted(input), quoted(output));
    format!(
        "ud2m restore {input} {output} --task {task}{}",
        options.concat()
    )
}

fn properties(task: &str, options: &[(&str, String)]) -> String {
    let options: Vec<_> = options
        .iter()
        .map(|(name, value)| format!(" {name}={}", quoted(Path::new(value))))
        .collect();
    format!("task={task}{}", options.concat())
}

/// The same as a pipeline.
fn pipeline(source: &Source, coded: &Coded, task: &str, options: &[(&str, String)]) -> String {
    let properties = properties(task, options);
    let output = quoted(&output(source));
    let decoded = if task == "jpeg" && coded.is_jpeg && source.first().is_none() && source.pictures
    {
        let input = quoted(source.path());
        let subsampling = coded.header.and_then(|header| header.subsampling);
        // jpegdec of GStreamer 1.22 hands out 4:2:0, whatever the file holds.
        let decoder = match subsampling {
            Some(Subsampling::C422 | Subsampling::C444) => "avdec_mjpeg",
            _ => "jpegdec idct-method=islow",
        };
        format!("filesrc location={input} ! jpegparse ! {decoder}")
    } else {
        format!("{} ! videoconvert", reader(source))
    };
    let written = match source.first() {
        Some(first) => format!("pngenc ! multifilesink location={output} index={first}"),
        None if source.pictures => format!("pngenc ! filesink location={output}"),
        None => format!("avenc_ffv1 ! matroskamux ! filesink location={output}"),
    };
    format!("gst-launch-1.0 {decoded} ! ud2mrestore {properties} ! videoconvert ! {written}")
}

/// What reads and decodes the file.
fn reader(source: &Source) -> String {
    let input = quoted(source.path());
    match source.first() {
        Some(first) => format!(
            "imagesequencesrc location={input} start-index={first} framerate={}/{} ! decodebin",
            source.fps.numer(),
            source.fps.denom()
        ),
        None => format!("filesrc location={input} ! decodebin"),
    }
}

/// A name for what is restored, beside IN and without loss.
fn output(source: &Source) -> PathBuf {
    let path = source.path();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = if source.pictures { "png" } else { "mkv" };
    path.with_file_name(format!("restored-{stem}.{ending}"))
}

/// A name for the kernel of a picture, beside it.
fn kernel_file(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    // A number's place is no part of a name.
    path.with_file_name(format!("kernel-{}.npy", stem.replace('%', "")))
}
