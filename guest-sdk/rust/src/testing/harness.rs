//! The harness: pushes records into the sources of a job and shows what arrives at its sinks.

use std::collections::BTreeMap;

use super::fragment::{Effects, Fragment, cut};
use super::memory_host::MemoryHost;
use crate::column::{Batch, NO_TIMESTAMP};
use crate::env::{Env, JobFn};
use crate::error::Error;
use crate::graph::{Edge, Kind};
use crate::row::{Row, encode};
use crate::task::CallFailure;

/// How a harness runs a job. Results do not depend on it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Arguments of the job.
    pub arguments: Vec<(String, String)>,
    /// Output bytes after which a call should return.
    pub output_soft_bytes: u32,
    /// Gives every call a fresh instance, so that nothing is cached.
    pub forget_between_calls: bool,
    /// Chains operators into tasks as the host does; otherwise each is a task of its own.
    pub chain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            arguments: Vec::new(),
            output_soft_bytes: 256 * 1024,
            forget_between_calls: false,
            chain: true,
        }
    }
}

/// A record that arrived at a sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted<T> {
    /// The record.
    pub record: T,
    /// Its event timestamp.
    pub timestamp: Option<i64>,
}

/// A job that runs in memory, on the calling thread.
pub struct Harness<'a> {
    fragments: Vec<Fragment<'a>>,
    edges: Vec<Edge>,
    sources: Vec<u32>,
    sinks: Vec<u32>,
    arrived: BTreeMap<u32, Vec<Batch>>,
    uids: BTreeMap<String, u32>,
}

