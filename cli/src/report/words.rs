// SPDX-License-Identifier: MPL-2.0
//! Durations and times in words, and what reaches the user's terminal.

use std::io::Write;

use gst::glib;

/// A sentence on standard error, where nobody may be there to read it any more.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "ud2m: {text}");
}

/// A count of things: "1 chunk", "3 chunks".
pub fn counted(count: usize, thing: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{many}")
}

/// Seconds as 1:02:03 or 2:03.
pub fn clock(seconds: f64) -> String {
    let all = seconds.round() as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// The time of the day in so many seconds, with the date where it is another day.
pub fn time_in(seconds: f64) -> String {
    let now = glib::DateTime::now_local();
    let then = now
        .as_ref()
        .ok()
        .and_then(|now| now.add_seconds(seconds).ok());
    let text = now.ok().zip(then).and_then(|(now, then)| {
        let today = now.ymd() == then.ymd();
        then.format(if today { "%H:%M" } else { "%Y-%m-%d %H:%M" })
            .ok()
    });
    text.map_or_else(|| "an unknown hour".to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_told_as_one() {
        assert_eq!(counted(1, "seam"), "1 seam");
        assert_eq!(counted(0, "seam"), "0 seams");
    }

    #[test]
    fn seconds_are_told_as_a_clock_tells_them() {
        assert_eq!(clock(37.5), "0:38");
        assert_eq!(clock(3723.0), "1:02:03");
        assert!(time_in(200_000.0).len() == 16, "another day has a date");
    }
}
