//! What was read ahead of a Map state: the first entries of the maps of a call, by few calls to the host.
//!
//! Whether reading ahead pays is learned per caller (an input, or the timers): if at least every second record of its
//! last call read its map, the maps of the next call are read in bulk. They are read in the order of their first
//! records and only as far as one answer goes, so what is held has a bound; the first map behind it that is asked for
//! brings the next answer. What the host has does not change during a call, so nothing read here can be out of date.

use std::cell::Cell;

use crate::column::Column;
use crate::error::Error;
use crate::host::{Host, Pages};
use crate::keyed::KeyTable;

/// A slot whose map is not among the pages.
const NONE: u32 = u32::MAX;
/// Entries read ahead of one map.
const PAGE: u32 = 256;

/// Whether the records of a caller read their maps.
#[derive(Clone, Copy, Default)]
struct Habit {
    reads: bool,
}

/// The first entries of the maps of some slots.
#[derive(Default)]
pub(super) struct Ahead {
    habits: Vec<Habit>,
    caller: usize,
    records: usize,
    /// Maps that the call has read so far.
    reads: Cell<usize>,
    /// The distinct slots of the call, if they are read ahead, by their first records.
    slots: Vec<u32>,
    /// The place of each slot in `slots`; [`NONE`] for those of other calls.
    places: Vec<u32>,
    /// The slots before this one were answered.
    next: usize,
    /// The place of the first slot of the last answer.
    first: usize,
    pages: Pages,
    /// The end of each page in the columns of the answer (entries).
    ends: Vec<usize>,
}

/// The first entries of one map.
pub(super) struct Page<'a> {
    pages: &'a Pages,
    start: usize,
    end: usize,
    total: usize,
    more: bool,
}

impl Ahead {
    /// Begins a call of a caller with these slots, one per record.
    pub(super) fn begin(&mut self, caller: usize, slots: &[u32]) {
        self.end();
        if self.habits.len() <= caller {
            self.habits.resize(caller + 1, Habit::default());
        }
        (self.caller, self.records) = (caller, slots.len());
        if !self.habits[caller].reads {
            return;
        }
        for &slot in slots {
            if self.places.len() <= slot as usize {
                self.places.resize(slot as usize + 1, NONE);
            }
            let place = &mut self.places[slot as usize];
            if *place == NONE {
                *place = self.slots.len() as u32;
                self.slots.push(slot);
            }
        }
    }

    /// Ends the call: learns from it and forgets what was read.
    pub(super) fn end(&mut self) {
        if self.records > 0 {
            self.habits[self.caller].reads = 2 * self.reads.get() >= self.records;
        }
        for slot in self.slots.drain(..) {
            self.places[slot as usize] = NONE;
        }
        self.reads.set(0);
        (self.records, self.next, self.first) = (0, 0, 0);
    }

    /// Notes that the map of a slot is read now, and says whether its page is to be brought by [`Ahead::read`] first.
    pub(super) fn is_next(&self, slot: u32) -> bool {
        self.reads.set(self.reads.get() + 1);
        let place = self.place(slot);
        place != NONE && place as usize >= self.next
    }

    fn place(&self, slot: u32) -> u32 {
        self.places.get(slot as usize).copied().unwrap_or(NONE)
    }

    /// Reads maps from that of `slot` on.
    ///
    /// # Errors
    /// The host has handed over something else than pages.
    pub(super) fn read(
        &mut self,
        slot: u32,
        host: &dyn Host,
        state: u32,
        table: &KeyTable,
    ) -> Result<(), Error> {
        self.first = self.place(slot) as usize;
        let slots = &self.slots[self.first..];
        let mut keys = Column::default();
        for &slot in slots {
            keys.push(table.width(), table.key(slot));
        }
        let pages = host.scan_many(state, slots.len() as u32, &mut keys, PAGE);
        let answered = pages.counts.len();
        if answered == 0 || answered > slots.len() || pages.more.len() != answered {
            return Err(Error::Task(format!(
                "state {state} answered {answered} of {} maps",
                slots.len()
            )));
        }
        let mut end = 0;
        self.ends.clear();
        self.ends.extend(pages.counts.iter().map(|&count| {
            end += count as usize;
            end
        }));
        pages.sub_keys.check("sub-keys", end)?;
        pages.values.check("values", end)?;
        self.next = self.first + answered;
        self.pages = pages;
        Ok(())
    }

    /// The first entries of a slot's map, if they are here.
    pub(super) fn page(&self, slot: u32) -> Option<Page<'_>> {
        let place = self.place(slot) as usize;
        if !(self.first..self.next).contains(&place) {
            return None;
        }
        let at = place - self.first;
        Some(Page {
            pages: &self.pages,
            start: at.checked_sub(1).map_or(0, |before| self.ends[before]),
            end: self.ends[at],
            total: self.ends.last().copied().unwrap_or(0),
            more: self.pages.more[at] != 0,
        })
    }
}

impl Page<'_> {
    /// Sub-keys and values, by ascending sub-key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let Pages {
            sub_keys, values, ..
        } = self.pages;
        (self.start..self.end).map(|at| (sub_keys.get(at, self.total), values.get(at, self.total)))
    }

    /// Where the rest of the map begins, if there is more than these entries.
    pub(super) fn rest(&self) -> Option<Vec<u8>> {
        if !self.more || self.start == self.end {
            return None;
        }
        let last = self.pages.sub_keys.get(self.end - 1, self.total);
        Some([last, &[0]].concat())
    }
}
