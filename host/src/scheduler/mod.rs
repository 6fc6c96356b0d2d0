//! The job master ([`job_master`]) sees a job through: it turns it into running tasks ([`deploy`], from what [`restore`]
//! makes of a checkpoint), follows each [`attempt`] to its end, and starts another one if it failed. What can be seen of
//! a job from outside is its [`job_view`]; what can be asked of it is a [`command`].

pub(crate) mod attempt;
pub(crate) mod blueprint;
pub(crate) mod checkpoint_history;
pub(crate) mod command;
pub(crate) mod deploy;
pub(crate) mod failure;
pub(crate) mod fragment;
mod in_flight;
pub(crate) mod job;
pub(crate) mod job_master;
pub(crate) mod job_view;
pub(crate) mod monitor;
pub(crate) mod order;
mod orders;
pub(crate) mod parallelism;
pub(crate) mod prepared_task;
pub(crate) mod publishing;
pub(crate) mod replacement;
pub(crate) mod replay;
pub(crate) mod restore;
pub(crate) mod savepoint_writer;
