// SPDX-License-Identifier: MPL-2.0
//! What is proposed works as it stands; figures are those of the element; files of all kinds.

use std::path::Path;
use std::process::Command;

use gst::prelude::*;
use serde_json::Value;

use super::made::{coloured, encoded, noisy, sharp};
use super::{ECHO, JPEG, found, found_of, number};
use crate::kernel::made::{Kernel, blurred};
use crate::{folder, media};

/// Runs a line of a shell in a folder, with the command and its model within reach.
fn run(line: &str, folder: &Path) {
    let binary = Path::new(env!("CARGO_BIN_EXE_ud2m"));
    let path = std::env::var("PATH").unwrap_or_default();
    let folder_of = binary.parent().expect("a folder").display();
    let done = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{folder_of}:{path}"))
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{line}: {said}");
}

fn line<'a>(said: &'a Value, key: &str) -> &'a str {
    said[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {said}"))
}

/// The element's `stats` after all frames of a file, with these properties.
fn stats(input: &Path, properties: &str) -> gst::Structure {
    let _ = gstud2m::plugin_register_static();
    let line = format!(
        "filesrc location=\"{}\" ! decodebin ! videoconvert \
         ! ud2mrestore name=restorer model=\"{ECHO}\" {properties} ! fakesink",
        input.display()
    );
    let pipeline = gst::parse::launch(&line).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    media::run(pipeline.upcast_ref(), &line);
    let restorer = pipeline.by_name("restorer").expect("an element");
    restorer.property("stats")
}

#[test]
fn the_lines_that_are_proposed_run() {
    let folder = folder();
    // A name that a shell would take apart.
    let input = folder.path().join("it's 1.png");
    noisy(&sharp(6), 12.0).save(&input).expect("a file");
    let said = found(&input, &["--untimed"]);
    let output = folder.path().join("restored-it's 1.png");
    let model = format!(" --model '{ECHO}'");
    run(&(line(&said, "restore").to_owned() + &model), folder.path());
    assert_eq!(media::frames(&output, "RGB").bytes.len(), 1);
    std::fs::remove_file(&output).expect("a file");
    let pipeline = line(&said, "pipeline");
    let pipeline = pipeline.replace("ud2mrestore ", &format!("ud2mrestore model='{ECHO}' "));
    if std::env::var_os("GST_PLUGIN_PATH").is_some() {
        run(&pipeline, folder.path());
        assert_eq!(media::frames(&output, "RGB").bytes.len(), 1);
    } else {
        let _ = gstud2m::plugin_register_static();
        gst::parse::launch(pipeline.trim_start_matches("gst-launch-1.0 ")).expect("a pipeline");
    }
}

#[test]
fn figures_are_those_of_the_element() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    noisy(&sharp(7), 10.0).save(at("in.png")).expect("a file");
    let near = |said: &Value, path: &str, stats: &gst::Structure, field: &str| {
        let (found, told) = (
            number(said, path),
            stats.get::<f64>(field).expect("a number"),
        );
        assert!(
            (found - told).abs() < 1e-4,
            "{path}: {found}, {field}: {told}"
        );
    };
    // RGB, and luma with chroma that lies between the pixels.
    encoded(
        &at("in.png"),
        "video/x-raw,format=I420,colorimetry=bt709 ! avenc_ffv1 ! matroskamux",
        &at("in.mkv"),
    );
    for name in ["in.png", "in.mkv"] {
        let said = found(&at(name), &["--quick"]);
        let stats = stats(&at(name), "task=denoise noise-sigma=-1");
        near(&said, "/noise/sigma/median", &stats, "noise-sigma");
        near(&said, "/noise/chroma/median", &stats, "noise-chroma");
        near(
            &said,
            "/noise/correlation/median",
            &stats,
            "noise-correlation",
        );
    }
    encoded(&at("in.png"), &format!("{JPEG} quality=35"), &at("in.jpg"));
    let said = found(&at("in.jpg"), &["--quick"]);
    let stats = stats(&at("in.jpg"), "task=jpeg");
    near(&said, "/jpeg/fit/median", &stats, "jpeg-fit");
    assert_eq!(
        number(&said, "/jpeg/quality/median"),
        f64::from(stats.get::<u32>("jpeg-quality").expect("a number"))
    );
}

