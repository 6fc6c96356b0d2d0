//! Event-time windows: which windows a record belongs to, how its records are folded, and the operator that does it.

mod aggregate;
mod assigner;
mod fire;
mod node;
mod slices;

pub use aggregate::{Aggregate, Count, Max, Min, Sum};
pub(crate) use aggregate::{AggregateFold, Fold, ReduceFold};
pub use assigner::{Assigner, Sliding, Tumbling, Window};
pub(crate) use node::{LATE_RECORDS_DROPPED, WINDOW_STATE, WindowNode};

use wasmill_sdk_macros::Record;

/// The result of a window together with its key and its bounds.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct Windowed<K, V> {
    /// The key.
    pub key: K,
    /// First millisecond of the window.
    pub window_start: i64,
    /// First millisecond after the window.
    pub window_end: i64,
    /// What the records of the key in the window come to.
    pub value: V,
}

#[cfg(test)]
mod tests;
