//! J6: auctions joined with their sellers, whichever comes first; a timer forgets both after a while.
//!
//! Persons are cached as the rows they are; the auctions of a seller are only in the state, since they are read once at
//! most, when the person comes.

use dataflow::element::{Batch, Column};
use dataflow::ids::StateNumber;
use dataflow::limits::BATCH_RECORDS_MAX;
use dataflow::port::call::Call;
use dataflow::port::state::Pages;
use dataflow::time::timer::{TimeDomain, TimerBatch};
use hashbrown::HashTable;

use crate::events::{AUCTION, PERSON};
use crate::keys::hash_long;
use crate::logic::{CACHED_KEYS_MAX, Fault, Logic};
use crate::row::{Slot, column_of_keys, head, long, long_keys, moved, ordered, rows};

/// How long a person and the auctions are kept (milliseconds of event time).
const KEPT_MS: i64 = 20_000;
/// Entries read by one scan.
const PAGE: u32 = 1024;
/// Bytes of persons that are cached; beyond, all are forgotten.
const CACHED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How much farther back the texts of a result are than those of its person: a slot (bytes).
const FARTHER: i32 = 8;

/// What is known about a key: where its person lies in the arena; an empty range if there is none.
struct Known {
    key: Slot,
    start: u32,
    end: u32,
}

/// The persons that are known.
#[derive(Default)]
struct Persons {
    index: HashTable<Known>,
    arena: Vec<u8>,
}

impl Persons {
    #[inline]
    fn get(&self, key: Slot) -> Option<&[u8]> {
        let known = self.index.find(hash_long(key), |known| known.key == key)?;
        Some(&self.arena[known.start as usize..known.end as usize])
    }

    /// Remembers a person, or by an empty row that there is none.
    fn set(&mut self, key: Slot, person: &[u8]) {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(person);
        let known = Known {
            key,
            start,
            end: self.arena.len() as u32,
        };
        let same = |known: &Known| known.key == key;
        let entry = self
            .index
            .entry(hash_long(key), same, |known| hash_long(known.key));
        match entry {
            hashbrown::hash_table::Entry::Occupied(mut entry) => *entry.get_mut() = known,
            hashbrown::hash_table::Entry::Vacant(entry) => drop(entry.insert(known)),
        }
    }

    fn forget(&mut self, key: Slot) {
        let found = self
            .index
            .find_entry(hash_long(key), |known| known.key == key);
        if let Ok(entry) = found {
            entry.remove();
        }
    }

    /// Forgets everything if it is too much. What timers have forgotten still lies in the arena until then.
    fn trim(&mut self) {
        if self.index.len() > CACHED_KEYS_MAX || self.arena.len() > CACHED_BYTES_MAX {
            self.index.clear();
            self.arena.clear();
        }
    }
}

/// Results on their way out.
struct Results {
    port: u32,
    batch: Batch,
}

impl Results {
    fn new(port: u32) -> Self {
        Self {
            port,
            batch: Batch::default(),
        }
    }

