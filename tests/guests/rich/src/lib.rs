//! A job for the process tests whose operators use everything a rich function has: metrics of all kinds, the place in
//! the job, global parameters and parameters of their own, and the word at the end.

use wasmill_sdk::prelude::*;

/// Sorts numbers into those below its limit and the rest, and measures them.
struct Below {
    limit: i64,
    passed: Counter,
    seen: Meter,
    largest: Gauge,
    sizes: Histogram,
    closed: Counter,
    so_far: i64,
}

impl Below {
    fn new(ctx: &mut OpenContext<'_>, limit: i64) -> Self {
        Self {
            limit,
            passed: ctx.counter("passed"),
            seen: ctx.meter("seen"),
            largest: ctx.gauge("largest"),
            sizes: ctx.histogram("sizes"),
            closed: ctx.counter("closed"),
            so_far: 0,
        }
    }
}

impl Process for Below {
    type In = i64;
    type Out = String;

    fn process(
        &mut self,
        number: i64,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        self.seen.mark(1);
        self.sizes.update(number.unsigned_abs());
        if number > self.so_far {
            self.so_far = number;
            self.largest.set(number as f64);
        }
        if number < self.limit {
            self.passed.add(1);
            let place = ctx.place();
            let (label, unset) = (place.parameter("label"), place.parameter("unset"));
            out.emit(format!(
                "{} {label:?} {unset:?} {number} of {} attempt {}",
                place.job, place.parallelism, place.attempt
            ));
        }
        Ok(())
    }

    fn close(&mut self) {
        self.closed.add(1);
    }
}

/// Counts its records per key; it is told of its end once.
struct Counting {
    count: ValueState<i64>,
    closed: Counter,
}

impl KeyedProcess for Counting {
    type Key = i64;
    type In = i64;
    type Out = String;

    fn process(
        &mut self,
        _number: i64,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        let count = self.count.get().unwrap_or(0) + 1;
        self.count.set(count);
        out.emit(format!("{} {count}", ctx.key()));
        Ok(())
    }

    fn close(&mut self) {
        self.closed.add(1);
    }
}

#[wasmill_sdk::job]
fn rich(env: &mut Env) -> Result<(), JobError> {
    env.name("rich");
    let numbers: i64 = env
        .param("numbers")
        .describe("how many numbers there are, from 0")
        .default(10)?;
    let label: String = env.param("label").describe("a word").default("none")?;
    drop(label);
    let mut low = env.operator_params("low");
    let below: i64 = low
        .param("limit")
        .describe("what it lets pass")
        .default(3)?;
    let mut high = env.operator_params("high");
    let above: i64 = high
        .param("limit")
        .describe("what it lets pass")
        .default(7)?;
    let input = env.source::<i64>(Collection::of::<i64>((0..numbers).map(Into::into)));
    let shared = input.map(|number| number).uid("numbers");
    shared
        .clone()
        .process(move |ctx| Below::new(ctx, below))
        .uid("low")
        .sink(Collect::new())
        .uid("low-out");
    shared
        .clone()
        .process(move |ctx| Below::new(ctx, above))
        .uid("high")
        .sink(Collect::new())
        .uid("high-out");
    shared
        .key_by(|number| number % 3)
        .process(|ctx| Counting {
            count: ctx.value_state("count"),
            closed: ctx.counter("closed"),
        })
        .uid("counting")
        .sink(Collect::new())
        .uid("counts-out");
    Ok(())
}
