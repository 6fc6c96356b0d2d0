//! What travels between operators: batches of records in columns, and the control elements in between.
//!
//! A batch has the same shape on an edge, across the guest boundary and in a network buffer, so that it is copied,
//! never translated. The row layout inside a value is the business of the operators (see `wit/ENCODING.md`).

use thiserror::Error;

use crate::ids::{CheckpointId, SplitId};

/// The timestamp of a record that has none.
pub const NO_TIMESTAMP: i64 = i64::MIN;

/// The watermark before anything is known about event time.
pub const WATERMARK_MIN: i64 = i64::MIN;

/// The watermark after the last record: every window and event-time timer fires.
pub const WATERMARK_MAX: i64 = i64::MAX;

/// A column of byte strings, one per record.
///
/// If `ends` is empty all entries have the same length, which is `data.len() / count`; a column of empty entries is
/// two empty vectors. Otherwise `ends[i]` is the offset in `data` where entry `i` ends and entry `i + 1` begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// End offset of each entry, or empty if all have one width.
    pub ends: Vec<u32>,
    /// The entries, one after the other.
    pub data: Vec<u8>,
}

/// Bytes that are not a column or not a batch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MalformedBatch {
    /// The fixed width does not divide the data.
    #[error("column {column}: {bytes} bytes cannot be {count} entries of one width")]
    Width {
        /// Which column.
        column: &'static str,
        /// Length of its data.
        bytes: usize,
        /// Entries it should have.
        count: usize,
    },
    /// There is not one end per record.
    #[error("column {column}: {ends} ends for {count} records")]
    EndCount {
        /// Which column.
        column: &'static str,
        /// Ends there are.
        ends: usize,
        /// Ends there should be.
        count: usize,
    },
    /// The ends go back, or the last one is not the end of the data.
    #[error(
        "column {column}: end {end} of record {record} is out of order or beyond the {bytes} bytes of data"
    )]
    EndOrder {
        /// Which column.
        column: &'static str,
        /// The first record whose end is wrong.
        record: usize,
        /// That end.
        end: u32,
        /// Length of the data.
        bytes: usize,
    },
    /// There is neither no timestamp nor one per record.
    #[error("{timestamps} timestamps for {count} records")]
    TimestampCount {
        /// Timestamps there are.
        timestamps: usize,
        /// Records there are.
        count: usize,
    },
    /// More records than a batch may have.
    #[error("{count} records in one batch, at most {max} are allowed")]
    TooManyRecords {
        /// Records there are.
        count: usize,
        /// The bound.
        max: usize,
    },
}

impl Column {
    /// A column of entries that all have one width, which may be zero.
    pub fn fixed(data: Vec<u8>) -> Self {
        Self {
            ends: Vec::new(),
            data,
        }
    }

