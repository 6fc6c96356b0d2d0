//! The verbs of the command line that ask a running cluster: clients of its REST API and of nothing else, so whatever
//! they do, a program can do as well.

mod http;
mod operations;
mod submit;
mod verbs;

pub(crate) use http::Client;
pub(crate) use operations::{replay, rescale, savepoint, stop, swap};
pub(crate) use submit::submit;
pub(crate) use verbs::{cancel, checkpoint, components, info, list, logs, overview};
