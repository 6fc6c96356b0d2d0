//! The general window operator: any assigner, trigger, evictor and contents, merging windows included.
//!
//! A call assigns every record of its batch to windows first and reads what those need in bulk; then records go in one
//! by one. The default trigger is not asked but known: the window fires at its end. Its timers are lazy: a window that
//! has grown keeps the timer it had, which registers the next one when it fires too early, so a session costs a timer
//! for every gap and not for every record. Event-time windows with an incremental function and the default trigger
//! have an operator of their own (`node.rs`), which is faster.
//!
//! Every record is counted: in a window, late, or in none.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use super::any_trigger::AnyTrigger;
use super::bounds::WINDOW_WIDTH;
use super::contents::Contents;
use super::late::LateRecords;
use super::store::{StateNumbers, Store};
use super::trigger::{Scene, TimerChange, TriggerResult};
use super::{Assigner, Window, WindowAssigner, WindowContext};
use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::error::{Error, Outcome};
use crate::keyed::{KeyTable, TimerService};
use crate::row::Row;
use crate::task::{Collector, Head, Operator, Out, Shared, for_each_value};

/// What makes windows out of records.
pub(crate) struct Shape<T> {
    pub(crate) assigner: Rc<dyn WindowAssigner<T>>,
    /// None for the end of the window.
    pub(crate) trigger: Option<Rc<dyn AnyTrigger<T>>>,
    /// Milliseconds; 0 in processing time.
    pub(crate) lateness: i64,
}

/// A general window operator in its place.
pub(crate) struct WindowOperator<K, T: Row, C: Contents<T>, U, E> {
    pub(super) shape: Shape<T>,
    pub(super) domain: TimeDomain,
    pub(super) merging: bool,
    pub(super) contents: C,
    pub(super) emit: E,
    pub(super) inner: RefCell<Inner<K, T, C>>,
    pub(super) timers: TimerService,
    pub(super) late: LateRecords<T>,
    pub(super) out: Out<U>,
    pub(super) shared: Rc<Shared>,
    key: PhantomData<fn(K)>,
}

pub(super) struct Inner<K, T: Row, C: Contents<T>> {
    pub(super) table: KeyTable,
    pub(super) keys: Vec<K>,
    pub(super) slots: Vec<u32>,
    /// The records of the batch; none where the bytes are malformed.
    records: Vec<Option<T>>,
    /// For each record, where its windows end in `windows`.
    ends: Vec<u32>,
    windows: Vec<Window>,
    /// Windows that the host is to be asked for.
    pub(super) wanted: Vec<(u32, Window)>,
    pub(super) store: Store<C::Held>,
    pub(super) changes: Vec<TimerChange>,
    /// The trigger's state before it was asked.
    pub(super) before: Vec<u8>,
}

impl<K: Row, T: Row, C: Contents<T>> Inner<K, T, C> {
    pub(super) fn enter(&mut self, keys: &Column, count: usize) -> Result<(), Error> {
        self.table.intern_all(keys, count, &mut self.slots);
        for slot in self.keys.len() as u32..self.table.len() {
            self.keys.push(K::decode(self.table.key(slot))?);
        }
        self.store.grow(self.table.len());
        self.store.read_sets::<T, C>(&self.table, &self.slots)
    }
}