    /// Builds a column from entries. Uses the fixed form if all have one width.
    pub fn from_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut column = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            column.push(index, entry);
        }
        column
    }

    /// Appends entry number `count`, where `count` is the number of entries the column has so far.
    /// Stays in the fixed form as long as all entries have one width.
    ///
    /// # Panics
    /// If the data outgrows 4 GiB, which the limits on a batch exclude.
    #[inline]
    pub fn push(&mut self, count: usize, entry: &[u8]) {
        if self.ends.is_empty() {
            if count == 0 || entry.len() * count == self.data.len() {
                self.data.extend_from_slice(entry);
                return;
            }
            self.spell_out_ends(count);
        }
        self.data.extend_from_slice(entry);
        self.ends
            .push(u32::try_from(self.data.len()).expect("a column is below 4 GiB"));
    }

    /// Turns the fixed form with `count` entries into the form with ends.
    fn spell_out_ends(&mut self, count: usize) {
        let width = self.data.len() / count.max(1);
        self.ends.extend((1..=count).map(|i| (i * width) as u32));
    }

    /// Entry `index` of `count`. The column must be valid.
    #[inline]
    pub fn get(&self, index: usize, count: usize) -> &[u8] {
        if self.ends.is_empty() {
            let width = self.data.len() / count;
            &self.data[index * width..(index + 1) * width]
        } else {
            let start = if index == 0 {
                0
            } else {
                self.ends[index - 1] as usize
            };
            &self.data[start..self.ends[index] as usize]
        }
    }

    /// The width of all `count` entries, if the column is in the fixed form.
    #[inline]
    pub fn width(&self, count: usize) -> Option<usize> {
        if self.ends.is_empty() {
            Some(self.data.len().checked_div(count).unwrap_or(0))
        } else {
            None
        }
    }

    /// All entries in order.
    #[inline]
    pub fn entries(&self, count: usize) -> impl Iterator<Item = &[u8]> {
        let width = self.width(count);
        let mut start = 0;
        (0..count).map(move |index| {
            let end = match width {
                Some(width) => start + width,
                None => self.ends[index] as usize,
            };
            let entry = &self.data[start..end];
            start = end;
            entry
        })
    }

    /// Bytes the column takes on the wire.
    pub fn size_bytes(&self) -> usize {
        self.data.len() + 4 * self.ends.len()
    }

    /// Checks that this is a column of `count` entries.
    ///
    /// # Errors
    /// The first rule it breaks, with the name of the column.
    pub fn validate(&self, column: &'static str, count: usize) -> Result<(), MalformedBatch> {
        let bytes = self.data.len();
        if self.ends.is_empty() {
            let fits = if count == 0 {
                bytes == 0
            } else {
                bytes.is_multiple_of(count)
            };
            return if fits {
                Ok(())
            } else {
                Err(MalformedBatch::Width {
                    column,
                    bytes,
                    count,
                })
            };
        }
        if self.ends.len() != count {
            return Err(MalformedBatch::EndCount {
                column,
                ends: self.ends.len(),
                count,
            });
        }
        let mut before = 0;
        for (record, &end) in self.ends.iter().enumerate() {
            let last = record + 1 == count;
            if end < before || end as usize > bytes || (last && end as usize != bytes) {
                return Err(MalformedBatch::EndOrder {
                    column,
                    record,
                    end,
                    bytes,
                });
            }
            before = end;
        }
        Ok(())
    }

    /// Appends all entries of another column; `count` and `others` are the numbers of entries.
    ///
    /// # Panics
    /// If the data outgrows 4 GiB, which the limits on a batch exclude.
    pub fn append(&mut self, count: usize, other: &Self, others: usize) {
        let one_width = count == 0 || self.width(count) == other.width(others);
        if self.ends.is_empty() && other.ends.is_empty() && one_width {
            self.data.extend_from_slice(&other.data);
            return;
        }
        if self.ends.is_empty() {
            self.spell_out_ends(count);
        }
        let offset = u32::try_from(self.data.len()).expect("a column is below 4 GiB");
        self.data.extend_from_slice(&other.data);
        match other.width(others) {
            Some(width) => self
                .ends
                .extend((1..=others).map(|i| offset + (i * width) as u32)),
            None => self.ends.extend(other.ends.iter().map(|end| offset + end)),
        }
    }

    /// Splits off the entries from `at` on; `self` keeps the ones before.
    pub fn split_off(&mut self, at: usize, count: usize) -> Self {
        if self.ends.is_empty() {
            let width = self.data.len().checked_div(count).unwrap_or(0);
            return Self {
                ends: Vec::new(),
                data: self.data.split_off(at * width),
            };
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        let ends = self
            .ends
            .split_off(at)
            .into_iter()
            .map(|end| end - start)
            .collect();
        Self {
            ends,
            data: self.data.split_off(start as usize),
        }
    }

    /// Forgets all entries, keeps the memory.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.data.clear();
    }
}

