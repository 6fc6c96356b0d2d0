//! The epoch ticker: one thread that advances the engine's epoch, so that the host gets a word with a guest that does not
//! return, and stops it in the end.
//!
//! Invariant: the thread has one owner and is joined when the owner goes. It knows no guest and no deadline; each call
//! sets its own (`instance.rs`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::error::WasmError;

/// Owner of the ticking thread; dropping it stops and joins the thread.
#[derive(Debug)]
pub(crate) struct EpochTicker {
    stop: Arc<Stop>,
    ticks: Ticks,
    thread: Option<JoinHandle<()>>,
}

/// How often it has ticked: what deadlines are measured by. Cheap to clone; read by every thread that calls a guest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    /// Ticks so far.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        // A deadline may be seen a moment late; nothing else is published by it.
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Stop {
    wanted: Mutex<bool>,
    changed: Condvar,
}

impl EpochTicker {
    /// Starts to tick every `tick_ms` milliseconds.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start(engine: &Engine, tick_ms: u64) -> Result<Self, WasmError> {
        let (stop, ticks) = (Arc::new(Stop::default()), Ticks::default());
        let thread = Builder::new()
            .name("wasm-epoch".to_owned())
            .spawn({
                let (stop, ticks) = (Arc::clone(&stop), ticks.clone());
                let engine = engine.weak();
                move || tick(&stop, &ticks, &engine, Duration::from_millis(tick_ms))
            })
            .map_err(|error| WasmError::Engine {
                reason: format!("the epoch thread cannot be started: {error}"),
            })?;
        Ok(Self {
            stop,
            ticks,
            thread: Some(thread),
        })
    }

    /// Its ticks.
    pub(crate) fn ticks(&self) -> Ticks {
        self.ticks.clone()
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        *self
            .stop
            .wanted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread does nothing that panics; if it did, guests would no longer be stopped, and that is worse.
            if thread.join().is_err() {
                tracing::error!("the epoch thread panicked");
            }
        }
    }
}

fn tick(stop: &Stop, ticks: &Ticks, engine: &EngineWeak, tick: Duration) {
    let mut wanted = stop.wanted.lock().unwrap_or_else(PoisonError::into_inner);
    while !*wanted {
        let waited = stop
            .changed
            .wait_timeout(wanted, tick)
            .unwrap_or_else(PoisonError::into_inner);
        wanted = waited.0;
        if waited.1.timed_out() {
            let Some(engine) = engine.upgrade() else {
                return;
            };
            ticks.0.fetch_add(1, Ordering::Relaxed);
            engine.increment_epoch();
        }
    }
}
