//! The records of the generator: event n as every engine of the comparison computes it.
//!
//! `r1 = mix(n * G + 1)`, `r2 = mix(n * G + 2)`; the fields follow from these two. Keeps: same n, same record. The hot
//! loops write whole rows into one vector; the two divisions by a parameter are a multiplication and a counter.

use dataflow::element::Column;
use dataflow::limits::{SOURCE_BATCH_BYTES, SOURCE_BATCH_RECORDS};
use serde::Deserialize;

use crate::record_hash::{GOLDEN, mix};

/// Event time of event 0, without jitter (milliseconds).
pub const EPOCH_MS: i64 = 1_600_000_000_000;

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

/// Bytes an event of the `events` recipe takes at most: nine slots and the three longest texts.
const EVENT_BYTES_MAX: usize = 9 * 8 + 13 + 13 + 2;

/// Which records are generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recipe {
    /// Bids on auctions: four numbers.
    Bids,
    /// A key and the number one.
    Pairs,
    /// Persons and auctions in one stream, with texts.
    Events,
    /// Pairs with the time at which they were made.
    Latency,
}

impl Recipe {
    /// The Avro schema of the records.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Bids => {
                r#"{"type":"record","name":"Bid","fields":[{"name":"auction","type":"long"},{"name":"bidder","type":"long"},{"name":"price","type":"long"},{"name":"ts","type":"long"}]}"#
            }
            Self::Pairs => {
                r#"{"type":"record","name":"Pair","fields":[{"name":"key","type":"long"},{"name":"one","type":"long"}]}"#
            }
            Self::Events => {
                r#"{"type":"record","name":"Event","fields":[{"name":"kind","type":"long"},{"name":"id","type":"long"},{"name":"seller","type":"long"},{"name":"category","type":"long"},{"name":"price","type":"long"},{"name":"ts","type":"long"},{"name":"name","type":"string"},{"name":"city","type":"string"},{"name":"state","type":"string"}]}"#
            }
            Self::Latency => {
                r#"{"type":"record","name":"Stamped","fields":[{"name":"key","type":"long"},{"name":"one","type":"long"},{"name":"stamp_ns","type":"long"}]}"#
            }
        }
    }

    /// Records of a full batch, which is within the limits of a source.
    pub fn batch_records(self) -> usize {
        match self {
            Self::Bids | Self::Pairs | Self::Latency => SOURCE_BATCH_RECORDS,
            Self::Events => SOURCE_BATCH_BYTES / EVENT_BYTES_MAX,
        }
    }

    /// Makes the next `count` records of a run. `stamp_ns` goes into records that have such a field.
    pub fn make(self, run: &mut Run, count: usize, stamp_ns: u64) -> Column {
        match self {
            Self::Bids => Column::fixed(bids(run, count)),
            Self::Pairs => {
                let rows: Vec<[u8; 16]> = (0..count).map(|_| words([run.step().key, 1])).collect();
                Column::fixed(rows.into_flattened())
            }
            Self::Latency => {
                let rows: Vec<[u8; 24]> = (0..count)
                    .map(|_| words([run.step().key, 1, stamp_ns]))
                    .collect();
                Column::fixed(rows.into_flattened())
            }
            Self::Events => events(run, count),
        }
    }
}

const _: () = assert!(SOURCE_BATCH_RECORDS * 32 <= SOURCE_BATCH_BYTES);

/// Event numbers of one split: `next`, `next + stride`, ..., and what is cheaper to carry along than to compute anew.
#[derive(Clone, Debug)]
pub struct Run {
    next: u64,
    stride: u64,
    keys: Divisor,
    /// `next / epm` and `next % epm`, and by how much they grow with a step.
    ms: u64,
    ms_rest: u64,
    ms_step: u64,
    ms_rest_step: u64,
    epm: u64,
}

/// What all recipes take from one event.
#[derive(Clone, Copy)]
struct Event {
    n: u64,
    r1: u64,
    key: u64,
    ms: u64,
}

impl Run {
    /// The events `next`, `next + stride`, ... over `keys` keys, `epm` a millisecond; all but `next` at least 1.
    pub fn new(next: u64, stride: u64, keys: u64, epm: u64) -> Self {
        Self {
            next,
            stride,
            keys: Divisor::new(keys),
            ms: next / epm,
            ms_rest: next % epm,
            ms_step: stride / epm,
            ms_rest_step: stride % epm,
            epm,
        }
    }

    /// The event to be made next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The distance between two events.
    pub fn stride(&self) -> u64 {
        self.stride
    }

