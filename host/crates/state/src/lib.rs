//! Keyed state backends behind `dataflow::port::state`: on the heap, and in RocksDB for state larger than memory.
//!
//! Reading order: `table` (entries in memory that snapshots can share), `snapshot` (the file format of the heap
//! backend), [`heap`], [`rocksdb`]. Nothing in here knows guests, timers or checkpoints of a job; a backend freezes, writes
//! and restores the state of one task.

#[doc(hidden)]
pub mod decoders;
mod error;
pub mod heap;
mod reply;
pub mod rocksdb;
mod snapshot;
mod states;
mod table;
#[cfg(test)]
mod testing;

pub use heap::HeapBackendFactory;
pub use rocksdb::{RocksdbBackendFactory, RocksdbConfig};
