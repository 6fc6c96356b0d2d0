//! Event time, processing time and ingestion time through the real binary: strategies, idleness, alignment, timers,
//! lateness, and that results depend on none of speed, parallelism and kills.
//!
//! The jobs are those of the component `guest-time`. What must come out is computed here from the input alone.

use std::path::Path;

use serde_json::Value;

use crate::support::answer::Lines;
use crate::support::oracle::random;
use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

mod alignment;
mod strategies;
mod timers;
mod windows;

/// Event time of the generator's first record, without jitter (milliseconds).
const EPOCH_MS: i64 = 1_600_000_000_000;

/// A run of a case that prints its summary as JSON.
fn case(name: &str) -> Run {
    Run::new("run", guest("guest_time"))
        .arg("--json")
        .param("case", name)
}

/// The result of a case without an output directory: its lines, printed before the summary.
fn printed(ended: &Ended) -> Vec<Value> {
    let mut lines: Vec<&str> = ended.out.lines().collect();
    lines.pop();
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    lines.into_iter().map(parse).collect()
}

fn long(value: &Value, field: &str) -> i64 {
    let long = value[field].as_i64();
    long.unwrap_or_else(|| panic!("no number {field} in {value}"))
}

/// Key and timestamp of record n of the generator, one record a millisecond of event time (docs/CONNECTORS.md).
fn bid(n: u64, keys: u64) -> (i64, i64) {
    let (r1, r2) = (random(n, 1), random(n, 2));
    let key = (r1 >> 1) % keys;
    let ts = EPOCH_MS + n as i64 - (((r2 >> 24) & 0xFFFF) % 101) as i64;
    (key as i64, ts)
}

/// A figure of an operator in a summary.
fn figure(summary: &Value, operator: &str, name: &str) -> u64 {
    summary["operators"][operator][name].as_u64().unwrap_or(0)
}

/// The published lines of a run, which must be these.
fn published_must_equal(directory: &Path, expected: &Lines, ended: &Ended) {
    crate::support::published::lines(directory).must_equal(expected, &ended.told());
}
