//! What one task is dealt of the records that were in flight, in order, in batches as it would take them from a channel.
//! Not who is dealt what, which is [`super::in_flight_redistribution`]'s.

use crate::checkpoint::in_flight::PendingWork;
use crate::element::Batch;
use crate::ids::SplitId;
use crate::limits::{BATCH_BYTES, BATCH_RECORDS_MAX};

/// The work of one task to be.
#[derive(Default)]
pub(super) struct Lane {
    work: Vec<PendingWork>,
    /// The last piece, which may grow.
    last: Option<(u32, Option<SplitId>, Batch)>,
}

impl Lane {
    /// Appends record `index` of a batch that no split is known of.
    pub(super) fn record(&mut self, input: u32, batch: &Batch, index: usize) {
        let (key, value) = (batch.key(index), batch.value(index));
        let last = self.room(input, None, 1, key.len() + value.len());
        last.push(batch.timestamp(index), key, value);
    }

    /// Appends a batch.
    pub(super) fn batch(&mut self, input: u32, split: Option<SplitId>, batch: &Batch) {
        let last = self.room(input, split, batch.len(), batch.size_bytes());
        last.append(batch);
    }

    /// All of it.
    pub(super) fn finish(mut self) -> Vec<PendingWork> {
        self.close();
        self.work
    }

    fn room(
        &mut self,
        input: u32,
        split: Option<SplitId>,
        records: usize,
        bytes: usize,
    ) -> &mut Batch {
        let fits = |(of, from, last): &(u32, Option<SplitId>, Batch)| {
            (*of, *from) == (input, split)
                && last.len() + records <= BATCH_RECORDS_MAX
                && last.size_bytes() + bytes <= BATCH_BYTES
        };
        if !self.last.as_ref().is_some_and(fits) {
            self.close();
        }
        let last = self.last.get_or_insert((input, split, Batch::default()));
        &mut last.2
    }

    fn close(&mut self) {
        if let Some((input, split, batch)) = self.last.take().filter(|it| !it.2.is_empty()) {
            self.work.push(PendingWork::Records(input, split, batch));
        }
    }
}
