//! The standard triggers.
//!
//! Each is a plain value, to be given to `WindowedStream::trigger`. Those of intervals are in `continuous.rs`. Settings
//! that make no sense are told when the job is planned.

use std::marker::PhantomData;

use super::trigger::{Trigger, TriggerContext, TriggerResult};
use crate::row::Row;

/// Fires when the watermark passes the end of the window, and at every record that comes later: what event-time
/// windows do unless they are told otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventTimeTrigger;

impl<T> Trigger<T> for EventTimeTrigger {
    type State = ();

    fn on_element(&self, _record: &T, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        let end = ctx.window().max_timestamp();
        if end <= ctx.watermark() {
            return TriggerResult::Fire;
        }
        ctx.register_event_timer(end);
        TriggerResult::Continue
    }

    fn on_event_time(&self, time: i64, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        fire_if(time == ctx.window().max_timestamp())
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, _merged: &[()], ctx: &mut TriggerContext<'_, ()>) {
        let end = ctx.window().max_timestamp();
        if end > ctx.watermark() {
            ctx.register_event_timer(end);
        }
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, ()>) {
        ctx.delete_event_timer(ctx.window().max_timestamp());
    }
}

/// Fires when the operator's clock passes the end of the window: what processing-time windows do unless they are told
/// otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessingTimeTrigger;

impl<T> Trigger<T> for ProcessingTimeTrigger {
    type State = ();

    fn on_element(&self, _record: &T, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        ctx.register_processing_timer(ctx.window().end);
        TriggerResult::Continue
    }

    fn on_processing_time(&self, time: i64, ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        fire_if(time == ctx.window().end)
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, _merged: &[()], ctx: &mut TriggerContext<'_, ()>) {
        ctx.register_processing_timer(ctx.window().end);
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, ()>) {
        ctx.delete_processing_timer(ctx.window().end);
    }
}

/// Fires at every n-th record of a window.
#[derive(Clone, Copy, Debug)]
pub struct CountTrigger(i64);

impl CountTrigger {
    /// Fires at every `count`-th record.
    pub fn of(count: i64) -> Self {
        Self(count)
    }
}

impl<T> Trigger<T> for CountTrigger {
    type State = i64;

    fn on_element(&self, _record: &T, ctx: &mut TriggerContext<'_, i64>) -> TriggerResult {
        *ctx.state += 1;
        if *ctx.state < self.0 {
            return TriggerResult::Continue;
        }
        *ctx.state = 0;
        TriggerResult::Fire
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, merged: &[i64], ctx: &mut TriggerContext<'_, i64>) {
        *ctx.state = merged.iter().sum();
    }

    fn defect(&self) -> Option<String> {
        (self.0 < 1).then(|| {
            format!(
                "a trigger at every {}th record is impossible, give at least 1",
                self.0
            )
        })
    }
}

/// Fires when a record differs from the one that fired last (at first: from the first one) by more than a threshold.
/// Not for windows that merge.
pub struct DeltaTrigger<T, F> {
    threshold: f64,
    delta: F,
    record: PhantomData<fn(T)>,
}

impl<T, F: Fn(&T, &T) -> f64> DeltaTrigger<T, F> {
    /// Fires when `delta(last, record)` is more than `threshold`.
    pub fn of(threshold: f64, delta: F) -> Self {
        Self {
            threshold,
            delta,
            record: PhantomData,
        }
    }
}

impl<T: Row, F: Fn(&T, &T) -> f64 + 'static> Trigger<T> for DeltaTrigger<T, F> {
    /// The record that fired last; a list of at most one, because `T` itself may be optional.
    type State = Vec<T>;

    fn on_element(&self, record: &T, ctx: &mut TriggerContext<'_, Vec<T>>) -> TriggerResult {
        let Some(last) = ctx.state.first() else {
            ctx.state.push(record.clone());
            return TriggerResult::Continue;
        };
        if (self.delta)(last, record) <= self.threshold {
            return TriggerResult::Continue;
        }
        *ctx.state = vec![record.clone()];
        TriggerResult::Fire
    }
}

/// Turns every firing of another trigger into one that also drops what was gathered.
#[derive(Clone, Copy, Debug)]
pub struct PurgingTrigger<G>(pub G);

impl<T, G: Trigger<T>> Trigger<T> for PurgingTrigger<G> {
    type State = G::State;

    fn on_element(&self, record: &T, ctx: &mut TriggerContext<'_, G::State>) -> TriggerResult {
        purging(self.0.on_element(record, ctx))
    }

    fn on_event_time(&self, time: i64, ctx: &mut TriggerContext<'_, G::State>) -> TriggerResult {
        purging(self.0.on_event_time(time, ctx))
    }

    fn on_processing_time(
        &self,
        time: i64,
        ctx: &mut TriggerContext<'_, G::State>,
    ) -> TriggerResult {
        purging(self.0.on_processing_time(time, ctx))
    }

    fn can_merge(&self) -> bool {
        self.0.can_merge()
    }

    fn on_merge(&self, merged: &[G::State], ctx: &mut TriggerContext<'_, G::State>) {
        self.0.on_merge(merged, ctx);
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, G::State>) {
        self.0.clear(ctx);
    }

    fn defect(&self) -> Option<String> {
        self.0.defect()
    }
}

/// Never fires.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverTrigger;

impl<T> Trigger<T> for NeverTrigger {
    type State = ();

    fn on_element(&self, _record: &T, _ctx: &mut TriggerContext<'_, ()>) -> TriggerResult {
        TriggerResult::Continue
    }

    fn can_merge(&self) -> bool {
        true
    }
}

pub(super) fn fire_if(due: bool) -> TriggerResult {
    if due {
        TriggerResult::Fire
    } else {
        TriggerResult::Continue
    }
}

fn purging(result: TriggerResult) -> TriggerResult {
    if result.fires() {
        TriggerResult::FireAndPurge
    } else {
        result
    }
}