impl<K: Row, T: Row, C: Contents<T>, U: Row, E> WindowOperator<K, T, C, U, E>
where
    E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
{
    pub(crate) fn new(
        shape: Shape<T>,
        contents: C,
        emit: E,
        states: StateNumbers,
        late: LateRecords<T>,
        out: Out<U>,
        shared: &Rc<Shared>,
    ) -> Self {
        Self {
            domain: shape.assigner.domain(),
            merging: shape.assigner.is_merging(),
            shape,
            contents,
            emit,
            inner: RefCell::new(Inner {
                table: KeyTable::new(K::WIDTH),
                keys: Vec::new(),
                slots: Vec::new(),
                records: Vec::new(),
                ends: Vec::new(),
                windows: Vec::new(),
                wanted: Vec::new(),
                store: Store::new(states, shared),
                changes: Vec::new(),
                before: Vec::new(),
            }),
            timers: TimerService::new(shared, WINDOW_WIDTH),
            late,
            out,
            shared: Rc::clone(shared),
            key: PhantomData,
        }
    }

    /// Decodes the records of a batch, assigns their windows and reads what those need.
    fn place(&self, batch: &Batch) -> Result<(), Error> {
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
            for entry in &store.by_slot[slot as usize].entries {
                if self.shape.assigner.merges(entry.window, window) {
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

    /// The time at which a window is complete.
    #[inline]
    pub(super) fn fire_time(&self, window: Window) -> i64 {
        match self.domain {
            TimeDomain::Event => window.max_timestamp(),
            TimeDomain::Processing => window.end,
        }
    }

    /// The time at which a window is forgotten; the greatest number for never.
    #[inline]
    pub(super) fn clean_up_time(&self, window: Window) -> i64 {
        if window.end == i64::MAX {
            return i64::MAX;
        }
        self.fire_time(window).saturating_add(self.shape.lateness)
    }

    /// Whether a window is over.
    #[inline]
    pub(super) fn is_late(&self, window: Window) -> bool {
        self.domain == TimeDomain::Event && {
            let over = self.clean_up_time(window);
            over != i64::MAX && over <= self.shared.now().watermark
        }
    }

    /// Puts a record into its windows.
    fn element(
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

    /// The moment in which a trigger is asked.
    pub(super) fn scene(&self, window: Window, timestamp: i64) -> Scene {
        let now = self.shared.now();
        Scene {
            window,
            timestamp,
            watermark: now.watermark,
            processing_time: now.processing_time,
        }
    }
}

#[cold]
fn empty_window(window: Window) -> Error {
    let Window { start, end } = window;
    Error::User(format!(
        "the assigner gave a window from {start} to {end}, which is empty: give positive sizes and gaps"
    ))
}

impl<K: Row, T: Row, C: Contents<T>, U: Row, E> Operator for WindowOperator<K, T, C, U, E>
where
    E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
{
    fn on_timers(&self, domain: TimeDomain, timers: &TimerBatch) -> usize {
        match self.fire_timers(domain, timers) {
            Ok(fired) => fired,
            Err(error) => {
                self.shared.fail(error);
                0
            }
        }
    }

    fn end_call(&self) {
        let mut inner = self.inner.borrow_mut();
        let Inner {
            table, keys, store, ..
        } = &mut *inner;
        store.flush(&self.contents, table);
        let keys_max = self.shared.cached_keys_max;
        if table.len() as usize > keys_max || store.len() > keys_max.saturating_mul(8) {
            table.clear();
            keys.clear();
            store.clear();
        }
        self.timers.flush();
        self.late.flush(&self.shared);
    }
}

impl<K: Row, T: Row, C: Contents<T>, U: Row, E> Head for WindowOperator<K, T, C, U, E>
where
    E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
{
    fn prepare(&self, batch: &Batch) {
        if let Err(error) = self.place(batch) {
            self.shared.fail(error);
        }
    }

    fn run(&self, batch: &Batch, range: Range<usize>, to_the_end: bool) -> usize {
        let mut inner = self.inner.borrow_mut();
        let shared = &*self.shared;
        for_each_value(batch, range, |index, value| {
            let slot = inner.slots[index];
            let outcome = if inner.records[index].is_none() {
                T::decode(value).map(|_| ())
            } else {
                self.element(&mut inner, (index, slot), batch.timestamp(index))
            };
            if let Err(error) = outcome {
                shared.fail(error);
            }
            shared.stopping() && (!to_the_end || shared.failed())
        })
    }
}

#[cfg(test)]
mod tests;
