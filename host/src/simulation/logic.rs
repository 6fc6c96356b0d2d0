//! The operators of the simulated job: one behind each source that stamps and keys records and counts what it saw, one
//! behind that which counts again, and a keyed one with two inputs that counts and makes windows.
//!
//! Native code on the operator port, so nothing but the engine itself is judged. What they notice that must never be
//! (a late record, a watermark that goes back, a window without content) is noted outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataflow::element::{Batch, Column, NO_TIMESTAMP};
use dataflow::ids::{OperatorId, StateNumber};
use dataflow::port::call::Call;
use dataflow::port::operator::{Operator, OperatorError};
use dataflow::port::state::StateError;
use dataflow::time::timer::{TimeDomain, TimerBatch};
use dataflow::time::watermark_generator::Seen;

use super::input::{COUNT, EVENT, Row, SEEN, WINDOW, WINDOW_MS, decode, encode};
use super::outside::Outside;

fn failed(operator: &str, message: &str) -> OperatorError {
    OperatorError::Failed {
        operator: operator.to_owned(),
        record: None,
        message: message.to_owned(),
    }
}

fn state_failed(operator: &str) -> impl Fn(StateError) -> OperatorError {
    move |source| OperatorError::State {
        operator: operator.to_owned(),
        source,
    }
}

/// Gives records their timestamps and keys.
pub(super) struct Stamp {
    /// What it works with.
    pub(super) call: Call,
    /// Its number.
    pub(super) operator: OperatorId,
    /// Its list of how many records were seen.
    pub(super) seen: StateNumber,
}

/// Adds to a list of counts, of which one is left; the sum.
fn total(call: &mut Call, seen: StateNumber, more: i64) -> Result<i64, OperatorError> {
    let states = call.operator_states();
    let elements = states.elements(seen).map_err(state_failed("seen"))?;
    let numbers = elements.iter().filter_map(|it| it[..].try_into().ok());
    let total = more + numbers.map(i64::from_le_bytes).sum::<i64>();
    let column = Column::fixed(total.to_le_bytes().to_vec());
    let replaced = states.replace(seen, 1, &column);
    replaced.map_err(state_failed("seen"))?;
    Ok(total)
}

/// Tells what was counted. It is told once: by a subtask that ends.
fn tell_total(call: &mut Call, seen: StateNumber) -> Result<(), OperatorError> {
    let row = [SEEN, total(call, seen, 0)?, 0, 0, 0];
    let mut out = Batch::default();
    out.push(NO_TIMESTAMP, &0i64.to_le_bytes(), &encode(&row));
    call.emit(0, out).map_err(|_| failed("seen", "too much"))
}

/// Passes records on and counts them.
pub(super) struct Tally {
    /// What it works with.
    pub(super) call: Call,
    /// Its list of how many records were seen.
    pub(super) seen: StateNumber,
}

impl Operator for Tally {
    fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    fn process(&mut self, _input: u32, records: &Batch) -> Result<u32, OperatorError> {
        let rows = (0..records.len()).filter_map(|index| decode(records.value(index)));
        let events = rows.filter(|row| row[0] == EVENT).count();
        total(&mut self.call, self.seen, events as i64)?;
        let passed = self.call.emit(0, records.clone());
        passed.map_err(|_| failed("tally", "too much"))?;
        Ok(records.count)
    }

    fn on_timers(&mut self, _: TimeDomain, _: &TimerBatch) -> Result<u32, OperatorError> {
        Err(failed("tally", "it has no timers"))
    }

    fn on_watermark(&mut self, _: OperatorId, _: i64) -> Result<(), OperatorError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        tell_total(&mut self.call, self.seen)
    }
}

impl Operator for Stamp {
    fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    fn process(&mut self, _input: u32, records: &Batch) -> Result<u32, OperatorError> {
        let mut stamped = Batch::default();
        let mut max = i64::MIN;
        for index in 0..records.len() {
            let bytes = records.value(index);
            let row = decode(bytes).ok_or_else(|| failed("stamp", "no row"))?;
            stamped.push(row[3], &row[2].to_le_bytes(), bytes);
            max = max.max(row[3]);
        }
        total(&mut self.call, self.seen, records.len() as i64)?;
        self.call.observe(self.operator, Seen::timestamp(max));
        self.call
            .emit(0, stamped)
            .map_err(|_| failed("stamp", "too much"))?;
        Ok(records.count)
    }

    fn on_timers(&mut self, _: TimeDomain, _: &TimerBatch) -> Result<u32, OperatorError> {
        Err(failed("stamp", "it has no timers"))
    }

    fn on_watermark(&mut self, _: OperatorId, _: i64) -> Result<(), OperatorError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        tell_total(&mut self.call, self.seen)
    }
}

