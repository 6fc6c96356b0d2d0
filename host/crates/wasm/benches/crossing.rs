//! What it costs to take records into a guest and out again, and what it costs that guests can be stopped.
//!
//! `make bench-crossing`, or `cargo bench -p wasm --bench crossing --profile release [-- --quick]`. Timed is what a
//! task does: `process`, `commit`, draining the output. See `turns` for what the figures are. It fails if batches no
//! longer make the crossing cheap: that is what the contract is built on.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/support/mod.rs"]
mod support;
mod turns;

use std::process::ExitCode;

use dataflow::element::Batch;
use dataflow::port::operator::Operator;
use support::{behaviors, clock, open};
use turns::{Effort, Guard, Turns};
use wasm::{GuestLimits, GuestOperator, Runtime, RuntimeConfig};

const EFFORT: Effort = Effort {
    rounds: 15,
    turn_ns: 4_000_000,
};

/// Ticks of the epoch in milliseconds; 0 is without interruption.
const TICKS_MS: [u64; 4] = [0, 1, 10, 100];

/// Batch sizes, where the size is what is asked about.
const SIZES: [usize; 5] = [16, 64, 256, 1024, 4096];

/// Guests and the sizes of their batches.
const CASES: [(&str, &[usize]); 7] = [
    ("swallow", &SIZES),
    ("echo", &SIZES),
    ("map", &SIZES),
    ("hash", &[1024]),
    ("scan", &[1024]),
    ("count", &SIZES),
    ("count-single", &[16, 256, 1024]),
];

fn main() -> ExitCode {
    let runtimes = TICKS_MS.map(|epoch_tick_ms| {
        let config = RuntimeConfig {
            epoch_tick_ms,
            ..RuntimeConfig::default()
        };
        Runtime::new(config, clock()).expect("a runtime")
    });
    let components = runtimes.each_ref().map(behaviors);
    let mut turns = Turns::default();
    let mut rows = Vec::new();
    for (behavior, sizes) in CASES {
        for records in sizes {
            let batch = batch(*records);
            let first = components.each_ref().map(|component| {
                let mut guest = open(component, behavior, GuestLimits::default());
                let batch = batch.clone();
                turns.add(move || step(&mut guest, &batch))
            });
            rows.push((behavior, *records, first));
        }
    }
    let figures = turns.run(EFFORT.asked_for());
    println!("| guest | records a batch | no epoch | tick 1 ms | tick 10 ms | tick 100 ms |");
    println!("|---|---|---|---|---|---|");
    for (behavior, records, contestants) in &rows {
        let cells = contestants.map(|at| format!("{:.2}", figures[at]));
        println!("| {behavior} | {records} | {} |", cells.join(" | "));
    }
    // The default tick is the third.
    let figure = |behavior, records| {
        let row = rows
            .iter()
            .find(|row| row.0 == behavior && row.1 == records);
        row.map_or(f64::NAN, |row| figures[row.2[2]])
    };
    let mut guard = Guard::default();
    for (what, large, percent, small) in [
        (
            "a large batch makes a record's crossing cheap",
            figure("map", 1024),
            25,
            figure("map", 16),
        ),
        (
            "bulk state access beats single calls",
            figure("count", 1024),
            50,
            figure("count-single", 1024),
        ),
    ] {
        guard.at_most(what, large, percent, small);
    }
    guard.exit_code()
}

/// Records of a key of 8 bytes, a value of 24 bytes and a timestamp, over a thousand keys.
fn batch(count: usize) -> Batch {
    let mut batch = Batch::default();
    for index in 0..count as u64 {
        let key = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000;
        let value = [index, key, !index].map(u64::to_le_bytes).concat();
        batch.push(1_600_000_000_000 + index as i64, &key.to_le_bytes(), &value);
    }
    batch
}

fn step(guest: &mut GuestOperator, batch: &Batch) -> usize {
    let consumed = guest.process(0, batch).expect("the guest is good");
    assert_eq!(consumed, batch.count);
    guest.call().commit().expect("the backend is good");
    guest.call().output.clear();
    batch.count as usize
}
