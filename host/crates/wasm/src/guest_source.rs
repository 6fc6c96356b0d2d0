//! Sources that a component implements: the source port over the exported interface `source`.
//!
//! Invariant: a position advances only when the poll that gave its records returned ok and its records are a batch, so
//! whatever the guest does, a snapshot is a place from which reading goes on. Every reader has an instance of its own,
//! apart from the chain behind it; the splits of a reader are polled in turn.

use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::element::{Batch, WATERMARK_MIN};
use dataflow::ids::{OperatorId, SplitId};
use dataflow::limits::SOURCE_BATCH_RECORDS;
use dataflow::port::call::{Call, Moment};
use dataflow::port::operator::{FragmentSpec, OperatorError};
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit};

use crate::bindings::exports::wasmill::dataflow::source::PollStatus;
use crate::bindings::wasmill::dataflow::types;
use crate::host_state::column;
use crate::operator::{GuestOperator, GuestOperatorFactory};

/// Splits a source may have.
const SPLITS_MAX: usize = 1 << 16;

/// Bytes of one position.
const POSITION_BYTES_MAX: usize = 1 << 20;

/// How an ended split is told from one that goes on, in front of its position.
const GOES_ON: u8 = 0;
const ENDED: u8 = 1;

/// A source of a component.
pub(crate) struct GuestSource {
    factory: GuestOperatorFactory,
    spec: FragmentSpec,
    operator: OperatorId,
    schema: String,
}

