//! Metrics of an operator: kept in cells while a call runs, told to the host once at its end. They are Flink's four
//! kinds, shown in the summary, in the console and at `/metrics`.
//!
//! What a call that fails has measured is forgotten with the rest of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::task::Shared;

/// A number that only grows. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Counter(Rc<Cell<u64>>);

impl Counter {
    /// Adds to the counter.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.0.set(self.0.get() + amount);
    }
}

/// Events, of which the host makes a rate per second. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// Tells that so many events happened.
    #[inline]
    pub fn mark(&self, events: u64) {
        self.0.set(self.0.get() + events);
    }
}

/// A value as it is now; each subtask has its own. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Rc<Cell<Option<f64>>>);

impl Gauge {
    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.set(Some(value));
    }
}

/// How values are distributed: sizes, or times in a unit of your own. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Histogram(Rc<RefCell<Vec<u64>>>);

impl Histogram {
    /// Adds a value (below 2^53).
    #[inline]
    pub fn update(&self, value: u64) {
        self.0.borrow_mut().push(value);
    }
}

/// The metrics of one operator.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    operator: u32,
    counters: RefCell<Vec<(String, Counter)>>,
    meters: RefCell<Vec<(String, Meter)>>,
    gauges: RefCell<Vec<(String, Gauge)>>,
    histograms: RefCell<Vec<(String, Histogram)>>,
}

impl Metrics {
    pub(crate) fn new(operator: u32) -> Self {
        Self {
            operator,
            ..Self::default()
        }
    }

    /// The counter of this name.
    pub(crate) fn counter(&self, name: &str) -> Counter {
        named(&self.counters, name)
    }

    /// The meter of this name.
    pub(crate) fn meter(&self, name: &str) -> Meter {
        named(&self.meters, name)
    }

    /// The gauge of this name.
    pub(crate) fn gauge(&self, name: &str) -> Gauge {
        named(&self.gauges, name)
    }

    /// The histogram of this name.
    pub(crate) fn histogram(&self, name: &str) -> Histogram {
        named(&self.histograms, name)
    }

    /// Tells what was measured in this call.
    pub(crate) fn flush(&self, shared: &Shared) {
        for (name, counter) in self.counters.borrow().iter() {
            shared.count(self.operator, name, counter.0.take());
        }
        let marks = gathered(&self.meters, self.operator, |meter| {
            Some(meter.0.take()).filter(|events| *events > 0)
        });
        if !marks.is_empty() {
            shared.host.mark(marks);
        }
        let readings = gathered(&self.gauges, self.operator, |gauge| gauge.0.take());
        if !readings.is_empty() {
            shared.host.set_gauges(readings);
        }
        let samples = gathered(&self.histograms, self.operator, |histogram| {
            Some(histogram.0.take()).filter(|values| !values.is_empty())
        });
        if !samples.is_empty() {
            shared.host.sample(samples);
        }
    }
}

/// The handle of this name, made if there is none.
fn named<M: Clone + Default>(known: &RefCell<Vec<(String, M)>>, name: &str) -> M {
    let mut known = known.borrow_mut();
    if let Some((_, metric)) = known.iter().find(|(n, _)| n == name) {
        return metric.clone();
    }
    let metric = M::default();
    known.push((name.to_owned(), metric.clone()));
    metric
}

/// What there is to tell of the metrics of one kind.
fn gathered<M, V>(
    metrics: &RefCell<Vec<(String, M)>>,
    operator: u32,
    take: impl Fn(&M) -> Option<V>,
) -> Vec<(u32, String, V)> {
    let metrics = metrics.borrow();
    let told = metrics
        .iter()
        .filter_map(|(name, metric)| Some((operator, name.clone(), take(metric)?)));
    told.collect()
}
