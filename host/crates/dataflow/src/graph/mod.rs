//! What a job is: the graph the user wrote ([`logical`]), checked ([`validate`]), fused into chains and spread over
//! subtasks ([`execution`]); sources that wait for each other must be able to ([`alignment`]).

pub mod alignment;
pub mod execution;
pub mod logical;
pub mod validate;
