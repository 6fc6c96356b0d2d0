//! List, reducing and aggregating state by key. Lines: 1, auction, largest price, mean price; 2, auction, prices in the
//! list, their sum; at the end.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid, Line};

/// The mean of prices, rounded down.
struct Mean;

impl Aggregate<Bid> for Mean {
    type Acc = (i64, i64);
    type Out = i64;

    fn create(&self) -> (i64, i64) {
        (0, 0)
    }

    fn add(&self, acc: &mut (i64, i64), bid: &Bid) {
        *acc = (acc.0 + bid.price, acc.1 + 1);
    }

    fn merge(&self, acc: &mut (i64, i64), later: &(i64, i64)) {
        *acc = (acc.0 + later.0, acc.1 + later.1);
    }

    fn result(&self, acc: &(i64, i64)) -> i64 {
        acc.0 / acc.1.max(1)
    }
}

struct Fold {
    largest: ReducingState<i64>,
    mean: AggregatingState<Bid, Mean>,
    prices: ListState<i64>,
}

impl KeyedProcess for Fold {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        self.largest.add(bid.price);
        self.mean.add(&bid);
        self.prices.add(bid.price);
        ctx.register_event_timer(i64::MAX);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let a = *ctx.key();
        let (largest, mean) = (self.largest.get(), self.mean.get());
        out.emit(Line {
            kind: 1,
            a,
            b: largest.unwrap_or(-1),
            c: mean.unwrap_or(-1),
        });
        let prices = self.prices.get()?;
        out.emit(Line {
            kind: 2,
            a,
            b: prices.len() as i64,
            c: prices.iter().sum(),
        });
        self.largest.clear();
        self.mean.clear();
        self.prices.clear();
        let is_empty = self.largest.get().is_none() && self.mean.get().is_none();
        if is_empty && self.prices.get()?.is_empty() {
            return Ok(());
        }
        Err("state is there after it was cleared".into())
    }
}

/// What is known of every auction at the end.
pub(crate) fn job(env: &mut Env, asked: &Asked) {
    let lines = asked
        .bids(env, "bids")
        .key_by(|bid| bid.auction)
        .uid("by-auction")
        .process(|ctx| Fold {
            largest: ctx.reducing_state("largest", i64::max),
            mean: ctx.aggregating_state("mean", Mean),
            prices: ctx.list_state("prices"),
        });
    asked.write(lines.uid("fold"));
}
