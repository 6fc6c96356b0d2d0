//! What a person sees of a running job: one live line on a terminal, and a summary at the end (JSON on request).
//!
//! Everything is read from the tasks' figures; nothing is asked of a task.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::element::{WATERMARK_MAX, WATERMARK_MIN};
use dataflow::ids::OperatorId;
use dataflow::port::sink::{ReportValue, SinkReport};
use indicatif::{ProgressBar, ProgressStyle};
use runtime::task::figures::TaskReading;
use serde_json::{Map, Value, json};

use crate::operator_figures;
use crate::output::{self, figure, size};
use crate::scheduler::checkpoint_history::{CheckpointHistory, CheckpointRecord};
use crate::scheduler::job::Job;
use crate::scheduler::job_master::Outcome;
use crate::scheduler::job_view::{FailureRecord, JobView, TaskView};
use crate::scheduler::publishing::Reports;
use crate::sink_figures::{percentiles, sinks_json, top_level};

/// How often the line is drawn.
const REFRESH: Duration = Duration::from_millis(250);

/// When a run began and from what.
pub(crate) struct Started {
    ns: u64,
}

impl Started {
    /// Begins now.
    pub(crate) fn now(clock: &Arc<dyn Clock>) -> Self {
        Self {
            ns: clock.monotonic_ns(),
        }
    }
}

/// A job whose figures are read.
#[derive(Clone)]
pub(crate) struct Watched(Arc<JobView>);

/// The tasks of a job at one moment, each with its figures.
type Reading = Vec<(TaskView, TaskReading)>;

impl Watched {
    /// Watches a job.
    pub(crate) fn of(view: Arc<JobView>) -> Self {
        Self(view)
    }

    fn read(&self) -> Reading {
        let tasks = self.0.lock().tasks.clone();
        let read = |task: TaskView| {
            let reading = task.figures.read();
            (task, reading)
        };
        tasks.into_iter().map(read).collect()
    }
}

/// Records read by sources and records handed to sinks.
fn totals(readings: &Reading) -> (u64, u64) {
    let sum = |pick: fn(&TaskView) -> bool, value: fn(&TaskReading) -> u64| {
        let picked = readings.iter().filter(|(task, _)| pick(task));
        picked.map(|(_, reading)| value(reading)).sum()
    };
    (
        sum(|task| task.is_source, |r| r.records_in),
        sum(|task| task.has_sink, |r| r.records_out),
    )
}

/// Draws the live line until it is aborted. Silent unless standard error is a terminal.
pub(crate) async fn show(watched: Watched, clock: Arc<dyn Clock>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    let guard = ClearOnDrop(bar);
    let mut before = (watched.read(), clock.monotonic_ns());
    loop {
        tokio::time::sleep(REFRESH).await;
        let now = (watched.read(), clock.monotonic_ns());
        guard
            .0
            .set_message(line(&watched, &before, &now, clock.now_ms()));
        guard.0.tick();
        before = now;
    }
}

struct ClearOnDrop(ProgressBar);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

type Sample = (Reading, u64);

fn line(watched: &Watched, before: &Sample, now: &Sample, now_ms: i64) -> String {
    let elapsed_ns = now.1.saturating_sub(before.1).max(1);
    let (in_before, out_before) = totals(&before.0);
    let (in_now, out_now) = totals(&now.0);
    // After a restart the counters begin anew.
    let rate =
        |from: u64, to: u64| figure(to.saturating_sub(from) as f64 * 1e9 / elapsed_ns as f64);
    let mut parts = Vec::new();
    let done: u64 = now.0.iter().map(|(_, reading)| reading.source_done).sum();
    let total: u64 = now.0.iter().map(|(_, reading)| reading.source_total).sum();
    if total > 0 {
        parts.push(format!("{:.0} %", 100.0 * done as f64 / total as f64));
    }
    parts.push(format!(
        "in {}/s  out {}/s",
        rate(in_before, in_now),
        rate(out_before, out_now)
    ));
    parts.extend(watermark_lag(&now.0, now_ms));
    let last = watched.0.lock().checkpoints.last_completed().cloned();
    if let Some((last, ended_ms)) = last.and_then(|last| Some((last.clone(), last.ended_ms?))) {
        let ago = (now_ms - ended_ms).max(0) as f64 / 1000.0;
        let (id, took_ms) = (last.id.0, last.duration_ms().unwrap_or(0));
        let bytes = size(last.state_bytes());
        parts.push(format!(
            "checkpoint {id} ({ago:.1} s ago, {took_ms} ms, {bytes})"
        ));
    }
    let share = |ns: u64| 100.0 * ns as f64 / elapsed_ns as f64;
    let spent = |value: fn(&TaskReading) -> u64| {
        let pairs = before.0.iter().zip(&now.0);
        pairs
            .map(move |((_, b), (task, n))| (share(value(n).saturating_sub(value(b))), &task.chain))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    };
    if let Some((percent, chain)) = spent(|reading| reading.busy_ns) {
        parts.push(format!("busiest {} {percent:.0} %", last_operator(chain)));
    }
    if let Some((percent, chain)) =
        spent(|reading| reading.back_pressured_ns).filter(|(p, _)| *p >= 5.0)
    {
        parts.push(format!(
            "back-pressure at {} {percent:.0} %",
            last_operator(chain)
        ));
    }
    parts.join("  |  ")
}

