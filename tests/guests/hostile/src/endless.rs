//! What has no end, or would not have one soon.

use std::hint::black_box;

use crate::wasmill::dataflow::types::{BytesColumn, TimeDomain, TimerBatch};
use crate::wasmill::dataflow::{log, metrics, output, state, timers};
use crate::{batch, fixed};

/// Entries of one host call.
const AT_ONCE: u64 = 10_000;

/// How many timers and states there would be.
const MANY: u64 = 10_000_000;

/// Never returns.
pub(crate) fn spin() -> String {
    loop {
        black_box(0);
    }
}

/// Uses stack until there is none.
pub(crate) fn recursion() -> u64 {
    recurse(black_box(1))
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    if black_box(depth) == 0 {
        return 0;
    }
    recurse(depth + 1).wrapping_add(depth)
}

/// Asks for memory until there is none.
pub(crate) fn hog() -> String {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Runs one of them.
pub(crate) fn run(kind: &str) {
    match kind {
        "loop" => drop(spin()),
        "recursion" => drop(black_box(recursion())),
        "memory" => drop(hog()),
        "memory-at-once" => drop(black_box(vec![1_u8; 3 << 30])),
        "output" => (0..u32::MAX).for_each(|_| {
            output::emit(
                0,
                &batch(1 << 10, fixed(Vec::new()), fixed(vec![1; 8 << 10])),
            )
        }),
        "small-output" => (0..u64::MAX)
            .for_each(|_| output::emit(0, &batch(0, fixed(Vec::new()), fixed(Vec::new())))),
        "wide-output" => output::emit(
            0,
            &batch(1 << 20, fixed(Vec::new()), fixed(vec![1; 8 << 20])),
        ),
        "writes" => (0..u32::MAX).for_each(|_| {
            state::put(
                crate::state(),
                &[1, 0, 0, 0, 0, 0, 0, 0],
                &[],
                &vec![1; 1 << 20],
            )
        }),
        "states" => (0..MANY / AT_ONCE).for_each(states),
        "timers" => (0..MANY / AT_ONCE).for_each(register),
        "log" => {
            (0..u64::MAX).for_each(|line| log::write(log::Level::Error, &format!("line {line}")))
        }
        "log-line" => log::write(log::Level::Error, &"x".repeat(100 << 20)),
        "panic-text" => {
            log::panicked(&"y".repeat(100 << 20));
            panic!("much to say");
        }
        "metrics" => (0..u64::MAX).for_each(|number| {
            metrics::count(&[metrics::Increment {
                operator: 2,
                name: format!("metric {number}"),
                amount: 1,
            }]);
        }),
        "gets" => (0..u64::MAX).for_each(|_| drop(state::get(crate::state(), &[0; 8], &[]))),
        other => panic!("nothing endless is called {other}"),
    }
}

/// Ten thousand sub-keys of one key, which is that of the record 1.
fn states(round: u64) {
    let names = (0..AT_ONCE).flat_map(|at| (round * AT_ONCE + at).to_le_bytes());
    state::put_many(
        crate::state(),
        AT_ONCE as u32,
        &keys(),
        &fixed(names.collect()),
        &fixed(vec![1; 8 * AT_ONCE as usize]),
    );
}

fn register(round: u64) {
    let times = (0..AT_ONCE)
        .map(|at| (round * AT_ONCE + at) as i64)
        .collect();
    let batch = TimerBatch {
        count: AT_ONCE as u32,
        times,
        keys: keys(),
        namespaces: fixed(Vec::new()),
    };
    timers::register(TimeDomain::Event, &batch);
}

fn keys() -> BytesColumn {
    fixed(1_i64.to_le_bytes().repeat(AT_ONCE as usize))
}
