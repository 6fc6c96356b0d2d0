//! The window operator: folds records into slices and fires windows when the watermark has passed them.
//!
//! Timers. A key has a timer for the first window of each of its slices that is still open; a window that fires
//! registers the next one if they share a slice, or fires it at once if it is due as well. So every window of every
//! slice fires, in order, and a sliding window costs one timer per slide, not one per record and window. With allowed
//! lateness a record that comes after its window has fired makes it fire again, and a third kind of timer removes the
//! slices; without it they go when their last window fires.
//!
//! A result has the window's last millisecond as timestamp.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use super::fire::{FIRE, FIRE_AGAIN, NAMESPACE_WIDTH};
use super::late::LateRecords;
use super::slices::Slices;
use super::{Assigner, Fold, Window};
use crate::column::{Batch, Column, NO_TIMESTAMP, TimeDomain, TimerBatch};
use crate::error::Error;
use crate::keyed::{KeyTable, TimerService};
use crate::row::Row;
use crate::task::{Collector, Head, Operator, Out, Shared, for_each_value};

/// Stands for the slice of a record that is late.
const LATE: u32 = u32::MAX;
/// Stands for the slice of a record that no window contains.
const NOWHERE: u32 = u32::MAX - 1;

/// A window operator in its place.
pub(crate) struct WindowNode<K, T: Row, F: Fold<T>, U, E> {
    pub(super) assigner: Assigner,
    pub(super) lateness: i64,
    pub(super) fold: F,
    pub(super) emit: E,
    pub(super) inner: RefCell<Inner<K, F::Acc>>,
    pub(super) timers: TimerService,
    pub(super) late: LateRecords<T>,
    pub(super) out: Out<U>,
    pub(super) shared: Rc<Shared>,
    pub(super) record: PhantomData<fn(T)>,
}

/// The slice of the record before: the next one usually belongs to it too, and a division is saved.
struct KnownSlice {
    start: i64,
    length: u64,
    /// [`LATE`] or [`NOWHERE`], or nothing if the slice is open.
    verdict: Option<u32>,
}

impl KnownSlice {
    #[inline]
    fn contains(&self, timestamp: i64) -> bool {
        (timestamp.wrapping_sub(self.start) as u64) < self.length
    }
}

pub(super) struct Inner<K, A> {
    pub(super) table: KeyTable,
    pub(super) keys: Vec<K>,
    pub(super) slots: Vec<u32>,
    /// For each record of the batch, the cell of its slice.
    pub(super) places: Vec<u32>,
    pub(super) slices: Slices<A>,
}

impl<K: Row, T: Row, F: Fold<T>, U: Row, E> WindowNode<K, T, F, U, E>
where
    E: Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
{
    pub(crate) fn new(
        (assigner, lateness): (Assigner, i64),
        fold: F,
        emit: E,
        state: u32,
        late: LateRecords<T>,
        out: Out<U>,
        shared: &Rc<Shared>,
    ) -> Self {
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
            timers: TimerService::new(shared, NAMESPACE_WIDTH),
            late,
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
        self.find_places(batch, inner);
        inner.slices.load(&inner.table)
    }

    fn find_places(&self, batch: &Batch, inner: &mut Inner<K, F::Acc>) {
        let mut known = self.slice(NO_TIMESTAMP);
        let slices = &mut inner.slices;
        let place = |(index, &slot): (usize, &u32)| {
            let timestamp = batch.timestamp(index);
            if !known.contains(timestamp) {
                known = self.slice(timestamp);
            }
            match known.verdict {
                None => slices.find(slot, known.start),
                Some(verdict) => verdict,
            }
        };
        inner.places.clear();
        inner
            .places
            .extend(inner.slots.iter().enumerate().map(place));
    }

    /// The slice of a timestamp, and what becomes of its records.
    fn slice(&self, timestamp: i64) -> KnownSlice {
        if !Assigner::accepts(timestamp) {
            return KnownSlice {
                start: timestamp,
                length: 1,
                verdict: Some(LATE),
            };
        }
        let start = self.assigner.slice_of(timestamp);
        let verdict = if self.assigner.in_gap(start) {
            Some(NOWHERE)
        } else {
            let late = self.is_late(start, self.shared.now().watermark);
            late.then_some(LATE)
        };
        KnownSlice {
            start,
            length: self.assigner.slice as u64,
            verdict,
        }
    }

    /// Whether all windows of a slice are over.
    #[inline]
    fn is_late(&self, slice: i64, watermark: i64) -> bool {
        let last = self
            .assigner
            .max_timestamp(self.assigner.last_window(slice));
        last.saturating_add(self.lateness) <= watermark
    }

    /// Takes a record that comes too late, and refuses one without a timestamp.
    #[cold]
    fn take_late(&self, timestamp: i64, value: &[u8]) {
        if !Assigner::accepts(timestamp) {
            self.shared.fail(LateRecords::<T>::no_timestamp());
        } else if self.late.has_output() {
            match T::decode(value) {
                Ok(record) => self.late.late(record, timestamp),
                Err(error) => self.shared.fail(error),
            }
        } else {
            self.late.drop_late();
        }
    }
}

impl<K: Row, A: Row> Inner<K, A> {
    pub(super) fn enter(&mut self, keys: &Column, count: usize) -> Result<(), Error> {
        self.table.intern_all(keys, count, &mut self.slots);
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
        let windows = match self.place_timers(&mut inner, timers) {
            Ok(windows) => windows,
            Err(error) => {
                self.shared.fail(error);
                return 0;
            }
        };
        for (index, &(what, start)) in windows.iter().enumerate() {
            let slot = inner.slots[index];
            match what {
                FIRE => {
                    if let Err(error) = self.fire(&mut inner, slot, start) {
                        self.shared.fail(error);
                    }
                }
                FIRE_AGAIN => self.emit_window(&inner, slot, self.assigner.window(start)),
                _ => self.clean_up(&mut inner, slot, start),
            }
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
        self.late.flush(&self.shared);
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
            if place == NOWHERE {
                self.late.in_no_window();
                return false;
            }
            if place == LATE {
                self.take_late(batch.timestamp(index), value);
            } else {
                match T::decode(value) {
                    Ok(record) => {
                        let add = |acc: &mut Option<F::Acc>| self.fold.add(acc, record);
                        let (first, new) = slices.change(place, add);
                        if new || (redo && first) {
                            let slice = slices.start(place);
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
