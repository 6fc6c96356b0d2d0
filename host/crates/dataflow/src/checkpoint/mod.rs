//! Checkpoints: when barriers are aligned ([`barrier_aligner`]), when a checkpoint is due, complete or given up
//! ([`coordinator`]), what it consists of ([`snapshot`]), and what an unaligned one has of the streams ([`in_flight`]).

pub mod barrier_aligner;
pub mod coordinator;
pub mod in_flight;
mod in_flight_form;
pub mod snapshot;
