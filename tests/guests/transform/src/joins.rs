//! Operators of several keyed inputs: three inputs with shared state and timers, and joins.

use wasmill_sdk::prelude::*;

use super::{Files, Item};

/// Length of the periods that [`Periods`] counts in (milliseconds).
const PERIOD_MS: i64 = 100;

/// A record of one of the three inputs.
enum Input {
    A(Item),
    B(Item),
    C(i64),
}

/// Counts what each input has in a period and tells it when the period is over.
struct Periods {
    counts: MapState<i64, (i64, i64, i64)>,
}

impl KeyedProcess for Periods {
    type Key = i64;
    type In = Input;
    type Out = String;

    fn process(
        &mut self,
        input: Input,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, String>,
    ) -> Outcome {
        let time = ctx.timestamp().ok_or("no timestamp")?;
        let end = (time.div_euclid(PERIOD_MS) + 1) * PERIOD_MS - 1;
        let mut counts = self.counts.get(&end)?.unwrap_or_default();
        match input {
            Input::A(item) => counts.0 += item.value,
            Input::B(item) => counts.1 += item.value,
            Input::C(value) => counts.2 += value,
        }
        self.counts.put(&end, &counts);
        ctx.register_event_timer(end);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        let end = ctx.timestamp().ok_or("no timestamp")?;
        let (a, b, c) = self.counts.get(&end)?.unwrap_or((-1, -1, -1));
        self.counts.remove(&end);
        out.emit(format!("{} {end} {a} {b} {c}", ctx.key()));
        Ok(())
    }
}

/// Three inputs of two types.
pub(super) fn multi(env: &mut Env, files: &Files) {
    let [a, b, c] = [0, 1, 2].map(|input| files.timed(env, input));
    let c = c.map(|item| (item.key, item.value)).parallelism(1);
    let periods = a
        .key_by(|item| item.key)
        .multi_input(Input::A)
        .and(b.key_by(|item| item.key), Input::B)
        .and(c.key_by(|pair| pair.0), |(_, value)| Input::C(value))
        .process(|ctx| Periods {
            counts: ctx.map_state("counts"),
        });
    files.write(periods);
}

fn pair(left: &Item, right: &Item, out: &mut Collector<'_, String>) {
    out.emit(format!("{} {} {}", left.key, left.value, right.value));
}

/// The type of a join by its name.
fn join_type(env: &mut Env) -> Result<JoinType, JobError> {
    let name: String = env.param("type").describe("of a join").default("inner")?;
    Ok(match &*name {
        "left" => JoinType::LeftOuter,
        "right" => JoinType::RightOuter,
        "full" => JoinType::FullOuter,
        _ => JoinType::Inner,
    })
}

/// A pair, or a record alone.
fn outer(left: Option<&Item>, right: Option<&Item>, out: &mut Collector<'_, String>) {
    let key = left.or(right).map_or(-1, |item| item.key);
    let value = |item: Option<&Item>| item.map_or("-".to_owned(), |item| item.value.to_string());
    out.emit(format!("{key} {} {}", value(left), value(right)));
}

/// The interval join of `a` and `b`.
pub(super) fn interval(env: &mut Env, files: &Files) -> Result<(), JobError> {
    let lower: i64 = env.param("lower").describe("lower bound").default(-20)?;
    let upper: i64 = env.param("upper").describe("upper bound").default(30)?;
    let exclusive: bool = env
        .param("exclusive")
        .describe("without the bounds")
        .default(false)?;
    let [a, b] = [0, 1].map(|input| files.timed(env, input).key_by(|item| item.key));
    let mut join = a.interval_join(b).between(lower, upper);
    if exclusive {
        join = join.lower_bound_exclusive().upper_bound_exclusive();
    }
    let pairs = match join_type(env)? {
        JoinType::Inner => join.process(pair),
        join_type => join.process_outer(join_type, outer),
    };
    files.write(pairs.uid("pairs"));
    Ok(())
}

/// The regular join of `a` and `b`, whose records live longer than the test.
pub(super) fn regular(env: &mut Env, files: &Files) {
    let [a, b] = [0, 1].map(|input| files.items(env, input).key_by(|item| item.key));
    files.write(a.join(b).ttl_ms(3_600_000).process(pair));
}

/// Length of the windows of joins (milliseconds).
const WINDOW_MS: i64 = 50;
/// Distance of sliding windows (milliseconds).
const SLIDE_MS: i64 = 25;

/// The pairs of `a` and `b` in one sliding window.
pub(super) fn windowed(env: &mut Env, files: &Files) -> Result<(), JobError> {
    let [a, b] = [0, 1].map(|input| files.timed(env, input));
    let pairs = a
        .join(b)
        .where_key(|item| item.key)
        .equal_to(|item| item.key)
        .window(Sliding::of_ms(WINDOW_MS, SLIDE_MS));
    let pairs = match join_type(env)? {
        JoinType::Inner => pairs.apply(pair),
        join_type => pairs.apply_outer(join_type, outer),
    };
    files.write(pairs);
    Ok(())
}

/// How many of `a` and `b` are in a window, and the sums of their values: a full outer join, in a way.
pub(super) fn co_group(env: &mut Env, files: &Files) {
    let [a, b] = [0, 1].map(|input| files.timed(env, input));
    let groups = a
        .co_group(b)
        .where_key(|item| item.key)
        .equal_to(|item| item.key)
        .window(Tumbling::of_ms(WINDOW_MS))
        .apply(|key, window, lefts, rights, out| {
            let sum = |items: &[&Item]| items.iter().map(|item| item.value).sum::<i64>();
            let (left, right) = (sum(lefts), sum(rights));
            let (m, n) = (lefts.len(), rights.len());
            out.emit(format!("{key} {} {m} {left} {n} {right}", window.start));
        });
    files.write(groups);
}
