//! The host behind the bindings. Columns are moved in and out of the generated types: vectors change hands, bytes stay.

use super::bindings;
use super::bindings::wasmill::dataflow::{
    cached_files, files, log, metrics, operator_state, output, state, timers, watermarks,
};
use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::files::FileError;
use crate::host::{Addresses, Entries, Found, Host, Level, Observation, Pages};

/// The host of a component.
pub(super) struct ImportedHost;

impl Column {
    fn lend(&mut self) -> bindings::BytesColumn {
        bindings::BytesColumn {
            ends: std::mem::take(&mut self.ends),
            data: std::mem::take(&mut self.data),
        }
    }

    fn take_back(&mut self, lent: bindings::BytesColumn) {
        *self = lent.into();
    }
}

impl From<bindings::BytesColumn> for Column {
    fn from(column: bindings::BytesColumn) -> Self {
        Self {
            ends: column.ends,
            data: column.data,
        }
    }
}

impl From<bindings::Batch> for Batch {
    fn from(batch: bindings::Batch) -> Self {
        Self {
            count: batch.count,
            timestamps: batch.timestamps,
            keys: batch.keys.into(),
            values: batch.values.into(),
        }
    }
}

impl From<Batch> for bindings::Batch {
    fn from(mut batch: Batch) -> Self {
        Self {
            count: batch.count,
            timestamps: batch.timestamps,
            keys: batch.keys.lend(),
            values: batch.values.lend(),
        }
    }
}

impl From<bindings::TimerBatch> for TimerBatch {
    fn from(timers: bindings::TimerBatch) -> Self {
        Self {
            count: timers.count,
            times: timers.times,
            keys: timers.keys.into(),
            namespaces: timers.namespaces.into(),
        }
    }
}

/// Runs a bulk call with lent addresses.
fn with_addresses<R>(
    addresses: &mut Addresses,
    call: impl FnOnce(u32, &bindings::BytesColumn, &bindings::BytesColumn) -> R,
) -> R {
    let keys = addresses.keys.lend();
    let sub_keys = addresses.sub_keys.lend();
    let result = call(addresses.count, &keys, &sub_keys);
    addresses.keys.take_back(keys);
    addresses.sub_keys.take_back(sub_keys);
    result
}

/// Runs a timer call with lent timers.
fn with_timers(
    domain: TimeDomain,
    timers: &mut TimerBatch,
    call: fn(bindings::TimeDomain, &bindings::TimerBatch),
) {
    let lent = bindings::TimerBatch {
        count: timers.count,
        times: std::mem::take(&mut timers.times),
        keys: timers.keys.lend(),
        namespaces: timers.namespaces.lend(),
    };
    let domain = match domain {
        TimeDomain::Event => bindings::TimeDomain::Event,
        TimeDomain::Processing => bindings::TimeDomain::Processing,
    };
    call(domain, &lent);
    *timers = lent.into();
}

impl Host for ImportedHost {
    fn get_many(&self, state: u32, addresses: &mut Addresses) -> Found {
        let found = with_addresses(addresses, |count, keys, sub_keys| {
            state::get_many(state, count, keys, sub_keys)
        });
        Found {
            present: found.present,
            values: found.values.into(),
        }
    }

