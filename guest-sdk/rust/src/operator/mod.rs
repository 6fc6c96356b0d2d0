//! Unkeyed operators: what happens to one record without keyed state.

mod assign;
mod broadcast;
mod co_process;
mod key_by;
pub(crate) mod metrics;
mod process;
mod simple;
mod split;

pub(crate) use assign::Assign;
pub use broadcast::{BroadcastContext, BroadcastProcess};
pub(crate) use broadcast::{BroadcastNode, Control};
pub use co_process::CoProcess;
pub(crate) use co_process::{CoProcessNode, First, Second};
pub(crate) use key_by::{KeyBy, TryKeyBy};
pub use metrics::{Counter, Gauge, Histogram, Meter};
pub(crate) use process::ProcessNode;
pub use process::{Process, ProcessContext};
pub(crate) use simple::{Filter, FlatMap, Forward, Map, MapWithTimestamp, Project};
pub(crate) use split::Split;
