//! Shards that a snapshot made superfluous, kept for the copies that the next snapshot will cost.
//!
//! Copying a shard is cheap, fresh memory for the copy is not (measured: page faults take three quarters of the time).
//! A steady job copies about as many shards after each snapshot as it gets back from the one before. What an epoch did
//! not use is freed, a few shards a call, so that the memory follows the work.

use super::shard::Shard;

/// Surplus shards freed in one call.
const FREED_PER_CALL: usize = 4;

/// A pool of shards whose content does not matter.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    #[expect(clippy::vec_box, reason = "the boxes move, their shards stay")]
    shards: Vec<Box<Shard>>,
    bytes: i64,
    /// The fewest there were since the epoch began: those were not needed.
    least: usize,
    /// How many are to be freed.
    surplus: usize,
}

impl Spare {
    /// A copy of `shard`, in used memory if there is any.
    pub(crate) fn copy(&mut self, shard: &Shard) -> Box<Shard> {
        let mut copy = self.take().unwrap_or_default();
        copy.copy_from(shard);
        copy
    }

    fn take(&mut self) -> Option<Box<Shard>> {
        let shard = self.shards.pop()?;
        self.bytes -= shard.accounted().bytes;
        self.least = self.least.min(self.shards.len());
        Some(shard)
    }

    /// Takes a shard that nobody shares any more.
    pub(crate) fn add(&mut self, shard: Box<Shard>) {
        self.bytes += shard.accounted().bytes;
        self.shards.push(shard);
    }

    /// A snapshot was taken: what was never needed since the one before is surplus.
    pub(crate) fn end_epoch(&mut self) {
        self.surplus = self.least;
        self.least = self.shards.len();
    }

    /// Frees a little of the surplus.
    pub(crate) fn tidy(&mut self) {
        for _ in 0..self.surplus.min(FREED_PER_CALL) {
            self.surplus -= 1;
            self.take();
        }
    }

    /// Frees everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// Whether nothing is held.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }
}
