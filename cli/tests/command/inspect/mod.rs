// SPDX-License-Identifier: MPL-2.0
//! What is found of files with damage of known size, and what is proposed.

mod made;
mod proposed;

use std::path::Path;

use image::RgbImage;
use serde_json::Value;

use crate::kernel::made::{Kernel, blurred};
use crate::{ECHO, call, folder, media};
use made::{barred, coloured, combed, encoded, noisy, sharp};

/// What compresses luma and chroma; RGB would be compressed as it is.
const JPEG: &str = "video/x-raw,format=I420 ! jpegenc";

/// Inspects a file; the exit code, standard output and standard error.
fn inspected(input: &Path, options: &[&str]) -> (i32, String, String) {
    let fixed = ["inspect".as_ref(), input.as_os_str()];
    let model = ["--model", ECHO];
    let options = options.iter().chain(&model).map(|text| text.as_ref());
    let done = call(&fixed.into_iter().chain(options).collect::<Vec<_>>());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = done.status.code().expect("no signal");
    (code, text(&done.stdout), text(&done.stderr))
}

/// What is found of a file: one object.
fn found(input: &Path, options: &[&str]) -> Value {
    let options: Vec<_> = options.iter().chain(&["--json"]).copied().collect();
    let (code, said, wrong) = inspected(input, &options);
    assert_eq!(code, 0, "{said}{wrong}");
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{said}: {e}"))
}

/// What is found of a picture.
fn found_of(picture: &RgbImage, folder: &Path, options: &[&str]) -> Value {
    let input = folder.join("in.png");
    picture.save(&input).expect("a file");
    found(&input, options)
}

fn number(said: &Value, path: &str) -> f64 {
    let value = said.pointer(path).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("no {path} in {said}"))
}

fn findings(said: &Value) -> Vec<&str> {
    let all = said["findings"].as_array().expect("a list");
    all.iter()
        .map(|name| name.as_str().expect("a name"))
        .collect()
}

#[test]
fn a_picture_without_damage_is_told_to_have_none() {
    let folder = folder();
    let said = found_of(&sharp(1), folder.path(), &[]);
    assert!(findings(&said).is_empty(), "{said}");
    for key in ["task", "restore", "pipeline", "before"] {
        assert!(said[key].is_null(), "{key}: {said}");
    }
    assert_eq!(said["speed"], Value::Array(vec![]), "nothing to measure");
    let (code, words, _) = inspected(&folder.path().join("in.png"), &[]);
    assert_eq!(code, 0);
    assert!(words.contains("Nothing is wrong that a restoration would mend."));
    assert!(!words.contains("ud2m restore"), "{words}");
}

#[test]
fn noise_is_found_within_15_percent() {
    let folder = folder();
    for level in [0.02, 0.05] {
        let said = found_of(
            &noisy(&sharp(2), 255.0 * level),
            folder.path(),
            &["--quick"],
        );
        let sigma = number(&said, "/noise/sigma/median");
        assert!((sigma / level - 1.0).abs() < 0.15, "{level}: {said}");
        assert!(number(&said, "/noise/correlation/median") < 0.2, "{said}");
        assert_eq!(
            (findings(&said), &said["task"]),
            (vec!["noise"], &"denoise".into())
        );
    }
}

#[test]
fn the_quality_of_a_jpeg_is_found_in_its_file_and_in_what_was_decoded() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    sharp(3).save(at("sharp.png")).expect("a file");
    for quality in [20, 60] {
        encoded(
            &at("sharp.png"),
            &format!("{JPEG} quality={quality}"),
            &at("in.jpg"),
        );
        let said = found(&at("in.jpg"), &["--quick"]);
        assert_eq!(said["jpeg"]["header-quality"], quality, "{said}");
        let near = |said: &Value| {
            let found = number(said, "/jpeg/quality/median");
            assert!((found - f64::from(quality)).abs() <= 2.0, "{said}");
            assert!(number(said, "/jpeg/fit/median") > 0.6, "{said}");
            assert_eq!(said["task"], "jpeg", "{said}");
        };
        near(&said);
        encoded(&at("in.jpg"), "pngenc", &at("decoded.png"));
        let said = found(&at("decoded.png"), &["--quick"]);
        near(&said);
        assert!(said["jpeg"]["header-quality"].is_null(), "{said}");
    }
    // A coarse compression, and a finer one after it: the coarse one is what was lost.
    encoded(
        &at("sharp.png"),
        &format!("{JPEG} quality=30"),
        &at("once.jpg"),
    );
    encoded(
        &at("once.jpg"),
        &format!("{JPEG} quality=90"),
        &at("twice.jpg"),
    );
    let said = found(&at("twice.jpg"), &["--quick"]);
    assert_eq!(said["jpeg"]["header-quality"], 90, "{said}");
    let quality = number(&said, "/jpeg/quality/median");
    assert!((quality - 30.0).abs() <= 2.0, "{said}");
}

