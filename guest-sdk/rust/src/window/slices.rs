//! The slices of a window operator: accumulators by key slot and slice, cached and written through.
//!
//! A slice is in the cache as soon as it was asked for, also when the host has none: then it is known to be empty. It
//! lies in a cell, whose number holds until the slice is removed, so a record of a batch is led to its accumulator by one
//! number. Each key knows its latest slice, the likely one, and all of them in order of time. Slices are removed only
//! while timers fire, when nothing is dirty.

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
    pub(super) acc: Option<A>,
    start: i64,
    slot: u32,
    dirty: bool,
}

/// The slices of one key.
#[derive(Debug)]
struct OfKey {
    /// Start of the latest slice; the least number, which no slice starts at, if there is none.
    latest_start: i64,
    /// Its cell.
    latest: u32,
    /// The starts and cells of all slices, by time: found without a look into the cells, which lie anywhere.
    slices: Vec<(i64, u32)>,
}

impl Default for OfKey {
    fn default() -> Self {
        Self {
            latest_start: i64::MIN,
            latest: 0,
            slices: Vec::new(),
        }
    }
}

/// The slices of all keys of an instance.
pub(super) struct Slices<A> {
    state: u32,
    shared: Rc<Shared>,
    by_slot: Vec<OfKey>,
    cells: Vec<Slice<A>>,
    /// Cells without a slice.
    free: Vec<u32>,
    /// Cells that are to be read.
    missing: Vec<u32>,
    dirty: DirtyList<u32>,
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
            cells: Vec::new(),
            free: Vec::new(),
            missing: Vec::new(),
            dirty: DirtyList::default(),
            deletes: Vec::new(),
            addresses: Addresses::default(),
            values: Column::default(),
        }
    }

    /// Makes room for the slots of the table.
    pub(super) fn grow(&mut self, slots: u32) {
        if self.by_slot.len() < slots as usize {
            self.by_slot.resize_with(slots as usize, OfKey::default);
        }
    }

    /// How many slices are cached.
    pub(super) fn len(&self) -> usize {
        self.cells.len() - self.free.len()
    }

    /// The cell of a slice; it will be loaded by the next [`Slices::load`] if it is new. The latest slice is likely.
    #[inline]
    pub(super) fn find(&mut self, slot: u32, start: i64) -> u32 {
        let of_key = &self.by_slot[slot as usize];
        if of_key.latest_start == start {
            of_key.latest
        } else {
            self.find_or_add(slot, start)
        }
    }

    #[inline(never)]
    fn find_or_add(&mut self, slot: u32, start: i64) -> u32 {
        let of_key = &mut self.by_slot[slot as usize];
        let at = if of_key.latest_start < start {
            of_key.slices.len()
        } else {
            of_key.slices.partition_point(|slice| slice.0 < start)
        };
        if let Some(&(there, cell)) = of_key.slices.get(at)
            && there == start
        {
            return cell;
        }
        let slice = Slice {
            acc: None,
            start,
            slot,
            dirty: false,
        };
        let cell = match self.free.pop() {
            Some(cell) => {
                self.cells[cell as usize] = slice;
                cell
            }
            None => {
                self.cells.push(slice);
                self.cells.len() as u32 - 1
            }
        };
        if at == of_key.slices.len() {
            (of_key.latest_start, of_key.latest) = (start, cell);
        }
        of_key.slices.insert(at, (start, cell));
        self.missing.push(cell);
        cell
    }

    /// The start of a slice.
    pub(super) fn start(&self, cell: u32) -> i64 {
        self.cells[cell as usize].start
    }

    /// The position of the first slice of a key that starts at `start` or later. It usually is the first of all.
    #[inline]
    fn first_from(&self, slot: u32, start: i64) -> usize {
        let slices = &self.by_slot[slot as usize].slices;
        match slices.first() {
            Some(first) if first.0 < start => slices.partition_point(|it| it.0 < start),
            _ => 0,
        }
    }

    /// The slices of a key that start in `range`, by time.
    #[inline]
    fn slices(&self, slot: u32, range: Range<i64>) -> impl Iterator<Item = &Slice<A>> {
        let first = self.first_from(slot, range.start);
        let slices = self.by_slot[slot as usize].slices[first..].iter();
        let slices = slices.take_while(move |slice| slice.0 < range.end);
        slices.map(|slice| &self.cells[slice.1 as usize])
    }

    /// How many slices of a key that start in `range` are known.
    pub(super) fn known(&self, slot: u32, range: Range<i64>) -> usize {
        self.slices(slot, range).count()
    }

    /// The accumulators of the slices of a key that start in `range`, by time; those of empty slices are left out.
    #[inline]
    pub(super) fn between(&self, slot: u32, range: Range<i64>) -> impl Iterator<Item = &A> {
        self.slices(slot, range)
            .filter_map(|slice| slice.acc.as_ref())
    }

    /// Reads the slices that are new, all at once.
    pub(super) fn load(&mut self, table: &KeyTable) -> Result<(), Error> {
        if self.missing.is_empty() {
            return Ok(());
        }
        self.dirty.reserve(self.cells.len());
        self.addresses.clear();
        for &cell in &self.missing {
            let Slice { slot, start, .. } = self.cells[cell as usize];
            let key = (table.width(), table.key(slot));
            self.addresses.push(key, (SLICE_KEY_WIDTH, &ordered(start)));
        }
        let found = self.shared.host.get_many(self.state, &mut self.addresses);
        let count = self.missing.len();
        found.values.check("windows", count)?;
        let answers = found.present.iter().zip(found.values.entries(count));
        for (cell, (present, value)) in self.missing.drain(..).zip(answers) {
            if *present != 0 {
                self.cells[cell as usize].acc = Some(A::decode(value)?);
            }
        }
        Ok(())
    }

    /// Changes a slice. Answers whether it is the first change in this call, and whether it was empty.
    #[inline]
    pub(super) fn change(
        &mut self,
        cell: u32,
        change: impl FnOnce(&mut Option<A>),
    ) -> (bool, bool) {
        let slice = &mut self.cells[cell as usize];
        let (first, new) = (!slice.dirty, slice.acc.is_none());
        self.dirty.mark(cell, &mut slice.dirty);
        change(&mut slice.acc);
        (first, new)
    }

    /// Removes the slices of a key that start in `range`.
    pub(super) fn remove(&mut self, slot: u32, range: Range<i64>) {
        let first = self.first_from(slot, range.start);
        let end = first + self.known(slot, range);
        let of_key = &mut self.by_slot[slot as usize];
        for (_, cell) in of_key.slices.drain(first..end) {
            let slice = &mut self.cells[cell as usize];
            if slice.acc.take().is_some() {
                self.deletes.push((slot, slice.start));
            }
            self.free.push(cell);
        }
        (of_key.latest_start, of_key.latest) =
            of_key.slices.last().copied().unwrap_or((i64::MIN, 0));
    }

    /// Forgets empty slices of a key in front of a time: they were asked for with windows that nothing was in.
    pub(super) fn forget_empty(&mut self, slot: u32, before: i64) {
        let of_key = &mut self.by_slot[slot as usize];
        let cells = &self.cells;
        let empty = |slice: &&(i64, u32)| slice.0 < before && cells[slice.1 as usize].acc.is_none();
        let count = of_key.slices.iter().take_while(empty).count();
        let forgotten = of_key.slices.drain(..count);
        self.free.extend(forgotten.map(|slice| slice.1));
        if of_key.slices.is_empty() {
            (of_key.latest_start, of_key.latest) = (i64::MIN, 0);
        }
    }

    /// Writes what the call has changed.
    pub(super) fn flush(&mut self, table: &KeyTable) {
        if !self.dirty.is_empty() {
            self.addresses.clear();
            self.values.clear();
            for &cell in self.dirty.take() {
                let slice = &mut self.cells[cell as usize];
                slice.dirty = false;
                let Some(acc) = &slice.acc else { continue };
                let key = (table.width(), table.key(slice.slot));
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
        self.cells.clear();
        self.free.clear();
    }
}
