//! Keyed operators: the key space of an instance, timers, and the loop that runs user logic over typed state.
//!
//! A call goes in three steps: every key of the batch becomes a slot, the values of the slots that are new are read by
//! one bulk call per state, and the user's function runs over typed slots; at the end every changed slot is written by
//! one bulk call per state. What is cached survives the call, is bounded, and may be empty at any time: the host drops
//! instances between calls.

mod broadcast;
mod dirty;
mod node;
mod space;
mod table;
mod timers;

pub use broadcast::KeyedBroadcastProcess;
pub(crate) use broadcast::{Controlled, KeyedControl};
pub(crate) use dirty::DirtyList;
pub use node::{KeyedCoProcess, KeyedContext, KeyedProcess};
pub(crate) use node::{KeyedNode, Single, Twin};
pub(crate) use space::{KeySpace, Store};
pub(crate) use table::KeyTable;
pub(crate) use timers::TimerService;