#[test]
fn a_blur_is_found_with_its_numbers() {
    let folder = folder();
    let disk = Kernel::of(9, |x, y| f64::from(u8::from(x * x + y * y < 3.5 * 3.5)));
    let said = found_of(&coloured(&blurred(&disk, 3)), folder.path(), &["--untimed"]);
    assert_eq!(
        (findings(&said), &said["task"]),
        (vec!["blur"], &"deblur".into())
    );
    assert_eq!(said["blur"]["kind"], "disk", "{said}");
    let radius = number(&said, "/blur/radius");
    assert!((radius - 3.5).abs() <= 0.3, "{said}");
    let restore = said["restore"].as_str().expect("a line");
    let option = format!("--kernel disk --kernel-radius {radius:.2} --noise-sigma -1");
    assert!(restore.contains(&option), "{restore}");
    // What is sharp has none, with noise or without.
    let said = found_of(&noisy(&sharp(3), 8.0), folder.path(), &["--untimed"]);
    assert_eq!(said["blur"]["found"], false, "{said}");
}

#[test]
fn bars_are_counted_and_left_out_of_what_is_clipped() {
    let folder = folder();
    let said = found_of(&barred(&sharp(4), 24, 19), folder.path(), &["--quick"]);
    let sides = ["top", "bottom", "left", "right"].map(|side| said["bars"][side].as_u64());
    assert_eq!(sides, [24, 19, 0, 0].map(Some), "{said}");
    assert_eq!(findings(&said), ["bars"]);
    assert!(number(&said, "/clipped/black/median") < 0.01, "{said}");
    assert!(said["task"].is_null(), "bars do no harm: {said}");
    // A fifth of the picture is white.
    let mut bright = sharp(4);
    let (width, height) = bright.dimensions();
    for y in height / 4..height / 4 + height / 5 {
        (0..width).for_each(|x| bright.put_pixel(x, y, image::Rgb([255; 3])));
    }
    let said = found_of(&bright, folder.path(), &["--quick"]);
    assert!(
        (number(&said, "/clipped/white/median") - 0.2).abs() < 0.02,
        "{said}"
    );
    assert_eq!(findings(&said), ["clipping"]);
}

#[test]
fn two_fields_in_a_frame_are_found_and_come_first() {
    let folder = folder();
    let said = found_of(&combed(&sharp(5), 6), folder.path(), &["--untimed"]);
    assert!(findings(&said).contains(&"combing"), "{said}");
    assert!(number(&said, "/fields/teeth/median") > 0.1, "{said}");
    assert_eq!(said["fields"]["told"], false);
    assert!(
        said["task"].is_null() && said["restore"].is_null(),
        "{said}"
    );
    let before = said["before"].as_str().expect("a line");
    assert!(
        before.contains("! deinterlace mode=interlaced !"),
        "{before}"
    );
    // Fields that the header tells of.
    let input = folder.path().join("fields.mkv");
    media::play(&format!(
        "videotestsrc num-buffers=3 ! video/x-raw,format=I420,width=64,height=48,\
         interlace-mode=interleaved,field-order=top-field-first ! avenc_ffv1 ! matroskamux \
         ! filesink location=\"{}\"",
        input.display()
    ));
    let said = found(&input, &["--quick"]);
    assert_eq!(said["fields"]["told"], true, "{said}");
    assert!(findings(&said).contains(&"interlaced"), "{said}");
}

#[test]
fn what_cannot_be_inspected_is_told_in_a_sentence() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text.png"), "no picture").expect("a file");
    std::fs::create_dir(at("empty")).expect("a folder");
    let dot = image::RgbImage::from_pixel(1, 1, image::Rgb([9; 3]));
    dot.save(at("dot.png")).expect("a file");
    for (name, options, code, word) in [
        ("text.png", &[][..], 1, "text.png"),
        ("none.png", &[], 1, "cannot be read"),
        ("empty", &[], 2, "without numbered pictures"),
        ("-", &[], 2, "write the frames into a file"),
        ("dot.png", &["--frames", "0"], 2, "a number from 1 to 64"),
        ("dot.png", &["--frames", "65"], 2, "a number from 1 to 64"),
    ] {
        let input = if name == "-" { name.into() } else { at(name) };
        let (found, _, said) = inspected(&input, options);
        assert_eq!(found, code, "{name}: {said}");
        assert!(said.contains(word), "{word}: {said}");
    }
    // A picture of one pixel has nothing to show, and is no error.
    let said = found(&at("dot.png"), &[]);
    assert!(said["blur"].is_null() && said["task"].is_null(), "{said}");
}
