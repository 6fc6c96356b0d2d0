//! One task of the harness: operators chained as the host would chain them, their host in memory, their event time.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::assigned::Assigned;
use super::harness::Options;
use super::memory_host::MemoryHost;
use crate::column::{Batch, Moment, TimeDomain};
use crate::env::JobFn;
use crate::graph::{Edge, Graph, Kind, Partitioning};
use crate::host::Host;
use crate::task::{CallFailure, Place, Task, TaskSpec};

/// Timers handed over in one call.
const TIMERS_PER_CALL: usize = 64;

/// One task.
pub(super) struct Fragment<'a> {
    job: JobFn<'a>,
    pub(super) spec: TaskSpec,
    pub(super) host: Rc<MemoryHost>,
    /// Outputs of other tasks or sources that feed it, one per input.
    pub(super) feeds: Vec<(u32, u32)>,
    /// Watermark of each input.
    input_watermarks: Vec<i64>,
    /// What each assigner has come to, by operator.
    assigners: BTreeMap<u32, Assigned>,
    task: Option<Task>,
    forget: bool,
    now: Moment,
    out_watermark: i64,
}

/// What a task has to hand on after a call.
#[derive(Default)]
pub(super) struct Effects {
    /// Emitted at an output of an operator.
    pub(super) batches: Vec<((u32, u32), Batch)>,
    /// The watermark at its end, if it has risen.
    pub(super) watermark: Option<i64>,
}

impl<'a> Fragment<'a> {
    pub(super) fn new(
        job: JobFn<'a>,
        graph: &mut Graph,
        operators: Vec<u32>,
        options: &Options,
    ) -> Self {
        let mut spec = TaskSpec {
            place: Place {
                job: "test".to_owned(),
                subtask: 0,
                parallelism: 1,
                max_parallelism: graph.max_parallelism,
                attempt: 0,
                parameters: Vec::new(),
            },
            arguments: options.arguments.clone(),
            output_soft_bytes: options.output_soft_bytes,
            ..TaskSpec::default()
        };
        let mut feeds: Vec<(u32, u32)> = Vec::new();
        let mut assigners = BTreeMap::new();
        for edge in graph.edges() {
            let (inside_from, inside_to) =
                (operators.contains(&edge.from), operators.contains(&edge.to));
            if inside_to && !inside_from {
                feeds.push((edge.from, edge.output));
                spec.inputs.push(vec![(edge.to, edge.input)]);
            }
            let port = (edge.from, edge.output);
            if inside_from && !inside_to && !spec.outputs.contains(&port) {
                spec.outputs.push(port);
            }
        }
        for &number in &operators {
            let node = graph.node(number);
            for state in &node.states {
                let next = spec.states.len() as u32;
                spec.states.push((number, state.name.clone(), next));
            }
            if let Some(watermarks) = &node.watermarks {
                assigners.insert(number, Assigned::by(watermarks));
            }
        }
        spec.operators = operators;
        Self {
            job,
            spec,
            host: Rc::new(MemoryHost::default()),
            input_watermarks: vec![i64::MIN; feeds.len()],
            feeds,
            assigners,
            task: None,
            forget: options.forget_between_calls,
            now: Moment {
                processing_time: 0,
                watermark: i64::MIN,
            },
            out_watermark: i64::MIN,
        }
    }

    /// Runs a call on the instance, which is opened if there is none.
    fn call<R>(
        &mut self,
        effects: &mut Effects,
        call: impl FnOnce(&mut Task, Moment) -> Result<R, CallFailure>,
    ) -> Result<R, CallFailure> {
        let task = match &mut self.task {
            Some(task) => task,
            none => {
                let host: Rc<dyn Host> = Rc::<MemoryHost>::clone(&self.host);
                none.insert(Task::open(self.job, &self.spec, host)?)
            }
        };
        let result = call(task, self.now);
        self.host.end_call(result.is_ok());
        if self.forget || result.is_err() {
            self.task = None;
        }
        let (output, observations) = self.host.take_output();
        for (port, batch) in output {
            effects
                .batches
                .push((self.spec.outputs[port as usize], batch));
        }
        for observation in observations {
            if let Some(assigned) = self.assigners.get_mut(&observation.operator) {
                assigned.see(&observation);
            }
        }
        result
    }

    /// Processes a whole batch, in as many calls as it takes.
    pub(super) fn process(&mut self, input: u32, batch: &Batch) -> Result<Effects, CallFailure> {
        let mut effects = Effects::default();
        let mut done = 0;
        while done < batch.len() {
            let rest = rest_of(batch, done);
            let consumed = self
                .call(&mut effects, |task, now| task.process(now, input, &rest))
                .map_err(|mut failure| {
                    failure.record = failure.record.map(|record| record + done as u32);
                    failure
                })?;
            assert!(consumed > 0, "a call consumes at least one record");
            done += consumed as usize;
            self.fire(&mut effects)?;
        }
        for (operator, watermark) in self.assigned() {
            self.tell(&mut effects, operator, watermark)?;
        }
        self.settle(&mut effects)?;
        Ok(effects)
    }

