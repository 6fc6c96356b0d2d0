//! What the parameters of the standard operators change, one by one, where the tests of the operators do not show it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{PLACES, SALES, by_item, gives, gives_in_order, one, placed, records, run, sale};
use crate::support::run::{Ended, Run};

/// A job over files: `operators` after the source `lines` of (key, at) records, and a sink behind `last`.
fn paced(folder: &tempfile::TempDir, rate: u64, operators: &str) -> Ended {
    let text = format!(
        r#"
name: paced
operators:
  - uid: lines
    parallelism: 1
    source:
      type: text-files
      path: "${{job_dir}}/in.jsonl"
      format: json-lines
      rate: {rate}
      schema: {{ type: record, name: Event, fields: [ {{ name: key, type: long }}, {{ name: at, type: long }} ] }}
{operators}
  - {{ uid: out, sink: {{ type: collect }}, input: last }}
"#
    );
    let file = folder.path().join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    Run::new("run", &file).arg("--json").end().success()
}

/// A folder with an input file of records (key, at).
fn events(events: &[(i64, i64)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let lines = events.iter();
    let lines = lines.map(|(key, at)| format!("{{\"key\":{key},\"at\":{at}}}\n"));
    std::fs::write(folder.path().join("in.jsonl"), lines.collect::<String>()).expect("the input");
    folder
}

/// The collected records of a run that ends with its summary.
fn collected(ended: &Ended) -> Vec<Value> {
    let mut lines: Vec<&str> = ended.out.lines().collect();
    lines.pop();
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    lines.into_iter().map(parse).collect()
}

/// A figure that every operator of a run has counted, together.
fn counted(ended: &Ended, name: &str) -> u64 {
    let summary = ended.summary();
    let operators = summary["operators"].as_object().expect("operators");
    let figures = operators.values().filter_map(|it| it[name].as_u64());
    figures.sum()
}

/// Five hundred events, every second one 30 ms behind the one before it.
fn out_of_order() -> Vec<(i64, i64)> {
    let event = |n: i64| (n % 3, 10_000 + n * 4 - (n % 2) * 30);
    (0..500).map(event).collect()
}

/// The number of events by key and window of 20 ms.
fn windows(events: &[(i64, i64)]) -> BTreeMap<(i64, i64), i64> {
    let mut windows = BTreeMap::new();
    for (key, at) in events {
        *windows.entry((*key, at / 20 * 20)).or_insert(0) += 1;
    }
    windows
}

#[test]
fn max_out_of_orderness_says_how_long_windows_wait() {
    let folder = events(&out_of_order());
    let operator = |bound: &str| {
        format!(
            "  - {{ uid: last, component: standard, parameters: {{ operator: window-aggregate, key: key, window: tumbling, size: 20, timestamp: at, max_out_of_orderness: {bound}, aggregates: 'n = count()' }}, input: lines }}"
        )
    };
    let whole = paced(&folder, 2_000, &operator("30ms"));
    let found = collected(&whole).into_iter().map(|row| {
        let long = |field: &str| row[field].as_i64().expect("a number");
        ((long("key"), long("window_start")), long("n"))
    });
    assert_eq!(found.collect::<BTreeMap<_, _>>(), windows(&out_of_order()));
    assert_eq!(counted(&whole, "numLateRecordsDropped"), 0);
    let hasty = paced(&folder, 2_000, &operator("0"));
    let n = collected(&hasty).into_iter().map(|row| row["n"].as_u64());
    let n: u64 = n.map(|n| n.expect("a count")).sum();
    let late = counted(&hasty, "numLateRecordsDropped");
    assert!(late > 0, "no record is late\n{}", hasty.told());
    assert_eq!(n + late, 500, "{}", hasty.told());
}

#[test]
fn allowed_lateness_counts_late_records_in_another_result() {
    let folder = events(&out_of_order());
    let operator = "  - { uid: last, component: standard, parameters: { operator: window-aggregate, key: key, window: tumbling, size: 20, timestamp: at, allowed_lateness: 1m, aggregates: 'n = count()' }, input: lines }";
    let ended = paced(&folder, 2_000, operator);
    let mut greatest: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let rows = collected(&ended);
    for row in &rows {
        let long = |field: &str| row[field].as_i64().expect("a number");
        let n = greatest
            .entry((long("key"), long("window_start")))
            .or_default();
        *n = (*n).max(long("n"));
    }
    assert_eq!(greatest, windows(&out_of_order()), "{}", ended.told());
    assert!(rows.len() > greatest.len(), "no window was told again");
    assert_eq!(counted(&ended, "numLateRecordsDropped"), 0);
}

/// With `watermarks` a source needs no operator of its own to begin event time.
#[test]
fn a_source_begins_event_time_in_the_job_file() {
    let folder = events(&out_of_order());
    let text = r#"
name: watermarks
parameters: { bound: 30ms }
operators:
  - uid: lines
    parallelism: 1
    source:
      type: text-files
      path: "${job_dir}/in.jsonl"
      format: json-lines
      rate: 2000
      schema: { type: record, name: Event, fields: [ { name: key, type: long }, { name: at, type: long } ] }
    watermarks: { timestamp: at + 0, max_out_of_orderness: "${bound}" }
  - { uid: windows, component: standard, parameters: { operator: window-aggregate, key: key, window: tumbling, size: 20, aggregates: "n = count()" }, input: lines }
  - { uid: out, sink: { type: collect }, input: windows }
"#;
    let file = folder.path().join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    let run = |bound: &str| {
        Run::new("run", &file)
            .arg("--json")
            .param("bound", bound)
            .end()
    };
    let ended = run("30ms").success();
    let found = collected(&ended).into_iter().map(|row| {
        let long = |field: &str| row[field].as_i64().expect("a number");
        ((long("key"), long("window_start")), long("n"))
    });
    assert_eq!(found.collect::<BTreeMap<_, _>>(), windows(&out_of_order()));
    assert!(counted(&run("0").success(), "numLateRecordsDropped") > 0);
    run("soon").fails_naming(&["lines/timestamps", "max_out_of_orderness", "no duration"]);
    let plan = Run::new("plan", &file).arg("--json").end().success().json();
    assert!(plan.to_string().contains("lines/timestamps"), "{plan}");
    let misplaced = text.replace(
        "input: windows }",
        "input: windows, watermarks: { timestamp: n } }",
    );
    std::fs::write(&file, misplaced).expect("the job file can be written");
    run("30ms").fails_naming(&["\"out\".watermarks", "only a source"]);
}

/// A directory in which nothing appears holds event time up, unless it may be idle.
#[test]
fn idle_timeout_lets_a_silent_source_not_hold_back_windows() {
    let folder = tempfile::tempdir().expect("a directory");
    for (name, lines) in [
        ("busy", "{\"key\":1,\"at\":1}\n{\"key\":2,\"at\":99}\n"),
        ("silent", ""),
    ] {
        let directory = folder.path().join(name);
        std::fs::create_dir(&directory).expect("the directory can be made");
        std::fs::write(directory.join("lines"), lines).expect("the input can be written");
    }
    let source = |uid: &str, idle: &str| {
        format!(
            r#"
  - uid: {uid}
    parallelism: 1
    source:
      type: text-files
      path: "${{job_dir}}/{uid}"
      watch: continuous
      interval_ms: 20
      format: json-lines
      schema: {{ type: record, name: Event, fields: [ {{ name: key, type: long }}, {{ name: at, type: long }} ] }}
    watermarks: {{ timestamp: at{idle} }}"#
        )
    };
    let text = format!(
        "name: idle\noperators:{}{}\n  - {{ uid: both, component: standard, parameters: {{ operator: union }}, input: [ busy, silent ] }}\n  - {{ uid: windows, component: standard, parameters: {{ operator: window-aggregate, window: tumbling, size: 20, aggregates: 'n = count()' }}, input: both }}\n  - {{ uid: out, sink: {{ type: print }}, input: windows }}\n",
        source("busy", ""),
        source("silent", ", idle_timeout: 50ms"),
    );
    let file = folder.path().join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    let mut running = Run::new("run", &file).start();
    let first = |output: String| output.contains("\"n\":1");
    let told = running.reaches("the first window", |running| {
        first(running.output()) && running.handles_interrupts()
    });
    assert!(told, "{}", running.errors());
    running.interrupt();
    assert_eq!(running.end().code, Some(130));
}

#[test]
fn count_windows_have_size_and_slide() {
    let key = |n: usize| json!({ "n": n });
    let operator =
        r#"operator: window-aggregate, window: count, size: 3, aggregates: "n = count()""#;
    gives(&one(operator), [key(3), key(3)]);
    let operator = r#"operator: window-aggregate, window: count, size: 4, slide: 2, aggregates: "n = count()""#;
    gives(&one(operator), [key(2), key(4), key(4), key(4)]);
}

#[test]
fn aggregates_leave_nulls_out_and_find_the_least() {
    let aggregates =
        "n = count(cheap), least = min(cheap), of = min_by(price, item), all = count()";
    let operators = format!(
        r#"
  - {{ uid: some, component: standard, parameters: {{ operator: project, fields: "*, cheap: long? = price < 5 ? price : null" }}, input: sales }}
  - {{ uid: last, component: standard, parameters: {{ operator: window-aggregate, window: tumbling, size: 10s, timestamp: at, aggregates: "{aggregates}" }}, input: some }}"#
    );
    let mut windows: BTreeMap<i64, Vec<(&str, i64)>> = BTreeMap::new();
    for (item, price, _, at) in SALES {
        windows
            .entry(at / 10_000 * 10_000)
            .or_default()
            .push((item, price));
    }
    let expected = windows.into_iter().map(|(start, sales)| {
        let cheap: Vec<i64> = sales.iter().map(|it| it.1).filter(|it| *it < 5).collect();
        let least = sales.iter().min_by_key(|it| it.1).map(|it| it.0);
        json!({
            "window_start": start, "window_end": start + 10_000, "n": cheap.len(),
            "least": cheap.iter().min(), "of": least, "all": sales.len(),
        })
    });
    gives(&operators, expected);
}

#[test]
fn top_n_without_windows_is_told_whenever_it_changes() {
    let mut best: Vec<(&str, i64, i64, i64)> = Vec::new();
    let mut expected = Vec::new();
    for sale_of in SALES {
        let before = best.clone();
        best.push(sale_of);
        best.sort_by_key(|it| std::cmp::Reverse(it.1 * it.2));
        best.truncate(2);
        if best != before {
            for (sold, rank) in best.iter().zip(1..) {
                let mut row = sale(*sold);
                row["rank"] = json!(rank);
                expected.push(row);
            }
        }
    }
    gives_in_order(
        &one("operator: top-n, n: 2, by: price * quantity"),
        expected,
    );
}

#[test]
fn dedup_forgets_a_key_after_a_time_of_its_records() {
    let operators = r"
  - { uid: timed, component: standard, parameters: { operator: assign-timestamps, timestamp: at }, input: sales }
  - { uid: last, component: standard, parameters: { operator: dedup, key: item, within: 6s }, input: timed }";
    let mut expected = Vec::new();
    for (item, sales) in by_item() {
        let mut passed: Option<i64> = None;
        for (price, quantity, at) in sales {
            if passed.is_none_or(|passed| at - passed >= 6_000) {
                passed = Some(at);
                expected.push(sale((item, price, quantity, at)));
            }
        }
    }
    assert!(expected.len() > by_item().len() && expected.len() < SALES.len());
    gives_in_order(operators, expected);
}

/// Without event time the operator's clock decides.
#[test]
fn dedup_forgets_a_key_after_a_time_of_the_clock() {
    let folder = events(&[(7, 1), (7, 2), (7, 3), (7, 4)]);
    let dedup = |within: &str| {
        format!(
            "  - {{ uid: last, component: standard, parameters: {{ operator: dedup, key: key, within: {within} }}, input: lines }}"
        )
    };
    let long = collected(&paced(&folder, 10, &dedup("1h")));
    assert_eq!(long, [json!({ "key": 7, "at": 1 })]);
    let short = collected(&paced(&folder, 10, &dedup("1ms"))).len();
    assert!(short > 1, "a key is never forgotten");
}

/// Lines a quarter of a second apart find each other only if they are kept for so long.
#[test]
fn ttl_says_how_long_a_join_keeps_records() {
    let folder = events(&[(7, 1), (7, 2), (7, 3), (7, 4)]);
    let join = |ttl: &str| {
        format!(
            "  - {{ uid: first, component: standard, parameters: {{ operator: filter, where: at == 1 }}, input: lines }}
  - {{ uid: last, component: standard, parameters: {{ operator: join, key: key, ttl: {ttl} }}, inputs: {{ left: first, right: lines }} }}"
        )
    };
    let long = collected(&paced(&folder, 4, &join("1h")));
    let rights: BTreeSet<i64> = long
        .iter()
        .filter_map(|row| row["right_at"].as_i64())
        .collect();
    assert_eq!(rights, BTreeSet::from([1, 2, 3, 4]));
    let short = collected(&paced(&folder, 4, &join("20ms")));
    assert!(short.len() < 4, "nothing was forgotten: {short:?}");
}

#[test]
fn parse_takes_a_column_and_a_delimiter() {
    let operators = r#"
  - { uid: texts, component: standard, parameters: { operator: format, format: csv, delimiter: ";" }, input: sales }
  - { uid: rows, component: standard, parameters: { operator: parse, format: csv, delimiter: ";", fields: "item: string, price: long, quantity: long, at: long" }, input: texts }
  - { uid: pairs, component: standard, parameters: { operator: project, fields: "at, line = item + ';' + string(price)" }, input: rows }
  - { uid: last, component: standard, parameters: { operator: parse, column: line, format: csv, delimiter: ";", fields: "item: string, price: double" }, input: pairs }"#;
    let expected = SALES.into_iter();
    let expected = expected.map(|it| json!({ "item": it.0, "price": it.1 as f64 }));
    gives(operators, expected);
}

/// The pairs of sales and places, and the sales without a place with nulls.
fn with_nulls() -> Vec<Value> {
    let mut rows = placed(|_| true);
    for one in SALES.into_iter().filter(|it| it.0 == "cup") {
        let mut row = sale(one);
        row["place"] = Value::Null;
        row["since"] = Value::Null;
        rows.push(row);
    }
    rows
}

/// A complete table gives one answer, however fast either stream comes; one that is not waits or is asked by chance.
#[test]
fn enrich_keeps_its_table_where_it_is_told_to() {
    let enrich = |parameters: &str| {
        format!(
            "{PLACES}\n  - {{ uid: last, component: standard, parameters: {{ operator: enrich, left_key: item, right_key: thing{parameters} }}, inputs: {{ in: sales, table: places }} }}"
        )
    };
    gives(&enrich(", table: complete"), with_nulls());
    gives(
        &enrich(", table: complete, missing: drop"),
        placed(|_| true),
    );
    for table in ["broadcast", "keyed"] {
        gives(
            &enrich(&format!(", table: {table}, missing: wait")),
            placed(|_| true),
        );
        let dropped = run(
            &super::job(&enrich(&format!(", table: {table}, missing: drop"))),
            2,
        );
        let dropped = records(&dropped.success());
        assert!(dropped.iter().all(|row| placed(|_| true).contains(row)));
        let nulls = run(
            &super::job(&enrich(&format!(", table: {table}, missing: keep"))),
            2,
        );
        assert_eq!(records(&nulls.success()).len(), SALES.len());
    }
    let refused = run(&super::job(&enrich(", table: complete, missing: wait")), 1);
    refused.fails_naming(&["\"last\"", "missing", "no row to wait for"]);
}

/// Every parameter is named by a test of this folder.
#[test]
fn every_parameter_has_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/it/standard_plugins");
    let mut tests = include_str!("../standard_plugins.rs").to_owned();
    for file in std::fs::read_dir(folder).expect("the folder") {
        let file = file.expect("a file").path();
        tests.push_str(&std::fs::read_to_string(file).expect("a test"));
    }
    let inspected = Run::new(
        "inspect",
        crate::support::programs::guest("plugin_standard"),
    );
    let inspected = inspected.arg("--json").end().success().json();
    for parameter in inspected["manifest"]["parameters"]
        .as_array()
        .expect("parameters")
    {
        let name = parameter["name"].as_str().expect("a name");
        assert!(tests.contains(&format!("{name}: ")), "{name} has no test");
    }
}