#[test]
fn the_time_of_a_file_follows_from_that_of_a_frame() {
    let folder = folder();
    let input = folder.path().join("in.mkv");
    media::play(&format!(
        "videotestsrc num-buffers=30 pattern=snow ! video/x-raw,format=I420,width=600,height=140,\
         framerate=25/1 ! avenc_ffv1 ! matroskamux ! filesink location=\"{}\"",
        input.display()
    ));
    let said = found(&input, &["--frames", "1"]);
    assert_eq!((&said["frames"], &said["fps"]), (&30.into(), &25.0.into()));
    let cpu = &said["speed"][0];
    assert_eq!(cpu["provider"], "cpu", "{said}");
    let [frame, all] = ["/seconds-per-frame", "/seconds"].map(|path| number(cpu, path));
    assert!(frame > 0.0 && all >= 30.0 * frame - 0.01, "{cpu}");
    let size = ["/measured-width", "/measured-height"].map(|path| number(cpu, path));
    assert!(
        size[0] * size[1] <= 600.0 * 140.0 && size[0] > 500.0,
        "{cpu}"
    );
    // A model that is not there is told, and what was found stays.
    let arguments = [
        "inspect",
        input.to_str().expect("a name"),
        "--json",
        "--model",
        "none",
    ];
    let done = crate::call(&arguments);
    let said: Value = serde_json::from_slice(&done.stdout).expect("an object");
    assert!(
        said["speed"].as_array().is_some_and(Vec::is_empty),
        "{said}"
    );
    assert!(
        said["unmeasured"][0]
            .as_str()
            .is_some_and(|why| why.contains("none")),
        "{said}"
    );
}

#[test]
fn frames_are_taken_from_all_over_a_file() {
    let folder = folder();
    let pictures = folder.path().join("frames");
    std::fs::create_dir(&pictures).expect("a folder");
    let (clean, loud) = (sharp(8), noisy(&sharp(8), 20.0));
    for number in 0..120 {
        let picture = if number < 80 { &clean } else { &loud };
        let part = image::imageops::crop_imm(picture, 0, 0, 96, 80).to_image();
        let name = format!("f{:03}.png", number + 5);
        part.save(pictures.join(name)).expect("a file");
    }
    let film = folder.path().join("film.mkv");
    media::play(&format!(
        "multifilesrc location=\"{}/f%03d.png\" start-index=5 stop-index=124 \
         caps=image/png,framerate=25/1 ! pngdec ! videoconvert ! x264enc pass=qual quantizer=4 \
         key-int-max=40 ! matroskamux ! filesink location=\"{}\"",
        pictures.display(),
        film.display()
    ));
    let y4m = folder.path().join("film.y4m");
    crate::restore(&film, &y4m, &[]);
    for input in [&pictures, &pictures.join("f%03d.png"), &film, &y4m] {
        let said = found(input, &["--quick", "--frames", "2"]);
        let shown = input.display();
        assert_eq!(said["looked-at"], serde_json::json!([30, 90]), "{shown}");
        // The second is noisy.
        let [low, high] = ["low", "high"].map(|end| number(&said, &format!("/noise/luma/{end}")));
        assert!(low < 0.01 && high > 0.03, "{shown}: {said}");
        assert_eq!(said["frames"], 120, "{shown}");
        let said = found(input, &["--quick", "--frames", "1"]);
        assert_eq!(said["looked-at"], serde_json::json!([60]), "{shown}");
        assert!(number(&said, "/noise/luma/high") < 0.01, "{shown}: {said}");
    }
}

#[test]
fn a_free_kernel_is_written_first() {
    let folder = folder();
    let path: Vec<_> = (0..60)
        .map(|i| {
            let t = f64::from(i) / 59.0;
            if t < 0.6 {
                (-4.0 + 12.0 * t, -4.0 + 3.0 * t)
            } else {
                (3.2, -2.2 + 16.0 * (t - 0.6))
            }
        })
        .collect();
    let picture = coloured(&blurred(&Kernel::path(15, &path), 1));
    let said = found_of(&picture, folder.path(), &["--untimed"]);
    assert_eq!(
        (&said["task"], &said["blur"]["kind"]),
        (&"deblur".into(), &"free".into())
    );
    let before = line(&said, "before");
    assert!(
        before.starts_with("ud2m kernel ") && before.ends_with("kernel-in.npy"),
        "{before}"
    );
    let restore = line(&said, "restore");
    assert!(
        restore.contains("--kernel-file ") && restore.contains("kernel-in.npy"),
        "{restore}"
    );
}
