//! A data set that is broadcast and complete before the first bid is checked. The rules are bids, too.
//!
//! Lines, for each bid: 1, sum of the prices of all rules that were there, auction, price; and for each subtask at the
//! end: 2, sum of all rules, 0, 0. With the variant `shared` rules and bids come from one source, which cannot be.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid, Line};

struct Check {
    rules: BroadcastState<i64, i64>,
}

impl Check {
    fn sum(&self) -> Result<i64, Error> {
        let mut sum = 0;
        self.rules.for_each(|_, price| {
            sum += price;
            Ok(())
        })?;
        Ok(sum)
    }
}

impl BroadcastProcess for Check {
    type In = Bid;
    type Broadcast = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        out.emit(Line {
            kind: 1,
            a: self.sum()?,
            b: bid.auction,
            c: bid.price,
        });
        Ok(())
    }

    fn process_broadcast(
        &mut self,
        rule: Bid,
        ctx: &mut BroadcastContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let sum = self.rules.get(&rule.auction)?.unwrap_or(0);
        self.rules.put(ctx, rule.auction, sum + rule.price)
    }

    fn finish(&mut self, _: &mut ProcessContext<'_>, out: &mut Collector<'_, Line>) -> Outcome {
        out.emit(Line {
            kind: 2,
            a: self.sum()?,
            b: 0,
            c: 0,
        });
        Ok(())
    }
}

/// Bids that meet the whole set of rules.
pub(crate) fn job(env: &mut Env, asked: &Asked) {
    let bids = asked.bids(env, "bids");
    let rules = match &*asked.kind {
        "shared" => bids.clone().filter(|bid| bid.price > 0).uid("rules"),
        // The bids, which are held meanwhile, then still have most of their time before them.
        _ => asked.bids_at(env, "rules", asked.rate * 10),
    };
    let lines = bids
        .connect_broadcast(rules.broadcast())
        .complete_first()
        .process(|ctx| Check {
            rules: ctx.broadcast_state("rules"),
        });
    asked.write(lines.uid("check"));
}
