//! Opening a task: sinks, keyed state with its timers, the guest, the head. Called on the task's own thread, so that the
//! tasks of a job open side by side; may block on local disks.

use std::collections::VecDeque;
use std::sync::Arc;

use dataflow::element::WATERMARK_MIN;
use dataflow::ids::{OperatorId, SplitId};
use dataflow::port::call::{Call, Timers};
use dataflow::port::operator::OperatorFactory;
use dataflow::port::operator_state::OperatorStates;
use dataflow::port::redistribution::SavedPart;
use dataflow::port::source::SourceContext;
use dataflow::port::state::StateError;
use dataflow::time::timer::{TimeDomain, parse_timer_sub_key};
use dataflow::time::watermark_generator::{
    GeneratorTime, WatermarkGenerator, WatermarkRule, WatermarkStrategy,
};

use crate::network::input_gate::{InputChannel, InputGate};
use crate::task::alignment::SourceAlignment;
use crate::task::error::TaskError;
use crate::task::event::TaskEvent;
use crate::task::head::{GateHead, Head};
use crate::task::mailbox::Waker;
use crate::task::outlets::{Outlets, SinkOutlet};
use crate::task::spec::{OperatorStateWish, StateWish, TaskEnvironment, TaskSpec, TaskWiring};
use crate::task::step::Task;

impl Task {
    /// Opens everything the spec asks for. Called on the task's own thread; may block on local disks.
    ///
    /// # Errors
    /// Whatever cannot be opened.
    pub fn open(
        mut spec: TaskSpec,
        wiring: TaskWiring,
        environment: TaskEnvironment,
    ) -> Result<Self, TaskError> {
        let now_ms = environment.clock.now_ms().max(last_stamp(&spec));
        let outlets = Outlets::new(
            wiring.writers,
            open_sinks(&mut spec)?,
            spec.ports.clone(),
            spec.head_outlets.clone(),
            Arc::clone(&environment.figures),
        );
        let states = open_operator_states(&mut spec)?;
        let call = open_call(spec.state.take())?.with_operator_states(states);
        let open =
            |(factory, fragment): &(Arc<dyn OperatorFactory>, _)| factory.open(fragment, call);
        let operator = spec.fragment.as_ref().map(open).transpose()?;
        let (head, splits) = open_head(&mut spec, wiring.channels, &wiring.waker)?;
        (environment.events)(TaskEvent::Running(spec.id));
        let (watermark, finished) = (spec.restored.watermark, spec.restored.finished);
        let now_ns = environment.clock.monotonic_ns();
        let active_ms = i64::try_from(now_ns / 1_000_000).unwrap_or(i64::MAX);
        let time = GeneratorTime { now_ms, active_ms };
        let generators = make_generators(&spec, &splits, time);
        let alignment = SourceAlignment::of(std::mem::take(&mut spec.alignments));
        let mut task = Self {
            mailbox: wiring.mailbox,
            head,
            operator,
            outlets,
            generators,
            watermark,
            finished: false,
            last_snapshot: None,
            triggered: None,
            align_since_ns: None,
            now_ns,
            todo: VecDeque::new(),
            now_ms,
            split: None,
            idle: false,
            alignment,
            blocked_ns: 0,
            blocked_since_ns: None,
            replacement: None,
            overtaking: None,
            taken: None,
            aligning_bytes: 0,
            spec,
            environment,
        };
        if let Some(in_flight) = task.spec.in_flight.take() {
            task.restore_in_flight(in_flight)?;
        }
        if finished {
            task.end_output()?;
        }
        Ok(task)
    }
}

