//! One channel: from one subtask to one subtask, in order, under credits.
//!
//! A channel owns `EXCLUSIVE_SEGMENTS_PER_CHANNEL` segments and borrows up to `FLOATING_SEGMENTS_PER_CHANNEL` more from
//! the process's pool. A sender without credit keeps the element and is woken when the receiver has taken half of what
//! was queued, so that the two do not wake each other for every buffer. Control elements need no credit but count
//! against the queue, which is a few elements longer for them; for barriers it is longer still, so that one may overtake
//! what its sender keeps.
//!
//! While a checkpoint records what is in flight, the receiver takes elements from the queue into a backlog before they are
//! processed. They keep their credit until then: a checkpoint makes no room for the sender.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam::channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use dataflow::element::{Barrier, StreamElement};
use dataflow::ids::CheckpointId;
use dataflow::limits::{
    BARRIERS_PER_CHANNEL, EXCLUSIVE_SEGMENTS_PER_CHANNEL, FLOATING_SEGMENTS_PER_CHANNEL,
    SEGMENT_BYTES,
};

use crate::network::buffer_pool::BufferPool;
use crate::task::mailbox::Waker;

/// Elements a channel queues at most: its segments, and as many watermarks between them. Barriers are beside these.
const QUEUE_ELEMENTS_MAX: usize =
    2 * (EXCLUSIVE_SEGMENTS_PER_CHANNEL + FLOATING_SEGMENTS_PER_CHANNEL);

/// A queued element with the permits it holds.
#[derive(Debug)]
struct Queued {
    element: StreamElement,
    floating: usize,
}

#[derive(Debug, Default)]
struct Shared {
    /// Record buffers that were sent and not taken.
    buffers: AtomicUsize,
    /// Elements that were sent and not taken, but for barriers.
    elements: AtomicUsize,
    /// The sender found no credit and waits to be woken.
    starved: AtomicBool,
}

/// The producer's end.
#[derive(Debug)]
pub struct ChannelSender {
    queue: Sender<Queued>,
    shared: Arc<Shared>,
    pool: Arc<BufferPool>,
    own: Waker,
    consumer: Waker,
}

/// The consumer's end.
#[derive(Debug)]
pub struct ChannelReceiver {
    queue: Receiver<Queued>,
    shared: Arc<Shared>,
    pool: Arc<BufferPool>,
    producer: Waker,
    /// What is in front of the queue.
    backlog: VecDeque<Queued>,
    recording: Option<Recording>,
}

/// A checkpoint that wants what comes before its barrier.
#[derive(Debug)]
struct Recording {
    checkpoint: CheckpointId,
    /// Elements of the backlog that it has.
    seen: usize,
}

/// How far a checkpoint is that wants what comes before its barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// There is more to come.
    Open,
    /// It has everything.
    Complete,
    /// Its barrier does not come any more.
    Lost,
}

/// Makes a channel between the tasks behind the two wakers.
pub fn channel(
    pool: &Arc<BufferPool>,
    producer: Waker,
    consumer: Waker,
) -> (ChannelSender, ChannelReceiver) {
    let (sender, receiver) = bounded(QUEUE_ELEMENTS_MAX + BARRIERS_PER_CHANNEL);
    let shared = Arc::new(Shared::default());
    let sender = ChannelSender {
        queue: sender,
        shared: Arc::clone(&shared),
        pool: Arc::clone(pool),
        own: producer.clone(),
        consumer,
    };
    (
        sender,
        ChannelReceiver {
            queue: receiver,
            shared,
            pool: Arc::clone(pool),
            producer,
            backlog: VecDeque::new(),
            recording: None,
        },
    )
}

fn segments(element: &StreamElement) -> usize {
    match element {
        StreamElement::Records(batch, _) => batch.size_bytes().div_ceil(SEGMENT_BYTES).max(1),
        _ => 0,
    }
}

impl ChannelSender {
    /// Sends, or gives the element back if there is no credit; the sending task is woken when there is.
    /// A receiver that is gone swallows everything: its task has failed and the job with it.
    #[expect(
        clippy::result_large_err,
        reason = "the element comes back to be kept, not to be reported"
    )]
    pub fn try_send(&self, element: StreamElement) -> Result<(), StreamElement> {
        match self.attempt(element) {
            Ok(()) => Ok(()),
            Err(element) => {
                self.shared.starved.store(true, Ordering::SeqCst);
                // The receiver may have taken everything before it could see the mark.
                let retried = self.attempt(element);
                if retried.is_ok() {
                    self.shared.starved.store(false, Ordering::SeqCst);
                }
                retried
            }
        }
    }

    #[expect(
        clippy::result_large_err,
        reason = "the element comes back to be kept, not to be reported"
    )]
    fn attempt(&self, element: StreamElement) -> Result<(), StreamElement> {
        let segments = segments(&element);
        let counts = !matches!(element, StreamElement::Barrier(_));
        let mut floating = 0;
        if counts && self.shared.elements.load(Ordering::SeqCst) >= QUEUE_ELEMENTS_MAX {
            return Err(element);
        }
        if segments > 0 {
            let queued = self.shared.buffers.load(Ordering::SeqCst);
            if queued >= EXCLUSIVE_SEGMENTS_PER_CHANNEL + FLOATING_SEGMENTS_PER_CHANNEL {
                return Err(element);
            }
            if queued >= EXCLUSIVE_SEGMENTS_PER_CHANNEL {
                if !self.pool.try_take(segments, &self.own) {
                    return Err(element);
                }
                floating = segments;
            }
            self.shared.buffers.fetch_add(1, Ordering::SeqCst);
        }
        if counts {
            self.shared.elements.fetch_add(1, Ordering::SeqCst);
        }
        match self.queue.try_send(Queued { element, floating }) {
            Ok(()) => {
                self.consumer.wake();
                Ok(())
            }
            Err(TrySendError::Full(queued)) => {
                self.release(counts, segments, floating);
                Err(queued.element)
            }
            Err(TrySendError::Disconnected(_)) => {
                self.release(counts, segments, floating);
                Ok(())
            }
        }
    }

    /// Sends a barrier in front of what found no credit; false if very many barriers are queued already.
    pub fn try_overtake(&self, barrier: Barrier) -> bool {
        self.attempt(StreamElement::Barrier(barrier)).is_ok()
    }

    fn release(&self, counts: bool, segments: usize, floating: usize) {
        if counts {
            self.shared.elements.fetch_sub(1, Ordering::SeqCst);
        }
        if segments > 0 {
            self.shared.buffers.fetch_sub(1, Ordering::SeqCst);
        }
        if floating > 0 {
            self.pool.give_back(floating);
        }
    }

    /// Where its segments come from.
    pub fn pool(&self) -> &BufferPool {
        &self.pool
    }

    /// Record buffers in the queue, for the figures.
    pub fn queued(&self) -> usize {
        self.shared.buffers.load(Ordering::Relaxed)
    }
}

