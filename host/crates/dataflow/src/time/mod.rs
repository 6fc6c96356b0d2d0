//! Event time and processing time: timers, watermarks and how they combine.

pub mod timer;
pub mod watermark_alignment;
pub mod watermark_generator;
pub mod watermark_valve;
