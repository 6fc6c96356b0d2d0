//! One run of a job on the calling thread: batches go in one after the other, and everything that follows from one has
//! happened before the next.
//!
//! Keeps: the order of all calls is a function of the job, its samples and the [`Schedule`]; so is the clock. What
//! happens between two calls is the schedule's alone.

use std::collections::VecDeque;
use std::sync::Arc;

use dataflow::element::{Batch, WATERMARK_MIN};
use dataflow::graph::complete_first;
use dataflow::graph::execution::{Target, Vertex};
use dataflow::ids::OperatorId;
use dataflow::port::blob::BlobStore;
use dataflow::port::source::{Polled, SourceContext};
use dataflow::time::watermark_valve::{ValveChange, WatermarkValve};

use super::DoctorError;
use super::chain::{Chain, Leaving, Workshop};
use super::outcome::Outcome;
use super::route::{self, Delivery, Element, Place};
use super::subject::Subject;
use crate::scheduler::job::Job;

/// The clock at the beginning, and how far it goes with each batch (milliseconds).
const START_MS: i64 = 1_700_000_000_000;
const STEP_MS: i64 = 10;

/// Event time of one batch, where the source is an open input (milliseconds).
const STAMPS_MS: i64 = 60_000;

/// What a rehearsal does to the guests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Records of a batch.
    pub(super) batch: usize,
    /// The attempt that guests are told.
    pub(super) attempt: u32,
    /// A fresh instance before every so many calls; zero for never.
    pub(super) recycle_every: u64,
    /// Everything is saved, thrown away and restored behind so many batches.
    pub(super) restore_after: Option<usize>,
    /// A record that is none of its schema comes behind so many batches.
    pub(super) damage_after: Option<usize>,
}

impl Schedule {
    /// Nothing special happens.
    pub(super) const PLAIN: Self = Self {
        batch: 64,
        attempt: 0,
        recycle_every: 0,
        restore_after: None,
        damage_after: None,
    };
}

/// The gate in front of a subtask.
struct Gate {
    valve: WatermarkValve,
    open_channels: usize,
}

/// A run under way.
struct Rehearsal<'a> {
    workshop: Workshop<'a>,
    schedule: Schedule,
    chains: Vec<Vec<(Chain<'a>, Gate)>>,
    deliveries: VecDeque<Delivery>,
    /// Batches that each subtask has sent.
    turn: u32,
    outcome: Outcome,
}

/// Runs a job of the subject.
///
/// # Errors
/// A chain failed, or cannot be opened or restored.
pub(super) fn rehearse(
    subject: &Subject,
    job: &Job,
    store: &Arc<dyn BlobStore>,
    schedule: Schedule,
) -> Result<Outcome, DoctorError> {
    let workshop = Workshop {
        job,
        guests: subject.guests(),
        store: Arc::clone(store),
        attempt: schedule.attempt,
    };
    let mut rehearsal = Rehearsal::open(workshop, schedule)?;
    let feeds = feeds(subject, job, schedule.batch)?;
    rehearsal.run(feeds)?;
    rehearsal.end()
}

/// A batch for a source by the index of its chain, with the watermark that follows it.
struct Feed {
    chain: usize,
    batch: Batch,
    watermark: Option<i64>,
}

/// The batches of every source, in the order in which they are given.
fn feeds(subject: &Subject, job: &Job, batch: usize) -> Result<Vec<Feed>, DoctorError> {
    let awaited = complete_first::awaited(&job.execution);
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for (index, vertex) in job.execution.vertices.iter().enumerate() {
        let Some(source) = vertex.source else {
            continue;
        };
        let batches = batches(job, source, batch)?;
        let has_event_time = subject.is_open_input(&job.uid(source));
        let of_source = batches.into_iter().enumerate();
        let target = if awaited.contains(&vertex.id) {
            &mut first
        } else {
            &mut others
        };
        target.extend(of_source.map(|(turn, mut batch)| {
            let watermark = has_event_time.then(|| stamp(&mut batch, turn));
            let feed = Feed {
                chain: index,
                batch,
                watermark,
            };
            (turn, feed)
        }));
    }
    // Sources take turns; a data set that must be complete first is.
    others.sort_by_key(|(turn, feed)| (*turn, feed.chain));
    let all = first.into_iter().chain(others);
    Ok(all.map(|(_, feed)| feed).collect())
}

/// Gives records their event time, and tells the watermark behind them.
fn stamp(batch: &mut Batch, turn: usize) -> i64 {
    let first = START_MS + (turn as i64) * STAMPS_MS;
    let count = i64::from(batch.count).max(1);
    batch.timestamps = (0..i64::from(batch.count))
        .map(|at| first + at * STAMPS_MS / count)
        .collect();
    first + STAMPS_MS - 1
}

