//! The benchmark jobs: the same questions that other engines are asked, with the same answers.
//!
//! The parameter `job` chooses one of J0 to J8 and L2. Every result ends in a checksum that does not depend on order,
//! so that runs on any engine and any parallelism can be compared. Operators do what a user would write: there is no
//! shortcut that the public SDK does not have.

mod join;
mod records;
mod running_count;
mod words;

use wasmill_sdk::prelude::*;

use crate::join::Join;
use crate::records::{
    Auction, AuctionCount, Bid, BidInEuros, BidderSession, Event, Pair, Person, StampedPair,
};
use crate::running_count::{CountPairs, CountStamped};
use crate::words::{CountWords, each_word};

/// The parameters of a run.
struct Run {
    n: i64,
    keys: i64,
    epm: i64,
    rate: i64,
    window_ms: i64,
    delay_ms: i64,
    out: String,
    port: i64,
}

impl Run {
    /// The generator at the pace that was asked for.
    fn paced(&self, generator: Generator) -> Generator {
        match self.rate {
            0 => generator.count(self.n),
            rate => generator.count(self.n).rate(rate),
        }
    }

    /// Where results go: into a checksum, unless files or a listener are named.
    fn sink(&self) -> Connector {
        match (self.out.as_str(), self.port) {
            ("", 0) => Connector::new("checksum"),
            ("", port) => Connector::new("socket")
                .with("host", "127.0.0.1")
                .with("port", port),
            (out, _) => Connector::new("text-files").with("path", out),
        }
    }
}

#[wasmill_sdk::job]
fn bench(env: &mut Env) -> Result<(), JobError> {
    let job: String = env.param("job").describe("J0 to J8, or L2").default("J2")?;
    let run = Run {
        n: env
            .param("n")
            .describe("how many records to generate")
            .default(1_000_000)?,
        keys: env
            .param("keys")
            .describe("how many different keys")
            .default(1000)?,
        epm: env
            .param("epm")
            .describe("records in a millisecond of event time")
            .default(1)?,
        rate: env
            .param("rate")
            .describe("records a second, 0 for as many as possible")
            .default(if job == "L2" { 50_000 } else { 0 })?,
        window_ms: env
            .param("window")
            .describe("J4: length of a window in milliseconds of event time")
            .default(10_000)?,
        delay_ms: env
            .param("delay")
            .describe("J4: how far the watermark is behind the latest record (milliseconds)")
            .default(100)?,
        out: env
            .param("out")
            .describe("directory to write results to instead of a checksum")
            .default("")?,
        port: env
            .param("port")
            .describe("local port to send results to instead of a checksum")
            .default(0)?,
    };
    let file: String = env
        .param("file")
        .describe("text files for J7")
        .default("words.txt")?;
    let emit: String = env
        .param("emit")
        .describe("J7: `all` updates or `final` counts")
        .default("all")?;
    let cached_keys: i64 = env
        .param("cached-keys")
        .describe("keys whose state an instance keeps between two calls")
        .default(16 * 1024)?;
    env.cached_keys_max(usize::try_from(cached_keys).unwrap_or(0));
    env.name(&format!("bench-{job}"));
    match job.as_str() {
        "J0" => pass_through(env, &run),
        "J1" => map_and_filter(env, &run),
        "J2" | "J3" => running_count(env, &run),
        "J4" => tumbling_count(env, &run),
        "J5" => hot_auctions(env, &run),
        "J6" => join_sellers(env, &run),
        "J7" => count_words(env, &run, file, emit == "all"),
        "J8" => bidder_sessions(env, &run),
        "L2" => latency(env, &run),
        other => {
            return Err(Error::from(format!(
                "there is no job {other}, choose J0 to J8 or L2"
            )));
        }
    }
    Ok(())
}

fn bids(env: &mut Env, run: &Run) -> Stream<Bid> {
    env.source(run.paced(Generator::bids()).keys(run.keys).per_ms(run.epm))
}

fn pass_through(env: &mut Env, run: &Run) {
    bids(env, run).map(|bid| bid).sink(run.sink());
}

