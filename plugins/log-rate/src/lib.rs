//! Log rate: how many package actions of each kind there were in each minute, from dpkg's log.
//!
//! A line is `2026-11-21 02:07:12 status installed libfoo:amd64 1.2`; its first words are its event time. Lines of any
//! other form are counted and skipped, never a reason to fail.

mod timestamp;

use wasmill_sdk::prelude::*;

/// One line of the log.
#[derive(Record, Clone, Debug, PartialEq)]
struct Action {
    at_ms: i64,
    action: Text,
}

/// Actions of one kind in one window.
#[derive(Record, Clone, Debug, PartialEq)]
struct ActionRate {
    window_start: Text,
    action: Text,
    count: i64,
}

#[wasmill_sdk::job]
fn log_rate(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("log files to read")
        .default("/var/log/dpkg.log")?;
    let window: i64 = env
        .param("window")
        .describe("length of a window in seconds")
        .default(60)?;
    let out: String = env
        .param("out")
        .describe("directory to write rates to, else print")
        .default("")?;
    let rates = env
        .source::<String>(TextFiles::new(path))
        .process(|ctx| Parse {
            skipped: ctx.counter("lines_skipped"),
        })
        .assign_timestamps(|action| action.at_ms, Watermarks::bounded_ms(1000))
        .key_by(|action| action.action.clone())
        .window(Tumbling::of_secs(window))
        .aggregate_with(Count, |action: &Text, window, count, out| {
            let window_start = timestamp::format(window.start).into();
            out.emit(ActionRate {
                window_start,
                action: action.clone(),
                count,
            });
        })
        .map(|rate| format!("{} {} {}", rate.window_start, rate.action, rate.count));
    match out.as_str() {
        "" => rates.sink(Print::new()),
        out => rates.sink(TextFiles::new(out)),
    };
    Ok(())
}

/// Turns lines into actions.
struct Parse {
    skipped: Counter,
}

impl Process for Parse {
    type In = String;
    type Out = Action;

    fn process(
        &mut self,
        line: String,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Action>,
    ) -> Outcome {
        match parse(&line) {
            Some(action) => out.emit(action),
            None => self.skipped.add(1),
        }
        Ok(())
    }
}

/// Reads date, time and action of a line.
fn parse(line: &str) -> Option<Action> {
    let mut words = line.split_ascii_whitespace();
    let at_ms = timestamp::parse(words.next()?, words.next()?)?;
    let action = match words.next()? {
        // The word after `status` says which.
        "status" => words.next()?,
        action => action,
    };
    Some(Action {
        at_ms,
        action: action.into(),
    })
}

#[cfg(test)]
mod tests;
