// SPDX-License-Identifier: MPL-2.0
//! Too little memory ends in an error message, and never the process.
//!
//! Each budget is tried in a process of its own, this program again.

mod common;

use std::process::Command;

use common::{caps, element, errors, info};
use gst::prelude::*;
use gst_video::VideoFormat;
use gstud2m::image::can_hold;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
const FRAMES: usize = 2;
/// MiB that a process may take beside what it has once the model is loaded. Two frames take less
/// than the last.
const BUDGETS: [u64; 10] = [0, 8, 40, 80, 120, 160, 200, 240, 320, 2000];
/// What a process says at its end: how many frames came, and the errors.
const REPORT: &str = "report:";

#[test]
fn frames_without_memory_end_in_an_error_and_not_the_process() {
    for case in ["RGB denoise", "I420 deblur", "RGB super-resolve"] {
        let mut refused = 0;
        for budget in BUDGETS {
            let program = std::env::current_exe().unwrap();
            let output = Command::new(program)
                .args([
                    "--exact",
                    "a_process_with_a_budget",
                    "--ignored",
                    "--nocapture",
                ])
                .env("UD2M_TEST_BUDGET", budget.to_string())
                .env("UD2M_TEST_CASE", case)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let lines = text.lines();
            let report = lines.filter_map(|l| l.split_once(REPORT)).next_back();
            let at = format!("{case}, {budget} MiB: {output:?}");
            assert!(output.status.success(), "{at}");
            let (_, report) = report.unwrap_or_else(|| panic!("{at}"));
            println!("{case}, {budget} MiB:{report}");
            let (frames, errors) = report.trim_start().split_once(' ').unwrap();
            if frames.parse() == Ok(FRAMES) {
                assert!(errors.is_empty() && budget > 100, "{at}");
            } else {
                assert!(errors.contains("emory"), "{at}");
                refused += 1;
            }
        }
        assert!((4..10).contains(&refused), "{case}: {refused}");
    }
}

#[test]
fn a_frame_that_no_machine_holds_is_refused_when_its_caps_come() {
    // Frames of 16384x16384 pixels leave.
    let properties = [("task", "super-resolve"), ("scale", "4")];
    let element = element("echo", &properties);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(caps(VideoFormat::Rgb, 4096, 4096));
    let errors = errors(&bus);
    let free = errors.is_empty();
    // A machine with more than 27 GiB may hold it; what it says otherwise is what it takes.
    assert!(free || errors[0].contains("takes 27648 MiB"), "{errors:?}");
}

/// Bytes of the address space in use.
fn address_space() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split_whitespace().next().unwrap().parse().unwrap();
    // SAFETY: it only reads a number.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

#[test]
#[ignore = "a part of another test: it limits the memory of its process"]
fn a_process_with_a_budget() {
    common::init();
    let variable = |name: &str| std::env::var(name).unwrap();
    let budget: u64 = variable("UD2M_TEST_BUDGET").parse().unwrap();
    let case = variable("UD2M_TEST_CASE");
    let (format, task) = case.split_once(' ').unwrap();
    let format = VideoFormat::from_string(format);
    let properties = [("task", task), ("steps", "1"), ("threads", "1")];
    let element = element("echo", &properties);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    let bytes = vec![90; info(format, WIDTH, HEIGHT).size()];
    let frames = [(); FRAMES].map(|()| gst::Buffer::from_slice(bytes.clone()));
    let most = address_space() + (budget << 20);
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: it only reads the structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    harness.set_src_caps(caps(format, WIDTH, HEIGHT));
    let pushed = frames.into_iter().filter_map(|f| harness.push(f).ok());
    let came = pushed.count();
    println!("{REPORT} {came} {}", errors(&bus).join(" "));
    if came == FRAMES {
        // Larger frames that nobody announced: their memory lacks before tiles are chosen.
        element.set_property("strength", 0.0);
        harness.set_src_caps(caps(format, 4 * WIDTH, 4 * HEIGHT));
        element.set_property("strength", 1.0);
        let size = info(format, 4 * WIDTH, 4 * HEIGHT).size();
        // It cannot be made where the budget is small, and comes where it is large.
        if budget < 2000 && can_hold(2 * size) {
            let large = gst::Buffer::from_slice(vec![90; size]);
            assert!(harness.push(large).is_err());
            assert!(errors(&bus).join(" ").contains("emory"));
        }
    }
}
