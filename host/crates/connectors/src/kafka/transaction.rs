//! A transaction that waits for its checkpoint: the marker that tells whether it was published, and the segments.
//!
//! The marker is the offset of a consumer group that has no members. The group is named after the run that wrote the
//! segments, never after who publishes them, so it means the same at any parallelism, and in whatever job was started from
//! the checkpoint. The offset is the number of the checkpoint: everything of the run up to it was published.

use dataflow::ids::CheckpointId;
use dataflow::port::segment::Segment;
use dataflow::port::sink::{Committable, ConnectorError};

use crate::kafka::NAME;
use crate::saved;

/// What a subtask wrote for one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    /// The group that holds the marker.
    pub(crate) group: String,
    /// The checkpoint for which it was prepared.
    pub(crate) epoch: CheckpointId,
    /// The messages, in order.
    pub(crate) segments: Vec<Segment>,
}

impl Transaction {
    /// The group of a run.
    pub(crate) fn group(prefix: &str, run: &str) -> String {
        format!("{prefix}-{run}")
    }

    /// As the checkpoint keeps it.
    pub(crate) fn into_committable(self) -> Committable {
        let bytes = saved::Writer::new()
            .bytes(self.group.as_bytes())
            .u64(self.epoch.0)
            .finish();
        Committable {
            bytes,
            segments: self.segments,
        }
    }

    /// Reads what [`Transaction::into_committable`] wrote.
    pub(crate) fn from_committable(committable: &Committable) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, &committable.bytes)?;
        let group = reader.text()?.to_owned();
        let epoch = reader.u64()?;
        if group.is_empty() || group.contains('\0') || i64::try_from(epoch).is_err() {
            return Err(reader.corrupt(format!("`{group}` {epoch} is no marker")));
        }
        reader.end()?;
        Ok(Self {
            group,
            epoch: CheckpointId(epoch),
            segments: committable.segments.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
