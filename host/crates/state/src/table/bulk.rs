//! Whole calls against a table: hash a run of addresses, look at all their indexes, then at all their entries, so that
//! the waits for memory overlap instead of adding up.
//!
//! A column of one width is read without its ends. Within a run, hints found in the read pass serve the write pass
//! until an entry moves.

use dataflow::element::Column;
use dataflow::port::state::{Addresses, Pages, StateError};

use super::shard::{NONE, Shard, UNKNOWN};
use super::{Address, Answer, Place, Stamp, Table, Written};

/// Addresses handled in one pass: enough to overlap, few enough for the first-level cache.
const RUN: usize = 32;

/// A column that knows its width.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    ends: &'a [u32],
    data: &'a [u8],
    width: usize,
}

impl<'a> Cells<'a> {
    /// The entries of a valid column of `count`.
    pub(crate) fn of(column: &'a Column, count: usize) -> Self {
        Self {
            ends: &column.ends,
            data: &column.data,
            width: column.width(count).unwrap_or(0),
        }
    }

    /// A column of empty entries.
    pub(crate) fn empty() -> Self {
        Self {
            ends: &[],
            data: &[],
            width: 0,
        }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        if self.ends.is_empty() {
            let start = index * self.width;
            return &self.data[start..start + self.width];
        }
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        };
        &self.data[start..self.ends[index] as usize]
    }
}

/// Keys and what is looked up beside them.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) count: usize,
    pub(crate) keys: Cells<'a>,
    /// Part of the address; empty for maps.
    pub(crate) sub_keys: Cells<'a>,
}

impl<'a> Cursor<'a> {
    /// Addresses of a Value or List state.
    pub(crate) fn exact(addresses: Addresses<'a>) -> Self {
        Self {
            count: addresses.count,
            keys: Cells::of(addresses.keys, addresses.count),
            sub_keys: Cells::of(addresses.sub_keys, addresses.count),
        }
    }

    /// Addresses of a Map state: the sub-keys are looked up within the entry.
    pub(crate) fn of_map(addresses: Addresses<'a>) -> (Self, Cells<'a>) {
        let cursor = Self {
            sub_keys: Cells::empty(),
            ..Self::exact(addresses)
        };
        (cursor, Cells::of(addresses.sub_keys, addresses.count))
    }

    /// Keys of a Map state.
    fn of_keys(count: usize, keys: &'a Column) -> Self {
        Self {
            count,
            keys: Cells::of(keys, count),
            sub_keys: Cells::empty(),
        }
    }

    #[inline]
    fn address(&self, index: usize, place: Place) -> Address<'a> {
        Address {
            hash: place.hash,
            key: self.keys.get(index),
            sub_key: self.sub_keys.get(index),
        }
    }
}

impl Table {
    /// Fills the places of a run.
    #[inline]
    fn places(
        &self,
        cursor: &Cursor<'_>,
        start: usize,
        places: &mut [Place],
    ) -> Result<(), StateError> {
        let mut own = true;
        for (i, place) in places.iter_mut().enumerate() {
            let index = start + i;
            *place = self.place_unchecked(cursor.keys.get(index), cursor.sub_keys.get(index));
            own &= self.owns(*place);
        }
        if own {
            return Ok(());
        }
        let stray = places.iter().position(|place| !self.owns(*place));
        Err(self.foreign(cursor.keys.get(start + stray.unwrap_or(0))))
    }

    /// Looks up all addresses of a Value or List state, in order.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn read_many(
        &self,
        cursor: Cursor<'_>,
        mut answer: impl FnMut(usize, Answer<'_>),
    ) -> Result<(), StateError> {
        self.probe_many(cursor, |index, shard, address, hint| {
            let found = match shard {
                Some(shard) => shard.look(address, hint),
                None => Answer::Unknown,
            };
            answer(index, found);
        })
    }

    /// Looks up all addresses of a Map state, in order.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_read_many(
        &self,
        addresses: Addresses<'_>,
        mut answer: impl FnMut(usize, Answer<'_>),
    ) -> Result<(), StateError> {
        let (cursor, sub_keys) = Cursor::of_map(addresses);
        self.probe_many(cursor, |index, shard, address, hint| {
            let found = match shard {
                Some(shard) => shard.map_look(address, hint, sub_keys.get(index)),
                None => Answer::Unknown,
            };
            answer(index, found);
        })
    }

