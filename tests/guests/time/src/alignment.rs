//! A fast and a slow source that are aligned, and an operator that measures how far the fast one runs ahead.

use wasmill_sdk::prelude::*;

use crate::records::{Bid, bids, number, write};

/// Measures, by the records themselves, how far the first source is ahead of the second.
#[derive(Default)]
struct Drift {
    slow: Option<i64>,
    fast: i64,
    records: i64,
    most: i64,
}

/// What was measured.
#[derive(Record, Clone, Debug, PartialEq)]
struct Measured {
    records: i64,
    most_ms: i64,
}

impl Process for Drift {
    type In = (bool, i64);
    type Out = Measured;

    fn process(
        &mut self,
        (is_fast, ts): (bool, i64),
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Measured>,
    ) -> Outcome {
        self.records += 1;
        if is_fast {
            self.fast = ts.max(self.fast);
        } else {
            self.slow = Some(ts.max(self.slow.unwrap_or(ts)));
            // While the slow one has not ended.
            self.most = self.most.max(self.fast - ts);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Measured>,
    ) -> Outcome {
        out.emit(Measured {
            records: self.records,
            most_ms: self.most,
        });
        Ok(())
    }
}

fn aligned(drift: i64) -> Watermarks<Bid> {
    let watermarks = Watermarks::bounded_ms(100);
    if drift < 0 {
        watermarks
    } else {
        watermarks.aligned("sources", drift)
    }
}

/// Measures the drift of two aligned sources.
pub(crate) fn job(env: &mut Env) -> Result<(), JobError> {
    let drift = number(env, "drift", -1)?;
    let (fast, slow) = (number(env, "fast", 100_000)?, number(env, "slow", 10_000)?);
    let rate = number(env, "rate", 10_000)?;
    let fast = bids(env, fast, 0)?
        .assign_timestamps(|bid| bid.ts, aligned(drift))
        .map(|bid| (true, bid.ts));
    let slow = bids(env, slow, rate)?
        .assign_timestamps(|bid| bid.ts, aligned(drift))
        .map(|bid| (false, bid.ts));
    let measured = fast
        .union(&slow)
        .parallelism(1)
        .process(|_| Drift::default())
        .parallelism(1);
    write(env, measured)
}

/// Aligns where there is no source to pause.
pub(crate) fn behind_a_shuffle(env: &mut Env) -> Result<(), JobError> {
    let stream = bids(env, 10, 0)?
        .rebalance()
        .map(|bid| bid)
        .assign_timestamps(|bid| bid.ts, aligned(1000))
        .uid("too-late");
    write(env, stream)
}
