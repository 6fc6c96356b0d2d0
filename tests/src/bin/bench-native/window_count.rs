//! J4 and J5: records per auction and window of event time, put together from slices as long as the slide.
//!
//! A slice is counted once and is part of `SIZE / SLIDE` windows. A key has a timer at the end of the first open window
//! of each of its slices; a window that fires registers the one after it if they share records, or fires it at once if
//! it is due. So a timer stands for one window of one key, its time alone says which, and the windows of a key fire in
//! order. A slice goes when its last window, the one that begins with it,
//! has fired. Records whose windows have all fired are dropped: there is no allowed lateness.

use dataflow::element::{Batch, Column};
use dataflow::ids::StateNumber;
use dataflow::port::call::Call;
use dataflow::time::timer::{TimeDomain, TimerBatch};

use crate::counts::stored_counts;
use crate::keys::LongKeys;
use crate::logic::{CACHED_KEYS_MAX, Fault, Logic};
use crate::row::{Slot, column_of, column_of_keys, long_keys, ordered};

#[cfg(test)]
mod tests;

/// What a record without a usable timestamp is told.
pub(crate) const NO_TIME: Fault = Fault::Malformed("a record has no timestamp for its window");

/// Timestamps are within this distance of the epoch, so that no sum overflows.
pub(crate) const TIMESTAMP_MAX: i64 = 1 << 58;

/// One slice of a key. It is known to be empty if its count is 0 and it was loaded.
#[derive(Clone, Copy)]
struct Slice {
    start: i64,
    count: i64,
    dirty: bool,
}

/// A slice by the slot of its key and its index there, which hold for one call.
type Place = (u32, u32);

/// Counts in windows of `SIZE` ms, one every `SLIDE` ms, of which `SIZE` is a multiple.
pub(crate) struct WindowCount<const SIZE: i64, const SLIDE: i64> {
    state: StateNumber,
    port: u32,
    /// What results are keyed by, if they are.
    result_key: Option<i64>,
    keys: LongKeys,
    slices: Vec<Vec<Slice>>,
    slots: Vec<u32>,
    /// Slices that are new in the cache.
    unknown: Vec<Place>,
    /// Slices that had no record before.
    opened: Vec<Place>,
    dirty: Vec<Place>,
}

impl<const SIZE: i64, const SLIDE: i64> WindowCount<SIZE, SLIDE> {
    pub(crate) fn new(state: StateNumber, port: u32, result_key: Option<i64>) -> Self {
        Self {
            state,
            port,
            result_key,
            keys: LongKeys::default(),
            slices: Vec::new(),
            slots: Vec::new(),
            unknown: Vec::new(),
            opened: Vec::new(),
            dirty: Vec::new(),
        }
    }

    fn enter(&mut self, keys: &[Slot]) {
        self.slots.clear();
        self.slots
            .extend(keys.iter().map(|key| self.keys.intern(*key)));
        self.slices.resize_with(self.keys.len(), Vec::new);
    }

    /// The index of a slice of a key. The latest one is likely.
    #[inline]
    fn find(&mut self, slot: u32, start: i64) -> u32 {
        let slices = &mut self.slices[slot as usize];
        if let Some(at) = slices.iter().rposition(|slice| slice.start == start) {
            return at as u32;
        }
        let at = slices.len() as u32;
        slices.push(Slice {
            start,
            count: 0,
            dirty: false,
        });
        self.unknown.push((slot, at));
        at
    }

    fn slice(&mut self, (slot, at): Place) -> &mut Slice {
        &mut self.slices[slot as usize][at as usize]
    }

    /// The addresses of slices in the state.
    fn addresses(&self, places: &[Place]) -> (Column, Column) {
        let start = |(slot, at): &Place| self.slices[*slot as usize][*at as usize].start;
        let sub_keys = places.iter().map(|place| ordered(start(place)));
        (
            self.keys.column(places.iter().map(|(slot, _)| *slot)),
            column_of_keys(sub_keys.collect()),
        )
    }

