//! The imported interface `operator-state`: hands the guest's columns to the operator states of the call.

use dataflow::element::Column;
use dataflow::ids::StateNumber;
use dataflow::port::operator_state::OperatorStates;
use dataflow::port::state::StateError;

use crate::bindings::wasmill::dataflow::operator_state::{
    BroadcastEntries, BytesColumn, Host, ListElements,
};
use crate::host_state::{HostState, check_entry_count, column, lowered};
use crate::refusal::Refusal;

impl HostState {
    /// Makes a change of `count` entries.
    fn change_operator_state(
        &mut self,
        count: u32,
        columns: &[&Column],
        change: impl FnOnce(&mut OperatorStates, usize) -> Result<(), StateError>,
    ) -> Result<(), Refusal> {
        let count = check_entry_count(count)?;
        self.count_written(count, columns)?;
        Ok(change(self.call.operator_states(), count)?)
    }
}

impl Host for HostState {
    fn elements(&mut self, state: u32) -> wasmtime::Result<ListElements> {
        let states = self.call.operator_states();
        let elements = states.elements(StateNumber(state)).map_err(Refusal::from)?;
        let mut values = Column::default();
        for (index, element) in elements.iter().enumerate() {
            values.push(index, element);
        }
        Ok(ListElements {
            count: elements.len() as u32,
            values: lowered(values),
        })
    }

    fn append(&mut self, state: u32, count: u32, values: BytesColumn) -> wasmtime::Result<()> {
        let values = column(values);
        Ok(
            self.change_operator_state(count, &[&values], |states, count| {
                states.append(StateNumber(state), count, &values)
            })?,
        )
    }

    fn replace(&mut self, state: u32, count: u32, values: BytesColumn) -> wasmtime::Result<()> {
        let values = column(values);
        Ok(
            self.change_operator_state(count, &[&values], |states, count| {
                states.replace(StateNumber(state), count, &values)
            })?,
        )
    }

    fn entries(&mut self, state: u32) -> wasmtime::Result<BroadcastEntries> {
        let states = self.call.operator_states();
        let entries = states.entries(StateNumber(state)).map_err(Refusal::from)?;
        let (mut keys, mut values) = (Column::default(), Column::default());
        for (index, (key, value)) in entries.iter().enumerate() {
            keys.push(index, key);
            values.push(index, value);
        }
        Ok(BroadcastEntries {
            count: entries.len() as u32,
            keys: lowered(keys),
            values: lowered(values),
        })
    }

    fn put_many(
        &mut self,
        state: u32,
        count: u32,
        keys: BytesColumn,
        values: BytesColumn,
    ) -> wasmtime::Result<()> {
        let (keys, values) = (column(keys), column(values));
        Ok(
            self.change_operator_state(count, &[&keys, &values], |states, count| {
                states.put_many(StateNumber(state), count, &keys, &values)
            })?,
        )
    }

    fn delete_many(&mut self, state: u32, count: u32, keys: BytesColumn) -> wasmtime::Result<()> {
        let keys = column(keys);
        Ok(
            self.change_operator_state(count, &[&keys], |states, count| {
                states.delete_many(StateNumber(state), count, &keys)
            })?,
        )
    }
}
