//! J5: of the counts of a window the largest, ties to the smaller auction. Exactly one sliding window ends in each
//! tumbling window of `SIZE` ms, and all records have one key.

use dataflow::element::{Batch, Column};
use dataflow::ids::StateNumber;
use dataflow::port::call::Call;
use dataflow::time::timer::{TimeDomain, TimerBatch};

use crate::logic::{Fault, Logic};
use crate::row::{Slot, column_of, column_of_keys, long, ordered, rows};
use crate::window_count::{NO_TIME, TIMESTAMP_MAX};

/// Window start, auction, count.
type Row = [Slot; 3];

/// A window that has not fired.
struct Open {
    start: i64,
    /// `None` for a window that has no record, as far as is known.
    best: Option<Row>,
    dirty: bool,
}

/// Keeps the hottest auction of every open window.
pub(crate) struct HotAuction<const SIZE: i64> {
    state: StateNumber,
    port: u32,
    open: Vec<Open>,
}

/// The hotter one of two.
#[inline]
fn hotter(best: Option<Row>, row: Row) -> Row {
    let rank = |row: Row| (long(row[2]), long(row[1]).wrapping_neg());
    match best {
        Some(best) if rank(best) >= rank(row) => best,
        _ => row,
    }
}

impl<const SIZE: i64> HotAuction<SIZE> {
    pub(crate) fn new(state: StateNumber, port: u32) -> Self {
        Self {
            state,
            port,
            open: Vec::new(),
        }
    }

    #[inline]
    fn find(&mut self, start: i64) -> usize {
        let found = self.open.iter().rposition(|open| open.start == start);
        found.unwrap_or_else(|| {
            self.open.push(Open {
                start,
                best: None,
                dirty: false,
            });
            self.open.len() - 1
        })
    }

    /// The addresses of windows in the state, and how many there are.
    fn addresses(starts: impl Iterator<Item = i64>) -> (usize, Column, Column) {
        let sub_keys: Vec<Slot> = starts.map(ordered).collect();
        let keys = vec![Slot::default(); sub_keys.len()];
        (keys.len(), column_of_keys(keys), column_of_keys(sub_keys))
    }

    /// Merges what the state has into the windows from index `known` on; registers those it has not.
    fn load(&mut self, known: usize, call: &mut Call) -> Result<(), Fault> {
        if known == self.open.len() {
            return Ok(());
        }
        let new = &mut self.open[known..];
        let (count, keys, sub_keys) = Self::addresses(new.iter().map(|open| open.start));
        let found = call.get_many(self.state, count, &keys, &sub_keys)?;
        let mut timers = TimerBatch::default();
        for (index, open) in new.iter_mut().enumerate() {
            if found.present[index] == 0 {
                timers.push(open.start + SIZE - 1, &Slot::default(), &[]);
                continue;
            }
            let value = Column::fixed(found.values.get(index, count).to_vec());
            let [stored] = rows::<3>(&value, 1)? else {
                return Err(Fault::Malformed("a stored window is no row"));
            };
            open.best = Some(
                open.best
                    .map_or(*stored, |best| hotter(Some(*stored), best)),
            );
        }
        if !timers.is_empty() {
            call.register_timers(TimeDomain::Event, timers)?;
        }
        Ok(())
    }
}

impl<const SIZE: i64> Logic for HotAuction<SIZE> {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        if records.keys.data.iter().any(|byte| *byte != 0) {
            return Err(Fault::Malformed("a count has another key than 0"));
        }
        if records.timestamps.len() != records.len() {
            return Err(NO_TIME);
        }
        let (known, watermark) = (self.open.len(), call.moment.watermark_ms);
        let counts = rows::<3>(&records.values, records.len())?;
        for (&time, row) in records.timestamps.iter().zip(counts) {
            if !(-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&time) {
                return Err(NO_TIME);
            }
            let start = time - time.rem_euclid(SIZE);
            if start + SIZE - 1 <= watermark {
                continue;
            }
            let at = self.find(start);
            let open = &mut self.open[at];
            open.best = Some(hotter(open.best, *row));
            open.dirty = true;
        }
        self.load(known, call)?;
        let dirty: Vec<&mut Open> = self.open.iter_mut().filter(|open| open.dirty).collect();
        if dirty.is_empty() {
            return Ok(());
        }
        let (count, keys, sub_keys) = Self::addresses(dirty.iter().map(|open| open.start));
        let best = dirty.into_iter().filter_map(|open| {
            open.dirty = false;
            open.best
        });
        let values = column_of(best.collect());
        call.put_many(self.state, count, keys, sub_keys, values)?;
        Ok(())
    }

    fn on_timers(&mut self, timers: &TimerBatch, call: &mut Call) -> Result<(), Fault> {
        let known = self.open.len();
        let starts: Vec<i64> = timers
            .times
            .iter()
            .map(|time| time.saturating_add(1).saturating_sub(SIZE))
            .collect();
        for start in &starts {
            self.find(*start);
        }
        self.load(known, call)?;
        let mut results = Batch::default();
        let mut fired = Vec::new();
        for (&start, &time) in starts.iter().zip(&timers.times) {
            let at = self.find(start);
            if let Some(best) = self.open.swap_remove(at).best {
                fired.push(best);
                results.timestamps.push(time);
            }
        }
        results.count = fired.len() as u32;
        results.values = column_of(fired);
        call.emit(self.port, results)?;
        let (count, keys, sub_keys) = Self::addresses(starts.into_iter());
        call.delete_many(self.state, count, keys, sub_keys)?;
        Ok(())
    }
}
