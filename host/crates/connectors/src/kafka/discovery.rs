//! Looks for partitions while a job runs: those that a topic has got since are read from their beginning.
//!
//! Keeps: a partition is read by one split. What is known comes from the splits of the checkpoint alone. A cluster that does
//! not answer is asked again at the next look; only the first look must succeed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{SourceSplit, SplitEnumerator};

use crate::config;
use crate::kafka::NAME;
use crate::kafka::cluster::{Cluster, Partition};
use crate::kafka::options::{SourceOptions, Start};
use crate::kafka::position::Position;

/// What looks for the partitions of one source.
pub(super) struct Discovery {
    options: Arc<SourceOptions>,
    cluster: Cluster,
    interval: Duration,
    known: BTreeSet<Partition>,
    next_split: u32,
}

impl Discovery {
    /// Knows the partitions of these splits.
    pub(super) fn new(
        options: Arc<SourceOptions>,
        interval: Duration,
        splits: &[SourceSplit],
    ) -> Result<Self, ConnectorError> {
        let (mut known, mut next_split) = (BTreeSet::new(), 0);
        for split in splits {
            let position = Position::restore(&split.state)?;
            known.insert((position.topic, position.partition));
            next_split = next_split.max(split.id.0.saturating_add(1));
        }
        Ok(Self {
            cluster: Cluster::new(&options.consumer(1)?, options.properties.servers())?,
            options,
            interval,
            known,
            next_split,
        })
    }

    fn look(&mut self) -> Result<Vec<SourceSplit>, ConnectorError> {
        let first = self.known.is_empty();
        let mut new = self.cluster.partitions(&self.options.topics)?;
        new.retain(|partition| !self.known.contains(partition));
        let start = if first {
            self.options.start
        } else {
            Start::Earliest
        };
        let starts = self.cluster.starts(start, &new)?;
        let mut splits = Vec::with_capacity(new.len());
        for (partition, start) in new.into_iter().zip(starts) {
            if !first {
                tracing::info!(
                    topic = partition.0,
                    partition = partition.1,
                    "a new partition"
                );
            }
            splits
                .push(Position::new(partition.clone(), start, None).save(SplitId(self.next_split)));
            self.known.insert(partition);
            self.next_split = self
                .next_split
                .checked_add(1)
                .ok_or_else(|| config::wrong(NAME, "there are too many partitions"))?;
        }
        Ok(splits)
    }
}

impl SplitEnumerator for Discovery {
    fn interval(&self) -> Duration {
        self.interval
    }

    fn discover(&mut self) -> Result<Vec<SourceSplit>, ConnectorError> {
        let first = self.known.is_empty();
        match self.look() {
            Err(error) if !first => {
                tracing::warn!(%error, "no look for new partitions; the next one is after the interval");
                Ok(Vec::new())
            }
            looked => looked,
        }
    }
}
