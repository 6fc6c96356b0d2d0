//! Edges at run time: a [`record_writer`] distributes records over the subpartitions of a result partition, a
//! [`channel`] carries them under credits taken from a [`buffer_pool`], an [`input_gate`] reads the channels of a task.

pub mod buffer_pool;
pub mod channel;
pub mod input_gate;
pub mod record_writer;
