//! The figures of a process at a moment, named as Flink names them: what is scraped and what is sent.

use std::collections::BTreeMap;

use dataflow::metric::MetricValue;

use crate::dispatcher::Dispatcher;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::rates::Rates;
use crate::scheduler::job_view::{TaskView, ViewState};
use dataflow::job::status::JobStatus;

/// Names and values that tell samples of one metric apart.
pub(crate) type Labels = Vec<(String, String)>;

/// Samples by the name of their metric, without a prefix: `jobmanager_numRunningJobs`.
#[derive(Debug, Default)]
pub(crate) struct Samples(pub(crate) BTreeMap<String, Vec<(Labels, f64)>>);

impl Samples {
    /// Everything that is known now.
    pub(crate) fn of(dispatcher: &Dispatcher) -> Self {
        let mut samples = Self::default();
        let jobs = dispatcher.active_jobs();
        let (total, free) = dispatcher.slots();
        let running = jobs
            .iter()
            .filter(|job| job.handle.view.status() == JobStatus::Running)
            .count();
        samples.add("jobmanager_taskSlotsTotal", &[], f64::from(total));
        samples.add("jobmanager_taskSlotsAvailable", &[], f64::from(free));
        samples.add("jobmanager_numRunningJobs", &[], running as f64);
        samples.add("jobmanager_numRegisteredTaskManagers", &[], 1.0);
        for job in jobs {
            samples.add_job(&job, dispatcher.clock.now_ms());
        }
        samples
    }

    fn add(&mut self, name: impl Into<String>, labels: &[(&str, String)], value: f64) {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let samples = self.0.entry(name.into()).or_default();
        samples.push((labels.collect(), value));
    }

    fn add_job(&mut self, active: &ActiveJob, now_ms: i64) {
        let record = &active.record;
        let view = active.handle.view.lock().clone();
        let job = [
            ("job_id", record.id.to_string()),
            ("job_name", record.name.clone()),
        ];
        let mut of_job = |name: &str, value: f64| {
            self.add(format!("jobmanager_job_{name}"), &job, value);
        };
        let checkpoints = &view.checkpoints;
        of_job("uptime", (now_ms - record.submitted_ms) as f64);
        of_job("numRestarts", view.restarts as f64);
        of_job("numberOfCompletedCheckpoints", checkpoints.completed as f64);
        of_job("numberOfFailedCheckpoints", checkpoints.failed as f64);
        if let Some(last) = checkpoints.last_completed() {
            of_job(
                "lastCheckpointDuration",
                last.duration_ms().unwrap_or(0) as f64,
            );
            of_job("lastCheckpointSize", last.state_bytes() as f64);
        }
        self.add_tasks(active, &view, &job);
    }

    fn add_tasks(&mut self, active: &ActiveJob, view: &ViewState, job: &[(&str, String); 2]) {
        let rates = active.rates();
        for task in &view.tasks {
            let of_task = [
                job[0].clone(),
                job[1].clone(),
                ("task_id", task.id.vertex.0.to_string()),
                ("task_name", task.chain.clone()),
                ("subtask_index", task.id.subtask.to_string()),
            ];
            for (name, value) in metrics_of(task, &rates) {
                let name = plain(name);
                self.add(format!("taskmanager_job_task_{name}"), &of_task, value);
            }
            for (operator, name, value) in task.figures.metrics() {
                let value = match value {
                    MetricValue::Counter(count) | MetricValue::Meter(count) => count as f64,
                    MetricValue::Gauge(value) => value,
                    MetricValue::Histogram(values) => values.mean(),
                };
                let mut labels = of_task.to_vec();
                labels.push(("operator_name", view.job.uid(operator)));
                let name = format!("taskmanager_job_task_operator_{}", plain(&name));
                self.add(name, &labels, value);
            }
        }
    }
}

/// A name as Prometheus allows it.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}

/// The metrics of a task, in Flink's names.
pub(crate) fn metrics_of(task: &TaskView, rates: &Rates) -> Vec<(&'static str, f64)> {
    let (reading, of) = (task.figures.read(), rates.of(task.id));
    let watermark = reading
        .known_watermark()
        .map_or(i64::MIN as f64, |known| known as f64);
    vec![
        ("numRecordsIn", reading.records_in as f64),
        ("numRecordsOut", reading.records_out as f64),
        ("numBytesOut", reading.bytes_out as f64),
        ("numRecordsInPerSecond", of.records_in),
        ("numRecordsOutPerSecond", of.records_out),
        ("numBytesOutPerSecond", of.bytes_out),
        ("busyTimeMsPerSecond", of.busy * 1000.0),
        ("idleTimeMsPerSecond", of.idle * 1000.0),
        ("backPressuredTimeMsPerSecond", of.back_pressured * 1000.0),
        ("currentInputWatermark", watermark),
        ("buffers.outputQueueLength", reading.buffers_queued as f64),
        ("stateEntries", reading.state_entries as f64),
        ("stateBytes", reading.state_bytes as f64),
        ("guestMemoryBytes", reading.guest_memory_bytes as f64),
        ("numTimers", reading.timers as f64),
    ]
}
