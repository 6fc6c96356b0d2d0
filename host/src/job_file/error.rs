//! What can be wrong with a job file: always the file, the place in it, what, and what to do.

use thiserror::Error;

/// A job file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum JobFileError {
    /// It cannot be read.
    #[error("job file {file}: it cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// It is not YAML, or has keys or values that a job file does not have.
    #[error("job file {file}, line {line}, {field}: {reason}")]
    Malformed {
        /// Which file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Path of the field, such as `operators[2].inputs`.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// Something in it does not make sense.
    #[error("job file {file}, {field}: {reason}")]
    Wrong {
        /// Which file.
        file: String,
        /// Path of the field.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A component of it cannot be loaded or planned.
    #[error("job file {file}, {field}: {source}")]
    Component {
        /// Which file.
        file: String,
        /// Path of the field.
        field: String,
        /// What is wrong with the component.
        source: Box<wasm::WasmError>,
    },
}

/// What is wrong, and where in the file.
#[derive(Debug)]
pub(super) enum Defect {
    /// Path of the field, and the reason.
    Wrong(String, String),
    /// Path of the field, and what the sandbox said.
    Component(String, Box<wasm::WasmError>),
}

impl Defect {
    /// A finding in a field.
    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Wrong(field.into(), reason.into())
    }

    /// The finding as an error about a file.
    pub(super) fn of(self, file: &str) -> JobFileError {
        let file = file.to_owned();
        match self {
            Self::Wrong(field, reason) => JobFileError::Wrong {
                file,
                field,
                reason,
            },
            Self::Component(field, source) => JobFileError::Component {
                file,
                field,
                source,
            },
        }
    }
}

/// Names as an error lists them.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
