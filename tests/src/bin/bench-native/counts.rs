//! A Value state of counts, cached by key slot: read once per key, written once per key and call.
//!
//! A count of zero is what a key without a value has; counts only grow, so a stored one is never zero.

use dataflow::element::Column;
use dataflow::ids::StateNumber;
use dataflow::port::call::Call;

use crate::logic::Fault;
use crate::row::{Slot, column_of_keys, long, long_keys};

/// The counts of all slots.
pub(crate) struct Counts {
    state: StateNumber,
    cells: Vec<Cell>,
    dirty: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Cell {
    count: i64,
    dirty: bool,
}

impl Counts {
    /// No slots yet.
    pub(crate) fn new(state: StateNumber) -> Self {
        Self {
            state,
            cells: Vec::new(),
            dirty: Vec::new(),
        }
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Loads the counts of `count` further slots with these keys.
    ///
    /// # Errors
    /// The state cannot be read, or a stored value is no count.
    pub(crate) fn load(
        &mut self,
        count: usize,
        keys: &Column,
        call: &mut Call,
    ) -> Result<(), Fault> {
        let counts = stored_counts(self.state, count, keys, &Column::default(), call)?;
        let cell = |count| Cell {
            count,
            dirty: false,
        };
        self.cells.extend(counts.into_iter().map(cell));
        Ok(())
    }

    /// The count of a slot.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> i64 {
        self.cells[slot as usize].count
    }

    /// Adds to the count of a slot and tells the sum.
    #[inline]
    pub(crate) fn add(&mut self, slot: u32, amount: i64) -> i64 {
        let cell = &mut self.cells[slot as usize];
        if !cell.dirty {
            cell.dirty = true;
            self.dirty.push(slot);
        }
        cell.count += amount;
        cell.count
    }

    /// Writes what has changed since the last time; `keys` makes a column of the keys of slots.
    ///
    /// # Errors
    /// The state refuses.
    pub(crate) fn flush(
        &mut self,
        keys: impl FnOnce(&[u32]) -> Column,
        call: &mut Call,
    ) -> Result<(), Fault> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut values: Vec<Slot> = Vec::with_capacity(self.dirty.len());
        for &slot in &self.dirty {
            let cell = &mut self.cells[slot as usize];
            cell.dirty = false;
            values.push(cell.count.to_le_bytes());
        }
        let (keys, sub_keys) = (keys(&self.dirty), Column::default());
        call.put_many(
            self.state,
            values.len(),
            keys,
            sub_keys,
            column_of_keys(values),
        )?;
        self.dirty.clear();
        Ok(())
    }

    /// Forgets all slots; everything was written.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
    }
}

/// The counts at these addresses, 0 where there is none.
///
/// # Errors
/// The state cannot be read, or a stored value is no count.
pub(crate) fn stored_counts(
    state: StateNumber,
    count: usize,
    keys: &Column,
    sub_keys: &Column,
    call: &mut Call,
) -> Result<Vec<i64>, Fault> {
    let found = call.get_many(state, count, keys, sub_keys)?;
    if !found.present.contains(&0) {
        let stored = long_keys(&found.values, count)?;
        return Ok(stored.iter().map(|value| long(*value)).collect());
    }
    let stored = found.present.iter().zip(found.values.entries(count));
    let read = |(present, value): (&u8, &[u8])| match (present, Slot::try_from(value)) {
        (0, _) => Ok(0),
        (_, Ok(value)) => Ok(long(value)),
        (_, Err(_)) => Err(Fault::Malformed("a stored count is no long")),
    };
    stored.map(read).collect()
}
