//! Bids of the generator with one bid a millisecond of event time, computed anew (docs/CONNECTORS.md).

use super::oracle::random;

/// A bid.
pub(crate) struct Bid {
    /// The key.
    pub(crate) auction: i64,
    /// Who bids.
    pub(crate) bidder: i64,
    /// How much.
    pub(crate) price: i64,
    /// When (milliseconds).
    pub(crate) ts: i64,
}

fn bid(n: u64, keys: u64) -> Bid {
    let (r1, r2) = (random(n, 1), random(n, 2));
    Bid {
        auction: ((r1 >> 1) % keys) as i64,
        bidder: ((r2 & 0xFF_FFFF) % 100_000) as i64,
        price: 1 + (r2 >> 44) as i64,
        ts: 1_600_000_000_000 + n as i64 - (((r2 >> 24) & 0xFFFF) % 101) as i64,
    }
}

/// The first `n` bids on so many auctions.
pub(crate) fn bids(n: u64, keys: u64) -> impl Iterator<Item = Bid> {
    (0..n).map(move |n| bid(n, keys))
}
