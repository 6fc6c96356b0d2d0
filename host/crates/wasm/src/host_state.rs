//! What the store of one guest carries: the call in progress and everything the host functions need.
//!
//! Each imported interface has its own `host_*.rs` with the functions; here is what they share. Invariant: whatever a
//! guest can make grow in here within one call has a limit, and forgets it when the next call begins.

use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::element::{Column, MalformedBatch};
use dataflow::ids::OperatorId;
use dataflow::port::call::Call;
use dataflow::port::operator::FragmentSpec;
use dataflow::port::state::StateError;
use dataflow::time::timer::TimeDomain;

use crate::bindings::wasmill::dataflow::types;
use crate::host_files::Reachable;
use crate::host_log::GuestLog;
use crate::host_metrics::Metrics;
use crate::limits::{GrowthLimiter, GuestLimits};
use crate::refusal::Refusal;
use crate::wasi::{ClosedWasi, GuestRandom};

/// Entries of one bulk call to state or timers, and records of one emitted batch. Columns of empty entries take no
/// bytes, so that bytes alone do not bound them.
pub(crate) const ENTRIES_PER_HOST_CALL_MAX: usize = 1 << 20;

/// Bytes that a write counts for beside its data.
const WRITE_OVERHEAD_BYTES: usize = 64;

/// Data of the store of one guest.
pub(crate) struct HostState {
    /// The transaction around the call in progress.
    pub(crate) call: Call,
    /// Memory and tables.
    pub(crate) limiter: GrowthLimiter,
    /// Lines on their way to the host's log.
    pub(crate) log: GuestLog,
    /// The user's metrics.
    pub(crate) metrics: Metrics,
    /// Text of the panic that is about to trap.
    pub(crate) panic_text: Option<String>,
    /// What a guest sees of WASI; absent until it looks.
    pub(crate) wasi: Option<Box<ClosedWasi>>,
    /// Where its random numbers come from.
    pub(crate) random_seed: [u8; 32],
    /// Readable name of the chain, for messages.
    pub(crate) name: String,
    /// What the job's numbers of operators have on top of the component's.
    first_operator: u32,
    /// Operators of the chain, as the job numbers them.
    pub(crate) operators: Vec<OperatorId>,
    /// Number of output ports.
    pub(crate) output_ports: usize,
    /// Files the guest may use.
    pub(crate) reachable: Reachable,
    /// The tick at which the call in progress has had its time.
    pub(crate) deadline_tick: u64,
    written_bytes: u64,
    written_bytes_max: u64,
}

