//! Event time of a task: what its assigners saw becomes watermarks, silence becomes idleness, and both are told to the
//! chain and sent on. The laws are in `dataflow::time`; this is where a task applies them.

use dataflow::element::StreamElement;
use dataflow::ids::{OperatorId, SplitId};
use dataflow::time::watermark_generator::{GeneratorTime, Seen};

use crate::task::error::TaskError;
use crate::task::step::{Task, Work, moment};

impl Task {
    /// The clocks of the generators: idleness is measured by the time in which the task could send.
    pub(super) fn generator_time(&self) -> GeneratorTime {
        let active_ns = self.now_ns.saturating_sub(self.blocked_ns);
        GeneratorTime {
            now_ms: self.now_ms,
            active_ms: i64::try_from(active_ns / 1_000_000).unwrap_or(i64::MAX),
        }
    }

    /// Makes watermarks of what an assigner saw in the call that was committed.
    pub(super) fn observe(&mut self, assigner: OperatorId, seen: Seen) {
        let (time, split) = (self.generator_time(), self.split.unwrap_or(SplitId(0)));
        let mut generators = self.generators.iter_mut();
        let Some((_, generator)) = generators.find(|(operator, _)| *operator == assigner) else {
            return;
        };
        if let Some(watermark) = generator.observe(split, seen, time) {
            self.todo
                .push_back(Work::EventTime(Some(assigner), watermark));
        }
    }

    /// A split has no more records.
    pub(super) fn split_ended(&mut self, split: SplitId) {
        let time = self.generator_time();
        for (operator, generator) in &mut self.generators {
            if let Some(watermark) = generator.split_ended(split, time) {
                self.todo
                    .push_back(Work::EventTime(Some(*operator), watermark));
            }
        }
    }

    /// There is nothing to read: silence itself may mean something. Leaves work behind if it does.
    pub(super) fn on_silence(&mut self) {
        let time = self.generator_time();
        for (operator, generator) in &mut self.generators {
            if let Some(watermark) = generator.on_time(time) {
                self.todo
                    .push_back(Work::EventTime(Some(*operator), watermark));
            }
        }
        if !self.todo.is_empty() || self.idle || self.generators.is_empty() {
            return;
        }
        // A source whose splits are all silent must not hold back the event time of the others.
        let mut generators = self.generators.iter();
        if generators.all(|(_, generator)| generator.is_idle(time)) {
            self.idle = true;
            self.outlets.broadcast(&StreamElement::Idle);
        }
    }

    /// Whether the source may be polled, or is too far ahead of those it is aligned with.
    pub(super) fn may_read(&mut self) -> bool {
        if self.alignment.is_none() {
            return true;
        }
        let time = self.generator_time();
        let Some(alignment) = &mut self.alignment else {
            return true;
        };
        alignment.may_read(&mut self.head, &mut self.generators, time)
    }

    /// Tells the chain and those behind it that event time has advanced.
    pub(super) fn announce(
        &mut self,
        origin: Option<OperatorId>,
        watermark: i64,
    ) -> Result<(), TaskError> {
        if let Some(operator) = &mut self.operator {
            operator.call().moment = moment(self.now_ms, self.watermark);
            let mut told = Ok(());
            match origin {
                Some(assigner) => told = operator.on_watermark(assigner, watermark),
                None => {
                    for head in &self.spec.heads {
                        // An assigner begins event time anew; what its input says is not for it.
                        let mut assigners = self.spec.assigners.iter();
                        if told.is_ok() && !assigners.any(|(assigner, _)| assigner == head) {
                            told = operator.on_watermark(*head, watermark);
                        }
                    }
                }
            }
            told.map_err(|error| self.unskippable("a watermark", error))?;
            self.commit()?;
        }
        self.outlets.watermark(origin, watermark);
        Ok(())
    }
}
