//! The record types of the generator and of the results. Field order is what the checksum sink hashes.

use wasmill_sdk::prelude::*;

/// A bid.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

/// A bid in euros.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct BidInEuros {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: f64,
    pub(crate) ts: i64,
}

/// A key and a one.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) key: i64,
    pub(crate) one: i64,
}

/// A pair with the time at which the source made it.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct StampedPair {
    pub(crate) key: i64,
    pub(crate) one: i64,
    pub(crate) stamp_ns: i64,
}

/// The number of bids for an auction in a window.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct AuctionCount {
    pub(crate) window_start: i64,
    pub(crate) auction: i64,
    pub(crate) count: i64,
}

/// J8: how many bids a bidder made in a session.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct BidderSession {
    pub(crate) window_start: i64,
    pub(crate) bidder: i64,
    pub(crate) count: i64,
}

/// A person or an auction, as the generator gives both.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// 0 for a person, 1 for an auction.
    pub(crate) kind: i64,
    pub(crate) id: i64,
    pub(crate) seller: i64,
    pub(crate) category: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
    pub(crate) name: Text,
    pub(crate) city: Text,
    pub(crate) state: Text,
}

/// A person.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) ts: i64,
    pub(crate) name: Text,
    pub(crate) city: Text,
    pub(crate) state: Text,
}

/// An auction.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Auction {
    pub(crate) id: i64,
    pub(crate) seller: i64,
    pub(crate) category: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

/// An auction with its seller.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Joined {
    pub(crate) person: i64,
    pub(crate) auction: i64,
    pub(crate) price: i64,
    pub(crate) name: Text,
    pub(crate) city: Text,
    pub(crate) state: Text,
}

/// How often a word was seen.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct WordCount {
    pub(crate) word: Text,
    pub(crate) count: i64,
}
