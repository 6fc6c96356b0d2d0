//! Checks of declared against saved states, the same for both backends.

use dataflow::port::state::{SnapshotHandle, StateError, StateKind, StateSpec};

use crate::error::corrupt;

/// The call fits the state's kind.
///
/// # Errors
/// If it does not.
pub(crate) fn require(
    spec: &StateSpec,
    kind: StateKind,
    call: &'static str,
) -> Result<(), StateError> {
    if spec.kind == kind {
        return Ok(());
    }
    Err(StateError::WrongKind {
        name: spec.name.clone(),
        kind: spec.kind,
        call,
    })
}

/// The state has the kind it was saved with.
///
/// # Errors
/// If it was declared otherwise.
pub(crate) fn require_kind(spec: &StateSpec, saved: StateKind) -> Result<(), StateError> {
    if spec.kind == saved {
        return Ok(());
    }
    Err(StateError::KindChanged {
        name: spec.name.clone(),
        saved,
        declared: spec.kind,
    })
}

/// The snapshot was written by the backend that is to read it.
///
/// # Errors
/// If it is of another format.
pub(crate) fn require_format(
    snapshot: &SnapshotHandle,
    format: &'static str,
) -> Result<(), StateError> {
    if snapshot.format == format {
        return Ok(());
    }
    Err(crate::error::storage(
        "restore",
        format!(
            "the snapshot was written by the {} backend and cannot be read by {format}; use that backend or a savepoint",
            snapshot.format
        ),
    ))
}

/// The number of key groups is that of the job.
///
/// # Errors
/// If the snapshot was taken with another max parallelism.
pub(crate) fn require_max_parallelism(
    file: &str,
    saved: u32,
    declared: u32,
) -> Result<(), StateError> {
    if saved == declared {
        return Ok(());
    }
    Err(corrupt(
        file,
        format!("was written with max parallelism {saved}, the job has {declared}; set it back"),
    ))
}
