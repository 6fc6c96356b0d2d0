//! The checks: what is rehearsed, what must be equal, and what is said about it.
//!
//! A check that fails says what differed; one that cannot be made says why. Records that were made up may be refused: a
//! component owes nothing to nonsense, so then the rest is skipped and real ones are asked for.

use std::path::PathBuf;
use std::sync::Arc;

use dataflow::clock::Clock;
use dataflow::port::blob::BlobStore;
use dataflow::port::operator::OperatorError;
use wasm::{GuestLimits, World};

use super::DoctorError;
use super::outcome::Outcome;
use super::rehearsal::{Schedule, rehearse};
use super::report::{Report, Verdict};
use super::subject::{SampleFiles, Subject};
use crate::output::size;
use crate::scheduler::job::Job;

/// Subtasks of the rehearsal that looks at the owners of keys.
const SUBTASKS: u32 = 4;

/// Records for the measurement, and how many come at once.
const MEASURED_RECORDS: usize = 20_000;
const MEASURED_BATCH: usize = 1_024;

/// Records that are made up for each source without a file.
const MADE_UP: u64 = 1_000;

/// What is examined, and with what.
pub(crate) struct Wishes<'a> {
    /// Parameters of the job.
    pub(crate) parameters: &'a [(String, String)],
    /// Files that operators read by a name.
    pub(crate) cached_files: &'a [(String, String)],
    /// Records: a file for the only source, or one for each by uid.
    pub(crate) samples: &'a [(Option<String>, PathBuf)],
    /// What guests may use.
    pub(crate) limits: GuestLimits,
}

/// Examines a component. Blocks until everything was rehearsed.
pub(crate) fn examine(
    component: wasm::Component,
    wishes: &Wishes<'_>,
    store: &Arc<dyn BlobStore>,
    clock: &Arc<dyn Clock>,
) -> Report {
    let mut report = Report::of(component.name().to_owned());
    contract(&component, &mut report);
    let (arguments, cached) = (wishes.parameters, wishes.cached_files);
    let subject = Subject::of(component, arguments, cached, wishes.limits, clock);
    let mut examination = match subject.and_then(|subject| with_samples(subject, wishes)) {
        Ok((subject, is_real, job)) => Examination {
            subject,
            job,
            store,
            is_real,
            report,
        },
        Err(error) => {
            report.add("types", Verdict::Failed, error.to_string());
            return report;
        }
    };
    let shape = examination.subject.shape();
    examination.report.add("types", Verdict::Ok, shape);
    examination.rehearsals();
    examination.report
}

/// The component with its samples, whether they are the user's, and its job.
fn with_samples(
    mut subject: Subject,
    wishes: &Wishes<'_>,
) -> Result<(Subject, bool, Job), DoctorError> {
    let from = SampleFiles {
        files: wishes.samples,
        made_up: MADE_UP,
    };
    let is_real = subject.take_samples(&from)?;
    let job = subject.job(1, 1)?;
    Ok((subject, is_real, job))
}

/// What the component asks the host for. That it was loaded says that all of it is there.
fn contract(component: &wasm::Component, report: &mut Report) {
    let inspection = component.inspect();
    let short = |name: &String| {
        let name = name.split('/').next_back().unwrap_or(name);
        name.split('@').next().unwrap_or(name).to_owned()
    };
    let of_wasi: Vec<&str> = inspection.wasi_imports().collect();
    let own = inspection.imports.iter();
    let own = own.filter(|name| !of_wasi.contains(&name.as_str()) && !name.ends_with("types"));
    let asked: Vec<String> = own.map(short).filter(|name| name != "types").collect();
    let mut why = match inspection.world {
        World::Job => "builds a job".to_owned(),
        World::Operators | World::Unknown => "has operators, but no job".to_owned(),
    };
    why.push_str(&format!("; asks for {}", asked.join(", ")));
    if !of_wasi.is_empty() {
        let count = of_wasi.len();
        why.push_str(&format!(
            "; and for {count} interfaces of WASI, which lead nowhere"
        ));
    }
    report.add("contract", Verdict::Ok, why);
}

/// A component under examination.
struct Examination<'a> {
    subject: Subject,
    job: Job,
    store: &'a Arc<dyn BlobStore>,
    /// Whether all samples are the user's.
    is_real: bool,
    report: Report,
}

