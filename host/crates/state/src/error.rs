//! Short ways to the errors of the port: this crate has no error enum of its own, `dataflow::port::state::StateError`
//! with its `domain()` and `recovery()` is it.

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
