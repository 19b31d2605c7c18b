// SPDX-License-Identifier: MPL-2.0
//! The error type of the crate, with a variant for each cause that a user can act on.
//!
//! Every message is one sentence that says what is wrong and what to do. It reaches the user
//! unchanged.

/// What stopped a restoration, by who can mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A property's value is wrong or missing: the user changes the property.
    #[error("{0}")]
    Settings(String),
    /// A kernel or mask file cannot be used: the user changes the file.
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    /// A model package is missing, broken or of another make: the user changes the model.
    #[error("model {path}: {reason}")]
    Model { path: String, reason: String },
    /// The ONNX Runtime library or an execution provider is missing or fails: the user changes the
    /// installation.
    #[error("{0}")]
    Runtime(String),
    /// This frame cannot be restored; the next may.
    #[error("{0}")]
    Frame(String),
    /// What the network returned is not a valid image; with other noise it may be one.
    #[error("{0}")]
    InvalidOutput(String),
    /// Memory ran out.
    #[error("{0}")]
    Memory(String),
    /// The element was stopped while its model was loaded.
    #[error("The element was stopped while its model was loaded: start it again.")]
    Stopped,
}

impl RestoreError {
    /// A [`RestoreError::File`] about `path`.
    pub fn file(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.display().to_string(),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_error_names_the_file_first() {
        let error = RestoreError::file(std::path::Path::new("/a/k.png"), "is empty.");
        assert_eq!(error.to_string(), "/a/k.png: is empty.");
    }
}
