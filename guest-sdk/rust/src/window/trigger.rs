//! Triggers: when a window gives a result, and when it drops what it has gathered.
//!
//! A trigger is asked at every record and at every timer it has registered. What it must remember, it keeps in one
//! value per key and window, which the host stores. A given trigger replaces the one of the assigner.

use crate::column::{NO_TIMESTAMP, TimeDomain};
use crate::row::Row;
use crate::window::Window;

/// What a window is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerResult {
    /// Nothing.
    Continue,
    /// Give a result, keep what was gathered.
    Fire,
    /// Drop what was gathered.
    Purge,
    /// Give a result, then drop what was gathered.
    FireAndPurge,
}

impl TriggerResult {
    /// Whether a result is given.
    pub fn fires(self) -> bool {
        matches!(self, Self::Fire | Self::FireAndPurge)
    }

    /// Whether what was gathered is dropped.
    pub fn purges(self) -> bool {
        matches!(self, Self::Purge | Self::FireAndPurge)
    }
}

/// Decides when windows of records of type `T` give results. Must be a function of its arguments alone.
pub trait Trigger<T>: 'static {
    /// What is kept per key and window; `()` for nothing. A new window begins with the default.
    type State: Row + Default;

    /// A record was added to the window.
    fn on_element(&self, record: &T, ctx: &mut TriggerContext<'_, Self::State>) -> TriggerResult;

    /// The watermark has reached the time of an event-time timer of the window, or its last moment.
    fn on_event_time(
        &self,
        _time: i64,
        _ctx: &mut TriggerContext<'_, Self::State>,
    ) -> TriggerResult {
        TriggerResult::Continue
    }

    /// The operator's clock has reached the time of a processing-time timer of the window.
    fn on_processing_time(
        &self,
        _time: i64,
        _ctx: &mut TriggerContext<'_, Self::State>,
    ) -> TriggerResult {
        TriggerResult::Continue
    }

    /// Whether [`Trigger::on_merge`] is made for windows that merge.
    fn can_merge(&self) -> bool {
        false
    }

    /// Windows with these states have become one, that of `ctx`, whose state is the default; their timers are gone.
    fn on_merge(&self, _merged: &[Self::State], _ctx: &mut TriggerContext<'_, Self::State>) {}

    /// The window is over or has become part of another: the trigger deletes its timers. Its state goes by itself.
    fn clear(&self, _ctx: &mut TriggerContext<'_, Self::State>) {}

    /// What is wrong with the trigger's settings, told when the job is planned.
    fn defect(&self) -> Option<String> {
        None
    }
}

/// A change of the timers of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerChange {
    pub(crate) domain: TimeDomain,
    pub(crate) time: i64,
    pub(crate) delete: bool,
}

/// The moment in which a trigger is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) window: Window,
    pub(crate) timestamp: i64,
    pub(crate) watermark: i64,
    pub(crate) processing_time: i64,
}

/// What a trigger may ask and do.
pub struct TriggerContext<'a, S> {
    /// What the trigger keeps for the key and window.
    pub state: &'a mut S,
    scene: Scene,
    changes: &'a mut Vec<TimerChange>,
}

impl<'a, S> TriggerContext<'a, S> {
    pub(crate) fn new(scene: Scene, state: &'a mut S, changes: &'a mut Vec<TimerChange>) -> Self {
        Self {
            state,
            scene,
            changes,
        }
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.scene.window
    }

    /// Event timestamp of the record (milliseconds).
    pub fn timestamp(&self) -> Option<i64> {
        (self.scene.timestamp != NO_TIMESTAMP).then_some(self.scene.timestamp)
    }

    /// The watermark (milliseconds); the least number before there is one.
    pub fn watermark(&self) -> i64 {
        self.scene.watermark
    }

    /// The operator's clock (milliseconds), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.scene.processing_time
    }

    /// Asks to be called when the watermark reaches `time`. Doing it twice changes nothing.
    pub fn register_event_timer(&mut self, time: i64) {
        self.change(TimeDomain::Event, time, false);
    }

    /// Asks to be called when the operator's clock reaches `time`. Doing it twice changes nothing.
    pub fn register_processing_timer(&mut self, time: i64) {
        self.change(TimeDomain::Processing, time, false);
    }

    /// Takes an event-time timer back; it need not exist.
    pub fn delete_event_timer(&mut self, time: i64) {
        self.change(TimeDomain::Event, time, true);
    }

    /// Takes a processing-time timer back; it need not exist.
    pub fn delete_processing_timer(&mut self, time: i64) {
        self.change(TimeDomain::Processing, time, true);
    }

    fn change(&mut self, domain: TimeDomain, time: i64, delete: bool) {
        self.changes.push(TimerChange {
            domain,
            time,
            delete,
        });
    }
}
