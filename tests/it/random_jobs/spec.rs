//! What a job is: its description for the component, and how it is run.

use serde_json::{Value, json};

/// A record: key, timestamp, value, and the watermark that it carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) key: i64,
    pub(super) ts: i64,
    pub(super) value: i64,
    pub(super) mark: Option<i64>,
}

/// A source.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) strategy: &'static str,
    pub(super) bound: i64,
    pub(super) drift: Option<i64>,
    pub(super) events: Vec<Event>,
}

/// Which windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Of time: size, slide, offset.
    Time(i64, i64, i64),
    /// Of records that follow each other within a gap.
    Session(i64),
    /// Of so many records, every so many.
    Count(i64, i64),
}

/// When windows give results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// When they are over.
    Default,
    /// At every n-th record.
    Count(i64),
    /// At every n-th record, and the window is empty then.
    PurgingCount(i64),
    /// At every so many milliseconds of event time, and when they are over.
    Continuous(i64),
}

/// How a job is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) parallelism: u32,
    pub(super) backend: &'static str,
    pub(super) checkpoints: bool,
    pub(super) buffer_timeout: &'static str,
    pub(super) network_memory: &'static str,
}

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) sources: Vec<Source>,
    pub(super) window: Window,
    pub(super) trigger: Trigger,
    pub(super) function: &'static str,
    pub(super) lateness: i64,
    /// Late records go to a side output.
    pub(super) late_output: bool,
    /// Size of the windows of results.
    pub(super) second: Option<i64>,
    /// Keys that an instance keeps.
    pub(super) cached: i64,
    /// Whether records may be late.
    pub(super) has_late: bool,
    pub(super) how: How,
}

impl Spec {
    /// All records.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.sources.iter().flat_map(|source| &source.events)
    }

    /// The description for the component.
    pub(super) fn to_json(&self) -> Value {
        let sources = self.sources.iter().map(|source| {
            let events = source.events.iter();
            let events = events.map(|event| json!([event.key, event.ts, event.value, event.mark]));
            json!({
                "strategy": source.strategy,
                "bound": source.bound,
                "drift": source.drift,
                "events": events.collect::<Vec<_>>(),
            })
        });
        let window = match self.window {
            Window::Time(size, slide, offset) if size == slide => {
                json!({ "kind": "tumbling", "size": size, "offset": offset })
            }
            Window::Time(size, slide, offset) => {
                json!({ "kind": "sliding", "size": size, "slide": slide, "offset": offset })
            }
            Window::Session(gap) => json!({ "kind": "session", "size": gap }),
            Window::Count(size, slide) if size == slide => json!({ "kind": "count", "size": size }),
            Window::Count(size, slide) => {
                json!({ "kind": "count-sliding", "size": size, "slide": slide })
            }
        };
        let (trigger, every) = match self.trigger {
            Trigger::Default => ("default", 1),
            Trigger::Count(every) => ("count", every),
            Trigger::PurgingCount(every) => ("purging-count", every),
            Trigger::Continuous(every) => ("continuous", every),
        };
        json!({
            "sources": sources.collect::<Vec<_>>(),
            "window": window,
            "trigger": trigger,
            "every": every,
            "function": self.function,
            "lateness": self.lateness,
            "late": self.late_output,
            "second": self.second,
            "cached": self.cached,
        })
    }
}
