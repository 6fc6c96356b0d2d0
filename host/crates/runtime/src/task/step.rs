//! The task: a value with a `step`. Everything it has to do lies in one short queue of work; new input is polled only
//! when that queue is empty and all output has found credit, so back-pressure reaches the head by itself.
//!
//! Order within a step: mail, then output that waits for credit, then queued work, then processing-time timers, then
//! one arrival of the head. Mail never overtakes work that came before it, but for the mail that says so. The thread is
//! outside ([`super::thread`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dataflow::element::{Batch, StreamElement, WATERMARK_MAX};
use dataflow::ids::{CheckpointId, OperatorId, SplitId};
use dataflow::limits::TIMERS_PER_CALL;
use dataflow::port::call::Moment;
use dataflow::port::operator::Operator;
use dataflow::time::timer::{TimeDomain, TimerBatch};
use dataflow::time::watermark_generator::WatermarkGenerator;
use dataflow::time::watermark_valve::ValveChange;

use crate::task::alignment::SourceAlignment;
use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::figures::add;
use crate::task::head::{Arrival, Head};
use crate::task::mailbox::{Mail, Mailbox};
use crate::task::outlets::Outlets;
use crate::task::replacement::Replacement;
use crate::task::replay::ReplayedLetter;
use crate::task::snapshot::TakenSnapshot;
use crate::task::spec::{TaskEnvironment, TaskSpec};

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// It did something; step again.
    Busy,
    /// There is nothing to do before a wake-up, or before so many nanoseconds have passed.
    Idle(Option<u64>),
    /// Output waits for credit.
    BackPressured,
    /// The task was told to end.
    Cancelled,
}

/// A piece of work that must be done before new input is looked at.
#[derive(Debug)]
pub(super) enum Work {
    Records(u32, Batch, Option<SplitId>),
    FireTimers(TimeDomain, i64),
    Timers(TimeDomain, TimerBatch),
    EventTime(Option<OperatorId>, i64),
    AnnounceEventTime(Option<OperatorId>, i64),
    Snapshot(CheckpointId),
    Replay(VecDeque<ReplayedLetter>),
    FireRemaining,
    Finish,
}

/// One running task.
pub struct Task {
    pub(super) spec: TaskSpec,
    pub(super) environment: TaskEnvironment,
    pub(super) mailbox: Mailbox,
    pub(super) head: Head,
    pub(super) operator: Option<Box<dyn Operator>>,
    pub(super) outlets: Outlets,
    pub(super) generators: Vec<(OperatorId, WatermarkGenerator)>,
    pub(super) watermark: i64,
    pub(super) finished: bool,
    pub(super) last_snapshot: Option<CheckpointId>,
    /// A trigger that came before the end of input; answered when no barrier can come any more.
    pub(super) triggered: Option<CheckpointId>,
    pub(super) align_since_ns: Option<u64>,
    pub(super) now_ns: u64,
    pub(super) todo: VecDeque<Work>,
    pub(super) now_ms: i64,
    /// The split of the records being processed.
    pub(super) split: Option<SplitId>,
    /// The chain has said that it has nothing to say about event time.
    pub(super) idle: bool,
    /// Set if the task is a source that must not run away from others.
    pub(super) alignment: Option<SourceAlignment>,
    /// Time in which output waited for credit.
    pub(super) blocked_ns: u64,
    pub(super) blocked_since_ns: Option<u64>,
    /// Logic that takes over at a barrier to come.
    pub(super) replacement: Option<Arc<Replacement>>,
    /// A checkpoint whose snapshot is to be taken without waiting for its barriers.
    pub(super) overtaking: Option<CheckpointId>,
    /// A snapshot of which something is still to come.
    pub(super) taken: Option<TakenSnapshot>,
    /// Bytes of records that came since the first barrier of the checkpoint being aligned.
    pub(super) aligning_bytes: u64,
}

