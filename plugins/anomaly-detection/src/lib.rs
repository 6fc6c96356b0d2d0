//! Anomaly detection: sensors that read something unusual for them, and sensors that fall silent.
//!
//! Each reading is scored against the mean and the variance of its own sensor so far, kept in state by Welford's
//! method. Several outliers within a sliding window are an anomaly. A timer notices what does not come.

mod statistics;

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

use crate::statistics::Statistics;

/// Readings a sensor must have given before it is judged.
const READINGS_MIN: i64 = 20;
/// Standard deviations from the mean at which a reading is an outlier.
const OUTLIER_SCORE: f64 = 3.5;
/// Outliers in a window that are an anomaly.
const OUTLIERS_MIN: i64 = 3;
/// A sensor without a reading for this long is silent.
const SILENCE_MS: i64 = 60_000;

/// What a sensor read, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Reading {
    sensor: String,
    at_ms: i64,
    value: f64,
}

/// A reading and how many standard deviations it is away from the mean.
#[derive(Record, Clone, Debug, PartialEq)]
struct Scored {
    sensor: String,
    score: f64,
}

/// A sensor with several outliers in one window.
#[derive(Record, Clone, Debug, PartialEq)]
struct Anomaly {
    sensor: String,
    window_start: i64,
    window_end: i64,
    readings: i64,
    outliers: i64,
}

/// A sensor from which nothing has come since its last reading.
#[derive(Record, Clone, Debug, PartialEq)]
struct Silent {
    sensor: String,
    since_ms: i64,
}

#[wasmill_sdk::job]
fn anomaly_detection(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files of readings, one JSON object a line")
        .default("plugins/anomaly-detection/data/readings.jsonl")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("readings to read a second, 0 for as many as possible")
        .default(0)?;
    let scored = env
        .source::<Reading>(TextFiles::json_lines::<Reading>(path).rate(rate))
        .uid("readings")
        .assign_timestamps(|reading| reading.at_ms, Watermarks::bounded_ms(5_000))
        .key_by(|reading| reading.sensor.clone())
        .process(|ctx| Score {
            statistics: ctx.value_state("statistics"),
            last: ctx.value_state("last"),
            silent: ctx.side_output(&silent()),
        })
        .uid("score")
        .name("score");
    scored
        .side_output(&silent())
        .sink(sink(&out, "silent"))
        .uid("silent");
    scored
        .key_by(|reading| reading.sensor.clone())
        .window(Sliding::of_secs(60, 20))
        .aggregate_with(
            Outliers,
            |sensor: &String, window, (readings, outliers), out| {
                if outliers >= OUTLIERS_MIN {
                    out.emit(Anomaly {
                        sensor: sensor.clone(),
                        window_start: window.start,
                        window_end: window.end,
                        readings,
                        outliers,
                    });
                }
            },
        )
        .uid("outliers")
        .sink(sink(&out, "anomalies"))
        .uid("anomalies");
    Ok(())
}

/// The side output of silent sensors.
fn silent() -> OutputTag<Silent> {
    OutputTag::new("silent")
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// The last reading of a sensor, and whether its silence since was reported.
#[derive(Record, Clone, Debug, PartialEq)]
struct Last {
    at_ms: i64,
    reported: bool,
}

/// Scores the readings of a sensor and waits for the next one.
struct Score {
    statistics: ValueState<Statistics>,
    last: ValueState<Last>,
    silent: SideOutput<Silent>,
}

impl Score {
    /// Reports a sensor that has been silent until now, once.
    fn check_silence(&self, sensor: &str, now_ms: i64) {
        if let Some(last) = self.last.get()
            && !last.reported
            && now_ms - last.at_ms >= SILENCE_MS
        {
            self.silent.emit(Silent {
                sensor: sensor.to_owned(),
                since_ms: last.at_ms,
            });
            self.last.set(Last {
                reported: true,
                ..last
            });
        }
    }
}

impl KeyedProcess for Score {
    type Key = String;
    type In = Reading;
    type Out = Scored;

    fn process(
        &mut self,
        reading: Reading,
        ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Scored>,
    ) -> Outcome {
        // The reading that ends a silence may come before the timer, which waits for late readings.
        self.check_silence(&reading.sensor, reading.at_ms);
        if self
            .last
            .get()
            .is_none_or(|last| reading.at_ms > last.at_ms)
        {
            let (at_ms, reported) = (reading.at_ms, false);
            self.last.set(Last { at_ms, reported });
            ctx.register_event_timer(at_ms + SILENCE_MS);
        }
        let mut statistics = self.statistics.get().unwrap_or_default();
        let score = match statistics.count >= READINGS_MIN {
            true => statistics.score(reading.value),
            false => 0.0,
        };
        // Outliers are kept out, or the next one would look usual.
        if score.abs() < OUTLIER_SCORE {
            statistics.add(reading.value);
            self.statistics.set(statistics);
        }
        let sensor = reading.sensor;
        out.emit(Scored { sensor, score });
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, String>,
        _: &mut Collector<'_, Scored>,
    ) -> Outcome {
        let now_ms = ctx.timestamp().unwrap_or(i64::MIN);
        self.check_silence(ctx.key(), now_ms);
        Ok(())
    }
}

/// Counts the readings of a window, and the outliers among them.
struct Outliers;

impl Aggregate<Scored> for Outliers {
    type Acc = (i64, i64);
    type Out = (i64, i64);

    fn create(&self) -> (i64, i64) {
        (0, 0)
    }

    fn add(&self, (readings, outliers): &mut (i64, i64), scored: &Scored) {
        *readings += 1;
        *outliers += i64::from(scored.score.abs() >= OUTLIER_SCORE);
    }

    fn merge(&self, acc: &mut (i64, i64), later: &(i64, i64)) {
        acc.0 += later.0;
        acc.1 += later.1;
    }

    fn result(&self, acc: &(i64, i64)) -> (i64, i64) {
        *acc
    }
}

#[cfg(test)]
mod tests;
