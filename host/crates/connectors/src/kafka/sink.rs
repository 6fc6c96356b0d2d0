//! The `kafka` sink: one message a record, exactly once, at least once, or without a guarantee.
//!
//! Exactly once: records wait in segments of the checkpoint and are published when it is complete, by one committer for all
//! subtasks, in one transaction. Keeps: no transaction of Kafka's is open longer than it takes to publish, so no broker's
//! timeout can lose output, however long a job was down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataflow::clock::Clock;
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};
use serde_json::Value;

use crate::accepted::Accepted;
use crate::kafka::NAME;
use crate::kafka::cluster::Cluster;
use crate::kafka::direct_writer::DirectWriter;
use crate::kafka::message::MessageEncoder;
use crate::kafka::options::{Guarantee, SinkOptions};
use crate::kafka::publisher::Publisher;
use crate::kafka::segment_writer::SegmentWriter;
use crate::kafka::transaction::Transaction;

/// Messages of a topic.
pub struct KafkaSink {
    options: Arc<SinkOptions>,
    accepted: Accepted<MessageEncoder>,
    publisher: Mutex<Publisher>,
    clock: Arc<dyn Clock>,
}

impl KafkaSink {
    /// Checks the keys, which are in the documentation of the connector, and that the topic exists. Blocks until a broker has
    /// answered, for ten seconds at most.
    ///
    /// # Errors
    /// Wrong keys, no broker answers, or there is no such topic.
    pub fn try_new(keys: Value, clock: Arc<dyn Clock>) -> Result<Self, ConnectorError> {
        let options = Arc::new(SinkOptions::try_new(keys)?);
        let client = options.consumer(&[])?;
        let cluster = Cluster::new(&client, options.properties.servers())?;
        cluster.partitions(std::slice::from_ref(&options.topic))?;
        let publisher = Publisher::new(Arc::clone(&options), Arc::clone(&clock));
        Ok(Self {
            options,
            accepted: Accepted::new(NAME),
            publisher: Mutex::new(publisher),
            clock,
        })
    }

    fn publisher(&self) -> MutexGuard<'_, Publisher> {
        // It begins anew after any doubt, so also after a panic.
        self.publisher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for KafkaSink {
    fn accepts(&self, schema: &str) -> Result<(), ConnectorError> {
        self.accepted.accept(schema, |schema| {
            MessageEncoder::try_new(&self.options, schema)
        })
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        let encoder = self.accepted.get()?.clone();
        Ok(match self.options.guarantee {
            Guarantee::ExactlyOnce => {
                Box::new(SegmentWriter::new(encoder, &self.options.prefix, &context))
            }
            Guarantee::AtLeastOnce | Guarantee::None => Box::new(DirectWriter::open(
                Arc::clone(&self.options),
                encoder,
                Arc::clone(&self.clock),
            )?),
        })
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        if committables.is_empty() {
            return Ok(());
        }
        let transactions = committables.iter().map(Transaction::from_committable);
        let transactions: Vec<_> = transactions.collect::<Result<_, _>>()?;
        if self.options.guarantee != Guarantee::ExactlyOnce {
            // The checkpoint was taken with transactions, the job goes on without: what waits has a name of its own, but
            // nobody to publish it.
            return Err(crate::config::wrong(
                NAME,
                "the checkpoint has output that waits for a transaction; start once with `sink.delivery-guarantee` exactly-once, or from a savepoint",
            ));
        }
        self.publisher().publish(&transactions)
    }

    /// Aborts what a process that is gone had open: readers would wait for it.
    fn recover(&self, _restored: &[Committable]) -> Result<(), ConnectorError> {
        match self.options.guarantee {
            Guarantee::ExactlyOnce => self.publisher().fence(),
            Guarantee::AtLeastOnce | Guarantee::None => Ok(()),
        }
    }
}