/// What a look into a channel gave.
#[derive(Debug)]
pub enum Received {
    /// The next element.
    Element(StreamElement),
    /// Nothing now.
    Empty,
    /// The sender is gone without an end of input: its task has failed.
    Broken,
}

impl ChannelReceiver {
    /// Where its segments go when they are read.
    pub fn pool(&self) -> &BufferPool {
        &self.pool
    }

    /// Takes the next element.
    pub fn try_receive(&mut self) -> Received {
        let queued = match self.backlog.pop_front() {
            Some(queued) => {
                if let Some(recording) = &mut self.recording {
                    recording.seen = recording.seen.saturating_sub(1);
                }
                queued
            }
            // What has not been recorded must not be processed.
            None if self.recording.is_some() => return Received::Empty,
            None => match self.queue.try_recv() {
                Ok(queued) => queued,
                Err(TryRecvError::Empty) => return Received::Empty,
                Err(TryRecvError::Disconnected) => return Received::Broken,
            },
        };
        if !matches!(queued.element, StreamElement::Barrier(_)) {
            self.shared.elements.fetch_sub(1, Ordering::SeqCst);
        }
        let mut left = self.shared.buffers.load(Ordering::SeqCst);
        if matches!(queued.element, StreamElement::Records(..)) {
            left = self.shared.buffers.fetch_sub(1, Ordering::SeqCst) - 1;
            if queued.floating > 0 {
                self.pool.give_back(queued.floating);
            }
        }
        let low = left <= (EXCLUSIVE_SEGMENTS_PER_CHANNEL + FLOATING_SEGMENTS_PER_CHANNEL) / 2;
        if low && self.shared.starved.swap(false, Ordering::SeqCst) {
            self.producer.wake();
        }
        Received::Element(queued.element)
    }

    /// Puts elements in front of everything else: what was taken and not processed, or what a checkpoint has of an earlier
    /// run. They count as queued, and need no credit.
    pub fn put_back(&mut self, elements: Vec<StreamElement>) {
        for element in elements.into_iter().rev() {
            let is_buffer = matches!(element, StreamElement::Records(..));
            let counts = !matches!(element, StreamElement::Barrier(_));
            let floating = 0;
            self.backlog.push_front(Queued { element, floating });
            let buffers = &self.shared.buffers;
            buffers.fetch_add(usize::from(is_buffer), Ordering::SeqCst);
            let elements = &self.shared.elements;
            elements.fetch_add(usize::from(counts), Ordering::SeqCst);
        }
    }

    /// From now on nothing is taken that this checkpoint has not recorded, until it has everything.
    pub fn begin_recording(&mut self, checkpoint: CheckpointId) {
        self.recording = Some(Recording {
            checkpoint,
            seen: 0,
        });
    }

    /// Records no more.
    pub fn end_recording(&mut self) {
        self.recording = None;
    }

    /// Copies what has come before the barrier of the checkpoint that records.
    pub fn record(&mut self, into: &mut Vec<StreamElement>) -> Recorded {
        let Some(recording) = &mut self.recording else {
            return Recorded::Complete;
        };
        let end = loop {
            match self.backlog.get(recording.seen).map(|it| &it.element) {
                Some(StreamElement::Barrier(barrier)) => {
                    match barrier.checkpoint.cmp(&recording.checkpoint) {
                        std::cmp::Ordering::Equal => break Recorded::Complete,
                        std::cmp::Ordering::Greater => break Recorded::Lost,
                        std::cmp::Ordering::Less => {}
                    }
                }
                Some(StreamElement::EndOfInput) => break Recorded::Complete,
                Some(element) => into.push(element.clone()),
                None => match self.queue.try_recv() {
                    Ok(queued) => {
                        self.backlog.push_back(queued);
                        continue;
                    }
                    Err(TryRecvError::Empty) => return Recorded::Open,
                    // Whoever reads on will find that out.
                    Err(TryRecvError::Disconnected) => break Recorded::Lost,
                },
            }
            recording.seen += 1;
        };
        self.recording = None;
        end
    }
}

impl Drop for ChannelReceiver {
    fn drop(&mut self) {
        let queue = std::iter::from_fn(|| self.queue.try_recv().ok());
        for queued in std::mem::take(&mut self.backlog).into_iter().chain(queue) {
            if queued.floating > 0 {
                self.pool.give_back(queued.floating);
            }
        }
    }
}

#[cfg(test)]
mod tests;
