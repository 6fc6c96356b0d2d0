//! The window operator: folds records into slices and fires windows when the watermark has passed them.
//!
//! Timers. A key has a timer for the first window of each of its slices that is still open; a window that fires
//! registers the next one if they share a slice. So every window of every slice fires, and a sliding window costs one
//! timer per slide, not one per record and window. With allowed lateness a record that comes after its window has
//! fired makes it fire again, and a second timer removes the slices.
//!
//! A window fires in the order of its timers; its result has the window's last millisecond as timestamp.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use super::slices::Slices;
use super::{Assigner, Fold, Window};
use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::error::Error;
use crate::keyed::{KeyTable, TimerService};
use crate::operator::Counter;
use crate::operator::counter::Counters;
use crate::row::Row;
use crate::state::{SubKey, ordered};
use crate::task::{Collector, Head, Operator, Out, Shared, for_each_value};

/// The counter of records that came after their windows were over.
pub(crate) const LATE_RECORDS_DROPPED: &str = "late_records_dropped";

/// Stands for the slice of a record that is late.
const LATE: u32 = u32::MAX;

/// A window operator in its place.
pub(crate) struct WindowNode<K, T, F: Fold<T>, U, E> {
    assigner: Assigner,
    lateness: i64,
    fold: F,
    emit: E,
    inner: RefCell<Inner<K, F::Acc>>,
    timers: TimerService,
    late: Counter,
    counters: Counters,
    out: Out<U>,
    shared: Rc<Shared>,
    record: PhantomData<fn(T)>,
}

struct Inner<K, A> {
    table: KeyTable,
    keys: Vec<K>,
    slots: Vec<u32>,
    /// For each record of the batch, its slice within the key.
    places: Vec<u32>,
    slices: Slices<A>,
}

impl<K: Row, T: Row, F: Fold<T>, U: Row, E> WindowNode<K, T, F, U, E>
where
    E: Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
{
    pub(crate) fn new(
        (assigner, lateness): (Assigner, i64),
        fold: F,
        emit: E,
        (operator, state): (u32, u32),
        out: Out<U>,
        shared: &Rc<Shared>,
    ) -> Self {
        let counters = Counters::new(operator);
        Self {
            assigner,
            lateness,
            fold,
            emit,
            inner: RefCell::new(Inner {
                table: KeyTable::new(K::WIDTH),
                keys: Vec::new(),
                slots: Vec::new(),
                places: Vec::new(),
                slices: Slices::new(state, shared),
            }),
            timers: TimerService::new(shared, 8),
            late: counters.counter(LATE_RECORDS_DROPPED),
            counters,
            out,
            shared: Rc::clone(shared),
            record: PhantomData,
        }
    }

    /// Gives every record of the batch its slot and slice, and loads the slices that are new.
    fn place(&self, batch: &Batch) -> Result<(), Error> {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        inner.enter(&batch.keys, batch.len())?;
        inner.places.clear();
        let watermark = self.shared.now().watermark;
        for (index, &slot) in inner.slots.iter().enumerate() {
            let timestamp = batch.timestamp(index);
            let place = if Assigner::accepts(timestamp) {
                let slice = self.assigner.slice_of(timestamp);
                if self.is_late(slice, watermark) {
                    LATE
                } else {
                    inner.slices.find(slot, slice)
                }
            } else {
                LATE
            };
            inner.places.push(place);
        }
        inner.slices.load(&inner.table)
    }

    /// Whether all windows of a slice are over.
    #[inline]
    fn is_late(&self, slice: i64, watermark: i64) -> bool {
        let last = self
            .assigner
            .max_timestamp(self.assigner.last_window(slice));
        last.saturating_add(self.lateness) <= watermark
    }

    /// Registers what a changed slice needs.
    fn register(&self, table: &KeyTable, slot: u32, slice: i64, new: bool) {
        let assigner = &self.assigner;
        let watermark = self.shared.now().watermark;
        let (first, last) = (assigner.first_window(slice), assigner.last_window(slice));
        let key = (table.width(), table.key(slot));
        let fire = |time, window| {
            self.timers
                .register(TimeDomain::Event, time, key, &ordered(window));
        };
        let mut window = first;
        while window <= last && assigner.max_timestamp(window) <= watermark {
            // The window has fired without this record; within its lateness it fires again.
            let complete = assigner.max_timestamp(window);
            if complete.saturating_add(self.lateness) > watermark {
                fire(complete, window);
            }
            window += assigner.slide;
        }
        if new && first <= last {
            if window <= last {
                fire(assigner.max_timestamp(window), window);
            }
            if self.lateness > 0 {
                fire(
                    assigner.max_timestamp(last).saturating_add(self.lateness),
                    last,
                );
            }
        }
    }

    /// Fires a window of a key, or removes what was kept for its lateness.
    fn fire(&self, inner: &mut Inner<K, F::Acc>, slot: u32, time: i64, start: i64) {
        let assigner = self.assigner;
        let window = assigner.window(start);
        let complete = assigner.max_timestamp(start);
        if time == complete {
            self.emit_window(inner, slot, window);
            self.register_next(inner, slot, start);
        }
        if time >= complete.saturating_add(self.lateness) {
            inner.slices.remove(slot, |slice| {
                slice < window.end && assigner.last_window(slice) == start
            });
        }
    }

    fn emit_window(&self, inner: &Inner<K, F::Acc>, slot: u32, window: Window) {
        let inside = |slice: i64| slice >= window.start && slice < window.end;
        let slices = inner.slices.of(slot).iter();
        let mut full = slices.filter(|slice| inside(slice.start) && slice.acc.is_some());
        let Some(first) = full.next() else { return };
        let mut rest: Vec<_> = full.collect();
        let key = &inner.keys[slot as usize];
        let mut out = Collector::new(&self.out, window.end - 1);
        if rest.is_empty() {
            if let Some(acc) = &first.acc {
                (self.emit)(key, window, acc, &mut out);
            }
            return;
        }
        rest.push(first);
        rest.sort_unstable_by_key(|slice| slice.start);
        let mut whole = None;
        for acc in rest.iter().filter_map(|slice| slice.acc.as_ref()) {
            self.fold.merge(&mut whole, acc);
        }
        if let Some(whole) = whole {
            (self.emit)(key, window, &whole, &mut out);
        }
    }

    /// Registers the window after `start` if it has slices in common with it and no timer of its own.
    fn register_next(&self, inner: &Inner<K, F::Acc>, slot: u32, start: i64) {
        let assigner = &self.assigner;
        let next = start + assigner.slide;
        let (end, next_end) = (start + assigner.size, next + assigner.size);
        let (mut shared, mut own) = (false, false);
        for slice in inner
            .slices
            .of(slot)
            .iter()
            .filter(|slice| slice.acc.is_some())
        {
            shared |= slice.start >= next && slice.start < end;
            own |= slice.start >= end.max(next) && slice.start < next_end;
        }
        if shared && !own {
            let key = (inner.table.width(), inner.table.key(slot));
            let time = assigner.max_timestamp(next);
            self.timers
                .register(TimeDomain::Event, time, key, &ordered(next));
        }
    }

    /// Loads everything that the windows of these timers need; returns their starts.
    fn place_timers(
        &self,
        inner: &mut Inner<K, F::Acc>,
        timers: &TimerBatch,
    ) -> Result<Vec<i64>, Error> {
        inner.enter(&timers.keys, timers.len())?;
        let mut starts = Vec::with_capacity(timers.len());
        for (namespace, &slot) in timers.namespaces.entries(timers.len()).zip(&inner.slots) {
            let start = i64::decode_sub_key(namespace)?;
            if !Assigner::accepts(start) {
                return Err(Error::Task(format!(
                    "timer of an impossible window {start}"
                )));
            }
            starts.push(start);
            let mut slice = start;
            while slice < start + self.assigner.size {
                inner.slices.find(slot, slice);
                slice += self.assigner.slice;
            }
        }
        inner.slices.load(&inner.table)?;
        Ok(starts)
    }
}

