//! The Rust SDK: a job is a function that builds a graph of typed streams, and the same function, compiled to a
//! component, runs its operators inside the host.
//!
//! ```
//! use wasmill_sdk::prelude::*;
//! use wasmill_sdk::testing::Harness;
//!
//! #[derive(Record, Clone, Debug, PartialEq)]
//! struct WordCount { word: String, count: i64 }
//!
//! fn job(env: &mut Env) -> Result<(), JobError> {
//!     let path: String = env.param("path").describe("what to read").default("in")?;
//!     env.source::<String>(TextFiles::new(path))
//!         .flat_map(|line, out| line.split_whitespace().for_each(|word| {
//!             out.emit(WordCount { word: word.to_owned(), count: 1 });
//!         }))
//!         .key_by(|w: &WordCount| w.word.clone())
//!         .reduce(|a, b| WordCount { count: a.count + b.count, ..a })
//!         .sink(Checksum::new());
//!     Ok(())
//! }
//!
//! let mut harness = Harness::start(&job, &[]).unwrap();
//! harness.push(0, &["to be or not to be".to_owned()]).unwrap();
//! let counts = harness.output::<WordCount>(0).unwrap();
//! assert_eq!(counts.last().unwrap().record, WordCount { word: "be".into(), count: 2 });
//! ```
//!
//! Modules in reading order: [`row`] (types and bytes), `stream` and [`connector`] (the words of a job), [`env`] (the
//! job and its parameters), [`context`], `keyed`, [`state`], [`window`] and `operator` (what runs), [`source`],
//! [`sink`] and [`files`] (connectors of your own), `task` (how it is
//! wired), [`host`] (what it runs on), [`testing`] (how to run it without a host).
//!
//! The SDK keeps nothing that must last: state, timers and output are the host's, and an instance may be thrown away
//! between two calls.

// The derive macro names this crate from outside and from inside.
extern crate self as wasmill_sdk;

pub mod column;
pub mod component;
pub mod connector;
pub mod context;
pub mod env;
mod error;
pub mod files;
mod graph;
pub mod host;
mod keyed;
mod no_host;
mod operator;
pub mod row;
pub mod sink;
pub mod source;
pub mod state;
mod stream;
mod task;
pub mod testing;
pub mod window;

#[cfg(target_arch = "wasm32")]
pub mod guest;

pub use serde_json as json;
pub use wasmill_sdk_macros::{Record, job};

pub use crate::column::TimeDomain;
pub use crate::context::{OpenContext, OutputTag, SideOutput};
pub use crate::env::{Env, JobFn, Param, ParamValue};
pub use crate::error::{Domain, Error, JobError, Outcome, Recovery};
pub use crate::files::{CachedFile, FileError, Files};
pub use crate::host::Level;
pub use crate::keyed::{KeyedCoProcess, KeyedContext, KeyedProcess};
pub use crate::operator::{Counter, Process, ProcessContext};
pub use crate::row::{Row, Text};
pub use crate::sink::{SinkContext, SinkRecords, TwoPhaseSink};
pub use crate::source::{PollStatus, Source, SourceContext, SourceOutput};
pub use crate::state::{ListState, MapState, SubKey, ValueState};
pub use crate::stream::{ConnectedStreams, KeyedStream, Sink, Stream, Watermarks, WindowedStream};
pub use crate::task::{CallFailure, Collector, Place, Task, TaskSpec};
pub use crate::window::{
    Aggregate, Assigner, Count, Max, Min, Sliding, Sum, Tumbling, Window, Windowed,
};

/// Everything a job needs, to be imported at once.
pub mod prelude {
    pub use crate::connector::{
        Checksum, Collection, Connector, Generator, Latency, Print, Socket, TextFiles,
    };
    pub use crate::{
        Aggregate, CachedFile, Collector, Count, Counter, Env, Error, Files, JobError,
        KeyedCoProcess, KeyedContext, KeyedProcess, KeyedStream, Level, ListState, MapState, Max,
        Min, OpenContext, Outcome, OutputTag, PollStatus, Process, ProcessContext, Record, Row,
        SideOutput, SinkContext, SinkRecords, Sliding, Source, SourceContext, SourceOutput, Stream,
        Sum, Text, TimeDomain, Tumbling, TwoPhaseSink, ValueState, Watermarks, Window, Windowed,
    };
}

/// Exports a job function as a component. The attribute `#[wasmill_sdk::job]` does the same.
#[macro_export]
macro_rules! export_job {
    ($job:path) => {
        #[cfg(target_arch = "wasm32")]
        $crate::export_guest!($job);
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&mut $crate::Env) -> ::core::result::Result<(), $crate::JobError> = $job;
    };
}
