//! The job master: turns a job into running tasks ([`deploy`], from what [`restore`] makes of a checkpoint) and sees it
//! through to its end ([`job_master`]).

pub(crate) mod deploy;
pub(crate) mod job;
pub(crate) mod job_master;
pub(crate) mod monitor;
pub(crate) mod restore;
