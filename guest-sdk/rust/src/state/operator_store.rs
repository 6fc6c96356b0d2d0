//! What the states of an operator without keys have in common: they are written back when the call ends.
//!
//! Such a state is read once by an instance and kept as long as the instance lives. That is right because only this
//! instance changes it, and because the host throws an instance away whose call has failed.

/// A state without keys.
pub(crate) trait OperatorStore {
    /// Writes what the call has changed.
    fn flush(&self);
}
