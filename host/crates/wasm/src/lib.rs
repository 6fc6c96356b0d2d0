//! The sandbox: turns a WebAssembly component into operators of the engine.
//!
//! Reading order: `limits` (what a guest may use), `engine` and `epoch` (how guests are compiled and stopped),
//! `componentize`, `prescreen`, `compiler` and `component_cache` (from a file to compiled code), `runtime` and
//! `component` (the way in), `manifest` and `plan` (the documents a component gives), `inspect` (what it is),
//! `host_state` with one `host_*` file per imported interface, `wasi` (for languages that need one), `instance`, `trap` and `operator` (one task's
//! guest), `exports` (what it may be asked), `guest_source` and `guest_sink` (connectors that are guests).
//!
//! Invariant: no other crate of the engine says `wasmtime`, and nothing a guest does (trap, endless loop, foreign key,
//! malformed columns) ends in anything but an error that names it. This crate reads no configuration file, starts no
//! task and keeps no state: that is the business of its callers.

mod bindings;
mod compiler;
mod component;
mod component_cache;
mod componentize;
mod contract_world;
#[doc(hidden)]
pub mod decoders;
mod engine;
mod epoch;
mod error;
mod exports;
mod guest_sink;
mod guest_source;
mod host_files;
mod host_keyed_state;
mod host_log;
mod host_metrics;
mod host_operator_state;
mod host_output;
mod host_state;
mod host_timers;
mod host_watermarks;
mod inspect;
mod instance;
mod limits;
mod manifest;
mod operator;
mod plan;
mod prescreen;
mod refusal;
mod runtime;
mod state_entry;
mod trap;
mod wasi;

pub use compiler::{CompileLimits, CompilerProcess, REFUSED, compile, limit_process};
pub use component::Component;
pub use component_cache::Digest;
pub use engine::RuntimeConfig;
pub use error::WasmError;
pub use inspect::{Inspection, SourceForm, World};
pub use limits::GuestLimits;
pub use manifest::{
    AlignmentEntry, InputEntry, Manifest, OnFailureEntry, OperatorEntry, OperatorKind, OutputEntry,
    ParameterEntry, ParameterType, SdkEntry, WatermarkStrategy, WatermarksEntry,
};
pub use operator::{GuestOperator, GuestOperatorFactory};
pub use plan::{CachedFileEntry, EdgeEntry, Partitioning, Plan, RestartEntry};
pub use prescreen::ModuleLimits;
pub use runtime::Runtime;
pub use state_entry::{StateEntry, StateEntryKind, TtlClock, TtlEntry};
