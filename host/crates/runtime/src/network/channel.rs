//! One channel: from one subtask to one subtask, in order, under credits.
//!
//! A channel owns `EXCLUSIVE_SEGMENTS_PER_CHANNEL` segments and borrows up to `FLOATING_SEGMENTS_PER_CHANNEL` more from
//! the process's pool. A sender without credit keeps the element and is woken when the receiver has taken half of what
//! was queued, so that the two do not wake each other for every buffer. Control elements need no credit but count
//! against the queue, which is a few elements longer for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam::channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use dataflow::element::StreamElement;
use dataflow::limits::{
    EXCLUSIVE_SEGMENTS_PER_CHANNEL, FLOATING_SEGMENTS_PER_CHANNEL, SEGMENT_BYTES,
};

use crate::network::buffer_pool::BufferPool;
use crate::task::mailbox::Waker;

/// Elements a channel queues at most: its segments, and as many watermarks and barriers between them.
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
    /// Record buffers in the queue.
    buffers: AtomicUsize,
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
}

/// Makes a channel between the tasks behind the two wakers.
pub fn channel(
    pool: &Arc<BufferPool>,
    producer: Waker,
    consumer: Waker,
) -> (ChannelSender, ChannelReceiver) {
    let (sender, receiver) = bounded(QUEUE_ELEMENTS_MAX);
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
        let mut floating = 0;
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
        match self.queue.try_send(Queued { element, floating }) {
            Ok(()) => {
                self.consumer.wake();
                Ok(())
            }
            Err(TrySendError::Full(queued)) => {
                self.release(segments, floating);
                Err(queued.element)
            }
            Err(TrySendError::Disconnected(_)) => {
                self.release(segments, floating);
                Ok(())
            }
        }
    }

    fn release(&self, segments: usize, floating: usize) {
        if segments > 0 {
            self.shared.buffers.fetch_sub(1, Ordering::SeqCst);
        }
        if floating > 0 {
            self.pool.give_back(floating);
        }
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
    /// Takes the next element.
    pub fn try_receive(&self) -> Received {
        let queued = match self.queue.try_recv() {
            Ok(queued) => queued,
            Err(TryRecvError::Empty) => return Received::Empty,
            Err(TryRecvError::Disconnected) => return Received::Broken,
        };
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
}

impl Drop for ChannelReceiver {
    fn drop(&mut self) {
        while let Ok(queued) = self.queue.try_recv() {
            if queued.floating > 0 {
                self.pool.give_back(queued.floating);
            }
        }
    }
}

#[cfg(test)]
mod tests;
