//! A job that changes from version to version, as a user's does: the parameter `version` chooses which of its releases
//! this is, otherwise the component `guest-evolving-one` or `-two` does. Every release counts and sums the bids of each auction and writes lines at the end.
//!
//! Version 1 is the first. Version 2 has changed the record of its state in every way that can be migrated. Version 3 has
//! lost its second operator and declares a state that nobody had. Version 4 has changed a field to what it cannot be.
//! Version 5 is version 1 with a mistake in it: it fails on any bid.

mod first;
mod second;

use wasmill_sdk::prelude::*;

/// A bid of the generator.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

/// A line of a result.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// Which operator and release tells it.
    pub(crate) kind: i64,
    pub(crate) auction: i64,
    pub(crate) count: i64,
    pub(crate) sum: i64,
}

/// Bids of each price below 10, to have another operator with state.
struct Cheap {
    seen: MapState<i64, i64>,
}

impl KeyedProcess for Cheap {
    type Key = i64;
    type In = Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let digit = bid.price % 10;
        let seen = self.seen.get(&digit)?.unwrap_or(0);
        self.seen.put(&digit, &(seen + 1));
        Ok(())
    }
}

/// The job, in the release that the parameter `version` names.
///
/// # Errors
/// A parameter is wrong.
pub fn job(env: &mut Env, version: i64) -> Result<(), JobError> {
    let version: i64 = env
        .param("version")
        .describe("which release")
        .default(version)?;
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
    let bids = env.source(source).uid("bids");
    let keyed = bids.key_by(|bid: &Bid| bid.auction).uid("by-auction");
    if version != 3 {
        let cheap = keyed.clone().process(|ctx| Cheap {
            seen: ctx.map_state("seen"),
        });
        cheap
            .uid("cheap")
            .sink(Connector::new("blackhole"))
            .uid("nowhere");
    }
    let lines = match version {
        2 => second::lines(keyed),
        other => first::lines(keyed, other),
    };
    let files = Connector::new("text-files")
        .with("path", out)
        .with("format", "json");
    lines.uid("totals").sink(files).uid("out");
    Ok(())
}
