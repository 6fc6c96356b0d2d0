//! A fault for the tests of the host: one native operator panics once in the life of the process, after so many records
//! with keys. What a guest does never panics a thread of the host; code of the host itself could, and then the job must
//! go on from its last checkpoint as after any failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dataflow::element::Batch;
use dataflow::ids::OperatorId;
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, Operator, OperatorError, OperatorFactory};
use dataflow::time::timer::{TimeDomain, TimerBatch};

/// Makes the operators of another factory, which share a fuse.
pub(crate) struct PanicOnce<F> {
    pub(crate) factory: F,
    /// Records until the panic; negative once it is over.
    pub(crate) left: Arc<AtomicI64>,
}

impl<F: OperatorFactory> OperatorFactory for PanicOnce<F> {
    fn open(&self, spec: &FragmentSpec, call: Call) -> Result<Box<dyn Operator>, OperatorError> {
        Ok(Box::new(Fused {
            operator: self.factory.open(spec, call)?,
            left: Arc::clone(&self.left),
        }))
    }
}

struct Fused {
    operator: Box<dyn Operator>,
    left: Arc<AtomicI64>,
}

impl Operator for Fused {
    fn call(&mut self) -> &mut Call {
        self.operator.call()
    }

    fn process(&mut self, input: u32, records: &Batch) -> Result<u32, OperatorError> {
        if !records.keys.data.is_empty() {
            let count = i64::from(records.count);
            let left = self.left.fetch_sub(count, Ordering::Relaxed);
            assert!(!(0..count).contains(&left), "the fuse has blown");
        }
        self.operator.process(input, records)
    }

    fn on_timers(&mut self, domain: TimeDomain, timers: &TimerBatch) -> Result<u32, OperatorError> {
        self.operator.on_timers(domain, timers)
    }

    fn on_watermark(&mut self, operator: OperatorId, ms: i64) -> Result<(), OperatorError> {
        self.operator.on_watermark(operator, ms)
    }

    fn finish(&mut self) -> Result<(), OperatorError> {
        self.operator.finish()
    }
}
