//! State of every kind that belongs to no key, expires, or is folded: the parameter `case` chooses the job.
//!
//! All jobs read generated bids and write lines of numbers below `out`, or print them if it is empty. What must come out
//! follows from the bids alone, at any parallelism, and with kills in between.

mod bad;
mod data_set;
mod expiring;
mod folded;
mod large;
mod lists;
mod rules;
mod slow;

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
    /// What it tells.
    pub(crate) kind: i64,
    pub(crate) a: i64,
    pub(crate) b: i64,
    pub(crate) c: i64,
}

/// What a run was asked for.
pub(crate) struct Asked {
    case: String,
    n: i64,
    keys: i64,
    pub(crate) rate: i64,
    out: String,
    pub(crate) kind: String,
    pub(crate) fault: i64,
    pub(crate) ttl: i64,
}

impl Asked {
    fn of(env: &mut Env) -> Result<Self, JobError> {
        let mut number = |name: &str, what: &str, default: i64| -> Result<i64, JobError> {
            env.param(name).describe(what).default(default)
        };
        let n = number("n", "how many bids", 1000)?;
        let keys = number("keys", "how many auctions", 10)?;
        let rate = number("rate", "bids a second, 0 for all at once", 0)?;
        let fault = number("fault", "price of the bid that fails, if above 0", 0)?;
        let ttl = number("ttl", "how long state lives (milliseconds)", 50)?;
        Ok(Self {
            case: env.param("case").describe("which job").default("all")?,
            n,
            keys,
            rate,
            out: env.param("out").describe("where to write").default("")?,
            kind: env.param("kind").describe("variant").default("split")?,
            fault,
            ttl,
        })
    }

    /// The bids.
    pub(crate) fn bids(&self, env: &mut Env, uid: &str) -> Stream<Bid> {
        self.bids_at(env, uid, self.rate)
    }

    /// The bids, so many a second.
    pub(crate) fn bids_at(&self, env: &mut Env, uid: &str, rate: i64) -> Stream<Bid> {
        let mut source = Generator::bids().count(self.n).keys(self.keys);
        if rate > 0 {
            source = source.rate(rate);
        }
        env.source(source).uid(uid)
    }

    /// The bids as one subtask reads them, so that those of a key come in one order.
    pub(crate) fn ordered(&self, env: &mut Env) -> Stream<Bid> {
        self.bids(env, "bids")
            .parallelism(1)
            .assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(101))
            .parallelism(1)
            .uid("in-order")
    }

    pub(crate) fn write<T: Row>(&self, stream: Stream<T>) {
        if self.out.is_empty() {
            stream.sink(Print::new());
        } else if self.out == "checksum" {
            stream.sink(Connector::new("checksum")).uid("out");
        } else {
            let files = Connector::new("text-files")
                .with("path", self.out.clone())
                .with("format", "json");
            stream.sink(files).uid("out");
        }
    }
}

#[wasmill_sdk::job]
fn states(env: &mut Env) -> Result<(), JobError> {
    let asked = Asked::of(env)?;
    match &*asked.case {
        // To be shown: states of every kind.
        "all" => {
            expiring::job(env, &asked);
            rules::unkeyed(env, &asked);
        }
        "lists" => lists::job(env, &asked),
        "rules" => rules::unkeyed(env, &asked),
        "keyed-rules" => return rules::keyed(env, &asked),
        "data-set" => data_set::job(env, &asked),
        "expiring" => expiring::job(env, &asked),
        "folded" => folded::job(env, &asked),
        "large" => large::job(env, &asked),
        "slow" => return slow::job(env, &asked),
        case => return bad::job(env, &asked, case),
    }
    Ok(())
}
