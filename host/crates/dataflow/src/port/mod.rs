//! The traits through which the machines of the first floor meet: each is implemented by one crate and used by another.
//!
//! Reading order: [`state`] (who keeps state), [`call`] (one guest call as a transaction over it), [`operator`] (user
//! logic), [`source`] and [`sink`] (the outside), [`resources`] (what else user logic may reach), [`blob`] (where
//! snapshots go).

pub mod blob;
pub mod call;
pub mod error;
pub mod operator;
mod overlay;
pub mod resources;
pub mod sink;
pub mod source;
pub mod state;
mod write;
