//! A write of one call, kept in columns as the guest handed it over, until the call has succeeded.

use crate::element::Column;
use crate::ids::StateNumber;
use crate::port::state::{Addresses, StateBackend, StateError};

/// A write that waits for the call to succeed.
#[derive(Debug)]
pub(super) enum Write {
    Put {
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
        values: Column,
    },
    Delete {
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
    },
    Append {
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
        values: Column,
    },
    Clear {
        state: StateNumber,
        count: usize,
        keys: Column,
    },
}

impl Write {
    /// The state it goes to.
    pub(super) fn state(&self) -> StateNumber {
        match self {
            Self::Put { state, .. }
            | Self::Delete { state, .. }
            | Self::Append { state, .. }
            | Self::Clear { state, .. } => *state,
        }
    }

    /// Makes it real.
    pub(super) fn apply(self, backend: &mut dyn StateBackend) -> Result<(), StateError> {
        match self {
            Self::Put {
                state,
                count,
                keys,
                sub_keys,
                values,
            } => {
                let addresses = Addresses {
                    count,
                    keys: &keys,
                    sub_keys: &sub_keys,
                };
                backend.put_many(state, addresses, &values)
            }
            Self::Delete {
                state,
                count,
                keys,
                sub_keys,
            } => {
                let addresses = Addresses {
                    count,
                    keys: &keys,
                    sub_keys: &sub_keys,
                };
                backend.delete_many(state, addresses)
            }
            Self::Append {
                state,
                count,
                keys,
                sub_keys,
                values,
            } => {
                let addresses = Addresses {
                    count,
                    keys: &keys,
                    sub_keys: &sub_keys,
                };
                backend.append_many(state, addresses, &values)
            }
            Self::Clear { state, count, keys } => backend.clear_many(state, count, &keys),
        }
    }

    /// Replays the write on the entries of one key with sub-keys in `from..=until`.
    pub(super) fn apply_to_map(
        &self,
        key: &[u8],
        from: &[u8],
        until: Option<&[u8]>,
        map: &mut std::collections::BTreeMap<Vec<u8>, Vec<u8>>,
    ) {
        let in_page =
            |sub_key: &[u8]| sub_key >= from && until.is_none_or(|until| sub_key <= until);
        match self {
            Self::Put {
                count,
                keys,
                sub_keys,
                values,
                ..
            } => {
                for index in 0..*count {
                    let sub_key = sub_keys.get(index, *count);
                    if keys.get(index, *count) == key && in_page(sub_key) {
                        map.insert(sub_key.to_vec(), values.get(index, *count).to_vec());
                    }
                }
            }
            Self::Delete {
                count,
                keys,
                sub_keys,
                ..
            } => {
                for index in 0..*count {
                    if keys.get(index, *count) == key {
                        map.remove(sub_keys.get(index, *count));
                    }
                }
            }
            Self::Append { .. } => {}
            Self::Clear { count, keys, .. } => {
                if keys.entries(*count).any(|cleared| cleared == key) {
                    map.clear();
                }
            }
        }
    }

    /// How many entries or, if it clears, keys it names.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Put { count, .. }
            | Self::Delete { count, .. }
            | Self::Append { count, .. }
            | Self::Clear { count, .. } => *count,
        }
    }

    /// Key and sub-key of an entry.
    pub(super) fn address(&self, entry: usize) -> (&[u8], &[u8]) {
        match self {
            Self::Put {
                count,
                keys,
                sub_keys,
                ..
            }
            | Self::Delete {
                count,
                keys,
                sub_keys,
                ..
            }
            | Self::Append {
                count,
                keys,
                sub_keys,
                ..
            } => (keys.get(entry, *count), sub_keys.get(entry, *count)),
            Self::Clear { count, keys, .. } => (keys.get(entry, *count), &[]),
        }
    }

    /// Replays one entry on the value of its address.
    pub(super) fn replay(&self, entry: usize, value: &mut Option<Vec<u8>>) {
        match self {
            Self::Put { count, values, .. } => *value = Some(values.get(entry, *count).to_vec()),
            Self::Delete { .. } | Self::Clear { .. } => *value = None,
            Self::Append { count, values, .. } => {
                let element = values.get(entry, *count);
                let list = value.get_or_insert_with(Vec::new);
                list.extend_from_slice(&(element.len() as u32).to_le_bytes());
                list.extend_from_slice(element);
            }
        }
    }
}
