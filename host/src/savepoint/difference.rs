//! What has changed between two saved states, entry by entry.
//!
//! One of them is remembered by hashes, 32 bytes an entry, and the other is streamed past it. Entries are found by
//! operator, state, key and sub-key, so another parallelism or backend is no difference.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::entry::Entry;
use super::error::SavepointError;
use super::saved_state::{SavedState, entry_json};
use super::state_files::{ChainState, ChainStateKind};
use crate::storage::metadata::StateWord;

type Hash = [u8; 16];

/// How many entries differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Only in the new one.
    pub(crate) added: u64,
    /// Only in the old one.
    pub(crate) removed: u64,
    /// With another value.
    pub(crate) changed: u64,
    /// Equal.
    pub(crate) same: u64,
}

/// An entry of the old one, by address.
struct Seen {
    value: Hash,
    /// The new entry as it is shown, if it has another value.
    changed: Option<Json>,
}

/// Compares two saved states. `show` is given at most `limit` differences.
///
/// # Errors
/// A file is missing or damaged, or `show` fails.
pub(crate) fn difference(
    old: &SavedState,
    new: &SavedState,
    limit: u64,
    show: &mut dyn FnMut(&Json) -> Result<(), SavepointError>,
) -> Result<Difference, SavepointError> {
    let mut seen: BTreeMap<Hash, Seen> = BTreeMap::new();
    let mut lists = Positions::default();
    old.visit(None, None, &mut |state, entry| {
        let value = hash(&[entry.value]);
        let address = lists.address(state, entry);
        seen.insert(
            address,
            Seen {
                value,
                changed: None,
            },
        );
        Ok(())
    })?;
    let mut found = Difference::default();
    let mut shown = 0;
    let mut lists = Positions::default();
    new.visit(None, None, &mut |state, entry| {
        let address = lists.address(state, entry);
        match seen.get_mut(&address) {
            None => {
                found.added += 1;
                shown += 1;
                if shown <= limit {
                    show(&with("change", "added".into(), entry_json(state, entry)))?;
                }
            }
            Some(before) if before.value == hash(&[entry.value]) => {
                found.same += 1;
                seen.remove(&address);
            }
            Some(before) => {
                found.changed += 1;
                shown += 1;
                let told = (shown <= limit).then(|| entry_json(state, entry));
                before.changed = Some(told.unwrap_or(Json::Null));
            }
        }
        Ok(())
    })?;
    if seen.is_empty() {
        return Ok(found);
    }
    let mut lists = Positions::default();
    old.visit(None, None, &mut |state, entry| {
        let address = lists.address(state, entry);
        match seen.remove(&address).map(|before| before.changed) {
            None | Some(Some(Json::Null)) => Ok(()),
            Some(Some(after)) => {
                let before = entry_json(state, entry);
                show(&json!({ "change": "changed", "before": before, "after": after }))
            }
            Some(None) => {
                found.removed += 1;
                shown += 1;
                if shown <= limit {
                    show(&with("change", "removed".into(), entry_json(state, entry)))?;
                }
                Ok(())
            }
        }
    })?;
    Ok(found)
}

fn with(name: &str, value: Json, mut object: Json) -> Json {
    if let Json::Object(fields) = &mut object {
        fields.insert(name.to_owned(), value);
    }
    object
}

/// Elements of operator lists have no key: they are told apart by their value, and equal ones by their number.
#[derive(Default)]
struct Positions {
    copies: BTreeMap<Hash, u64>,
}

impl Positions {
    fn address(&mut self, state: &ChainState, entry: Entry<'_>) -> Hash {
        let is_list = matches!(
            &state.kind,
            ChainStateKind::Declared(it) if matches!(it.kind, StateWord::ListSplit | StateWord::ListUnion)
        );
        if !is_list {
            return hash(&[state.name.as_bytes(), entry.key, entry.sub_key]);
        }
        let copies = self
            .copies
            .entry(hash(&[state.name.as_bytes(), entry.value]));
        let copy = copies.or_default();
        *copy += 1;
        hash(&[state.name.as_bytes(), entry.value, &copy.to_le_bytes()])
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    short
}
