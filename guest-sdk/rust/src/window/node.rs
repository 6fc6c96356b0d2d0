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

use super::slices::{Slice, Slices};
use super::{Assigner, Fold, Window};
use crate::column::{Batch, Column, NO_TIMESTAMP, TimeDomain, TimerBatch};
use crate::error::Error;
use crate::keyed::{KeyTable, TimerService};
use crate::operator::Counter;
use crate::operator::counter::Counters;
use crate::row::Row;
use crate::state::{SubKey, ordered};
use crate::task::{Collector, Head, Operator, Out, Shared, for_each_value};

/// The counter of records that came after their windows were over.
pub(crate) const LATE_RECORDS_DROPPED: &str = "late_records_dropped";

/// What a timer is for; the first byte of its namespace, before the start of the window.
const FIRE: u8 = 0;
const FIRE_AGAIN: u8 = 1;
const CLEAN_UP: u8 = 2;

/// The namespace of a window's timer.
fn namespace(what: u8, window: i64) -> [u8; 9] {
    let mut namespace = [what; 9];
    namespace[1..].copy_from_slice(&ordered(window));
    namespace
}

/// Stands for the slice of a record that is late.
const LATE: u32 = u32::MAX;
/// Stands for the slice of a record that no window contains.
const NOWHERE: u32 = u32::MAX - 1;

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

struct Inner<K, A> {
    table: KeyTable,
    keys: Vec<K>,
    slots: Vec<u32>,
    /// For each record of the batch, its slice within the key.
    places: Vec<u32>,
    slices: Slices<A>,
    /// Scratch: the slices of one window.
    window_places: Vec<u32>,
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
                window_places: Vec::new(),
            }),
            timers: TimerService::new(shared, 9),
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
        let mut known = self.slice(NO_TIMESTAMP);
        for (index, &slot) in inner.slots.iter().enumerate() {
            let timestamp = batch.timestamp(index);
            if !known.contains(timestamp) {
                known = self.slice(timestamp);
            }
            let place = match known.verdict {
                None => inner.slices.find(slot, known.start),
                Some(verdict) => verdict,
            };
            inner.places.push(place);
        }
        inner.slices.load(&inner.table)
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

    /// Counts a record that comes too late, and refuses one without a timestamp.
    #[cold]
    fn drop_late(&self, timestamp: i64) {
        if Assigner::accepts(timestamp) {
            self.late.add(1);
        } else {
            let text = "record has no usable timestamp for its window, call assign_timestamps";
            self.shared.fail(Error::from(text));
        }
    }

    fn timer(&self, table: &KeyTable, slot: u32, what: u8, time: i64, window: i64) {
        let key = (table.width(), table.key(slot));
        let namespace = namespace(what, window);
        self.timers
            .register(TimeDomain::Event, time, key, &namespace);
    }

    /// Registers what a changed slice needs.
    fn register(&self, table: &KeyTable, slot: u32, slice: i64, new: bool) {
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
    fn fire(&self, inner: &mut Inner<K, F::Acc>, slot: u32, mut start: i64) -> Result<(), Error> {
        let assigner = self.assigner;
        let watermark = self.shared.now().watermark;
        loop {
            self.emit_window(inner, slot, assigner.window(start));
            if self.lateness == 0 {
                self.clean_up(inner, slot, start);
            }
            let next = start + assigner.slide;
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
    fn clean_up(&self, inner: &mut Inner<K, F::Acc>, slot: u32, start: i64) {
        let assigner = self.assigner;
        inner
            .slices
            .remove(slot, |slice| assigner.last_window(slice) == start);
    }

    fn emit_window(&self, inner: &mut Inner<K, F::Acc>, slot: u32, window: Window) {
        let Inner {
            keys,
            slices,
            window_places,
            ..
        } = inner;
        let slices = slices.of(slot);
        let key = &keys[slot as usize];
        let mut out = Collector::new(&self.out, window.end - 1);
        if self.assigner.slice == self.assigner.size {
            let mut slices = slices.iter();
            let acc = slices.find(|slice| slice.start == window.start);
            if let Some(acc) = acc.and_then(|slice| slice.acc.as_ref()) {
                (self.emit)(key, window, acc, &mut out);
            }
            return;
        }
        self.find_places(slices, window.start, window_places);
        let mut whole = None;
        for &place in window_places.iter().filter(|place| **place != NOWHERE) {
            if let Some(acc) = &slices[place as usize].acc {
                self.fold.merge(&mut whole, acc);
            }
        }
        if let Some(whole) = whole {
            (self.emit)(key, window, &whole, &mut out);
        }
    }

    /// Finds the slices of a window among those of a key, in order of time; [`NOWHERE`] stands for one that is not known.
    fn find_places(&self, slices: &[Slice<F::Acc>], start: i64, places: &mut Vec<u32>) {
        let (size, slice) = (self.assigner.size, self.assigner.slice);
        places.clear();
        places.resize((size / slice) as usize, NOWHERE);
        for (place, known) in slices.iter().enumerate() {
            let offset = known.start - start;
            if offset >= 0 && offset < size {
                places[(offset / slice) as usize] = place as u32;
            }
        }
    }

    /// Whether the window after `start` has slices in common with it, and none that begins with it, which would have
    /// brought a timer along.
    fn needs_next(&self, inner: &Inner<K, F::Acc>, slot: u32, start: i64) -> bool {
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
        shared && !own
    }

    /// Asks for all slices of a window.
    fn place_window(&self, inner: &mut Inner<K, F::Acc>, slot: u32, start: i64) {
        if self.assigner.slice == self.assigner.size {
            inner.slices.find(slot, start);
            return;
        }
        let mut places = std::mem::take(&mut inner.window_places);
        self.find_places(inner.slices.of(slot), start, &mut places);
        for (index, _) in places
            .iter()
            .enumerate()
            .filter(|(_, place)| **place == NOWHERE)
        {
            inner
                .slices
                .add(slot, start + index as i64 * self.assigner.slice);
        }
        inner.window_places = places;
    }

    /// Loads everything that the windows of these timers need; tells what each is for and where its window starts.
    fn place_timers(
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

impl<K: Row, A: Row> Inner<K, A> {
    fn enter(&mut self, keys: &Column, count: usize) -> Result<(), Error> {
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
                FIRE_AGAIN => self.emit_window(&mut inner, slot, self.assigner.window(start)),
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
            if place == NOWHERE {
                return false;
            }
            if place == LATE {
                self.drop_late(batch.timestamp(index));
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