impl<'a> Harness<'a> {
    /// Starts a job with arguments.
    ///
    /// # Errors
    /// The job function fails, or its graph is not one.
    pub fn start(job: JobFn<'a>, arguments: &[(&str, &str)]) -> Result<Self, Error> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let options = Options {
            arguments: arguments.iter().map(own).collect(),
            ..Options::default()
        };
        Self::with_options(job, &options)
    }

    /// Starts a job.
    ///
    /// # Errors
    /// As [`Harness::start`].
    pub fn with_options(job: JobFn<'a>, options: &Options) -> Result<Self, Error> {
        crate::component::plan("test", job, &options.arguments)?;
        let mut graph = Env::run(job, &options.arguments)?.into_graph();
        let numbers = |graph: &mut crate::graph::Graph, kinds: [Kind; 2]| -> Vec<u32> {
            (0..graph.next_number())
                .filter(|&number| kinds.contains(&graph.node(number).kind))
                .collect()
        };
        let tasks = cut(&mut graph, options.chain);
        let fragments = tasks
            .into_iter()
            .map(|operators| Fragment::new(job, &mut graph, operators, options))
            .collect();
        Ok(Self {
            fragments,
            edges: graph.edges(),
            sources: numbers(&mut graph, [Kind::Source, Kind::Input]),
            sinks: numbers(&mut graph, [Kind::Sink, Kind::Output]),
            arrived: BTreeMap::new(),
            uids: (0..graph.next_number())
                .map(|number| (graph.uid(number), number))
                .collect(),
        })
    }

    /// Gives records without timestamps to source number `source`, in the order of the job, as one batch.
    ///
    /// # Errors
    /// User code or a record failed a call.
    pub fn push<T: Row>(&mut self, source: usize, records: &[T]) -> Result<(), CallFailure> {
        let records: Vec<(T, i64)> = records.iter().map(|r| (r.clone(), NO_TIMESTAMP)).collect();
        self.push_at(source, &records)
    }

    /// Gives records with event timestamps to a source, as one batch.
    ///
    /// # Errors
    /// As [`Harness::push`].
    pub fn push_at<T: Row>(
        &mut self,
        source: usize,
        records: &[(T, i64)],
    ) -> Result<(), CallFailure> {
        let mut batch = Batch::default();
        for (record, timestamp) in records {
            batch.push_timestamp(*timestamp);
            batch.keys.push(Some(0), &[]);
            batch.values.push(T::WIDTH, &encode(record));
            batch.count += 1;
        }
        let source = self.sources[source];
        self.deliver((source, 0), &batch)
    }

    /// Raises the watermark of all sources.
    ///
    /// # Errors
    /// As [`Harness::push`].
    pub fn advance_watermark(&mut self, watermark: i64) -> Result<(), CallFailure> {
        for source in self.sources.clone() {
            self.deliver_watermark(&[source], watermark)?;
        }
        Ok(())
    }

    /// Sets the clock of all operators (milliseconds).
    ///
    /// # Errors
    /// As [`Harness::push`].
    pub fn set_clock(&mut self, processing_time: i64) -> Result<(), CallFailure> {
        for index in 0..self.fragments.len() {
            let effects = self.fragments[index].clock(processing_time)?;
            self.spread(index, &effects)?;
        }
        Ok(())
    }

    /// Ends all sources: all event-time timers fire, and operators say their last word.
    ///
    /// # Errors
    /// As [`Harness::push`].
    pub fn finish(&mut self) -> Result<(), CallFailure> {
        self.advance_watermark(i64::MAX)?;
        for index in 0..self.fragments.len() {
            let effects = self.fragments[index].finish()?;
            self.spread(index, &effects)?;
        }
        Ok(())
    }

    /// Carries a batch to everything behind an output.
    fn deliver(&mut self, from: (u32, u32), batch: &Batch) -> Result<(), CallFailure> {
        for edge in self.edges.clone() {
            if (edge.from, edge.output) != from {
                continue;
            }
            if self.sinks.contains(&edge.to) {
                self.arrived.entry(edge.to).or_default().push(batch.clone());
            } else if let Some((index, input)) = self.input_of(&edge) {
                let effects = self.fragments[index].process(input, batch)?;
                self.spread(index, &effects)?;
            }
        }
        Ok(())
    }

    /// The task and input that an edge between tasks leads to.
    fn input_of(&self, edge: &Edge) -> Option<(usize, u32)> {
        let mut tasks = self.fragments.iter().enumerate();
        tasks.find_map(|(index, task)| {
            let input = task
                .spec
                .inputs
                .iter()
                .position(|ports| ports.contains(&(edge.to, edge.input)))?;
            (task.feeds[input] == (edge.from, edge.output)).then_some((index, input as u32))
        })
    }

    fn deliver_watermark(&mut self, from: &[u32], watermark: i64) -> Result<(), CallFailure> {
        for edge in self.edges.clone() {
            if from.contains(&edge.from)
                && let Some((index, input)) = self.input_of(&edge)
            {
                let effects = self.fragments[index].watermark(input, watermark)?;
                self.spread(index, &effects)?;
            }
        }
        Ok(())
    }

    fn spread(&mut self, index: usize, effects: &Effects) -> Result<(), CallFailure> {
        for (from, batch) in &effects.batches {
            self.deliver(*from, batch)?;
        }
        if let Some(watermark) = effects.watermark {
            let operators = self.fragments[index].spec.operators.clone();
            self.deliver_watermark(&operators, watermark)?;
        }
        Ok(())
    }

    /// What has arrived at sink number `sink`, in the order of the job.
    ///
    /// # Errors
    /// What arrived is not of type `T`.
    pub fn output<T: Row>(&self, sink: usize) -> Result<Vec<Emitted<T>>, Error> {
        let mut emitted = Vec::new();
        for batch in self.arrived.get(&self.sinks[sink]).into_iter().flatten() {
            for (index, value) in batch.values.entries(batch.len()).enumerate() {
                let timestamp = batch.timestamp(index);
                emitted.push(Emitted {
                    record: T::decode(value)?,
                    timestamp: (timestamp != NO_TIMESTAMP).then_some(timestamp),
                });
            }
        }
        Ok(emitted)
    }

    /// The records that have arrived at a sink.
    ///
    /// # Errors
    /// As [`Harness::output`].
    pub fn records<T: Row>(&self, sink: usize) -> Result<Vec<T>, Error> {
        Ok(self
            .output(sink)?
            .into_iter()
            .map(|emitted| emitted.record)
            .collect())
    }

    /// The host of the task that runs the operator with this `uid`.
    pub fn host(&self, uid: &str) -> Option<&MemoryHost> {
        let number = self.uids.get(uid)?;
        let task = self
            .fragments
            .iter()
            .find(|task| task.spec.operators.contains(number))?;
        Some(&task.host)
    }

    /// The value of a key in a Value state of the operator with this `uid`.
    ///
    /// # Errors
    /// There is no such state, or the value is not of type `V`.
    pub fn value<K: Row, V: Row>(
        &self,
        uid: &str,
        state: &str,
        key: &K,
    ) -> Result<Option<V>, Error> {
        let missing = || Error::User(format!("operator {uid} has no state {state}"));
        let operator = self.uids.get(uid).ok_or_else(missing)?;
        let mut tasks = self.fragments.iter();
        let task = tasks
            .find(|task| task.spec.operators.contains(operator))
            .ok_or_else(missing)?;
        let mut states = task.spec.states.iter();
        let number = states
            .find(|(o, name, _)| o == operator && name == state)
            .ok_or_else(missing)?
            .2;
        let value = task.host.value(number, &encode(key), &[]);
        value.map(|bytes| V::decode(&bytes)).transpose()
    }

    /// The sum of a counter over all operators.
    pub fn counter(&self, name: &str) -> u64 {
        self.fragments
            .iter()
            .map(|task| task.host.counter(name))
            .sum()
    }
}
