//! The logic behind the transformations that are more than a function: rolling aggregations, rankings, deduplication,
//! joins and cached lookups.
//!
//! Each is a [`KeyedProcess`](crate::KeyedProcess), [`KeyedCoProcess`](crate::KeyedCoProcess) or unkeyed operator as
//! users can write them; what users call is in `stream`. Nothing here is known to the host.

mod dedup;
mod interval;
mod join_type;
mod lookup;
mod regular;
mod rolling;
mod top_n;

pub(crate) use dedup::Dedup;
pub(crate) use interval::{Bounds, IntervalLogic, LateOutputs};
pub use join_type::JoinType;
pub(crate) use lookup::Lookup;
pub use lookup::LruCache;
pub(crate) use regular::RegularLogic;
pub(crate) use rolling::Rolling;
pub(crate) use top_n::TopN;

#[cfg(test)]
mod tests;
