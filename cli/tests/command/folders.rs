// SPDX-License-Identifier: MPL-2.0
//! A folder into a folder.

use std::ffi::OsStr;
use std::path::Path;

use crate::pictures::turned_jpeg;
use crate::progress::lines;
use crate::{ECHO, call, clip, folder, media, names, restore};

/// Calls the command on a folder; the exit code, standard output and standard error.
fn restored(from: &Path, to: &Path, options: &[&str]) -> (i32, String, String) {
    let fixed = ["--model", ECHO, "--detect-unobserved", "false"];
    let options = fixed.iter().chain(options).map(OsStr::new);
    let paths = [OsStr::new("restore"), from.as_os_str(), to.as_os_str()];
    let done = call(&paths.into_iter().chain(options).collect::<Vec<_>>());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = done.status.code().expect("no signal");
    (code, text(&done.stdout), text(&done.stderr))
}

fn size(path: &Path) -> (i32, i32) {
    let caps = media::frames(path, "RGB").caps;
    let first = caps.structure(0).expect("caps");
    let side = |name| first.get(name).expect("a side");
    (side("width"), side("height"))
}

/// Ten JPEGs, of which the third and later ones are turned as their names say.
fn ten(folder: &Path) {
    std::fs::create_dir(folder).expect("a folder");
    for number in 0..10 {
        let name = format!("IMG {number}.JPG");
        turned_jpeg(&folder.join(name), (number % 8) + 1);
    }
}

#[test]
fn ten_photographs_leave_upright_and_under_their_names() {
    let folder = folder();
    let (from, to) = (folder.path().join("from"), folder.path().join("new/to"));
    ten(&from);
    let (code, said, _) = restored(&from, &to, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("10 of 10 files restored"), "{said}");
    assert_eq!(names(&from), names(&to));
    for number in 0..10 {
        let name = format!("IMG {number}.JPG");
        let upright = if (number % 8) < 4 { (64, 48) } else { (48, 64) };
        assert_eq!(size(&to.join(&name)), upright, "{name}");
        let bytes = std::fs::read(to.join(&name)).expect("a file");
        assert!(!bytes.windows(4).any(|w| w == b"Exif"), "{name}");
    }
    // Again: nothing is left to do, unless all is wanted anew.
    let (code, said, _) = restored(&from, &to, &[]);
    assert!(code == 0 && said.contains("10 there already"), "{said}");
    let (code, said, _) = restored(&from, &to, &["--overwrite"]);
    assert!(
        code == 0 && said.contains("10 of 10 files restored"),
        "{said}"
    );
}

#[test]
fn a_file_that_cannot_be_read_does_not_end_the_others() {
    let folder = folder();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir_all(from.join("deeper")).expect("a folder");
    clip(&from, "b.mp4", "x264enc", "avenc_aac ! aacparse", "mp4mux");
    turned_jpeg(&from.join("c.jpg"), 6);
    media::play(&format!(
        "videotestsrc num-buffers=1 ! pngenc ! filesink location={}",
        from.join("d.png").display()
    ));
    for (name, text) in [
        ("a.jpg", "no picture at all, but a text of some length"),
        ("aa.png", ""),
        ("notes.txt", "a word"),
        (".hidden.jpg", "a word"),
    ] {
        std::fs::write(from.join(name), text).expect("a file");
    }
    let (code, said, wrong) = restored(&from, &to, &[]);
    assert_eq!(code, 1, "{wrong}");
    assert_eq!(names(&to), ["b.mp4", "c.jpg", "d.png"], "{wrong}");
    assert!(said.contains("3 of 5 files restored, 2 failed"), "{said}");
    for word in ["a.jpg", "aa.png", "deeper, notes.txt", "2 of 5 files"] {
        assert!(wrong.contains(word), "{word}: {wrong}");
    }
    assert!(!wrong.contains("hidden"), "{wrong}");
    assert_eq!(media::frames(&to.join("b.mp4"), "I420").bytes.len(), 12);

    let (code, said, _) = restored(&from, &to, &["--json"]);
    let said = lines(said.as_bytes());
    let codes: Vec<_> = said
        .iter()
        .filter(|line| line["event"] == "error")
        .collect();
    assert_eq!((code, codes.len()), (1, 3), "{said:?}");
    let end = said
        .iter()
        .find(|line| line["event"] == "end")
        .expect("an end");
    for (field, count) in [("files", 5), ("restored", 0), ("there", 3), ("failed", 2)] {
        assert_eq!(end[field], count, "{end}");
    }
}

#[test]
fn files_can_be_written_as_another_kind() {
    let folder = folder();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).expect("a folder");
    std::fs::create_dir(&to).expect("a folder");
    turned_jpeg(&from.join("a.jpeg"), 8);
    turned_jpeg(&from.join("my%20dog.jpg"), 1);
    let (code, _, wrong) = restored(&from, &to, &["--as", "png"]);
    // The second name looks like one with a number in it.
    let made = ["a.png", "my%20dog.png"].map(str::to_owned).to_vec();
    assert_eq!((code, names(&to)), (0, made), "{wrong}");
    assert_eq!(size(&to.join("a.png")), (48, 64));
    // A file into a folder keeps its name.
    restore(&from.join("a.jpeg"), &to, &[]);
    assert_eq!(names(&to), ["a.jpeg", "a.png", "my%20dog.png"]);
}

#[test]
fn folders_that_cannot_be_are_told() {
    let folder = folder();
    let [from, empty, twice] = ["from", "empty", "twice"].map(|name| folder.path().join(name));
    for path in [&from, &empty, &twice] {
        std::fs::create_dir(path).expect("a folder");
    }
    turned_jpeg(&from.join("a.jpg"), 1);
    turned_jpeg(&twice.join("a.jpg"), 1);
    std::fs::copy(twice.join("a.jpg"), twice.join("a.jpeg")).expect("a copy");
    let to = folder.path().join("to");
    let file = folder.path().join("from/a.jpg");
    for (input, output, options, code, word) in [
        (&from, &file, &[][..], 1, "cannot be made a folder"),
        (&from, &from, &[], 2, "read and written at once"),
        (&empty, &to, &[], 1, "holds no picture and no video"),
        (&twice, &to, &["--as", "png"], 1, "would both become"),
        (&from, &to, &["--as", "gif"], 2, "use one of mkv"),
        (
            &from,
            &to,
            &["--crf", "20"],
            2,
            "no mp4, mov or webm is written",
        ),
        (&file, &to, &["--as", "png"], 2, "--as png is for folders"),
    ] {
        let (found, _, said) = restored(input, output, options);
        assert_eq!(found, code, "{said}");
        assert!(said.contains(word), "{word}: {said}");
        assert!(!to.exists(), "{said}");
    }
    assert_eq!(names(&from), ["a.jpg"]);
}
