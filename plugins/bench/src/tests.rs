//! Every job gives the answer of a plain program over the same generated records.

use std::collections::BTreeMap;

use wasmill_sdk::testing::Harness;

use super::*;
use crate::records::{Joined, WordCount};

const G: u64 = 0x9E37_79B9_7F4A_7C15;
const START: i64 = 1_600_000_000_000;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn draw(n: i64, seed: u64) -> u64 {
    mix((n as u64).wrapping_mul(G).wrapping_add(seed))
}

fn bid(n: i64, keys: u64, epm: i64) -> Bid {
    let (r1, r2) = (draw(n, 1), draw(n, 2));
    Bid {
        auction: ((r1 >> 1) % keys) as i64,
        bidder: ((r2 & 0xFF_FFFF) % 100_000) as i64,
        price: 1 + (r2 >> 44) as i64,
        ts: START + n / epm - (((r2 >> 24) & 0xFFFF) % 101) as i64,
    }
}

fn run_bids(job: &str, n: i64, keys: u64) -> (Harness<'static>, Vec<Bid>) {
    let mut harness = Harness::start(&bench, &[("job", job)]).unwrap();
    let bids: Vec<Bid> = (0..n).map(|n| bid(n, keys, 1)).collect();
    for batch in bids.chunks(1024) {
        harness.push(0, batch).unwrap();
    }
    harness.finish().unwrap();
    (harness, bids)
}

#[test]
fn pass_through_changes_nothing() {
    let (harness, bids) = run_bids("J0", 5000, 100);
    assert_eq!(harness.records::<Bid>(0).unwrap(), bids);
}

#[test]
fn map_and_filter_convert_the_chosen_bids() {
    let (harness, bids) = run_bids("J1", 5000, 1000);
    let chosen = bids.iter().filter(|bid| bid.auction % 123 == 0);
    let expected: Vec<f64> = chosen.map(|bid| bid.price as f64 * 0.908).collect();
    let records = harness.records::<BidInEuros>(0).unwrap();
    assert_eq!(
        records.iter().map(|bid| bid.price).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn running_counts_grow_by_one() {
    let mut harness = Harness::start(&bench, &[("job", "J2")]).unwrap();
    let mut counts = BTreeMap::new();
    let mut expected = Vec::new();
    for batch in 0..5 {
        let pairs: Vec<Pair> = (0..1000)
            .map(|n| Pair {
                key: (draw(batch * 1000 + n, 1) >> 1) as i64 % 300,
                one: 1,
            })
            .collect();
        harness.push(0, &pairs).unwrap();
        for pair in pairs {
            let count = counts.entry(pair.key).or_insert(0);
            *count += 1;
            expected.push(Pair {
                one: *count,
                ..pair
            });
        }
    }
    assert_eq!(harness.records::<Pair>(0).unwrap(), expected);
}

fn window_counts(bids: &[Bid], size: i64, slide: i64) -> BTreeMap<(i64, i64), i64> {
    let mut counts = BTreeMap::new();
    for bid in bids {
        let last = bid.ts - bid.ts.rem_euclid(slide);
        let mut start = last;
        while start + size > bid.ts {
            *counts.entry((start, bid.auction)).or_insert(0) += 1;
            start -= slide;
        }
    }
    counts
}

fn as_rows(counts: &[AuctionCount]) -> Vec<((i64, i64), i64)> {
    let mut rows: Vec<_> = counts
        .iter()
        .map(|row| ((row.window_start, row.auction), row.count))
        .collect();
    rows.sort_unstable();
    rows
}

#[test]
fn tumbling_windows_count_every_bid_once() {
    let (harness, bids) = run_bids("J4", 40_000, 50);
    let rows = as_rows(&harness.records(0).unwrap());
    let expected: Vec<_> = window_counts(&bids, 10_000, 10_000).into_iter().collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_hottest_auction_of_each_sliding_window_wins() {
    let (harness, bids) = run_bids("J5", 40_000, 50);
    let mut best: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for ((start, auction), count) in window_counts(&bids, 10_000, 2_000) {
        let best = best.entry(start).or_insert((auction, count));
        if count > best.1 {
            *best = (auction, count);
        }
    }
    let expected: Vec<_> = best
        .into_iter()
        .map(|(start, (auction, count))| ((start, auction), count))
        .collect();
    assert_eq!(as_rows(&harness.records(0).unwrap()), expected);
}

fn event(n: i64) -> Event {
    let (r1, r2) = (draw(n, 1), draw(n, 2));
    let (id, person) = (n / 5, n % 5 == 0);
    let text = |text: &str| {
        if person {
            Text::new(format!("{text} {id}"))
        } else {
            Text::default()
        }
    };
    Event {
        kind: i64::from(!person),
        id: if person { id } else { n },
        seller: if person {
            0
        } else {
            id - ((r1 >> 1) as i64 % 1000).min(id)
        },
        category: 10,
        price: 1 + (r2 >> 44) as i64,
        ts: START + n / 10,
        name: text("name"),
        city: text("city"),
        state: text("state"),
    }
}

#[test]
fn every_auction_meets_its_seller() {
    let mut harness = Harness::start(&bench, &[("job", "J6")]).unwrap();
    let events: Vec<Event> = (0..20_000).map(event).collect();
    for batch in events.chunks(1024) {
        harness.push(0, batch).unwrap();
    }
    harness.finish().unwrap();
    let mut joined: Vec<(i64, i64, String)> = harness
        .records::<Joined>(0)
        .unwrap()
        .into_iter()
        .map(|row| (row.auction, row.person, row.name.to_string()))
        .collect();
    joined.sort_unstable();
    let auctions = events.iter().filter(|event| event.kind == 1);
    let expected: Vec<_> = auctions
        .map(|auction| {
            (
                auction.id,
                auction.seller,
                format!("name {}", auction.seller),
            )
        })
        .collect();
    assert_eq!(joined, expected);
    assert_eq!(harness.host("co-process-6").unwrap().value_count(), 0);
}

#[test]
fn words_are_counted_as_they_come_or_at_the_end() {
    let lines = ["The cat, the_dog".to_owned(), "THE end 42".to_owned()];
    for (emit, expected) in [("all", 7), ("final", 5)] {
        let mut harness = Harness::start(&bench, &[("job", "J7"), ("emit", emit)]).unwrap();
        harness.push(0, &lines).unwrap();
        harness.finish().unwrap();
        let counts = harness.records::<WordCount>(0).unwrap();
        assert_eq!(counts.len(), expected);
        let the = counts
            .iter()
            .filter(|row| row.word == "the")
            .map(|row| row.count)
            .max();
        assert_eq!(the, Some(3));
    }
}
