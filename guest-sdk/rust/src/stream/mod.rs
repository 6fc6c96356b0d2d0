//! Streams: the typed words a job is written in.
//!
//! A stream is a name for an output of an operator; every method adds an operator and gives its output. Types are
//! checked by the compiler from the source to the sink; nothing here runs on records.

mod keyed;
mod sink;
mod unkeyed;
mod watermarks;
mod windowed;

pub use keyed::{ConnectedStreams, KeyedStream};
pub use sink::Sink;
pub use unkeyed::Stream;
pub(crate) use watermarks::Punctuate;
pub use watermarks::Watermarks;
pub use windowed::WindowedStream;
