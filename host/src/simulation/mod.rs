//! Simulation: a whole job with its checkpoints on one thread, in an order that a seed decides, while things go wrong.
//!
//! Real are the tasks, channels, aligners, the coordinator, the heap backend, snapshots, checkpoint store, metadata,
//! restore and deployment. Played are the clock, the disk ([`disk`]), the target of the sink ([`outside`]), the source
//! ([`source`]), and the loop that moves things ([`attempt`]). [`world`] says what goes wrong, [`run`] what must hold:
//! output exactly once by the oracle of [`input`], watermarks that never go back, no late record, every completed
//! checkpoint restorable, no file missing and none left over, damage noticed, an end reached.
//!
//! It proves nothing about threads, sockets, RocksDB, wasmtime or the file system: the process tests do that. A seed that
//! fails is repeated by `make sim SEED=<seed>`.

mod attempt;
mod damage;
#[cfg(test)]
pub(crate) mod decoders;
mod dice;
mod disk;
mod input;
mod job;
mod logic;
mod outside;
mod run;
mod sabotage;
mod source;
#[cfg(test)]
mod tests;
mod world;
mod zombie;