/// Records in columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// How many records.
    pub count: u32,
    /// Event timestamps in milliseconds, one per record, or empty if no record has one.
    pub timestamps: Vec<i64>,
    /// Encoded keys; all empty on an unkeyed stream.
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

    /// Appends one record. Use `NO_TIMESTAMP` for a record without one.
    #[inline]
    pub fn push(&mut self, timestamp: i64, key: &[u8], value: &[u8]) {
        let count = self.len();
        if self.timestamps.is_empty() && timestamp != NO_TIMESTAMP {
            self.timestamps.resize(count, NO_TIMESTAMP);
        }
        if count == 0 && timestamp != NO_TIMESTAMP || !self.timestamps.is_empty() {
            self.timestamps.push(timestamp);
        }
        self.keys.push(count, key);
        self.values.push(count, value);
        self.count += 1;
    }

    /// The timestamp of record `index`.
    #[inline]
    pub fn timestamp(&self, index: usize) -> i64 {
        if self.timestamps.is_empty() {
            NO_TIMESTAMP
        } else {
            self.timestamps[index]
        }
    }

    /// The key of record `index`.
    #[inline]
    pub fn key(&self, index: usize) -> &[u8] {
        self.keys.get(index, self.len())
    }

    /// The value of record `index`.
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        self.values.get(index, self.len())
    }

    /// Bytes the batch takes on the wire.
    pub fn size_bytes(&self) -> usize {
        8 * self.timestamps.len() + self.keys.size_bytes() + self.values.size_bytes()
    }

    /// Bytes of memory the batch holds, filled or not.
    pub fn capacity_bytes(&self) -> usize {
        let column = |it: &Column| it.data.capacity() + 4 * it.ends.capacity();
        8 * self.timestamps.capacity() + column(&self.keys) + column(&self.values)
    }

    /// Checks that every column has the right shape, so that reading any record cannot fail.
    ///
    /// # Errors
    /// The first rule the batch breaks.
    pub fn validate(&self, records_max: usize) -> Result<(), MalformedBatch> {
        let count = self.len();
        if count > records_max {
            return Err(MalformedBatch::TooManyRecords {
                count,
                max: records_max,
            });
        }
        if !self.timestamps.is_empty() && self.timestamps.len() != count {
            return Err(MalformedBatch::TimestampCount {
                timestamps: self.timestamps.len(),
                count,
            });
        }
        self.keys.validate("keys", count)?;
        self.values.validate("values", count)
    }

    /// Appends all records of another batch.
    pub fn append(&mut self, other: &Self) {
        let (count, others) = (self.len(), other.len());
        if !self.timestamps.is_empty() || !other.timestamps.is_empty() {
            self.timestamps.resize(count, NO_TIMESTAMP);
            self.timestamps.extend_from_slice(&other.timestamps);
            self.timestamps.resize(count + others, NO_TIMESTAMP);
        }
        self.keys.append(count, &other.keys, others);
        self.values.append(count, &other.values, others);
        self.count += other.count;
    }

    /// Splits off the records from `at` on; `self` keeps the ones before.
    pub fn split_off(&mut self, at: usize) -> Self {
        let count = self.len();
        let timestamps = if self.timestamps.is_empty() {
            Vec::new()
        } else {
            self.timestamps.split_off(at)
        };
        let keys = self.keys.split_off(at, count);
        let values = self.values.split_off(at, count);
        self.count = at as u32;
        Self {
            count: (count - at) as u32,
            timestamps,
            keys,
            values,
        }
    }

    /// Forgets all records, keeps the memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.timestamps.clear();
        self.keys.clear();
        self.values.clear();
    }
}

/// A checkpoint barrier (Chandy and Lamport's marker, as Flink uses it): records before it belong to the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The checkpoint it belongs to.
    pub checkpoint: CheckpointId,
}

/// Everything that can arrive on a channel, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamElement {
    /// Records, and the source split they came from while they are still in the source's chain.
    Records(Batch, Option<SplitId>),
    /// No record with a timestamp at or below this one will follow (milliseconds).
    Watermark(i64),
    /// The channel has nothing to say about event time until it is active again.
    Idle,
    /// The channel takes part in event time again.
    Active,
    /// A checkpoint barrier.
    Barrier(Barrier),
    /// Nothing follows on this channel.
    EndOfInput,
}

#[cfg(test)]
mod tests;
