//! The host of handles that are made only to learn what an operator declares: it knows nothing and forgets everything.

use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::host::{Addresses, Entries, Found, Host, Level, Observation, Pages};

/// No host at all.
pub(crate) struct NoHost;

impl Host for NoHost {
    fn get_many(&self, _state: u32, addresses: &mut Addresses) -> Found {
        Found {
            present: vec![0; addresses.count as usize],
            values: Column::default(),
        }
    }

    fn put_many(&self, _state: u32, _addresses: &mut Addresses, _values: &mut Column) {}

    fn delete_many(&self, _state: u32, _addresses: &mut Addresses) {}

    fn append_many(&self, _state: u32, _addresses: &mut Addresses, _values: &mut Column) {}

    fn scan(&self, _state: u32, _key: &[u8], _start: &[u8], _limit: u32) -> Entries {
        Entries::default()
    }

    fn scan_many(&self, _state: u32, _count: u32, _keys: &mut Column, _limit: u32) -> Pages {
        Pages::default()
    }

    fn clear_many(&self, _state: u32, _count: u32, _keys: &mut Column) {}

    fn get(&self, _state: u32, _key: &[u8], _sub_key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn elements(&self, _state: u32) -> (u32, Column) {
        (0, Column::default())
    }

    fn append(&self, _state: u32, _count: u32, _values: &mut Column) {}

    fn replace(&self, _state: u32, _count: u32, _values: &mut Column) {}

    fn broadcast_entries(&self, _state: u32) -> (u32, Column, Column) {
        (0, Column::default(), Column::default())
    }

    fn broadcast_put(&self, _state: u32, _count: u32, _keys: &mut Column, _values: &mut Column) {}

    fn broadcast_delete(&self, _state: u32, _count: u32, _keys: &mut Column) {}

    fn register_timers(&self, _domain: TimeDomain, _timers: &mut TimerBatch) {}

    fn delete_timers(&self, _domain: TimeDomain, _timers: &mut TimerBatch) {}

    fn emit(&self, _port: u32, _records: &mut Batch) {}

    fn observe(&self, _observations: &[Observation]) {}

    fn count(&self, _increments: Vec<(u32, String, u64)>) {}

    fn mark(&self, _marks: Vec<(u32, String, u64)>) {}

    fn set_gauges(&self, _readings: Vec<(u32, String, f64)>) {}

    fn sample(&self, _samples: Vec<(u32, String, Vec<u64>)>) {}

    fn log(&self, _level: Level, _message: &str) {}
}
