//! Event time and processing time: timers, watermarks and how they combine.

pub mod frozen_timers;
pub mod timer;
mod timer_block;
pub mod timer_queue;
pub mod watermark_alignment;
pub mod watermark_generator;
pub mod watermark_valve;