fn map_and_filter(env: &mut Env, run: &Run) {
    bids(env, run)
        .map(|bid| BidInEuros {
            auction: bid.auction,
            bidder: bid.bidder,
            price: bid.price as f64 * 0.908,
            ts: bid.ts,
        })
        .filter(|bid| bid.auction % 123 == 0)
        .sink(run.sink());
}

fn running_count(env: &mut Env, run: &Run) {
    env.source::<Pair>(run.paced(Generator::pairs()).keys(run.keys))
        .uid("source")
        .key_by(|pair| pair.key)
        .process(|ctx| CountPairs {
            sum: ctx.value_state("sum"),
        })
        .uid("count")
        .sink(run.sink())
        .uid("sink");
}

fn tumbling_count(env: &mut Env, run: &Run) {
    bids(env, run)
        .assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(run.delay_ms))
        .key_by(|bid| bid.auction)
        .window(Tumbling::of_ms(run.window_ms))
        .aggregate_with(Count, auction_count)
        .sink(run.sink());
}

fn hot_auctions(env: &mut Env, run: &Run) {
    timed_bids(env, run)
        .key_by(|bid| bid.auction)
        .window(Sliding::of_secs(10, 2))
        .aggregate_with(Count, auction_count)
        // Exactly one sliding window ends in each window of two seconds.
        .key_by(|_| 0i64)
        .window(Tumbling::of_secs(2))
        .reduce(|a, b| {
            if (b.count, -b.auction) > (a.count, -a.auction) {
                b
            } else {
                a
            }
        })
        .parallelism(1)
        .sink(run.sink())
        .parallelism(1);
}

fn timed_bids(env: &mut Env, run: &Run) -> Stream<Bid> {
    bids(env, run).assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(100))
}

fn auction_count(auction: &i64, window: Window, count: i64, out: &mut Collector<'_, AuctionCount>) {
    out.emit(AuctionCount {
        window_start: window.start,
        auction: *auction,
        count,
    });
}

fn bidder_sessions(env: &mut Env, run: &Run) {
    timed_bids(env, run)
        .key_by(|bid| bid.bidder)
        .window(Session::with_gap_secs(5))
        .aggregate_with(Count, |bidder: &i64, window, count, out| {
            out.emit(BidderSession {
                window_start: window.start,
                bidder: *bidder,
                count,
            });
        })
        .sink(run.sink());
}

fn join_sellers(env: &mut Env, run: &Run) {
    let events = env
        .source::<Event>(run.paced(Generator::events()).per_ms(run.epm))
        .assign_timestamps(|event| event.ts, Watermarks::bounded_ms(100));
    let persons = events.clone().flat_map(|event: Event, out| {
        if event.kind == 0 {
            out.emit(Person {
                id: event.id,
                ts: event.ts,
                name: event.name,
                city: event.city,
                state: event.state,
            });
        }
    });
    let auctions = events.flat_map(|event: Event, out| {
        if event.kind == 1 {
            out.emit(Auction {
                id: event.id,
                seller: event.seller,
                category: event.category,
                price: event.price,
                ts: event.ts,
            });
        }
    });
    persons
        .key_by(|person| person.id)
        .connect(auctions.key_by(|auction| auction.seller))
        .process(|ctx| Join {
            person: ctx.value_state("person"),
            auctions: ctx.map_state("auctions"),
        })
        .sink(run.sink());
}

fn count_words(env: &mut Env, run: &Run, file: String, emit_all: bool) {
    env.source::<String>(TextFiles::new(file))
        .flat_map(|line, out| each_word(line, |word| out.emit(word)))
        .key_by(Text::clone)
        .process(move |ctx| CountWords {
            count: ctx.value_state("count"),
            emit_all,
        })
        .sink(run.sink());
}

fn latency(env: &mut Env, run: &Run) {
    env.source::<StampedPair>(run.paced(Generator::latency()).keys(run.keys))
        .key_by(|pair| pair.key)
        .process(|ctx| CountStamped {
            sum: ctx.value_state("sum"),
        })
        .sink(Latency::of("stamp_ns"));
}

#[cfg(test)]
mod tests;