    #[inline]
    fn step(&mut self) -> Event {
        let (n, ms) = (self.next, self.ms);
        let r1 = random(n, 1);
        self.next += self.stride;
        self.ms += self.ms_step;
        self.ms_rest += self.ms_rest_step;
        if self.ms_rest >= self.epm {
            self.ms_rest -= self.epm;
            self.ms += 1;
        }
        let key = self.keys.remainder(r1 >> 1);
        Event { n, r1, key, ms }
    }
}

#[inline]
fn random(n: u64, seed: u64) -> u64 {
    mix(n.wrapping_mul(GOLDEN).wrapping_add(seed))
}

#[inline]
fn timestamp(ms: u64, r2: u64) -> i64 {
    let jitter = ((r2 >> 24) as u32 & 0xFFFF) % 101;
    EPOCH_MS + ms as i64 - i64::from(jitter)
}

#[inline]
fn price(r2: u64) -> u64 {
    1 + (r2 >> 44)
}

/// A divisor with its reciprocal: a remainder costs two multiplications instead of a division.
#[derive(Clone, Copy, Debug)]
struct Divisor {
    by: u64,
    reciprocal: u64,
}

impl Divisor {
    fn new(by: u64) -> Self {
        Self {
            by,
            reciprocal: u64::MAX / by,
        }
    }

    /// `value % by` for values below 2^63: there the estimated quotient is at most one too small.
    #[inline]
    fn remainder(self, value: u64) -> u64 {
        let quotient = ((u128::from(value) * u128::from(self.reciprocal)) >> 64) as u64;
        let rest = value - quotient * self.by;
        if rest >= self.by {
            rest - self.by
        } else {
            rest
        }
    }
}

#[inline]
fn words<const WORDS: usize, const BYTES: usize>(values: [u64; WORDS]) -> [u8; BYTES] {
    let mut row = [0; BYTES];
    let (slots, _) = row.as_chunks_mut::<8>();
    for (slot, value) in slots.iter_mut().zip(values) {
        *slot = value.to_le_bytes();
    }
    row
}

fn bids(run: &mut Run, count: usize) -> Vec<u8> {
    // A copy stays in registers for the whole loop.
    let mut at = run.clone();
    let rows: Vec<[u8; 32]> = (0..count)
        .map(|_| {
            let event = at.step();
            let r2 = random(event.n, 2);
            let bidder = (r2 as u32 & 0xFF_FFFF) % 100_000;
            let ts = timestamp(event.ms, r2) as u64;
            words([event.key, u64::from(bidder), price(r2), ts])
        })
        .collect();
    *run = at;
    rows.into_flattened()
}

fn events(run: &mut Run, count: usize) -> Column {
    let mut data = Vec::with_capacity(count * EVENT_BYTES_MAX);
    let mut ends = Vec::with_capacity(count);
    let mut is_fixed = true;
    let mut width = 0;
    for index in 0..count {
        let start = data.len();
        append_event(run.step(), &mut data);
        if index == 0 {
            width = data.len() - start;
        }
        is_fixed &= data.len() - start == width;
        ends.push(data.len() as u32);
    }
    if is_fixed {
        ends = Vec::new();
    }
    Column { ends, data }
}

fn append_event(event: Event, data: &mut Vec<u8>) {
    let Event { n, r1, ms, .. } = event;
    let r2 = random(n, 2);
    let (ts, id) = (timestamp(ms, r2) as u64, n / 5);
    if n % 5 != 0 {
        let seller = id - ((r1 >> 1) % 1000).min(id);
        let category = 10 + (r2 & 0xFF_FFFF) % 5;
        let nothing = slot(72, 0);
        let row: [u8; 72] = words([
            1,
            n,
            seller,
            category,
            price(r2),
            ts,
            nothing,
            nothing,
            nothing,
        ]);
        data.extend_from_slice(&row);
        return;
    }
    let (first, last) = (FIRST[(r1 & 7) as usize], LAST[((r1 >> 3) & 7) as usize]);
    let place = ((r1 >> 6) & 7) as usize;
    let (city, state) = (CITY[place], STATE[place]);
    let name_bytes = first.len() + 1 + last.len();
    let row: [u8; 72] = words([
        0,
        id,
        0,
        0,
        0,
        ts,
        slot(72, name_bytes),
        slot(72 + name_bytes, city.len()),
        slot(72 + name_bytes + city.len(), state.len()),
    ]);
    data.extend_from_slice(&row);
    for part in [first, " ", last, city, state] {
        data.extend_from_slice(part.as_bytes());
    }
}

#[inline]
fn slot(offset: usize, length: usize) -> u64 {
    offset as u64 | (length as u64) << 32
}

#[cfg(test)]
mod tests;
