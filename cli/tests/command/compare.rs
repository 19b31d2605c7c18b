// SPDX-License-Identifier: MPL-2.0
//! The report on what a restoration changed.

use std::path::{Path, PathBuf};

use crate::progress::lines;
use crate::{call, clip, folder, media, restore};

/// Compares two files; the exit code, standard output and standard error.
pub fn compared(from: &Path, to: &Path, page: &Path, options: &[&str]) -> (i32, String, String) {
    let paths = [from, to, Path::new("-o"), page].map(Path::as_os_str);
    let options = options.iter().map(|text| text.as_ref());
    let verb = std::iter::once("compare".as_ref());
    let done = call(&verb.chain(paths).chain(options).collect::<Vec<_>>());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = done.status.code().expect("no signal");
    (code, text(&done.stdout), text(&done.stderr))
}

/// A page that is well-formed and needs nothing else, with its pictures.
fn page(path: &Path) -> (String, Vec<Vec<u8>>) {
    let text = std::fs::read_to_string(path).expect("a page");
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let document = roxmltree::Document::parse_with_options(&text, options);
    let document = document.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut pictures = Vec::new();
    for element in document.descendants().filter(|node| node.is_element()) {
        let name = element.tag_name().name();
        let loads = [
            "link", "iframe", "object", "embed", "audio", "video", "base",
        ];
        assert!(!loads.contains(&name), "{name}");
        for attribute in element.attributes() {
            let value = attribute.value();
            if ["src", "href", "srcset", "data", "action"].contains(&attribute.name()) {
                let digits = value.strip_prefix("data:image/png;base64,");
                let digits = digits.unwrap_or_else(|| panic!("{name} loads {value}"));
                pictures.push(gst::glib::base64_decode(digits));
            }
        }
        if name == "style" || name == "script" {
            let code = element.text().unwrap_or_default();
            for word in [
                "url(", "@import", "http:", "https:", "fetch(", "import(", "XMLHttp",
            ] {
                assert!(!code.contains(word), "{name} has {word}");
            }
        }
    }
    (text, pictures)
}

/// A clip and what a model that changes nothing makes of it.
pub fn pair(folder: &Path, name: &str) -> [PathBuf; 2] {
    let input = clip(
        folder,
        "in.mp4",
        "x264enc",
        "avenc_aac ! aacparse",
        "mp4mux",
    );
    let output = folder.join(name);
    restore(&input, &output, &["--noise-sigma", "0.1"]);
    [input, output]
}

