//! Rule alerts: measurements are checked against rules that come, change and go while the job runs.
//!
//! Rules are broadcast: every subtask has all of them, and samples are spread by host. Both are put into the order of
//! event time: a sample waits for the watermark, by when every rule that held at its time is known. So the alerts do not
//! depend on how fast either stream arrives.

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// A measurement, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Sample {
    host: String,
    metric: String,
    at_ms: i64,
    value: f64,
}

/// A rule from this time on: so many samples of a host in a row above a limit are an alert.
#[derive(Record, Clone, Debug, PartialEq)]
struct Rule {
    rule: String,
    metric: String,
    at_ms: i64,
    above: f64,
    times: i64,
    /// The rule holds no longer.
    removed: bool,
}

/// A rule that a host has met.
#[derive(Record, Clone, Debug, PartialEq)]
struct Alert {
    rule: String,
    host: String,
    metric: String,
    at_ms: i64,
    value: f64,
    above: f64,
    times: i64,
}

#[wasmill_sdk::job]
fn rule_alerts(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("directory of samples.jsonl and rules.jsonl")
        .default("plugins/rule-alerts/data")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("samples to read a second, 0 for as many as possible")
        .default(0)?;
    let samples = env
        .source::<Sample>(
            TextFiles::json_lines::<Sample>(format!("{path}/samples.jsonl")).rate(rate),
        )
        .uid("samples")
        .assign_timestamps(|sample| sample.at_ms, Watermarks::bounded_ms(5_000));
    let rules = env
        .source::<Rule>(
            TextFiles::json_lines::<Rule>(format!("{path}/rules.jsonl")).rate(rate / 100),
        )
        .uid("rules")
        .assign_timestamps(|rule| rule.at_ms, Watermarks::monotonic());
    samples
        .key_by(|sample| sample.host.clone())
        .connect_broadcast(rules.broadcast())
        .process(|ctx| Match {
            waiting: ctx.map_state("waiting"),
            rules: ctx.broadcast_state("rules"),
            streaks: ctx.map_state("streaks"),
        })
        .uid("match")
        .name("match")
        .sink(sink(&out, "alerts"))
        .uid("alerts");
    Ok(())
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// How many samples in a row have met a rule.
#[derive(Record, Clone, Debug, Default, PartialEq)]
struct Streak {
    /// The version of the rule: since when it holds.
    since_ms: i64,
    length: i64,
}

/// Checks the samples of a host.
struct Match {
    /// Samples that wait for the watermark, by their time.
    waiting: MapState<i64, Vec<Sample>>,
    /// All versions of every metric's rules, by the metric.
    rules: BroadcastState<String, Vec<Rule>>,
    /// By metric and rule.
    streaks: MapState<String, Streak>,
}

impl KeyedBroadcastProcess for Match {
    type Key = String;
    type In = Sample;
    type Broadcast = Rule;
    type Out = Alert;

    fn process(
        &mut self,
        sample: Sample,
        ctx: &mut KeyedContext<'_, String>,
        _out: &mut Collector<'_, Alert>,
    ) -> Outcome {
        let at_ms = sample.at_ms;
        let mut waiting = self.waiting.get(&at_ms)?.unwrap_or_default();
        waiting.push(sample);
        self.waiting.put(&at_ms, &waiting);
        ctx.register_event_timer(at_ms);
        Ok(())
    }

    fn process_broadcast(
        &mut self,
        rule: Rule,
        ctx: &mut BroadcastContext<'_>,
        _out: &mut Collector<'_, Alert>,
    ) -> Outcome {
        let metric = rule.metric.clone();
        let mut versions = self.rules.get(&metric)?.unwrap_or_default();
        versions.push(rule);
        self.rules.put(ctx, metric, versions)
    }

    /// The watermark has come to the time of samples: no rule from before is under way any more.
    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Alert>,
    ) -> Outcome {
        let at_ms = ctx.timestamp().unwrap_or_default();
        for sample in self.waiting.get(&at_ms)?.unwrap_or_default() {
            let versions = self.rules.get(&sample.metric)?.unwrap_or_default();
            for rule in &held_at(versions, at_ms) {
                self.check(&sample, rule, out)?;
            }
        }
        self.waiting.remove(&at_ms);
        Ok(())
    }
}

impl Match {
    /// Checks a sample against a rule that holds at its time.
    fn check(&self, sample: &Sample, rule: &Rule, out: &mut Collector<'_, Alert>) -> Outcome {
        let of = format!("{}/{}", sample.metric, rule.rule);
        let streak = self.streaks.get(&of)?.unwrap_or_default();
        // Another version of the rule begins to count anew.
        let before = match streak.since_ms == rule.at_ms {
            true => streak.length,
            false => 0,
        };
        let length = match sample.value > rule.above {
            true => before + 1,
            false => 0,
        };
        let since_ms = rule.at_ms;
        self.streaks.put(&of, &Streak { since_ms, length });
        if length == rule.times {
            out.emit(Alert {
                rule: rule.rule.clone(),
                host: sample.host.clone(),
                metric: sample.metric.clone(),
                at_ms: sample.at_ms,
                value: sample.value,
                above: rule.above,
                times: length,
            });
        }
        Ok(())
    }
}

/// The rules that hold at a time: of each the last version before, unless that removes it.
fn held_at(mut versions: Vec<Rule>, at_ms: i64) -> Vec<Rule> {
    versions.retain(|version| version.at_ms <= at_ms);
    versions.sort_by(|a, b| (&a.rule, a.at_ms).cmp(&(&b.rule, b.at_ms)));
    let mut held: Vec<Rule> = Vec::new();
    for version in versions {
        held.pop_if(|before| before.rule == version.rule);
        held.push(version);
    }
    held.retain(|rule| !rule.removed);
    held
}

#[cfg(test)]
mod tests;
