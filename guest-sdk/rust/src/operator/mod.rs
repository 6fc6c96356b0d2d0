//! Unkeyed operators: what happens to one record without state.

mod assign;
pub(crate) mod counter;
mod key_by;
mod process;
mod simple;

pub(crate) use assign::Assign;
pub use counter::Counter;
pub(crate) use key_by::KeyBy;
pub(crate) use process::ProcessNode;
pub use process::{Process, ProcessContext};
pub(crate) use simple::{Filter, FlatMap, Forward, Map};