/// The records of a source in batches.
fn batches(job: &Job, source: OperatorId, size: usize) -> Result<Vec<Batch>, DoctorError> {
    let source = &job.sources[&source];
    let context = SourceContext::alone(Arc::new(|| {}));
    let mut reader = source.reader(source.splits(1)?, context)?;
    let mut batches = Vec::new();
    loop {
        match reader.poll()? {
            Polled::Records(mut records, _) => {
                while records.len() > size {
                    let rest = records.split_off(size);
                    batches.push(std::mem::replace(&mut records, rest));
                }
                batches.push(records);
            }
            Polled::SplitEnded(_) => {}
            Polled::Pending(_) | Polled::End => return Ok(batches),
        }
    }
}

impl<'a> Rehearsal<'a> {
    fn open(workshop: Workshop<'a>, schedule: Schedule) -> Result<Self, DoctorError> {
        let execution = &workshop.job.execution;
        let mut chains = Vec::new();
        for (index, vertex) in execution.vertices.iter().enumerate() {
            let channels = route::channel_count(execution, index);
            let open = |subtask: u32| {
                let every = schedule.recycle_every;
                let chain = Chain::open(&workshop, vertex, subtask, START_MS, every)?;
                let gate = Gate {
                    valve: WatermarkValve::new(channels, WATERMARK_MIN),
                    open_channels: channels,
                };
                Ok((chain, gate))
            };
            let subtasks: Result<Vec<_>, DoctorError> = (0..vertex.parallelism).map(open).collect();
            chains.push(subtasks?);
        }
        let sinks = workshop.job.sinks.keys().map(|sink| {
            let operator = workshop.job.graph.operator(*sink);
            let schema = operator.and_then(|it| it.inputs.first());
            let schema = schema.map_or_else(String::new, |input| input.schema.clone());
            (workshop.job.uid(*sink), (schema, Vec::new()))
        });
        let outcome = Outcome {
            sinks: sinks.collect(),
            cpu_ns: Some(0),
            ..Outcome::default()
        };
        Ok(Self {
            workshop,
            schedule,
            chains,
            deliveries: VecDeque::new(),
            turn: 0,
            outcome,
        })
    }

