//! The imported interface `timers`: buffers registrations and deletions in the call.

use dataflow::time::timer::TimerBatch;

use crate::bindings::wasmill::dataflow::timers::{self, Host, TimeDomain};
use crate::host_state::{HostState, check_entry_count, column, time_domain};
use crate::refusal::Refusal;

impl HostState {
    /// Takes the guest's columns over and counts them; the call checks their shape and the keys' owner.
    fn take_timers(&mut self, lifted: timers::TimerBatch) -> Result<TimerBatch, Refusal> {
        let count = check_entry_count(lifted.count)?;
        let timers = TimerBatch {
            count: lifted.count,
            times: lifted.times,
            keys: column(lifted.keys),
            namespaces: column(lifted.namespaces),
        };
        self.count_written(count * 8, &[&timers.keys, &timers.namespaces])?;
        Ok(timers)
    }

    fn change(
        &mut self,
        domain: TimeDomain,
        timers: timers::TimerBatch,
        register: bool,
    ) -> Result<(), Refusal> {
        if self.call.backend().is_none() {
            let reason = "timers of a task without keyed operator, put a key_by before the one that registers them";
            return Err(Refusal::Malformed(reason.to_owned()));
        }
        let timers = self.take_timers(timers)?;
        let domain = time_domain(domain);
        if register {
            self.call.register_timers(domain, timers)?;
        } else {
            self.call.delete_timers(domain, timers)?;
        }
        Ok(())
    }
}

impl Host for HostState {
    fn register(&mut self, domain: TimeDomain, timers: timers::TimerBatch) -> wasmtime::Result<()> {
        Ok(self.change(domain, timers, true)?)
    }

    fn delete(&mut self, domain: TimeDomain, timers: timers::TimerBatch) -> wasmtime::Result<()> {
        Ok(self.change(domain, timers, false)?)
    }
}
