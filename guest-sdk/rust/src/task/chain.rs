//! The task: the exported calls of `wit/operator.wit` over a wired chain.
//!
//! Every call runs the same way: begin, let records or timers flow, let operators hand over what they gathered
//! (upstream before downstream), empty the ports, tell observations and counters. A call that fails says so and leaves
//! its traces in the instance; the host throws the instance away.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{
    CallFailure, Head, Operator, Place, PortBuffer, Shared, TaskSpec, WatermarkFlow, Wiring,
};
use crate::column::{Batch, Moment, TimeDomain, TimerBatch};
use crate::env::{Env, JobFn};
use crate::error::Error;
use crate::host::Host;
use crate::sink::SinkNode;
use crate::source::SourceNode;

/// Records that every receiver of an input takes in turn, where an input has several.
const SHARED_INPUT_RECORDS: usize = 64;

/// An instance of a chain.
pub struct Task {
    shared: Rc<Shared>,
    /// For each input of the task, whom it feeds.
    inputs: Vec<Vec<Rc<dyn Head>>>,
    /// Upstream before downstream.
    operators: Vec<(u32, Rc<dyn Operator>)>,
    keyed: Option<Rc<dyn Operator>>,
    ports: Vec<Rc<PortBuffer>>,
    watermarks: WatermarkFlow,
    source: Option<Rc<dyn SourceNode>>,
    sink: Option<Rc<dyn SinkNode>>,
}

impl Task {
    /// Runs the job function and opens the operators that the spec names.
    ///
    /// # Errors
    /// The job function fails, or the spec does not fit the job.
    pub fn open(job: JobFn<'_>, spec: &TaskSpec, host: Rc<dyn Host>) -> Result<Self, Error> {
        let env = Env::run(job, &spec.arguments)?;
        let place = Place {
            parameters: env.values(),
            ..spec.place.clone()
        };
        let mut graph = env.into_graph();
        let shared = Rc::new(Shared::new(
            host,
            place,
            (spec.output_soft_bytes as usize).max(1),
            graph.cached_keys_max,
        ));
        let mut wiring = Wiring::new(spec, &graph.edges(), Rc::clone(&shared));
        let mut order = spec.operators.clone();
        order.sort_unstable();
        for &node in order.iter().rev() {
            wiring.node = node;
            let open = graph.take_open(node)?;
            open(&mut wiring)?;
        }
        let Wiring {
            edges,
            heads,
            mut operators,
            keyed,
            ports,
            source,
            sink,
            ..
        } = wiring;
        operators.reverse();
        let mut watermarks = WatermarkFlow::default();
        for &node in &order {
            let next = edges
                .iter()
                .filter(|e| e.from == node)
                .map(|e| (e.to, e.input));
            let (assigns, inputs) = graph.flow_of(node);
            let fed = |input| {
                spec.inputs
                    .iter()
                    .flatten()
                    .any(|port| *port == (node, input))
            };
            let fed_by_task = (0..inputs).map(fed).collect();
            watermarks.add(node, assigns, fed_by_task, next.collect());
        }
        Ok(Self {
            shared,
            inputs: Self::resolve(spec, &heads)?,
            operators,
            keyed,
            ports,
            watermarks,
            source,
            sink,
        })
    }

    fn resolve(
        spec: &TaskSpec,
        heads: &BTreeMap<(u32, u32), Rc<dyn Head>>,
    ) -> Result<Vec<Vec<Rc<dyn Head>>>, Error> {
        let head = |port: &(u32, u32)| {
            heads
                .get(port)
                .cloned()
                .ok_or_else(|| Error::Task(format!("operator {} has no input {}", port.0, port.1)))
        };
        spec.inputs
            .iter()
            .map(|ports| ports.iter().map(head).collect())
            .collect()
    }

    /// Processes records of an input from the front; returns how many, at least one.
    ///
    /// # Errors
    /// User code or a record failed the call.
    pub fn process(&mut self, now: Moment, input: u32, batch: &Batch) -> Result<u32, CallFailure> {
        self.shared.begin(now);
        let Some(heads) = self.inputs.get(input as usize) else {
            return Err(Error::Task(format!("the task has no input {input}")).into());
        };
        batch.check().map_err(CallFailure::from)?;
        for head in heads {
            head.prepare(batch);
        }
        if let Some(failure) = self.shared.take_failure(None) {
            return Err(failure);
        }
        let count = batch.len();
        let mut done = 0;
        if let [head] = &heads[..] {
            done = head.run(batch, 0..count, false);
        } else {
            while done < count && !self.shared.stopping() {
                let end = count.min(done + SHARED_INPUT_RECORDS);
                for head in heads {
                    let reached = head.run(batch, done..end, true);
                    self.check_record(reached)?;
                }
                done = end;
            }
        }
        self.check_record(done)?;
        self.end()?;
        Ok(done as u32)
    }

    fn check_record(&self, reached: usize) -> Result<(), CallFailure> {
        let record = reached.saturating_sub(1) as u32;
        self.shared.take_failure(Some(record)).map_or(Ok(()), Err)
    }

    /// Fires timers from the front; returns how many, at least one.
    ///
    /// # Errors
    /// User code failed the call.
    pub fn on_timers(
        &mut self,
        now: Moment,
        domain: TimeDomain,
        timers: &TimerBatch,
    ) -> Result<u32, CallFailure> {
        self.shared.begin(now);
        timers.check().map_err(CallFailure::from)?;
        let done = match &self.keyed {
            Some(keyed) => keyed.on_timers(domain, timers),
            None => timers.len(),
        };
        self.end()?;
        Ok(done as u32)
    }

    /// Advances event time; see `wit/operator.wit`.
    ///
    /// # Errors
    /// User code failed the call.
    pub fn on_watermark(
        &mut self,
        now: Moment,
        operator: u32,
        watermark: i64,
    ) -> Result<(), CallFailure> {
        self.shared.begin(now);
        let operators = &self.operators;
        self.watermarks
            .advance(operator, watermark, &mut |node, watermark| {
                for (_, operator) in operators.iter().filter(|(number, _)| *number == node) {
                    operator.on_watermark(watermark);
                }
            });
        self.end()
    }

    /// Ends the input.
    ///
    /// # Errors
    /// User code failed the call.
    pub fn finish(&mut self, now: Moment) -> Result<(), CallFailure> {
        self.shared.begin(now);
        for (_, operator) in &self.operators {
            operator.finish();
        }
        for (_, operator) in &self.operators {
            operator.close();
        }
        self.end()
    }

    /// The source that this instance is.
    ///
    /// # Errors
    /// It is none.
    pub fn source(&self) -> Result<Rc<dyn SourceNode>, Error> {
        let none = || Error::Task("the instance is no source".to_owned());
        self.source.clone().ok_or_else(none)
    }

    /// The sink that this instance is.
    ///
    /// # Errors
    /// It is none.
    pub fn sink(&self) -> Result<Rc<dyn SinkNode>, Error> {
        let none = || Error::Task("the instance is no sink".to_owned());
        self.sink.clone().ok_or_else(none)
    }

    fn end(&self) -> Result<(), CallFailure> {
        for (_, operator) in &self.operators {
            operator.end_call();
        }
        if let Some(failure) = self.shared.take_failure(None) {
            return Err(failure);
        }
        for port in &self.ports {
            port.flush();
        }
        self.shared.end();
        Ok(())
    }
}