impl Task {
    /// Does one piece of work. `now_ns` is the monotonic clock.
    ///
    /// # Errors
    /// The task cannot go on; it must not be stepped again.
    pub fn step(&mut self, now_ns: u64) -> Result<StepStatus, TaskError> {
        self.now_ns = now_ns;
        if self.mailbox.is_cancelled() {
            self.publish_metrics();
            return Ok(StepStatus::Cancelled);
        }
        while let Some(mail) = self.mailbox.take() {
            self.read(mail)?;
        }
        if self.overtaking.is_some() {
            self.overtake()?;
        }
        let blocked = self.outlets.is_blocked() && !self.outlets.drain();
        if let Some(taken) = self.taken.take() {
            self.complete_or_wait(taken);
        }
        if blocked {
            self.blocked_since_ns.get_or_insert(now_ns);
            return Ok(StepStatus::BackPressured);
        }
        if let Some(since_ns) = self.blocked_since_ns.take() {
            self.blocked_ns += now_ns.saturating_sub(since_ns);
        }
        // Timers and ingestion time rely on a clock that does not go back.
        self.now_ms = self.now_ms.max(self.environment.clock.now_ms());
        if self.todo.is_empty() && self.processing_timers_due() {
            self.todo
                .push_back(Work::FireTimers(TimeDomain::Processing, self.now_ms));
        }
        if let Some(work) = self.todo.pop_front() {
            self.perform(work)?;
            self.outlets
                .flush_older_than(self.spec.buffer_timeout_ns, now_ns);
            return Ok(StepStatus::Busy);
        }
        if self.finished {
            return Ok(StepStatus::Idle(None));
        }
        if !self.may_read() {
            return self.before_waiting(None);
        }
        let arrival = self.head.poll()?;
        if let Arrival::Wait(after_ns) = arrival {
            return self.before_waiting(after_ns);
        }
        self.arrive(arrival);
        self.publish();
        Ok(StepStatus::Busy)
    }

    /// Waits for mail or a wake-up, at most so long.
    pub(super) fn wait(&self, at_most: std::time::Duration) {
        self.mailbox.wait(at_most);
    }

    /// Whether it was woken since it last waited; takes the wake-up. For a loop that steps tasks without their threads.
    pub fn take_wake(&self) -> bool {
        self.mailbox.take_wake()
    }

    fn read(&mut self, mail: Mail) -> Result<(), TaskError> {
        match mail {
            Mail::TriggerCheckpoint(id) if self.last_snapshot.is_some_and(|last| id <= last) => {}
            Mail::TriggerCheckpoint(id) if self.finished => self.snapshot(id)?,
            Mail::TriggerCheckpoint(id) if self.head.is_source() => {
                self.todo.push_back(Work::Snapshot(id));
            }
            Mail::TriggerCheckpoint(id) => self.triggered = Some(id),
            Mail::Overtake(id) => self.overtaking = Some(id),
            Mail::Splits(splits) => self.take_splits(splits)?,
            Mail::Replace(next) => self.replacement = Some(next),
            Mail::Replay(letters) => self.todo.push_back(Work::Replay(letters.into())),
            Mail::Drain => self.drain(),
            Mail::CheckpointCompleted(id) => {
                self.head.checkpoint_completed(id);
                for sink in self.outlets.sinks() {
                    sink.uncommitted
                        .retain(|(prepared_for, _)| *prepared_for > id);
                }
                if let Some(backend) = self.operator.as_mut().and_then(|o| o.call().backend()) {
                    backend.checkpoint_completed(id);
                }
            }
        }
        Ok(())
    }

