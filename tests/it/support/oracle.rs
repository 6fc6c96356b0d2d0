//! What the benchmark jobs answer: the data contract and each job once more, on one thread, as naively as possible.
//!
//! Shares no code with the engine or the plugins. Keeps: the same records as the printed figures of the contract (the
//! tests in `figures` see to that). Knows no watermarks: in the contract's data no record is late.

use std::collections::BTreeMap;

/// Event time of event 0, without jitter (milliseconds).
const EPOCH_MS: u64 = 1_600_000_000_000;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const FIRST: [&str; 8] = [
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie",
];
const LAST: [&str; 8] = [
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones",
];
const CITY: [&str; 8] = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
];
const STATE: [&str; 8] = ["AZ", "CA", "CA", "ID", "OR", "OR", "WA", "WA"];

/// A field of an output record.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    /// A whole number.
    Long(u64),
    /// A fraction.
    Double(f64),
    /// A text.
    Text(&'a str),
}

use Field::{Double, Long, Text};

/// Which job over which data.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    /// `J0` to `J6`, `J7-final`, `J7-all` or `J8`.
    pub(crate) job: &'a str,
    /// Events.
    pub(crate) n: u64,
    /// Different keys.
    pub(crate) keys: u64,
    /// Events a millisecond.
    pub(crate) epm: u64,
    /// What J7 reads.
    pub(crate) text: &'a str,
}

