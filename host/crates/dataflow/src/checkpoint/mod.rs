//! Checkpoints: when barriers are aligned ([`barrier_aligner`]), when a checkpoint is due, complete or given up
//! ([`coordinator`]), what it consists of ([`snapshot`]), what an unaligned one has of the streams ([`in_flight`]), and how
//! that is dealt out at another parallelism ([`in_flight_redistribution`]).

pub mod barrier_aligner;
pub mod coordinator;
pub mod in_flight;
mod in_flight_form;
mod in_flight_lane;
pub mod in_flight_redistribution;
pub mod snapshot;
