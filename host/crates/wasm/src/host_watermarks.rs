//! The imported interface `watermarks`: keeps the largest timestamp and watermark each assigner
//! reported in this call.

use dataflow::ids::OperatorId;
use dataflow::time::watermark_generator::Seen;

use crate::bindings::wasmill::dataflow::watermarks::{Host, Observation};
use crate::host_state::HostState;
use crate::refusal::Refusal;

impl HostState {
    fn observe_one(&mut self, operator: OperatorId, seen: Seen) -> Result<(), Refusal> {
        if !self.operators.contains(&operator) {
            return Err(Refusal::Malformed(format!(
                "a timestamp observed at {operator}, which is not in this chain"
            )));
        }
        let mut observed = self.call.observed.iter_mut();
        match observed.find(|(known, _)| *known == operator) {
            Some((_, so_far)) => *so_far = so_far.and(seen),
            None => self.call.observe(operator, seen),
        }
        Ok(())
    }
}

impl Host for HostState {
    fn observe(&mut self, observations: Vec<Observation>) -> wasmtime::Result<()> {
        for observation in observations {
            let seen = Seen {
                max_timestamp: observation.max_timestamp,
                watermark: observation.watermark,
            };
            let operator = self.operator(observation.operator);
            self.observe_one(operator, seen)?;
        }
        Ok(())
    }
}
