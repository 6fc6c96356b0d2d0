//! The head of a chain: a source reader or an input gate, both giving elements one after the other.

use dataflow::checkpoint::barrier_aligner::{Alignment, BarrierAligner};
use dataflow::element::{Batch, StreamElement};
use dataflow::ids::{CheckpointId, SplitId};
use dataflow::port::source::{Polled, Progress, SourceReader, SourceSplit};
use dataflow::time::watermark_valve::{ValveChange, WatermarkValve};

use crate::network::channel::Recorded;
use crate::network::input_gate::{Gated, InputGate};
use crate::task::error::TaskError;
use crate::task::spec::TaskSpec;

/// What the head has for the task.
#[derive(Debug)]
pub enum Arrival {
    /// Records for an input, and the split they are from.
    Records(u32, Batch, Option<SplitId>),
    /// Event time at the input.
    EventTime(ValveChange),
    /// A split has ended.
    SplitEnded(SplitId),
    /// All channels have delivered the barrier.
    Aligned(CheckpointId),
    /// Everything has ended; event time last.
    End(ValveChange),
    /// Something that needs nothing done.
    Nothing,
    /// Nothing now; look again after so many nanoseconds, or when woken.
    Wait(Option<u64>),
}

/// The head of a task.
pub enum Head {
    /// A source.
    Source(Box<dyn SourceReader>),
    /// Channels.
    Gate(Box<GateHead>),
}

/// An input gate with its laws.
pub struct GateHead {
    gate: InputGate,
    aligner: BarrierAligner,
    valve: WatermarkValve,
    /// Aligned by the end of a channel; handed out before the end is.
    held_end: Option<ValveChange>,
}

impl GateHead {
    /// A head over a gate; the valve starts at a restored watermark.
    pub fn new(gate: InputGate, spec: &TaskSpec) -> Self {
        let aligner = BarrierAligner::new(gate.len(), spec.mode);
        let valve = WatermarkValve::new(gate.len(), spec.restored.watermark);
        Self {
            gate,
            aligner,
            valve,
            held_end: None,
        }
    }

    /// The checkpoint being aligned.
    pub fn aligning(&self) -> Option<CheckpointId> {
        self.aligner.aligning()
    }

    /// The snapshot of a checkpoint is taken now: what its channels bring before its barrier is in flight. False if it is
    /// too late for this checkpoint.
    fn overtake(&mut self, checkpoint: CheckpointId) -> bool {
        let Some(open) = self.aligner.overtake(checkpoint) else {
            return false;
        };
        self.gate.begin_recording(checkpoint, open);
        true
    }

    fn poll(&mut self) -> Result<Arrival, TaskError> {
        if let Some(change) = self.held_end.take() {
            return Ok(self.after_end(change));
        }
        let (channel, element) = match self.gate.poll(&self.aligner) {
            Gated::Element(channel, element) => (channel, element),
            Gated::Empty => return Ok(Arrival::Wait(None)),
            Gated::Broken(channel) => return Err(TaskError::BrokenChannel(channel)),
        };
        Ok(match element {
            StreamElement::Records(batch, split) => {
                Arrival::Records(self.gate.input_of(channel), batch, split)
            }
            StreamElement::Watermark(watermark) => {
                Arrival::EventTime(self.valve.on_watermark(channel, watermark))
            }
            StreamElement::Idle => Arrival::EventTime(self.valve.on_idle(channel)),
            StreamElement::Active => Arrival::EventTime(self.valve.on_active(channel)),
            StreamElement::Barrier(barrier) => {
                match self.aligner.on_barrier(channel, barrier.checkpoint) {
                    Alignment::Aligned(checkpoint) => Arrival::Aligned(checkpoint),
                    Alignment::None => Arrival::Nothing,
                }
            }
            StreamElement::EndOfInput => {
                let alignment = self.aligner.on_end(channel);
                let change = self.valve.on_end(channel);
                match alignment {
                    Alignment::Aligned(checkpoint) => {
                        self.held_end = Some(change);
                        Arrival::Aligned(checkpoint)
                    }
                    Alignment::None => self.after_end(change),
                }
            }
        })
    }

