//! The error of schemas and rows, which connectors wrap into `ConnectorError` with their own name.
//!
//! Keeps: every error names the field or element it is about. I/O errors are not in here: they arise in a connector and
//! name its target.

use dataflow::port::error::{Domain, Recovery};
use thiserror::Error;

/// A schema, a value or the bytes of a value are not what the encoding allows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodingError {
    /// The text is not a schema of the subset that values are encoded by.
    #[error("schema{}: {reason}", at(path))]
    Schema {
        /// Field names down to the place, joined by dots; empty for the whole.
        path: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A JSON value does not fit its schema.
    #[error("value{}: {reason}", at(path))]
    Value {
        /// Field names and indexes down to the place.
        path: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Bytes are not a value of the schema.
    #[error("bytes{}: {reason}", at(path))]
    Bytes {
        /// Field names and indexes down to the place.
        path: String,
        /// What does not fit.
        reason: String,
    },
}

fn at(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(" at {path}")
    }
}

impl EncodingError {
    pub(crate) fn schema(reason: impl Into<String>) -> Self {
        Self::Schema {
            path: String::new(),
            reason: reason.into(),
        }
    }

    pub(crate) fn value(reason: impl Into<String>) -> Self {
        Self::Value {
            path: String::new(),
            reason: reason.into(),
        }
    }

    pub(crate) fn bytes(reason: impl Into<String>) -> Self {
        Self::Bytes {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// The same error seen from one level further out.
    pub(crate) fn within(mut self, outer: impl std::fmt::Display) -> Self {
        let (Self::Schema { path, .. } | Self::Value { path, .. } | Self::Bytes { path, .. }) =
            &mut self;
        *path = if path.is_empty() {
            outer.to_string()
        } else {
            format!("{outer}.{path}")
        };
        self
    }

    /// Who has to act: whoever wrote the schema, the value or the operator.
    pub fn domain(&self) -> Domain {
        Domain::User
    }

    /// What may help: nothing but a change of the job.
    pub fn recovery(&self) -> Recovery {
        Recovery::FailJob
    }
}
