//! The files of the heap backend.
//!
//! A snapshot is a list of files that are read in order: a base that holds every value, in one or several files, then
//! deltas that hold what changed. All integers are little endian; `varint` is LEB128.
//!
//! ```text
//! file    = header section* end
//! header  = "WMSTATE1" length:u32 body check:u64         check = xxh3 of everything before it
//! body    = max_parallelism:u32 start:u32 end:u32 states:u32 { kind:u8 name_length:u32 name }*
//! section = state:u32 key_group:u32 entries:u32 bytes:u32 payload_hash:u64 check:u32 payload
//!                                                         check = low half of xxh3 of the fields before it
//! entry   = op:u8 key_length:varint sub_key_length:varint value_length:varint key sub_key value
//! end     = a section without payload: state = u32::MAX, key_group = number of sections,
//!           payload_hash = length of the file
//! ```
//!
//! A section belongs to one state and one key group, so a restore skips the groups of others without looking at their
//! entries. Every byte is under a check, so damage is found even where the store did not notice. What the format does
//! not have: an order among entries, compression, and a way to read one key.

pub(crate) mod reader;
pub(crate) mod writer;

use dataflow::key_group::KeyGroupRange;
use dataflow::port::state::StateKind;

/// First bytes of every file.
pub(crate) const MAGIC: &[u8; 8] = b"WMSTATE1";
/// Bytes of a section before its payload.
pub(crate) const SECTION_HEAD_BYTES: usize = 28;
/// The state number of the section that ends a file.
pub(crate) const END: u32 = u32::MAX;

/// What an entry does to the state it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// Sets the value of (key, sub-key).
    Put = 0,
    /// Removes (key, sub-key); of a map, the whole key.
    Delete = 1,
    /// Replaces the map of a key by a packed map.
    MapReplace = 2,
    /// Sets one sub-key of a map.
    MapPut = 3,
    /// Removes one sub-key of a map.
    MapDelete = 4,
}

impl Op {
    /// Reads the byte of an op.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Put,
            1 => Self::Delete,
            2 => Self::MapReplace,
            3 => Self::MapPut,
            4 => Self::MapDelete,
            _ => return None,
        })
    }
}

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    /// Number of key groups of the job.
    pub(crate) max_parallelism: u32,
    /// Key groups that the snapshot covers.
    pub(crate) key_groups: KeyGroupRange,
    /// Names and kinds of the states, by the number that sections use.
    pub(crate) states: Vec<(String, StateKind)>,
}

/// The byte that stands for a kind.
pub(crate) fn kind_byte(kind: StateKind) -> u8 {
    match kind {
        StateKind::Value => 0,
        StateKind::List => 1,
        StateKind::Map => 2,
    }
}

/// The kind that a byte stands for.
pub(crate) fn kind_of(byte: u8) -> Option<StateKind> {
    Some(match byte {
        0 => StateKind::Value,
        1 => StateKind::List,
        2 => StateKind::Map,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
