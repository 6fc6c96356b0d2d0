//! The imported interface `state`: hands the guest's columns to the call.
//!
//! Keys are checked by the call (shape, length, owner of the key group); here only the number of entries and the bytes
//! written are limited. The single forms are bulk calls of one entry.

use dataflow::element::Column;
use dataflow::ids::StateNumber;

use crate::bindings::wasmill::dataflow::state::{BytesColumn, Entries, Found, Host, Pages};
use crate::host_state::{HostState, check_entry_count, column, lowered};
use crate::refusal::Refusal;

impl HostState {
    fn read(
        &mut self,
        state: u32,
        count: u32,
        keys: &Column,
        sub_keys: &Column,
    ) -> Result<dataflow::port::state::Found, Refusal> {
        let count = check_entry_count(count)?;
        Ok(self
            .call
            .get_many(StateNumber(state), count, keys, sub_keys)?)
    }

    fn write(
        &mut self,
        state: u32,
        count: u32,
        keys: Column,
        sub_keys: Column,
        values: Column,
    ) -> Result<(), Refusal> {
        let count = check_entry_count(count)?;
        self.count_written(count, &[&keys, &sub_keys, &values])?;
        let state = StateNumber(state);
        Ok(self.call.put_many(state, count, keys, sub_keys, values)?)
    }

    fn remove(
        &mut self,
        state: u32,
        count: u32,
        keys: Column,
        sub_keys: Column,
    ) -> Result<(), Refusal> {
        let count = check_entry_count(count)?;
        self.count_written(count, &[&keys, &sub_keys])?;
        let state = StateNumber(state);
        Ok(self.call.delete_many(state, count, keys, sub_keys)?)
    }

    fn append(
        &mut self,
        state: u32,
        count: u32,
        keys: Column,
        sub_keys: Column,
        values: Column,
    ) -> Result<(), Refusal> {
        let count = check_entry_count(count)?;
        self.count_written(count, &[&keys, &sub_keys, &values])?;
        let state = StateNumber(state);
        Ok(self
            .call
            .append_many(state, count, keys, sub_keys, values)?)
    }

    fn page(
        &mut self,
        state: u32,
        key: &[u8],
        start: &[u8],
        limit: u32,
    ) -> Result<Entries, Refusal> {
        let page = self.call.scan(StateNumber(state), key, start, limit)?;
        Ok(Entries {
            count: page.count as u32,
            sub_keys: lowered(page.sub_keys),
            values: lowered(page.values),
            more: page.more,
        })
    }

    fn pages(
        &mut self,
        state: u32,
        count: u32,
        keys: &Column,
        limit: u32,
    ) -> Result<Pages, Refusal> {
        let count = check_entry_count(count)?;
        let state = StateNumber(state);
        let pages = self.call.scan_many(state, count, keys, limit)?;
        Ok(Pages {
            counts: pages.counts,
            more: pages.more,
            sub_keys: lowered(pages.sub_keys),
            values: lowered(pages.values),
        })
    }

    fn clear(&mut self, state: u32, count: u32, keys: Column) -> Result<(), Refusal> {
        let count = check_entry_count(count)?;
        self.count_written(count, &[&keys])?;
        Ok(self.call.clear_many(StateNumber(state), count, keys)?)
    }
}

impl Host for HostState {
    fn get_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        sub_keys: BytesColumn,
    ) -> wasmtime::Result<Found> {
        let found = self.read(state, count, &column(keys), &column(sub_keys))?;
        Ok(Found {
            present: found.present,
            values: lowered(found.values),
        })
    }

    fn put_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        sub_keys: BytesColumn,
        values: BytesColumn,
    ) -> wasmtime::Result<()> {
        let (keys, sub_keys, values) = (column(keys), column(sub_keys), column(values));
        Ok(self.write(state, count, keys, sub_keys, values)?)
    }

    fn delete_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        sub_keys: BytesColumn,
    ) -> wasmtime::Result<()> {
        Ok(self.remove(state, count, column(keys), column(sub_keys))?)
    }

    fn append_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        sub_keys: BytesColumn,
        values: BytesColumn,
    ) -> wasmtime::Result<()> {
        let (keys, sub_keys, values) = (column(keys), column(sub_keys), column(values));
        Ok(self.append(state, count, keys, sub_keys, values)?)
    }

    fn scan(
        &mut self,
        state: u32,
        key: Vec<u8>,
        start: Vec<u8>,
        limit: u32,
    ) -> wasmtime::Result<Entries> {
        Ok(self.page(state, &key, &start, limit)?)
    }

    fn scan_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        limit: u32,
    ) -> wasmtime::Result<Pages> {
        Ok(self.pages(state, count, &column(keys), limit)?)
    }

    fn clear_many(&mut self, state: u32, count: u32, keys: BytesColumn) -> wasmtime::Result<()> {
        Ok(self.clear(state, count, column(keys))?)
    }

    fn clear_key(&mut self, state: u32, key: Vec<u8>) -> wasmtime::Result<()> {
        Ok(self.clear(state, 1, Column::fixed(key))?)
    }

    fn get(
        &mut self,
        state: u32,
        key: Vec<u8>,
        sub_key: Vec<u8>,
    ) -> wasmtime::Result<Option<Vec<u8>>> {
        let found = self.read(state, 1, &Column::fixed(key), &Column::fixed(sub_key))?;
        Ok((found.present.first() == Some(&1)).then_some(found.values.data))
    }

    fn put(
        &mut self,
        state: u32,
        key: Vec<u8>,
        sub_key: Vec<u8>,
        value: Vec<u8>,
    ) -> wasmtime::Result<()> {
        let (key, sub_key) = (Column::fixed(key), Column::fixed(sub_key));
        Ok(self.write(state, 1, key, sub_key, Column::fixed(value))?)
    }

    fn delete(&mut self, state: u32, key: Vec<u8>, sub_key: Vec<u8>) -> wasmtime::Result<()> {
        Ok(self.remove(state, 1, Column::fixed(key), Column::fixed(sub_key))?)
    }
}