    fn run(&mut self, feeds: Vec<Feed>) -> Result<(), DoctorError> {
        let mut left = vec![0_usize; self.chains.len()];
        feeds.iter().for_each(|feed| left[feed.chain] += 1);
        let sources: Vec<usize> = (0..self.chains.len())
            .filter(|index| self.vertex(*index).source.is_some())
            .collect();
        for index in sources.into_iter().filter(|index| left[*index] == 0) {
            self.source_ends(index)?;
        }
        for (count, feed) in feeds.into_iter().enumerate() {
            let (index, batch) = (feed.chain, feed.batch);
            self.set_clock(START_MS + STEP_MS * count as i64)?;
            if self.schedule.damage_after == Some(count) {
                self.damage(index, &batch)?;
            }
            if self.schedule.restore_after == Some(count) {
                for (chain, _) in self.chains.iter_mut().flatten() {
                    chain.restore(&self.workshop)?;
                }
            }
            self.outcome.records_in += batch.len() as u64;
            let subtask = count as u32 % self.vertex(index).parallelism;
            self.give((index, subtask), batch)?;
            if let Some(watermark) = feed.watermark {
                self.advance(index, watermark)?;
            }
            left[index] -= 1;
            if left[index] == 0 {
                self.source_ends(index)?;
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<Outcome, DoctorError> {
        for (chain, _) in self.chains.iter_mut().flatten() {
            chain.report(&mut self.outcome)?;
        }
        Ok(self.outcome)
    }

    fn vertex(&self, index: usize) -> &'a Vertex {
        &self.workshop.job.execution.vertices[index]
    }

    fn set_clock(&mut self, now_ms: i64) -> Result<(), DoctorError> {
        for index in 0..self.chains.len() {
            for subtask in 0..self.vertex(index).parallelism {
                let mut out = Vec::new();
                let chain = &mut self.chains[index][subtask as usize].0;
                chain.set_clock(now_ms);
                chain.processing_time(&mut out)?;
                self.send((index, subtask), out);
            }
        }
        self.deliver_all()
    }

    /// Gives records to a source, and everything that follows from them.
    fn give(&mut self, to: Place, batch: Batch) -> Result<(), DoctorError> {
        self.process(to, 0, batch)?;
        self.deliver_all()
    }

    /// Event time has advanced at a source.
    fn advance(&mut self, index: usize, watermark: i64) -> Result<(), DoctorError> {
        let change = ValveChange {
            watermark: Some(watermark),
            idle: None,
        };
        for subtask in 0..self.vertex(index).parallelism {
            self.event_time((index, subtask), change)?;
        }
        self.deliver_all()
    }

    fn source_ends(&mut self, index: usize) -> Result<(), DoctorError> {
        for subtask in 0..self.vertex(index).parallelism {
            self.finish((index, subtask))?;
        }
        self.deliver_all()
    }

    /// Gives one record whose last byte is missing. Whoever refuses it gets a fresh instance; the rest of the batch goes on.
    fn damage(&mut self, index: usize, batch: &Batch) -> Result<(), DoctorError> {
        let Some((_, value)) = batch.value(0).split_last() else {
            return Ok(());
        };
        let mut damaged = Batch::default();
        damaged.push(batch.timestamp(0), batch.key(0), value);
        match self.give((index, 0), damaged) {
            Ok(()) => self.outcome.took_damage = true,
            Err(error) => {
                let DoctorError::Guest { chain, subtask, .. } = &error else {
                    return Err(error);
                };
                let (chain, subtask) = (chain.0 as usize, *subtask as usize);
                self.outcome.refusal = Some(error.to_string());
                self.deliveries.clear();
                self.chains[chain][subtask].0.revive()?;
            }
        }
        Ok(())
    }

    fn deliver_all(&mut self) -> Result<(), DoctorError> {
        while let Some(delivery) = self.deliveries.pop_front() {
            self.deliver(delivery)?;
        }
        Ok(())
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), DoctorError> {
        let to = delivery.to;
        let gate = &mut self.chains[to.0][to.1 as usize].1;
        match delivery.element {
            Element::Records(batch) => self.process(to, delivery.input, batch),
            Element::Watermark(watermark) => {
                let change = gate.valve.on_watermark(delivery.channel, watermark);
                self.event_time(to, change)
            }
            Element::End => {
                let change = gate.valve.on_end(delivery.channel);
                gate.open_channels -= 1;
                if gate.open_channels == 0 {
                    return self.finish(to);
                }
                self.event_time(to, change)
            }
        }
    }

    fn process(&mut self, to: Place, input: u32, batch: Batch) -> Result<(), DoctorError> {
        let targets = &self.vertex(to.0).head_targets;
        if !targets.is_empty() {
            self.pass_on(to, targets, &Element::Records(batch.clone()));
        }
        let mut out = Vec::new();
        let chain = &mut self.chains[to.0][to.1 as usize].0;
        chain.records(input, batch, &mut out)?;
        self.send(to, out);
        Ok(())
    }

    fn event_time(&mut self, to: Place, change: ValveChange) -> Result<(), DoctorError> {
        let Some(watermark) = change.watermark else {
            return Ok(());
        };
        let mut out = Vec::new();
        let chain = &mut self.chains[to.0][to.1 as usize].0;
        chain.watermark(watermark, &mut out)?;
        self.send(to, out);
        Ok(())
    }

    fn finish(&mut self, place: Place) -> Result<(), DoctorError> {
        let mut out = Vec::new();
        let chain = &mut self.chains[place.0][place.1 as usize].0;
        chain.finish(&mut out)?;
        self.send(place, out);
        let edges = self.workshop.job.execution.edges.iter().enumerate();
        let own = edges.filter(|(_, edge)| edge.from.0 as usize == place.0);
        let targets: Vec<Target> = own.map(|(index, _)| Target::Edge(index)).collect();
        self.pass_on(place, &targets, &Element::End);
        Ok(())
    }

    /// Sends on what has left a chain.
    fn send(&mut self, from: Place, out: Vec<Leaving>) {
        let vertex = self.vertex(from.0);
        for leaving in out {
            match leaving {
                Leaving::Records(port, batch) => {
                    let targets = vertex.ports.get(port).map_or(&[][..], |port| &port.targets);
                    self.pass_on(from, targets, &Element::Records(batch));
                }
                Leaving::Watermark(origin, watermark) => {
                    let element = Element::Watermark(watermark);
                    let ports = vertex.ports.iter();
                    for port in ports.filter(|port| port.event_time_from == origin) {
                        self.pass_on(from, &port.targets, &element);
                    }
                    if origin.is_none() {
                        self.pass_on(from, &vertex.head_targets, &element);
                    }
                }
            }
        }
    }

    fn pass_on(&mut self, from: Place, targets: &[Target], element: &Element) {
        for target in targets {
            match target {
                Target::Sink(sink) => {
                    let Element::Records(batch) = element else {
                        continue;
                    };
                    let uid = self.workshop.job.uid(*sink);
                    if let Some((_, rows)) = self.outcome.sinks.get_mut(&uid) {
                        rows.extend((0..batch.len()).map(|at| batch.value(at).to_vec()));
                    }
                }
                Target::Edge(index) => {
                    let graph = &self.workshop.job.execution;
                    let deliveries = &mut self.deliveries;
                    self.turn = self.turn.wrapping_add(1);
                    route::send(graph, *index, from.1, element, self.turn, &mut |delivery| {
                        deliveries.push_back(delivery);
                    });
                }
            }
        }
    }
}
