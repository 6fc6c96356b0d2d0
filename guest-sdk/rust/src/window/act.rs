//! What happens to a window: it merges with others, it fires, it is purged, it is over.
//!
//! `operator.rs` has the whole picture. A window that fires shows its contents to the window function; results have
//! the last millisecond of the window as timestamp, those of a window without end the time of what made it fire.

use super::any_trigger::Call;
use super::contents::Contents;
use super::operator::{Inner, WindowOperator};
use super::trigger::TriggerResult;
use super::{Window, WindowContext};
use crate::column::{NO_TIMESTAMP, TimeDomain, TimerBatch};
use crate::error::{Error, Outcome};
use crate::row::Row;
use crate::task::Collector;

/// Slot of the key, and which of its windows.
type Place = (u32, usize);

impl<K: Row, T: Row, C: Contents<T>, U: Row, E> WindowOperator<K, T, C, U, E>
where
    E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
{
    /// Adds a record's window to the merging window set of a key. Answers where the window is that it has become; none
    /// if it is late.
    pub(super) fn merge_into(
        &self,
        inner: &mut Inner<K, T, C>,
        slot: u32,
        window: Window,
    ) -> Result<Option<usize>, Error> {
        let entries = &inner.store.by_slot[slot as usize].entries;
        let mut merged = window;
        let (mut first, mut others) = (None, Vec::new());
        for at in inner.store.near(slot, window) {
            if self.merges(entries[at].window, window) {
                merged = merged.cover(entries[at].window);
                match first {
                    None => first = Some(at),
                    Some(_) => others.push(at),
                }
            }
        }
        let Some(first) = first else {
            return self.begin(inner, slot, window);
        };
        if entries[first].window == merged && others.is_empty() {
            return Ok(Some(first));
        }
        self.merge(inner, (slot, first), &others, merged).map(Some)
    }

    /// Whether two windows become one.
    pub(super) fn merges(&self, a: Window, b: Window) -> bool {
        a.touches(b) && self.shape.assigner.merges(a, b)
    }

    /// Begins a window that nothing merges with.
    fn begin(
        &self,
        inner: &mut Inner<K, T, C>,
        slot: u32,
        window: Window,
    ) -> Result<Option<usize>, Error> {
        if self.is_late(window) {
            return Ok(None);
        }
        if inner.store.position_of(slot, window).is_some() {
            let Window { start, end } = window;
            let text = format!(
                "the assigner keeps the window from {start} to {end} apart from one that began as it"
            );
            return Err(Error::User(text));
        }
        let at = inner.store.position(slot, window).unwrap_or_else(|at| at);
        inner.store.insert(slot, at, window, window);
        let entry = inner.store.entry(slot, at);
        C::begin(&mut entry.held);
        entry.trigger_read = true;
        inner.store.touch_set(slot);
        self.time_window(inner, slot, at);
        Ok(Some(at))
    }

    /// Makes one window of the one at `at` and others after it; it keeps the address of the first.
    /// Answers where it is.
    fn merge(
        &self,
        inner: &mut Inner<K, T, C>,
        (slot, at): Place,
        others: &[usize],
        merged: Window,
    ) -> Result<usize, Error> {
        let mut states = Vec::new();
        let mut joining = Vec::new();
        for &other in others.iter().rev() {
            self.read_contents(inner, slot, other)?;
            states.push(self.leave(inner, (slot, other))?);
            joining.extend(inner.store.remove(slot, other));
        }
        if C::READS && !joining.is_empty() {
            self.read_contents(inner, slot, at)?;
        }
        for other in joining.into_iter().rev() {
            let entry = inner.store.entry(slot, at);
            self.contents.merge(&mut entry.held, other.held);
            inner.store.touch(slot, at, false);
        }
        states.push(self.leave(inner, (slot, at))?);
        states.reverse();
        let at = inner.store.grow_window(slot, at, merged);
        let entry = inner.store.entry(slot, at);
        entry.trigger.clear();
        // Without lateness the timer that is there comes early and registers the next one.
        entry.timed = self.shape.lateness == 0;
        inner.store.touch_set(slot);
        self.time_window(inner, slot, at);
        if let Some(trigger) = &self.shape.trigger {
            self.ask(inner, (slot, at), NO_TIMESTAMP, |call| {
                trigger.on_merge(&states, call)
            })?;
        }
        Ok(at)
    }

    /// Lets the trigger leave a window that merges; gives its state.
    fn leave(&self, inner: &mut Inner<K, T, C>, place: Place) -> Result<Vec<u8>, Error> {
        let Some(trigger) = &self.shape.trigger else {
            return Ok(Vec::new());
        };
        self.read_trigger(inner, place)?;
        let state = inner.store.entry(place.0, place.1).trigger.clone();
        self.ask(inner, place, NO_TIMESTAMP, |call| trigger.clear(call))?;
        Ok(state)
    }

    fn read_trigger(&self, inner: &mut Inner<K, T, C>, (slot, at): Place) -> Outcome {
        let entry = inner.store.entry(slot, at);
        if entry.trigger_read {
            return Ok(());
        }
        let address = entry.address;
        let (store, table) = (&mut inner.store, &inner.table);
        store.read(&self.contents, table, &[(slot, address)], false)
    }

    /// Reads the contents of a window now, unless they are known.
    pub(super) fn read_contents(
        &self,
        inner: &mut Inner<K, T, C>,
        slot: u32,
        at: usize,
    ) -> Outcome {
        let entry = inner.store.entry(slot, at);
        if C::is_read(&entry.held) {
            return Ok(());
        }
        let address = entry.address;
        let (store, table) = (&mut inner.store, &inner.table);
        store.read(&self.contents, table, &[(slot, address)], true)
    }

    /// Asks the trigger, keeps its state and makes its changes of timers.
    pub(super) fn ask<R>(
        &self,
        inner: &mut Inner<K, T, C>,
        (slot, at): Place,
        timestamp: i64,
        ask: impl FnOnce(Call<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.read_trigger(inner, (slot, at))?;
        inner.changes.clear();
        let entry = inner.store.entry(slot, at);
        let (window, address) = (entry.window, entry.address);
        let mut state = std::mem::take(&mut entry.trigger);
        inner.before.clear();
        inner.before.extend_from_slice(&state);
        let result = ask(Call {
            scene: self.scene(window, timestamp),
            state: &mut state,
            changes: &mut inner.changes,
        })?;
        let changed = inner.store.states.trigger.is_some() && inner.before != state;
        inner.store.entry(slot, at).trigger = state;
        if changed {
            inner.store.touch(slot, at, true);
        }
        let over = self.clean_up_time(window);
        let key = (inner.table.width(), inner.table.key(slot));
        for change in inner.changes.drain(..) {
            let (domain, time) = (change.domain, change.time);
            if !change.delete {
                self.timers.register(domain, time, key, &address.address());
            } else if (domain, time) != (self.domain, over) {
                self.timers.delete(domain, time, key, &address.address());
                if self.merging && domain == self.domain && over != i64::MAX {
                    // It may have been the one that stands for the end of the window.
                    self.timers.register(domain, over, key, &address.address());
                }
            }
        }
        Ok(result)
    }

    /// Does what a trigger has said.
    pub(super) fn obey(
        &self,
        inner: &mut Inner<K, T, C>,
        place: Place,
        result: TriggerResult,
        timestamp: i64,
    ) -> Outcome {
        if result.fires() {
            self.give_result(inner, place, timestamp)?;
        }
        if result.purges() {
            let entry = inner.store.entry(place.0, place.1);
            self.contents.purge(&mut entry.held);
            inner.store.touch(place.0, place.1, false);
        }
        Ok(())
    }

    /// Shows the contents of a window to the window function.
    pub(super) fn give_result(
        &self,
        inner: &mut Inner<K, T, C>,
        (slot, at): Place,
        timestamp: i64,
    ) -> Outcome {
        self.read_contents(inner, slot, at)?;
        let now = self.shared.now();
        let key = &inner.keys[slot as usize];
        let entry = &mut inner.store.by_slot[slot as usize].entries[at];
        let ctx = WindowContext {
            window: entry.window,
            watermark: now.watermark,
            processing_time: now.processing_time,
            timestamp: match entry.window.end {
                i64::MAX => timestamp,
                _ => entry.window.max_timestamp(),
            },
        };
        let mut out = Collector::new(&self.out, ctx.timestamp);
        self.contents.show(&mut entry.held, &ctx, |view| {
            (self.emit)(key, &ctx, view, &mut out)
        })?;
        if !C::READS {
            // A list that was read is not kept beyond the call.
            inner.store.touch(slot, at, false);
        }
        Ok(())
    }

    /// Forgets a window.
    fn clean_up(&self, inner: &mut Inner<K, T, C>, place: Place) -> Outcome {
        if let Some(trigger) = &self.shape.trigger {
            self.ask(inner, place, NO_TIMESTAMP, |call| trigger.clear(call))?;
        }
        inner.store.remove(place.0, place.1);
        Ok(())
    }

    /// Fires timers from the front; answers how many.
    pub(super) fn fire_timers(
        &self,
        domain: TimeDomain,
        timers: &TimerBatch,
    ) -> Result<usize, Error> {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        inner.enter(&timers.keys, timers.len())?;
        let mut windows = Vec::with_capacity(timers.len());
        for (index, namespace) in timers.namespaces.entries(timers.len()).enumerate() {
            let (slot, address) = (inner.slots[index], Window::of_address(namespace)?);
            windows.push((slot, address));
            if !self.merging
                && let Err(at) = inner.store.position(slot, address)
            {
                inner.store.insert(slot, at, address, address);
            }
        }
        let known = C::READS || self.shape.trigger.is_none();
        inner
            .store
            .read(&self.contents, &inner.table, &windows, known)?;
        for (index, (&time, &(slot, address))) in timers.times.iter().zip(&windows).enumerate() {
            if let Some(at) = inner.store.position_of(slot, address) {
                self.on_timer(inner, (slot, at), domain, time)?;
            }
            if self.shared.stopping() {
                return Ok(index + 1);
            }
        }
        Ok(timers.len())
    }

    /// Whether a window's only timer stands for its end and may come early.
    fn is_lazy(&self) -> bool {
        self.merging && self.shape.trigger.is_none() && self.shape.lateness == 0
    }

    /// How far a time has come.
    fn now_in(&self, domain: TimeDomain) -> i64 {
        let now = self.shared.now();
        match domain {
            TimeDomain::Event => now.watermark,
            TimeDomain::Processing => now.processing_time,
        }
    }

    /// A timer of a window has fired.
    fn on_timer(
        &self,
        inner: &mut Inner<K, T, C>,
        (slot, at): Place,
        domain: TimeDomain,
        time: i64,
    ) -> Outcome {
        let entry = inner.store.entry(slot, at);
        let (window, address) = (entry.window, entry.address);
        let over = self.clean_up_time(window);
        // The timer of a session that has grown comes early; when its end is due as well, it need not come again.
        let time = if self.is_lazy() && time < over && over <= self.now_in(domain) {
            over
        } else {
            time
        };
        if domain == self.domain && time > over {
            // A timer of the trigger beyond the end of its window.
            inner.store.remove(slot, at);
            return Ok(());
        }
        let timestamp = match domain {
            TimeDomain::Event => time,
            TimeDomain::Processing => NO_TIMESTAMP,
        };
        if let Some(trigger) = &self.shape.trigger {
            let result = self.ask(inner, (slot, at), timestamp, |call| {
                trigger.on_time(domain, time, call)
            })?;
            self.obey(inner, (slot, at), result, timestamp)?;
        } else if domain == self.domain && time == self.fire_time(window) {
            self.give_result(inner, (slot, at), timestamp)?;
        }
        if domain == self.domain && over != i64::MAX {
            if time == over {
                self.clean_up(inner, (slot, at))?;
            } else if self.merging && time < over && self.shape.lateness == 0 {
                self.register(&inner.table, slot, over, address);
            }
        }
        Ok(())
    }
}
