//! A split of the source: a partition of a topic, and the offset of the next record.

use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::SourceSplit;

use crate::kafka::NAME;
use crate::saved;

/// How far a partition has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Its topic.
    pub(crate) topic: String,
    /// Its number in the topic.
    pub(crate) partition: i32,
    /// Offset of the next record.
    pub(crate) next: i64,
    /// The first offset that is not read; `None` if there is no end.
    pub(crate) stop: Option<i64>,
    /// Whether everything before the end was read.
    pub(crate) ended: bool,
}

impl Position {
    /// A partition that is to be read from an offset to another. An empty range has ended.
    pub(crate) fn new((topic, partition): (String, i32), next: i64, stop: Option<i64>) -> Self {
        Self {
            topic,
            partition,
            next,
            stop,
            ended: stop.is_some_and(|stop| next >= stop),
        }
    }

    /// As the checkpoint keeps it.
    pub(crate) fn save(&self, id: SplitId) -> SourceSplit {
        let state = saved::Writer::new()
            .bytes(self.topic.as_bytes())
            .u64(u64::from(self.partition.unsigned_abs()))
            .u64(self.next.unsigned_abs())
            .u8(u8::from(self.stop.is_some()))
            .u64(self.stop.unwrap_or_default().unsigned_abs())
            .u8(u8::from(self.ended))
            .finish();
        SourceSplit { id, state }
    }

    /// Reads what [`Position::save`] wrote.
    pub(crate) fn restore(state: &[u8]) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, state)?;
        let topic = reader.text()?.to_owned();
        let (partition, next) = (reader.u64()?, reader.u64()?);
        let (has_stop, stop) = (reader.u8()? != 0, reader.u64()?);
        let ended = reader.u8()? != 0;
        let offset = |offset: u64| {
            i64::try_from(offset).map_err(|_| reader.corrupt(format!("offset {offset}")))
        };
        let position = Self {
            topic,
            partition: i32::try_from(partition)
                .map_err(|_| reader.corrupt(format!("partition {partition}")))?,
            next: offset(next)?,
            stop: has_stop.then(|| offset(stop)).transpose()?,
            ended,
        };
        reader.end()?;
        Ok(position)
    }

    /// For people.
    pub(crate) fn name(&self) -> String {
        format!("topic {}, partition {}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests;
