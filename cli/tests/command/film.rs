// SPDX-License-Identifier: MPL-2.0
//! Old film: what one frame alone shows is gone, and every frame is there.

use crate::{call, folder};

const WIDTH: usize = 96;
const HEIGHT: usize = 72;
const FRAMES: usize = 6;

/// Frames of a gray scene that moves, the fourth with a spot where one is asked for.
fn film(layout: &str, spot: bool) -> Vec<u8> {
    let mut stream = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 Ip C{layout}\n").into_bytes();
    for number in 0..FRAMES {
        stream.extend(b"FRAME\n");
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let (column, row) = (x as f32 + 1.5 * number as f32, y as f32);
                let wave = (0.4 * column).sin() * (0.3 * row).cos();
                let slow = (0.09 * column + 0.07 * row).sin();
                let within = (30..36).contains(&y) && (40..47).contains(&x);
                stream.push(match spot && number == 3 && within {
                    true => 225,
                    false => (115.0 + 30.0 * (wave + slow)) as u8,
                });
            }
        }
        let chroma = match layout {
            "444" => 2 * WIDTH * HEIGHT,
            "mono" => 0,
            _ => WIDTH * HEIGHT / 2,
        };
        stream.resize(stream.len() + chroma, 128);
    }
    stream
}

#[test]
fn a_spot_of_one_frame_is_replaced_and_nothing_else_changes() {
    let folder = folder();
    let (input, output) = (folder.path().join("in.y4m"), folder.path().join("out.y4m"));
    for layout in ["mono", "420jpeg", "444"] {
        std::fs::write(&input, film(layout, true)).expect("a file");
        let paths = ["restore".as_ref(), input.as_os_str(), output.as_os_str()];
        let options = ["--film", "--overwrite", "--model", crate::ECHO].map(AsRef::as_ref);
        let done = call(&paths.into_iter().chain(options).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && !said.contains("mask"), "{said}");
        let (found, clean) = (std::fs::read(&output).expect("a file"), film(layout, false));
        assert_eq!(found.len(), clean.len(), "{layout}");
        let worst = found.iter().zip(&clean).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(4), "{layout}: {worst:?} codes off");
    }
}

#[test]
fn another_source_of_masks_is_refused_beside_it() {
    let done = call(&[
        "restore",
        "in.mkv",
        "out.mkv",
        "--film",
        "--mask-source",
        "alpha",
    ]);
    assert_eq!(done.status.code(), Some(2));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        said.contains("--film") && said.contains("--mask-source"),
        "{said}"
    );
}
