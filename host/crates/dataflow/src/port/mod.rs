//! The traits through which the machines of the first floor meet: each is implemented by one crate and used by another.
//!
//! Reading order: [`state`] (who keeps state), [`operator_state`] with its [`redistribution`], [`call`] (one guest call
//! as a transaction over both), [`operator`] (user logic), [`guest_settings`] (its limits and failures), [`source`] and [`sink`] (the outside), [`segment`] (output inside a checkpoint), [`resources`] (what
//! else user logic may reach), [`blob`] (where snapshots go).

pub mod blob;
pub mod call;
pub mod error;
pub mod guest_settings;
pub mod operator;
pub mod operator_state;
mod overlay;
pub mod redistribution;
pub mod resources;
pub mod segment;
pub mod sink;
pub mod source;
pub mod state;
mod timer_change;
mod write;
