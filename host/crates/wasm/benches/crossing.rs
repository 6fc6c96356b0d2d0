//! What it costs to take records into a guest and out again, and what it costs that guests can be stopped.
//!
//! `cargo bench -p wasm --bench crossing --profile release`. Figures are CPU nanoseconds of the calling thread per
//! record, the median over rounds in which all cases take turns, so that other load on the machine falls on all alike.
//! Timed is what a task does: `process`, `commit`, draining the output.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/support/mod.rs"]
mod support;

use dataflow::element::Batch;
use dataflow::port::operator::Operator;
use support::{behaviors, clock, open};
use wasm::{GuestLimits, GuestOperator, Runtime, RuntimeConfig};

/// Rounds in which every case is measured once.
const ROUNDS: usize = 15;

/// CPU time of one sample.
const SAMPLE_NS: u64 = 4_000_000;

/// Ticks of the epoch in milliseconds; 0 is without interruption.
const TICKS_MS: [u64; 4] = [0, 1, 10, 100];

struct Case {
    behavior: &'static str,
    records: usize,
    /// One guest per entry of `TICKS_MS`.
    guests: Vec<GuestOperator>,
    batch: Batch,
    calls_per_sample: u64,
    samples: Vec<Vec<f64>>,
}

fn main() {
    let runtimes = TICKS_MS.map(|epoch_tick_ms| {
        let config = RuntimeConfig {
            epoch_tick_ms,
            ..RuntimeConfig::default()
        };
        Runtime::new(config, clock()).expect("a runtime")
    });
    let components = runtimes.each_ref().map(behaviors);
    let mut cases = Vec::new();
    for (behavior, sizes) in [
        ("swallow", &[16, 64, 256, 1024, 4096][..]),
        ("echo", &[16, 64, 256, 1024, 4096]),
        ("map", &[16, 64, 256, 1024, 4096]),
        ("hash", &[1024]),
        ("scan", &[1024]),
        ("count", &[16, 64, 256, 1024, 4096]),
    ] {
        for records in sizes {
            let guests = components.iter();
            let guests = guests.map(|it| open(it, behavior, GuestLimits::default()));
            cases.push(Case {
                behavior,
                records: *records,
                guests: guests.collect(),
                batch: batch(*records),
                calls_per_sample: 1,
                samples: vec![Vec::new(); TICKS_MS.len()],
            });
        }
    }
    cases.iter_mut().for_each(Case::calibrate);
    for _ in 0..ROUNDS {
        cases.iter_mut().for_each(Case::measure);
    }
    print(&mut cases);
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

fn step(guest: &mut GuestOperator, batch: &Batch) {
    let consumed = guest.process(0, batch).expect("the guest is good");
    assert_eq!(consumed, batch.count);
    guest.call().commit().expect("the backend is good");
    guest.call().output.clear();
}

impl Case {
    fn calibrate(&mut self) {
        for guest in &mut self.guests {
            step(guest, &self.batch);
        }
        let started = cpu_ns();
        while cpu_ns() - started < SAMPLE_NS {
            step(&mut self.guests[0], &self.batch);
            self.calls_per_sample += 1;
        }
    }

    fn measure(&mut self) {
        for (guest, samples) in self.guests.iter_mut().zip(&mut self.samples) {
            let started = cpu_ns();
            for _ in 0..self.calls_per_sample {
                step(guest, &self.batch);
            }
            let records = self.calls_per_sample * self.records as u64;
            samples.push((cpu_ns() - started) as f64 / records as f64);
        }
    }
}

fn print(cases: &mut [Case]) {
    println!("| guest | records a batch | no epoch | tick 1 ms | tick 10 ms | tick 100 ms |");
    println!("|---|---|---|---|---|---|");
    for case in cases {
        print!("| {} | {} |", case.behavior, case.records);
        for samples in &mut case.samples {
            samples.sort_by(f64::total_cmp);
            print!(" {:.2} |", samples[samples.len() / 2]);
        }
        println!();
    }
}

/// CPU time of this thread.
#[expect(
    unsafe_code,
    reason = "the standard library has no clock of a thread's CPU time"
)]
fn cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "this system has no CPU clocks of threads");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
