//! What the client tells outside of answers: its log, and messages that could not be delivered.
//!
//! Keeps: the first failed delivery is remembered until it is taken. The client's log lines are for who looks for the cause
//! of an error that the connector reports, so they are of level debug; that no broker answers is said once, as a warning.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientContext, Message, TopicPartitionList};

/// The context of every client.
#[derive(Default)]
pub(super) struct Context {
    undelivered: Mutex<Option<String>>,
    warned: AtomicBool,
}

impl Context {
    /// Why a message was not delivered, if one was not.
    pub(super) fn take_undelivered(&self) -> Option<String> {
        let undelivered = self.undelivered.lock();
        undelivered.unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "kafka", ?level, facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if down && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                reason,
                "no Kafka broker answers; this is said once, it goes on when one does"
            );
        }
    }
}

impl ConsumerContext for Context {
    fn commit_callback(
        &self,
        result: rdkafka::error::KafkaResult<()>,
        _offsets: &TopicPartitionList,
    ) {
        if let Err(error) = result {
            tracing::debug!(%error, "offsets were not committed to the group; the next checkpoint commits newer ones");
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let undelivered = self.undelivered.lock();
            let mut undelivered = undelivered.unwrap_or_else(PoisonError::into_inner);
            undelivered.get_or_insert_with(|| {
                format!(
                    "partition {}: {}",
                    message.partition(),
                    super::reason(error)
                )
            });
        }
    }
}
