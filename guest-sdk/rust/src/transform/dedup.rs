//! Deduplication: the first record of a key passes, the ones that repeat it do not.
//!
//! With a bound a key is forgotten when the bound has passed: by event time where records have timestamps, else by the
//! operator's clock. What is kept is the time of the record that passed; a timer removes it, so a key that is never
//! seen again costs nothing.

use std::marker::PhantomData;

use crate::column::TimeDomain;
use crate::error::Outcome;
use crate::keyed::{KeyedContext, KeyedProcess};
use crate::row::Row;
use crate::state::ValueState;
use crate::task::Collector;

/// Lets one record per key pass within `within_ms`, or for good.
pub(crate) struct Dedup<K, T> {
    /// When the record that passed was (milliseconds).
    pub(crate) passed: ValueState<i64>,
    pub(crate) within_ms: Option<i64>,
    pub(crate) types: PhantomData<fn(K, T)>,
}

impl<K: Row, T: Row> KeyedProcess for Dedup<K, T> {
    type Key = K;
    type In = T;
    type Out = T;

    fn process(
        &mut self,
        record: T,
        ctx: &mut KeyedContext<'_, K>,
        out: &mut Collector<'_, T>,
    ) -> Outcome {
        let event = ctx.timestamp();
        let time = event.unwrap_or_else(|| ctx.processing_time());
        let repeats = self.passed.with(|passed| match (passed, self.within_ms) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(passed), Some(within)) => passed.abs_diff(time) < within.unsigned_abs(),
        });
        if repeats {
            return Ok(());
        }
        // A record that is out of order by more than the bound passes and changes nothing.
        let latest = self
            .passed
            .with(|passed| passed.is_none_or(|passed| *passed < time));
        if latest {
            self.passed.set(time);
        }
        if let Some(within) = self.within_ms
            && latest
        {
            let forget = time.saturating_add(within);
            match event {
                Some(_) => ctx.register_event_timer(forget),
                None => ctx.register_processing_timer(forget),
            }
        }
        out.emit(record);
        Ok(())
    }

    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, K>,
        _out: &mut Collector<'_, T>,
    ) -> Outcome {
        let now = match domain {
            TimeDomain::Event => ctx.timestamp().unwrap_or(i64::MAX),
            TimeDomain::Processing => ctx.processing_time(),
        };
        let within = self.within_ms.unwrap_or(i64::MAX);
        // A later record may have passed since the timer was set; its own timer is still to come.
        let over = self
            .passed
            .with(|passed| passed.is_some_and(|passed| passed.saturating_add(within) <= now));
        if over {
            self.passed.clear();
        }
        Ok(())
    }
}
