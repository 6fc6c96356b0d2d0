//! What the SDK asks of the host: the imports of `wit/` as one trait, so that operators run natively as well.
//!
//! In a component the trait is the generated bindings; in tests it is a host in memory. Every call carries columns,
//! so one virtual call is paid per batch, never per record. Columns are lent and come back unchanged or empty.

use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::files::FileError;

/// Answers of [`Host::get_many`].
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// 1 where there is a value, 0 where there is none.
    pub present: Vec<u8>,
    /// The values; an absent one is empty.
    pub values: Column,
}

/// Answers of [`Host::scan`], by ascending sub-key.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// How many entries.
    pub count: u32,
    /// Their sub-keys.
    pub sub_keys: Column,
    /// Their values.
    pub values: Column,
    /// Whether the key has more entries after these.
    pub more: bool,
}

/// What an assigner gave out in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The assigner's number in the plan.
    pub operator: u32,
    /// The largest timestamp.
    pub max_timestamp: i64,
    /// The largest watermark that it named; the least number if it named none.
    pub watermark: i64,
}

/// Answers of [`Host::scan_many`]: first entries, key after key, by ascending sub-key.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// How many entries there are of each key; keys at the end may be left out.
    pub counts: Vec<u32>,
    /// 1 where the key has more entries, 0 where it has not.
    pub more: Vec<u8>,
    /// The sub-keys of all entries.
    pub sub_keys: Column,
    /// The values of all entries.
    pub values: Column,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For debugging.
    Debug,
    /// A normal event.
    Info,
    /// Unexpected, but handled.
    Warn,
    /// Somebody has to act.
    Error,
}

/// Addresses of a bulk call: key `i` together with sub-key `i`.
#[derive(Debug, Default)]
pub struct Addresses {
    /// How many.
    pub count: u32,
    /// The keys.
    pub keys: Column,
    /// The sub-keys.
    pub sub_keys: Column,
}

impl Addresses {
    /// Forgets all addresses, keeps the memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.keys.clear();
        self.sub_keys.clear();
    }

    /// Appends an address; each part comes with the width its type has, if it has one.
    #[inline]
    pub(crate) fn push(&mut self, key: (Option<usize>, &[u8]), sub_key: (Option<usize>, &[u8])) {
        self.keys.push(key.0, key.1);
        self.sub_keys.push(sub_key.0, sub_key.1);
        self.count += 1;
    }
}

/// The imports of a component; see `wit/`. All calls belong to the one call of the operator that is under way.
pub trait Host {
    /// Reads values.
    fn get_many(&self, state: u32, addresses: &mut Addresses) -> Found;
    /// Sets values.
    fn put_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column);
    /// Removes values.
    fn delete_many(&self, state: u32, addresses: &mut Addresses);
    /// Appends to lists.
    fn append_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column);
    /// Reads a page of a Map state's key.
    fn scan(&self, state: u32, key: &[u8], start: &[u8], limit: u32) -> Entries;
    /// Reads the first entries of `count` keys of a Map state.
    fn scan_many(&self, state: u32, count: u32, keys: &mut Column, limit: u32) -> Pages;
    /// Removes every entry of `count` keys of a Map state.
    fn clear_many(&self, state: u32, count: u32, keys: &mut Column);
    /// Reads one value.
    fn get(&self, state: u32, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>>;
    /// All elements of a list state of the operator.
    fn elements(&self, state: u32) -> (u32, Column);
    /// Appends elements to a list state of the operator.
    fn append(&self, state: u32, count: u32, values: &mut Column);
    /// Replaces all elements of a list state of the operator.
    fn replace(&self, state: u32, count: u32, values: &mut Column);
    /// All entries of a broadcast state: how many, keys, values.
    fn broadcast_entries(&self, state: u32) -> (u32, Column, Column);
    /// Sets entries of a broadcast state.
    fn broadcast_put(&self, state: u32, count: u32, keys: &mut Column, values: &mut Column);
    /// Removes entries of a broadcast state.
    fn broadcast_delete(&self, state: u32, count: u32, keys: &mut Column);
    /// Adds timers.
    fn register_timers(&self, domain: TimeDomain, timers: &mut TimerBatch);
    /// Removes timers.
    fn delete_timers(&self, domain: TimeDomain, timers: &mut TimerBatch);
    /// Emits records at an output port.
    fn emit(&self, port: u32, records: &mut Batch);
    /// Tells what assigners gave out.
    fn observe(&self, observations: &[Observation]);
    /// Adds to counters: (operator, name, amount).
    fn count(&self, increments: Vec<(u32, String, u64)>);
    /// Tells meters of events: (operator, name, how many).
    fn mark(&self, marks: Vec<(u32, String, u64)>);
    /// Sets gauges: (operator, name, value).
    fn set_gauges(&self, readings: Vec<(u32, String, f64)>);
    /// Adds values to histograms: (operator, name, values).
    fn sample(&self, samples: Vec<(u32, String, Vec<u64>)>);
    /// Writes a log line.
    fn log(&self, level: Level, message: &str);

    /// Appends to a file of the directory granted to an operator; see [`crate::files::Files`]. A host without files
    /// has granted none.
    fn file_append(&self, _operator: u32, _name: &str, _data: &[u8]) -> Result<u64, FileError> {
        Err(FileError::NotGranted)
    }
    /// Makes a file durable.
    fn file_sync(&self, _operator: u32, _name: &str) -> Result<(), FileError> {
        Err(FileError::NotGranted)
    }
    /// Renames a file.
    fn file_rename(&self, _operator: u32, _from: &str, _to: &str) -> Result<(), FileError> {
        Err(FileError::NotGranted)
    }
    /// The length of a file, if there is one.
    fn file_size(&self, _operator: u32, _name: &str) -> Result<Option<u64>, FileError> {
        Err(FileError::NotGranted)
    }
    /// Reads from a file.
    fn file_read(
        &self,
        _operator: u32,
        _name: &str,
        _offset: u64,
        _length: u32,
    ) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotGranted)
    }
    /// Removes a file.
    fn file_remove(&self, _operator: u32, _name: &str) -> Result<(), FileError> {
        Err(FileError::NotGranted)
    }
    /// Names of files in order.
    fn file_list(
        &self,
        _operator: u32,
        _after: &str,
        _limit: u32,
    ) -> Result<Vec<String>, FileError> {
        Err(FileError::NotGranted)
    }
    /// The length of a registered file.
    fn cached_file_size(&self, _name: &str) -> Result<u64, FileError> {
        Err(FileError::NotFound)
    }
    /// Reads from a registered file.
    fn cached_file_read(
        &self,
        _name: &str,
        _offset: u64,
        _length: u32,
    ) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
}
