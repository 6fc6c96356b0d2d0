//! A chain that is slower than the ones in front of it, so that everything before it waits. Lines: 1, auction, number of
//! its bid, for every bid; 2, auction, end of a window, bids in it.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid, Line};

/// Numbers the bids of an auction.
struct Number {
    count: ValueState<i64>,
}

impl KeyedProcess for Number {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let b = self.count.modify(0, |count| {
            *count += 1;
            *count
        });
        out.emit(Line {
            kind: 1,
            a: bid.auction,
            b,
            c: 0,
        });
        Ok(())
    }
}

/// Does so much for nothing.
pub(crate) fn burn(work: i64) {
    let mut number = work;
    for round in 0..work {
        number = std::hint::black_box(number.rotate_left(7) ^ round);
    }
    std::hint::black_box(number);
}

pub(crate) fn job(env: &mut Env, asked: &Asked) -> Result<(), JobError> {
    let work: i64 = env
        .param("work")
        .describe("rounds that each line costs")
        .default(0)?;
    let bids = asked
        .bids(env, "bids")
        .assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(101))
        .uid("stamped");
    let windows = bids
        .clone()
        .key_by(|bid| bid.auction)
        .window(Tumbling::of_ms(200))
        .aggregate_with(Count, |auction: &i64, window: Window, count, out| {
            out.emit(Line {
                kind: 2,
                a: *auction,
                b: window.end,
                c: count,
            });
        })
        .uid("windows");
    let lines = bids
        .key_by(|bid| bid.auction)
        .process(|ctx| Number {
            count: ctx.value_state("count"),
        })
        .uid("number")
        .union(&windows)
        .rebalance()
        .map(move |line| {
            burn(work);
            line
        })
        .uid("slow");
    asked.write(lines);
    Ok(())
}
