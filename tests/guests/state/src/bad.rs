//! Jobs that use state wrongly; all of them are refused before they run, but for the one without a clock.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid, Line};

/// Reads from a map that no broadcast record fills.
struct NoRules {
    _rules: BroadcastState<i64, i64>,
}

impl Process for NoRules {
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        _bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        Ok(())
    }
}

struct Rules;

impl BroadcastProcess for Rules {
    type In = Bid;
    type Broadcast = Bid;
    type Out = Line;

    fn process(
        &mut self,
        _bid: Bid,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        Ok(())
    }

    fn process_broadcast(
        &mut self,
        _rule: Bid,
        _ctx: &mut BroadcastContext<'_>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        Ok(())
    }
}

/// Keeps state for a time.
struct Expiring {
    last: TtlValueState<i64>,
}

impl KeyedProcess for Expiring {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        self.last.set(bid.price);
        Ok(())
    }
}

/// The job of a case.
pub(crate) fn job(env: &mut Env, asked: &Asked, case: &str) -> Result<(), JobError> {
    let bids = asked.bids(env, "bids");
    let ttl = asked.ttl;
    let lines = match case {
        "bad-broadcast-state" => bids.process(|ctx| NoRules {
            _rules: ctx.broadcast_state("rules"),
        }),
        "bad-broadcast" => {
            let rules = asked.bids(env, "rules");
            bids.connect_broadcast(rules).process(|_ctx| Rules)
        }
        // Refused if `ttl` is 0; else there is no event time to expire by.
        "bad-ttl" => bids.key_by(|bid| bid.auction).process(move |ctx| Expiring {
            last: ctx.ttl(Ttl::of_ms(ttl)).value_state("last"),
        }),
        "bad-version" => bids.key_by(|bid| bid.auction).process(|ctx| {
            ctx.state_version("lost", 2);
            Expiring {
                last: ctx.ttl(Ttl::of_ms(1)).value_state("last"),
            }
        }),
        case => return Err(Error::from(format!("there is no case {case}"))),
    };
    asked.write(lines.uid("bad"));
    Ok(())
}
