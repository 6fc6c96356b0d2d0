//! The imported interface `watermarks`: keeps the largest timestamp each assigner reported in this call.

use dataflow::ids::OperatorId;

use crate::bindings::wasmill::dataflow::watermarks::{Host, Observation};
use crate::host_state::HostState;
use crate::refusal::Refusal;

impl HostState {
    fn observe_one(&mut self, operator: OperatorId, timestamp_ms: i64) -> Result<(), Refusal> {
        if !self.operators.contains(&operator) {
            return Err(Refusal::Malformed(format!(
                "a timestamp observed at {operator}, which is not in this chain"
            )));
        }
        let mut observed = self.call.observed.iter_mut();
        match observed.find(|(known, _)| *known == operator) {
            Some((_, max)) => *max = timestamp_ms.max(*max),
            None => self.call.observe(operator, timestamp_ms),
        }
        Ok(())
    }
}

impl Host for HostState {
    fn observe(&mut self, observations: Vec<Observation>) -> wasmtime::Result<()> {
        for observation in observations {
            let operator = self.operator(observation.operator);
            self.observe_one(operator, observation.max_timestamp)?;
        }
        Ok(())
    }
}
