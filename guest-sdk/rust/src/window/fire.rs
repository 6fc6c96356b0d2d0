//! The firing of windows: which timers a key's windows need, and what happens when they are due.
//!
//! A window that fires takes the next one along if they share a slice; `node.rs` has the whole picture.

use super::node::{Inner, WindowNode};
use super::{Assigner, Fold, Window};
use crate::column::{TimeDomain, TimerBatch};
use crate::error::Error;
use crate::keyed::KeyTable;
use crate::row::Row;
use crate::state::{SubKey, ordered};
use crate::task::Collector;

/// What a timer is for; the first byte of its namespace, before the start of the window.
pub(super) const FIRE: u8 = 0;
pub(super) const FIRE_AGAIN: u8 = 1;
pub(super) const CLEAN_UP: u8 = 2;

/// Bytes of the namespace of a window's timer.
pub(super) const NAMESPACE_WIDTH: usize = 9;

/// The namespace of a window's timer.
fn namespace(what: u8, window: i64) -> [u8; NAMESPACE_WIDTH] {
    let mut namespace = [what; NAMESPACE_WIDTH];
    namespace[1..].copy_from_slice(&ordered(window));
    namespace
}

impl<K: Row, T: Row, F: Fold<T>, U: Row, E> WindowNode<K, T, F, U, E>
where
    E: Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
{
    fn timer(&self, table: &KeyTable, slot: u32, what: u8, time: i64, window: i64) {
        let key = (table.width(), table.key(slot));
        let namespace = namespace(what, window);
        self.timers
            .register(TimeDomain::Event, time, key, &namespace);
    }

    /// Registers what a changed slice needs.
    pub(super) fn register(&self, table: &KeyTable, slot: u32, slice: i64, new: bool) {
        let assigner = &self.assigner;
        let watermark = self.shared.now().watermark;
        let last = assigner.last_window(slice);
        let mut window = assigner.first_window(slice);
        while window <= last && assigner.max_timestamp(window) <= watermark {
            // The window has fired without this record; within its lateness it fires again.
            let complete = assigner.max_timestamp(window);
            if complete.saturating_add(self.lateness) > watermark {
                self.timer(table, slot, FIRE_AGAIN, complete, window);
            }
            window += assigner.slide;
        }
        if new {
            if window <= last {
                self.timer(table, slot, FIRE, assigner.max_timestamp(window), window);
            }
            if self.lateness > 0 {
                let over = assigner.max_timestamp(last).saturating_add(self.lateness);
                self.timer(table, slot, CLEAN_UP, over, last);
            }
        }
    }

    /// Fires a window of a key and those after it that are due and have no timer of their own.
    pub(super) fn fire(
        &self,
        inner: &mut Inner<K, F::Acc>,
        slot: u32,
        mut start: i64,
    ) -> Result<(), Error> {
        let assigner = self.assigner;
        let watermark = self.shared.now().watermark;
        loop {
            self.emit_window(inner, slot, assigner.window(start));
            if self.lateness == 0 {
                self.clean_up(inner, slot, start);
            }
            let next = start + assigner.slide;
            if assigner.slide >= assigner.size {
                return Ok(());
            }
            let due = assigner.max_timestamp(next) <= watermark;
            if due {
                self.place_window(inner, slot, next);
                inner.slices.load(&inner.table)?;
            }
            if !self.needs_next(inner, slot, start) {
                return Ok(());
            }
            if !due {
                self.timer(&inner.table, slot, FIRE, assigner.max_timestamp(next), next);
                return Ok(());
            }
            start = next;
        }
    }

    /// Removes the slices whose last window starts here.
    pub(super) fn clean_up(&self, inner: &mut Inner<K, F::Acc>, slot: u32, start: i64) {
        inner.slices.forget_empty(slot, start);
        inner
            .slices
            .remove(slot, start..start + self.assigner.slide);
    }

    /// Emits the result of a window, unless it is empty.
    pub(super) fn emit_window(&self, inner: &Inner<K, F::Acc>, slot: u32, window: Window) {
        let mut accs = inner.slices.between(slot, window.start..window.end);
        let Some(first) = accs.next() else { return };
        let key = &inner.keys[slot as usize];
        let mut out = Collector::new(&self.out, window.end - 1);
        let Some(second) = accs.next() else {
            return (self.emit)(key, window, first, &mut out);
        };
        let mut whole = Some(first.clone());
        self.fold.merge(&mut whole, second);
        for acc in accs {
            self.fold.merge(&mut whole, acc);
        }
        if let Some(whole) = whole {
            (self.emit)(key, window, &whole, &mut out);
        }
    }

    /// Whether the window after `start` has slices in common with it, and none that begins with it, which would have
    /// brought a timer along.
    fn needs_next(&self, inner: &Inner<K, F::Acc>, slot: u32, start: i64) -> bool {
        let assigner = &self.assigner;
        let next = start + assigner.slide;
        let (end, next_end) = (start + assigner.size, next + assigner.size);
        let any = |range| inner.slices.between(slot, range).next().is_some();
        any(next..end) && !any(end..next_end)
    }

    /// Asks for all slices of a window.
    fn place_window(&self, inner: &mut Inner<K, F::Acc>, slot: u32, start: i64) {
        let end = start + self.assigner.size;
        let count = (self.assigner.size / self.assigner.slice) as usize;
        if inner.slices.known(slot, start..end) == count {
            return;
        }
        let mut slice = start;
        while slice < end {
            inner.slices.find(slot, slice);
            slice += self.assigner.slice;
        }
    }

    /// Loads everything that the windows of these timers need; tells what each is for and where its window starts.
    pub(super) fn place_timers(
        &self,
        inner: &mut Inner<K, F::Acc>,
        timers: &TimerBatch,
    ) -> Result<Vec<(u8, i64)>, Error> {
        inner.enter(&timers.keys, timers.len())?;
        let mut windows = Vec::with_capacity(timers.len());
        for (index, namespace) in timers.namespaces.entries(timers.len()).enumerate() {
            let Some((&what, start)) = namespace.split_first() else {
                return Err(Error::Task("timer of no window".to_owned()));
            };
            let start = i64::decode_sub_key(start)?;
            if !Assigner::accepts(start) {
                return Err(Error::Task(format!(
                    "timer of an impossible window {start}"
                )));
            }
            windows.push((what, start));
            self.place_window(inner, inner.slots[index], start);
        }
        inner.slices.load(&inner.table)?;
        Ok(windows)
    }
}
