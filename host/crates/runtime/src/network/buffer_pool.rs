//! The floating segments of a process: a bounded number of permits that channels borrow beyond their exclusive ones.
//!
//! A segment is `limits::SEGMENT_BYTES` of record columns. A buffer that holds one larger record takes as many permits
//! as it has segments, and may overdraw once so that a record larger than the pool still gets through.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::task::mailbox::Waker;

/// Permits for floating segments, shared by all channels of a process.
#[derive(Debug)]
pub struct BufferPool {
    total: i64,
    available: AtomicI64,
    waiting: Mutex<Vec<Waker>>,
}

impl BufferPool {
    /// A pool of so many segments.
    pub fn new(segments: usize) -> Arc<Self> {
        let total = i64::try_from(segments).unwrap_or(i64::MAX);
        Arc::new(Self {
            total,
            available: AtomicI64::new(total),
            waiting: Mutex::new(Vec::new()),
        })
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
