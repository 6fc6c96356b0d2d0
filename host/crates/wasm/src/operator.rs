//! A guest behind the operator port: what a task calls with batches.
//!
//! Invariant: whatever the guest does, a call returns within its limits, and either the whole effect of the call is in
//! the [`Call`] or nothing is. The instance may be replaced between two calls; the operator stays. Committing the call
//! and sending its output on is the task's business.

use std::sync::Arc;

use dataflow::element::Batch;
use dataflow::ids::OperatorId;
use dataflow::metric::MetricValue;
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, Operator, OperatorError, OperatorFactory};
use dataflow::port::sink::{ConnectorError, Sink};
use dataflow::port::source::Source;
use dataflow::time::timer::{TimeDomain, TimerBatch};

use crate::bindings::wasmill::dataflow::types;
use crate::component::Component;
use crate::guest_sink::GuestSink;
use crate::guest_source::GuestSource;
use crate::host_state::{HostState, lent};
use crate::instance::GuestInstance;
use crate::limits::GuestLimits;

/// Makes guests of one component.
#[derive(Clone)]
pub struct GuestOperatorFactory {
    component: Component,
    limits: GuestLimits,
}

impl GuestOperatorFactory {
    /// A factory of guests that may use `limits` each.
    pub(crate) fn new(component: Component, limits: GuestLimits) -> Self {
        Self { component, limits }
    }

    /// The component.
    pub(crate) fn component(&self) -> &Component {
        &self.component
    }

    /// As [`OperatorFactory::open`], with the concrete type.
    ///
    /// # Errors
    /// The guest refused to open, trapped, or went over a limit.
    pub fn open_guest(
        &self,
        spec: &FragmentSpec,
        call: Call,
    ) -> Result<GuestOperator, OperatorError> {
        let factory = Self {
            component: self.component.clone(),
            limits: self.limits.with(&spec.guest),
        };
        let limits = &factory.limits;
        let mut call = call;
        call.output_hard_bytes = usize::try_from(limits.call_output_bytes).unwrap_or(usize::MAX);
        let state = HostState::of_task(spec, call, limits, self.component.clock());
        let mut instance = GuestInstance::new(&self.component, limits, state)
            .map_err(|error| error.into_operator_error(&spec.name))?;
        instance.open(spec)?;
        Ok(GuestOperator {
            recycle_at_bytes: recycle_at_bytes(limits, &instance),
            instance,
            factory,
            spec: spec.clone(),
        })
    }
}

impl OperatorFactory for GuestOperatorFactory {
    fn open(&self, spec: &FragmentSpec, call: Call) -> Result<Box<dyn Operator>, OperatorError> {
        Ok(Box::new(self.open_guest(spec, call)?))
    }

    fn source(&self, spec: &FragmentSpec, schema: &str) -> Result<Arc<dyn Source>, ConnectorError> {
        let source = GuestSource::new(self.clone(), spec.clone(), schema.to_owned())?;
        Ok(Arc::new(source))
    }

    fn sink(&self, spec: &FragmentSpec) -> Result<Arc<dyn Sink>, ConnectorError> {
        Ok(Arc::new(GuestSink::new(self.clone(), spec.clone())?))
    }
}

/// Memory at which an instance is replaced: the limit's, but never so little that a fresh one would be too large.
fn recycle_at_bytes(limits: &GuestLimits, fresh: &GuestInstance) -> u64 {
    let fresh_bytes = fresh.state().limiter.memory_bytes();
    let room = limits.memory_bytes.saturating_sub(fresh_bytes);
    limits.recycle_memory_bytes.max(fresh_bytes + room / 2)
}

/// The chain of one task, run by a guest. One thread at a time; every call blocks until the guest returns, at most for
/// the time limit of its [`GuestLimits`].
pub struct GuestOperator {
    instance: GuestInstance,
    recycle_at_bytes: u64,
    factory: GuestOperatorFactory,
    spec: FragmentSpec,
}

