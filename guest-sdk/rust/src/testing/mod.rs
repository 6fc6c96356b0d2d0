//! Running jobs without the host: an in-memory host and a harness around it, after Flink's test harnesses.
//!
//! The harness cuts a job into tasks as the host does, runs one instance of each on the calling thread, and carries
//! batches, watermarks and timers between them. It has one subtask per operator and no failures: it shows what a job
//! computes, not how the host survives.

mod assigned;
mod fragment;
mod harness;
mod memory_host;

pub use harness::{Emitted, Harness, Options};
pub use memory_host::{Calls, MemoryHost};

#[cfg(test)]
mod tests;
