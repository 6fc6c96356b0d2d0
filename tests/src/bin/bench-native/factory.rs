//! Which native logic stands for which chain fragment: decided by the job and the names of the fragment's operators, so
//! that a plan that changes is refused instead of being run by logic that does not fit.

use std::collections::BTreeMap;

use dataflow::graph::logical::JobGraph;
use dataflow::ids::{OperatorId, StateNumber};
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, Operator, OperatorError, OperatorFactory};

use crate::bids::{InEuros, KeyedByFirst, PassOn, TimedBids};
use crate::events::SplitEvents;
use crate::hot_auction::HotAuction;
use crate::join::Join;
use crate::logic::{Logic, NativeOperator};
use crate::running_count::RunningCount;
use crate::window_count::WindowCount;
use crate::words::{CountWords, Words};

#[cfg(test)]
mod tests;

/// Slots of a pair, and of a pair with the time of its making.
const PAIR: usize = 2;
const STAMPED_PAIR: usize = 3;

/// Makes the native operators of one job.
pub(crate) struct NativeOperators {
    job: String,
    names: BTreeMap<OperatorId, String>,
}

impl NativeOperators {
    /// For a job (J0 to J7, L2) with this graph.
    pub(crate) fn new(job: &str, graph: &JobGraph) -> Self {
        let names = graph.operators.iter().map(|o| (o.id, o.name.clone()));
        Self {
            job: job.to_owned(),
            names: names.collect(),
        }
    }
}

impl OperatorFactory for NativeOperators {
    fn open(&self, spec: &FragmentSpec, call: Call) -> Result<Box<dyn Operator>, OperatorError> {
        let place = Place { spec, call };
        let name = |id| self.names.get(id).map_or("", String::as_str);
        let names: Vec<&str> = spec.operators.iter().map(name).collect();
        match (self.job.as_str(), &names[..]) {
            ("J0", ["map"]) => {
                let port = place.port(0)?;
                Ok(place.run(PassOn { port }))
            }
            ("J1", ["map", "filter"]) => {
                let port = place.port(0)?;
                Ok(place.run(InEuros { port }))
            }
            ("J2" | "J3", ["key_by"]) => {
                let port = place.port(0)?;
                Ok(place.run(KeyedByFirst::<PAIR> { port }))
            }
            ("L2", ["key_by"]) => {
                let port = place.port(0)?;
                Ok(place.run(KeyedByFirst::<STAMPED_PAIR> { port }))
            }
            ("J4" | "J5", ["assign_timestamps", "key_by"]) => {
                let (assigner, port) = (spec.operators[0], place.port(0)?);
                Ok(place.run(TimedBids { assigner, port }))
            }
            (
                "J6",
                [
                    "assign_timestamps",
                    "flat_map",
                    "flat_map",
                    "key_by",
                    "key_by",
                ],
            ) => {
                let split = SplitEvents {
                    assigner: spec.operators[0],
                    persons: place.port(0)?,
                    auctions: place.port(1)?,
                };
                Ok(place.run(split))
            }
            ("J7", ["flat_map", "key_by"]) => {
                let port = place.port(0)?;
                Ok(place.run(Words { port }))
            }
            (_, names) => self.open_keyed(names, place),
        }
    }
}

impl NativeOperators {
    fn open_keyed(
        &self,
        names: &[&str],
        place: Place<'_>,
    ) -> Result<Box<dyn Operator>, OperatorError> {
        let port = place.port(0)?;
        match (self.job.as_str(), names) {
            ("J2" | "J3", ["process"]) => {
                let logic = RunningCount::<PAIR>::new(place.state("sum")?, port);
                Ok(place.run(logic))
            }
            ("L2", ["process"]) => {
                let logic = RunningCount::<STAMPED_PAIR>::new(place.state("sum")?, port);
                Ok(place.run(logic))
            }
            ("J4", ["aggregate"]) => {
                let state = place.state("window")?;
                Ok(place.run(WindowCount::<10_000, 10_000>::new(state, port, None)))
            }
            ("J5", ["aggregate", "key_by"]) => {
                let state = place.state("window")?;
                Ok(place.run(WindowCount::<10_000, 2_000>::new(state, port, Some(0))))
            }
            ("J5", ["reduce"]) => {
                let logic = HotAuction::<2_000>::new(place.state("window")?, port);
                Ok(place.run(logic))
            }
            ("J6", ["co_process"]) => {
                let logic = Join::new(place.state("person")?, place.state("auctions")?, port);
                Ok(place.run(logic))
            }
            ("J7", ["process"]) => {
                let every = !place
                    .spec
                    .parameters
                    .contains(&("emit".into(), "final".into()));
                let logic = CountWords::new(place.state("count")?, port, every);
                Ok(place.run(logic))
            }
            (job, names) => Err(place.refuse(format!(
                "no native logic stands for {names:?} of job {job}: build the bench component anew"
            ))),
        }
    }
}

/// A fragment that is being opened.
struct Place<'a> {
    spec: &'a FragmentSpec,
    call: Call,
}

impl Place<'_> {
    fn refuse(&self, message: String) -> OperatorError {
        OperatorError::Failed {
            operator: self.spec.name.clone(),
            record: None,
            message,
        }
    }

    /// The output port with this index: ports are in the order of the operators.
    fn port(&self, index: usize) -> Result<u32, OperatorError> {
        if index < self.spec.outputs.len() {
            return Ok(index as u32);
        }
        Err(self.refuse(format!("the chain has no output port {index}")))
    }

    fn state(&self, name: &str) -> Result<StateNumber, OperatorError> {
        let found = self.spec.states.iter().find(|(_, state, _)| state == name);
        found
            .map(|(.., number)| *number)
            .ok_or_else(|| self.refuse(format!("the chain has no state {name}")))
    }

    fn run<L: Logic + 'static>(self, logic: L) -> Box<dyn Operator> {
        Box::new(NativeOperator {
            name: self.spec.name.clone(),
            call: self.call,
            logic,
        })
    }
}
