//! The life of a job: its states and the transitions between them ([`status`]), and when a failed one is started again
//! ([`restart`]). Facts go in with the time, decisions come out.

pub mod restart;
pub mod status;