/// Opens the head; gives it with the splits its records are from.
fn open_head(
    spec: &mut TaskSpec,
    channels: Vec<InputChannel>,
    waker: &Waker,
) -> Result<(Head, Vec<SplitId>), TaskError> {
    let Some(wish) = spec.source.take() else {
        let gate = GateHead::new(InputGate::new(channels), spec);
        // Behind a gate there is no split: the whole input counts as one.
        return Ok((Head::Gate(Box::new(gate)), vec![SplitId(0)]));
    };
    let splits = wish.splits.iter().map(|split| split.id).collect();
    let waker = waker.clone();
    let context = SourceContext {
        subtask: spec.id.subtask,
        parallelism: wish.parallelism,
        wake: Arc::new(move || waker.wake()),
    };
    let reader = wish.source.reader(wish.splits, context)?;
    Ok((Head::Source(reader), splits))
}

fn open_sinks(spec: &mut TaskSpec) -> Result<Vec<SinkOutlet>, TaskError> {
    let mut sinks = Vec::with_capacity(spec.sinks.len());
    for wish in &mut spec.sinks {
        let restored = std::mem::take(&mut wish.restored);
        let writer = wish.sink.writer(wish.context.clone(), restored)?;
        sinks.push(SinkOutlet {
            operator: wish.operator,
            writer,
            uncommitted: Vec::new(),
        });
    }
    Ok(sinks)
}

/// The largest ingestion time that an earlier run gave out: the clock goes on from there, also if the machine's is behind.
fn last_stamp(spec: &TaskSpec) -> i64 {
    let stamps = |assigner: &OperatorId| {
        let mut assigners = spec.assigners.iter();
        assigners.any(|(of, strategy)| of == assigner && strategy.rule == WatermarkRule::Ingestion)
    };
    let marks = spec.restored.max_timestamps.iter();
    let stamped = marks.filter(|(assigner, ..)| stamps(assigner));
    stamped
        .map(|(.., mark)| *mark)
        .max()
        .unwrap_or(WATERMARK_MIN)
}

fn make_generators(
    spec: &TaskSpec,
    splits: &[SplitId],
    time: GeneratorTime,
) -> Vec<(OperatorId, WatermarkGenerator)> {
    let generator = |(operator, strategy): &(OperatorId, WatermarkStrategy)| {
        let seen = spec
            .restored
            .max_timestamps
            .iter()
            .filter(|(o, ..)| o == operator);
        let seen: Vec<(SplitId, i64)> = seen.map(|(_, split, time)| (*split, *time)).collect();
        (
            *operator,
            WatermarkGenerator::new(strategy, splits, &seen, time),
        )
    };
    spec.assigners.iter().map(generator).collect()
}

/// Opens the backend and rebuilds the timer queues from what it restored. May block on local disks.
///
/// # Errors
/// The backend cannot be opened, or what is restored is damaged.
pub fn open_call(wish: Option<StateWish>) -> Result<Call, TaskError> {
    let Some(wish) = wish else {
        return Ok(Call::stateless());
    };
    let (key_groups, max_parallelism) = (wish.spec.key_groups, wish.spec.max_parallelism);
    let mut backend = wish.factory.open(wish.spec, &wish.snapshots, wish.store)?;
    let mut timers = Timers::default();
    for domain in [TimeDomain::Event, TimeDomain::Processing] {
        let queue = timers.queue(domain);
        backend.take_timers(domain, &mut |key, sub_key, _| {
            if let Some((time, namespace)) = parse_timer_sub_key(sub_key) {
                queue.restore(time, key, namespace);
            }
        })?;
    }
    Ok(Call::keyed(backend, key_groups, max_parallelism, timers))
}

/// Reads what all former tasks saved and takes this task's part of it.
fn open_operator_states(spec: &mut TaskSpec) -> Result<OperatorStates, TaskError> {
    let OperatorStateWish {
        specs,
        saved,
        share: (which, of),
        store,
    } = std::mem::take(&mut spec.operator_states);
    let mut parts = Vec::with_capacity(saved.len());
    for (blob, finished) in saved {
        if let Some(store) = &store {
            let bytes = store.get(&blob).map_err(StateError::from)?;
            parts.push(SavedPart { bytes, finished });
        }
    }
    Ok(OperatorStates::restore(specs, &parts, which, of)?)
}
