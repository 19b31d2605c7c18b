// SPDX-License-Identifier: MPL-2.0
//! From the text of a manifest to its fields, whichever graph it is of.

use serde::de::DeserializeOwned;

/// The version of the manifest this plugin reads.
const SCHEMA: u64 = 2;

/// Reads the JSON text of a manifest; the error is a reason without the file's name.
pub fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let refused =
        |e: serde_json::Error| format!("the manifest is not valid ({e}): export the model again.");
    let value: serde_json::Value = serde_json::from_str(text).map_err(refused)?;
    // Before the other fields, which a later schema may have changed.
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        Some(SCHEMA) => {}
        Some(other) => {
            return Err(format!(
                "the manifest has schema {other} and this plugin reads schema {SCHEMA}: use a \
                 plugin and a model of the same age."
            ));
        }
        None => {
            return Err("the manifest has no field `schema`: export the model again.".to_owned());
        }
    }
    serde_json::from_value(value).map_err(refused)
}