    /// Adds a person's id, an auction's id and price, and the texts of the person.
    #[inline]
    fn push(
        &mut self,
        person: &[u8],
        auction: &[Slot; AUCTION],
        time: i64,
        call: &mut Call,
    ) -> Result<(), Fault> {
        let ([id, _, name, city, state], texts) = head::<PERSON>(person)?;
        let [name, city, state] = [*name, *city, *state].map(|text| moved(text, FARTHER));
        let row = [*id, auction[0], auction[3], name, city, state];
        let values = &mut self.batch.values;
        values.data.extend_from_slice(row.as_flattened());
        values.data.extend_from_slice(texts);
        values.ends.push(values.data.len() as u32);
        self.batch.timestamps.push(time);
        self.batch.count += 1;
        if self.batch.len() >= BATCH_RECORDS_MAX {
            call.emit(self.port, std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    fn emit(self, call: &mut Call) -> Result<(), Fault> {
        Ok(call.emit(self.port, self.batch)?)
    }
}

/// Keeps the person and the auctions of every seller.
pub(crate) struct Join {
    person: StateNumber,
    auctions: StateNumber,
    port: u32,
    persons: Persons,
}

impl Join {
    pub(crate) fn new(person: StateNumber, auctions: StateNumber, port: u32) -> Self {
        Self {
            person,
            auctions,
            port,
            persons: Persons::default(),
        }
    }

    fn persons(&mut self, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let mut results = Results::new(self.port);
        let keys = long_keys(&records.keys, records.len())?;
        let mut times = Vec::with_capacity(keys.len());
        let (mut pages, mut all) = (Pages::default(), 0);
        let (mut seen, mut auctions) = (0, 0);
        for (index, (key, person)) in keys
            .iter()
            .zip(records.values.entries(keys.len()))
            .enumerate()
        {
            let ([_, ts, ..], _) = head::<PERSON>(person)?;
            times.push(long(*ts).saturating_add(KEPT_MS));
            if index == seen + pages.counts.len() {
                (seen, auctions) = (index, 0);
                let rest = column_of_keys(keys[index..].to_vec());
                pages = call.scan_many(self.auctions, keys.len() - index, &rest, PAGE)?;
                all = pages.counts.iter().sum::<u32>() as usize;
            }
            let count = pages.counts[index - seen] as usize;
            let own = &auctions_of(&pages.values, all)?[auctions..auctions + count];
            auctions += count;
            let time = records.timestamp(index);
            for auction in own {
                results.push(person, auction, time, call)?;
            }
            if pages.more[index - seen] == 1 {
                self.further_auctions(
                    *key,
                    own,
                    |auction, call| results.push(person, auction, time, call),
                    call,
                )?;
            }
            self.persons.set(*key, person);
        }
        let timers = TimerBatch {
            count: records.count,
            times,
            keys: records.keys.clone(),
            namespaces: Column::default(),
        };
        call.register_timers(TimeDomain::Event, timers)?;
        let (keys, sub_keys) = (records.keys.clone(), Column::default());
        let values = records.values.clone();
        call.put_many(self.person, records.len(), keys, sub_keys, values)?;
        results.emit(call)
    }

    /// Shows the auctions of a seller after these.
    fn further_auctions(
        &self,
        seller: Slot,
        before: &[[Slot; AUCTION]],
        mut show: impl FnMut(&[Slot; AUCTION], &mut Call) -> Result<(), Fault>,
        call: &mut Call,
    ) -> Result<(), Fault> {
        let last = before.last().map(|auction| ordered(long(auction[0])));
        let mut from = last.map_or_else(Vec::new, |last| [&last[..], &[0]].concat());
        loop {
            let page = call.scan(self.auctions, &seller, &from, PAGE)?;
            for auction in auctions_of(&page.values, page.count)? {
                show(auction, call)?;
            }
            if !page.more || page.count == 0 {
                return Ok(());
            }
            from.clear();
            from.extend_from_slice(page.sub_keys.get(page.count - 1, page.count));
            from.push(0);
        }
    }

    /// Loads the persons of sellers that are not known.
    fn load(&mut self, sellers: &[Slot], call: &mut Call) -> Result<(), Fault> {
        let mut unknown = Vec::new();
        for seller in sellers {
            if self.persons.get(*seller).is_none() {
                self.persons.set(*seller, &[]);
                unknown.push(*seller);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let (count, keys) = (unknown.len(), column_of_keys(unknown.clone()));
        let found = call.get_many(self.person, count, &keys, &Column::default())?;
        for (index, seller) in unknown.into_iter().enumerate() {
            if found.present[index] == 1 {
                self.persons.set(seller, found.values.get(index, count));
            }
        }
        Ok(())
    }

    fn auctions(&mut self, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let mut results = Results::new(self.port);
        let sellers = long_keys(&records.keys, records.len())?;
        let auctions = rows::<AUCTION>(&records.values, records.len())?;
        self.load(sellers, call)?;
        for (index, (seller, auction)) in sellers.iter().zip(auctions).enumerate() {
            match self.persons.get(*seller) {
                Some(person) if !person.is_empty() => {
                    results.push(person, auction, records.timestamp(index), call)?;
                }
                _ => {}
            }
        }
        let sub_keys: Vec<Slot> = auctions.iter().map(|row| ordered(long(row[0]))).collect();
        call.put_many(
            self.auctions,
            records.len(),
            records.keys.clone(),
            column_of_keys(sub_keys),
            records.values.clone(),
        )?;
        results.emit(call)
    }
}

/// The auctions of a page.
fn auctions_of(values: &Column, count: usize) -> Result<&[[Slot; AUCTION]], Fault> {
    if count == 0 {
        return Ok(&[]);
    }
    rows::<AUCTION>(values, count)
}

impl Logic for Join {
    fn process(&mut self, input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        match input {
            0 => self.persons(records, call)?,
            _ => self.auctions(records, call)?,
        }
        self.persons.trim();
        Ok(())
    }

    fn on_timers(&mut self, timers: &TimerBatch, call: &mut Call) -> Result<(), Fault> {
        for key in long_keys(&timers.keys, timers.len())? {
            self.persons.forget(*key);
        }
        call.clear_many(self.auctions, timers.len(), timers.keys.clone())?;
        let (keys, sub_keys) = (timers.keys.clone(), Column::default());
        Ok(call.delete_many(self.person, timers.len(), keys, sub_keys)?)
    }
}
