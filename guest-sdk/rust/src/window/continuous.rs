//! The triggers that fire at intervals while a window is open.
//!
//! Intervals are counted from the epoch: a trigger of every minute fires at full minutes. They are positive, which the
//! plan checks. When all input has ended, the end of the window is the only firing left.

use super::trigger::{Trigger, TriggerContext, TriggerResult};
use super::triggers::fire_if;

/// When a trigger of intervals fires next.
type Next = Option<i64>;

/// The first full interval after a time.
fn next_after(time: i64, interval: i64) -> i64 {
    (time - time.rem_euclid(interval)).saturating_add(interval)
}

fn interval_defect(interval: i64) -> Option<String> {
    (interval < 1).then(|| format!("a trigger every {interval} ms is impossible, give at least 1"))
}

/// Fires again and again while event time passes through the window, and at its end.
#[derive(Clone, Copy, Debug)]
pub struct ContinuousEventTimeTrigger(i64);

impl ContinuousEventTimeTrigger {
    /// Fires every `interval` milliseconds of event time.
    pub fn of_ms(interval: i64) -> Self {
        Self(interval)
    }

    /// Fires every `interval` seconds of event time.
    pub fn of_secs(interval: i64) -> Self {
        Self(interval.saturating_mul(1000))
    }

    /// Registers the next firing, unless the end of the window comes first or nothing comes any more.
    fn schedule(self, next: i64, ctx: &mut TriggerContext<'_, Next>) {
        *ctx.state = None;
        if next < ctx.window().max_timestamp() && ctx.watermark() != i64::MAX {
            *ctx.state = Some(next);
            ctx.register_event_timer(next);
        }
    }
}

impl<T> Trigger<T> for ContinuousEventTimeTrigger {
    type State = Next;

    fn on_element(&self, _record: &T, ctx: &mut TriggerContext<'_, Next>) -> TriggerResult {
        let end = ctx.window().max_timestamp();
        if end <= ctx.watermark() {
            return TriggerResult::Fire;
        }
        ctx.register_event_timer(end);
        if ctx.state.is_none()
            && let Some(timestamp) = ctx.timestamp()
        {
            self.schedule(next_after(timestamp, self.0), ctx);
        }
        TriggerResult::Continue
    }

    fn on_event_time(&self, time: i64, ctx: &mut TriggerContext<'_, Next>) -> TriggerResult {
        if time == ctx.window().max_timestamp() {
            return TriggerResult::Fire;
        }
        if *ctx.state != Some(time) {
            return TriggerResult::Continue;
        }
        self.schedule(time.saturating_add(self.0), ctx);
        TriggerResult::Fire
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, merged: &[Next], ctx: &mut TriggerContext<'_, Next>) {
        ctx.register_event_timer(ctx.window().max_timestamp());
        if let Some(next) = merged.iter().flatten().min() {
            self.schedule(*next, ctx);
        }
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, Next>) {
        ctx.delete_event_timer(ctx.window().max_timestamp());
        if let Some(next) = *ctx.state {
            ctx.delete_event_timer(next);
        }
    }

    fn defect(&self) -> Option<String> {
        interval_defect(self.0)
    }
}

/// Fires again and again by the operator's clock, as long as records come.
#[derive(Clone, Copy, Debug)]
pub struct ContinuousProcessingTimeTrigger(i64);

impl ContinuousProcessingTimeTrigger {
    /// Fires every `interval` milliseconds.
    pub fn of_ms(interval: i64) -> Self {
        Self(interval)
    }

    /// Fires every `interval` seconds.
    pub fn of_secs(interval: i64) -> Self {
        Self(interval.saturating_mul(1000))
    }
}

impl<T> Trigger<T> for ContinuousProcessingTimeTrigger {
    type State = Next;

    fn on_element(&self, _record: &T, ctx: &mut TriggerContext<'_, Next>) -> TriggerResult {
        if ctx.state.is_none() {
            let next = next_after(ctx.processing_time(), self.0);
            *ctx.state = Some(next);
            ctx.register_processing_timer(next);
        }
        TriggerResult::Continue
    }

    fn on_processing_time(&self, time: i64, ctx: &mut TriggerContext<'_, Next>) -> TriggerResult {
        let due = *ctx.state == Some(time);
        if due {
            *ctx.state = None;
        }
        fire_if(due)
    }

    fn can_merge(&self) -> bool {
        true
    }

    fn on_merge(&self, merged: &[Next], ctx: &mut TriggerContext<'_, Next>) {
        *ctx.state = merged.iter().flatten().min().copied();
        if let Some(next) = *ctx.state {
            ctx.register_processing_timer(next);
        }
    }

    fn clear(&self, ctx: &mut TriggerContext<'_, Next>) {
        if let Some(next) = *ctx.state {
            ctx.delete_processing_timer(next);
        }
    }

    fn defect(&self) -> Option<String> {
        interval_defect(self.0)
    }
}
