//! Unaligned checkpoints in a task: its snapshot is taken at once, in front of what is queued, and what is in flight
//! becomes part of it.
//!
//! The job master tells every task when barriers are to overtake, so no barrier has to make its way through the job first:
//! any moment is right for a task's snapshot as long as each channel's elements between the snapshots of its two ends are
//! saved. The sender saves those that found no credit and lets its barrier overtake them; the receiver saves those that
//! come before the barrier. What the task had begun and not done is saved, too, so a task that waits for credit in the
//! middle of its work need not wait for its snapshot. Only one whose input has ended comes to its end first.
//!
//! Keeps: a snapshot is acknowledged when nothing that belongs to it can come any more. So if barriers may overtake, one
//! that was taken in order waits until its own barrier has left the task, since it may have to overtake yet.

use dataflow::checkpoint::in_flight::{InFlight, PendingWork};
use dataflow::element::{Barrier, WATERMARK_MIN};
use dataflow::ids::OperatorId;
use dataflow::time::timer::TimeDomain;

use crate::network::channel::Recorded;
use crate::task::error::TaskError;
use crate::task::figures::add;
use crate::task::snapshot::TakenSnapshot;
use crate::task::spec::InFlightWish;
use crate::task::step::{Task, Work};

impl Task {
    /// Takes the snapshot of the checkpoint whose barriers are to overtake, or if it was taken lets its barrier overtake.
    ///
    /// # Errors
    /// As for any snapshot.
    pub(super) fn overtake(&mut self) -> Result<(), TaskError> {
        // At the end of its input a task comes to its end first.
        if self.todo.iter().any(|work| matches!(work, Work::Finish)) {
            return Ok(());
        }
        let Some(checkpoint) = self.overtaking.take() else {
            return Ok(());
        };
        let barrier = Barrier { checkpoint };
        let waits = |it: &&mut TakenSnapshot| it.checkpoint == checkpoint && !it.timings.unaligned;
        if let Some(taken) = self.taken.as_mut().filter(waits) {
            taken.pending.in_flight.outputs = self.outlets.overtake(barrier, self.finished);
            taken.timings.unaligned = true;
            return Ok(());
        }
        let is_over = self.last_snapshot.is_some_and(|last| last >= checkpoint);
        if is_over || !self.head.overtake(checkpoint) {
            return Ok(());
        }
        self.put_timers_back();
        let work = self.pending_work();
        let mut taken = self.take_snapshot(checkpoint)?;
        taken.pending.in_flight.work = work;
        taken.pending.in_flight.outputs = self.outlets.overtake(barrier, self.finished);
        taken.timings.unaligned = true;
        self.taken = Some(taken);
        self.replace_logic(checkpoint)
    }

    /// Acknowledges a snapshot, unless something of it is still to come. A newer one takes the place of one that waits:
    /// that was given up.
    pub(super) fn complete_or_wait(&mut self, mut taken: TakenSnapshot) {
        let barrier = Barrier {
            checkpoint: taken.checkpoint,
        };
        if !taken.timings.unaligned {
            let waits = self.spec.may_overtake && self.outlets.holds(barrier, self.finished);
            match waits {
                true => self.taken = Some(taken),
                false => self.acknowledge(taken),
            }
            return;
        }
        match self.head.record() {
            Recorded::Open => self.taken = Some(taken),
            Recorded::Lost => drop(self.head.take_recorded()),
            Recorded::Complete => {
                taken.pending.in_flight.inputs = self.head.take_recorded();
                let now_ns = self.environment.clock.monotonic_ns();
                taken.timings.align_ns = now_ns.saturating_sub(taken.since_ns);
                self.acknowledge(taken);
            }
        }
    }

    /// Timers that were taken to be handled wait in their queue again, as the snapshot is to have them.
    fn put_timers_back(&mut self) {
        let Some(operator) = &mut self.operator else {
            return;
        };
        let timers = operator.call().timers();
        self.todo.retain(|work| {
            let Work::Timers(domain, taken) = work else {
                return true;
            };
            for index in 0..taken.len() {
                let (time, key, namespace) = taken.get(index);
                timers.queue(*domain).register(time, key, namespace);
            }
            false
        });
    }