impl HostState {
    /// The state of a guest that runs a chain.
    pub(crate) fn of_task(
        spec: &FragmentSpec,
        call: Call,
        limits: &GuestLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            first_operator: spec.first_operator,
            operators: spec.operators.clone(),
            output_ports: spec.outputs.len(),
            random_seed: GuestRandom::seed_of(spec),
            reachable: Reachable::new(Arc::clone(&spec.resources), spec.first_operator),
            log: GuestLog::new(clock, limits, &spec.job, &spec.name, spec.subtask),
            ..Self::blank(&spec.name, call, limits)
        }
    }

    /// The state of a guest that is asked for a document only.
    pub(crate) fn of_inquiry(name: &str, limits: &GuestLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            log: GuestLog::new(clock, limits, "", name, 0),
            ..Self::blank(name, Call::stateless(), limits)
        }
    }

    fn blank(name: &str, call: Call, limits: &GuestLimits) -> Self {
        Self {
            call,
            limiter: GrowthLimiter::new(limits),
            log: GuestLog::silent(),
            metrics: Metrics::default(),
            panic_text: None,
            wasi: None,
            random_seed: [0; 32],
            name: name.to_owned(),
            first_operator: 0,
            operators: Vec::new(),
            output_ports: 0,
            reachable: Reachable::default(),
            deadline_tick: 0,
            written_bytes: 0,
            written_bytes_max: limits.call_write_bytes,
        }
    }

    /// The operator that the component has this number for.
    pub(crate) fn operator(&self, own_number: u32) -> OperatorId {
        OperatorId(self.first_operator.saturating_add(own_number))
    }

    /// Exchanges what outlives an instance: the call, the log's rate, the metrics and what WASI has shown of time and
    /// chance.
    pub(crate) fn swap_lasting(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.call, &mut other.call);
        std::mem::swap(&mut self.log, &mut other.log);
        std::mem::swap(&mut self.metrics, &mut other.metrics);
        if let Some(shown) = self.wasi.as_ref() {
            other.closed_wasi().go_on_from(shown);
        }
    }

    /// Forgets what concerned the call before.
    #[inline]
    pub(crate) fn begin_call(&mut self) {
        self.limiter.forget_refusal();
        self.written_bytes = 0;
        if let Some(wasi) = &mut self.wasi {
            wasi.enter(self.call.moment.processing_time_ms);
        }
    }

    /// The call returned ok: what it measured counts.
    #[inline]
    pub(crate) fn end_call(&mut self) {
        self.metrics.commit();
        self.log_printed(false);
    }

    /// The call failed: nothing of it is visible.
    pub(crate) fn fail_call(&mut self) {
        self.call.roll_back();
        self.metrics.roll_back();
        self.log_printed(true);
    }

    /// Hands what the guest printed to the log.
    #[inline]
    fn log_printed(&mut self, all: bool) {
        if let Some(wasi) = &mut self.wasi {
            self.log.write_printed(wasi.printed(all));
        }
    }

    /// What the guest said before it was stopped: the text of its panic, or what it wrote to its error stream.
    pub(crate) fn last_words(&self) -> Option<String> {
        let printed = || self.wasi.as_ref().and_then(|wasi| wasi.last_words());
        self.panic_text.clone().or_else(printed)
    }

    /// Counts what a call writes to state and timers.
    pub(crate) fn count_written(
        &mut self,
        count: usize,
        columns: &[&Column],
    ) -> Result<(), Refusal> {
        let bytes: usize = columns.iter().map(|column| column.size_bytes()).sum();
        self.written_bytes += (bytes + count + WRITE_OVERHEAD_BYTES) as u64;
        if self.written_bytes > self.written_bytes_max {
            return Err(Refusal::Limit {
                limit: "state written per call (bytes)",
                used: self.written_bytes,
                allowed: self.written_bytes_max,
            });
        }
        Ok(())
    }
}

/// Refuses a bulk call of more entries than anybody needs.
pub(crate) fn check_entry_count(count: u32) -> Result<usize, StateError> {
    let count = count as usize;
    if count > ENTRIES_PER_HOST_CALL_MAX {
        return Err(StateError::Malformed(MalformedBatch::TooManyRecords {
            count,
            max: ENTRIES_PER_HOST_CALL_MAX,
        }));
    }
    Ok(count)
}

/// Moves a lifted column into ours; no byte is copied.
#[inline]
pub(crate) fn column(lifted: types::BytesColumnResult) -> Column {
    Column {
        ends: lifted.ends,
        data: lifted.data,
    }
}

/// Moves our column into one to be lowered; no byte is copied.
#[inline]
pub(crate) fn lowered(column: Column) -> types::BytesColumnResult {
    types::BytesColumnResult {
        ends: column.ends,
        data: column.data,
    }
}

/// Lends our column to a call.
#[inline]
pub(crate) fn lent(column: &Column) -> types::BytesColumnParam<'_> {
    types::BytesColumnParam {
        ends: &column.ends,
        data: &column.data,
    }
}

/// The contract's time domain as ours.
#[inline]
pub(crate) fn time_domain(domain: types::TimeDomain) -> TimeDomain {
    match domain {
        types::TimeDomain::Event => TimeDomain::Event,
        types::TimeDomain::Processing => TimeDomain::Processing,
    }
}

/// Cuts a text at a character boundary.
pub(crate) fn truncated(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push_str(" ...");
    }
    text
}

impl types::Host for HostState {}
