//! The imported interface `log`: lines of the guest in the host's log (target `guest`), and the text of a panic.
//!
//! Invariant: a guest cannot flood the log. Lines beyond the rate are counted, and the count is written when lines
//! pass again. A dropped line costs a look at the clock.

use std::sync::Arc;

use dataflow::clock::{Clock, ManualClock};
use dataflow::limits::LOG_LINE_BYTES_MAX;

use crate::bindings::wasmill::dataflow::log::{Host, Level};
use crate::host_state::{HostState, truncated};
use crate::limits::GuestLimits;
use crate::wasi::{Printed, Stream};

const SECOND_NS: u64 = 1_000_000_000;

/// Passes lines on, so many a second.
#[derive(Debug)]
pub(crate) struct GuestLog {
    clock: Arc<dyn Clock>,
    lines_per_second: u32,
    second_started_ns: u64,
    lines_in_second: u32,
    dropped_in_second: u64,
    job: String,
    operator: String,
    subtask: u32,
}

impl GuestLog {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        limits: &GuestLimits,
        job: &str,
        operator: &str,
        subtask: u32,
    ) -> Self {
        Self {
            second_started_ns: clock.monotonic_ns(),
            clock,
            lines_per_second: limits.log_lines_per_second,
            lines_in_second: 0,
            dropped_in_second: 0,
            job: job.to_owned(),
            operator: operator.to_owned(),
            subtask,
        }
    }

    /// A log that passes nothing.
    pub(crate) fn silent() -> Self {
        let limits = GuestLimits {
            log_lines_per_second: 0,
            ..GuestLimits::default()
        };
        Self::new(Arc::new(ManualClock::default()), &limits, "", "", 0)
    }

    /// Decides whether a line may pass now, and if so, how many were dropped before it.
    pub(crate) fn admit(&mut self) -> Option<u64> {
        let now_ns = self.clock.monotonic_ns();
        let mut dropped = 0;
        if now_ns.saturating_sub(self.second_started_ns) >= SECOND_NS {
            self.second_started_ns = now_ns;
            self.lines_in_second = 0;
            dropped = std::mem::take(&mut self.dropped_in_second);
        }
        if self.lines_in_second >= self.lines_per_second {
            self.dropped_in_second += 1 + dropped;
            return None;
        }
        self.lines_in_second += 1;
        Some(dropped)
    }

    /// Passes on what a guest printed.
    pub(crate) fn write_printed(&mut self, printed: Vec<Printed>) {
        for Printed { stream, line } in printed {
            let level = match stream {
                Stream::Out => Level::Info,
                Stream::Error => Level::Warn,
            };
            self.write(level, line);
        }
    }

    fn write(&mut self, level: Level, message: String) {
        let Some(dropped) = self.admit() else {
            return;
        };
        let Self {
            job,
            operator,
            subtask,
            ..
        } = &*self;
        if dropped > 0 {
            tracing::warn!(target: "guest", job, operator, subtask, dropped, "log lines dropped");
        }
        let message = truncated(message, LOG_LINE_BYTES_MAX);
        match level {
            Level::Debug => tracing::debug!(target: "guest", job, operator, subtask, "{message}"),
            Level::Info => tracing::info!(target: "guest", job, operator, subtask, "{message}"),
            Level::Warn => tracing::warn!(target: "guest", job, operator, subtask, "{message}"),
            Level::Error => tracing::error!(target: "guest", job, operator, subtask, "{message}"),
        }
    }
}

impl Host for HostState {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.log.write(level, message);
        Ok(())
    }

    fn panicked(&mut self, message: String) -> wasmtime::Result<()> {
        self.panic_text = Some(truncated(message, LOG_LINE_BYTES_MAX));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
