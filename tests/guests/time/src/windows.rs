//! Windows: with late records, at any speed, and beside another source that is silent or ends.

use wasmill_sdk::prelude::*;

use crate::records::{Bid, bids, events, number, write};

/// A window of a key.
#[derive(Record, Clone, Debug, PartialEq)]
struct Counted {
    key: i64,
    start: i64,
    count: i64,
}

fn count(env: &mut Env, stream: Stream<(i64, i64)>) -> Result<Stream<Counted>, JobError> {
    let (size, slide) = (number(env, "size", 1000)?, number(env, "slide", 1000)?);
    let counted = stream
        .key_by(|(key, _)| *key)
        .uid("by-key")
        .window(Sliding::of_ms(size, slide))
        .aggregate_with(Count, |key: &i64, window: Window, count, out| {
            out.emit(Counted {
                key: *key,
                start: window.start,
                count,
            });
        })
        .uid("window");
    Ok(counted)
}

/// Counts generated bids.
pub(crate) fn job(env: &mut Env) -> Result<(), JobError> {
    let (n, rate) = (number(env, "n", 1000)?, number(env, "rate", 0)?);
    let bound = number(env, "bound", 100)?;
    let bids = bids(env, n, rate)?
        .uid("bids")
        .assign_timestamps(|bid: &Bid| bid.ts, Watermarks::bounded_ms(bound))
        .uid("assigner")
        .map(|bid| (bid.auction, bid.ts));
    let counted = count(env, bids)?;
    write(env, counted)
}

/// A window of the clock.
#[derive(Record, Clone, Debug, PartialEq)]
struct Clocked {
    start: i64,
    count: i64,
    /// How long after its end it gave its result (milliseconds).
    after_ms: i64,
}

/// Tells when a result came.
struct Tell;

impl Process for Tell {
    type In = Clocked;
    type Out = Clocked;

    fn process(
        &mut self,
        clocked: Clocked,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Clocked>,
    ) -> Outcome {
        let after_ms = ctx.processing_time() - clocked.after_ms;
        out.emit(Clocked {
            after_ms,
            ..clocked
        });
        Ok(())
    }
}

/// Counts bids by windows of the operator's clock.
pub(crate) fn by_clock(env: &mut Env) -> Result<(), JobError> {
    let (n, rate) = (number(env, "n", 1000)?, number(env, "rate", 1000)?);
    let size = number(env, "size", 100)?;
    let told = bids(env, n, rate)?
        .key_by(|bid| bid.auction)
        .window(Tumbling::of_ms(size).processing_time())
        .aggregate_with(Count, |_, window: Window, count, out| {
            out.emit(Clocked {
                start: window.start,
                count,
                after_ms: window.end,
            });
        })
        .process(|_| Tell);
    write(env, told)
}

/// Counts endless bids beside a source that has one record and is silent then, or beside one that ends.
pub(crate) fn beside_another(env: &mut Env) -> Result<(), JobError> {
    let idle = number(env, "idle", 0)?;
    let mut quiet = Watermarks::bounded_ms(100);
    if idle > 0 {
        quiet = quiet.idle_after_ms(idle);
    }
    let busy = bids(env, 1 << 40, 5000)?
        .assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(100))
        .map(|bid| (bid.auction, bid.ts));
    let other: String = env
        .param("other")
        .describe("silent or short")
        .default("silent")?;
    let other = if other == "silent" {
        // The first record comes at once, the second after a quarter of an hour.
        let silent = Connector::new("generator")
            .with("data", "bids")
            .with("rate", 0.001);
        env.source::<Bid>(silent)
            .assign_timestamps(|bid| bid.ts, quiet)
            .map(|bid| (bid.auction, bid.ts))
    } else {
        let quiet = Watermarks::bounded_ms(0);
        events(env, "events")?
            .assign_timestamps(|event| event.ts, quiet)
            .map(|event| (event.key, event.ts))
    };
    let counted = count(env, busy.union(&other))?;
    write(env, counted)
}
