//! Streams: the typed words a job is written in.
//!
//! A stream is a name for an output of an operator; every method adds an operator and gives its output. Types are
//! checked by the compiler from the source to the sink; nothing here runs on records.

mod broadcast;
mod connected;
mod joined;
mod keyed;
mod lookup;
mod multi;
mod projected;
mod rolling;
mod sink;
mod split;
mod unkeyed;
mod watermarks;
mod window_joined;
mod window_setup;
mod windowed;
mod windowed_all;

pub use broadcast::{BroadcastStreams, KeyedBroadcastStreams};
pub use connected::CoStreams;
pub use joined::{IntervalJoin, RegularJoin};
pub use keyed::{ConnectedStreams, KeyedStream};
pub use multi::MultiInput;
pub use sink::Sink;
pub use split::SplitStream;
pub use unkeyed::Stream;
pub(crate) use watermarks::Punctuate;
pub use watermarks::Watermarks;
pub use window_joined::{EqualTo, Groups, JoinedStreams, JoinedWindows, Pairs, WhereKey};
pub use windowed::WindowedStream;
pub use windowed_all::AllWindowedStream;
