//! The one place where a task waits: mail from the job master, and wake-ups from channels, readers and timers.
//!
//! A wake-up that finds the task awake costs one load. Mails are few and bounded; cancellation does not queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use crossbeam::sync::{Parker, Unparker};
use dataflow::ids::CheckpointId;
use dataflow::limits::MAILBOX_MAILS_MAX;
use dataflow::port::source::SourceSplit;

use crate::task::replacement::Replacement;
use crate::task::replay::ReplayedLetter;

/// What the job master asks of a task.
#[derive(Clone, Debug)]
pub enum Mail {
    /// Sources: emit the barrier and take a snapshot. Others: only if all input has ended.
    TriggerCheckpoint(CheckpointId),
    /// Take the snapshot of a checkpoint that was triggered before, without waiting for its barriers.
    Overtake(CheckpointId),
    /// The checkpoint is complete and stored.
    CheckpointCompleted(CheckpointId),
    /// Sources: splits that were discovered; they are this task's from now on.
    Splits(Vec<SourceSplit>),
    /// Other logic is to take over at a barrier that has not come yet.
    Replace(Arc<Replacement>),
    /// Dead letters to process as if they arrived now.
    Replay(Vec<ReplayedLetter>),
    /// Sources: read no more, as if the input had ended.
    Drain,
}

#[derive(Debug)]
struct Signal {
    unparker: Unparker,
    pending: AtomicBool,
    cancelled: AtomicBool,
}

/// Wakes the task; cheap to clone, usable from every thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Signal>);

impl Waker {
    /// Makes the task look for work.
    #[inline]
    pub fn wake(&self) {
        if !self.0.pending.load(Ordering::SeqCst) && !self.0.pending.swap(true, Ordering::SeqCst) {
            self.0.unparker.unpark();
        }
    }

    /// Whether both wake the same task.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The job master's end.
#[derive(Clone, Debug)]
pub struct MailboxSender {
    mails: Sender<Mail>,
    waker: Waker,
}

impl MailboxSender {
    /// Posts a mail. Never blocks; a task that leaves this many mails unread loses it (returns false), which a
    /// checkpoint notices by its timeout.
    pub fn post(&self, mail: Mail) -> bool {
        let posted = self.mails.try_send(mail).is_ok();
        self.waker.wake();
        posted
    }

    /// Tells the task to end after its current step.
    pub fn cancel(&self) {
        self.waker.0.cancelled.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    /// For those who wake the task without mail.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }
}

/// The task's end.
#[derive(Debug)]
pub struct Mailbox {
    mails: Receiver<Mail>,
    parker: Parker,
    signal: Arc<Signal>,
}

/// Makes a mailbox.
pub fn mailbox() -> (MailboxSender, Mailbox) {
    let (sender, receiver) = bounded(MAILBOX_MAILS_MAX);
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    let signal = Arc::new(Signal {
        unparker,
        pending: AtomicBool::new(false),
        cancelled: AtomicBool::new(false),
    });
    let waker = Waker(Arc::clone(&signal));
    (
        MailboxSender {
            mails: sender,
            waker,
        },
        Mailbox {
            mails: receiver,
            parker,
            signal,
        },
    )
}

impl Mailbox {
    /// The next mail.
    pub fn take(&self) -> Option<Mail> {
        self.mails.try_recv().ok()
    }

    /// Whether the task was told to end.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.signal.cancelled.load(Ordering::Relaxed)
    }

    /// Waits for a wake-up, at most so long. May return early.
    pub fn wait(&self, at_most: Duration) {
        if !self.take_wake() {
            self.parker.park_timeout(at_most);
            self.signal.pending.store(false, Ordering::SeqCst);
        }
    }

    /// Whether there was a wake-up since the last wait; takes it.
    pub fn take_wake(&self) -> bool {
        self.signal.pending.swap(false, Ordering::SeqCst)
    }
}
