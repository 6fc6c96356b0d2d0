//! State of every kind that expires. Every bid is added to all of them, and tells what they have.
//!
//! With `kind` `read`, reads refresh as well. The map is by bidder modulo 8, so that its entries live for different times.

use wasmill_sdk::prelude::*;

use crate::{Asked, Bid};

/// What is known of an auction after a bid.
#[derive(Record, Clone, Debug, PartialEq)]
struct Known {
    auction: i64,
    ts: i64,
    value: i64,
    list: i64,
    map: i64,
    sum: i64,
    count: i64,
}

struct Remember {
    value: TtlValueState<i64>,
    list: TtlListState<i64>,
    map: TtlMapState<i64, i64>,
    sum: ReducingState<i64>,
    count: AggregatingState<Bid, Count>,
}

impl KeyedProcess for Remember {
    type Key = i64;
    type In = Bid;
    type Out = Known;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Known>,
    ) -> Outcome {
        self.value.modify(0, |value| *value += 1);
        self.list.add(bid.price);
        self.map.put(&(bid.bidder % 8), &bid.price);
        self.sum.add(bid.price);
        self.count.add(&bid);
        out.emit(Known {
            auction: bid.auction,
            ts: bid.ts,
            value: self.value.get().unwrap_or(0),
            list: self.list.get()?.iter().sum(),
            map: self.map.entries()?.iter().map(|(_, price)| price).sum(),
            sum: self.sum.get().unwrap_or(0),
            count: self.count.get().unwrap_or(0),
        });
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Known>,
    ) -> Outcome {
        Err("a timer that nobody has registered".into())
    }
}

/// What is known of every auction after each of its bids.
pub(crate) fn job(env: &mut Env, asked: &Asked) {
    let mut ttl = Ttl::of_ms(asked.ttl);
    if asked.kind == "read" {
        ttl = ttl.refresh_on_read();
    }
    let known = asked
        .ordered(env)
        .key_by(|bid| bid.auction)
        .uid("by-auction")
        .process(move |ctx| {
            let state = Remember {
                value: ctx.ttl(ttl).value_state("value"),
                list: ctx.ttl(ttl).list_state("list"),
                map: ctx.ttl(ttl).map_state("map"),
                sum: ctx.ttl(ttl).reducing_state("sum", |a, b| a + b),
                count: ctx.ttl(ttl).aggregating_state("count", Count),
            };
            ctx.state_version("value", 2);
            state
        });
    asked.write(known.uid("remember"));
}