#[test]
fn a_page_shows_frames_figures_and_settings_and_needs_nothing_else() {
    let folder = folder();
    let [input, output] = pair(folder.path(), "out.mp4");
    let report = folder.path().join("report.html");
    let (code, said, wrong) = compared(&input, &output, &report, &[]);
    assert_eq!(code, 0, "{wrong}");
    assert!(said.contains("report.html: 12 frames, PSNR"), "{said}");
    let (text, pictures) = page(&report);
    for word in [
        "All 12 frames are there, each at its time.",
        concat!("ud2m ", env!("CARGO_PKG_VERSION"), ": model=echo"),
        "noise-sigma=0.1",
        "GStreamer 1.",
        "64×48",
        "SSIM of luma",
        "<polyline",
        "the one that changed most",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(
        pictures.len() == 8 || pictures.len() == 6,
        "{}",
        pictures.len()
    );
    // The pictures are the frames.
    let frames = [&input, &output].map(|path| media::frames(path, "RGB").bytes);
    let still = folder.path().join("still.png");
    for (at, png) in pictures.iter().enumerate() {
        std::fs::write(&still, png).expect("a file");
        let shown = media::frames(&still, "RGB").bytes.remove(0);
        let found = frames[at % 2].contains(&shown);
        assert!(found, "picture {at} is no frame of its file");
    }
}

#[test]
fn frames_can_be_named_and_programs_are_told() {
    let folder = folder();
    let [input, output] = pair(folder.path(), "out.mkv");
    let report = folder.path().join("report.html");
    let (code, said, wrong) = compared(&input, &output, &report, &["--frames", "11,3", "--json"]);
    assert_eq!(code, 0, "{wrong}");
    let (text, pictures) = page(&report);
    assert_eq!(pictures.len(), 4);
    assert!(
        text.contains("Frame 3 at 0.100 s: no difference, SSIM 1.0000"),
        "times"
    );
    assert!(text.contains("Frame 11 at 0.367 s"), "times");
    let said = lines(said.as_bytes());
    let last = said.last().expect("a line");
    assert_eq!(
        (&last["event"], &last["frames"]),
        (&"compared".into(), &12.into())
    );
    assert!(last["psnr"].is_null() && last["ssim"] == 1.0, "{last}");
    assert_eq!(last["same-frames"], true);
}

#[test]
fn frames_that_are_missing_or_elsewhere_are_told() {
    let folder = folder();
    let files = [
        ("a.mkv", &[0, 40, 80, 120][..]),
        ("b.mkv", &[0, 40, 80]),
        ("c.mkv", &[0, 40, 90, 120]),
    ];
    for (name, times) in files {
        media::at_times(&folder.path().join(name), times, "x264enc ! matroskamux");
    }
    let at = |name: &str| folder.path().join(name);
    for (other, word) in [
        ("b.mkv", "IN has 4 frames, and OUT 3"),
        ("c.mkv", "1 of 4 frames moved in time, by up to 10 ms"),
    ] {
        let report = at("report.html");
        let (code, _, wrong) = compared(&at("a.mkv"), &at(other), &report, &["--overwrite"]);
        assert_eq!(code, 3, "{wrong}");
        assert!(wrong.contains(word), "{wrong}");
        assert!(page(&report).0.contains(word), "the page does not say it");
    }
}

#[test]
fn pictures_of_other_sizes_and_odd_names_are_compared() {
    let folder = folder();
    let [small, large] = ["a&b <\"1\">.png", "{{style}}.png"].map(|n| folder.path().join(n));
    for (path, size) in [(&small, 32), (&large, 64)] {
        let plain = folder.path().join("plain.png");
        media::play(&format!(
            "videotestsrc num-buffers=1 ! video/x-raw,width={size},height={size} ! pngenc \
             ! filesink location={}",
            plain.display()
        ));
        std::fs::rename(&plain, path).expect("a new name");
    }
    let report = folder.path().join("report.html");
    let (code, _, wrong) = compared(&small, &large, &report, &[]);
    assert_eq!(code, 0, "{wrong}");
    let (text, pictures) = page(&report);
    assert_eq!(pictures.len(), 2);
    assert!(text.contains("32×32") && text.contains("64×64"));
    assert!(text.contains("a&amp;b &lt;&quot;1&quot;&gt;.png"));
}

#[test]
fn raw_frames_of_every_layout_are_compared() {
    let folder = folder();
    for (tag, size) in [("420p10", 2 * 96), ("mono", 64), ("mono12", 2 * 64)] {
        let [a, b] = ["a.y4m", "b.y4m"].map(|name| folder.path().join(name));
        for (path, frames) in [(&a, 3), (&b, 2)] {
            let mut bytes = format!("YUV4MPEG2 W8 H8 F25:1 C{tag}\n").into_bytes();
            for _ in 0..frames {
                bytes.extend(b"FRAME\n");
                bytes.extend(vec![2; size]);
            }
            std::fs::write(path, bytes).expect("a file");
        }
        let report = folder.path().join("report.html");
        let (code, _, wrong) = compared(&a, &b, &report, &["--overwrite"]);
        assert!(
            wrong.contains("IN has 3 frames, and OUT 2"),
            "{tag}: {wrong}"
        );
        assert_eq!((code, page(&report).1.len()), (3, 4), "{tag}");
    }
}

#[test]
fn what_cannot_be_compared_is_told() {
    let folder = folder();
    let [input, output] = pair(folder.path(), "out.mkv");
    let [page, there] = ["page.html", "there.html"].map(|name| folder.path().join(name));
    std::fs::write(&there, "precious").expect("a file");
    let text = folder.path().join("page.txt");
    let none = folder.path().join("none.mkv");
    for (to, report, options, code, word) in [
        (&output, &text, &[][..], 2, "let its name end with .html"),
        (&output, &there, &[], 1, "is there already"),
        (&none, &page, &[], 1, "cannot be read"),
        (&output, &page, &["--frames", "12"], 2, "the frames 0 to 11"),
    ] {
        let (found, _, said) = compared(&input, to, report, options);
        assert_eq!(found, code, "{said}");
        assert!(said.contains(word), "{word}: {said}");
        assert!(!page.exists());
    }
    assert_eq!(std::fs::read_to_string(&there).expect("a file"), "precious");
}
