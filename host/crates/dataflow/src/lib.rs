//! The laws of Wasmill: what a job is, how time advances, when a checkpoint is complete.
//!
//! Nothing in here does I/O, starts a thread, reads a clock or knows an async runtime; time is always an argument. So
//! all of it can be driven by a unit test, a simulation or the real machine alike.
//!
//! Reading order: [`ids`], [`element`] (what travels), [`key_group`] (where it goes), [`graph`] (what a job is),
//! [`time`], [`checkpoint`], [`job`], [`port`] (the traits the machines implement), [`limits`], [`clock`].
#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod clock;
pub mod element;
pub mod graph;
pub mod ids;
pub mod job;
pub mod key_group;
pub mod limits;
pub mod metric;
pub mod port;
pub mod time;
