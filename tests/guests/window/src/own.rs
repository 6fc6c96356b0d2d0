//! Assigners, triggers, evictors and window functions as a user writes them.

use wasmill_sdk::prelude::*;

use crate::{Bid, Row};

/// Windows of a user: cheap bids go to windows of one second, others to windows of five, free ones to none.
pub(crate) struct ByPrice;

impl WindowAssigner<Bid> for ByPrice {
    fn assign(&self, bid: &Bid, time: i64, windows: &mut Vec<Window>) {
        let size = match bid.price % 3 {
            0 => return,
            1 => 1_000,
            _ => 5_000,
        };
        let start = time - time.rem_euclid(size);
        windows.push(Window {
            start,
            end: start + size,
        });
    }
}

/// Sessions of a user: they merge as sessions do, but never beyond a full minute.
pub(crate) struct WithinMinute(pub(crate) i64);

impl WindowAssigner<Bid> for WithinMinute {
    fn assign(&self, _bid: &Bid, time: i64, windows: &mut Vec<Window>) {
        let minute = time - time.rem_euclid(60_000);
        let end = (time + self.0).min(minute + 60_000);
        windows.push(Window { start: time, end });
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merges(&self, a: Window, b: Window) -> bool {
        a.start.div_euclid(60_000) == b.start.div_euclid(60_000)
    }
}

/// Fires at every bid with an even price and purges at every tenth firing.
pub(crate) struct AtEven;

impl Trigger<Bid> for AtEven {
    type State = i64;

    fn on_element(&self, bid: &Bid, ctx: &mut TriggerContext<'_, i64>) -> TriggerResult {
        if bid.price % 2 != 0 {
            return TriggerResult::Continue;
        }
        *ctx.state += 1;
        if *ctx.state % 10 == 0 {
            TriggerResult::FireAndPurge
        } else {
            TriggerResult::Fire
        }
    }
}

/// Removes bids with an odd price before the function, and all after it.
pub(crate) struct EvenOnly;

impl Evictor<Bid> for EvenOnly {
    fn evict_before(&self, bids: &mut Vec<Timestamped<Bid>>, _ctx: &WindowContext) {
        bids.retain(|bid| bid.record.price % 2 == 0);
    }

    fn evict_after(&self, bids: &mut Vec<Timestamped<Bid>>, _ctx: &WindowContext) {
        bids.clear();
    }
}

/// Sums prices, and sends the dearest bid of a window to a side output.
pub(crate) struct SumAndDearest {
    pub(crate) dearest: SideOutput<Bid>,
}

impl ProcessWindow for SumAndDearest {
    type Key = i64;
    type In = Bid;
    type Out = Row;

    fn process(
        &mut self,
        key: &i64,
        ctx: &WindowContext,
        bids: &[Timestamped<Bid>],
        out: &mut Collector<'_, Row>,
    ) -> Outcome {
        if let Some(dearest) = bids
            .iter()
            .max_by_key(|bid| (bid.record.price, bid.timestamp))
        {
            self.dearest.emit(dearest.record.clone());
        }
        sum_prices(key, ctx.window(), bids, out);
        Ok(())
    }
}

/// Sums the prices of a window.
pub(crate) fn sum_prices(
    key: &i64,
    window: Window,
    bids: &[Timestamped<Bid>],
    out: &mut Collector<'_, Row>,
) {
    out.emit(Row {
        key: *key,
        start: window.start,
        end: window.end,
        value: bids.iter().map(|bid| bid.record.price).sum(),
    });
}
