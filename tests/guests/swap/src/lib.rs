//! The job of the components `guest-swap-one`, `-ten` and `-broken`, which differ in nothing but what they do with a
//! price: so each can take the place of another while the job runs.
//!
//! Each bid becomes a line: auction, number of the bid among those of its auction, factor, price times factor.

use wasmill_sdk::prelude::*;

/// A bid of the generator.
#[derive(Record, Clone, Debug, PartialEq)]
struct Bid {
    auction: i64,
    bidder: i64,
    price: i64,
    ts: i64,
}

/// A line of the result.
#[derive(Record, Clone, Debug, PartialEq)]
struct Line {
    auction: i64,
    number: i64,
    factor: i64,
    price: i64,
}

struct Number {
    count: ValueState<i64>,
    factor: i64,
}

impl KeyedProcess for Number {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        assert!(self.factor != 0, "this component is broken");
        let number = self.count.get().unwrap_or(0) + 1;
        self.count.set(number);
        out.emit(Line {
            auction: *ctx.key(),
            number,
            factor: self.factor,
            price: bid.price * self.factor,
        });
        Ok(())
    }
}

/// The job, by the factor of the component; 0 for one that fails on any bid.
///
/// # Errors
/// A parameter is wrong.
pub fn job(env: &mut Env, factor: i64) -> Result<(), JobError> {
    let n: i64 = env.param("n").describe("how many bids").default(1000)?;
    let keys: i64 = env
        .param("keys")
        .describe("how many auctions")
        .default(10)?;
    let rate: i64 = env.param("rate").describe("bids a second").default(0)?;
    let out: String = env
        .param("out")
        .describe("where to write")
        .default(String::new())?;
    let mut source = Generator::bids().count(n).keys(keys);
    if rate > 0 {
        source = source.rate(rate);
    }
    let lines = env
        .source(source)
        .uid("bids")
        .key_by(|bid: &Bid| bid.auction)
        .uid("by-auction")
        .process(move |ctx| Number {
            count: ctx.value_state("count"),
            factor,
        });
    let files = Connector::new("text-files")
        .with("path", out)
        .with("format", "json");
    lines.uid("number").sink(files).uid("out");
    Ok(())
}
