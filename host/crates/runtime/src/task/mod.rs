//! A task: one parallel instance of a chain. [`spec`] is the wish, [`step`] the machine made of it ([`head`] in front,
//! [`outlets`] behind), [`thread`] its thread; [`mailbox`] and [`event`] are all the traffic with the job master.

mod alignment;
mod discovered;
pub mod error;
pub mod event;
mod event_time;
pub mod figures;
pub mod head;
pub mod mailbox;
pub mod open;
pub mod outlets;
mod overtaking;
pub mod poison;
mod publish;
pub mod replacement;
pub mod replay;
pub mod snapshot;
pub mod spec;
pub mod step;
pub mod storage_pool;
pub mod tap;
pub mod thread;
mod time_slice;
