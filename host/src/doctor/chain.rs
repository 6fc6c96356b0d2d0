//! One subtask of a chain in a rehearsal: its guest, its transaction, its event time.
//!
//! Keeps the rules of a task of the engine: output and timers of a call count when it is committed, due timers fire before
//! the next records, and what assigners saw becomes watermarks behind the records. It is told when to throw its guest
//! away, and to go on from a snapshot.

use std::path::PathBuf;
use std::sync::Arc;

use dataflow::element::{Batch, WATERMARK_MAX, WATERMARK_MIN};
use dataflow::graph::execution::Vertex;
use dataflow::ids::{CheckpointId, OperatorId, SplitId};
use dataflow::key_group::range_of_subtask;
use dataflow::limits::TIMERS_PER_CALL;
use dataflow::port::blob::BlobStore;
use dataflow::port::call::{Call, Moment};
use dataflow::port::operator::{Operator, OperatorError};
use dataflow::port::operator_state::OperatorStates;
use dataflow::port::redistribution::SavedPart;
use dataflow::port::state::{BackendSpec, SnapshotHandle};
use dataflow::time::timer::{TimeDomain, TimerBatch};
use dataflow::time::watermark_generator::{GeneratorTime, WatermarkGenerator};
use runtime::task::open::open_call;
use runtime::task::spec::StateWish;
use state::heap::HeapBackendFactory;
use wasm::{GuestOperator, GuestOperatorFactory};

use super::DoctorError;
use super::cpu_time::cpu_time_ns;
use super::outcome::{Entries, Outcome};
use crate::scheduler::fragment::fragment_spec;
use crate::scheduler::job::Job;

/// Memory for caches of a backend; the one on the heap has none.
const MANAGED_BYTES: u64 = 16 << 20;

/// What leaves a chain.
#[derive(Debug)]
pub(super) enum Leaving {
    /// Records of an output port.
    Records(usize, Batch),
    /// A watermark: of an assigner, or of the input.
    Watermark(Option<OperatorId>, i64),
}

/// What chains are opened with.
pub(super) struct Workshop<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// Makes the guests.
    pub(super) guests: GuestOperatorFactory,
    /// Keeps snapshots.
    pub(super) store: Arc<dyn BlobStore>,
    /// Number of the attempt that guests are told.
    pub(super) attempt: u32,
}

/// What a chain is restored from.
#[derive(Default)]
struct Saved {
    keyed: Option<SnapshotHandle>,
    operator: Option<Vec<u8>>,
}

/// A subtask of a chain.
pub(super) struct Chain<'a> {
    vertex: &'a Vertex,
    subtask: u32,
    /// Absent if the chain has no logic of the component.
    guest: Option<GuestOperator>,
    generators: Vec<(OperatorId, WatermarkGenerator)>,
    watermark: i64,
    /// A fresh instance before every so many calls; zero for never.
    recycle_every: u64,
    calls: u64,
    cpu_ns: Option<u64>,
    memory_bytes: u64,
    now_ms: i64,
}

impl<'a> Chain<'a> {
    /// Opens a chain with nothing in it.
    ///
    /// # Errors
    /// The guest does not open.
    pub(super) fn open(
        workshop: &Workshop<'_>,
        vertex: &'a Vertex,
        subtask: u32,
        now_ms: i64,
        recycle_every: u64,
    ) -> Result<Self, DoctorError> {
        let guest = open_guest(
            workshop,
            vertex,
            subtask,
            &Saved::default(),
            workshop.attempt,
        )?;
        let generators = vertex.assigners.iter().map(|(operator, strategy)| {
            let generator = WatermarkGenerator::new(strategy, &[SplitId(0)], &[], at(now_ms));
            (*operator, generator)
        });
        Ok(Self {
            vertex,
            subtask,
            guest,
            generators: generators.collect(),
            watermark: WATERMARK_MIN,
            recycle_every,
            calls: 0,
            cpu_ns: Some(0),
            memory_bytes: 0,
            now_ms,
        })
    }

