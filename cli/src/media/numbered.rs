// SPDX-License-Identifier: MPL-2.0
//! Numbered pictures: names with a number in them, written as in C: `frames/%05d.png`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What stands around the number, and its width.
struct Pattern<'a> {
    before: &'a str,
    after: &'a str,
    width: usize,
}

/// The parts of a name, where it has one `%d`, `%5d` or `%05d`.
fn parts(name: &str) -> Option<Pattern<'_>> {
    let (before, rest) = name.split_once('%')?;
    let (width, after) = rest.split_once('d')?;
    let digits = width.bytes().all(|b| b.is_ascii_digit());
    let width = if width.is_empty() {
        Some(0)
    } else {
        width.parse().ok()
    };
    let width = width.filter(|_| digits && !after.contains('%'))?;
    Some(Pattern {
        before,
        after,
        width,
    })
}

/// Whether the last part of `path` is such a name.
pub fn is_pattern(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(parts).is_some()
}

/// The pictures that a pattern names, in the order of their numbers.
pub fn all(path: &Path) -> BTreeMap<i32, PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(pattern) = name.and_then(parts) else {
        return BTreeMap::new();
    };
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = folder.unwrap_or(Path::new(".")).read_dir();
    let entries = entries.into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        let name = entry.file_name();
        let number = name.to_str()?.strip_prefix(pattern.before)?;
        let number = number.strip_suffix(pattern.after)?;
        let fits = number.len() >= pattern.width && number.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Some((number.parse().ok()?, entry.path())))?
    });
    numbers.collect()
}

/// The pattern of the numbered pictures in a folder: of those names that differ by their last
/// number alone, the ones that are most. Nothing where no two do.
pub fn pattern_in(folder: &Path) -> Option<PathBuf> {
    // How many names have these parts, and how many digits those have that begin with a zero.
    let mut found: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for entry in folder.read_dir().ok()?.flatten() {
        let name = entry.file_name();
        let parts = name.to_str().and_then(about_number);
        let Some((before, digits, after)) = parts else {
            continue;
        };
        let key = (before.to_owned(), after.to_owned());
        let (count, width) = found.entry(key).or_default();
        *count += 1;
        if digits.starts_with('0') {
            *width = (*width).max(digits.len());
        }
    }
    let most = found.into_iter().max_by_key(|(_, (count, _))| *count);
    let ((before, after), (_, width)) = most.filter(|(_, (count, _))| *count > 1)?;
    let number = match width {
        0 | 1 => "%d".to_owned(),
        width => format!("%0{width}d"),
    };
    Some(folder.join(format!("{before}{number}{after}")))
}

/// What stands before the last number of a name, its digits, and what stands after it.
fn about_number(name: &str) -> Option<(&str, &str, &str)> {
    let (stem, _) = name.rsplit_once('.')?;
    let end = stem.rfind(|c: char| c.is_ascii_digit())? + 1;
    let begin = stem[..end]
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .len();
    let (before, after) = (&name[..begin], &name[end..]);
    let plain = !name.starts_with('.') && !before.contains('%') && !after.contains('%');
    plain.then_some((before, &name[begin..end], after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_one_number() {
        for name in ["%d.png", "a/%05d.png", "a/b%3dc.jpg"] {
            assert!(is_pattern(Path::new(name)), "{name}");
        }
        for name in ["a.png", "100%.png", "%s.png", "%05d/a.png", "%d-%d.png"] {
            assert!(!is_pattern(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn pictures_are_found_by_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "f0012.png",
            "f0007.png",
            "f1.png",
            "g0001.png",
            "f0003.txt",
            "f12345.png",
        ] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let numbers = |name| {
            all(&folder.path().join(name))
                .into_keys()
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers("f%04d.png"), [7, 12, 12345]);
        assert!(numbers("h%04d.png").is_empty() && numbers("f0007.png").is_empty());
    }

    #[test]
    fn the_pattern_of_a_folder_is_that_of_most_pictures() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(pattern_in(folder.path()), None);
        let add = |names: &[&str]| {
            for name in names {
                std::fs::write(folder.path().join(name), "").expect("a file");
            }
        };
        add(&["notes.txt", "a7.png", ".f0001.png"]);
        assert_eq!(pattern_in(folder.path()), None);
        add(&["a8.png", "a10.png"]);
        assert_eq!(
            pattern_in(folder.path()),
            Some(folder.path().join("a%d.png"))
        );
        // A thousand has no zero before it.
        add(&[
            "v2-0009_x.png",
            "v2-0099_x.png",
            "v2-0999_x.png",
            "v2-1000_x.png",
        ]);
        let pattern = pattern_in(folder.path()).expect("a pattern");
        assert_eq!(pattern, folder.path().join("v2-%04d_x.png"));
        assert_eq!(all(&pattern).len(), 4);
    }
}
