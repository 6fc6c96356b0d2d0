//! The documents have the form of `wit/MANIFEST.md`, and wrong jobs are refused with words that help.

use serde_json::{Value, json};

use super::{describe, plan};
use crate::prelude::*;

fn job(env: &mut Env) -> Result<(), JobError> {
    let path: String = env.param("path").describe("what to read").required()?;
    let keys: i64 = env.param("keys").default(3)?;
    env.source::<String>(TextFiles::new(path))
        .uid("lines")
        .map(move |line| (line.len() as i64 % keys, 1i64))
        .assign_timestamps(|pair| pair.1, Watermarks::bounded_ms(100))
        .parallelism(2)
        .key_by(|pair| pair.0)
        .reduce(|a, b| (a.0, a.1 + b.1))
        .sink(Print::new());
    Ok(())
}

fn arguments(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn the_plan_is_as_the_contract_says() {
    let text = plan("demo", &job, &arguments(&[("path", "in")])).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["version"], 1);
    assert_eq!(plan["name"], "demo");
    let operators = plan["operators"].as_array().unwrap();
    assert_eq!(
        operators[0],
        json!({ "id": 0, "uid": "lines", "name": "text files", "kind": "source", "parallelism": null,
            "connector": { "type": "text-files", "path": "in" },
            "outputs": [{ "name": "out", "schema": "string" }] })
    );
    let watermarks =
        json!({ "strategy": "bounded", "max_out_of_orderness_ms": 100, "idle_after_ms": null });
    assert_eq!(operators[2]["watermarks"], watermarks);
    assert_eq!(operators[3]["outputs"][0]["key_schema"], "long");
    assert_eq!(
        operators[3]["parallelism"], 2,
        "a key selection runs where its input does"
    );
    assert_eq!(operators[4]["uid"], "reduce-4");
    assert_eq!(operators[4]["keyed"], true);
    assert_eq!(operators[4]["states"][0]["kind"], "value");
    assert_eq!(operators[4]["states"][0]["sub_key_schema"], Value::Null);
    let edges: Vec<_> = plan["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| &edge["partitioning"])
        .collect();
    assert_eq!(
        edges,
        ["forward", "rebalance", "forward", "hash", "forward"]
    );
}

#[test]
fn the_manifest_shows_parameters_and_operators() {
    let manifest: Value = serde_json::from_str(&describe("demo", &job)).unwrap();
    assert_eq!(
        manifest["parameters"],
        json!([
            { "name": "path", "type": "string", "default": null, "description": "what to read" },
            { "name": "keys", "type": "long", "default": 3, "description": "" },
        ])
    );
    assert_eq!(manifest["operators"].as_array().map(Vec::len), Some(6));
}

#[test]
fn wrong_arguments_are_named() {
    for (given, expected) in [
        (vec![], "parameter path: it is missing, give a string"),
        (
            vec![("path", "x"), ("keys", "many")],
            "parameter keys: `many` is no long",
        ),
        (
            vec![("path", "x"), ("pth", "y")],
            "parameter pth: the job has no such parameter, it has: path, keys",
        ),
    ] {
        let error = plan("demo", &job, &arguments(&given)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// Wants state without keys.
struct Stateful(ValueState<i64>);

impl Process for Stateful {
    type In = i64;
    type Out = i64;

    fn process(
        &mut self,
        n: i64,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, i64>,
    ) -> Outcome {
        self.0.set(n);
        out.emit(n);
        Ok(())
    }
}

#[test]
fn wrong_graphs_are_named() {
    let check = |job: &dyn Fn(&mut Env), expected: &str| {
        let job = |env: &mut Env| {
            job(env);
            Ok(())
        };
        let error = plan("demo", &job, &[]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(&|_| {}, "the job has no operators");
    check(
        &|env| {
            let numbers = env.source::<i64>(Connector::new("test")).uid("same");
            numbers.sink(Connector::new("test")).uid("same");
        },
        "operator \"same\": another operator has this uid",
    );
    check(
        &|env| {
            let numbers = env.source::<i64>(Connector::new("test"));
            numbers
                .process(|ctx| Stateful(ctx.value_state("kept")))
                .sink(Connector::new("test"));
        },
        "operator \"process-1\": state kept needs a keyed stream, call key_by before",
    );
    check(
        &|env| {
            let numbers = env.source::<i64>(Connector::new("test")).map(|n| n);
            numbers
                .side_output(&OutputTag::<i64>::new("late"))
                .sink(Connector::new("test"));
        },
        "operator \"map-1\": it has no side output late, it declares none",
    );
}
