//! What a job is: the graph the user wrote ([`logical`]), checked ([`validate`]), fused into chains and spread over
//! subtasks ([`execution`]).

pub mod execution;
pub mod logical;
pub mod validate;
