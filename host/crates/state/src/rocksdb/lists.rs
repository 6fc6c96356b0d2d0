//! Reads of List states: what the database has, then what was appended in each epoch that is not flushed.
//!
//! Appends never read, so memory may hold only the tail of a list. A put or a delete in memory hides everything older.
//! Lists are not kept in memory after a flush: a list that is read often is read from the block cache.

use dataflow::port::state::{Addresses, Found, StateError};

use super::RocksdbState;
use super::database::Database;
use super::read;
use crate::reply;
use crate::table::{Answer, Table};

/// What memory knows of one list: its end, and whether that is all.
#[derive(Default)]
struct Tail {
    /// Whole value or suffixes, newest first.
    parts: Vec<Vec<u8>>,
    /// Whether older parts are hidden.
    complete: bool,
    /// Whether there is a value at all, if it is complete.
    present: bool,
}

impl Tail {
    /// Takes what one epoch knows; epochs come newest first.
    fn add(&mut self, answer: Answer<'_>) {
        match answer {
            Answer::Unknown => {}
            Answer::Absent => self.complete = true,
            Answer::Value(value) => {
                self.parts.push(value.to_vec());
                self.complete = true;
                self.present = true;
            }
            Answer::Suffix(value) => {
                self.parts.push(value.to_vec());
                self.present = true;
            }
        }
    }
}

fn look(table: &Table, key: &[u8], sub_key: &[u8], tail: &mut Tail) -> Result<(), StateError> {
    table.read_one(key, sub_key, |answer| tail.add(answer))
}

/// Reads many lists.
///
/// # Errors
/// A foreign key, the disk refuses, or the answer is too large.
pub(super) fn get_many(
    state: &mut RocksdbState,
    database: &Database,
    addresses: Addresses<'_>,
    found: &mut Found,
) -> Result<(), StateError> {
    let flushed = database.lists();
    state.segments.retain(|segment| segment.epoch > *flushed);
    let mut tails = Vec::with_capacity(addresses.count);
    let mut missing = Vec::new();
    for index in 0..addresses.count {
        let (key, sub_key) = addresses.get(index);
        let mut tail = Tail::default();
        look(&state.table, key, sub_key, &mut tail)?;
        for segment in state.segments.iter().rev() {
            if !tail.complete {
                look(&segment.table, key, sub_key, &mut tail)?;
            }
        }
        if !tail.complete {
            missing.push(index as u32);
        }
        tails.push(tail);
    }
    let loaded = read::load(&state.table, state.id, database, addresses, &missing)?;
    drop(flushed);
    let mut next = 0;
    let mut fits = true;
    let mut list = Vec::new();
    for tail in &tails {
        let mut stored = None;
        if !tail.complete {
            stored = loaded.get(next);
            next += 1;
        }
        if stored.is_none() && !tail.present {
            found.push(None);
            continue;
        }
        list.clear();
        list.extend_from_slice(stored.unwrap_or_default());
        for part in tail.parts.iter().rev() {
            list.extend_from_slice(part);
        }
        fits &= reply::push(found, Some(&list));
    }
    reply::check(!fits, &state.spec.name)
}
