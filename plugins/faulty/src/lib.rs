//! An operator that misbehaves on request, to show that a job from a stranger hurts nobody else.
//!
//! The parameter `fault` chooses how, `at` at which key, `after` at which of its records, `attempts` on how many attempts
//! to run the job. Records are pairs from the generator; they go on to the checksum sink with their number.

use std::hint::black_box;
use std::time::Duration;

use wasmill_sdk::prelude::*;

/// A key and a one.
#[derive(Record, Clone, Debug, PartialEq)]
struct Pair {
    key: i64,
    one: i64,
}

/// What to do wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing.
    None,
    /// Do as if the record were not there.
    LeaveOut,
    /// Panic.
    Panic,
    /// Report a failure of the record.
    Fail,
    /// Never return.
    Loop,
    /// Ask for memory without end.
    Memory,
    /// Recurse without end.
    Stack,
    /// Emit each record this many times.
    FanOut(i64),
    /// Register timers without end.
    Timers,
    /// Write log lines without end.
    Log,
}

impl Fault {
    fn parse(text: &str, factor: i64) -> Result<Self, JobError> {
        Ok(match text {
            "none" => Self::None,
            "leave-out" => Self::LeaveOut,
            "panic" => Self::Panic,
            "fail" => Self::Fail,
            "loop" => Self::Loop,
            "memory" => Self::Memory,
            "stack" => Self::Stack,
            "fan-out" => Self::FanOut(factor),
            "timers" => Self::Timers,
            "log" => Self::Log,
            other => {
                let known =
                    "none, leave-out, panic, fail, loop, memory, stack, fan-out, timers, log";
                return Err(Error::Parameter {
                    name: "fault".to_owned(),
                    reason: format!("there is no fault {other}, choose one of {known}"),
                });
            }
        })
    }
}

#[wasmill_sdk::job]
fn faulty(env: &mut Env) -> Result<(), JobError> {
    let fault: String = env
        .param("fault")
        .describe("what to do wrong")
        .default("none")?;
    let at: i64 = env
        .param("at")
        .describe("key of the record that does it")
        .default(0)?;
    let factor: i64 = env
        .param("factor")
        .describe("records out per record in for fan-out")
        .default(1000)?;
    let after: i64 = env
        .param("after")
        .describe("how many records of that key go well before")
        .default(0)?;
    let attempts: i64 = env
        .param("attempts")
        .describe("on how many attempts to run the job")
        .default(i64::MAX)?;
    let rate: i64 = env
        .param("rate")
        .describe("records per second; 0 for as many as possible")
        .default(0)?;
    let n: i64 = env
        .param("n")
        .describe("how many records to generate")
        .default(100_000)?;
    let keys: i64 = env
        .param("keys")
        .describe("how many different keys")
        .default(1000)?;
    let restarts: i64 = env
        .param("restarts")
        .describe("restarts that the job itself wants; -1 for what the host does")
        .default(-1)?;
    if let Ok(attempts) = u32::try_from(restarts) {
        env.restart_strategy(RestartStrategy::FixedDelay {
            attempts,
            delay: Duration::from_millis(10),
        });
    }
    let fault = Fault::parse(&fault, factor)?;
    let pairs = Generator::pairs().count(n).keys(keys);
    let pairs = if rate > 0 { pairs.rate(rate) } else { pairs };
    env.source::<Pair>(pairs)
        .key_by(|pair| pair.key)
        .process(move |ctx| Faulty {
            seen: ctx.value_state("seen"),
            fault: if i64::from(ctx.place().attempt) < attempts {
                fault
            } else {
                Fault::None
            },
            at,
            after,
        })
        .uid("faulty")
        .name("faulty")
        .sink(Checksum::new());
    Ok(())
}

/// Counts like an honest operator, until the chosen record comes.
struct Faulty {
    seen: ValueState<i64>,
    fault: Fault,
    at: i64,
    after: i64,
}

impl KeyedProcess for Faulty {
    type Key = i64;
    type In = Pair;
    type Out = Pair;

    fn process(
        &mut self,
        pair: Pair,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Pair>,
    ) -> Outcome {
        if pair.key == self.at && self.fault == Fault::LeaveOut {
            return Ok(());
        }
        let seen = self.seen.get().unwrap_or(0) + pair.one;
        self.seen.set(seen);
        if pair.key == self.at && seen > self.after {
            self.misbehave(&pair, ctx, out)?;
        }
        out.emit(Pair { one: seen, ..pair });
        Ok(())
    }
}

impl Faulty {
    fn misbehave(
        &self,
        pair: &Pair,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Pair>,
    ) -> Outcome {
        match self.fault {
            Fault::None | Fault::LeaveOut => {}
            Fault::Panic => panic!("asked to panic at key {}", pair.key),
            Fault::Fail => return Err(Error::from(format!("asked to fail at key {}", pair.key))),
            Fault::Loop => {
                ctx.log(Level::Warn, "asked to loop");
                loop {
                    black_box(0);
                }
            }
            Fault::Memory => {
                let mut held = Vec::new();
                loop {
                    held.push(black_box(vec![1u8; 1 << 20]));
                }
            }
            Fault::Stack => {
                black_box(recurse(1));
            }
            Fault::FanOut(factor) => (0..factor).for_each(|_| out.emit(pair.clone())),
            Fault::Timers => (0..i64::MAX).for_each(|time| ctx.register_event_timer(time)),
            Fault::Log => {
                (0..i64::MAX).for_each(|line| ctx.log(Level::Info, &format!("line {line}")))
            }
        }
        Ok(())
    }
}

/// Uses stack until there is none.
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(true) {
        recurse(depth + 1) + black_box(frame)[0]
    } else {
        depth
    }
}

#[cfg(test)]
mod tests;
