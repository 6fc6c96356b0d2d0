//! `wasi:clocks`: the wall clock is the processing time of the call; the monotonic one never goes back, and moves on by
//! what the guest waits and a microsecond whenever it is read.
//!
//! Invariant: equal calls see equal times, waiting takes no time of the host, and a guest that spins until a moment has
//! come gets there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{self, Datetime};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use super::ClosedWasi;
use crate::host_state::HostState;

const MS_NS: u64 = 1_000_000;

/// What a look at the monotonic clock takes, as the guest sees it.
const LOOK_NS: u64 = 1_000;

/// The time of one guest.
#[derive(Debug, Default)]
pub(crate) struct GuestClock {
    processing_time_ms: u64,
    /// Shared with what waits for it.
    monotonic_ns: Arc<AtomicU64>,
}

impl GuestClock {
    /// A call begins at this processing time; a guest knows none before the epoch.
    pub(crate) fn enter(&mut self, processing_time_ms: i64) {
        self.processing_time_ms = u64::try_from(processing_time_ms).unwrap_or(0);
        let ns = self.processing_time_ms.saturating_mul(MS_NS);
        self.monotonic_ns.fetch_max(ns, Ordering::Relaxed);
    }

    /// Continues where a former clock stopped.
    pub(super) fn go_on_from(&mut self, former: &Self) {
        let ns = former.monotonic_ns.load(Ordering::Relaxed);
        self.monotonic_ns.fetch_max(ns, Ordering::Relaxed);
    }

    fn look_ns(&self) -> u64 {
        let before = self.monotonic_ns.load(Ordering::Relaxed);
        let now = before.saturating_add(LOOK_NS);
        self.monotonic_ns.store(now, Ordering::Relaxed);
        now
    }
}

/// The clocks and the table of resources.
pub(crate) struct Clocks<'a> {
    clock: &'a GuestClock,
    table: &'a mut ResourceTable,
}

pub(super) fn clocks(state: &mut HostState) -> Clocks<'_> {
    let ClosedWasi { clock, table, .. } = state.closed_wasi();
    Clocks { clock, table }
}

impl wall_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        let ms = self.clock.processing_time_ms;
        let nanoseconds = (ms % 1_000 * MS_NS) as u32;
        Ok(Datetime {
            seconds: ms / 1_000,
            nanoseconds,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime {
            seconds: 0,
            nanoseconds: MS_NS as u32,
        })
    }
}

impl monotonic_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.look_ns())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(LOOK_NS)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let moment = Moment {
            monotonic_ns: Arc::clone(&self.clock.monotonic_ns),
            when,
        };
        let moment = self.table.push(moment)?;
        subscribe(self.table, moment)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let when = self.clock.look_ns().saturating_add(duration);
        self.subscribe_instant(when)
    }
}

/// A moment that has come as soon as somebody waits for it.
struct Moment {
    monotonic_ns: Arc<AtomicU64>,
    when: u64,
}

#[async_trait]
impl Pollable for Moment {
    async fn ready(&mut self) {
        self.monotonic_ns.fetch_max(self.when, Ordering::Relaxed);
    }
}
