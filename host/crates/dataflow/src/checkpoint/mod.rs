//! Checkpoints: when barriers are aligned ([`barrier_aligner`]), when a checkpoint is due, complete or given up
//! ([`coordinator`]), and what it consists of ([`snapshot`]).

pub mod barrier_aligner;
pub mod coordinator;
pub mod snapshot;
