//! The epoch ticker: one thread that advances the engine's epoch, so that a guest that does not return is stopped.
//!
//! Invariant: the thread has one owner and is joined when the owner goes. It knows no guest and no deadline; each call
//! sets its own (`instance.rs`).

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::error::WasmError;

/// Owner of the ticking thread; dropping it stops and joins the thread.
#[derive(Debug)]
pub(crate) struct EpochTicker {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
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
        let stop = Arc::new(Stop::default());
        let thread = Builder::new()
            .name("wasm-epoch".to_owned())
            .spawn({
                let stop = Arc::clone(&stop);
                let engine = engine.weak();
                move || tick(&stop, &engine, Duration::from_millis(tick_ms))
            })
            .map_err(|error| WasmError::Engine {
                reason: format!("the epoch thread cannot be started: {error}"),
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
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

fn tick(stop: &Stop, engine: &EngineWeak, tick: Duration) {
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
            engine.increment_epoch();
        }
    }
}