/// How far event time is behind the clock, where that means something.
fn watermark_lag(readings: &Reading, now_ms: i64) -> Option<String> {
    let known = |w: &i64| *w != WATERMARK_MIN && *w < WATERMARK_MAX - 1;
    let slowest = readings
        .iter()
        .map(|(_, reading)| reading.watermark)
        .filter(known)
        .min()?;
    let lag = (now_ms - slowest).max(0) as f64 / 1000.0;
    Some(if lag < 86_400.0 {
        format!("watermark lag {lag:.1} s")
    } else {
        format!("watermark {:.0} days ago", lag / 86_400.0)
    })
}

/// A chain's name is long; the end of it tells which one it is.
fn last_operator(chain: &str) -> &str {
    chain.rsplit(" -> ").next().unwrap_or(chain)
}

/// What is left to say when a job has ended.
pub(crate) struct Summary {
    /// How it ended.
    pub(crate) outcome: Outcome,
    readings: Reading,
    restarts: u64,
    failures: Vec<FailureRecord>,
    checkpoints: CheckpointHistory,
    end_ns: u64,
}

impl Summary {
    /// Takes the last figures.
    pub(crate) fn new(outcome: Outcome, watched: &Watched, clock: &Arc<dyn Clock>) -> Self {
        let readings = watched.read();
        let view = watched.0.lock();
        Self {
            outcome,
            readings,
            restarts: view.restarts,
            failures: view.failures.iter().rev().cloned().collect(),
            checkpoints: view.checkpoints.clone(),
            end_ns: clock.monotonic_ns(),
        }
    }

    /// What the sinks have to say, if all output was published.
    fn reports(&self) -> Option<&Reports> {
        match &self.outcome {
            Outcome::Finished(reports) => Some(reports),
            Outcome::Savepoint(_, reports) => (!reports.is_empty()).then_some(reports),
            Outcome::Stopped(_) => None,
        }
    }

    fn operators(&self, job: &Job, seconds: f64) -> Value {
        let tasks = self.readings.iter().map(|(task, reading)| {
            let vertex = &job.execution.vertices[task.id.vertex.0 as usize];
            (vertex, reading, task.figures.metrics())
        });
        operator_figures::json(job, tasks, seconds)
    }
}

/// Prints the summary: one JSON object on standard output, or a few lines on standard error.
pub(crate) fn conclude(started: &Started, summary: &Summary, job: &Job, as_json: bool) {
    let seconds = summary.end_ns.saturating_sub(started.ns) as f64 / 1e9;
    if let Some(reports) = summary.reports() {
        say_collected(reports, job);
    }
    if as_json {
        output::say(&json_summary(summary, job, seconds).to_string());
    } else {
        output::error(&text_summary(summary, job, seconds));
    }
}

fn json_summary(summary: &Summary, job: &Job, seconds: f64) -> Value {
    let (records_in, records_out) = totals(&summary.readings);
    let mut document = Map::new();
    let mut savepoint = None;
    let (status, stopped_at) = match &summary.outcome {
        Outcome::Finished(_) => ("finished", None),
        Outcome::Savepoint(path, _) => {
            savepoint = Some(path.display().to_string());
            ("finished", None)
        }
        Outcome::Stopped(checkpoint) => ("stopped", checkpoint.map(|id| id.0)),
    };
    let usage = process_usage();
    let fields = json!({
        "job": job.graph.name,
        "status": status,
        "seconds": seconds,
        "records_in": records_in,
        "records_out": records_out,
        "restored_from": summary.checkpoints.restored_from.as_ref().map(|from| from.checkpoint),
        "stopped_at": stopped_at,
        "savepoint": savepoint,
        "checkpoints": summary.checkpoints.completed,
        "failed_checkpoints": summary.checkpoints.failed,
        "restarts": summary.restarts,
        "failures": summary.failures.iter().map(failure_json).collect::<Vec<_>>(),
        "last_checkpoint_bytes": summary.checkpoints.last_completed().map(CheckpointRecord::state_bytes),
        "longest_checkpoint_pause_ms": summary.checkpoints.longest_sync_ns as f64 / 1e6,
        "cpu_seconds": usage.cpu_seconds,
        "peak_rss_bytes": usage.peak_rss_bytes,
    });
    if let Value::Object(fields) = fields {
        document.extend(fields);
    }
    document.insert("operators".to_owned(), summary.operators(job, seconds));
    if let Some(reports) = summary.reports() {
        document.insert("sinks".to_owned(), sinks_json(reports, job));
        for report in reports.iter().flat_map(|(_, reports)| reports) {
            if let Some(value) = top_level(&report.value) {
                document.entry(report.name.clone()).or_insert(value);
            }
            if let ReportValue::Histogram(buckets) = &report.value {
                for (name, ns) in percentiles(buckets) {
                    let name = format!("{}_us", name.replace('.', ""));
                    document.entry(name).or_insert(json!(ns as f64 / 1e3));
                }
            }
        }
    }
    Value::Object(document)
}

