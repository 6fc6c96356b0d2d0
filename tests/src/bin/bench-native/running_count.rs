//! J2, J3 and L2: a running sum per key, told with every record.

use dataflow::element::Batch;
use dataflow::ids::StateNumber;
use dataflow::port::call::Call;

use crate::counts::Counts;
use crate::keys::LongKeys;
use crate::logic::{CACHED_KEYS_MAX, Fault, Logic};
use crate::row::{Slot, column_of, long, long_keys, rows};

/// Adds the second slot of rows of `W` slots up, by key.
pub(crate) struct RunningCount<const W: usize> {
    port: u32,
    keys: LongKeys,
    sums: Counts,
    slots: Vec<u32>,
}

impl<const W: usize> RunningCount<W> {
    pub(crate) fn new(state: StateNumber, port: u32) -> Self {
        Self {
            port,
            keys: LongKeys::default(),
            sums: Counts::new(state),
            slots: Vec::new(),
        }
    }
}

impl<const W: usize> Logic for RunningCount<W> {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let Self {
            keys, sums, slots, ..
        } = self;
        let pairs = rows::<W>(&records.values, records.len())?;
        let batch_keys = long_keys(&records.keys, records.len())?;
        slots.clear();
        slots.extend(batch_keys.iter().map(|key| keys.intern(*key)));
        let known = sums.len();
        if keys.len() > known {
            sums.load(keys.len() - known, &keys.column_from(known), call)?;
        }
        let sum_up = |(pair, slot): (&[Slot; W], &u32)| {
            let mut pair = *pair;
            pair[1] = sums.add(*slot, long(pair[1])).to_le_bytes();
            pair
        };
        let told: Vec<[Slot; W]> = pairs.iter().zip(slots.iter()).map(sum_up).collect();
        let out = Batch {
            count: records.count,
            timestamps: records.timestamps.clone(),
            values: column_of(told),
            ..Batch::default()
        };
        call.emit(self.port, out)?;
        sums.flush(|dirty| keys.column(dirty.iter().copied()), call)?;
        if keys.len() > CACHED_KEYS_MAX {
            keys.clear();
            sums.clear();
        }
        Ok(())
    }
}