    fn after_end(&self, change: ValveChange) -> Arrival {
        if self.aligner.all_ended() {
            Arrival::End(change)
        } else {
            Arrival::EventTime(change)
        }
    }
}

impl Head {
    /// The next arrival.
    ///
    /// # Errors
    /// The source failed, or a channel broke off.
    pub fn poll(&mut self) -> Result<Arrival, TaskError> {
        match self {
            Self::Gate(gate) => gate.poll(),
            Self::Source(reader) => Ok(match reader.poll()? {
                Polled::Records(batch, split) => Arrival::Records(0, batch, Some(split)),
                Polled::Pending(after) => {
                    Arrival::Wait(after.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
                }
                Polled::SplitEnded(split) => Arrival::SplitEnded(split),
                Polled::End => Arrival::End(ValveChange {
                    watermark: Some(dataflow::element::WATERMARK_MAX),
                    idle: None,
                }),
            }),
        }
    }

    /// Takes back the memory of records that were processed.
    pub fn recycle(&mut self, records: Batch) {
        if let Self::Gate(gate) = self {
            gate.gate.recycle(records);
        }
    }

    /// The snapshot of a checkpoint is taken now, before its barriers. False if it is too late for this checkpoint.
    pub fn overtake(&mut self, checkpoint: CheckpointId) -> bool {
        match self {
            Self::Gate(gate) => gate.overtake(checkpoint),
            Self::Source(_) => true,
        }
    }

    /// Records what has come before the barriers of the checkpoint that has overtaken.
    pub fn record(&mut self) -> Recorded {
        match self {
            Self::Gate(gate) => gate.gate.record(),
            Self::Source(_) => Recorded::Complete,
        }
    }

    /// What was recorded, by channel; nothing is recorded any more.
    pub fn take_recorded(&mut self) -> Vec<Vec<StreamElement>> {
        match self {
            Self::Gate(gate) => gate.gate.take_recorded(),
            Self::Source(_) => Vec::new(),
        }
    }

    /// Puts what a checkpoint has of an earlier run in front of the channels.
    pub fn restore(&mut self, in_flight: Vec<Vec<StreamElement>>) {
        if let Self::Gate(gate) = self {
            gate.gate.restore(in_flight);
        }
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        match self {
            Self::Gate(gate) => gate.gate.len(),
            Self::Source(_) => 0,
        }
    }

    /// Gives no records of these splits until called anew; false if the source cannot choose.
    pub fn pause(&mut self, splits: &[SplitId]) -> bool {
        match self {
            Self::Source(reader) => reader.pause(splits),
            Self::Gate(_) => false,
        }
    }

    /// Positions of the source's splits.
    pub fn splits(&mut self) -> Vec<SourceSplit> {
        match self {
            Self::Source(reader) => reader.snapshot(),
            Self::Gate(_) => Vec::new(),
        }
    }

    /// Hands the source splits that were discovered.
    ///
    /// # Errors
    /// The source does not take them.
    pub fn add_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), TaskError> {
        match self {
            Self::Source(reader) => Ok(reader.add_splits(splits)?),
            Self::Gate(_) => Ok(()),
        }
    }

    /// Whether a checkpoint begins here.
    pub fn is_source(&self) -> bool {
        matches!(self, Self::Source(_))
    }

    /// How far a bounded source has come.
    pub fn progress(&self) -> Option<Progress> {
        match self {
            Self::Source(reader) => reader.remaining(),
            Self::Gate(_) => None,
        }
    }

    /// The checkpoint is complete.
    pub fn checkpoint_completed(&mut self, checkpoint: CheckpointId) {
        if let Self::Source(reader) = self {
            reader.checkpoint_completed(checkpoint);
        }
    }
}