/// Counts records by key, and by key and window.
pub(super) struct Fold {
    /// What it works with.
    pub(super) call: Call,
    /// The count of a key.
    pub(super) count: StateNumber,
    /// Count and sum of a key's windows, by their end.
    pub(super) windows: StateNumber,
    /// The newest watermark.
    pub(super) watermark: i64,
    /// Where it notes what must not be.
    pub(super) outside: Arc<Outside>,
    /// Set if it is to fail once.
    pub(super) fails: Arc<AtomicBool>,
}

type Pair = [i64; 2];

impl Fold {
    fn read(
        &mut self,
        state: StateNumber,
        key: i64,
        sub_key: &[u8],
    ) -> Result<Pair, OperatorError> {
        let (keys, sub_keys) = (word(key), Column::fixed(sub_key.to_vec()));
        let found = self.call.get_many(state, 1, &keys, &sub_keys);
        let found = found.map_err(state_failed("fold"))?;
        if found.present[0] == 0 {
            return Ok(Pair::default());
        }
        let bytes = found.values.get(0, 1);
        let word = |at: usize| Some(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let pair = word(0).zip(word(8));
        pair.map(Pair::from)
            .ok_or_else(|| failed("fold", "its state has another length"))
    }

    fn write(
        &mut self,
        state: StateNumber,
        key: i64,
        sub_key: &[u8],
        pair: Pair,
    ) -> Result<(), OperatorError> {
        let value = pair.iter().flat_map(|it| it.to_le_bytes()).collect();
        let (keys, sub_keys) = (word(key), Column::fixed(sub_key.to_vec()));
        self.call
            .put_many(state, 1, keys, sub_keys, Column::fixed(value))
            .map_err(state_failed("fold"))
    }

    fn count_one(&mut self, row: &Row, time: i64, out: &mut Batch) -> Result<(), OperatorError> {
        let [_, id, key, ..] = *row;
        let [count, _] = self.read(self.count, key, &[])?;
        self.write(self.count, key, &[], [count + 1, 0])?;
        out.push(time, &[], &encode(&[COUNT, key, count + 1, 0, 0]));
        let end = (time.div_euclid(WINDOW_MS) + 1) * WINDOW_MS;
        if end - 1 <= self.call.moment.watermark_ms {
            self.outside.note(format!("record {id} at {time} is late"));
        }
        let sub_key = end.to_be_bytes();
        let [in_window, sum] = self.read(self.windows, key, &sub_key)?;
        if in_window == 0 {
            let mut timers = TimerBatch::default();
            timers.push(end - 1, &key.to_le_bytes(), &[]);
            self.call
                .register_timers(TimeDomain::Event, timers)
                .map_err(state_failed("fold"))?;
        }
        self.write(self.windows, key, &sub_key, [in_window + 1, sum + id])
    }

    fn emit(&mut self, out: Batch) -> Result<(), OperatorError> {
        self.call
            .emit(0, out)
            .map_err(|_| failed("fold", "too much"))
    }
}

fn word(word: i64) -> Column {
    Column::fixed(word.to_le_bytes().to_vec())
}

impl Operator for Fold {
    fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    fn process(&mut self, _input: u32, records: &Batch) -> Result<u32, OperatorError> {
        if self.fails.swap(false, Ordering::Relaxed) {
            return Err(failed("fold", "it was told to"));
        }
        let mut out = Batch::default();
        for index in 0..records.len() {
            let row = decode(records.value(index)).ok_or_else(|| failed("fold", "no row"))?;
            if row[0] == EVENT {
                self.count_one(&row, records.timestamp(index), &mut out)?;
            } else {
                out.push(NO_TIMESTAMP, &[], &encode(&row));
            }
        }
        self.emit(out)?;
        Ok(records.count)
    }

    fn on_timers(&mut self, _: TimeDomain, timers: &TimerBatch) -> Result<u32, OperatorError> {
        let mut out = Batch::default();
        for index in 0..timers.len() {
            let (time, key, _) = timers.get(index);
            let key = key.try_into().map(i64::from_le_bytes);
            let key = key.map_err(|_| failed("fold", "a timer of no key"))?;
            let sub_key = (time + 1).to_be_bytes();
            let [count, sum] = self.read(self.windows, key, &sub_key)?;
            if count == 0 {
                self.outside
                    .note(format!("window {time} of {key} is empty"));
            }
            out.push(time, &[], &encode(&[WINDOW, key, time + 1, count, sum]));
            let (keys, sub_keys) = (word(key), Column::fixed(sub_key.to_vec()));
            self.call
                .delete_many(self.windows, 1, keys, sub_keys)
                .map_err(state_failed("fold"))?;
        }
        self.emit(out)?;
        Ok(timers.count)
    }

    fn on_watermark(&mut self, _: OperatorId, watermark_ms: i64) -> Result<(), OperatorError> {
        if watermark_ms < self.watermark {
            let before = self.watermark;
            self.outside.note(format!(
                "the watermark went from {before} back to {watermark_ms}"
            ));
        }
        self.watermark = watermark_ms;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        Ok(())
    }
}
