//! The floating segments of a process: a bounded number of permits that channels borrow beyond their exclusive ones, and
//! the memory of buffers that were read, for those to be written.
//!
//! A segment is `limits::SEGMENT_BYTES` of record columns. A buffer that holds one larger record takes as many permits
//! as it has segments, and may overdraw once so that a record larger than the pool still gets through.
//!
//! Memory is the allocator's; what one task has read goes to the next one that writes instead of back there, since an
//! allocator gives memory that one thread allocates and another frees back to the system, which then clears every page of
//! it anew (a tenth of the time of J4 at parallelism 4).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam::queue::ArrayQueue;
use dataflow::element::Batch;
use dataflow::limits::{SEGMENT_BYTES, SPARE_BUFFERS_MAX};

use crate::task::mailbox::Waker;

/// Bytes of memory of a buffer that is worth keeping.
const SPARE_BYTES: std::ops::RangeInclusive<usize> = SEGMENT_BYTES / 4..=2 * SEGMENT_BYTES;

/// Permits for floating segments, shared by all channels of a process.
#[derive(Debug)]
pub struct BufferPool {
    total: i64,
    available: AtomicI64,
    waiting: Mutex<Vec<Waker>>,
    spare: ArrayQueue<Batch>,
}

impl BufferPool {
    /// A pool of so many segments.
    pub fn new(segments: usize) -> Arc<Self> {
        let total = i64::try_from(segments).unwrap_or(i64::MAX);
        Arc::new(Self {
            total,
            available: AtomicI64::new(total),
            waiting: Mutex::new(Vec::new()),
            spare: ArrayQueue::new(SPARE_BUFFERS_MAX),
        })
    }

    /// A buffer without records, with memory if there is any to spare.
    pub fn empty_buffer(&self) -> Batch {
        self.spare.pop().unwrap_or_default()
    }

    /// Keeps the memory of a buffer that was read, unless it is unusually little or much or there is enough.
    pub fn recycle(&self, mut buffer: Batch) {
        if SPARE_BYTES.contains(&buffer.capacity_bytes()) {
            buffer.clear();
            // What does not fit is freed.
            let _ = self.spare.push(buffer);
        }
    }

    /// Takes permits if any is left. On refusal `waker` is woken when permits come back.
    pub fn try_take(&self, segments: usize, waker: &Waker) -> bool {
        if self.take(segments) {
            return true;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|other| other.is_same(waker)) {
            waiting.push(waker.clone());
        }
        drop(waiting);
        // Permits may have come back between the two looks.
        self.take(segments)
    }

    fn take(&self, segments: usize) -> bool {
        let wanted = i64::try_from(segments).unwrap_or(i64::MAX);
        self.available
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |have| {
                (have > 0).then(|| have - wanted)
            })
            .is_ok()
    }

    /// Gives permits back.
    pub fn give_back(&self, segments: usize) {
        let back = i64::try_from(segments).unwrap_or(i64::MAX);
        let before = self.available.fetch_add(back, Ordering::AcqRel);
        if before <= 0 {
            let waiting =
                std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            for waker in waiting {
                waker.wake();
            }
        }
    }

    /// Segments in use and in all, for the figures.
    pub fn usage(&self) -> (u64, u64) {
        let used = self.total - self.available.load(Ordering::Relaxed);
        (used.max(0) as u64, self.total as u64)
    }
}
