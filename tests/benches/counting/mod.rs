//! A task that counts per key: a guest over a real backend that already holds every key, and the batches it is given.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use dataflow::element::{Batch, Column};
use dataflow::ids::{OperatorId, StateNumber};
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use dataflow::port::call::{Call, Timers};
use dataflow::port::operator::{FragmentSpec, Operator};
use dataflow::port::state::{
    Addresses, BackendSpec, StateBackend, StateBackendFactory, StateKind, StateSpec,
};
use wasm::{Component, GuestLimits, GuestOperator};

/// Records of every batch.
pub(crate) const BATCH_RECORDS: usize = 1024;

const MAX_PARALLELISM: u32 = 128;
const STATE: StateNumber = StateNumber(7);

/// Different batches per set of keys: enough that a batch comes round when its keys have left every CPU cache.
const BATCHES: u64 = 1024;

/// Batches over a number of keys, drawn as the job J2 draws them.
#[derive(Clone)]
pub(crate) struct Traffic {
    batches: Rc<Vec<Batch>>,
}

impl Traffic {
    /// Batches over keys below `keys`.
    pub(crate) fn over(keys: u64) -> Self {
        let batch = |number: u64| {
            let mut batch = Batch::default();
            for index in 0..BATCH_RECORDS as u64 {
                let key = (mixed(number * BATCH_RECORDS as u64 + index) >> 1) % keys;
                let value = [key.to_le_bytes(), 1_i64.to_le_bytes()].concat();
                batch.push(0, &key.to_le_bytes(), &value);
            }
            batch.timestamps.clear();
            batch
        };
        Self {
            batches: Rc::new((0..BATCHES).map(batch).collect()),
        }
    }
}

/// The random number of event `number`.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A backend in which every key below `keys` has a count.
pub(crate) fn filled(
    factory: &dyn StateBackendFactory,
    local_dir: &Path,
    managed_memory_bytes: u64,
    keys: u64,
) -> Box<dyn StateBackend> {
    std::fs::create_dir_all(local_dir).expect("a directory of the backend");
    let spec = BackendSpec {
        states: vec![StateSpec {
            number: STATE,
            name: "count/sum".to_owned(),
            kind: StateKind::Value,
        }],
        key_groups: KeyGroupRange {
            start: 0,
            end: MAX_PARALLELISM,
        },
        max_parallelism: MAX_PARALLELISM,
        local_dir: local_dir.to_owned(),
        managed_memory_bytes,
    };
    let opened = factory.open(spec, &[], Arc::new(NoStore));
    let mut backend = opened.expect("the backend opens");
    let all: Vec<[u8; 8]> = (0..keys).map(u64::to_le_bytes).collect();
    for chunk in all.chunks(BATCH_RECORDS) {
        let addresses = Addresses {
            count: chunk.len(),
            keys: &Column::fixed(chunk.concat()),
            sub_keys: &Column::default(),
        };
        let ones = Column::fixed(1_i64.to_le_bytes().repeat(chunk.len()));
        let put = backend.put_many(STATE, addresses, &ones);
        put.expect("the backend is good");
    }
    backend
}

/// One task.
pub(crate) struct Counting {
    guest: GuestOperator,
    batches: Rc<Vec<Batch>>,
    next: usize,
}

impl Counting {
    /// A guest that reads and writes the count of every record by itself.
    pub(crate) fn by_single_calls(
        component: &Component,
        backend: Box<dyn StateBackend>,
        traffic: &Traffic,
    ) -> Self {
        let parameters = vec![("behavior".to_owned(), "count-single".to_owned())];
        Self::open(component, "count", parameters, backend, traffic)
    }

    /// The operator of J2, whose state the SDK reads and writes in bulk and keeps for `cached_keys` keys.
    pub(crate) fn by_bulk(
        component: &Component,
        cached_keys: usize,
        backend: Box<dyn StateBackend>,
        traffic: &Traffic,
    ) -> Self {
        let parameters = vec![
            ("job".to_owned(), "J2".to_owned()),
            ("cached-keys".to_owned(), cached_keys.to_string()),
        ];
        Self::open(component, "sum", parameters, backend, traffic)
    }

    /// Opens the operator that has the state.
    fn open(
        component: &Component,
        state: &str,
        parameters: Vec<(String, String)>,
        backend: Box<dyn StateBackend>,
        traffic: &Traffic,
    ) -> Self {
        let plan = component.plan(&parameters).expect("the job plans");
        let has_state = |operator: &&wasm::OperatorEntry| {
            let mut states = operator.states.iter();
            states.any(|it| it.name == state)
        };
        let operator = plan.operators.iter().find(has_state);
        let operator = OperatorId(operator.expect("an operator with the state").id);
        let spec = FragmentSpec {
            first_operator: 0,
            job: plan.name.clone(),
            name: "count".to_owned(),
            subtask: 0,
            parallelism: 1,
            max_parallelism: MAX_PARALLELISM,
            attempt: 0,
            operators: vec![operator],
            inputs: vec![vec![(operator, 0)]],
            outputs: vec![(operator, 0)],
            states: vec![(operator, state.to_owned(), STATE)],
            guest: Default::default(),
            parameters,
            resources: std::sync::Arc::default(),
        };
        let range = KeyGroupRange {
            start: 0,
            end: MAX_PARALLELISM,
        };
        let call = Call::keyed(backend, range, MAX_PARALLELISM, Timers::default());
        let guests = component.guests(GuestLimits::default());
        Self {
            guest: guests.open_guest(&spec, call).expect("the guest opens"),
            batches: Rc::clone(&traffic.batches),
            next: 0,
        }
    }

    /// Counts the next batch; returns how many records it had.
    pub(crate) fn step(&mut self) -> usize {
        let batch = &self.batches[self.next];
        self.next = (self.next + 1) % self.batches.len();
        let consumed = self.guest.process(0, batch).expect("the guest is good");
        assert_eq!(consumed, batch.count);
        let call = self.guest.call();
        call.commit().expect("the backend is good");
        let emitted: u32 = call.output.iter().map(|it| it.records.count).sum();
        assert_eq!(emitted, batch.count);
        call.output.clear();
        consumed as usize
    }
}

/// Nothing is saved here.
struct NoStore;

impl NoStore {
    fn refuse<T>(name: &str) -> Result<T, BlobError> {
        Err(BlobError::Missing(name.to_owned()))
    }
}

impl BlobStore for NoStore {
    fn put(&self, role: &str, _: Vec<u8>) -> Result<BlobRef, BlobError> {
        Self::refuse(role)
    }
    fn put_file(&self, role: &str, _: &Path) -> Result<BlobRef, BlobError> {
        Self::refuse(role)
    }
    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        Self::refuse(&blob.name)
    }
    fn get_file(&self, blob: &BlobRef, _: &Path) -> Result<(), BlobError> {
        Self::refuse(&blob.name)
    }
}
