// SPDX-License-Identifier: MPL-2.0
//! Stills and numbered pictures.

use std::path::Path;

use crate::{folder, media, names, restore};

/// A JPEG of 64×48 pixels that says by EXIF how it is to be turned.
pub fn turned_jpeg(path: &Path, orientation: u8) {
    media::play(&format!(
        "videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=64,height=48 \
         ! videobalance saturation=0 ! jpegenc \
         ! filesink location=\"{}\"",
        path.display()
    ));
    let bytes = std::fs::read(path).expect("a file");
    let mut exif =
        b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let (start, rest) = bytes.split_at(2);
    std::fs::write(path, [start, &exif, rest].concat()).expect("a file");
}

#[test]
fn stills_are_turned_as_their_exif_says() {
    let folder = folder();
    let upright = folder.path().join("1.jpg");
    turned_jpeg(&upright, 1);
    let original = media::frames(&upright, "RGB").bytes.remove(0);
    let at = |x: usize, y: usize| original[3 * (y * 64 + x)];
    for orientation in 1..=8 {
        let input = folder.path().join("in.jpg");
        let output = folder.path().join("out.png");
        turned_jpeg(&input, orientation);
        restore(&input, &output, &["--overwrite"]);
        let frame = media::frames(&output, "RGB");
        let (width, height) = if orientation < 5 { (64, 48) } else { (48, 64) };
        let caps = frame.caps.structure(0).expect("caps");
        assert_eq!(
            caps.get::<i32>("width").ok(),
            Some(width as i32),
            "{orientation}"
        );
        let mut worst = 0;
        for y in 0..height {
            for x in 0..width {
                // Where the pixel lies in the stored picture, by the meaning of the tag.
                let (sx, sy) = match orientation {
                    1 => (x, y),
                    2 => (63 - x, y),
                    3 => (63 - x, 47 - y),
                    4 => (x, 47 - y),
                    5 => (y, x),
                    6 => (y, 47 - x),
                    7 => (63 - y, 47 - x),
                    _ => (63 - y, x),
                };
                worst = worst.max(frame.bytes[0][3 * (y * width + x)].abs_diff(at(sx, sy)));
            }
        }
        // Chroma is interpolated to RGB on the way, which moves gray a little.
        assert!(
            worst <= 12,
            "orientation {orientation}: {worst} codes apart"
        );
    }
}

#[test]
fn numbered_pictures_become_numbered_pictures_and_films() {
    let folder = folder();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).expect("a folder");
    std::fs::create_dir(&to).expect("a folder");
    media::play(&format!(
        "videotestsrc num-buffers=5 pattern=ball ! video/x-raw,format=RGB,width=64,height=48 \
         ! pngenc ! multifilesink index=8 location={}/%04d.png",
        from.display()
    ));
    restore(&from.join("%04d.png"), &to.join("n%03d.png"), &[]);
    assert_eq!(
        names(&to),
        ["n008.png", "n009.png", "n010.png", "n011.png", "n012.png"]
    );
    for number in 8..13 {
        let before = media::frames(&from.join(format!("{number:04}.png")), "RGB");
        let after = media::frames(&to.join(format!("n{number:03}.png")), "RGB");
        assert!(
            before.bytes == after.bytes,
            "picture {number} is another one"
        );
    }
    let film = folder.path().join("film.mkv");
    restore(&from.join("%04d.png"), &film, &["--fps", "10"]);
    let film = media::frames(&film, "RGB");
    let times: Vec<_> = film.times.iter().map(|t| t / 1_000_000).collect();
    assert_eq!(times, [0, 100, 200, 300, 400]);
}
