//! Windows as naively as possible: all bids of a run in a list, windows made by hand.
//!
//! Shares nothing with the engine. Knows no watermarks: in these runs no record is late unless a test says so.

use std::collections::BTreeMap;

use crate::support::answer::Lines;
use crate::support::oracle::Question;

/// A bid, as signed numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bid {
    pub(super) key: i64,
    pub(super) bidder: i64,
    pub(super) price: i64,
    pub(super) ts: i64,
}

/// Key, start and end of a window.
pub(super) type Place = (i64, i64, i64);
/// Windows and their bids in the order in which they come.
pub(super) type Windows = BTreeMap<Place, Vec<Bid>>;

/// The bids of a run: so many of so many auctions, one a millisecond.
pub(super) fn bids(n: u64, keys: u64) -> Vec<Bid> {
    let question = Question {
        job: "bids",
        n,
        keys,
        epm: 1,
        text: "",
    };
    (0..n)
        .map(|n| question.bid(n))
        .map(|bid| Bid {
            key: bid.auction as i64,
            bidder: bid.bidder as i64,
            price: bid.price as i64,
            ts: bid.ts as i64,
        })
        .collect()
}

/// The bids by key, in the order in which they come.
pub(super) fn by_key(bids: &[Bid]) -> BTreeMap<i64, Vec<Bid>> {
    let mut keys: BTreeMap<i64, Vec<Bid>> = BTreeMap::new();
    for bid in bids {
        keys.entry(bid.key).or_default().push(*bid);
    }
    keys
}

/// Windows of `size`, one every `slide`, counted from `offset`.
pub(super) fn regular(bids: &[Bid], size: i64, slide: i64, offset: i64) -> Windows {
    let mut windows = Windows::new();
    for bid in bids {
        let newest = (bid.ts - offset).div_euclid(slide) * slide + offset;
        let mut start = newest;
        while start + size > bid.ts {
            let place = (bid.key, start, start + size);
            windows.entry(place).or_default().push(*bid);
            start -= slide;
        }
    }
    windows
}

/// One window a bid.
pub(super) fn assigned(bids: &[Bid], window: impl Fn(&Bid) -> Option<(i64, i64)>) -> Windows {
    let mut windows = Windows::new();
    for bid in bids {
        if let Some((start, end)) = window(bid) {
            let place = (bid.key, start, end);
            windows.entry(place).or_default().push(*bid);
        }
    }
    windows
}

/// Sessions: each bid is a window up to `end`, and those that touch are one, if they may be.
pub(super) fn sessions(
    bids: &[Bid],
    end: impl Fn(&Bid) -> i64,
    may: impl Fn(i64, i64) -> bool,
) -> Windows {
    let mut windows = Windows::new();
    for (key, mut bids) in by_key(bids) {
        bids.sort_by_key(|bid| bid.ts);
        let mut open: Option<(i64, i64, Vec<Bid>)> = None;
        for bid in bids {
            match &mut open {
                Some((start, until, held)) if bid.ts <= *until && may(*start, bid.ts) => {
                    *until = end(&bid).max(*until);
                    held.push(bid);
                }
                _ => {
                    let next = (bid.ts, end(&bid), vec![bid]);
                    if let Some((start, until, held)) = open.replace(next) {
                        windows.insert((key, start, until), held);
                    }
                }
            }
        }
        if let Some((start, until, held)) = open {
            windows.insert((key, start, until), held);
        }
    }
    windows
}

/// The sum of prices.
pub(super) fn sum(bids: &[Bid]) -> i64 {
    bids.iter().map(|bid| bid.price).sum()
}

/// A result per window.
pub(super) fn results(windows: &Windows, function: impl Fn(&[Bid]) -> Option<i64>) -> Lines {
    let mut lines = Lines::default();
    for (place, bids) in windows {
        if let Some(value) = function(bids) {
            add(&mut lines, *place, value);
        }
    }
    lines
}

/// Adds a result.
pub(super) fn add(lines: &mut Lines, (key, start, end): Place, value: i64) {
    lines.add(format!("{key},{start},{end},{value}"));
}

/// The bounds of the window of everything.
pub(super) fn global(key: i64) -> Place {
    (key, i64::MIN, i64::MAX)
}
