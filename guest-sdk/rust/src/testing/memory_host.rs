//! A host in memory: keyed state, timers and output of one task, with the transaction of a call around them.
//!
//! Columns are checked as strictly as the real host checks them, and it panics where the real one would trap. It is
//! for tests: every call copies all state to be able to undo it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::column::{Batch, Column, TimeDomain, TimerBatch};
use crate::host::{Addresses, Entries, Found, Host, Level, Observation, Pages};

/// Bytes of values after which a scan of several keys ends.
const PAGES_BYTES: usize = 4096;

/// Address of a value: state, key, sub-key.
type Address = (u32, Vec<u8>, Vec<u8>);
/// A timer: domain, time, key, namespace.
type Timer = (TimeDomain, i64, Vec<u8>, Vec<u8>);

/// What a call emitted by port, and what its assigners observed.
pub(super) type Output = (Vec<(u32, Batch)>, Vec<Observation>);

/// How often the guest called the host, by name of the call.
pub type Calls = BTreeMap<&'static str, u64>;

/// Everything a task has at the host.
#[derive(Clone, Debug, Default)]
struct Data {
    values: BTreeMap<Address, Vec<u8>>,
    lists: BTreeMap<u32, Vec<Vec<u8>>>,
    broadcast: BTreeMap<u32, BTreeMap<Vec<u8>, Vec<u8>>>,
    timers: BTreeSet<Timer>,
    counters: BTreeMap<String, u64>,
    gauges: BTreeMap<String, f64>,
    samples: BTreeMap<String, Vec<u64>>,
    output: Vec<(u32, Batch)>,
    observations: Vec<Observation>,
}

/// The host of one task.
#[derive(Debug, Default)]
pub struct MemoryHost {
    committed: RefCell<Data>,
    working: RefCell<Data>,
    calls: RefCell<Calls>,
}

impl MemoryHost {
    /// Makes the effects of the call real, or undoes them.
    pub(super) fn end_call(&self, good: bool) {
        if good {
            self.committed.replace(self.working.borrow().clone());
        } else {
            self.working.replace(self.committed.borrow().clone());
        }
    }

    /// Takes the output of the last call.
    pub(super) fn take_output(&self) -> Output {
        let mut working = self.working.borrow_mut();
        let taken = (
            std::mem::take(&mut working.output),
            std::mem::take(&mut working.observations),
        );
        self.committed.replace(working.clone());
        taken
    }

    /// Takes at most `max` timers that are due, earliest first.
    pub(super) fn take_due(&self, domain: TimeDomain, time: i64, max: usize) -> TimerBatch {
        let mut working = self.working.borrow_mut();
        let from = (domain, i64::MIN, Vec::new(), Vec::new());
        let due: Vec<Timer> = working
            .timers
            .range(from..)
            .take_while(|timer| timer.0 == domain && timer.1 <= time)
            .take(max)
            .cloned()
            .collect();
        let mut batch = TimerBatch::default();
        for timer in due {
            batch.push(timer.1, (None, &timer.2), (None, &timer.3));
            working.timers.remove(&timer);
        }
        batch
    }

    /// Puts timers back that the task has not begun.
    pub(super) fn put_back(&self, domain: TimeDomain, timers: &TimerBatch, from: usize) {
        self.change_timers(domain, timers, from, true);
    }

    fn change_timers(&self, domain: TimeDomain, timers: &TimerBatch, from: usize, add: bool) {
        timers
            .check()
            .expect("the timers are columns of one length");
        let count = timers.len();
        let all = timers
            .keys
            .entries(count)
            .zip(timers.namespaces.entries(count));
        let mut working = self.working.borrow_mut();
        for (time, (key, namespace)) in timers.times.iter().zip(all).skip(from) {
            let timer = (domain, *time, key.to_vec(), namespace.to_vec());
            if add {
                working.timers.insert(timer);
            } else {
                working.timers.remove(&timer);
            }
        }
    }

    /// The value of a state at an address.
    pub fn value(&self, state: u32, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>> {
        let address = (state, key.to_vec(), sub_key.to_vec());
        self.committed.borrow().values.get(&address).cloned()
    }

    /// How many values there are in all states.
    pub fn value_count(&self) -> usize {
        self.committed.borrow().values.len()
    }

    /// How many timers wait.
    pub fn timer_count(&self) -> usize {
        self.committed.borrow().timers.len()
    }

    /// The last value of a gauge.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        self.committed.borrow().gauges.get(name).copied()
    }

