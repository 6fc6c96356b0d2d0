//! Ingestion time: stamped once, kept through two shuffles and two windows.

use wasmill_sdk::prelude::*;

use crate::records::{bids, events, number, write};

/// A record that remembers its stamp.
#[derive(Record, Clone, Debug, PartialEq)]
struct Stamped {
    key: i64,
    stamp: i64,
}

/// Writes the timestamp into the record.
struct Remember;

impl KeyedProcess for Remember {
    type Key = i64;
    type In = i64;
    type Out = Stamped;

    fn process(
        &mut self,
        key: i64,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Stamped>,
    ) -> Outcome {
        let stamp = ctx.timestamp().unwrap_or(-1);
        out.emit(Stamped { key, stamp });
        Ok(())
    }
}

/// A window of records by the stamps they remember.
#[derive(Record, Clone, Debug, PartialEq)]
struct Counted {
    start: i64,
    count: i64,
    /// Records whose stamp is not in the window.
    changed: i64,
    /// How long after its end the window fired, by the clock (milliseconds).
    after_ms: i64,
}

/// Tells when a result came.
struct Clocked;

impl Process for Clocked {
    type In = Counted;
    type Out = Counted;

    fn process(
        &mut self,
        counted: Counted,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Counted>,
    ) -> Outcome {
        let after_ms = ctx.processing_time() - counted.after_ms;
        out.emit(Counted {
            after_ms,
            ..counted
        });
        Ok(())
    }
}

/// Count and extremes of the remembered stamps.
struct Stamps;

impl Aggregate<Stamped> for Stamps {
    type Acc = (i64, i64, i64);
    type Out = (i64, i64, i64);

    fn create(&self) -> Self::Acc {
        (0, i64::MAX, i64::MIN)
    }

    fn add(&self, acc: &mut Self::Acc, record: &Stamped) {
        let (count, least, most) = *acc;
        *acc = (count + 1, least.min(record.stamp), most.max(record.stamp));
    }

    fn merge(&self, acc: &mut Self::Acc, later: &Self::Acc) {
        *acc = (acc.0 + later.0, acc.1.min(later.1), acc.2.max(later.2));
    }

    fn result(&self, acc: &Self::Acc) -> Self::Out {
        *acc
    }
}

/// Counts by windows of the clock at the source.
pub(crate) fn job(env: &mut Env) -> Result<(), JobError> {
    let (n, rate) = (number(env, "n", 1000)?, number(env, "rate", 1000)?);
    let counted = bids(env, n, rate)?
        .assign_watermarks(Watermarks::ingestion())
        .map(|bid| bid.auction)
        .key_by(|auction| *auction)
        .process(|_| Remember)
        .key_by(|stamped: &Stamped| stamped.key)
        .window(Tumbling::of_ms(50))
        .aggregate_with(Stamps, |_, window: Window, (count, least, most), out| {
            let inside = window.start <= least && most < window.end;
            out.emit(Counted {
                start: window.start,
                count,
                changed: i64::from(!inside),
                after_ms: window.end,
            });
        })
        .uid("window")
        .process(|_| Clocked);
    write(env, counted)
}

/// Asks for ingestion time and gives timestamps.
pub(crate) fn of_timestamps(env: &mut Env) -> Result<(), JobError> {
    let stream = events(env, "events")?
        .assign_timestamps(|event| event.ts, Watermarks::ingestion())
        .uid("assigner");
    write(env, stream)
}
