//! `wasi:cli/stdout` and `stderr`: what a guest prints, on its way to the log as lines.
//!
//! Invariant: what is kept is bounded; the rest of a flood is counted and dropped. A guest that prints is never told to
//! wait. What it prints without a line end stays until the line ends, the kept bytes are full or the guest stops.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::cli::{stderr, stdout};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::bytes::Bytes;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{DynOutputStream, OutputStream, StreamResult};

use dataflow::limits::LOG_LINE_BYTES_MAX;

use super::ClosedWasi;
use crate::host_state::HostState;

/// Bytes that one call may print; further ones are dropped.
const PRINTED_BYTES_MAX: usize = 64 << 10;

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// A line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    /// Where it was printed to.
    pub(crate) stream: Stream,
    /// What was printed, with invalid UTF-8 replaced.
    pub(crate) line: String,
}

/// Both streams of a guest.
#[derive(Debug, Default)]
pub(crate) struct Stdio {
    out: Sink,
    error: Sink,
}

impl Stdio {
    /// Takes the lines that have ended, or `all` there is.
    pub(super) fn drain(&self, all: bool) -> Vec<Printed> {
        let lines = |stream, sink: &Sink| {
            let text = sink.take(all);
            let lines: Vec<Printed> = String::from_utf8_lossy(&text)
                .lines()
                .map(|line| Printed {
                    stream,
                    line: line.to_owned(),
                })
                .collect();
            lines
        };
        let mut printed = lines(Stream::Out, &self.out);
        printed.extend(lines(Stream::Error, &self.error));
        printed
    }

    pub(super) fn last_words(&self) -> Option<String> {
        let kept = self.error.lock();
        let start = kept.len().saturating_sub(LOG_LINE_BYTES_MAX);
        let text = String::from_utf8_lossy(&kept[start..]);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// One stream: every handle that a guest has of it writes to the same bytes.
#[derive(Clone, Debug, Default)]
struct Sink {
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, all: bool) -> Vec<u8> {
        let mut kept = self.lock();
        let full = kept.len() >= PRINTED_BYTES_MAX;
        let end = match kept.iter().rposition(|byte| *byte == b'\n') {
            _ if all || full => kept.len(),
            Some(last) => last + 1,
            None => 0,
        };
        let rest = kept.split_off(end);
        std::mem::replace(&mut kept, rest)
    }
}

#[async_trait]
impl Pollable for Sink {
    async fn ready(&mut self) {}
}

impl OutputStream for Sink {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut kept = self.lock();
        let room = PRINTED_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PRINTED_BYTES_MAX)
    }
}

/// The streams and the table of resources.
pub(crate) struct Output<'a> {
    stdio: &'a Stdio,
    table: &'a mut ResourceTable,
}

pub(super) fn output(state: &mut HostState) -> Output<'_> {
    let ClosedWasi { stdio, table, .. } = state.closed_wasi();
    Output { stdio, table }
}

impl Output<'_> {
    fn open(&mut self, sink: Sink) -> wasmtime::Result<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(sink);
        Ok(self.table.push(stream)?)
    }
}

impl stdout::Host for Output<'_> {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.open(self.stdio.out.clone())
    }
}

impl stderr::Host for Output<'_> {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.open(self.stdio.error.clone())
    }
}
