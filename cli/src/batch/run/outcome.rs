// SPDX-License-Identifier: MPL-2.0
//! What a process of `ud2m batch chunk --json` said, and how it ended.

use serde_json::Value;

/// How a chunk ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub warnings: Vec<String>,
    /// Why it is not whole.
    pub failure: Option<String>,
}

impl Outcome {
    /// Of what was said on both outputs, and whether it ended well.
    pub fn of(output: &str, errors: &str, success: bool) -> Self {
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let lines: Vec<Value> = lines.collect();
        let texts = |event: &str| {
            let of = lines.iter().filter(|line| line["event"] == *event);
            let texts = of.filter_map(|line| line["text"].as_str());
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let failure = (!success).then(|| {
            let last = errors.lines().rfind(|line| !line.trim().is_empty());
            let last = last.map(|line| line.trim_start_matches("ud2m: ").to_owned());
            let told = texts("error").pop().or(last);
            told.unwrap_or_else(|| "its process was ended: run the batch again.".to_owned())
        });
        Self {
            warnings: texts("warning"),
            failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_is_why_a_chunk_is_not_whole() {
        let output = "{\"event\":\"warning\",\"text\":\"slow\"}\nnoise\n\
                      {\"event\":\"error\",\"text\":\"no model\"}\n";
        let outcome = Outcome::of(output, "ud2m: no model\n", false);
        assert_eq!(outcome.warnings, ["slow"]);
        assert_eq!(outcome.failure.as_deref(), Some("no model"));
        let crashed = Outcome::of("", "ud2m: out of memory\n\n", false);
        assert_eq!(crashed.failure.as_deref(), Some("out of memory"));
        let killed = Outcome::of("", "", false);
        assert!(killed.failure.expect("a reason").contains("was ended"));
        assert_eq!(Outcome::of("", "noise", true), Outcome::default());
    }
}