impl GuestOperator {
    /// Linear memory of the guest in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.instance.state().limiter.memory_bytes()
    }

    /// The instance, ready for a call: a fresh one if it held too much memory.
    pub(crate) fn enter(&mut self) -> Result<&mut GuestInstance, OperatorError> {
        self.recycle_if_large()?;
        Ok(&mut self.instance)
    }

    /// Ends the instance: it did what the contract forbids.
    pub(crate) fn refused(&mut self, reason: String) -> OperatorError {
        self.instance.refuse(OperatorError::Failed {
            operator: self.spec.name.clone(),
            record: None,
            message: reason,
        })
    }

    /// Ends the instance: what it handed over is no batch.
    pub(crate) fn malformed(&mut self, reason: String) -> OperatorError {
        self.instance.refuse(OperatorError::Malformed {
            operator: self.spec.name.clone(),
            reason,
        })
    }

    /// The clock of the guests (milliseconds).
    pub(crate) fn now_ms(&self) -> i64 {
        self.factory.component.clock().now_ms()
    }

    fn moment(&mut self) -> types::Moment {
        let moment = self.instance.call().moment;
        types::Moment {
            processing_time: moment.processing_time_ms,
            watermark: moment.watermark_ms,
        }
    }

    /// Replaces an instance that holds too much memory; called between two calls.
    #[inline]
    fn recycle_if_large(&mut self) -> Result<(), OperatorError> {
        if self.memory_bytes() < self.recycle_at_bytes {
            return Ok(());
        }
        self.recycle()
    }

    #[cold]
    fn recycle(&mut self) -> Result<(), OperatorError> {
        tracing::debug!(
            operator = self.spec.name,
            memory_bytes = self.memory_bytes(),
            "its memory is large"
        );
        self.replace()
    }

    /// Puts a fresh instance into the place of this one; what lasts goes over.
    fn replace(&mut self) -> Result<(), OperatorError> {
        let GuestOperatorFactory { component, limits } = &self.factory;
        let blank = HostState::of_task(&self.spec, Call::stateless(), limits, component.clock());
        let fresh = GuestInstance::new(component, limits, blank);
        let mut fresh = fresh.map_err(|error| {
            self.instance
                .refuse(error.into_operator_error(&self.spec.name))
        })?;
        self.instance.state_mut().swap_lasting(fresh.state_mut());
        // From here on the call lives in the fresh instance, also if that does not open.
        self.instance = fresh;
        self.instance.open(&self.spec)?;
        // What `open` did was done when the task was opened; the instance is another, the task is not.
        self.instance.call().roll_back();
        Ok(())
    }

    /// A guest must consume at least one entry and at most all.
    fn check_consumed(
        &mut self,
        what: &str,
        consumed: u32,
        count: u32,
    ) -> Result<u32, OperatorError> {
        if (1..=count).contains(&consumed) {
            return Ok(consumed);
        }
        Err(self.refused(format!(
            "consumed {consumed} of {count} {what}; at least one and at most all must be consumed"
        )))
    }
}

impl Operator for GuestOperator {
    fn revive(&mut self) -> Result<(), OperatorError> {
        self.replace()
    }

    fn call(&mut self) -> &mut Call {
        self.instance.call()
    }

    fn process(&mut self, input: u32, records: &Batch) -> Result<u32, OperatorError> {
        if records.is_empty() {
            return Ok(0);
        }
        self.recycle_if_large()?;
        let now = self.moment();
        let lent = types::BatchParam {
            count: records.count,
            timestamps: &records.timestamps,
            keys: lent(&records.keys),
            values: lent(&records.values),
        };
        let consumed = self.instance.run(|guest, store| {
            let operator = guest.wasmill_dataflow_operator();
            operator.call_process(store, now, input, lent)
        })?;
        self.check_consumed("records", consumed, records.count)
    }

    fn on_timers(&mut self, domain: TimeDomain, timers: &TimerBatch) -> Result<u32, OperatorError> {
        if timers.is_empty() {
            return Ok(0);
        }
        self.recycle_if_large()?;
        let now = self.moment();
        let domain = match domain {
            TimeDomain::Event => types::TimeDomain::Event,
            TimeDomain::Processing => types::TimeDomain::Processing,
        };
        let lent = types::TimerBatchParam {
            count: timers.count,
            times: &timers.times,
            keys: lent(&timers.keys),
            namespaces: lent(&timers.namespaces),
        };
        let handled = self.instance.run(|guest, store| {
            let operator = guest.wasmill_dataflow_operator();
            operator.call_on_timers(store, now, domain, lent)
        })?;
        self.check_consumed("timers", handled, timers.count)
    }

    fn on_watermark(
        &mut self,
        operator: OperatorId,
        watermark_ms: i64,
    ) -> Result<(), OperatorError> {
        self.recycle_if_large()?;
        let now = self.moment();
        let own_number = self.spec.own_number(operator);
        self.instance.run(|guest, store| {
            let chain = guest.wasmill_dataflow_operator();
            chain.call_on_watermark(store, now, own_number, watermark_ms)
        })
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        self.recycle_if_large()?;
        let now = self.moment();
        self.instance
            .run(|guest, store| guest.wasmill_dataflow_operator().call_finish(store, now))
    }

    fn metrics(&self) -> &[(OperatorId, String, MetricValue)] {
        self.instance.state().metrics.values()
    }

    fn guest_memory_bytes(&self) -> u64 {
        self.memory_bytes()
    }
}