impl GuestSource {
    pub(crate) fn new(
        factory: GuestOperatorFactory,
        spec: FragmentSpec,
        schema: String,
    ) -> Result<Self, ConnectorError> {
        let operator = only_operator(&spec)?;
        if !factory.component().exports().has_sources() {
            return Err(not_exported(&factory, "source"));
        }
        Ok(Self {
            factory,
            spec,
            operator,
            schema,
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
}

/// The operator of a spec that names one.
pub(crate) fn only_operator(spec: &FragmentSpec) -> Result<OperatorId, ConnectorError> {
    match spec.operators[..] {
        [operator] => Ok(operator),
        _ => Err(ConnectorError::Config {
            connector: "component".to_owned(),
            reason: format!("{} is not one operator", spec.name),
        }),
    }
}

/// The error for a component that has no such connectors.
pub(crate) fn not_exported(factory: &GuestOperatorFactory, interface: &str) -> ConnectorError {
    ConnectorError::Config {
        connector: "component".to_owned(),
        reason: format!(
            "{} does not export wasmill:dataflow/{interface}; build it with a current SDK",
            factory.component().name()
        ),
    }
}

impl Source for GuestSource {
    fn schema(&self) -> String {
        self.schema.clone()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let mut guest = self.open(0, parallelism)?;
        let operator = self.spec.own_number(self.operator);
        let positions = guest.enter()?.run(|guest, store| {
            let source = guest.source()?;
            source.call_splits(store, operator, parallelism)
        })?;
        if positions.len() > SPLITS_MAX {
            let reason = format!(
                "{} splits, at most {SPLITS_MAX} are allowed",
                positions.len()
            );
            return Err(guest.refused(reason).into());
        }
        let split = |(id, position): (u32, Vec<u8>)| SourceSplit {
            id: SplitId(id),
            state: saved(false, &position),
        };
        Ok((0..).zip(positions).map(split).collect())
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let splits = splits.iter().map(OpenSplit::restore);
        Ok(Box::new(GuestReader {
            splits: splits.collect::<Result<_, _>>()?,
            guest: self.open(context.subtask, context.parallelism)?,
            clock: self.factory.component().clock(),
            operator: self.spec.own_number(self.operator),
            paused: Vec::new(),
            turn: 0,
            closed: false,
        }))
    }
}

fn saved(ended: bool, position: &[u8]) -> Vec<u8> {
    let mut state = Vec::with_capacity(position.len() + 1);
    state.push(if ended { ENDED } else { GOES_ON });
    state.extend_from_slice(position);
    state
}

/// A split of a reader.
struct OpenSplit {
    id: SplitId,
    position: Vec<u8>,
    ended: bool,
    /// Whether the task has been told that it ended.
    announced: bool,
    /// Not to be polled before (nanoseconds of the monotonic clock).
    wake_ns: u64,
}

impl OpenSplit {
    fn restore(split: &SourceSplit) -> Result<Self, ConnectorError> {
        let (ended, position) = match split.state.split_first() {
            Some((&GOES_ON, position)) => (false, position),
            Some((&ENDED, position)) => (true, position),
            Some(_) | None => {
                return Err(ConnectorError::Corrupt {
                    connector: "component",
                    reason: format!("the position of split {} has no known form", split.id.0),
                });
            }
        };
        Ok(Self {
            id: split.id,
            position: position.to_vec(),
            ended,
            announced: false,
            wake_ns: 0,
        })
    }
}

struct GuestReader {
    guest: GuestOperator,
    clock: Arc<dyn Clock>,
    operator: u32,
    splits: Vec<OpenSplit>,
    /// Not to be polled until others have caught up.
    paused: Vec<SplitId>,
    turn: usize,
    /// Whether the guest was closed, or must not be called any more.
    closed: bool,
}

impl GuestReader {
    fn close(&mut self) -> Result<(), OperatorError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let operator = self.operator;
        self.guest.enter()?.run(|guest, store| {
            let source = guest.source()?;
            source.call_close(store, operator)
        })
    }

    /// Polls one split.
    fn read(&mut self, index: usize) -> Result<Batch, OperatorError> {
        let (operator, split) = (self.operator, &mut self.splits[index]);
        let now = types::Moment {
            processing_time: self.clock.now_ms(),
            watermark: WATERMARK_MIN,
        };
        let max = SOURCE_BATCH_RECORDS as u32;
        let instance = self.guest.enter()?;
        instance.call().moment = Moment {
            processing_time_ms: now.processing_time,
            watermark_ms: WATERMARK_MIN,
        };
        let polled = instance.run(|guest, store| {
            let source = guest.source()?;
            source.call_poll(store, now, operator, split.id.0, &split.position, max)
        })?;
        instance.call().roll_back();
        let records = Batch {
            count: polled.records.count,
            timestamps: polled.records.timestamps,
            keys: column(polled.records.keys),
            values: column(polled.records.values),
        };
        let checked = records.validate(SOURCE_BATCH_RECORDS);
        if let Err(malformed) = checked {
            return Err(self.guest.malformed(malformed.to_string()));
        }
        if polled.position.len() > POSITION_BYTES_MAX {
            let reason = format!("a position of {} bytes", polled.position.len());
            return Err(self.guest.refused(reason));
        }
        split.position = polled.position;
        match polled.status {
            PollStatus::More => {}
            PollStatus::Wait(ms) => {
                split.wake_ns = self.clock.monotonic_ns() + u64::from(ms) * 1_000_000;
            }
            PollStatus::Ended => split.ended = true,
        }
        Ok(records)
    }
}

impl SourceReader for GuestReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        let now_ns = self.clock.monotonic_ns();
        let (mut open, mut wait_ns, mut empty) = (false, u64::MAX, false);
        for _ in 0..self.splits.len() {
            let index = self.turn % self.splits.len();
            self.turn = index + 1;
            let split = &mut self.splits[index];
            if split.ended {
                if !split.announced {
                    split.announced = true;
                    return Ok(Polled::SplitEnded(split.id));
                }
                continue;
            }
            open = true;
            if self.paused.contains(&split.id) {
                continue;
            }
            if split.wake_ns > now_ns {
                wait_ns = wait_ns.min(split.wake_ns - now_ns);
                continue;
            }
            let id = split.id;
            // A guest that fails is gone.
            self.closed = true;
            let records = self.read(index)?;
            self.closed = false;
            if !records.is_empty() {
                return Ok(Polled::Records(records, id));
            }
            empty = true;
        }
        if empty {
            // Something was polled and gave nothing: its new wake-up time, or its end, is seen on the next poll.
            return Ok(Polled::Pending(Some(Duration::ZERO)));
        }
        if open {
            return Ok(Polled::Pending(Some(Duration::from_nanos(wait_ns))));
        }
        self.close()?;
        Ok(Polled::End)
    }

    fn pause(&mut self, splits: &[SplitId]) -> bool {
        self.paused = splits.to_vec();
        true
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        let split = |split: &OpenSplit| SourceSplit {
            id: split.id,
            state: saved(split.ended, &split.position),
        };
        self.splits.iter().map(split).collect()
    }
}

impl Drop for GuestReader {
    /// A job that stops closes its sources; what they have to say then is no failure of the job.
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "closing a source");
        }
    }
}