/// A failure that the job survived.
fn failure_json(failure: &FailureRecord) -> Value {
    json!({
        "at_ms": failure.at_ms,
        "attempt": failure.attempt,
        "task": failure.task.as_ref().map(|(id, chain)| format!("{chain} (subtask {})", id.subtask)),
        "cause": failure.causes.join(": "),
        "restarted_after_ms": failure.answer.as_ref().ok(),
    })
}

/// Prints what was collected for the client: a record a line, with its sink if there are several.
fn say_collected(reports: &[(OperatorId, Vec<SinkReport>)], job: &Job) {
    let lines_of = |reports: &[SinkReport]| {
        let mut lines = reports.iter().filter_map(|report| match &report.value {
            ReportValue::Lines(lines) => Some(lines.clone()),
            _ => None,
        });
        lines.next()
    };
    let collected = reports
        .iter()
        .filter_map(|(id, reports)| Some((*id, lines_of(reports)?)));
    let collected: Vec<(OperatorId, Vec<u8>)> = collected.collect();
    let several = collected.len() > 1;
    for (sink, lines) in collected {
        let mut text = Vec::with_capacity(lines.len());
        let sink = json!(job.uid(sink)).to_string();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if several {
                text.extend_from_slice(format!("{{\"sink\":{sink},\"record\":").as_bytes());
                text.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
                text.extend_from_slice(b"}\n");
            } else {
                text.extend_from_slice(line);
            }
        }
        output::write(&text);
    }
}

fn text_summary(summary: &Summary, job: &Job, seconds: f64) -> String {
    let (records_in, records_out) = totals(&summary.readings);
    let verb = match &summary.outcome {
        Outcome::Finished(_) => "finished".to_owned(),
        Outcome::Savepoint(path, _) => {
            format!(
                "stopped with savepoint {}; go on with --from",
                path.display()
            )
        }
        Outcome::Stopped(Some(id)) => format!("stopped after {id}; go on with --restore latest"),
        Outcome::Stopped(None) => "stopped".to_owned(),
    };
    let rate = figure(records_in as f64 / seconds.max(1e-9));
    let mut text = format!("job {} {verb} in {seconds:.2} s", job.graph.name);
    if let Some(from) = &summary.checkpoints.restored_from {
        let id = from.checkpoint;
        text.push_str(&format!(" (restored from checkpoint {id})"));
    }
    text.push_str(&format!(
        "\n  {records_in} records in ({rate}/s), {records_out} out"
    ));
    if summary.restarts > 0 {
        text.push_str(&format!("\n  {} restarts", summary.restarts));
    }
    let checkpoints = &summary.checkpoints;
    if checkpoints.completed > 1 || checkpoints.failed > 0 {
        text.push_str(&format!(
            "\n  {} checkpoints, {} failed, longest pause {:.2} ms",
            checkpoints.completed,
            checkpoints.failed,
            checkpoints.longest_sync_ns as f64 / 1e6
        ));
    }
    let busy = |chain: &String| {
        let of_chain = summary
            .readings
            .iter()
            .filter(|(task, _)| task.chain == *chain);
        of_chain.map(|(_, reading)| reading.busy_ns).sum::<u64>() as f64 / 1e9
    };
    let mut chains: Vec<&String> = summary
        .readings
        .iter()
        .map(|(task, _)| &task.chain)
        .collect();
    chains.dedup();
    for chain in chains {
        text.push_str(&format!("\n  {:>7.2} s busy  {chain}", busy(chain)));
    }
    if let Some(reports) = summary.reports()
        && let Value::Object(sinks) = sinks_json(reports, job)
    {
        {
            for (sink, figures) in sinks
                .iter()
                .filter(|(_, f)| f.as_object().is_some_and(|f| !f.is_empty()))
            {
                text.push_str(&format!("\n  {sink}: {figures}"));
            }
        }
    }
    text
}

struct ProcessUsage {
    cpu_seconds: f64,
    peak_rss_bytes: u64,
}

/// What this process has used, from the system's own accounting; zeros where there is none.
fn process_usage() -> ProcessUsage {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let field = |at: usize| {
        after_name
            .split(' ')
            .nth(at)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    // Fields 14 and 15 of proc_pid_stat(5), counted after the name, in clock ticks of 1/100 s.
    let cpu_seconds = (field(11) + field(12)) / 100.0;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak
        .and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok())
        .unwrap_or(0);
    ProcessUsage {
        cpu_seconds,
        peak_rss_bytes: kilobytes * 1024,
    }
}
