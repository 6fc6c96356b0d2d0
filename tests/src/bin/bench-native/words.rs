//! J7: lines into words, words into counts.

use dataflow::element::{Batch, Column};
use dataflow::ids::StateNumber;
use dataflow::limits::BATCH_RECORDS_MAX;
use dataflow::port::call::Call;
use dataflow::time::timer::{TimeDomain, TimerBatch};

use crate::counts::Counts;
use crate::keys::TextKeys;
use crate::logic::{CACHED_KEYS_MAX, Fault, Logic};
use crate::row::text;

#[cfg(test)]
mod tests;

/// For each byte what stands for it in a word; 0 if it is between words.
const LOWER: [u8; 256] = {
    let mut lower = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            lower[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// Appends the words of a line: runs of ASCII letters and digits, in lower case.
fn append_words(line: &[u8], words: &mut Column) {
    let base = words.data.len();
    words.data.resize(base + line.len(), 0);
    let out = &mut words.data[base..];
    let (mut at, mut start) = (0, 0);
    for &byte in line {
        let lower = LOWER[byte as usize];
        if lower != 0 {
            out[at] = lower;
            at += 1;
        } else if at > start {
            start = at;
            words.ends.push((base + at) as u32);
        }
    }
    if at > start {
        words.ends.push((base + at) as u32);
    }
    words.data.truncate(base + at);
}

/// Splits lines; the word is its own key.
pub(crate) struct Words {
    pub(crate) port: u32,
}

impl Words {
    fn emit(&self, words: Column, timestamps: Vec<i64>, call: &mut Call) -> Result<(), Fault> {
        let out = Batch {
            count: words.ends.len() as u32,
            timestamps,
            keys: words.clone(),
            values: words,
        };
        Ok(call.emit(self.port, out)?)
    }
}

impl Logic for Words {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let (mut words, mut timestamps) = (Column::default(), Vec::new());
        words.data.reserve(records.values.data.len());
        for (index, line) in records.values.entries(records.len()).enumerate() {
            append_words(line, &mut words);
            if !records.timestamps.is_empty() {
                timestamps.resize(words.ends.len(), records.timestamp(index));
            }
            if words.ends.len() >= BATCH_RECORDS_MAX {
                self.emit(
                    std::mem::take(&mut words),
                    std::mem::take(&mut timestamps),
                    call,
                )?;
            }
        }
        self.emit(words, timestamps, call)
    }
}

/// Counts words; tells every count, or only the last one.
pub(crate) struct CountWords {
    port: u32,
    every: bool,
    keys: TextKeys,
    counts: Counts,
    slots: Vec<u32>,
}

impl CountWords {
    pub(crate) fn new(state: StateNumber, port: u32, every: bool) -> Self {
        Self {
            port,
            every,
            keys: TextKeys::default(),
            counts: Counts::new(state),
            slots: Vec::new(),
        }
    }

    /// Gives the keys of a column their slots and loads the counts that are new.
    fn enter(&mut self, keys: &Column, count: usize, call: &mut Call) -> Result<(), Fault> {
        self.slots.clear();
        let slots = keys.entries(count).map(|key| self.keys.intern(key));
        self.slots.extend(slots);
        let (known, now) = (self.counts.len(), self.keys.len());
        if now > known {
            let new = self.keys.column(known as u32..now as u32);
            self.counts.load(now - known, &new, call)?;
        }
        Ok(())
    }

    /// Ends a call: writes, and forgets everything if it is too much.
    fn leave(&mut self, call: &mut Call) -> Result<(), Fault> {
        let Self { keys, counts, .. } = self;
        counts.flush(|dirty| keys.column(dirty.iter().copied()), call)?;
        if keys.len() > CACHED_KEYS_MAX {
            keys.clear();
            counts.clear();
        }
        Ok(())
    }
}

/// Appends a word and its count as a row.
#[inline]
fn append_count(word: &[u8], count: i64, rows: &mut Column) {
    rows.data.extend_from_slice(&text(16, word.len() as u32));
    rows.data.extend_from_slice(&count.to_le_bytes());
    rows.data.extend_from_slice(word);
    rows.ends.push(rows.data.len() as u32);
}

impl Logic for CountWords {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        self.enter(&records.keys, records.len(), call)?;
        let mut out = Batch::default();
        let mut timers = TimerBatch::default();
        for (&slot, word) in self.slots.iter().zip(records.keys.entries(records.len())) {
            let count = self.counts.add(slot, 1);
            if self.every {
                append_count(word, count, &mut out.values);
            } else if count == 1 {
                timers.push(i64::MAX, word, &[]);
            }
        }
        if self.every {
            out.count = records.count;
            out.timestamps.clone_from(&records.timestamps);
            call.emit(self.port, out)?;
        }
        if !timers.is_empty() {
            call.register_timers(TimeDomain::Event, timers)?;
        }
        self.leave(call)
    }

    fn on_timers(&mut self, timers: &TimerBatch, call: &mut Call) -> Result<(), Fault> {
        self.enter(&timers.keys, timers.len(), call)?;
        let mut out = Batch {
            count: timers.count,
            timestamps: timers.times.clone(),
            ..Batch::default()
        };
        for (&slot, word) in self.slots.iter().zip(timers.keys.entries(timers.len())) {
            append_count(word, self.counts.get(slot), &mut out.values);
        }
        call.emit(self.port, out)?;
        self.leave(call)
    }
}
