// SPDX-License-Identifier: MPL-2.0
//! Where chunks meet: the frame that two chunks have, and how far apart it is.

use super::{ALONE, CARRIED, clip, events, fails, join, plan, run, text};
use crate::{call, folder};

#[test]
fn the_psnr_of_each_seam_is_told() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    for (name, settings) in [("alone", &ALONE[..]), ("carried", &CARRIED)] {
        let plan = plan(&[&input], &folder.path().join(name), settings);
        run(&plan, &["--jobs", "2"]);
        let output = folder.path().join(format!("{name}.mkv"));
        let told = join(&plan, &output);
        let seams = events(&told, "seam");
        let places: Vec<_> = seams.iter().map(|seam| &seam["frame"]).collect();
        assert_eq!(places, [20, 30, 50], "{name}");
        let scenes: Vec<_> = seams.iter().map(|seam| seam["scene"] == true).collect();
        assert_eq!(scenes, [false, true, false], "{name}");
        let psnr: Vec<_> = seams.iter().map(|seam| seam["psnr"].as_f64()).collect();
        let end = events(&told, "joined")[0];
        assert_eq!(end["seams"], 3, "{name}");
        if name == "alone" {
            assert_eq!(
                psnr, [None; 3],
                "frames that stand alone are the same in both"
            );
        } else {
            let lowest = psnr.iter().flatten().copied().reduce(f64::min);
            assert!(lowest.is_none_or(|psnr| psnr > 20.0), "{psnr:?}");
            assert_eq!(end["lowest-psnr"].as_f64(), lowest, "{told:?}");
        }
    }
}

#[test]
fn a_plan_without_lead_in_says_that_no_seam_was_measured() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let settings = [&ALONE[..], &["--lead-in", "0"]].concat();
    let plan = plan(&[&input], &folder.path().join("plan"), &settings);
    run(&plan, &[]);
    let output = folder.path().join("out.mkv");
    let done = call(&["batch", "join", text(&plan), "-o", text(&output)]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success());
    assert!(said.contains("60 frames of 4 chunks"), "{said}");
    assert!(said.contains("no seam was measured"), "{said}");
    let nowhere = folder.path().join("new");
    let arguments = [
        "batch",
        "plan",
        text(&input),
        "-o",
        text(&nowhere),
        "--lead-in",
        "9",
    ];
    let done = call(&arguments);
    assert_eq!(done.status.code(), Some(2));
    let _ = fails(&["batch", "run", text(&nowhere)]);
}