    /// Adds what the state has to the slices that are new in the cache.
    fn load(&mut self, call: &mut Call) -> Result<(), Fault> {
        if self.unknown.is_empty() {
            return Ok(());
        }
        let unknown = std::mem::take(&mut self.unknown);
        let (keys, sub_keys) = self.addresses(&unknown);
        let counts = stored_counts(self.state, unknown.len(), &keys, &sub_keys, call)?;
        for (&place, count) in unknown.iter().zip(counts) {
            self.slice(place).count += count;
        }
        self.unknown = unknown;
        self.unknown.clear();
        Ok(())
    }

    /// Registers the first open window of every slice that had no record before this call.
    fn register(&mut self, before: &[i64], watermark: i64, call: &mut Call) -> Result<(), Fault> {
        let (mut times, mut slots) = (Vec::new(), Vec::new());
        for (&(slot, at), &added) in self.opened.iter().zip(before) {
            let slice = self.slices[slot as usize][at as usize];
            // What the slice has beyond the additions of this call was there before: it has its timer.
            if slice.count > added {
                continue;
            }
            let mut end = slice.start + SLIDE;
            while end - 1 <= watermark {
                end += SLIDE;
            }
            times.push(end - 1);
            slots.push(slot);
        }
        self.opened.clear();
        self.register_at(times, &slots, call)
    }

    fn register_at(&self, times: Vec<i64>, slots: &[u32], call: &mut Call) -> Result<(), Fault> {
        if times.is_empty() {
            return Ok(());
        }
        let timers = TimerBatch {
            count: times.len() as u32,
            times,
            keys: self.keys.column(slots.iter().copied()),
            namespaces: Column::default(),
        };
        Ok(call.register_timers(TimeDomain::Event, timers)?)
    }

    /// Writes what the call has counted.
    fn flush(&mut self, call: &mut Call) -> Result<(), Fault> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let dirty = std::mem::take(&mut self.dirty);
        let (keys, sub_keys) = self.addresses(&dirty);
        let mut values: Vec<Slot> = Vec::with_capacity(dirty.len());
        for &place in &dirty {
            let slice = self.slice(place);
            slice.dirty = false;
            values.push(slice.count.to_le_bytes());
        }
        let values = column_of_keys(values);
        call.put_many(self.state, dirty.len(), keys, sub_keys, values)?;
        self.dirty = dirty;
        self.dirty.clear();
        Ok(())
    }

    /// Emits results, removes the slices that are over, and registers what comes next.
    fn tell(&self, fired: Fired, call: &mut Call) -> Result<(), Fault> {
        let Fired {
            rows,
            times,
            deleted_keys,
            deleted,
            next_times,
            next_slots,
        } = fired;
        let count = rows.len();
        let keys = self.result_key.map(|key| vec![key.to_le_bytes(); count]);
        let results = Batch {
            count: count as u32,
            timestamps: times,
            keys: column_of_keys(keys.unwrap_or_default()),
            values: column_of(rows),
        };
        call.emit(self.port, results)?;
        if !deleted.is_empty() {
            let (keys, sub_keys) = (column_of_keys(deleted_keys), column_of_keys(deleted));
            let count = sub_keys.data.len() / size_of::<Slot>();
            call.delete_many(self.state, count, keys, sub_keys)?;
        }
        self.register_at(next_times, &next_slots, call)
    }

    /// Forgets everything if it is too much; nothing is unwritten.
    fn leave(&mut self) {
        if self.keys.len() > CACHED_KEYS_MAX {
            self.keys.clear();
            self.slices.clear();
        }
    }
}

