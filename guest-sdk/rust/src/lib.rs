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
//! job and its parameters) with `open_port`, [`dynamic`], [`context`], `keyed`, [`state`], [`window`] and `operator`
//! (what runs), `transform` (what the SDK builds of them), [`source`], [`sink`] and [`files`] (connectors of your own),
//! `task` (how it is wired), [`host`] (what it runs on), [`testing`] (how to run it without a host).
//!
//! The SDK keeps nothing that must last: state, timers and output are the host's, and an instance may be thrown away
//! between two calls.

// The derive macro names this crate from outside and from inside.
extern crate self as wasmill_sdk;

pub mod column;
pub mod component;
pub mod connector;
pub mod context;
pub mod dynamic;
pub mod env;
mod error;
pub mod files;
mod graph;
pub mod host;
mod keyed;
mod no_host;
mod number;
mod open_port;
mod operator;
pub mod restart;
pub mod row;
pub mod sink;
pub mod source;
pub mod state;
mod stream;
mod task;
pub mod testing;
mod transform;
pub mod window;

#[cfg(target_arch = "wasm32")]
pub mod guest;

pub use serde_json as json;
pub use wasmill_sdk_macros::{Record, job};

pub use crate::column::TimeDomain;
pub use crate::context::{OpenContext, OutputTag, SideOutput};
pub use crate::env::{Env, JobFn, OperatorParams, Param, ParamValue};
pub use crate::error::{Domain, Error, JobError, Outcome, Recovery};
pub use crate::files::{CachedFile, FileError, Files};
pub use crate::graph::OnFailure;
pub use crate::host::Level;
pub use crate::keyed::{KeyedBroadcastProcess, KeyedCoProcess, KeyedContext, KeyedProcess};
pub use crate::number::Number;
pub use crate::operator::{
    BroadcastContext, BroadcastProcess, CoProcess, Counter, Gauge, Histogram, Meter, Process,
    ProcessContext,
};
pub use crate::restart::RestartStrategy;
pub use crate::row::{Fields, Row, Side, Text};
pub use crate::sink::{SinkContext, SinkRecords, TwoPhaseSink};
pub use crate::source::{PollStatus, Source, SourceContext, SourceOutput};
pub use crate::state::{
    AggregatingState, BroadcastState, ListState, MapState, OperatorListState, ReducingState,
    SubKey, Ttl, TtlListState, TtlMapState, TtlStates, TtlValueState, ValueState,
};
pub use crate::stream::{
    AllWindowedStream, BroadcastStreams, CoStreams, ConnectedStreams, EqualTo, Groups,
    IntervalJoin, JoinedStreams, JoinedWindows, KeyedBroadcastStreams, KeyedStream, MultiInput,
    Pairs, RegularJoin, Sink, SplitStream, Stream, Watermarks, WhereKey, WindowedStream,
};
pub use crate::task::{CallFailure, Collector, Place, Task, TaskSpec};
pub use crate::transform::{JoinType, LruCache};
pub use crate::window::{
    Aggregate, Assigner, Avg, ContinuousEventTimeTrigger, ContinuousProcessingTimeTrigger, Count,
    CountEvictor, CountTrigger, DeltaEvictor, DeltaTrigger, DynamicSession, EventTimeTrigger,
    Evictor, GlobalWindows, Max, Min, NeverTrigger, ProcessWindow, ProcessingTimeTrigger,
    PurgingTrigger, Session, Sliding, Sum, TimeEvictor, Timestamped, Trigger, TriggerContext,
    TriggerResult, Tumbling, Window, WindowAssigner, WindowContext, Windowed,
};

/// Everything a job needs, to be imported at once.
pub mod prelude {
    pub use crate::connector::{
        Checksum, Collect, Collection, Connector, Generator, Latency, Print, Socket, TextFiles,
    };
    pub use crate::{
        Aggregate, CoProcess, Collector, Count, Counter, Env, Error, Gauge, Histogram, JobError,
        JoinType, KeyedCoProcess, KeyedContext, KeyedProcess, KeyedStream, Level, ListState,
        LruCache, MapState, Max, Meter, Min, OnFailure, OpenContext, Outcome, OutputTag, Process,
        ProcessContext, Record, RestartStrategy, Row, SideOutput, Sliding, Stream, Sum, Text,
        TimeDomain, Tumbling, ValueState, Watermarks, Window, Windowed,
    };
    pub use crate::{
        AggregatingState, BroadcastContext, BroadcastProcess, BroadcastState,
        KeyedBroadcastProcess, OperatorListState, ReducingState, Ttl, TtlListState, TtlMapState,
        TtlValueState,
    };
    pub use crate::{
        AllWindowedStream, Avg, ContinuousEventTimeTrigger, ContinuousProcessingTimeTrigger,
        CountEvictor, CountTrigger, DeltaEvictor, DeltaTrigger, EventTimeTrigger, Evictor,
        GlobalWindows, NeverTrigger, ProcessWindow, ProcessingTimeTrigger, PurgingTrigger, Session,
        TimeEvictor, Timestamped, Trigger, TriggerContext, TriggerResult, WindowAssigner,
        WindowContext, WindowedStream,
    };
    pub use crate::{
        CachedFile, Files, PollStatus, SinkContext, SinkRecords, Source, SourceContext,
        SourceOutput, TwoPhaseSink,
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