    /// A source reads no more: what follows is what follows the end of its input.
    fn drain(&mut self) {
        let ends = |work: &Work| matches!(work, Work::Finish);
        if self.head.is_source() && !self.finished && !self.todo.iter().any(ends) {
            self.arrive(Arrival::End(ValveChange {
                watermark: Some(WATERMARK_MAX),
                idle: None,
            }));
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Records(input, batch, split) => {
                if std::mem::take(&mut self.idle) {
                    self.outlets.broadcast(&StreamElement::Active);
                }
                add(&self.environment.figures.records_in, u64::from(batch.count));
                if self.align_since_ns.is_some() {
                    self.aligning_bytes += batch.size_bytes() as u64;
                }
                self.todo.push_back(Work::Records(input, batch, split));
            }
            Arrival::EventTime(change) => {
                if let Some(watermark) = change.watermark {
                    self.todo.push_back(Work::EventTime(None, watermark));
                }
                if let Some(idle) = change.idle {
                    let element = if idle {
                        StreamElement::Idle
                    } else {
                        StreamElement::Active
                    };
                    self.outlets.broadcast(&element);
                }
            }
            Arrival::SplitEnded(split) => self.split_ended(split),
            Arrival::Aligned(checkpoint) => self.todo.push_back(Work::Snapshot(checkpoint)),
            Arrival::End(change) => {
                if let Some(watermark) = change.watermark {
                    self.todo.push_back(Work::EventTime(None, watermark));
                }
                for (operator, _) in &self.generators {
                    self.todo
                        .push_back(Work::EventTime(Some(*operator), WATERMARK_MAX));
                }
                self.todo.push_back(Work::FireRemaining);
                self.todo.push_back(Work::Finish);
            }
            Arrival::Nothing | Arrival::Wait(_) => {}
        }
        self.align_since_ns = match &self.head {
            Head::Gate(gate) if gate.aligning().is_some() => {
                self.align_since_ns.or(Some(self.now_ns))
            }
            _ if self
                .todo
                .iter()
                .any(|work| matches!(work, Work::Snapshot(_))) =>
            {
                self.align_since_ns
            }
            _ => None,
        };
    }

    fn perform(&mut self, work: Work) -> Result<(), TaskError> {
        match work {
            Work::Records(input, batch, split) => self.process(input, batch, split),
            Work::FireTimers(domain, up_to) => self.fire_timers(domain, up_to),
            Work::Timers(domain, timers) => self.handle_timers(domain, timers),
            Work::EventTime(origin, watermark) => {
                self.todo
                    .push_front(Work::AnnounceEventTime(origin, watermark));
                if origin.is_none() {
                    self.watermark = watermark;
                    self.todo
                        .push_front(Work::FireTimers(TimeDomain::Event, watermark));
                }
                Ok(())
            }
            Work::AnnounceEventTime(origin, watermark) => self.announce(origin, watermark),
            // It may have overtaken meanwhile.
            Work::Snapshot(id) if self.last_snapshot.is_some_and(|last| id <= last) => Ok(()),
            Work::Snapshot(checkpoint) => self.snapshot(checkpoint),
            Work::Replay(letters) => self.replay(letters),
            Work::FireRemaining => {
                self.fire_remaining();
                Ok(())
            }
            Work::Finish => self.finish(),
        }
    }

    fn process(
        &mut self,
        input: u32,
        mut batch: Batch,
        split: Option<SplitId>,
    ) -> Result<(), TaskError> {
        self.split = split;
        let Some(operator) = &mut self.operator else {
            return self.outlets.write_head(batch, self.now_ns);
        };
        operator.call().moment = moment(self.now_ms, self.watermark);
        let consumed = match operator.process(input, &batch) {
            Ok(consumed) => consumed as usize,
            Err(error) => return self.isolate(input, batch, split, error),
        };
        if self.outlets.head_is_used() {
            let mut head = batch.clone();
            head.split_off(consumed);
            self.outlets.write_head(head, self.now_ns)?;
        }
        if consumed < batch.len() {
            let rest = batch.split_off(consumed);
            self.todo.push_front(Work::Records(input, rest, split));
        }
        self.head.recycle(batch);
        self.commit()
    }

    fn fire_timers(&mut self, domain: TimeDomain, up_to: i64) -> Result<(), TaskError> {
        let Some(operator) = &mut self.operator else {
            return Ok(());
        };
        let due = operator
            .call()
            .timers()
            .queue(domain)
            .pop_due(up_to, TIMERS_PER_CALL);
        if due.is_empty() {
            return Ok(());
        }
        self.todo.push_front(Work::FireTimers(domain, up_to));
        self.handle_timers(domain, due)
    }

