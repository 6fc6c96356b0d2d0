//! The job of the components `guest-swap-one`, `-ten` and `-broken`, which differ in nothing but what they do with a
//! price: so each can take the place of another while the job runs.
//!
//! Each bid becomes a line: auction, number of the bid among those of its auction, factor, price times factor. Bids are
//! generated, or read from a directory that is watched. One component, `guest-swap-one`, cannot process the bids of an
//! auction that is chosen.

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
    poison: i64,
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
        assert!(
            self.factor != 1 || bid.auction != self.poison,
            "asked to fail at auction {}",
            self.poison
        );
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
    let poison: i64 = env
        .param("poison")
        .describe("the auction that guest-swap-one cannot process")
        .default(-1)?;
    let watched: String = env
        .param("bids")
        .describe("a directory with files of bids, JSON lines; generated if it is empty")
        .default(String::new())?;
    let bids = if watched.is_empty() {
        let mut source = Generator::bids().count(n).keys(keys);
        if rate > 0 {
            source = source.rate(rate);
        }
        env.source::<Bid>(source)
    } else {
        env.source::<Bid>(TextFiles::json_lines::<Bid>(watched).watch_continuously(20))
    };
    let lines = bids
        .uid("bids")
        .key_by(|bid: &Bid| bid.auction)
        .uid("by-auction")
        .process(move |ctx| Number {
            count: ctx.value_state("count"),
            factor,
            poison,
        });
    let files = Connector::new("text-files")
        .with("path", out)
        .with("format", "json");
    lines.uid("number").sink(files).uid("out");
    Ok(())
}