    /// Sets the clock (milliseconds).
    pub(super) fn set_clock(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// Processes records of an input.
    ///
    /// # Errors
    /// The guest failed; nothing of the failed call is left.
    pub(super) fn records(
        &mut self,
        input: u32,
        records: Batch,
        out: &mut Vec<Leaving>,
    ) -> Result<(), DoctorError> {
        let (mut records, mut named) = (records, Vec::new());
        while !records.is_empty() && self.guest.is_some() {
            let consumed = self.call(|guest| guest.process(input, &records))?;
            let consumed = consumed.map_or(records.len(), |count| count as usize);
            records = records.split_off(consumed.min(records.len()));
            self.gather(out, &mut named);
            self.fire(TimeDomain::Event, self.watermark, out, &mut named)?;
        }
        self.announce_all(named, out)
    }

    /// Event time has advanced at the input of the task.
    ///
    /// # Errors
    /// As [`Chain::records`].
    pub(super) fn watermark(
        &mut self,
        watermark: i64,
        out: &mut Vec<Leaving>,
    ) -> Result<(), DoctorError> {
        self.watermark = watermark;
        let mut named = Vec::new();
        self.fire(TimeDomain::Event, watermark, out, &mut named)?;
        self.announce(None, watermark, out)?;
        self.announce_all(named, out)
    }

    /// Fires the timers of processing time that are due.
    ///
    /// # Errors
    /// As [`Chain::records`].
    pub(super) fn processing_time(&mut self, out: &mut Vec<Leaving>) -> Result<(), DoctorError> {
        let mut named = Vec::new();
        self.fire(TimeDomain::Processing, self.now_ms, out, &mut named)?;
        self.announce_all(named, out)
    }

    /// The input has ended.
    ///
    /// # Errors
    /// As [`Chain::records`].
    pub(super) fn finish(&mut self, out: &mut Vec<Leaving>) -> Result<(), DoctorError> {
        self.watermark(WATERMARK_MAX, out)?;
        let assigners: Vec<OperatorId> = self.generators.iter().map(|(id, _)| *id).collect();
        for assigner in assigners {
            self.announce(Some(assigner), WATERMARK_MAX, out)?;
        }
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        guest.call().timers().close();
        let mut named = Vec::new();
        self.fire(TimeDomain::Processing, i64::MAX, out, &mut named)?;
        self.call(GuestOperator::finish)?;
        self.gather(out, &mut named);
        Ok(())
    }

    /// A fresh instance in the place of the one whose call failed.
    ///
    /// # Errors
    /// It does not open.
    pub(super) fn revive(&mut self) -> Result<(), DoctorError> {
        let revived = self.guest.as_mut().map_or(Ok(()), Operator::revive);
        revived.map_err(|source| self.failed(source))
    }

    /// Saves what lasts, throws the task away and opens another one with what was saved.
    ///
    /// # Errors
    /// It cannot be saved, or the guest does not open again.
    pub(super) fn restore(&mut self, workshop: &Workshop<'_>) -> Result<(), DoctorError> {
        let Some(mut guest) = self.guest.take() else {
            return Ok(());
        };
        let call = guest.call();
        let pending = call.snapshot(CheckpointId(1))?;
        let keyed = pending.map(|pending| pending.write(workshop.store.as_ref()));
        let states = call.operator_states();
        let saved = Saved {
            keyed: keyed.transpose()?,
            operator: (!states.is_empty()).then(|| states.encode()),
        };
        drop(guest);
        let attempt = workshop.attempt + 1;
        self.guest = open_guest(workshop, self.vertex, self.subtask, &saved, attempt)?;
        Ok(())
    }

    /// Adds figures and the keyed state to an outcome.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(super) fn report(&mut self, outcome: &mut Outcome) -> Result<(), DoctorError> {
        outcome.calls += self.calls;
        outcome.cpu_ns = outcome.cpu_ns.zip(self.cpu_ns).map(|(a, b)| a + b);
        outcome.memory_bytes = outcome.memory_bytes.max(self.memory_bytes);
        let backend = self.guest.as_mut().and_then(|guest| guest.call().backend());
        let Some(backend) = backend else {
            return Ok(());
        };
        let states = self.vertex.states.iter();
        for (_, name, spec) in states.filter(|(_, name, _)| !name.starts_with("_timers/")) {
            let entries: &mut Entries = &mut outcome.states;
            backend.visit(spec.number, &mut |key, sub_key, value| {
                let address = (name.clone(), key.to_vec(), sub_key.to_vec());
                entries.insert(address, value.to_vec());
            })?;
        }
        Ok(())
    }

    /// One call as a transaction. Nothing if the chain has no guest.
    fn call<R>(
        &mut self,
        work: impl FnOnce(&mut GuestOperator) -> Result<R, OperatorError>,
    ) -> Result<Option<R>, DoctorError> {
        let Some(guest) = &mut self.guest else {
            return Ok(None);
        };
        let is_due = self.recycle_every > 0 && self.calls.is_multiple_of(self.recycle_every);
        let fresh = if is_due { guest.revive() } else { Ok(()) };
        guest.call().moment = Moment {
            processing_time_ms: self.now_ms,
            watermark_ms: self.watermark,
        };
        let before = cpu_time_ns();
        let result = fresh.and_then(|()| work(guest));
        let spent = cpu_time_ns()
            .zip(before)
            .map(|(after, before)| after - before);
        self.cpu_ns = self.cpu_ns.zip(spent).map(|(sum, spent)| sum + spent);
        self.calls += 1;
        self.memory_bytes = self.memory_bytes.max(guest.memory_bytes());
        match result {
            Ok(result) => {
                guest.call().commit()?;
                Ok(Some(result))
            }
            Err(source) => {
                guest.call().roll_back();
                Err(self.failed(source))
            }
        }
    }

    fn failed(&self, source: OperatorError) -> DoctorError {
        DoctorError::Guest {
            chain: self.vertex.id,
            subtask: self.subtask,
            source,
        }
    }

