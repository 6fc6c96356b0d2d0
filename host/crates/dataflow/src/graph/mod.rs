//! What a job is: the graph the user wrote ([`logical`]), checked ([`validate`]), fused into chains and spread over
//! subtasks ([`execution`]); sources that wait for each other must be able to ([`alignment`]), and inputs that are held until
//! another is complete ([`complete_first`]).

pub mod alignment;
pub mod complete_first;
pub mod execution;
pub mod logical;
pub mod validate;
