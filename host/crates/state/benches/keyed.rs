//! Keyed state by the call: nanoseconds an entry for bulk reads and writes, the pause of a snapshot, a restore.
//!
//! Run with `cargo bench -p state --bench keyed --profile release -- --quick`. The figures of whole phases (pause,
//! write, restore) are printed once before the criterion groups.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, prints it, and may stop at the first error"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use dataflow::port::state::{
    Addresses, BackendSpec, Found, SnapshotHandle, StateBackend, StateBackendFactory, StateKind,
    StateSpec,
};
use dataflow::time::frozen_timers::FrozenTimers;
use state::{HeapBackendFactory, RocksdbBackendFactory};

/// The allocator of the binary, since copying shards is mostly a matter of fresh memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STATE: StateNumber = StateNumber(0);
const CALL: usize = 1000;

/// Blobs in memory by number: hashing would be measured otherwise.
#[derive(Default)]
struct Blobs(Mutex<BTreeMap<String, Vec<u8>>>);

impl BlobStore for Blobs {
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        let mut blobs = self.0.lock().unwrap();
        let name = blobs.len().to_string();
        let size_bytes = data.len() as u64;
        blobs.insert(name.clone(), data);
        Ok(BlobRef {
            name,
            role: role.to_owned(),
            size_bytes,
            hash: [0; 32],
        })
    }

    fn put_file(&self, role: &str, path: &Path) -> Result<BlobRef, BlobError> {
        self.put(role, std::fs::read(path).unwrap())
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        Ok(self.0.lock().unwrap()[&blob.name].clone())
    }

    fn get_file(&self, blob: &BlobRef, path: &Path) -> Result<(), BlobError> {
        std::fs::write(path, self.get(blob)?).unwrap();
        Ok(())
    }
}

struct Bed {
    factory: Box<dyn StateBackendFactory>,
    store: Arc<Blobs>,
    dirs: tempfile::TempDir,
    kind: StateKind,
}

impl Bed {
    fn new(factory: Box<dyn StateBackendFactory>, kind: StateKind) -> Self {
        Self {
            factory,
            store: Arc::default(),
            dirs: tempfile::tempdir().unwrap(),
            kind,
        }
    }

    fn open(&self, snapshots: &[SnapshotHandle]) -> Box<dyn StateBackend> {
        let spec = BackendSpec {
            states: vec![StateSpec {
                number: STATE,
                name: "op/count".to_owned(),
                kind: self.kind,
            }],
            key_groups: KeyGroupRange::all(128),
            max_parallelism: 128,
            local_dir: tempfile::tempdir_in(self.dirs.path()).unwrap().keep(),
            managed_memory_bytes: 256 << 20,
        };
        let store = Arc::clone(&self.store) as Arc<dyn BlobStore>;
        self.factory.open(spec, snapshots, store).unwrap()
    }
}

fn backends() -> Vec<(&'static str, Box<dyn StateBackendFactory>)> {
    vec![
        ("heap", Box::new(HeapBackendFactory::new())),
        ("rocksdb", Box::new(RocksdbBackendFactory::default())),
    ]
}

/// Calls of random keys, so that the benchmark does not measure its own generator.
fn calls(keys: u64, count: usize, per_call: usize) -> Vec<Column> {
    let mut state = 42u64;
    let mut next = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 1
    };
    (0..count)
        .map(|_| {
            Column::fixed(
                (0..per_call)
                    .flat_map(|_| (next() % keys).to_le_bytes())
                    .collect(),
            )
        })
        .collect()
}

fn put(backend: &mut dyn StateBackend, keys: &Column, values: &Column) {
    let addresses = Addresses {
        count: keys.data.len() / 8,
        keys,
        sub_keys: &Column::default(),
    };
    backend.put_many(STATE, addresses, values).unwrap();
}

fn get(backend: &mut dyn StateBackend, keys: &Column, found: &mut Found) {
    let addresses = Addresses {
        count: keys.data.len() / 8,
        keys,
        sub_keys: &Column::default(),
    };
    found.present.clear();
    found.values.clear();
    backend.get_many(STATE, addresses, found).unwrap();
}