    #[inline]
    fn probe_many(
        &self,
        cursor: Cursor<'_>,
        mut visit: impl FnMut(usize, Option<&Shard>, &Address<'_>, u32),
    ) -> Result<(), StateError> {
        let mut places = [Place::default(); RUN];
        let mut shards: [Option<&Shard>; RUN] = [None; RUN];
        let mut hints = [NONE; RUN];
        let mut start = 0;
        while start < cursor.count {
            let run = RUN.min(cursor.count - start);
            self.places(&cursor, start, &mut places[..run])?;
            for i in 0..run {
                shards[i] = self.shard(places[i]);
            }
            for i in 0..run {
                hints[i] = shards[i].map_or(NONE, |shard| shard.candidate(places[i].hash));
            }
            touch(&shards[..run], &hints[..run]);
            for i in 0..run {
                let index = start + i;
                let address = cursor.address(index, places[i]);
                visit(index, shards[i], &address, hints[i]);
            }
            start += run;
        }
        Ok(())
    }

    /// Runs one write per address, in order.
    ///
    /// # Errors
    /// A foreign key. The writes of earlier runs stay.
    pub(crate) fn write_many(
        &mut self,
        cursor: Cursor<'_>,
        mut op: impl FnMut(&mut Shard, &Address<'_>, u32, usize) -> Written,
        value_bytes: impl Fn(usize) -> usize,
    ) -> Result<(), StateError> {
        let mut places = [Place::default(); RUN];
        let mut hints = [NONE; RUN];
        let mut start = 0;
        while start < cursor.count {
            let run = RUN.min(cursor.count - start);
            self.places(&cursor, start, &mut places[..run])?;
            self.hints(&places[..run], &mut hints[..run]);
            let (mut moved, mut inserted) = (false, false);
            for i in 0..run {
                let index = start + i;
                let address = cursor.address(index, places[i]);
                let hint = match hints[i] {
                    _ if moved => UNKNOWN,
                    NONE if inserted => UNKNOWN,
                    hint => hint,
                };
                let bytes = address.key.len() + address.sub_key.len() + value_bytes(index);
                let written =
                    self.write(places[i], bytes, |shard| op(shard, &address, hint, index));
                moved |= written.moved;
                inserted |= written.inserted;
            }
            start += run;
        }
        Ok(())
    }

    #[inline]
    fn hints(&self, places: &[Place], hints: &mut [u32]) {
        let mut shards: [Option<&Shard>; RUN] = [None; RUN];
        for (shard, place) in shards.iter_mut().zip(places) {
            *shard = self.shard(*place);
        }
        for (i, place) in places.iter().enumerate() {
            hints[i] = shards[i].map_or(NONE, |shard| shard.candidate(place.hash));
        }
        touch(&shards[..places.len()], hints);
    }

    /// Runs one write on the address of a key.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn write_one(
        &mut self,
        key: &[u8],
        sub_key: &[u8],
        op: impl FnOnce(&mut Shard, &Address<'_>) -> Written,
    ) -> Result<Written, StateError> {
        let place = self.place(key, sub_key)?;
        let address = Address {
            hash: place.hash,
            key,
            sub_key,
        };
        Ok(self.write(place, key.len() + sub_key.len(), |shard| {
            op(shard, &address)
        }))
    }

    /// Looks up one address of a Value or List state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn read_one(
        &self,
        key: &[u8],
        sub_key: &[u8],
        answer: impl FnOnce(Answer<'_>),
    ) -> Result<(), StateError> {
        let place = self.place(key, sub_key)?;
        let address = Address {
            hash: place.hash,
            key,
            sub_key,
        };
        answer(
            self.shard(place)
                .map_or(Answer::Unknown, |shard| shard.look(&address, UNKNOWN)),
        );
        Ok(())
    }

    /// Sets all addresses of a Value or List state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn put_many(
        &mut self,
        addresses: Addresses<'_>,
        values: &Column,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        let values = Cells::of(values, addresses.count);
        self.write_many(
            Cursor::exact(addresses),
            |shard, address, hint, index| shard.put(address, hint, values.get(index), stamp),
            |index| values.get(index).len(),
        )
    }

    /// Appends one element to each address of a List state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn append_many(
        &mut self,
        addresses: Addresses<'_>,
        values: &Column,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        let values = Cells::of(values, addresses.count);
        self.write_many(
            Cursor::exact(addresses),
            |shard, address, hint, index| shard.append(address, hint, values.get(index), stamp),
            |index| values.get(index).len(),
        )
    }

