//! Sinks that a component implements: the sink port over the exported interface `sink`.
//!
//! Invariant: a transaction is bytes that the writer keeps between two calls, so an instance may be replaced at any
//! time; its name is one that no other transaction has. Writers and the committer have instances of their own. Records
//! of an epoch make one transaction, an epoch without records makes none.

use std::sync::{Mutex, PoisonError};

use dataflow::element::{Batch, WATERMARK_MIN};
use dataflow::ids::{CheckpointId, OperatorId};
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, OperatorError};
use dataflow::port::sink::{Committable, ConnectorError, Sink, SinkContext, SinkWriter};

use crate::bindings::wasmill::dataflow::types;
use crate::guest_source::{not_exported, only_operator};
use crate::host_state::lent;
use crate::operator::{GuestOperator, GuestOperatorFactory};

/// Bytes of a transaction or committable.
const TRANSACTION_BYTES_MAX: usize = 1 << 20;

/// A sink of a component.
pub(crate) struct GuestSink {
    factory: GuestOperatorFactory,
    spec: FragmentSpec,
    operator: OperatorId,
    /// Commits and recovers; opened when it is first needed, and again after an error.
    committer: Mutex<Option<GuestOperator>>,
}

impl GuestSink {
    pub(crate) fn new(
        factory: GuestOperatorFactory,
        spec: FragmentSpec,
    ) -> Result<Self, ConnectorError> {
        let operator = only_operator(&spec)?;
        if !factory.component().exports().has_sinks() {
            return Err(not_exported(&factory, "sink"));
        }
        Ok(Self {
            factory,
            spec,
            operator,
            committer: Mutex::new(None),
        })
    }

    fn open(&self, subtask: u32, parallelism: u32) -> Result<GuestOperator, OperatorError> {
        let spec = FragmentSpec {
            subtask,
            parallelism,
            ..self.spec.clone()
        };
        self.factory.open_guest(&spec, Call::stateless())
    }

    fn with_committer(
        &self,
        call: impl FnOnce(&mut GuestOperator) -> Result<(), OperatorError>,
    ) -> Result<(), ConnectorError> {
        let mut committer = self
            .committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut guest = match committer.take() {
            Some(guest) => guest,
            None => self.open(0, self.spec.parallelism)?,
        };
        call(&mut guest)?;
        *committer = Some(guest);
        Ok(())
    }
}

fn bytes_of(committables: &[Committable]) -> Vec<&[u8]> {
    let bytes = committables
        .iter()
        .map(|committable| &committable.bytes[..]);
    bytes.collect()
}

impl Sink for GuestSink {
    /// The plan's schema is the component's own.
    fn accepts(&self, _schema: &str) -> Result<(), ConnectorError> {
        Ok(())
    }

    fn writer(
        &self,
        context: SinkContext,
        _restored: Vec<Vec<u8>>,
    ) -> Result<Box<dyn SinkWriter>, ConnectorError> {
        Ok(Box::new(GuestWriter {
            guest: self.open(context.subtask, context.parallelism)?,
            operator: self.spec.own_number(self.operator),
            context,
            begun: 0,
            transaction: None,
            failed: false,
        }))
    }

    fn commit(&self, committables: &[Committable]) -> Result<(), ConnectorError> {
        if committables.is_empty() {
            return Ok(());
        }
        let (operator, bytes) = (self.spec.own_number(self.operator), bytes_of(committables));
        self.with_committer(|committer| {
            committer.enter()?.run(|guest, store| {
                let sink = guest.sink()?;
                sink.call_commit(store, operator, &bytes)
            })
        })
    }

    fn recover(&self, restored: &[Committable]) -> Result<(), ConnectorError> {
        let (operator, bytes) = (self.spec.own_number(self.operator), bytes_of(restored));
        self.with_committer(|committer| {
            committer.enter()?.run(|guest, store| {
                let sink = guest.sink()?;
                sink.call_recover(store, operator, &bytes)
            })
        })
    }
}

struct GuestWriter {
    guest: GuestOperator,
    operator: u32,
    context: SinkContext,
    begun: u64,
    transaction: Option<Vec<u8>>,
    /// A call has failed: the guest is gone, and what it left behind is for `recover`.
    failed: bool,
}

impl GuestWriter {
    /// Makes a call, and remembers if it failed.
    fn call<R>(
        &mut self,
        call: impl FnOnce(&mut GuestOperator) -> Result<R, OperatorError>,
    ) -> Result<R, OperatorError> {
        let result = call(&mut self.guest);
        self.failed |= result.is_err();
        result
    }

    fn now(&self) -> types::Moment {
        types::Moment {
            processing_time: self.guest.now_ms(),
            watermark: WATERMARK_MIN,
        }
    }

    fn begin(&mut self) -> Result<Vec<u8>, OperatorError> {
        let (now, operator) = (self.now(), self.operator);
        let SinkContext { run, subtask, .. } = &self.context;
        let name = format!("{run}-{subtask}-{}", self.begun);
        self.begun += 1;
        self.call(|it| {
            it.enter()?.run(|guest, store| {
                let sink = guest.sink()?;
                sink.call_begin(store, now, operator, &name)
            })
        })
    }

    fn check(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, OperatorError> {
        if bytes.len() <= TRANSACTION_BYTES_MAX {
            return Ok(bytes);
        }
        let reason = format!(
            "a transaction of {} bytes, at most {TRANSACTION_BYTES_MAX} are allowed",
            bytes.len()
        );
        self.call(|it| Err(it.refused(reason)))
    }
}

impl SinkWriter for GuestWriter {
    fn write(&mut self, records: &Batch) -> Result<(), ConnectorError> {
        if records.is_empty() {
            return Ok(());
        }
        let transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => self.begin()?,
        };
        let (now, operator) = (self.now(), self.operator);
        let lent = types::BatchParam {
            count: records.count,
            timestamps: &records.timestamps,
            keys: lent(&records.keys),
            values: lent(&records.values),
        };
        let written = self.call(|it| {
            it.enter()?.run(|guest, store| {
                let sink = guest.sink()?;
                sink.call_write(store, now, operator, &transaction, lent)
            })
        })?;
        self.transaction = Some(self.check(written)?);
        Ok(())
    }

    fn pre_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<Committable>, ConnectorError> {
        let Some(transaction) = self.transaction.take() else {
            return Ok(Vec::new());
        };
        let operator = self.operator;
        let committable = self.call(|it| {
            it.enter()?.run(|guest, store| {
                let sink = guest.sink()?;
                sink.call_pre_commit(store, operator, &transaction, checkpoint.0)
            })
        })?;
        Ok(vec![Committable::new(self.check(committable)?)])
    }
}

impl Drop for GuestWriter {
    /// Aborts what no checkpoint will name, and closes. What cannot be aborted is left to the next `recover`.
    fn drop(&mut self) {
        if self.failed {
            return;
        }
        let (operator, transaction) = (self.operator, self.transaction.take());
        let ended = self.guest.enter().and_then(|instance| {
            if let Some(transaction) = transaction {
                instance.run(|guest, store| {
                    let sink = guest.sink()?;
                    sink.call_abort(store, operator, &transaction)
                })?;
            }
            instance.run(|guest, store| guest.sink()?.call_close(store, operator))
        });
        if let Err(error) = ended {
            tracing::warn!(%error, "closing a sink");
        }
    }
}