fn fill(backend: &mut dyn StateBackend, keys: u64) {
    for start in (0..keys).step_by(CALL) {
        let end = (start + CALL as u64).min(keys);
        let column = Column::fixed((start..end).flat_map(u64::to_le_bytes).collect());
        put(backend, &column, &column);
    }
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Pause, write and restore of one backend.
fn phases(name: &str, factory: Box<dyn StateBackendFactory>, keys: u64) {
    let bed = Bed::new(factory, StateKind::Value);
    let mut backend = bed.open(&[]);
    let ((), filled) = timed(|| fill(backend.as_mut(), keys));
    let calls = calls(keys, 1000, CALL);
    let mut handle = SnapshotHandle::default();
    for round in 1..5 {
        let (pending, pause) = timed(|| {
            backend
                .snapshot(CheckpointId(round), FrozenTimers::default())
                .unwrap()
        });
        let mut slowest = Duration::ZERO;
        let ((), after) = timed(|| {
            for keys in calls.iter().take(100) {
                slowest = slowest.max(timed(|| put(backend.as_mut(), keys, keys)).1);
            }
        });
        let (written, writing) = timed(|| pending.write(bed.store.as_ref()).unwrap());
        handle = written;
        backend.checkpoint_completed(CheckpointId(round));
        // The job goes on: pages are folded back while it does.
        for keys in calls.iter().take(300) {
            put(backend.as_mut(), keys, keys);
        }
        let bytes: u64 = handle.files.iter().map(|file| file.size_bytes).sum();
        println!(
            "{name} {keys} keys, snapshot {round}: pause {pause:?}, first 100 calls after it {} ns an entry (slowest call {slowest:?}), write {writing:?}, {} files {} MiB",
            after.as_nanos() / (100 * CALL) as u128,
            handle.files.len(),
            bytes >> 20,
        );
    }
    let usage = backend.usage();
    drop(backend);
    let (mut restored, restore) = timed(|| bed.open(&[handle]));
    let mut found = Found::default();
    let ((), first) = timed(|| get(restored.as_mut(), &calls[0], &mut found));
    println!(
        "{name} {keys} keys: fill {} ns an entry, memory {} MiB, restore {restore:?}, first call after it {first:?}",
        filled.as_nanos() / u128::from(keys),
        usage.memory_bytes >> 20,
    );
}

fn bulk(criterion: &mut Criterion, kind: StateKind) {
    for (name, factory) in backends() {
        let bed = Bed::new(factory, kind);
        for keys in [1000u64, 1_000_000] {
            let mut backend = bed.open(&[]);
            fill(backend.as_mut(), keys);
            let calls = calls(keys, 1000, CALL);
            let mut group = criterion.benchmark_group(format!("{name} {kind:?}"));
            group.throughput(Throughput::Elements(CALL as u64));
            let mut next = 0;
            let mut turn = || {
                next = (next + 1) % calls.len();
                &calls[next]
            };
            let mut found = Found::default();
            group.bench_function(BenchmarkId::new("get_many", keys), |bencher| {
                bencher.iter(|| get(backend.as_mut(), turn(), &mut found));
            });
            group.bench_function(BenchmarkId::new("put_many", keys), |bencher| {
                bencher.iter(|| {
                    let keys = turn();
                    put(backend.as_mut(), keys, keys);
                });
            });
            group.bench_function(BenchmarkId::new("read_modify_write", keys), |bencher| {
                bencher.iter(|| {
                    let keys = turn();
                    get(backend.as_mut(), keys, &mut found);
                    for value in found.values.data.chunks_exact_mut(8) {
                        value[0] = value[0].wrapping_add(1);
                    }
                    put(backend.as_mut(), keys, &found.values);
                });
            });
            group.finish();
            black_box(&found);
        }
    }
}

fn main() {
    let long = std::env::args().any(|argument| argument == "--long");
    let filtered = std::env::args()
        .skip(1)
        .any(|argument| !argument.starts_with("--"));
    if !filtered {
        phases("heap", Box::new(HeapBackendFactory::new()), 1_000_000);
        phases("heap", Box::new(HeapBackendFactory::new()), 10_000_000);
        let rocksdb = || Box::new(RocksdbBackendFactory::default());
        phases("rocksdb", rocksdb(), 1_000_000);
        if long {
            phases("rocksdb", rocksdb(), 10_000_000);
        }
    }
    let mut criterion = Criterion::default().configure_from_args();
    bulk(&mut criterion, StateKind::Value);
    bulk(&mut criterion, StateKind::Map);
    criterion.final_summary();
}