    /// Removes all addresses of a Value or List state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn delete_many(
        &mut self,
        addresses: Addresses<'_>,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        self.write_many(
            Cursor::exact(addresses),
            |shard, address, hint, _| shard.delete(address, hint, stamp),
            |_| 0,
        )
    }

    /// Sets all addresses of a Map state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_put_many(
        &mut self,
        addresses: Addresses<'_>,
        values: &Column,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        let (cursor, sub_keys) = Cursor::of_map(addresses);
        let values = Cells::of(values, addresses.count);
        self.write_many(
            cursor,
            |shard, address, hint, index| {
                shard.map_put(address, hint, sub_keys.get(index), values.get(index), stamp)
            },
            |index| sub_keys.get(index).len() + values.get(index).len(),
        )
    }

    /// Removes all addresses of a Map state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_delete_many(
        &mut self,
        addresses: Addresses<'_>,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        let (cursor, sub_keys) = Cursor::of_map(addresses);
        self.write_many(
            cursor,
            |shard, address, hint, index| {
                shard.map_delete(address, hint, sub_keys.get(index), stamp)
            },
            |index| sub_keys.get(index).len(),
        )
    }

    /// Removes all entries of some keys of a Map state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_clear_many(
        &mut self,
        count: usize,
        keys: &Column,
        stamp: Stamp,
    ) -> Result<(), StateError> {
        self.write_many(
            Cursor::of_keys(count, keys),
            |shard, address, hint, _| shard.map_clear(address, hint, stamp),
            |_| 0,
        )
    }

    /// Reads the first entries of some keys of a Map state.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_scan_many(
        &self,
        count: usize,
        keys: &Column,
        limit: u32,
        pages: &mut Pages,
    ) -> Result<(), StateError> {
        self.probe_many(Cursor::of_keys(count, keys), |_, shard, address, hint| {
            if pages.is_long() {
                return;
            }
            pages.begin();
            if let Some(shard) = shard
                && let Some((offset, header)) = shard.locate(address, hint)
            {
                shard.map_scan(offset, &header, &[], |sub_key, value, _| {
                    value.is_none_or(|value| pages.push(limit, sub_key, value))
                });
            }
        })
    }

    /// Visits what the table knows of a Map state's key from sub-key `from` on, removed sub-keys included, until
    /// `visit` answers `false`. Its arguments are sub-key, value and, where the entry is a tree, epoch.
    ///
    /// # Errors
    /// A foreign key.
    pub(crate) fn map_scan(
        &self,
        key: &[u8],
        from: &[u8],
        visit: impl FnMut(&[u8], Option<&[u8]>, Option<u32>) -> bool,
    ) -> Result<(), StateError> {
        let place = self.place(key, &[])?;
        let address = Address {
            hash: place.hash,
            key,
            sub_key: &[],
        };
        if let Some(shard) = self.shard(place)
            && let Some((offset, header)) = shard.locate(&address, UNKNOWN)
        {
            shard.map_scan(offset, &header, from, visit);
        }
        Ok(())
    }
}

/// Loads the first word of each candidate so that their cache misses overlap.
#[inline]
fn touch(shards: &[Option<&Shard>], hints: &[u32]) {
    let mut seen = 0;
    for (shard, &hint) in shards.iter().zip(hints) {
        if let Some(shard) = shard
            && hint != NONE
        {
            seen ^= shard.hash_at(hint);
        }
    }
    std::hint::black_box(seen);
}
