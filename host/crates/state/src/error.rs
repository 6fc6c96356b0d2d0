//! Short ways to the errors of the port: this crate has no error enum of its own, `dataflow::port::state::StateError`
//! with its `domain()` and `recovery()` is it.

use dataflow::port::blob::BlobError;
use dataflow::port::state::StateError;

/// The disk, the store or the database refused.
#[expect(
    clippy::needless_pass_by_value,
    reason = "reasons are error values at the end of their way"
)]
pub(crate) fn storage(action: impl Into<String>, reason: impl ToString) -> StateError {
    StateError::Storage {
        action: action.into(),
        reason: reason.to_string(),
    }
}

/// A snapshot file is not what was written.
pub(crate) fn corrupt(name: &str, reason: impl Into<String>) -> StateError {
    StateError::Corrupt {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

/// A file could not be read back from the store.
pub(crate) fn unreadable(error: BlobError) -> StateError {
    match error {
        BlobError::Damaged { name, reason } => StateError::Corrupt { name, reason },
        BlobError::Missing(name) => StateError::Corrupt {
            name,
            reason: "is missing from the store".to_owned(),
        },
        BlobError::Store { .. } => storage("read a snapshot file", error),
    }
}
