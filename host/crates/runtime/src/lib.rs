//! The machine that moves records: tasks on threads of their own, and the network between them.
//!
//! A [`task::step::Task`] is a value with a `step`; the thread around it is ten lines ([`task::thread`]), and a simulation may be
//! another loop. A task waits in one place, its mailbox; everything it says goes into one event channel.
//!
//! Reading order: [`task`] then [`network`].

pub mod network;
pub mod task;
