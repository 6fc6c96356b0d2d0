//! The `kafka` source: the records of topics; a partition is a split, its position the offset of the next record.
//!
//! Keeps: offsets are decided when a split is made, never again, so a restore at any position reads what comes next and
//! neither repeats nor skips a record. That offsets are committed to a group is for others to see; the checkpoint counts.

use std::sync::Arc;

use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Source, SourceContext, SourceReader, SourceSplit, SplitEnumerator};
use serde_json::Value;

use crate::config;
use crate::kafka::NAME;
use crate::kafka::cluster::Cluster;
use crate::kafka::discovery::Discovery;
use crate::kafka::options::SourceOptions;
use crate::kafka::position::Position;
use crate::kafka::reader::KafkaReader;

/// Records of topics.
pub struct KafkaSource {
    options: Arc<SourceOptions>,
}

impl KafkaSource {
    /// Checks the keys, which are in the documentation of the connector, and that the topics exist. Blocks until a broker
    /// has answered, for ten seconds at most.
    ///
    /// # Errors
    /// Wrong keys, no broker answers, or there is no such topic.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let options = SourceOptions::try_new(keys)?;
        let cluster = Cluster::new(&options.consumer(1)?, options.properties.servers())?;
        cluster.partitions(&options.topics)?;
        Ok(Self {
            options: Arc::new(options),
        })
    }
}

impl Source for KafkaSource {
    fn schema(&self) -> String {
        self.options.schema.clone()
    }

    fn splits(&self, _parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let options = &self.options;
        if options.discovery.is_some() {
            return Ok(Vec::new());
        }
        let cluster = Cluster::new(&options.consumer(1)?, options.properties.servers())?;
        let partitions = cluster.partitions(&options.topics)?;
        let starts = cluster.starts(options.start, &partitions)?;
        let ends = match options.bounded {
            true => cluster.ends(&partitions)?.into_iter().map(Some).collect(),
            false => vec![None; partitions.len()],
        };
        let ranges = partitions.into_iter().zip(starts.into_iter().zip(ends));
        let split = |(index, (partition, (start, end)))| {
            let id = u32::try_from(index)
                .map_err(|_| config::wrong(NAME, "there are too many partitions"))?;
            Ok(Position::new(partition, start, end).save(SplitId(id)))
        };
        ranges.enumerate().map(split).collect()
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let reader = KafkaReader::open(Arc::clone(&self.options), &splits, context.wake)?;
        Ok(Box::new(reader))
    }

    fn enumerator(
        &self,
        known: &[SourceSplit],
    ) -> Result<Option<Box<dyn SplitEnumerator>>, ConnectorError> {
        let Some(interval) = self.options.discovery else {
            return Ok(None);
        };
        let discovery = Discovery::new(Arc::clone(&self.options), interval, known)?;
        Ok(Some(Box::new(discovery)))
    }
}
