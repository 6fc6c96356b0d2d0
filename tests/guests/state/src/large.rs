//! Large values by key: with every bid what is stored must be what was stored with the one before, and 2 KiB of new noise
//! are. A line for each bid: 0, auction, its bids so far, 1 if what was stored was right.

use wasmill_sdk::prelude::*;

use crate::{Asked, Line};

/// Words of a value.
const WORDS: u64 = 256;

/// What is stored with bid number `seen` on an auction. It cannot be compressed.
fn noise(auction: i64, seen: i64) -> Vec<i64> {
    let mut state = (auction as u64) << 32 | seen as u64;
    let draw = |_| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) as i64
    };
    (0..WORDS).map(draw).collect()
}

/// What is stored of an auction.
#[derive(Record, Clone, Debug, PartialEq)]
struct Seen {
    bids: i64,
    noise: Vec<i64>,
}

pub(crate) fn job(env: &mut Env, asked: &Asked) {
    let counted = asked
        .ordered(env)
        .key_by(|bid| bid.auction)
        .uid("by-auction")
        .process(|ctx| Check {
            seen: ctx.value_state("seen"),
        })
        .uid("check");
    asked.write(counted);
}

struct Check {
    seen: ValueState<Seen>,
}

impl KeyedProcess for Check {
    type Key = i64;
    type In = crate::Bid;
    type Out = Line;

    fn process(
        &mut self,
        bid: crate::Bid,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Line>,
    ) -> Outcome {
        let before = self.seen.get();
        let (bids, right) = match &before {
            Some(seen) => (seen.bids, seen.noise == noise(bid.auction, seen.bids)),
            None => (0, true),
        };
        let bids = bids + 1;
        out.emit(Line {
            kind: 0,
            a: bid.auction,
            b: bids,
            c: i64::from(right),
        });
        self.seen.set(Seen {
            bids,
            noise: noise(bid.auction, bids),
        });
        Ok(())
    }
}