    /// The watermarks that assigners have come to.
    fn assigned(&self) -> Vec<(u32, i64)> {
        let assigners = self.assigners.iter();
        let come_to = |(operator, assigned): (&u32, &Assigned)| {
            assigned.watermark().map(|watermark| (*operator, watermark))
        };
        assigners.filter_map(come_to).collect()
    }

    fn tell(
        &mut self,
        effects: &mut Effects,
        operator: u32,
        watermark: i64,
    ) -> Result<(), CallFailure> {
        self.call(effects, |task, now| {
            task.on_watermark(now, operator, watermark)
        })
    }

    /// Raises the watermark at the end of the task.
    fn settle(&mut self, effects: &mut Effects) -> Result<(), CallFailure> {
        let out = if self.assigners.is_empty() {
            self.now.watermark
        } else {
            let assigned = self.assigned();
            let all = assigned.len() == self.assigners.len();
            assigned
                .iter()
                .map(|(_, at)| *at)
                .min()
                .filter(|_| all)
                .unwrap_or(i64::MIN)
        };
        if out > self.out_watermark {
            self.out_watermark = out;
            effects.watermark = Some(out);
        }
        Ok(())
    }

    /// Raises the watermark of an input.
    pub(super) fn watermark(&mut self, input: u32, watermark: i64) -> Result<Effects, CallFailure> {
        let mut effects = Effects::default();
        let at = &mut self.input_watermarks[input as usize];
        *at = watermark.max(*at);
        let least = self
            .input_watermarks
            .iter()
            .min()
            .copied()
            .unwrap_or(i64::MIN);
        if least > self.now.watermark {
            self.now.watermark = least;
            self.fire(&mut effects)?;
            let mut fed: Vec<u32> = self
                .spec
                .inputs
                .iter()
                .flatten()
                .map(|port| port.0)
                .collect();
            fed.retain(|fed| !self.assigners.contains_key(fed));
            for operator in fed {
                self.tell(&mut effects, operator, least)?;
            }
            if least == i64::MAX {
                for assigned in self.assigners.values_mut() {
                    assigned.end();
                }
                for (operator, watermark) in self.assigned() {
                    self.tell(&mut effects, operator, watermark)?;
                }
            }
            self.settle(&mut effects)?;
        }
        Ok(effects)
    }

    /// Sets the clock.
    pub(super) fn clock(&mut self, processing_time: i64) -> Result<Effects, CallFailure> {
        let mut effects = Effects::default();
        self.now.processing_time = processing_time;
        self.fire(&mut effects)?;
        Ok(effects)
    }

    /// Fires all timers that are due.
    fn fire(&mut self, effects: &mut Effects) -> Result<(), CallFailure> {
        for domain in [TimeDomain::Event, TimeDomain::Processing] {
            loop {
                let time = match domain {
                    TimeDomain::Event => self.now.watermark,
                    TimeDomain::Processing => self.now.processing_time,
                };
                let due = self.host.take_due(domain, time, TIMERS_PER_CALL);
                if due.is_empty() {
                    break;
                }
                let fired = self.call(effects, |task, now| task.on_timers(now, domain, &due))?;
                assert!(fired > 0, "a call fires at least one timer");
                self.host.put_back(domain, &due, fired as usize);
            }
        }
        Ok(())
    }

    /// Ends the input.
    pub(super) fn finish(&mut self) -> Result<Effects, CallFailure> {
        let mut effects = Effects::default();
        self.call(&mut effects, |task, now| task.finish(now))?;
        Ok(effects)
    }
}

/// The records of a batch from `from` on.
fn rest_of(batch: &Batch, from: usize) -> Batch {
    let mut rest = Batch::default();
    let count = batch.len();
    for (index, (key, value)) in batch
        .keys
        .entries(count)
        .zip(batch.values.entries(count))
        .enumerate()
    {
        if index >= from {
            rest.push_timestamp(batch.timestamp(index));
            rest.keys.push(None, key);
            rest.values.push(None, value);
            rest.count += 1;
        }
    }
    rest
}

/// Cuts the operators of a graph into tasks.
pub(super) fn cut(graph: &mut Graph, chain: bool) -> Vec<Vec<u32>> {
    let edges = graph.edges();
    let mut tasks: Vec<Vec<u32>> = Vec::new();
    for number in 0..graph.next_number() {
        if graph.node(number).kind != Kind::Operator {
            continue;
        }
        let into: Vec<&Edge> = edges.iter().filter(|edge| edge.to == number).collect();
        let before = match into[..] {
            [edge] if chain && edge.chain && edge.partitioning == Partitioning::Forward => {
                tasks.iter().position(|task| task.contains(&edge.from))
            }
            _ => None,
        };
        match before {
            Some(task) => tasks[task].push(number),
            None => tasks.push(vec![number]),
        }
    }
    tasks
}
