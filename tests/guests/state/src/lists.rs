//! Operator lists. `kind` is `split`: every bid is an element; or `union`: every subtask counts its bids in an element.
//!
//! Lines: 1, parallelism, subtask, elements found by the first bid; 2, price (`split`) or bids counted (`union`) for
//! each element at the end.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid, Line};

/// Keeps the price of every bid.
struct Keep {
    prices: OperatorListState<i64>,
    fault: i64,
    place: (i64, i64),
    is_fresh: bool,
}

impl Process for Keep {
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        if std::mem::take(&mut self.is_fresh) {
            let found = self.prices.with(<[i64]>::len)? as i64;
            out.emit(Line {
                kind: 1,
                a: self.place.0,
                b: self.place.1,
                c: found,
            });
        }
        self.prices.add(bid.price);
        assert!(
            bid.price != self.fault,
            "asked to fail at price {}",
            bid.price
        );
        Ok(())
    }

    fn finish(&mut self, _: &mut ProcessContext<'_>, out: &mut Collector<'_, Line>) -> Outcome {
        for price in self.prices.get()? {
            out.emit(Line {
                kind: 2,
                a: price,
                b: 0,
                c: 0,
            });
        }
        Ok(())
    }
}

/// Counts bids in one element of its own. After a restore, every subtask takes over the elements of some old ones.
struct Count {
    counts: OperatorListState<(i64, i64)>,
    place: (i64, i64),
    is_fresh: bool,
}

impl Process for Count {
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        _bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let (parallelism, me) = self.place;
        let mut count = 0;
        let elements = self.counts.get()?;
        for (subtask, counted) in &elements {
            if subtask % parallelism == me {
                count += counted;
            }
        }
        if std::mem::take(&mut self.is_fresh) {
            out.emit(Line {
                kind: 1,
                a: parallelism,
                b: me,
                c: elements.len() as i64,
            });
        }
        self.counts.update([(me, count + 1)]);
        Ok(())
    }

    fn finish(&mut self, _: &mut ProcessContext<'_>, out: &mut Collector<'_, Line>) -> Outcome {
        for (_, counted) in self.counts.get()? {
            out.emit(Line {
                kind: 2,
                a: counted,
                b: 0,
                c: 0,
            });
        }
        Ok(())
    }
}

/// One of both.
pub(crate) fn job(env: &mut Env, asked: &Asked) {
    let bids = asked.bids(env, "bids");
    let place = |ctx: &OpenContext<'_>| {
        let place = ctx.place();
        (i64::from(place.parallelism), i64::from(place.subtask))
    };
    let fault = asked.fault;
    let lines = if asked.kind == "union" {
        bids.process(move |ctx| Count {
            counts: ctx.operator_union_state("elements"),
            place: place(ctx),
            is_fresh: true,
        })
    } else {
        bids.process(move |ctx| Keep {
            prices: ctx.operator_list_state("elements"),
            fault,
            place: place(ctx),
            is_fresh: true,
        })
    };
    asked.write(lines.uid("keep"));
}