    /// The input has ended, so nothing is left to wait for: the processing-time timers that wait fire now, and no more are
    /// taken.
    fn fire_remaining(&mut self) {
        if let Some(operator) = &mut self.operator {
            operator.call().timers().close();
            let all = Work::FireTimers(TimeDomain::Processing, i64::MAX);
            self.todo.push_front(all);
        }
    }

    fn handle_timers(
        &mut self,
        domain: TimeDomain,
        mut timers: TimerBatch,
    ) -> Result<(), TaskError> {
        let Some(operator) = &mut self.operator else {
            return Ok(());
        };
        operator.call().moment = moment(self.now_ms, self.watermark);
        let handled = match operator.on_timers(domain, &timers) {
            Ok(handled) => handled as usize,
            Err(error) => return Err(self.unskippable("a timer", error)),
        };
        if handled < timers.len() {
            let rest = timers.split_off(handled);
            self.todo.push_front(Work::Timers(domain, rest));
        }
        self.commit()
    }

    fn finish(&mut self) -> Result<(), TaskError> {
        if let Some(operator) = &mut self.operator {
            operator.call().moment = moment(self.now_ms, self.watermark);
            if let Err(error) = operator.finish() {
                return Err(self.unskippable("the end of the input", error));
            }
            self.commit()?;
        }
        self.end_output()
    }

    pub(super) fn end_output(&mut self) -> Result<(), TaskError> {
        self.finished = true;
        self.alignment = None;
        self.outlets.broadcast(&StreamElement::EndOfInput);
        self.outlets.flush()?;
        self.publish();
        self.publish_metrics();
        self.environment
            .figures
            .finished
            .store(true, Ordering::Relaxed);
        (self.environment.events)(TaskEvent::Finished(self.spec.id));
        match self
            .triggered
            .filter(|id| self.last_snapshot.is_none_or(|last| *id > last))
        {
            Some(id) => self.snapshot(id),
            None => Ok(()),
        }
    }

    /// Makes the call real: state and timers, then its output, then what it saw of event time.
    pub(super) fn commit(&mut self) -> Result<(), TaskError> {
        let Some(operator) = &mut self.operator else {
            return Ok(());
        };
        let call = operator.call();
        call.commit()?;
        for emitted in call.output.drain(..) {
            self.outlets
                .write(emitted.port, emitted.records, self.now_ns)?;
        }
        self.spec.limits.check(&self.spec.name, call)?;
        let observed = std::mem::take(&mut call.observed);
        let next = call.timers().event.next_time();
        if next.is_some_and(|time| time <= self.watermark)
            && !matches!(
                self.todo.front(),
                Some(Work::FireTimers(TimeDomain::Event, _))
            )
        {
            self.todo
                .push_front(Work::FireTimers(TimeDomain::Event, self.watermark));
        }
        for (assigner, seen) in observed {
            self.observe(assigner, seen);
        }
        Ok(())
    }

    fn processing_timers_due(&mut self) -> bool {
        let now_ms = self.now_ms;
        self.next_processing_timer()
            .is_some_and(|time| time <= now_ms)
    }

    fn next_processing_timer(&mut self) -> Option<i64> {
        self.operator
            .as_mut()?
            .call()
            .timers()
            .processing
            .next_time()
    }

    /// Nothing to read: send what is buffered, see whether silence itself means something, and say how long to wait.
    fn before_waiting(&mut self, after_ns: Option<u64>) -> Result<StepStatus, TaskError> {
        self.outlets.flush()?;
        let mut wait_ns = after_ns;
        self.on_silence();
        if !self.todo.is_empty() {
            return Ok(StepStatus::Busy);
        }
        if let Some(time) = self.next_processing_timer().filter(|_| !self.finished) {
            let in_ms = time.saturating_sub(self.now_ms).clamp(0, 1 << 40) as u64;
            wait_ns = Some(wait_ns.unwrap_or(u64::MAX).min(in_ms * 1_000_000));
        }
        self.publish();
        Ok(StepStatus::Idle(wait_ns))
    }
}

pub(super) fn moment(processing_time_ms: i64, watermark_ms: i64) -> Moment {
    Moment {
        processing_time_ms,
        watermark_ms,
    }
}
