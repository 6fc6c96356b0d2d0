//! Process monitoring: orders that miss a deadline, and how long each step takes.
//!
//! An order is placed, paid, shipped and delivered. A timer watches each step: what does not come in time is a
//! violation, and so is a step out of order. The durations of the steps are summed up per hour.

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// The steps of an order, and within how many minutes each must follow the one before.
const STEPS: [(&str, i64); 4] = [
    ("placed", 0),
    ("paid", 30),
    ("shipped", 24 * 60),
    ("delivered", 72 * 60),
];

/// A step of an order, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Event {
    order: i64,
    step: String,
    at_ms: i64,
}

/// A step that was reached, and how long it took.
#[derive(Record, Clone, Debug, PartialEq)]
struct Done {
    step: String,
    duration_ms: i64,
}

/// What an order did wrong: `what` is `missed` or `out of order`.
#[derive(Record, Clone, Debug, PartialEq)]
struct Violation {
    order: i64,
    what: String,
    step: String,
    /// The deadline, or when the step came.
    at_ms: i64,
}

/// The durations of a step in an hour.
#[derive(Record, Clone, Debug, PartialEq)]
struct Durations {
    step: String,
    hour_ms: i64,
    orders: i64,
    mean_ms: i64,
    longest_ms: i64,
}

#[wasmill_sdk::job]
fn process_monitoring(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files of order events, one JSON object a line")
        .default("plugins/process-monitoring/data/orders.jsonl")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("events to read a second, 0 for as many as possible")
        .default(0)?;
    let done = env
        .source::<Event>(TextFiles::json_lines::<Event>(path).rate(rate))
        .uid("events")
        .assign_timestamps(|event| event.at_ms, Watermarks::bounded_ms(60_000))
        .key_by(|event| event.order)
        .process(|ctx| Watch {
            progress: ctx.value_state("progress"),
            violations: ctx.side_output(&violations()),
        })
        .uid("watch")
        .name("watch");
    done.side_output(&violations())
        .sink(sink(&out, "violations"))
        .uid("violations");
    done.key_by(|done| done.step.clone())
        .window(Tumbling::of_secs(3600))
        .aggregate_with(
            Summary,
            |step: &String, window, (orders, sum, longest_ms), out| {
                out.emit(Durations {
                    step: step.clone(),
                    hour_ms: window.start,
                    orders,
                    mean_ms: sum / orders.max(1),
                    longest_ms,
                });
            },
        )
        .uid("summary")
        .sink(sink(&out, "durations"))
        .uid("durations");
    Ok(())
}

/// The side output of violations.
fn violations() -> OutputTag<Violation> {
    OutputTag::new("violations")
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// How far an order has come.
#[derive(Record, Clone, Debug, PartialEq)]
struct Progress {
    /// Index of the step that is awaited.
    next: i64,
    /// When the step before was reached.
    since_ms: i64,
    /// Whether the deadline was missed and that was told.
    told: bool,
}

impl Progress {
    /// The step awaited and its deadline; none if the order is complete.
    fn awaited(&self) -> Option<(&'static str, i64)> {
        let (step, minutes) = STEPS.get(usize::try_from(self.next).ok()?)?;
        Some((step, self.since_ms + minutes * 60_000))
    }
}

/// Watches one order.
struct Watch {
    progress: ValueState<Progress>,
    violations: SideOutput<Violation>,
}

impl Watch {
    fn violation(&self, order: i64, what: &str, step: &str, at_ms: i64) {
        self.violations.emit(Violation {
            order,
            what: what.to_owned(),
            step: step.to_owned(),
            at_ms,
        });
    }

    /// Tells once that the step awaited is late.
    fn check_deadline(&self, order: i64, now_ms: i64) {
        if let Some(progress) = self.progress.get()
            && let Some((step, deadline_ms)) = progress.awaited()
            && !progress.told
            && now_ms > deadline_ms
        {
            self.violation(order, "missed", step, deadline_ms);
            let told = true;
            self.progress.set(Progress { told, ..progress });
        }
    }
}

impl KeyedProcess for Watch {
    type Key = i64;
    type In = Event;
    type Out = Done;

    fn process(
        &mut self,
        event: Event,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Done>,
    ) -> Outcome {
        // The step itself may come before the timer, which waits for late events.
        self.check_deadline(event.order, event.at_ms);
        let progress = self.progress.get().unwrap_or(Progress {
            next: 0,
            since_ms: event.at_ms,
            told: false,
        });
        if progress
            .awaited()
            .is_none_or(|(step, _)| step != event.step)
        {
            self.violation(event.order, "out of order", &event.step, event.at_ms);
            return Ok(());
        }
        if progress.next > 0 {
            let duration_ms = event.at_ms - progress.since_ms;
            let step = event.step;
            out.emit(Done { step, duration_ms });
        }
        let reached = Progress {
            next: progress.next + 1,
            since_ms: event.at_ms,
            told: false,
        };
        if let Some((_, deadline_ms)) = reached.awaited() {
            ctx.register_event_timer(deadline_ms + 1);
        }
        self.progress.set(reached);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        _: &mut Collector<'_, Done>,
    ) -> Outcome {
        self.check_deadline(*ctx.key(), ctx.timestamp().unwrap_or(i64::MIN));
        Ok(())
    }
}

/// Number, sum and maximum of durations.
struct Summary;

impl Aggregate<Done> for Summary {
    type Acc = (i64, i64, i64);
    type Out = (i64, i64, i64);

    fn create(&self) -> Self::Acc {
        (0, 0, 0)
    }

    fn add(&self, acc: &mut Self::Acc, done: &Done) {
        self.merge(acc, &(1, done.duration_ms, done.duration_ms));
    }

    fn merge(&self, acc: &mut Self::Acc, later: &Self::Acc) {
        *acc = (acc.0 + later.0, acc.1 + later.1, acc.2.max(later.2));
    }

    fn result(&self, acc: &Self::Acc) -> Self::Acc {
        *acc
    }
}

#[cfg(test)]
mod tests;
