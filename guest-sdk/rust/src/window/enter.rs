//! How records come into their windows: assigned and read for in bulk, then added one by one.
//!
//! `operator.rs` has the whole picture, `act.rs` what windows do then.

use super::contents::Contents;
use super::late::LateRecords;
use super::operator::{Inner, WindowOperator};
use super::trigger::TriggerResult;
use super::{Assigner, Window, WindowContext};
use crate::column::{Batch, TimeDomain};
use crate::error::{Error, Outcome};
use crate::keyed::KeyTable;
use crate::row::Row;
use crate::task::{Collector, for_each_value};

impl<K: Row, T: Row, C: Contents<T>, U: Row, E> WindowOperator<K, T, C, U, E>
where
    E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
{
    /// Decodes the records of a batch, assigns their windows and reads what those need.
    pub(super) fn place(&self, batch: &Batch) -> Result<(), Error> {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        inner.enter(&batch.keys, batch.len())?;
        inner.records.clear();
        inner.ends.clear();
        inner.windows.clear();
        inner.wanted.clear();
        for_each_value(batch, 0..batch.len(), |index, value| {
            let record = T::decode(value).ok();
            let first = inner.windows.len();
            if let Some(record) = &record
                && let Some(time) = self.time_of(batch.timestamp(index))
            {
                self.shape.assigner.assign(record, time, &mut inner.windows);
            }
            inner.records.push(record);
            inner.ends.push(inner.windows.len() as u32);
            for at in first..inner.windows.len() {
                let (slot, window) = (inner.slots[index], inner.windows[at]);
                self.want(inner, slot, window);
            }
            false
        });
        let (store, table) = (&mut inner.store, &inner.table);
        store.read(&self.contents, table, &inner.wanted, C::READS)
    }

    /// What the assigner goes by; none if the record has no usable timestamp.
    #[inline]
    fn time_of(&self, timestamp: i64) -> Option<i64> {
        match self.domain {
            TimeDomain::Processing => Some(self.shared.now().processing_time),
            TimeDomain::Event => Assigner::accepts(timestamp).then_some(timestamp),
        }
    }

    /// Notes that a record will go to a window of a key: what is in the way of reading it in bulk is prepared.
    fn want(&self, inner: &mut Inner<K, T, C>, slot: u32, window: Window) {
        let store = &mut inner.store;
        if self.merging {
            for at in store.near(slot, window) {
                let entry = &store.by_slot[slot as usize].entries[at];
                if self.merges(entry.window, window) {
                    inner.wanted.push((slot, entry.address));
                }
            }
        } else if let Err(at) = store.position(slot, window)
            && !self.is_late(window)
        {
            store.insert(slot, at, window, window);
            inner.wanted.push((slot, window));
        }
    }

    /// Puts a record into its windows.
    pub(super) fn element(
        &self,
        inner: &mut Inner<K, T, C>,
        (index, slot): (usize, u32),
        timestamp: i64,
    ) -> Outcome {
        let first = index.checked_sub(1).map_or(0, |before| inner.ends[before]) as usize;
        let end = inner.ends[index] as usize;
        let Some(record) = inner.records[index].take() else {
            return Ok(());
        };
        if self.time_of(timestamp).is_none() {
            return Err(LateRecords::<T>::no_timestamp());
        }
        if first == end {
            self.late.in_no_window();
            return Ok(());
        }
        let (mut record, mut late) = (record, true);
        for nth in first..end {
            let window = inner.windows[nth];
            if window.start >= window.end {
                return Err(empty_window(window));
            }
            if let Some(at) = self.enter_window(inner, slot, window)? {
                late = false;
                if nth + 1 == end {
                    return self.add(inner, (slot, at), record, timestamp);
                }
                let next = record.clone();
                self.add(
                    inner,
                    (slot, at),
                    std::mem::replace(&mut record, next),
                    timestamp,
                )?;
            }
        }
        if late {
            self.late.late(record, timestamp);
        }
        Ok(())
    }

    /// Where the window is that a record's window has become; none if it is late.
    fn enter_window(
        &self,
        inner: &mut Inner<K, T, C>,
        slot: u32,
        window: Window,
    ) -> Result<Option<usize>, Error> {
        if self.merging {
            return self.merge_into(inner, slot, window);
        }
        if self.is_late(window) {
            return Ok(None);
        }
        let at = match inner.store.position(slot, window) {
            Ok(at) => at,
            Err(at) => {
                // It was there when the batch came; a trigger has not removed it, so this is its first record.
                inner.store.insert(slot, at, window, window);
                at
            }
        };
        self.time_window(inner, slot, at);
        Ok(Some(at))
    }

    /// Registers the end of a window unless that is known to be done.
    pub(super) fn time_window(&self, inner: &mut Inner<K, T, C>, slot: u32, at: usize) {
        let entry = inner.store.entry(slot, at);
        if std::mem::replace(&mut entry.timed, true) {
            return;
        }
        let (window, address) = (entry.window, entry.address);
        let (fire, over) = (self.fire_time(window), self.clean_up_time(window));
        if over == i64::MAX {
            return;
        }
        if self.shape.trigger.is_none() && fire < over && fire > self.shared.now().watermark {
            self.register(&inner.table, slot, fire, address);
        }
        self.register(&inner.table, slot, over, address);
    }

    /// Registers a timer of the windows' own time.
    pub(super) fn register(&self, table: &KeyTable, slot: u32, time: i64, address: Window) {
        let key = (table.width(), table.key(slot));
        self.timers
            .register(self.domain, time, key, &address.address());
    }

    /// Adds a record to a window and does what the trigger says. The trigger does not see the contents, so it can be
    /// asked first.
    fn add(
        &self,
        inner: &mut Inner<K, T, C>,
        (slot, at): (u32, usize),
        record: T,
        timestamp: i64,
    ) -> Outcome {
        if C::READS {
            self.read_contents(inner, slot, at)?;
        }
        let result = match &self.shape.trigger {
            Some(trigger) => self.ask(inner, (slot, at), timestamp, |call| {
                trigger.on_element(&record, call)
            })?,
            None if self.has_fired(inner.store.entry(slot, at).window) => TriggerResult::Fire,
            None => TriggerResult::Continue,
        };
        let entry = inner.store.entry(slot, at);
        self.contents.add(&mut entry.held, record, timestamp);
        inner.store.touch(slot, at, false);
        self.obey(inner, (slot, at), result, timestamp)
    }

    /// Whether a window of event time has given its result, so that a late record has to give another.
    #[inline]
    fn has_fired(&self, window: Window) -> bool {
        self.domain == TimeDomain::Event
            && window.end != i64::MAX
            && window.max_timestamp() <= self.shared.now().watermark
    }
}

#[cold]
fn empty_window(window: Window) -> Error {
    let Window { start, end } = window;
    Error::User(format!(
        "the assigner gave a window from {start} to {end}, which is empty: give positive sizes and gaps"
    ))
}
