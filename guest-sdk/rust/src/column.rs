//! Records in columns, as they cross the boundary to the host: the guest's form of `wit/types.wit`.
//!
//! A column written here is either of one width or spells out its ends. Reading accepts both forms and checks them
//! once per batch, so that reading an entry cannot fail afterwards.

use crate::error::Error;

/// The timestamp of a record that has none.
pub const NO_TIMESTAMP: i64 = i64::MIN;

/// A column of byte strings; see `wit/types.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// End of each entry, or nothing if all have one width.
    pub ends: Vec<u32>,
    /// The entries, one after the other.
    pub data: Vec<u8>,
}

impl Column {
    /// Ends the entry that was appended to `data`, if its width is not known from its type.
    #[inline]
    pub(crate) fn close(&mut self, width: Option<usize>) {
        if width.is_none() {
            self.ends.push(self.data.len() as u32);
        }
    }

    /// Appends an entry whose type has the width `width`, if it has one.
    #[inline]
    pub(crate) fn push(&mut self, width: Option<usize>, entry: &[u8]) {
        match <&[u8; 8]>::try_from(entry) {
            Ok(word) => self.data.extend_from_slice(word),
            Err(_) => copy_into(&mut self.data, entry),
        }
        self.close(width);
    }

    /// Forgets all entries, keeps the memory.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.data.clear();
    }

    /// Entry `index` of `count`. The column must have been checked.
    #[inline]
    pub fn get(&self, index: usize, count: usize) -> &[u8] {
        if self.ends.is_empty() {
            let width = self.data.len() / count;
            &self.data[index * width..(index + 1) * width]
        } else {
            let start = match index {
                0 => 0,
                _ => self.ends[index - 1] as usize,
            };
            &self.data[start..self.ends[index] as usize]
        }
    }

    /// All `count` entries in order. The column must have been checked.
    pub fn entries(&self, count: usize) -> impl Iterator<Item = &[u8]> {
        let width = self.data.len().checked_div(count).unwrap_or(0);
        let mut start = 0;
        (0..count).map(move |index| {
            let end = match self.ends.get(index) {
                Some(&end) => end as usize,
                None => start + width,
            };
            let entry = &self.data[start..end];
            start = end;
            entry
        })
    }

    /// Checks that this is a column of `count` entries.
    ///
    /// # Errors
    /// The column is not: the host has handed over something else.
    pub fn check(&self, name: &str, count: usize) -> Result<(), Error> {
        let good = if self.ends.is_empty() {
            match count {
                0 => self.data.is_empty(),
                _ => self.data.len().is_multiple_of(count),
            }
        } else {
            let mut before = 0;
            let ascending = self.ends.iter().all(|&end| {
                let fits = end >= before;
                before = end;
                fits
            });
            ascending && self.ends.len() == count && before as usize == self.data.len()
        };
        if good {
            return Ok(());
        }
        Err(Error::Task(format!(
            "column {name} is not one of {count} entries: {} bytes, {} ends",
            self.data.len(),
            self.ends.len()
        )))
    }
}

/// Appends a short slice. A word at a time beats the bulk copy instruction of the sandbox, which is a call.
#[inline]
pub(crate) fn copy_into(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > 64 || !cfg!(target_arch = "wasm32") {
        out.extend_from_slice(bytes);
    } else {
        copy_words(out, bytes);
    }
}

#[inline]
fn copy_words(out: &mut Vec<u8>, bytes: &[u8]) {
    let end = out.len() + bytes.len();
    let (lines, rest) = bytes.as_chunks::<32>();
    for line in lines {
        out.extend_from_slice(line);
    }
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        out.extend_from_slice(word);
    }
    if !rest.is_empty() {
        out.extend_from_slice(&last_word(bytes, rest).to_le_bytes());
        out.truncate(end);
    }
}

/// The bytes behind the last whole word, which are not none, at the beginning of a word. Without a loop, whose every
/// turn the sandbox would count: they are read together with bytes before them, or by overlapping halves.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> (8 * (8 - rest.len()));
    }
    if let (Some(low), Some(high)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*high)) << (8 * (rest.len() - 4));
        return u64::from(u32::from_le_bytes(*low)) | high;
    }
    let byte = |at: usize| u64::from(rest[at]) << (8 * at);
    byte(0) | byte(rest.len() / 2) | byte(rest.len() - 1)
}

/// Records in columns; see `wit/types.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// How many records.
    pub count: u32,
    /// Event timestamps, one per record, or none at all.
    pub timestamps: Vec<i64>,
    /// Encoded keys; empty on an unkeyed stream.
    pub keys: Column,
    /// Encoded values.
    pub values: Column,
}

impl Batch {
    /// The number of records as a length.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The timestamp of record `index`, or [`NO_TIMESTAMP`].
    #[inline]
    pub fn timestamp(&self, index: usize) -> i64 {
        self.timestamps.get(index).copied().unwrap_or(NO_TIMESTAMP)
    }

    /// Notes the timestamp of the record that is about to be the next one.
    #[inline]
    pub(crate) fn push_timestamp(&mut self, timestamp: i64) {
        if self.timestamps.is_empty() {
            if timestamp == NO_TIMESTAMP {
                return;
            }
            self.timestamps.resize(self.len(), NO_TIMESTAMP);
        }
        self.timestamps.push(timestamp);
    }

    /// Forgets all records, keeps the memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.timestamps.clear();
        self.keys.clear();
        self.values.clear();
    }

    /// Bytes of the records.
    pub fn size_bytes(&self) -> usize {
        self.values.data.len() + self.keys.data.len() + 8 * self.timestamps.len()
    }

    /// Checks every column.
    ///
    /// # Errors
    /// A column that does not fit the number of records.
    pub fn check(&self) -> Result<(), Error> {
        if !self.timestamps.is_empty() && self.timestamps.len() != self.len() {
            return Err(Error::Task(format!(
                "{} timestamps for {} records",
                self.timestamps.len(),
                self.count
            )));
        }
        self.keys.check("keys", self.len())?;
        self.values.check("values", self.len())
    }
}

/// Timers in columns; see `wit/types.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimerBatch {
    /// How many timers.
    pub count: u32,
    /// When they are due.
    pub times: Vec<i64>,
    /// Whose they are.
    pub keys: Column,
    /// What they are for.
    pub namespaces: Column,
}

impl TimerBatch {
    /// The number of timers as a length.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a timer of a key of the width `key_width`; namespaces are always of `namespace_width`.
    pub(crate) fn push(
        &mut self,
        time: i64,
        key: (Option<usize>, &[u8]),
        namespace: (Option<usize>, &[u8]),
    ) {
        self.times.push(time);
        self.keys.push(key.0, key.1);
        self.namespaces.push(namespace.0, namespace.1);
        self.count += 1;
    }

    /// Forgets all timers, keeps the memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.times.clear();
        self.keys.clear();
        self.namespaces.clear();
    }

    /// Checks every column.
    ///
    /// # Errors
    /// A column that does not fit the number of timers.
    pub fn check(&self) -> Result<(), Error> {
        if self.times.len() != self.len() {
            return Err(Error::Task(format!(
                "{} times for {} timers",
                self.times.len(),
                self.count
            )));
        }
        self.keys.check("keys", self.len())?;
        self.namespaces.check("namespaces", self.len())
    }
}

/// Which time a timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeDomain {
    /// The watermark.
    Event,
    /// The operator's clock.
    Processing,
}

/// The times that hold during one call (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The operator's clock.
    pub processing_time: i64,
    /// The watermark at the input of the task; the least number before there is one.
    pub watermark: i64,
}

#[cfg(test)]
mod tests;
