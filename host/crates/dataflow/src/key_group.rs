//! Key groups: the unit in which keyed state moves between subtasks (Flink's `KeyGroupRangeAssignment`).
//!
//! A key belongs to one key group for ever: the group is a function of the encoded key and of the job's max
//! parallelism only. A subtask owns a contiguous range of groups. All arithmetic of rescaling is here, as pure functions.

use xxhash_rust::xxh3::xxh3_64;

/// A contiguous, possibly empty range of key groups: `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyGroupRange {
    /// First key group of the range.
    pub start: u32,
    /// One past the last key group.
    pub end: u32,
}

impl KeyGroupRange {
    /// The range of all key groups.
    pub fn all(max_parallelism: u32) -> Self {
        Self {
            start: 0,
            end: max_parallelism,
        }
    }

    /// Whether the group lies in the range.
    #[inline]
    pub fn contains(&self, key_group: u32) -> bool {
        self.start <= key_group && key_group < self.end
    }

    /// How many key groups the range has.
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the range has no key group.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The groups that both ranges have.
    pub fn intersect(&self, other: Self) -> Self {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end).max(start);
        Self { start, end }
    }
}

/// Hash of an encoded key. Stable for ever: state on disk is placed by it.
#[inline]
pub fn key_hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// The key group of a key with this hash. `max_parallelism` is at least 1.
#[inline]
pub fn key_group_of_hash(hash: u64, max_parallelism: u32) -> u32 {
    // Multiply-shift maps the upper half of the hash evenly onto the groups without a division.
    (((hash >> 32) * u64::from(max_parallelism)) >> 32) as u32
}

/// The key group of an encoded key.
#[inline]
pub fn key_group(key: &[u8], max_parallelism: u32) -> u32 {
    key_group_of_hash(key_hash(key), max_parallelism)
}

/// The subtask that owns a key group. Inverse of [`range_of_subtask`].
#[inline]
pub fn subtask_of_key_group(key_group: u32, max_parallelism: u32, parallelism: u32) -> u32 {
    (u64::from(key_group) * u64::from(parallelism) / u64::from(max_parallelism)) as u32
}

/// The key groups that a subtask owns. The ranges of all subtasks are disjoint and cover every group.
pub fn range_of_subtask(subtask: u32, max_parallelism: u32, parallelism: u32) -> KeyGroupRange {
    let bound = |index: u32| {
        (u64::from(index) * u64::from(max_parallelism)).div_ceil(u64::from(parallelism)) as u32
    };
    KeyGroupRange {
        start: bound(subtask),
        end: bound(subtask + 1),
    }
}

#[cfg(test)]
mod tests;
