//! What guests are supposed to do.

use crate::encodings::{self, Values};
use crate::wasmill::dataflow::types::{
    Batch, BytesColumn, Failure, Moment, TimeDomain, TimerBatch,
};
use crate::wasmill::dataflow::{log, metrics, output, state, timers, watermarks};
use crate::{entry, fixed};

/// Emits at the first output port.
pub fn emit(records: &Batch) {
    output::emit(0, records);
}

pub fn process(behavior: &str, now: Moment, _: u32, records: Batch) -> Result<u32, Failure> {
    let count = records.count;
    match behavior {
        "echo" => emit(&records),
        "swallow" => {}
        "map" => map(records),
        "hash" => hash(records),
        "scan" => scan(records),
        "count" => count_keys(&records),
        "count-single" => count_single(&records),
        "timers" => register(&records, now),
        "fan-out" => fan_out(&records),
        "half" => return Ok(count.div_ceil(2)),
        "observe" => {
            let max_timestamp = records.timestamps.iter().copied().max().unwrap_or(0);
            watermarks::observe(&[watermarks::Observation {
                operator: 0,
                max_timestamp,
                watermark: i64::MIN,
            }]);
        }
        "metrics" => {
            let amount = u64::from(count);
            metrics::count(&[metrics::Increment {
                operator: 0,
                name: "seen".to_owned(),
                amount,
            }]);
        }
        "log-flood" => {
            (0..100_000).for_each(|i| log::write(log::Level::Info, &format!("line {i}")))
        }
        "fail-at-3" => {
            count_keys(&records);
            return Err(Failure::Record(
                crate::wasmill::dataflow::types::BadRecord {
                    index: 3,
                    message: "not a number".to_owned(),
                },
            ));
        }
        "leak" => std::mem::forget(vec![1_u8; 4 << 20]),
        other => return Err(Failure::Operator(format!("unknown behavior {other}"))),
    }
    Ok(count)
}

/// Decodes, changes and encodes every record, in the encoding `name`.
pub fn rewrite(name: &str, records: Batch) -> Result<u32, Failure> {
    let values = Values {
        count: records.count as usize,
        ends: records.values.ends,
        data: records.values.data,
    };
    let Some(values) = encodings::rewrite(name, &values) else {
        return Err(Failure::Operator(format!("these values are not {name}")));
    };
    emit(&Batch {
        values: BytesColumn {
            ends: values.ends,
            data: values.data,
        },
        ..records
    });
    Ok(records.count)
}

/// Changes the first word of every value: the least an operator can do.
fn map(mut records: Batch) {
    let width = records.values.data.len() / records.count as usize;
    for value in records.values.data.chunks_exact_mut(width) {
        if let Some(word) = value.first_chunk_mut::<8>() {
            *word = i64::from_le_bytes(*word).wrapping_mul(908).to_le_bytes();
        }
    }
    emit(&records);
}

/// Replaces the first word of every value by the FNV-1a hash of the value: a tight loop over bytes.
fn hash(mut records: Batch) {
    let width = records.values.data.len() / records.count as usize;
    for value in records.values.data.chunks_exact_mut(width) {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in value.iter() {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(word) = value.first_chunk_mut::<8>() {
            *word = hash.to_le_bytes();
        }
    }
    emit(&records);
}

/// Counts the words of every value: a loop over bytes whose branches nobody can predict or unroll.
fn scan(mut records: Batch) {
    let width = records.values.data.len() / records.count as usize;
    for value in records.values.data.chunks_exact_mut(width) {
        let mut words = 0_u64;
        let mut inside = false;
        for byte in value.iter() {
            if byte.is_ascii_alphanumeric() {
                words += u64::from(!inside);
                inside = true;
            } else {
                inside = false;
            }
        }
        if let Some(word) = value.first_chunk_mut::<8>() {
            *word = words.to_le_bytes();
        }
    }
    emit(&records);
}

/// Adds one to the state of each record's key and emits the new count.
fn count_keys(records: &Batch) {
    let count = records.count as usize;
    let found = state::get_many(
        crate::state(),
        records.count,
        &records.keys,
        &fixed(Vec::new()),
    );
    let mut sums = Sums::new(count);
    let mut out = Vec::with_capacity(8 * count);
    for index in 0..count {
        let sum = sums.of(entry(&records.keys, index, count), || {
            let value = entry(&found.values, index, count);
            value.try_into().map_or(0, i64::from_le_bytes)
        });
        *sum += 1;
        out.extend_from_slice(&sum.to_le_bytes());
    }
    let values = fixed(out);
    state::put_many(
        crate::state(),
        records.count,
        &records.keys,
        &fixed(Vec::new()),
        &values,
    );
    emit(&Batch {
        count: records.count,
        timestamps: Vec::new(),
        keys: records.keys.clone(),
        values,
    });
}

/// The sums of the keys of one batch: open addressing, at most half full.
struct Sums<'a> {
    slots: Vec<Option<(&'a [u8], i64)>>,
}

impl<'a> Sums<'a> {
    fn new(count: usize) -> Self {
        Self {
            slots: vec![None; (2 * count).next_power_of_two()],
        }
    }

    fn of(&mut self, key: &'a [u8], first: impl FnOnce() -> i64) -> &mut i64 {
        let mask = self.slots.len() - 1;
        let words = key.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        });
        let hash = words.fold(0_u64, |hash, word| {
            (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        let mut at = (hash >> 32) as usize & mask;
        while self.slots[at].is_some_and(|(other, _)| other != key) {
            at = (at + 1) & mask;
        }
        &mut self.slots[at].get_or_insert_with(|| (key, first())).1
    }
}

/// The same through the single calls.
fn count_single(records: &Batch) {
    let count = records.count as usize;
    let mut out = Vec::with_capacity(8 * count);
    for index in 0..count {
        let key = entry(&records.keys, index, count);
        let value = state::get(crate::state(), key, &[]);
        let sum = value
            .and_then(|value| value.try_into().ok())
            .map_or(0, i64::from_le_bytes)
            + 1;
        state::put(crate::state(), key, &[], &sum.to_le_bytes());
        out.extend_from_slice(&sum.to_le_bytes());
    }
    emit(&Batch {
        count: records.count,
        timestamps: Vec::new(),
        keys: records.keys.clone(),
        values: fixed(out),
    });
}

/// Registers an event-time timer a second after each record.
fn register(records: &Batch, now: Moment) {
    let count = records.count as usize;
    let times = (0..count).map(|index| {
        let timestamp = records.timestamps.get(index);
        timestamp.copied().unwrap_or(now.processing_time) + 1_000
    });
    timers::register(
        TimeDomain::Event,
        &TimerBatch {
            count: records.count,
            times: times.collect(),
            keys: records.keys.clone(),
            namespaces: fixed(Vec::new()),
        },
    );
}

/// Emits every key and time that fired.
pub fn on_timers(_: TimeDomain, timers: TimerBatch) -> Result<u32, Failure> {
    let values = timers
        .times
        .iter()
        .flat_map(|time| time.to_le_bytes())
        .collect();
    emit(&Batch {
        count: timers.count,
        timestamps: timers.times,
        keys: timers.keys,
        values: fixed(values),
    });
    Ok(timers.count)
}

/// Ten thousand records for each one.
fn fan_out(records: &Batch) {
    const FACTOR: u32 = 10_000;
    let count = records.count * FACTOR;
    let data = (0..u64::from(count)).flat_map(u64::to_le_bytes).collect();
    emit(&crate::batch(count, fixed(Vec::new()), fixed(data)));
}