    /// The values of a histogram, in the order in which they came.
    pub fn samples(&self, name: &str) -> Vec<u64> {
        let committed = self.committed.borrow();
        committed.samples.get(name).cloned().unwrap_or_default()
    }

    /// The sum of a counter or meter over all operators.
    pub fn counter(&self, name: &str) -> u64 {
        self.committed
            .borrow()
            .counters
            .get(name)
            .copied()
            .unwrap_or(0)
    }

    /// How often the guest called the host.
    pub fn calls(&self) -> Calls {
        self.calls.borrow().clone()
    }

    fn called(&self, name: &'static str) {
        *self.calls.borrow_mut().entry(name).or_default() += 1;
    }

    fn addresses(state: u32, addresses: &Addresses) -> Vec<Address> {
        let count = addresses.count as usize;
        addresses
            .keys
            .check("keys", count)
            .expect("the keys are a column");
        addresses
            .sub_keys
            .check("sub-keys", count)
            .expect("the sub-keys are a column");
        let both = addresses
            .keys
            .entries(count)
            .zip(addresses.sub_keys.entries(count));
        both.map(|(key, sub_key)| (state, key.to_vec(), sub_key.to_vec()))
            .collect()
    }

    fn put_each(
        &self,
        state: u32,
        addresses: &Addresses,
        values: &Column,
        put: impl Fn(&mut Vec<u8>, &[u8]),
    ) {
        let count = addresses.count as usize;
        values
            .check("values", count)
            .expect("the values are a column");
        let mut working = self.working.borrow_mut();
        for (address, value) in Self::addresses(state, addresses)
            .into_iter()
            .zip(values.entries(count))
        {
            put(working.values.entry(address).or_default(), value);
        }
    }
}

impl MemoryHost {
    fn page(&self, state: u32, key: &[u8], start: &[u8], limit: u32) -> Entries {
        let working = self.working.borrow();
        let from = (state, key.to_vec(), start.to_vec());
        let mut rest = working
            .values
            .range(from..)
            .take_while(|((s, k, _), _)| *s == state && k == key);
        let mut page = Entries::default();
        for ((_, _, sub_key), value) in rest.by_ref().take(limit as usize) {
            page.sub_keys.push(None, sub_key);
            page.values.push(None, value);
            page.count += 1;
        }
        page.more = rest.next().is_some();
        page
    }
}

impl Host for MemoryHost {
    fn get_many(&self, state: u32, addresses: &mut Addresses) -> Found {
        self.called("get-many");
        let working = self.working.borrow();
        let mut found = Found::default();
        for address in Self::addresses(state, addresses) {
            let value = working.values.get(&address);
            found.present.push(u8::from(value.is_some()));
            found.values.push(None, value.map_or(&[], |value| value));
        }
        found
    }

