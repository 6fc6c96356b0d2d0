//! J2, J3 and L2: a running sum per key, told with every record.

use wasmill_sdk::prelude::*;

use crate::records::{Pair, StampedPair};

/// Adds the ones of a key up.
pub(crate) struct CountPairs {
    pub(crate) sum: ValueState<i64>,
}

impl KeyedProcess for CountPairs {
    type Key = i64;
    type In = Pair;
    type Out = Pair;

    fn process(
        &mut self,
        pair: Pair,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Pair>,
    ) -> Outcome {
        let sum = self.sum.modify(0, |sum| {
            *sum += pair.one;
            *sum
        });
        out.emit(Pair {
            key: pair.key,
            one: sum,
        });
        Ok(())
    }
}

/// The same for pairs that carry the time of their making.
pub(crate) struct CountStamped {
    pub(crate) sum: ValueState<i64>,
}

impl KeyedProcess for CountStamped {
    type Key = i64;
    type In = StampedPair;
    type Out = StampedPair;

    fn process(
        &mut self,
        pair: StampedPair,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, StampedPair>,
    ) -> Outcome {
        let sum = self.sum.modify(0, |sum| {
            *sum += pair.one;
            *sum
        });
        out.emit(StampedPair { one: sum, ..pair });
        Ok(())
    }
}
