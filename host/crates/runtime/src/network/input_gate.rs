//! The input gate of a task: its channels, read in turn, the ones held back by barrier alignment, or until
//! others are complete, left alone.

use dataflow::checkpoint::barrier_aligner::BarrierAligner;
use dataflow::element::{Batch, StreamElement};
use dataflow::ids::CheckpointId;
use dataflow::limits::{BATCH_BYTES, BATCH_RECORDS_MAX, SEGMENT_BYTES};

use crate::network::channel::{ChannelReceiver, Received, Recorded};

/// A channel and the input of the task that it belongs to.
#[derive(Debug)]
pub struct InputChannel {
    /// The consumer's end.
    pub receiver: ChannelReceiver,
    /// Input of the task.
    pub input: u32,
    /// Whether it is read to its end before the first element of the channels that are not.
    pub complete_first: bool,
}

/// What a look into the gate gave.
#[derive(Debug)]
pub enum Gated {
    /// The next element, and the index of the channel it came from.
    Element(usize, StreamElement),
    /// Nothing now.
    Empty,
    /// A channel broke off: the task behind it has failed.
    Broken(usize),
}

/// The channels of a task.
#[derive(Debug)]
pub struct InputGate {
    channels: Vec<InputChannel>,
    ended: Vec<bool>,
    next: usize,
    /// Channels that have to end before the others are read.
    awaited: usize,
    /// Memory for records that are taken together.
    gathered: Batch,
    /// What followed the records of a channel that were taken together.
    follower: Option<(usize, StreamElement)>,
    /// Channels on which the barrier of a checkpoint is still to come that records what comes before it.
    recording: Vec<usize>,
    /// What it has, by channel.
    recorded: Vec<Vec<StreamElement>>,
}

impl InputGate {
    /// A gate over these channels.
    pub fn new(channels: Vec<InputChannel>) -> Self {
        let ended = vec![false; channels.len()];
        let awaited = channels.iter().filter(|channel| channel.complete_first);
        Self {
            awaited: awaited.count(),
            channels,
            ended,
            next: 0,
            gathered: Batch::default(),
            follower: None,
            recording: Vec::new(),
            recorded: Vec::new(),
        }
    }

    /// How many channels there are.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// Whether there is no channel.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// Input of the task that a channel belongs to.
    pub fn input_of(&self, channel: usize) -> u32 {
        self.channels[channel].input
    }

    /// Takes the next element of the channels in turn. Buffers that a channel has queued one after the other become
    /// one batch: a task that cannot keep up pays for fewer calls.
    pub fn poll(&mut self, aligner: &BarrierAligner) -> Gated {
        if let Some((channel, element)) = self.follower.take() {
            self.note_end(channel, &element);
            return Gated::Element(channel, element);
        }
        let count = self.channels.len();
        for _ in 0..count {
            let channel = self.next;
            self.next = if channel + 1 == count { 0 } else { channel + 1 };
            if self.ended[channel] || aligner.is_blocked(channel) || self.is_held(channel) {
                continue;
            }
            match self.channels[channel].receiver.try_receive() {
                Received::Element(StreamElement::Records(records, split)) => {
                    let records = self.gather(channel, records);
                    return Gated::Element(channel, StreamElement::Records(records, split));
                }
                Received::Element(element) => {
                    self.note_end(channel, &element);
                    return Gated::Element(channel, element);
                }
                Received::Broken => return Gated::Broken(channel),
                Received::Empty => {}
            }
        }
        Gated::Empty
    }

    /// Takes back the memory of records that were processed: of those that were taken together for the next ones, of a
    /// single buffer for whoever fills one.
    pub fn recycle(&mut self, mut records: Batch) {
        if records.capacity_bytes() <= 2 * SEGMENT_BYTES {
            if let Some(channel) = self.channels.first() {
                channel.receiver.pool().recycle(records);
            }
        } else if records.capacity_bytes() <= 2 * BATCH_BYTES {
            records.clear();
            self.gathered = records;
        }
    }

    /// Puts what a checkpoint has of an earlier run in front of each channel.
    pub fn restore(&mut self, in_flight: Vec<Vec<StreamElement>>) {
        for (channel, elements) in self.channels.iter_mut().zip(in_flight) {
            channel.receiver.put_back(elements);
        }
    }

    /// Has what comes on these channels before the barrier of a checkpoint recorded, what is queued included.
    pub fn begin_recording(&mut self, checkpoint: CheckpointId, channels: Vec<usize>) {
        if let Some((channel, element)) = self.follower.take() {
            self.channels[channel].receiver.put_back(vec![element]);
            self.next = channel;
        }
        for channel in self.recording.drain(..) {
            self.channels[channel].receiver.end_recording();
        }
        self.recorded = vec![Vec::new(); self.channels.len()];
        for channel in &channels {
            self.channels[*channel].receiver.begin_recording(checkpoint);
        }
        self.recording = channels;
    }

    /// Records what has come; to be called before each poll until it is complete or lost.
    pub fn record(&mut self) -> Recorded {
        let (channels, recorded) = (&mut self.channels, &mut self.recorded);
        let mut lost = false;
        self.recording.retain(|channel| {
            let now = channels[*channel].receiver.record(&mut recorded[*channel]);
            lost |= now == Recorded::Lost;
            now == Recorded::Open
        });
        match self.recording.is_empty() {
            _ if lost => Recorded::Lost,
            true => Recorded::Complete,
            false => Recorded::Open,
        }
    }

    /// What was recorded, by channel; nothing is recorded any more.
    pub fn take_recorded(&mut self) -> Vec<Vec<StreamElement>> {
        for channel in self.recording.drain(..) {
            self.channels[channel].receiver.end_recording();
        }
        std::mem::take(&mut self.recorded)
    }

    /// Whether a channel waits for others to end.
    fn is_held(&self, channel: usize) -> bool {
        self.awaited > 0 && !self.channels[channel].complete_first
    }

    fn note_end(&mut self, channel: usize, element: &StreamElement) {
        if *element == StreamElement::EndOfInput {
            self.ended[channel] = true;
            self.awaited -= usize::from(self.channels[channel].complete_first);
        }
    }

    /// Appends the buffers that are queued behind these records. A record element that would not fit waits as follower,
    /// as does a control element.
    fn gather(&mut self, channel: usize, mut records: Batch) -> Batch {
        let fits = |records: &Batch, more: &Batch| {
            records.len() + more.len() <= BATCH_RECORDS_MAX
                && records.size_bytes() + more.size_bytes() <= BATCH_BYTES
        };
        let receiver = &mut self.channels[channel].receiver;
        let mut is_gathered = false;
        while records.len() < BATCH_RECORDS_MAX / 2 && records.size_bytes() < BATCH_BYTES / 2 {
            match receiver.try_receive() {
                Received::Element(StreamElement::Records(more, _)) if fits(&records, &more) => {
                    if !is_gathered {
                        is_gathered = true;
                        let mut gathered = std::mem::take(&mut self.gathered);
                        gathered.append(&records);
                        receiver.pool().recycle(records);
                        records = gathered;
                    }
                    records.append(&more);
                    receiver.pool().recycle(more);
                }
                Received::Element(element) => {
                    self.follower = Some((channel, element));
                    break;
                }
                Received::Empty | Received::Broken => break,
            }
        }
        records
    }
}
