//! Broadcast state. The rules are bids, too: each adds its price to the entry of its auction, on every subtask.
//!
//! Lines of the unkeyed job, for each subtask at the end: 1, subtask, auction, sum of prices; and 2, subtask, bids seen.
//! Lines of the keyed job, for each auction: 1, auction, bids seen, sum of all rules.

use wasmill_sdk::prelude::*;

use crate::slow::burn;
use crate::{Asked, Bid, Line};

/// Adds a rule to its entry.
fn add(
    rules: &BroadcastState<i64, i64>,
    ctx: &BroadcastContext<'_>,
    rule: &Bid,
) -> Result<(), Error> {
    let sum = rules.get(&rule.auction)?.unwrap_or(0);
    // An entry that comes and goes leaves no trace.
    rules.put(ctx, -1, rule.price)?;
    rules.remove(ctx, &-1)?;
    rules.put(ctx, rule.auction, sum + rule.price)
}

struct Check {
    rules: BroadcastState<i64, i64>,
    seen: OperatorListState<i64>,
    subtask: i64,
}

impl BroadcastProcess for Check {
    type In = Bid;
    type Broadcast = Bid;
    type Out = Line;

    fn process(
        &mut self,
        _bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let seen: i64 = self.seen.with(|seen| seen.iter().sum())?;
        self.seen.update([seen + 1]);
        self.rules
            .get(&-1)?
            .map_or(Ok(()), |_| Err("a removed rule is there".into()))
    }

    fn process_broadcast(
        &mut self,
        rule: Bid,
        ctx: &mut BroadcastContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        add(&self.rules, ctx, &rule)
    }

    fn finish(&mut self, _: &mut ProcessContext<'_>, out: &mut Collector<'_, Line>) -> Outcome {
        let subtask = self.subtask;
        for (auction, sum) in self.rules.entries()? {
            out.emit(Line {
                kind: 1,
                a: subtask,
                b: auction,
                c: sum,
            });
        }
        let seen = self.seen.get()?.iter().sum();
        out.emit(Line {
            kind: 2,
            a: seen,
            b: 0,
            c: 0,
        });
        Ok(())
    }
}

/// Rules without keys.
pub(crate) fn unkeyed(env: &mut Env, asked: &Asked) {
    let rules = asked.bids(env, "rules").broadcast();
    let lines = asked
        .bids(env, "checked")
        .connect_broadcast(rules)
        .process(|ctx| Check {
            rules: ctx.broadcast_state("rules"),
            seen: ctx.operator_list_state("seen"),
            subtask: i64::from(ctx.place().subtask),
        });
    asked.write(lines.uid("check"));
}

struct KeyedCheck {
    rules: BroadcastState<i64, i64>,
    seen: ValueState<i64>,
    marks: MapState<i64, i64>,
    list: ListState<i64>,
    work: i64,
}

impl KeyedBroadcastProcess for KeyedCheck {
    type Key = i64;
    type In = Bid;
    type Broadcast = Bid;
    type Out = Line;

    fn process(
        &mut self,
        _bid: Bid,
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        burn(self.work);
        self.seen.modify(0, |seen| *seen += 1);
        ctx.register_event_timer(i64::MAX);
        Ok(())
    }

    fn process_broadcast(
        &mut self,
        rule: Bid,
        ctx: &mut BroadcastContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        burn(self.work);
        // There is no key: keyed state is empty and stays as it is.
        assert!(self.seen.get().is_none(), "a key without a key");
        self.seen.set(-1_000_000);
        self.marks.put(&0, &1);
        self.list.add(1);
        add(&self.rules, ctx, &rule)
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let marks = self.marks.entries()?.len() + self.list.get()?.len();
        let sum = self.rules.entries()?.iter().map(|(_, sum)| sum).sum();
        let seen = self.seen.get().unwrap_or(0) - marks as i64;
        out.emit(Line {
            kind: 1,
            a: *ctx.key(),
            b: seen,
            c: sum,
        });
        Ok(())
    }
}

/// Rules for keyed bids.
pub(crate) fn keyed(env: &mut Env, asked: &Asked) -> Result<(), JobError> {
    let work: i64 = env
        .param("work")
        .describe("rounds that each record costs")
        .default(0)?;
    let rules = asked.bids(env, "rules").broadcast();
    let lines = asked
        .bids(env, "bids")
        .key_by(|bid| bid.auction)
        .uid("by-auction")
        .connect_broadcast(rules)
        .process(move |ctx| KeyedCheck {
            rules: ctx.broadcast_state("rules"),
            seen: ctx.value_state("seen"),
            marks: ctx.map_state("marks"),
            list: ctx.list_state("list"),
            work,
        });
    asked.write(lines.uid("check"));
    Ok(())
}
