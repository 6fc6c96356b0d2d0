//! The REST API: thin doors to the dispatcher. Paths, methods and names are those of Flink's monitoring API where it has
//! the resource; docs/REST.md says what differs and what is beyond it.
//!
//! One file per resource, each with its shapes and handlers. A handler reads what is published or asks the dispatcher;
//! it decides nothing. [`routes`] puts them together, [`server`] listens.

mod accumulators;
mod checkpoints;
mod components;
mod config;
mod console;
mod dead_letters;
#[cfg(any(test, fuzzing))]
pub(crate) mod decoders;
pub(crate) mod documents;
mod error;
mod events;
mod exceptions;
mod job;
mod job_files;
mod jobs;
mod json;
mod limits;
mod logs;
mod metrics;
mod operations;
mod overview;
mod preview;
mod resource_requirements;
mod routes;
pub(crate) mod security;
pub(crate) mod server;
mod states;
mod tap;
mod taskmanagers;
mod vertices;
mod why;

use std::sync::Arc;

pub(crate) use documents::RENDERER;

use crate::dispatcher::Dispatcher;

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Api {
    /// The jobs.
    pub(crate) dispatcher: Arc<Dispatcher>,
}
