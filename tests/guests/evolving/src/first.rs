//! The totals as the first release keeps them.

use wasmill_sdk::prelude::*;

use crate::{Bid, Line};

/// What is kept for an auction.
#[derive(Record, Clone, Debug, Default, PartialEq)]
struct Total {
    count: i32,
    amount: i64,
    /// Of no use; the second release leaves it out.
    last_bidder: i64,
    label: String,
}

struct Totals {
    total: ValueState<Total>,
    prices: ListState<i64>,
    version: i64,
}

impl KeyedProcess for Totals {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        assert!(self.version != 5, "this release is broken");
        let mut total = self.total.get().unwrap_or_default();
        total.count += 1;
        total.amount += bid.price;
        total.last_bidder = bid.bidder;
        total.label = format!("auction {}", ctx.key());
        self.total.set(total);
        if bid.price % 100 == 0 {
            self.prices.add(bid.price);
        }
        ctx.register_event_timer(i64::MAX);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let total = self.total.get().unwrap_or_default();
        out.emit(Line {
            kind: 1,
            auction: *ctx.key(),
            count: i64::from(total.count),
            sum: total.amount,
        });
        Ok(())
    }
}

/// What is kept for an auction by a release that cannot read the others.
struct Unreadable {
    total: ValueState<String>,
}

impl KeyedProcess for Unreadable {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        self.total.set(bid.price.to_string());
        Ok(())
    }
}

/// The lines of the releases that keep totals as the first.
pub(crate) fn lines(bids: KeyedStream<i64, Bid>, version: i64) -> Stream<Line> {
    if version == 4 {
        return bids.process(|ctx| Unreadable {
            total: ctx.value_state("total"),
        });
    }
    bids.process(move |ctx| Totals {
        total: ctx.value_state("total"),
        prices: ctx.list_state(if version == 3 { "new-prices" } else { "prices" }),
        version,
    })
}