impl Examination<'_> {
    fn rehearsals(&mut self) {
        let plain = match self.rehearse(Schedule::PLAIN) {
            Ok(plain) => plain,
            Err(error) => return self.did_not_run(&error),
        };
        let (taken, given) = (plain.records_in, plain.records_out());
        let mut why = format!("{taken} records in, {given} out");
        if given == 0 {
            why += ": only state is compared, so give records with --sample for which something comes out";
        }
        self.report.add("run", Verdict::Ok, why);
        let batches = self.subject.sample_count().div_ceil(Schedule::PLAIN.batch);
        let middle = batches / 2;
        let again = Schedule {
            attempt: 1,
            ..Schedule::PLAIN
        };
        self.compare("determinism", &plain, again, "run again as another attempt");
        let some = Schedule {
            recycle_every: 3,
            ..Schedule::PLAIN
        };
        self.compare(
            "recycling",
            &plain,
            some,
            "with a fresh instance before every third call",
        );
        let every = Schedule {
            recycle_every: 1,
            ..Schedule::PLAIN
        };
        self.compare(
            "fresh",
            &plain,
            every,
            "with a fresh instance before every call",
        );
        let restored = Schedule {
            restore_after: Some(middle),
            ..Schedule::PLAIN
        };
        self.compare(
            "restore",
            &plain,
            restored,
            "saved and restored in the middle",
        );
        self.keys();
        self.failure(&plain, middle);
        self.cost();
    }

    fn rehearse(&self, schedule: Schedule) -> Result<Outcome, DoctorError> {
        rehearse(&self.subject, &self.job, self.store, schedule)
    }

    /// The first rehearsal failed, so there is nothing to compare others with.
    fn did_not_run(&mut self, error: &DoctorError) {
        let refused = matches!(
            error,
            DoctorError::Guest {
                source: OperatorError::Failed { .. } | OperatorError::Trapped { .. },
                ..
            }
        );
        if self.is_real || !refused {
            self.report.add("run", Verdict::Failed, error.to_string());
        } else {
            let why = format!(
                "it refuses records that were made up, so give some with --sample: {error}"
            );
            self.report.add("run", Verdict::Skipped, why);
        }
        for name in [
            "determinism",
            "recycling",
            "fresh",
            "restore",
            "keys",
            "failure",
            "cost",
        ] {
            self.report.add(name, Verdict::Skipped, "it did not run");
        }
    }

    /// A rehearsal that must come to the same.
    fn compare(&mut self, name: &'static str, plain: &Outcome, schedule: Schedule, how: &str) {
        let (verdict, why) = match self.rehearse(schedule) {
            Ok(outcome) => match difference(plain, &outcome, schedule) {
                None => (Verdict::Ok, format!("same output and state, {how}")),
                Some(difference) => (Verdict::Failed, format!("{difference}, {how}")),
            },
            Err(error) => (Verdict::Failed, format!("{error}, {how}")),
        };
        self.report.add(name, verdict, why);
    }

    /// No subtask touches the keys of another.
    fn keys(&mut self) {
        let keyed = self
            .job
            .execution
            .vertices
            .iter()
            .any(|vertex| vertex.keyed);
        let subtasks = SUBTASKS.min(self.job.graph.max_parallelism);
        if !keyed || subtasks < 2 {
            self.report
                .add("keys", Verdict::Skipped, "no operator has keyed state");
            return;
        }
        let job = self.subject.job(subtasks, 1);
        let outcome =
            job.and_then(|job| rehearse(&self.subject, &job, self.store, Schedule::PLAIN));
        let (verdict, why) = match outcome {
            Ok(_) => (
                Verdict::Ok,
                format!("{subtasks} subtasks touched their own keys only"),
            ),
            Err(error) => (
                Verdict::Failed,
                format!("with {subtasks} subtasks: {error}"),
            ),
        };
        self.report.add("keys", verdict, why);
    }

    /// A record that is none of its schema undoes its call, and nothing else.
    fn failure(&mut self, plain: &Outcome, middle: usize) {
        let sources = self.job.sources.values();
        let texts = ["\"string\"", "\"bytes\"", "\"null\""];
        if sources
            .into_iter()
            .any(|source| texts.contains(&source.schema().as_str()))
        {
            let why = "every record of a source is one of its schema, so none can be damaged";
            self.report.add("failure", Verdict::Skipped, why);
            return;
        }
        let damaged = Schedule {
            damage_after: Some(middle),
            ..Schedule::PLAIN
        };
        let (verdict, why) = match self.rehearse(damaged) {
            Ok(outcome) if outcome.took_damage => {
                let why = "a record whose last byte was missing was processed as if it were whole";
                (Verdict::Failed, why.to_owned())
            }
            Ok(outcome) => {
                let refusal = outcome.refusal.clone().unwrap_or_default();
                match plain.difference(&outcome) {
                    None => {
                        let why =
                            format!("a damaged record undid its call and nothing else: {refusal}");
                        (Verdict::Ok, why)
                    }
                    Some(difference) => {
                        let why = format!("{difference}, behind a damaged record: {refusal}");
                        (Verdict::Failed, why)
                    }
                }
            }
            Err(error) => (Verdict::Failed, format!("behind a damaged record: {error}")),
        };
        self.report.add("failure", verdict, why);
    }

    /// What it uses; no promise, so it cannot fail but by not running.
    fn cost(&mut self) {
        let rounds = MEASURED_RECORDS.div_ceil(self.subject.sample_count().max(1));
        let large = Schedule {
            batch: MEASURED_BATCH,
            ..Schedule::PLAIN
        };
        let outcome = self.subject.job(1, rounds);
        let outcome = outcome.and_then(|job| rehearse(&self.subject, &job, self.store, large));
        let (verdict, why) = match outcome {
            Ok(outcome) => {
                let records = outcome.records_in.max(1) as f64;
                let per_record = match outcome.cpu_ns {
                    Some(ns) => format!("{:.2} us CPU a record", ns as f64 / 1e3 / records),
                    None => "CPU unknown on this system".to_owned(),
                };
                let (memory, calls) = (size(outcome.memory_bytes), outcome.calls);
                let why = format!("{per_record}, {memory} an instance, {calls} calls");
                (Verdict::Ok, why)
            }
            Err(error) => (Verdict::Failed, error.to_string()),
        };
        self.report.add("cost", verdict, why);
    }
}

/// In what a rehearsal differs from the plain one.
fn difference(plain: &Outcome, outcome: &Outcome, schedule: Schedule) -> Option<String> {
    match schedule.restore_after {
        None => plain.difference(outcome),
        Some(_) => plain.sorted().difference(&outcome.sorted()),
    }
}
