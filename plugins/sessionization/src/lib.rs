//! Sessionization: the clicks of a user become sessions, which end when the user has been away for half an hour.
//!
//! A session has no length that is known in advance: its window grows with every click, and two windows become one when
//! a click comes between them. Clicks that come after their session was closed go to an output of their own.

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// Minutes without a click that end a session.
const GAP_SECS: i64 = 30 * 60;
/// How late clicks usually are, at most.
const OUT_OF_ORDER_MS: i64 = 120_000;

/// A page that was visited, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Click {
    user: String,
    at_ms: i64,
    page: String,
}

/// A visit: from the first click to the last.
#[derive(Record, Clone, Debug, PartialEq)]
struct Visit {
    user: String,
    start_ms: i64,
    end_ms: i64,
    clicks: i64,
    /// The pages in the order of the clicks.
    pages: Vec<String>,
}

#[wasmill_sdk::job]
fn sessionization(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files of clicks, one JSON object a line")
        .default("plugins/sessionization/data/clicks.jsonl")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("clicks to read a second, 0 for as many as possible")
        .default(0)?;
    let late = OutputTag::new("late");
    let sessions = env
        .source::<Click>(TextFiles::json_lines::<Click>(path).rate(rate))
        .uid("clicks")
        .assign_timestamps(|click| click.at_ms, Watermarks::bounded_ms(OUT_OF_ORDER_MS))
        .key_by(|click| click.user.clone())
        .window(Session::with_gap_secs(GAP_SECS))
        .late_output(&late)
        .process(|user: &String, _window, clicks, out| out.emit(visit(user, clicks)))
        .uid("sessions")
        .name("sessions");
    sessions
        .side_output(&late)
        .sink(sink(&out, "late"))
        .uid("late");
    sessions.sink(sink(&out, "sessions")).uid("out");
    Ok(())
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// What the clicks of a session come to. They are in the order of their arrival; a window is never empty.
fn visit(user: &str, clicks: &[Timestamped<Click>]) -> Visit {
    let mut clicks: Vec<&Click> = clicks.iter().map(|click| &click.record).collect();
    clicks.sort_by_key(|click| click.at_ms);
    let at_ms = |click: Option<&&Click>| click.map_or(0, |click| click.at_ms);
    Visit {
        user: user.to_owned(),
        start_ms: at_ms(clicks.first()),
        end_ms: at_ms(clicks.last()),
        clicks: clicks.len() as i64,
        pages: clicks.iter().map(|click| click.page.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
