//! Why checkpoints cannot be kept or found; every text names the place. Texts of the store below are passed on.

use std::path::Path;

use thiserror::Error;

use super::current::{CURRENT, CurrentError};
use super::location::Location;

/// Checkpoints cannot be kept or found.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    /// Another process has the directory.
    #[error(
        "job data {0} is in use by another process: stop it first, or give the job another --data-dir"
    )]
    InUse(String),
    /// The directory cannot be used.
    #[error("job data {path}: {action}: {reason}")]
    Directory {
        /// Which directory or file.
        path: String,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        reason: String,
    },
    /// Another process has taken the job over.
    #[error(
        "job data {path}: run {by} has taken the job over, so this process may write no further checkpoint"
    )]
    Fenced {
        /// Where.
        path: String,
        /// The run of the other process.
        by: String,
    },
    /// The store does not say who came first.
    #[error(
        "job data {path}: the store does not write conditionally ({found}), so it could not keep two processes from writing the same job's checkpoints: use a store with If-Match and If-None-Match, such as S3, or a local directory"
    )]
    Unconditional {
        /// Where.
        path: String,
        /// What the test found.
        found: String,
    },
    /// There is nothing to restore.
    #[error("there is no completed checkpoint in {0}")]
    Nothing(String),
    /// Nothing that is there can be restored.
    #[error("no checkpoint in {path} can be restored: {}", reasons.join("; "))]
    Unusable {
        /// Where.
        path: String,
        /// What is wrong with each.
        reasons: Vec<String>,
    },
}

/// What a failure of `CURRENT` is to the store.
pub(super) fn of_current(place: &Location, error: CurrentError) -> StoreError {
    match error {
        CurrentError::Store(error) => fail(place, CURRENT, "read or replace", &error),
        CurrentError::Unreadable(reason) => StoreError::Unusable {
            path: place.to_string(),
            reasons: vec![format!("{CURRENT}: {reason}")],
        },
        CurrentError::Fenced(by) => StoreError::Fenced {
            path: place.to_string(),
            by,
        },
    }
}

/// Something within a place could not be done.
pub(super) fn fail(
    place: &Location,
    name: &str,
    action: &'static str,
    reason: &dyn std::fmt::Display,
) -> StoreError {
    StoreError::Directory {
        path: place.join(Path::new(name)).to_string(),
        action,
        reason: reason.to_string(),
    }
}