    fn put_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column) {
        let lent = values.lend();
        with_addresses(addresses, |count, keys, sub_keys| {
            state::put_many(state, count, keys, sub_keys, &lent);
        });
        values.take_back(lent);
    }

    fn delete_many(&self, state: u32, addresses: &mut Addresses) {
        with_addresses(addresses, |count, keys, sub_keys| {
            state::delete_many(state, count, keys, sub_keys);
        });
    }

    fn append_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column) {
        let lent = values.lend();
        with_addresses(addresses, |count, keys, sub_keys| {
            state::append_many(state, count, keys, sub_keys, &lent);
        });
        values.take_back(lent);
    }

    fn scan(&self, state: u32, key: &[u8], start: &[u8], limit: u32) -> Entries {
        let page = state::scan(state, key, start, limit);
        Entries {
            count: page.count,
            sub_keys: page.sub_keys.into(),
            values: page.values.into(),
            more: page.more,
        }
    }

    fn scan_many(&self, state: u32, count: u32, keys: &mut Column, limit: u32) -> Pages {
        let lent = keys.lend();
        let pages = state::scan_many(state, count, &lent, limit);
        keys.take_back(lent);
        Pages {
            counts: pages.counts,
            more: pages.more,
            sub_keys: pages.sub_keys.into(),
            values: pages.values.into(),
        }
    }

    fn clear_many(&self, state: u32, count: u32, keys: &mut Column) {
        let lent = keys.lend();
        state::clear_many(state, count, &lent);
        keys.take_back(lent);
    }

    fn get(&self, state: u32, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>> {
        state::get(state, key, sub_key)
    }

    fn elements(&self, state: u32) -> (u32, Column) {
        let elements = operator_state::elements(state);
        (elements.count, elements.values.into())
    }

    fn append(&self, state: u32, count: u32, values: &mut Column) {
        let lent = values.lend();
        operator_state::append(state, count, &lent);
        values.take_back(lent);
    }

    fn replace(&self, state: u32, count: u32, values: &mut Column) {
        let lent = values.lend();
        operator_state::replace(state, count, &lent);
        values.take_back(lent);
    }

    fn broadcast_entries(&self, state: u32) -> (u32, Column, Column) {
        let entries = operator_state::entries(state);
        (entries.count, entries.keys.into(), entries.values.into())
    }

    fn broadcast_put(&self, state: u32, count: u32, keys: &mut Column, values: &mut Column) {
        let (lent_keys, lent_values) = (keys.lend(), values.lend());
        operator_state::put_many(state, count, &lent_keys, &lent_values);
        keys.take_back(lent_keys);
        values.take_back(lent_values);
    }

    fn broadcast_delete(&self, state: u32, count: u32, keys: &mut Column) {
        let lent = keys.lend();
        operator_state::delete_many(state, count, &lent);
        keys.take_back(lent);
    }

    fn register_timers(&self, domain: TimeDomain, timers: &mut TimerBatch) {
        with_timers(domain, timers, timers::register);
    }

    fn delete_timers(&self, domain: TimeDomain, timers: &mut TimerBatch) {
        with_timers(domain, timers, timers::delete);
    }

    fn emit(&self, port: u32, records: &mut Batch) {
        let lent = bindings::Batch {
            count: records.count,
            timestamps: std::mem::take(&mut records.timestamps),
            keys: records.keys.lend(),
            values: records.values.lend(),
        };
        output::emit(port, &lent);
        *records = lent.into();
    }

    fn observe(&self, observations: &[Observation]) {
        let observations: Vec<_> = observations
            .iter()
            .map(|observation| watermarks::Observation {
                operator: observation.operator,
                max_timestamp: observation.max_timestamp,
                watermark: observation.watermark,
            })
            .collect();
        watermarks::observe(&observations);
    }

    fn count(&self, increments: Vec<(u32, String, u64)>) {
        let increments: Vec<_> = increments
            .into_iter()
            .map(|(operator, name, amount)| metrics::Increment {
                operator,
                name,
                amount,
            })
            .collect();
        metrics::count(&increments);
    }

    fn mark(&self, marks: Vec<(u32, String, u64)>) {
        let marks: Vec<_> = marks
            .into_iter()
            .map(|(operator, name, amount)| metrics::Increment {
                operator,
                name,
                amount,
            })
            .collect();
        metrics::mark(&marks);
    }

    fn set_gauges(&self, readings: Vec<(u32, String, f64)>) {
        let readings: Vec<_> = readings
            .into_iter()
            .map(|(operator, name, value)| metrics::Reading {
                operator,
                name,
                value,
            })
            .collect();
        metrics::set(&readings);
    }

    fn sample(&self, samples: Vec<(u32, String, Vec<u64>)>) {
        let samples: Vec<_> = samples
            .into_iter()
            .map(|(operator, name, values)| metrics::Samples {
                operator,
                name,
                values,
            })
            .collect();
        metrics::sample(&samples);
    }

    fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::write(level, message);
    }

    fn file_append(&self, operator: u32, name: &str, data: &[u8]) -> Result<u64, FileError> {
        Ok(files::append(operator, name, data)?)
    }

    fn file_sync(&self, operator: u32, name: &str) -> Result<(), FileError> {
        Ok(files::sync(operator, name)?)
    }

    fn file_rename(&self, operator: u32, from: &str, to: &str) -> Result<(), FileError> {
        Ok(files::rename(operator, from, to)?)
    }

    fn file_size(&self, operator: u32, name: &str) -> Result<Option<u64>, FileError> {
        Ok(files::size(operator, name)?)
    }

    fn file_read(
        &self,
        operator: u32,
        name: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, FileError> {
        Ok(files::read(operator, name, offset, length)?)
    }

    fn file_remove(&self, operator: u32, name: &str) -> Result<(), FileError> {
        Ok(files::remove(operator, name)?)
    }

    fn file_list(&self, operator: u32, after: &str, limit: u32) -> Result<Vec<String>, FileError> {
        Ok(files::list(operator, after, limit)?)
    }

    fn cached_file_size(&self, name: &str) -> Result<u64, FileError> {
        Ok(cached_files::size(name)?)
    }

    fn cached_file_read(&self, name: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        Ok(cached_files::read(name, offset, length)?)
    }
}

impl From<files::FileError> for FileError {
    fn from(error: files::FileError) -> Self {
        match error {
            files::FileError::NotGranted => Self::NotGranted,
            files::FileError::InvalidName(reason) => Self::InvalidName(reason),
            files::FileError::NotFound => Self::NotFound,
            files::FileError::AlreadyExists => Self::AlreadyExists,
            files::FileError::TooLarge => Self::TooLarge,
            files::FileError::Io(reason) => Self::Io(reason),
        }
    }
}
