//! The totals as the second release keeps them: a count that has grown to 64 bits, an amount with another name, a field
//! less and a field more, and prices as floating-point numbers.

use wasmill_sdk::prelude::*;

use crate::{Bid, Line};

/// What is kept for an auction.
#[derive(Record, Clone, Debug, Default, PartialEq)]
struct Total {
    label: String,
    count: i64,
    #[record(alias = "amount")]
    sum: i64,
    #[record(default = 7)]
    weight: i64,
    #[record(default = null)]
    note: Option<String>,
}

struct Totals {
    total: ValueState<Total>,
    prices: ListState<f64>,
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
        let mut total = self.total.get().unwrap_or(Total {
            weight: 7,
            label: format!("auction {}", ctx.key()),
            ..Total::default()
        });
        assert!(
            total.label == format!("auction {}", ctx.key()),
            "another's label"
        );
        assert!(total.weight == 7 && total.note.is_none(), "no defaults");
        total.count += 1;
        total.sum += bid.price;
        self.total.set(total);
        if bid.price % 100 == 0 {
            self.prices.add(bid.price as f64);
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
        let hundreds: f64 = self.prices.get()?.iter().map(|price| price % 100.0).sum();
        assert!(hundreds.abs() < 1e-9, "a price that is no hundred");
        out.emit(Line {
            kind: 1,
            auction: *ctx.key(),
            count: total.count,
            sum: total.sum,
        });
        Ok(())
    }
}

/// The lines of the second release.
pub(crate) fn lines(bids: KeyedStream<i64, Bid>) -> Stream<Line> {
    bids.process(|ctx| Totals {
        total: ctx.value_state("total"),
        prices: ctx.list_state("prices"),
    })
}