impl<K: Row, A: Row> Inner<K, A> {
    fn enter(&mut self, keys: &Column, count: usize) -> Result<(), Error> {
        self.slots.clear();
        self.slots
            .extend(keys.entries(count).map(|key| self.table.intern(key)));
        for slot in self.keys.len() as u32..self.table.len() {
            self.keys.push(K::decode(self.table.key(slot))?);
        }
        self.slices.grow(self.table.len());
        Ok(())
    }
}

impl<K: Row, T: Row, F: Fold<T>, U: Row, E> Operator for WindowNode<K, T, F, U, E>
where
    E: Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
{
    fn on_timers(&self, domain: TimeDomain, timers: &TimerBatch) -> usize {
        if domain == TimeDomain::Processing {
            return timers.len();
        }
        let mut inner = self.inner.borrow_mut();
        let starts = match self.place_timers(&mut inner, timers) {
            Ok(starts) => starts,
            Err(error) => {
                self.shared.fail(error);
                return 0;
            }
        };
        for (index, (&time, &start)) in timers.times.iter().zip(&starts).enumerate() {
            let slot = inner.slots[index];
            self.fire(&mut inner, slot, time, start);
            if self.shared.stopping() {
                return index + 1;
            }
        }
        timers.len()
    }

    fn end_call(&self) {
        let mut inner = self.inner.borrow_mut();
        let Inner {
            table,
            keys,
            slices,
            ..
        } = &mut *inner;
        slices.flush(table);
        let keys_max = self.shared.cached_keys_max;
        if table.len() as usize > keys_max || slices.len() > keys_max.saturating_mul(8) {
            table.clear();
            keys.clear();
            slices.clear();
        }
        self.timers.flush();
        self.counters.flush(&self.shared);
    }
}

impl<K: Row, T: Row, F: Fold<T>, U: Row, E> Head for WindowNode<K, T, F, U, E>
where
    E: Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
{
    fn prepare(&self, batch: &Batch) {
        if let Err(error) = self.place(batch) {
            self.shared.fail(error);
        }
    }

    fn run(&self, batch: &Batch, range: Range<usize>, to_the_end: bool) -> usize {
        let mut inner = self.inner.borrow_mut();
        let Inner {
            table,
            slots,
            places,
            slices,
            ..
        } = &mut *inner;
        let shared = &*self.shared;
        let redo = self.lateness > 0;
        for_each_value(batch, range, |index, value| {
            let (slot, place) = (slots[index], places[index]);
            if place == LATE {
                if Assigner::accepts(batch.timestamp(index)) {
                    self.late.add(1);
                } else {
                    shared.fail(Error::from("record has no usable timestamp for its window, call assign_timestamps before"));
                }
            } else {
                match T::decode(value) {
                    Ok(record) => {
                        let add = |acc: &mut Option<F::Acc>| self.fold.add(acc, record);
                        let (first, new) = slices.change(slot, place, add);
                        if new || (redo && first) {
                            let slice = slices.of(slot)[place as usize].start;
                            self.register(table, slot, slice, new);
                        }
                    }
                    Err(error) => shared.fail(error),
                }
            }
            shared.stopping() && (!to_the_end || shared.failed())
        })
    }
}

/// The state of a window operator: accumulators by slice.
pub(crate) const WINDOW_STATE: &str = "window";
