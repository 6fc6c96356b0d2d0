//! State in a database: it runs, is killed, and goes on with another parallelism in memory that does not depend on how
//! large the state is.
//!
//! With `WASMILL_BIG=1` the state is several times as large as the memory.

use std::collections::BTreeMap;

use super::{Job, PACED};
use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::published::{bytes, has_checkpoint, lines};
use crate::support::run::{Run, Running};

const MIB: u64 = 1 << 20;
/// What the process may have resident, of which the caches are 32 MiB.
const RESIDENT_MAX: u64 = 550 * MIB;

/// Bids and auctions: with every bid 2 KiB are written.
fn size() -> (u64, u64) {
    match std::env::var_os("WASMILL_BIG") {
        Some(_) => (1_200_000, 1_000_000),
        None => (60_000, 50_000),
    }
}

/// The most bytes a running process had resident so far.
fn peak(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id()));
    let status = status.expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.expect("the kernel says so") * 1024
}

#[test]
fn state_larger_than_memory_is_restored_and_rescaled() {
    let data = tempfile::tempdir().expect("a directory");
    let (n, keys) = size();
    let job = Job {
        case: "large",
        n,
        keys,
        rate: 0,
        backend: "rocksdb",
        ..PACED
    };
    let bounded = |run: Run| run.set("state.managed-memory", "32MiB");
    let mut expected = Lines::default();
    let mut seen = BTreeMap::<i64, u64>::new();
    for bid in bids(n, keys) {
        let seen = seen.entry(bid.auction).or_default();
        *seen += 1;
        expected.add(format!("0,{},{seen},1", bid.auction));
    }
    let mut running = bounded(job.run(data.path(), 2)).start();
    let is_large = |_: &Running| {
        has_checkpoint(&data.path().join("checkpoints"))
            // A line has some 35 bytes.
            && bytes(&data.path().join("out")) > n * 20
    };
    assert!(
        running.reaches("most of the output", is_large),
        "it ended before"
    );
    let before = peak(&running);
    running.kill();
    let ended = bounded(job.run(data.path(), 3)).end().success();
    let summary = ended.summary();
    assert!(summary["restored_from"].is_u64(), "{}", ended.told());
    lines(&data.path().join("out")).must_equal(&expected, &ended.told());
    let after = summary["peak_rss_bytes"].as_u64().unwrap_or(u64::MAX);
    let state = summary["last_checkpoint_bytes"].as_u64().unwrap_or(0);
    println!(
        "{} MiB of state, at most {} MiB resident, {} MiB restored",
        state / MIB,
        before / MIB,
        after / MIB
    );
    assert!(before < RESIDENT_MAX, "{before} bytes before the kill");
    assert!(
        after < RESIDENT_MAX,
        "{after} bytes restored\n{}",
        ended.told()
    );
}
