// SPDX-License-Identifier: MPL-2.0
//! The report as a browser shows it.

use std::process::Command;

use crate::compare::{compared, pair};
use crate::{folder, media};

/// A browser without a window, where one is installed.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let asked = Command::new(name).arg("--version").output();
        asked.is_ok_and(|done| done.status.success())
    });
    if found.is_none() {
        println!("skipped: neither {} is installed", names.join(" nor "));
    }
    found
}

#[test]
fn a_browser_shows_the_page() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = folder();
    let [input, output] = pair(folder.path(), "out.mp4");
    let report = folder.path().join("report.html");
    compared(&input, &output, &report, &[]);
    let picture = folder.path().join("seen.png");
    let show = |view: &str, option: &str| {
        let done = Command::new(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--window-size=900,1200",
            ])
            .args(["--virtual-time-budget=5000", option])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("file://{}{view}", report.display()))
            .output()
            .expect("a browser");
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let page = show("", "--dump-dom");
    assert!(
        page.contains("data-ready=\"true\""),
        "the script did not end"
    );
    assert!(!page.contains("data-most=\"0\""), "no difference was found");
    let screenshot = format!("--screenshot={}", picture.display());
    let mut seen = Vec::new();
    for view in ["", "#difference"] {
        show(view, &screenshot);
        seen.push(media::frames(&picture, "RGB").bytes.remove(0));
    }
    // The middle of the frame before and after, and the grey of the difference.
    let at = |picture: &[u8], x: usize, y: usize| picture[3 * (y * 900 + x)];
    let colours = |picture: &[u8]| {
        let row: std::collections::BTreeSet<_> = (60..840).map(|x| at(picture, x, 300)).collect();
        row.len()
    };
    assert!(colours(&seen[0]) > 5, "the frame is not seen");
    assert!(seen[0] != seen[1], "the difference is not seen");
}
