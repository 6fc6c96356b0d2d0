//! What a simulated job reads, and what it must publish: the oracle, a plain loop over the whole input.
//!
//! The oracle shares no code with the operators it judges. Every record is counted under its key and in its window, no
//! record is late, so the output does not depend on the order in which channels deliver.

use std::collections::BTreeMap;

use super::dice::Dice;

/// Length of a window (milliseconds of event time).
pub(super) const WINDOW_MS: i64 = 100;

/// How much older a record may be than the newest before it in its split (milliseconds).
pub(super) const OUT_OF_ORDER_MS: i64 = 60;

/// A record of a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// Differs from record to record.
    pub(super) id: i64,
    /// What it is counted under.
    pub(super) key: i64,
    /// Its event time (milliseconds).
    pub(super) time: i64,
}

/// A record of the output: what it says, and of what.
pub(super) type Row = [i64; 5];

/// A record that passes from the sources on: `[EVENT, id, key, 0, 0]`.
pub(super) const EVENT: i64 = 0;
/// `[COUNT, key, n, 0, 0]`: a key's n-th record was counted.
pub(super) const COUNT: i64 = 1;
/// `[WINDOW, key, end, count, sum of ids]`: a window is over.
pub(super) const WINDOW: i64 = 2;
/// `[SEEN, n, 0, 0, 0]`: a subtask of a source has seen so many records; they add up to all.
pub(super) const SEEN: i64 = 3;

/// The bytes of a row.
pub(super) fn encode(row: &Row) -> Vec<u8> {
    row.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The row of its bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<Row> {
    let mut row = Row::default();
    let words = bytes.chunks_exact(8);
    if bytes.len() != 40 {
        return None;
    }
    for (to, word) in row.iter_mut().zip(words) {
        *to = i64::from_le_bytes(word.try_into().ok()?);
    }
    Some(row)
}

/// Rows and how often each is there.
pub(super) type Rows = BTreeMap<Row, i64>;

/// The whole input: by source, by split.
#[derive(Debug)]
pub(super) struct Input {
    /// The records.
    pub(super) sources: Vec<Vec<Vec<Event>>>,
}

impl Input {
    /// Two sources with a few splits each, of any length.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let keys = dice.between(1, 12);
        let mut id = 0;
        let mut split = |dice: &mut Dice| {
            let mut event = |dice: &mut Dice, at: u64| {
                id += 1;
                let jitter = dice.below(OUT_OF_ORDER_MS.unsigned_abs() - 10);
                Event {
                    id,
                    key: dice.below(keys) as i64,
                    time: (at * 7 + jitter) as i64,
                }
            };
            let length = dice.between(10, 230);
            (0..length).map(|at| event(dice, at)).collect()
        };
        let mut source = |dice: &mut Dice| {
            let splits = dice.between(1, 4);
            (0..splits).map(|_| split(dice)).collect()
        };
        Self {
            sources: vec![source(dice), source(dice)],
        }
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.sources.iter().flatten().map(Vec::len).sum()
    }

    /// What must be published, but for [`SEEN`].
    pub(super) fn answer(&self) -> Rows {
        let mut rows = Rows::new();
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        let mut windows: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        for event in self.sources.iter().flatten().flatten() {
            *counts.entry(event.key).or_default() += 1;
            let end = (event.time / WINDOW_MS + 1) * WINDOW_MS;
            let window = windows.entry((event.key, end)).or_default();
            *window = (window.0 + 1, window.1 + event.id);
        }
        for (key, count) in counts {
            rows.extend((1..=count).map(|n| ([COUNT, key, n, 0, 0], 1)));
        }
        for ((key, end), (count, sum)) in windows {
            rows.insert([WINDOW, key, end, count, sum], 1);
        }
        rows
    }
}