/// The finalizer of splitmix64.
pub(crate) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The contract's random number `n` of a stream.
pub(crate) fn random(n: u64, seed: u64) -> u64 {
    mix(n.wrapping_mul(GOLDEN).wrapping_add(seed))
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The hash of a record.
pub(crate) fn hash(record: &[Field<'_>]) -> u64 {
    record.iter().fold(0, |hash, field| {
        let bits = match field {
            Long(value) => *value,
            Double(value) => value.to_bits(),
            Text(text) => fnv(text),
        };
        mix((hash ^ bits).wrapping_add(GOLDEN))
    })
}

/// Event n: what a bid has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bid {
    pub(crate) auction: u64,
    pub(crate) bidder: u64,
    pub(crate) price: u64,
    pub(crate) ts: u64,
}

impl Question<'_> {
    /// The contract's bid number `n`.
    pub(crate) fn bid(&self, n: u64) -> Bid {
        let (r1, r2) = (random(n, 1), random(n, 2));
        Bid {
            auction: (r1 >> 1) % self.keys,
            bidder: (r2 & 0xFF_FFFF) % 100_000,
            price: 1 + (r2 >> 44),
            ts: EPOCH_MS + n / self.epm - ((r2 >> 24) & 0xFFFF) % 101,
        }
    }

    /// Calls `out` with every record of the answer, in some order.
    pub(crate) fn answer(&self, out: &mut impl FnMut(&[Field<'_>])) {
        match self.job {
            "J0" => self.every_bid(out),
            "J1" => self.euros(out),
            "J2" => self.running_counts(out),
            "J4" => self.window_counts(out),
            "J5" => self.largest_of_windows(out),
            "J6" => self.joined(out),
            "J8" => self.sessions(out),
            "J7-final" => self.words(false, out),
            "J7-all" => self.words(true, out),
            other => panic!("the oracle does not know job {other}"),
        }
    }

    fn every_bid(&self, out: &mut impl FnMut(&[Field<'_>])) {
        for n in 0..self.n {
            let bid = self.bid(n);
            out(&[
                Long(bid.auction),
                Long(bid.bidder),
                Long(bid.price),
                Long(bid.ts),
            ]);
        }
    }

    fn euros(&self, out: &mut impl FnMut(&[Field<'_>])) {
        for n in 0..self.n {
            let bid = self.bid(n);
            if bid.auction.is_multiple_of(123) {
                let euros = bid.price as f64 * 0.908;
                out(&[
                    Long(bid.auction),
                    Long(bid.bidder),
                    Double(euros),
                    Long(bid.ts),
                ]);
            }
        }
    }

    fn running_counts(&self, out: &mut impl FnMut(&[Field<'_>])) {
        let mut counts = vec![0; self.keys as usize];
        for n in 0..self.n {
            let key = (random(n, 1) >> 1) % self.keys;
            counts[key as usize] += 1;
            out(&[Long(key), Long(counts[key as usize])]);
        }
    }

    /// Counts by start of a span of `ms` and auction.
    fn counts_by_span(&self, ms: u64) -> BTreeMap<u64, Vec<u64>> {
        let mut spans: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for n in 0..self.n {
            let bid = self.bid(n);
            let span = spans.entry(bid.ts - bid.ts % ms);
            span.or_insert_with(|| vec![0; self.keys as usize])[bid.auction as usize] += 1;
        }
        spans
    }

    fn window_counts(&self, out: &mut impl FnMut(&[Field<'_>])) {
        for (start, counts) in self.counts_by_span(10_000) {
            for (auction, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
                out(&[Long(start), Long(auction), Long(count)]);
            }
        }
    }

    /// Bids of a bidder that are at most five seconds apart are one session.
    fn sessions(&self, out: &mut impl FnMut(&[Field<'_>])) {
        let mut times: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for bid in (0..self.n).map(|n| self.bid(n)) {
            times.entry(bid.bidder).or_default().push(bid.ts);
        }
        for (bidder, mut times) in times {
            times.sort_unstable();
            for session in times.chunk_by(|a, b| b - a <= 5_000) {
                out(&[Long(session[0]), Long(bidder), Long(session.len() as u64)]);
            }
        }
    }

    fn largest_of_windows(&self, out: &mut impl FnMut(&[Field<'_>])) {
        let panes = self.counts_by_span(2_000);
        let (Some((first, _)), Some((last, _))) = (panes.first_key_value(), panes.last_key_value())
        else {
            return;
        };
        for start in (first - 8_000..=*last).step_by(2_000) {
            let mut totals = vec![0; self.keys as usize];
            for (_, counts) in panes.range(start..start + 10_000) {
                totals
                    .iter_mut()
                    .zip(counts)
                    .for_each(|(total, count)| *total += count);
            }
            let most = totals.iter().copied().max().unwrap_or(0);
            let auction = totals.iter().position(|total| *total == most).unwrap_or(0);
            if most > 0 {
                out(&[Long(start), Long(auction as u64), Long(most)]);
            }
        }
    }

    /// Every auction meets its seller once, as long as 5,000 events are less than 20 seconds.
    fn joined(&self, out: &mut impl FnMut(&[Field<'_>])) {
        assert!(
            5_000 / self.epm < 19_000,
            "a person may be forgotten before its auctions come"
        );
        for n in (0..self.n).filter(|n| !n.is_multiple_of(5)) {
            let (r1, r2) = (random(n, 1), random(n, 2));
            let seller = n / 5 - ((r1 >> 1) % 1_000).min(n / 5);
            let person = random(seller * 5, 1);
            let name = format!(
                "{} {}",
                FIRST[(person & 7) as usize],
                LAST[(person >> 3 & 7) as usize]
            );
            let place = (person >> 6 & 7) as usize;
            out(&[
                Long(seller),
                Long(n),
                Long(1 + (r2 >> 44)),
                Text(&name),
                Text(CITY[place]),
                Text(STATE[place]),
            ]);
        }
    }

    fn words(&self, every_update: bool, out: &mut impl FnMut(&[Field<'_>])) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let text = self.text.to_ascii_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words.filter(|word| !word.is_empty()) {
            let count = counts.entry(word.to_owned()).or_default();
            *count += 1;
            if every_update {
                out(&[Text(word), Long(*count)]);
            }
        }
        if !every_update {
            for (word, count) in &counts {
                out(&[Text(word), Long(*count)]);
            }
        }
    }
}
