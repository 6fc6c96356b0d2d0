//! What a running count per key (J2) pays for the way in which its guest reads and writes state: by single calls, by
//! bulk calls, and with a cache that it keeps between calls; over the real backends.
//!
//! `make bench-crossing`, or `cargo bench --workspace --bench keyed_state --profile release [-- --quick]`. Timed is what
//! a task does with a batch of 1,024 records: `process`, `commit`, draining the output. Flushes and compactions of RocksDB run on other
//! threads and are not in the figures. It fails if bulk calls or the cache no longer pay.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod counting;
#[path = "../../host/crates/wasm/tests/support/guests.rs"]
#[expect(dead_code, reason = "the tests of the sandbox use more of it")]
mod guests;
#[path = "../../host/crates/wasm/benches/turns/mod.rs"]
mod turns;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use dataflow::clock::SystemClock;
use dataflow::port::state::StateBackendFactory;
use state::{HeapBackendFactory, RocksdbBackendFactory};
use wasm::{Component, Runtime, RuntimeConfig};

use counting::{BATCH_RECORDS, Counting, Traffic};
use turns::{Effort, Guard, Turns};

/// The allocator of the host.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EFFORT: Effort = Effort {
    rounds: 15,
    turn_ns: 20_000_000,
};

/// Managed memory of a task: the default of the configuration, and too little for a million keys.
const MEMORY_BYTES: [u64; 2] = [512 << 20, 32 << 20];

/// The ways to reach state. The last three are one operator of the SDK, whose cache holds so many keys.
const WAYS: [(&str, Option<usize>); 4] = [
    ("single calls", None),
    ("bulk calls, no cache", Some(0)),
    ("bulk, cache of 16,384 keys", Some(16 * 1024)),
    ("bulk, cache of all keys", Some(2_000_000)),
];

fn main() -> ExitCode {
    let runtime = Runtime::new(RuntimeConfig::default(), Arc::new(SystemClock::new()));
    let runtime = runtime.expect("a runtime");
    let single = load(&runtime, &guests::path("behaviors"));
    let bulk = load(&runtime, &guests::plugin("bench"));
    let work_dir = tempfile::tempdir().expect("a temporary directory");
    let heap = HeapBackendFactory::new();
    let rocksdb = RocksdbBackendFactory::default();
    let mut turns = Turns::default();
    let mut rows = Vec::new();
    for (name, factory, keys, memory_bytes) in [
        (
            "heap",
            &heap as &dyn StateBackendFactory,
            1_000,
            MEMORY_BYTES[0],
        ),
        ("heap", &heap, 1_000_000, MEMORY_BYTES[0]),
        ("rocksdb, 512 MiB", &rocksdb, 1_000, MEMORY_BYTES[0]),
        ("rocksdb, 512 MiB", &rocksdb, 1_000_000, MEMORY_BYTES[0]),
        ("rocksdb, 32 MiB", &rocksdb, 1_000_000, MEMORY_BYTES[1]),
    ] {
        let traffic = Traffic::over(keys);
        let contestants = WAYS.map(|(_, cached_keys)| {
            let folder = work_dir.path().join(rows.len().to_string());
            let folder = folder.join(cached_keys.map_or("single".to_owned(), |it| it.to_string()));
            let backend = counting::filled(factory, &folder, memory_bytes, keys);
            let mut counting = match cached_keys {
                None => Counting::by_single_calls(&single, backend, &traffic),
                Some(cached_keys) => Counting::by_bulk(&bulk, cached_keys, backend, &traffic),
            };
            turns.add(move || counting.step())
        });
        rows.push((name, keys, contestants));
    }
    let figures = turns.run(EFFORT.asked_for());
    println!(
        "| backend | keys | {} |",
        WAYS.map(|(way, _)| way).join(" | ")
    );
    println!("|---|---|{}", "---|".repeat(WAYS.len()));
    for (name, keys, contestants) in &rows {
        let cells = contestants.map(|at| format!("{:.0}", figures[at]));
        println!("| {name} | {keys} | {} |", cells.join(" | "));
    }
    let mut guard = Guard::default();
    for (name, keys, [single, bulk, cached, _]) in &rows {
        let what = format!("{name}, {keys} keys: bulk beats single calls");
        guard.at_most(&what, figures[*bulk], 50, figures[*single]);
        // Where the keys of a batch are never in the cache, it must not cost much.
        let percent = if *keys < BATCH_RECORDS as u64 {
            80
        } else {
            120
        };
        let what = format!("{name}, {keys} keys: the cache pays or costs little");
        guard.at_most(&what, figures[*cached], percent, figures[*bulk]);
    }
    guard.exit_code()
}

fn load(runtime: &Runtime, path: &Path) -> Component {
    runtime.load(path).expect("the guest loads")
}
