//! The slices of a window operator: accumulators by key slot and slice, cached and written through.
//!
//! A slice is in the cache as soon as it was asked for, also when the host has none: then it is known to be empty.
//! The slices of a key are in order of time. Indices hold from the last new slice to the end of the call: slices are
//! removed only while timers fire, when nothing is dirty.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use crate::column::Column;
use crate::error::Error;
use crate::host::Addresses;
use crate::keyed::{DirtyList, KeyTable};
use crate::row::Row;
use crate::state::ordered;
use crate::task::Shared;

/// The width of a slice's sub-key.
pub(super) const SLICE_KEY_WIDTH: Option<usize> = Some(8);

/// One slice of a key.
#[derive(Debug)]
pub(super) struct Slice<A> {
    pub(super) start: i64,
    pub(super) acc: Option<A>,
    dirty: bool,
}

/// The slices of all keys of an instance.
pub(super) struct Slices<A> {
    state: u32,
    shared: Rc<Shared>,
    by_slot: Vec<VecDeque<Slice<A>>>,
    count: usize,
    missing: Vec<(u32, i64)>,
    moved: bool,
    dirty: DirtyList<(u32, u32)>,
    deletes: Vec<(u32, i64)>,
    addresses: Addresses,
    values: Column,
}

impl<A: Row> Slices<A> {
    pub(super) fn new(state: u32, shared: &Rc<Shared>) -> Self {
        Self {
            state,
            shared: Rc::clone(shared),
            by_slot: Vec::new(),
            count: 0,
            missing: Vec::new(),
            moved: false,
            dirty: DirtyList::default(),
            deletes: Vec::new(),
            addresses: Addresses::default(),
            values: Column::default(),
        }
    }

    /// Makes room for the slots of the table.
    pub(super) fn grow(&mut self, slots: u32) {
        self.by_slot.resize_with(slots as usize, VecDeque::new);
    }

    /// How many slices are cached.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The index of a slice; it will be loaded by the next [`Slices::load`] if it is new. The latest slice is likely.
    #[inline]
    pub(super) fn find(&mut self, slot: u32, start: i64) -> u32 {
        let slices = &self.by_slot[slot as usize];
        match slices.back() {
            Some(last) if last.start == start => slices.len() as u32 - 1,
            _ => self.find_or_add(slot, start),
        }
    }

    fn find_or_add(&mut self, slot: u32, start: i64) -> u32 {
        let slices = &mut self.by_slot[slot as usize];
        let at = slices.partition_point(|slice| slice.start < start);
        if slices.get(at).is_none_or(|slice| slice.start != start) {
            self.moved |= at < slices.len();
            let slice = Slice {
                start,
                acc: None,
                dirty: false,
            };
            slices.insert(at, slice);
            self.count += 1;
            self.missing.push((slot, start));
        }
        at as u32
    }

    /// Whether indices have moved since this was asked the last time.
    pub(super) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The start of a slice.
    pub(super) fn start(&self, slot: u32, at: u32) -> i64 {
        self.by_slot[slot as usize][at as usize].start
    }

    /// The known slices of a key that start in `range`, by time.
    #[inline]
    pub(super) fn between(
        &self,
        slot: u32,
        range: Range<i64>,
    ) -> impl ExactSizeIterator<Item = &Slice<A>> {
        let slices = &self.by_slot[slot as usize];
        let first = slices.partition_point(|slice| slice.start < range.start);
        let end = slices.partition_point(|slice| slice.start < range.end);
        slices.range(first..end)
    }

    /// Reads the slices that are new, all at once.
    pub(super) fn load(&mut self, table: &KeyTable) -> Result<(), Error> {
        if self.missing.is_empty() {
            return Ok(());
        }
        self.dirty.reserve(self.count);
        self.addresses.clear();
        for &(slot, start) in &self.missing {
            let key = (table.width(), table.key(slot));
            self.addresses.push(key, (SLICE_KEY_WIDTH, &ordered(start)));
        }
        let found = self.shared.host.get_many(self.state, &mut self.addresses);
        let count = self.missing.len();
        found.values.check("windows", count)?;
        let answers = found.present.iter().zip(found.values.entries(count));
        for ((slot, start), (present, value)) in self.missing.drain(..).zip(answers) {
            if *present != 0 {
                let slices = &mut self.by_slot[slot as usize];
                let at = slices.partition_point(|slice| slice.start < start);
                slices[at].acc = Some(A::decode(value)?);
            }
        }
        Ok(())
    }

    /// Changes a slice. Answers whether it is the first change in this call, and whether it was empty.
    #[inline]
    pub(super) fn change(
        &mut self,
        slot: u32,
        at: u32,
        change: impl FnOnce(&mut Option<A>),
    ) -> (bool, bool) {
        let slice = &mut self.by_slot[slot as usize][at as usize];
        let (first, new) = (!slice.dirty, slice.acc.is_none());
        self.dirty.mark((slot, at), &mut slice.dirty);
        change(&mut slice.acc);
        (first, new)
    }

    /// Removes the slices of a key that start in `range`.
    pub(super) fn remove(&mut self, slot: u32, range: Range<i64>) {
        let slices = &mut self.by_slot[slot as usize];
        let first = slices.partition_point(|slice| slice.start < range.start);
        let end = slices.partition_point(|slice| slice.start < range.end);
        self.count -= end - first;
        for slice in slices.drain(first..end) {
            if slice.acc.is_some() {
                self.deletes.push((slot, slice.start));
            }
        }
    }

    /// Forgets empty slices of a key in front of a time: they were asked for with windows that nothing was in.
    pub(super) fn forget_empty(&mut self, slot: u32, before: i64) {
        let slices = &mut self.by_slot[slot as usize];
        while let Some(first) = slices.front()
            && first.start < before
            && first.acc.is_none()
        {
            slices.pop_front();
            self.count -= 1;
        }
    }

    /// Writes what the call has changed.
    pub(super) fn flush(&mut self, table: &KeyTable) {
        if !self.dirty.is_empty() {
            self.addresses.clear();
            self.values.clear();
            for &(slot, at) in self.dirty.take() {
                let slice = &mut self.by_slot[slot as usize][at as usize];
                slice.dirty = false;
                let Some(acc) = &slice.acc else { continue };
                let key = (table.width(), table.key(slot));
                self.addresses
                    .push(key, (SLICE_KEY_WIDTH, &ordered(slice.start)));
                acc.encode(&mut self.values.data);
                self.values.close(A::WIDTH);
            }
            self.shared
                .host
                .put_many(self.state, &mut self.addresses, &mut self.values);
        }
        if !self.deletes.is_empty() {
            self.addresses.clear();
            for (slot, start) in self.deletes.drain(..) {
                let key = (table.width(), table.key(slot));
                self.addresses.push(key, (SLICE_KEY_WIDTH, &ordered(start)));
            }
            self.shared
                .host
                .delete_many(self.state, &mut self.addresses);
        }
    }

    /// Forgets everything; nothing is dirty.
    pub(super) fn clear(&mut self) {
        self.by_slot.clear();
        self.count = 0;
    }
}
