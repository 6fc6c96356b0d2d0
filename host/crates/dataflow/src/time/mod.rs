//! Event time and processing time: timers, watermarks and how they combine.

pub mod timer;