impl<const SIZE: i64, const SLIDE: i64> Logic for WindowCount<SIZE, SLIDE> {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        self.enter(long_keys(&records.keys, records.len())?);
        if records.timestamps.len() != records.len() {
            return Err(NO_TIME);
        }
        let watermark = call.moment.watermark_ms;
        for index in 0..records.len() {
            let (time, slot) = (records.timestamps[index], self.slots[index]);
            if !(-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&time) {
                return Err(NO_TIME);
            }
            let start = time - time.rem_euclid(SLIDE);
            if start + SIZE - 1 <= watermark {
                continue;
            }
            let at = self.find(slot, start);
            let slice = &mut self.slices[slot as usize][at as usize];
            if slice.count == 0 {
                self.opened.push((slot, at));
            }
            slice.count += 1;
            if !slice.dirty {
                slice.dirty = true;
                self.dirty.push((slot, at));
            }
        }
        let added = |(slot, at): &Place| self.slices[*slot as usize][*at as usize].count;
        let added: Vec<i64> = self.opened.iter().map(added).collect();
        self.load(call)?;
        self.register(&added, watermark, call)?;
        self.flush(call)?;
        self.leave();
        Ok(())
    }

    fn on_timers(&mut self, timers: &TimerBatch, call: &mut Call) -> Result<(), Fault> {
        self.enter(long_keys(&timers.keys, timers.len())?);
        let watermark = call.moment.watermark_ms;
        for index in 0..timers.len() {
            let (end, slot) = (timers.times[index].saturating_add(1), self.slots[index]);
            if !(-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&end) {
                return Err(Fault::Malformed("a timer is at the end of no window"));
            }
            let mut start = end - SIZE;
            // The windows that fire with this one share records with it, so none of them ends later.
            while start < end || start < end + SIZE - SLIDE && start + SLIDE - 1 <= watermark {
                self.find(slot, start);
                start += SLIDE;
            }
        }
        self.load(call)?;
        let mut fired = Fired::default();
        for (&time, &slot) in timers.times.iter().zip(&self.slots) {
            let key = self.keys.key(slot);
            let slices = &mut self.slices[slot as usize];
            let mut start = time + 1 - SIZE;
            while fired.fire::<SIZE, SLIDE>(start, key, slices) {
                start += SLIDE;
                let due = start + SIZE - 1;
                if due > watermark {
                    fired.next_times.push(due);
                    fired.next_slots.push(slot);
                    break;
                }
            }
        }
        self.tell(fired, call)?;
        self.leave();
        Ok(())
    }
}

/// What firing windows comes to.
#[derive(Default)]
struct Fired {
    /// Window start, key, count.
    rows: Vec<[Slot; 3]>,
    times: Vec<i64>,
    deleted_keys: Vec<Slot>,
    deleted: Vec<Slot>,
    next_times: Vec<i64>,
    next_slots: Vec<u32>,
}

impl Fired {
    /// Fires the window from `start` of a key whose slices in that window are all known. Returns whether the next window
    /// has records and no timer of its own.
    fn fire<const SIZE: i64, const SLIDE: i64>(
        &mut self,
        start: i64,
        key: Slot,
        slices: &mut Vec<Slice>,
    ) -> bool {
        let end = start + SIZE;
        let (mut whole, mut rest, mut next_has_timer) = (0, 0, false);
        slices.retain(|slice| {
            if slice.start < end {
                whole += slice.count;
                rest += if slice.start > start { slice.count } else { 0 };
            } else if slice.start == end && slice.count > 0 {
                next_has_timer = true;
            }
            if slice.start <= start && slice.count > 0 {
                self.deleted_keys.push(key);
                self.deleted.push(ordered(slice.start));
            }
            slice.start > start
        });
        if whole > 0 {
            let row = [start.to_le_bytes(), key, whole.to_le_bytes()];
            self.rows.push(row);
            self.times.push(end - 1);
        }
        if rest == 0 {
            // Slices that are only known to be empty would otherwise stay for keys that are not seen again.
            slices.retain(|slice| slice.count > 0);
        }
        rest > 0 && !next_has_timer
    }
}