    /// Takes what a committed call has emitted and seen.
    fn gather(&mut self, out: &mut Vec<Leaving>, named: &mut Vec<(OperatorId, i64)>) {
        let Some(guest) = &mut self.guest else {
            return;
        };
        let call = guest.call();
        let emitted = call.output.drain(..);
        out.extend(emitted.map(|it| Leaving::Records(it.port as usize, it.records)));
        for (assigner, seen) in std::mem::take(&mut call.observed) {
            let mut generators = self.generators.iter_mut();
            let Some((_, generator)) = generators.find(|(id, _)| *id == assigner) else {
                continue;
            };
            let watermark = generator.observe(SplitId(0), seen, at(self.now_ms));
            named.extend(watermark.map(|watermark| (assigner, watermark)));
        }
    }

    fn fire(
        &mut self,
        domain: TimeDomain,
        up_to: i64,
        out: &mut Vec<Leaving>,
        named: &mut Vec<(OperatorId, i64)>,
    ) -> Result<(), DoctorError> {
        loop {
            let mut due = self.due(domain, up_to);
            if due.is_empty() {
                return Ok(());
            }
            while !due.is_empty() {
                let handled = self.call(|guest| guest.on_timers(domain, &due))?;
                let handled = handled.map_or(due.len(), |count| count as usize);
                due = due.split_off(handled.min(due.len()));
                self.gather(out, named);
            }
        }
    }

    fn due(&mut self, domain: TimeDomain, up_to: i64) -> TimerBatch {
        let Some(guest) = &mut self.guest else {
            return TimerBatch::default();
        };
        let queue = guest.call().timers().queue(domain);
        queue.pop_due(up_to, TIMERS_PER_CALL)
    }

    fn announce_all(
        &mut self,
        named: Vec<(OperatorId, i64)>,
        out: &mut Vec<Leaving>,
    ) -> Result<(), DoctorError> {
        for (assigner, watermark) in named {
            self.announce(Some(assigner), watermark, out)?;
        }
        Ok(())
    }

    /// Tells the chain and those behind it that event time has advanced.
    fn announce(
        &mut self,
        origin: Option<OperatorId>,
        watermark: i64,
        out: &mut Vec<Leaving>,
    ) -> Result<(), DoctorError> {
        let assigners = &self.vertex.assigners;
        let is_assigner = |head: &OperatorId| assigners.iter().any(|(id, _)| id == head);
        // An assigner begins event time anew; what its input says is not for it.
        let told: Vec<OperatorId> = match origin {
            Some(assigner) => vec![assigner],
            None => {
                let heads = self.vertex.heads.iter().copied();
                heads.filter(|head| !is_assigner(head)).collect()
            }
        };
        let mut named = Vec::new();
        for operator in told {
            self.call(|guest| guest.on_watermark(operator, watermark))?;
            self.gather(out, &mut named);
            self.fire(TimeDomain::Event, self.watermark, out, &mut named)?;
        }
        out.push(Leaving::Watermark(origin, watermark));
        Ok(())
    }
}

/// The time of a rehearsal for generators: the task could always read.
fn at(now_ms: i64) -> GeneratorTime {
    GeneratorTime {
        now_ms,
        active_ms: now_ms,
    }
}

fn open_guest(
    workshop: &Workshop<'_>,
    vertex: &Vertex,
    subtask: u32,
    saved: &Saved,
    attempt: u32,
) -> Result<Option<GuestOperator>, DoctorError> {
    let Some(component) = workshop.job.component_of(vertex) else {
        return Ok(None);
    };
    let call = open_state(workshop, vertex, subtask, saved)?;
    let spec = fragment_spec(workshop.job, vertex, component, subtask, attempt);
    let guest = workshop.guests.open_guest(&spec, call);
    guest.map(Some).map_err(|source| DoctorError::Guest {
        chain: vertex.id,
        subtask,
        source,
    })
}

/// The transaction of a chain over its state, empty or restored.
fn open_state(
    workshop: &Workshop<'_>,
    vertex: &Vertex,
    subtask: u32,
    saved: &Saved,
) -> Result<Call, DoctorError> {
    let max_parallelism = workshop.job.graph.max_parallelism;
    let wish = vertex.keyed.then(|| StateWish {
        factory: Arc::new(HeapBackendFactory::new()),
        spec: BackendSpec {
            states: vertex
                .states
                .iter()
                .map(|(_, _, spec)| spec.clone())
                .collect(),
            key_groups: range_of_subtask(subtask, max_parallelism, vertex.parallelism),
            max_parallelism,
            // The backend on the heap touches no disk.
            local_dir: PathBuf::new(),
            managed_memory_bytes: MANAGED_BYTES,
        },
        snapshots: saved.keyed.iter().cloned().collect(),
        store: Arc::clone(&workshop.store),
    });
    let specs = vertex.operator_states.iter();
    let specs = specs.map(|(_, _, spec)| spec.clone()).collect();
    let parts = saved.operator.iter().cloned();
    let parts: Vec<SavedPart> = parts.map(SavedPart::going_on).collect();
    let states = OperatorStates::restore(specs, &parts, 0, 1)?;
    Ok(open_call(wish)?.with_operator_states(states))
}
