//! What the tests and the benchmark of the sandbox share: guests built once, a backend in memory, specs.
#![expect(dead_code, reason = "every test binary uses a part of it")]

pub(crate) mod backend;
pub(crate) mod guests;

use std::sync::Arc;

use dataflow::clock::{Clock, SystemClock};
use dataflow::element::Batch;
use dataflow::ids::{OperatorId, StateNumber};
use dataflow::key_group::KeyGroupRange;
use dataflow::port::call::{Call, Timers};
use dataflow::port::operator::FragmentSpec;
use wasm::{Component, GuestLimits, GuestOperator, Runtime, RuntimeConfig};

use backend::MemoryBackend;

/// The number the host gave the state `count`.
pub(crate) const STATE: StateNumber = StateNumber(17);

/// Number of key groups in the tests.
pub(crate) const MAX_PARALLELISM: u32 = 128;

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

pub(crate) fn runtime() -> Runtime {
    Runtime::new(RuntimeConfig::default(), clock()).expect("a runtime")
}

pub(crate) fn behaviors(runtime: &Runtime) -> Component {
    runtime
        .load(&guests::path("behaviors"))
        .expect("the guest loads")
}

/// Limits under which a wicked guest ends soon.
pub(crate) fn tight() -> GuestLimits {
    GuestLimits {
        memory_bytes: 32 << 20,
        call_timeout_ms: 100,
        ..GuestLimits::default()
    }
}

pub(crate) fn spec(behavior: &str) -> FragmentSpec {
    FragmentSpec {
        first_operator: 0,
        job: "test".to_owned(),
        name: "chain".to_owned(),
        subtask: 0,
        parallelism: 1,
        max_parallelism: MAX_PARALLELISM,
        attempt: 0,
        operators: vec![OperatorId(0)],
        inputs: vec![vec![(OperatorId(0), 0)]],
        outputs: vec![(OperatorId(0), 0)],
        states: vec![(OperatorId(0), "count".to_owned(), STATE)],
        guest: Default::default(),
        parameters: vec![("behavior".to_owned(), behavior.to_owned())],
        resources: std::sync::Arc::default(),
    }
}

/// A call over an empty backend that owns the key groups below `end`.
pub(crate) fn keyed_call(end: u32) -> Call {
    Call::keyed(
        Box::new(MemoryBackend::default()),
        KeyGroupRange { start: 0, end },
        MAX_PARALLELISM,
        Timers::default(),
    )
}

pub(crate) fn open(component: &Component, behavior: &str, limits: GuestLimits) -> GuestOperator {
    component
        .guests(limits)
        .open_guest(&spec(behavior), keyed_call(MAX_PARALLELISM))
        .expect("the guest opens")
}

/// Records with the given keys; value and timestamp are the index.
pub(crate) fn records<'a>(keys: impl IntoIterator<Item = &'a str>) -> Batch {
    let mut batch = Batch::default();
    for (index, key) in keys.into_iter().enumerate() {
        batch.push(index as i64, key.as_bytes(), &index.to_le_bytes());
    }
    batch
}
