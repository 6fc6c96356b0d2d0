//! Records that cannot be used: an expression has no value for them, or their bytes are not of their schema. They fail
//! the job with what is wrong, or are skipped and counted.

use serde_json::Value;

use super::{SALES, job, records, run};
use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

/// A job, with its summary.
fn summed(text: &str) -> Ended {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    Run::new("run", &file).arg("--json").end()
}

/// Operators that divide by the price less 12, which is 0 for two of the sales.
const DIVIDING: [&str; 7] = [
    r#"operator: filter, where: "100 / (price - 12) < 1000""#,
    r#"operator: project, fields: "item, x = 100 / (price - 12)""#,
    r#"operator: assign-timestamps, timestamp: "100 / (price - 12)""#,
    r#"operator: aggregate, key: item, aggregates: "x = sum(100 / (price - 12))""#,
    r#"operator: window-aggregate, window: count, size: 1, aggregates: "x = sum(100 / (price - 12))""#,
    r#"operator: top-n, n: 100, by: "100 / (price - 12)""#,
    r#"operator: split, cases: "x = 100 / (price - 12) > 1000""#,
];

fn dividing(operator: &str, on_error: &str) -> String {
    let last = match operator.contains("split") {
        true => "last.rest",
        false => "last",
    };
    let operator = format!(
        "  - {{ uid: last, component: standard, parameters: {{ {operator}{on_error} }}, input: sales }}"
    );
    job(&operator).replace("input: last }", &format!("input: {last} }}"))
}

#[test]
fn an_expression_without_a_value_fails_the_job_and_is_named() {
    for operator in DIVIDING {
        let ended = run(&dividing(operator, ""), 1);
        ended.fails_naming(&["last", "100 / (price - 12)", "zero"]);
        let line = ended.error_line();
        assert!(!line.contains("panicked"), "{line}");
    }
}

#[test]
fn an_expression_without_a_value_is_skipped_and_counted() {
    for operator in DIVIDING {
        let ended = summed(&dividing(operator, ", on_error: skip")).success();
        let summary = ended.summary();
        let operators = summary["operators"].as_object().expect("operators");
        let skipped: u64 = operators
            .values()
            .filter_map(|it| it["numRecordsSkipped"].as_u64())
            .sum();
        assert_eq!(skipped, 2, "{operator}\n{}", ended.told());
        let rows = ended.out.lines().count() - 1;
        // A ranking is told whenever it changes: 1 + 2 + ... rows; every other operator has a row a record.
        let expected = if operator.contains("top-n") { 21 } else { 6 };
        assert_eq!(rows, expected, "{operator}\n{}", ended.told());
    }
}

/// A component that cuts every second record off, in front of some operators.
fn damaged(operators: &str) -> String {
    let components = format!(
        "components: {{ parts: {} }}\noperators:",
        guest("guest_parts").display()
    );
    let damage =
        "\n  - { uid: damaged, component: parts, parameters: { part: damage }, input: sales }\n";
    job(&format!("{damage}{operators}")).replacen("operators:", &components, 1)
}

#[test]
fn bytes_that_are_not_of_their_schema_fail_the_job_with_the_field_or_are_skipped() {
    for parameters in [
        "operator: dedup, key: at",
        "operator: key-by, key: at",
        "operator: top-n, n: 100, by: price, key: at",
        "operator: aggregate, key: at, aggregates: n = count()",
        "operator: window-aggregate, key: at, window: count, size: 1, aggregates: n = count()",
        "operator: join, key: at",
        "operator: join, key: at, window: count, size: 2",
        "operator: enrich, key: at",
        "operator: enrich, key: at, table: keyed",
    ] {
        let inputs = match parameters {
            it if it.contains("join") => "inputs: { left: damaged, right: damaged }",
            it if it.contains("enrich") => "inputs: { in: damaged, table: damaged }",
            _ => "input: damaged",
        };
        let operator = |on_error: &str| {
            let behind = match parameters.contains("key-by") {
                true => "component: parts, parameters: { part: firsts }",
                false => "component: standard, parameters: { operator: union }",
            };
            damaged(&format!(
                "  - {{ uid: tested, component: standard, parameters: {{ {parameters}{on_error} }}, {inputs} }}\n  - {{ uid: last, {behind}, input: tested }}"
            ))
        };
        let failed = run(&operator(""), 1);
        failed.fails_naming(&["tested", "field "]);
        assert!(
            !failed.error_line().contains("panicked"),
            "{}",
            failed.told()
        );
        let skipped = summed(&operator(", on_error: skip")).success();
        let told = skipped.told();
        assert!(
            told.contains("numRecordsSkipped\":4"),
            "{parameters}\n{told}"
        );
    }
}

/// Where no operator looks at records before, selecting a key says what is wrong.
#[test]
fn a_key_that_cannot_be_read_is_named() {
    let sums = "  - { uid: last, component: parts, parameters: { part: sums, by: at, of: price }, input: damaged }";
    let ended = run(&damaged(sums), 1);
    ended.fails_naming(&["key of a record cannot be read", "field at"]);
    assert!(!ended.error_line().contains("panicked"), "{}", ended.told());
}

#[test]
fn texts_that_cannot_be_parsed_are_named_or_skipped() {
    let operators = |on_error: &str| {
        job(&format!(
            r#"
  - {{ uid: texts, component: standard, parameters: {{ operator: project, fields: "item, line = price > 10 ? 'none' : string(price)" }}, input: sales }}
  - {{ uid: last, component: standard, parameters: {{ operator: parse, format: csv, column: line, fields: "price: long"{on_error} }}, input: texts }}"#
        ))
    };
    run(&operators(""), 1).fails_naming(&["`none`", "field price"]);
    let prices = SALES
        .into_iter()
        .map(|it| it.1)
        .filter(|price| *price <= 10);
    let mut expected: Vec<Value> = prices
        .map(|price| serde_json::json!({ "price": price }))
        .collect();
    expected.sort_by_key(Value::to_string);
    let ended = run(&operators(", on_error: skip"), 2).success();
    assert_eq!(records(&ended), expected, "{}", ended.told());
}