    /// What the task had begun. Snapshots are told anew, and processing-time timers are due after a restore as well.
    fn pending_work(&self) -> Vec<PendingWork> {
        let place = |origin: &Option<OperatorId>| {
            let assigner = (*origin)?;
            let mut assigners = self.spec.assigners.iter();
            let place = assigners.position(|(operator, _)| *operator == assigner);
            place.map(|place| place as u32)
        };
        let work = self.todo.iter().filter_map(|work| match work {
            Work::Records(input, batch, split) => {
                Some(PendingWork::Records(*input, *split, batch.clone()))
            }
            Work::EventTime(of, time) => Some(PendingWork::EventTime(place(of), *time)),
            Work::AnnounceEventTime(of, time) => Some(PendingWork::Announce(place(of), *time)),
            Work::FireTimers(TimeDomain::Event, up_to) => Some(PendingWork::FireTimers(*up_to)),
            Work::FireTimers(TimeDomain::Processing, _)
            | Work::Timers(..)
            | Work::Replay(_)
            | Work::Snapshot(_)
            | Work::FireRemaining
            | Work::Finish => None,
        });
        work.collect()
    }

    /// Takes up what a checkpoint has in flight of this task. To be called before the first step; blocks on the store.
    ///
    /// # Errors
    /// It cannot be read, or is another task's.
    pub(super) fn restore_in_flight(&mut self, wish: InFlightWish) -> Result<(), TaskError> {
        match wish {
            InFlightWish::Saved(file, store) => {
                let saved = InFlight::decode(&store.get(&file)?)?;
                saved.fits(self.head.channels(), &self.outlets.widths())?;
                self.begin(saved.work)?;
                self.head.restore(saved.inputs);
                self.outlets.restore(saved.outputs);
                Ok(())
            }
            InFlightWish::Dealt(part) if self.spec.restored.finished => match part.work.len() {
                0 => Ok(()),
                pieces => Err(TaskError::Internal(format!(
                    "data in flight: {pieces} pieces of work for a task whose input had ended"
                ))),
            },
            InFlightWish::Dealt(part) => {
                let up_to = self.watermark;
                let timers = Work::FireTimers(TimeDomain::Event, up_to);
                self.todo.extend((up_to > WATERMARK_MIN).then_some(timers));
                self.begin(part.work)?;
                self.say_event_time();
                Ok(())
            }
        }
    }

    /// Makes this the first that the task has to do.
    fn begin(&mut self, work: Vec<PendingWork>) -> Result<(), TaskError> {
        let assigners = &self.spec.assigners;
        let origin = |place: Option<u32>| match place {
            None => Ok(None),
            Some(place) => match assigners.get(place as usize) {
                Some((operator, _)) => Ok(Some(*operator)),
                None => Err(TaskError::Internal(format!(
                    "data in flight: the chain has no timestamp assigner {place}"
                ))),
            },
        };
        let records_in = &self.environment.figures.records_in;
        for work in work {
            if let PendingWork::Records(_, _, batch) = &work {
                add(records_in, u64::from(batch.count));
            }
            self.todo.push_back(match work {
                PendingWork::Records(input, split, batch) => Work::Records(input, batch, split),
                PendingWork::EventTime(of, time) => Work::EventTime(origin(of)?, time),
                PendingWork::Announce(of, time) => Work::AnnounceEventTime(origin(of)?, time),
                PendingWork::FireTimers(up_to) => Work::FireTimers(TimeDomain::Event, up_to),
            });
        }
        Ok(())
    }

    /// Watermarks in flight are not dealt out, so each task says anew how far it is, behind all that it has taken up.
    fn say_event_time(&mut self) {
        let own = (None, self.watermark);
        let generators = self.generators.iter();
        let assigned = generators.map(|(of, generator)| (Some(*of), generator.watermark()));
        let known = std::iter::once(own).chain(assigned);
        let known = known.filter(|(_, watermark)| *watermark > WATERMARK_MIN);
        let said = known.map(|(of, watermark)| Work::AnnounceEventTime(of, watermark));
        self.todo.extend(said);
    }
}
