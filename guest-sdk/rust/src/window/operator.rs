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
use super::trigger::{Scene, TimerChange};
use super::{Window, WindowAssigner, WindowContext};
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
    pub(super) records: Vec<Option<T>>,
    /// For each record, where its windows end in `windows`.
    pub(super) ends: Vec<u32>,
    pub(super) windows: Vec<Window>,
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