    fn put_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column) {
        self.called("put-many");
        self.put_each(state, addresses, values, |held, value| {
            *held = value.to_vec()
        });
    }

    fn delete_many(&self, state: u32, addresses: &mut Addresses) {
        self.called("delete-many");
        let mut working = self.working.borrow_mut();
        for address in Self::addresses(state, addresses) {
            working.values.remove(&address);
        }
    }

    fn append_many(&self, state: u32, addresses: &mut Addresses, values: &mut Column) {
        self.called("append-many");
        self.put_each(state, addresses, values, |held, value| {
            held.extend_from_slice(&(value.len() as u32).to_le_bytes());
            held.extend_from_slice(value);
        });
    }

    fn scan(&self, state: u32, key: &[u8], start: &[u8], limit: u32) -> Entries {
        self.called("scan");
        self.page(state, key, start, limit)
    }

    fn scan_many(&self, state: u32, count: u32, keys: &mut Column, limit: u32) -> Pages {
        self.called("scan-many");
        let mut pages = Pages::default();
        for key in keys.entries(count as usize) {
            let page = self.page(state, key, &[], limit);
            let entries = page.count as usize;
            let values = page.values.entries(entries);
            for (sub_key, value) in page.sub_keys.entries(entries).zip(values) {
                pages.sub_keys.push(None, sub_key);
                pages.values.push(None, value);
            }
            pages.counts.push(page.count);
            pages.more.push(u8::from(page.more));
            if pages.values.data.len() >= PAGES_BYTES {
                break;
            }
        }
        pages
    }

    fn clear_many(&self, state: u32, count: u32, keys: &mut Column) {
        self.called("clear-many");
        let mut working = self.working.borrow_mut();
        for key in keys.entries(count as usize) {
            working
                .values
                .retain(|(s, k, _), _| *s != state || k != key);
        }
    }

    fn get(&self, state: u32, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>> {
        self.called("get");
        let address = (state, key.to_vec(), sub_key.to_vec());
        self.working.borrow().values.get(&address).cloned()
    }

    fn elements(&self, state: u32) -> (u32, Column) {
        self.called("elements");
        let working = self.working.borrow();
        let elements = working.lists.get(&state).map_or(&[][..], Vec::as_slice);
        let mut values = Column::default();
        elements
            .iter()
            .for_each(|element| values.push(None, element));
        (elements.len() as u32, values)
    }

    fn append(&self, state: u32, count: u32, values: &mut Column) {
        self.called("append");
        let mut working = self.working.borrow_mut();
        let list = working.lists.entry(state).or_default();
        list.extend(values.entries(count as usize).map(<[u8]>::to_vec));
    }

    fn replace(&self, state: u32, count: u32, values: &mut Column) {
        self.working.borrow_mut().lists.remove(&state);
        self.append(state, count, values);
    }

    fn broadcast_entries(&self, state: u32) -> (u32, Column, Column) {
        self.called("broadcast_entries");
        let working = self.working.borrow();
        let (mut keys, mut values) = (Column::default(), Column::default());
        let entries = working.broadcast.get(&state);
        for (key, value) in entries.into_iter().flatten() {
            keys.push(None, key);
            values.push(None, value);
        }
        (entries.map_or(0, BTreeMap::len) as u32, keys, values)
    }

    fn broadcast_put(&self, state: u32, count: u32, keys: &mut Column, values: &mut Column) {
        self.called("broadcast_put");
        let mut working = self.working.borrow_mut();
        let map = working.broadcast.entry(state).or_default();
        let count = count as usize;
        for (key, value) in keys.entries(count).zip(values.entries(count)) {
            map.insert(key.to_vec(), value.to_vec());
        }
    }

    fn broadcast_delete(&self, state: u32, count: u32, keys: &mut Column) {
        self.called("broadcast_delete");
        let mut working = self.working.borrow_mut();
        let map = working.broadcast.entry(state).or_default();
        for key in keys.entries(count as usize) {
            map.remove(key);
        }
    }

    fn register_timers(&self, domain: TimeDomain, timers: &mut TimerBatch) {
        self.called("register");
        self.change_timers(domain, timers, 0, true);
    }

    fn delete_timers(&self, domain: TimeDomain, timers: &mut TimerBatch) {
        self.called("delete");
        self.change_timers(domain, timers, 0, false);
    }

    fn emit(&self, port: u32, records: &mut Batch) {
        self.called("emit");
        records
            .check()
            .expect("the records are columns of one length");
        self.working
            .borrow_mut()
            .output
            .push((port, records.clone()));
    }

    fn observe(&self, observations: &[Observation]) {
        self.called("observe");
        self.working
            .borrow_mut()
            .observations
            .extend_from_slice(observations);
    }

    fn count(&self, increments: Vec<(u32, String, u64)>) {
        self.called("count");
        let mut working = self.working.borrow_mut();
        for (_, name, amount) in increments {
            *working.counters.entry(name).or_default() += amount;
        }
    }

    fn mark(&self, marks: Vec<(u32, String, u64)>) {
        self.count(marks);
    }

    fn set_gauges(&self, readings: Vec<(u32, String, f64)>) {
        self.called("set_gauges");
        let mut working = self.working.borrow_mut();
        let named = readings.into_iter().map(|(_, name, value)| (name, value));
        working.gauges.extend(named);
    }

    fn sample(&self, samples: Vec<(u32, String, Vec<u64>)>) {
        self.called("sample");
        let mut working = self.working.borrow_mut();
        for (_, name, values) in samples {
            working.samples.entry(name).or_default().extend(values);
        }
    }

    fn log(&self, _level: Level, _message: &str) {
        self.called("log");
    }
}
