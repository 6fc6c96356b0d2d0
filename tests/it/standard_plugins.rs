//! The standard operators from job files, without a line of code: every one with one and with two subtasks.
//!
//! Expected results are computed here, naively, from the records that go in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

mod joins;
mod mistakes;
mod parameters;
mod stateful;
mod unusable;

/// The sales of these tests: item, price, quantity, time.
const SALES: [(&str, i64, i64, i64); 8] = [
    ("pen", 3, 10, 1_000),
    ("ink", 12, 1, 2_000),
    ("pen", 4, 5, 6_000),
    ("cup", 7, 2, 7_500),
    ("ink", 11, 3, 9_999),
    ("pen", 3, 1, 10_000),
    ("cup", 9, 9, 14_000),
    ("ink", 12, 2, 21_000),
];

/// A source of the sales.
fn sales() -> String {
    let rows = SALES.iter().map(|(item, price, quantity, at)| {
        format!("{{ item: {item}, price: {price}, quantity: {quantity}, at: {at} }}")
    });
    format!(
        r#"
  - uid: sales
    source:
      type: collection
      schema:
        type: record
        name: Sale
        fields:
          - {{ name: item, type: string }}
          - {{ name: price, type: long }}
          - {{ name: quantity, type: long }}
          - {{ name: at, type: long }}
      values: [ {} ]
"#,
        rows.collect::<Vec<_>>().join(", ")
    )
}

/// A job of the sales, some operators, and a sink behind the one called `last`.
fn job(operators: &str) -> String {
    format!(
        "name: standard\noperators:{}{operators}\n  - {{ uid: out, sink: {{ type: collect }}, input: last }}\n",
        sales()
    )
}

fn run(text: &str, subtasks: u32) -> Ended {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    Run::new("run", &file).parallelism(subtasks).end()
}

/// The records in the sink, sorted: subtasks are in no order.
fn records(ended: &Ended) -> Vec<Value> {
    let lines = ended.out.lines().filter(|line| !line.is_empty());
    let mut records: Vec<Value> = lines
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}\n{}", ended.told()))
        })
        .collect();
    records.sort_by_key(Value::to_string);
    records
}

/// One operator behind the sales gives these records, in any order, at every parallelism.
fn gives(operators: &str, expected: impl IntoIterator<Item = Value>) {
    let mut expected: Vec<Value> = expected.into_iter().collect();
    expected.sort_by_key(Value::to_string);
    for subtasks in [1, 2] {
        let ended = run(&job(operators), subtasks).success();
        assert_eq!(records(&ended), expected, "{operators}\n{}", ended.told());
    }
}

/// What depends on the order of records is exact with one subtask; with two the source's splits are in no order.
fn gives_in_order(operators: &str, expected: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut expected: Vec<Value> = expected.into_iter().collect();
    expected.sort_by_key(Value::to_string);
    let ended = run(&job(operators), 1).success();
    assert_eq!(records(&ended), expected, "{operators}\n{}", ended.told());
    records(&run(&job(operators), 2).success())
}

/// One standard operator behind the sales.
fn one(parameters: &str) -> String {
    format!(
        "  - {{ uid: last, component: standard, parameters: {{ {parameters} }}, input: sales }}"
    )
}

fn sale((item, price, quantity, at): (&str, i64, i64, i64)) -> Value {
    json!({ "item": item, "price": price, "quantity": quantity, "at": at })
}

#[test]
fn filter_keeps_what_is_true() {
    let expected = SALES
        .into_iter()
        .filter(|it| it.1 * it.2 > 20 && it.0 != "cup");
    let parameters = r#"operator: filter, where: "price * quantity > 20 && item != 'cup'""#;
    gives(&one(parameters), expected.map(sale));
}

#[test]
fn project_computes_fields() {
    let expected = SALES.into_iter().map(|(item, price, quantity, _)| {
        json!({
            "item": item, "total": price * quantity, "dear": price >= 10,
            "half": price as f64 / 2.0, "label": format!("{item}!"),
        })
    });
    let fields = "item, total = price * quantity, dear = price >= 10, half = double(price) / 2.0, label: string = item + '!'";
    gives(
        &one(&format!(r#"operator: project, fields: "{fields}""#)),
        expected,
    );
}

#[test]
fn split_gives_each_case_an_output_and_the_rest_another() {
    type Case = fn(&(&str, i64, i64, i64)) -> bool;
    let cases: [(&str, Case); 3] = [
        ("cheap", |it| it.1 < 5),
        ("many", |it| it.2 > 4),
        ("rest", |it| it.1 >= 5 && it.2 <= 4),
    ];
    for (output, holds) in cases {
        let operators = format!(
            r#"
  - {{ uid: cases, component: standard, parameters: {{ operator: split, cases: "cheap = price < 5, many = quantity > 4" }}, input: sales }}
  - {{ uid: last, component: standard, parameters: {{ operator: union }}, input: cases.{output} }}"#
        );
        gives(&operators, SALES.into_iter().filter(holds).map(sale));
    }
}

#[test]
fn union_takes_several_streams() {
    let operators = r"
  - { uid: last, component: standard, parameters: { operator: union }, input: [ sales, sales ] }";
    let twice = SALES.into_iter().chain(SALES);
    // A connector's output may be linked twice or not at all; both ways it is each exactly once per link.
    gives(operators, twice.map(sale));
}

/// The sales by item, in their order.
fn by_item() -> BTreeMap<&'static str, Vec<(i64, i64, i64)>> {
    let mut by_item: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (item, price, quantity, at) in SALES {
        by_item.entry(item).or_default().push((price, quantity, at));
    }
    by_item
}

#[test]
fn aggregate_rolls_by_key() {
    let mut expected = Vec::new();
    for (item, sales) in by_item() {
        for end in 1..=sales.len() {
            let sales = &sales[..end];
            let prices = || sales.iter().map(|it| it.0);
            let dearest = sales.iter().rev().max_by_key(|it| it.0).map(|it| it.2);
            expected.push(json!({
                "item": item, "n": end, "total": sales.iter().map(|it| it.0 * it.1).sum::<i64>(),
                "low": prices().min(), "high": prices().max(),
                "mean": prices().sum::<i64>() as f64 / end as f64, "dearest": dearest,
            }));
        }
    }
    let aggregates = "n = count(), total = sum(price * quantity), low = min(price), high = max(price), mean = avg(price), dearest = max_by(price, at)";
    let operator = one(&format!(
        r#"operator: aggregate, key: item, aggregates: "{aggregates}""#
    ));
    let whole = |rows: &[Value]| {
        let by_item = by_item();
        let is_last = |row: &&Value| {
            let item = row["item"].as_str().expect("an item");
            row["n"] == json!(by_item[item].len())
        };
        let fields = ["item", "n", "total", "low", "high", "mean"];
        let pick = |row: &Value| fields.map(|field| row[field].clone());
        let mut rows: Vec<_> = rows.iter().filter(is_last).map(pick).collect();
        rows.sort_by_key(|row| row[0].to_string());
        rows
    };
    let rows = gives_in_order(&operator, expected.clone());
    assert_eq!(rows.len(), SALES.len());
    assert_eq!(whole(&rows), whole(&expected));
}

#[test]
fn window_aggregate_sums_up_tumbling_windows() {
    let mut windows: BTreeMap<(&str, i64), (i64, i64)> = BTreeMap::new();
    for (item, price, quantity, at) in SALES {
        let window = windows.entry((item, at / 5_000 * 5_000)).or_default();
        *window = (window.0 + 1, window.1 + price * quantity);
    }
    let expected = windows.into_iter().map(|((item, start), (n, total))| {
        json!({ "item": item, "window_start": start, "window_end": start + 5_000, "n": n, "total": total })
    });
    let parameters = r#"operator: window-aggregate, key: item, window: tumbling, size: 5s, timestamp: at, aggregates: "n = count(), total = sum(price * quantity)""#;
    gives(&one(parameters), expected);
}

#[test]
fn window_aggregate_slides_and_finds_sessions() {
    let mut sliding: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (_, price, _, at) in SALES {
        for start in (-10_000..30_000)
            .step_by(5_000)
            .filter(|start| (*start..start + 10_000).contains(&at))
        {
            let window = sliding.entry(start).or_insert((i64::MAX, i64::MIN));
            *window = (window.0.min(price), window.1.max(price));
        }
    }
    let expected = sliding.into_iter().map(|(start, (low, high))| {
        json!({ "window_start": start, "window_end": start + 10_000, "low": low, "high": high })
    });
    let parameters = r#"operator: window-aggregate, window: sliding, size: 10s, slide: 5s, timestamp: at, aggregates: "low = min(price), high = max(price)""#;
    gives(&one(parameters), expected);
    let mut sessions: Vec<(i64, i64, i64)> = Vec::new();
    for (_, _, quantity, at) in SALES {
        match sessions.last_mut() {
            Some(last) if at < last.1 => *last = (last.0, at + 3_000, last.2 + quantity),
            _ => sessions.push((at, at + 3_000, quantity)),
        }
    }
    let expected = sessions
        .into_iter()
        .map(|(start, end, n)| json!({ "window_start": start, "window_end": end, "sold": n }));
    let parameters = r#"operator: window-aggregate, window: session, gap: 3s, timestamp: at, aggregates: "sold = sum(quantity)""#;
    gives(&one(parameters), expected);
}

#[test]
fn dedup_lets_the_first_of_a_key_pass() {
    let expected = by_item().into_iter().map(|(item, sales)| {
        let (price, quantity, at) = sales[0];
        sale((item, price, quantity, at))
    });
    let rows = gives_in_order(&one("operator: dedup, key: item"), expected);
    let items: Vec<&str> = rows.iter().filter_map(|row| row["item"].as_str()).collect();
    assert_eq!(items.len(), by_item().len());
    assert!(by_item().keys().all(|item| items.contains(item)));
    assert!(rows.iter().all(|row| SALES.map(sale).contains(row)));
}

#[test]
fn key_by_groups_records_for_a_component() {
    let operators = r"
  - { uid: keyed, component: standard, parameters: { operator: key-by, key: item }, input: sales }
  - { uid: last, component: parts, parameters: { part: firsts }, input: keyed }";
    let components = format!(
        "components: {{ parts: {} }}\noperators:",
        guest("guest_parts").display()
    );
    for subtasks in [1, 2] {
        let text = job(operators).replacen("operators:", &components, 1);
        let ended = run(&text, subtasks).success();
        let rows = records(&ended);
        let items: Vec<&str> = rows.iter().filter_map(|row| row["item"].as_str()).collect();
        assert_eq!(items.len(), by_item().len(), "{}", ended.told());
        assert!(by_item().keys().all(|item| items.contains(item)));
    }
}

#[test]
fn top_n_ranks_the_records_of_windows() {
    let operators = r"
  - { uid: timed, component: standard, parameters: { operator: assign-timestamps, timestamp: at }, input: sales }
  - { uid: last, component: standard, parameters: { operator: top-n, n: 2, by: price * quantity, window: tumbling, size: 10s }, input: timed }";
    let mut windows: BTreeMap<i64, Vec<(&str, i64, i64, i64)>> = BTreeMap::new();
    for sale in SALES {
        windows.entry(sale.3 / 10_000).or_default().push(sale);
    }
    let mut expected = Vec::new();
    for mut sales in windows.into_values() {
        sales.sort_by_key(|it| std::cmp::Reverse(it.1 * it.2));
        for (one, rank) in sales.into_iter().zip(1..=2) {
            let mut row = sale(one);
            row["rank"] = json!(rank);
            expected.push(row);
        }
    }
    gives(operators, expected);
}

/// A second source: where each item is kept.
const PLACES: &str = r"
  - uid: places
    source:
      type: collection
      schema: { type: record, name: Place, fields: [ { name: thing, type: string }, { name: place, type: string }, { name: since, type: long } ] }
      values: [ { thing: pen, place: A, since: 500 }, { thing: ink, place: B, since: 1500 } ]";

fn placed(within: impl Fn(i64) -> bool) -> Vec<Value> {
    let mut pairs = Vec::new();
    for one in SALES {
        for (thing, place, since) in [("pen", "A", 500), ("ink", "B", 1500)] {
            if one.0 == thing && within(since - one.3) {
                let mut row = sale(one);
                row["place"] = json!(place);
                row["since"] = json!(since);
                pairs.push(row);
            }
        }
    }
    pairs
}

#[test]
fn join_pairs_records_of_one_key() {
    let join = r"
  - { uid: last, component: standard, parameters: { operator: join, left_key: item, right_key: thing }, inputs: { left: sales, right: places } }";
    gives(&format!("{PLACES}{join}"), placed(|_| true));
}

#[test]
fn join_within_bounds_pairs_records_near_in_time() {
    let join = r"
  - { uid: timed, component: standard, parameters: { operator: assign-timestamps, timestamp: at }, input: sales }
  - { uid: since, component: standard, parameters: { operator: assign-timestamps, timestamp: since }, input: places }
  - { uid: last, component: standard, parameters: { operator: join, left_key: item, right_key: thing, lower: -1s, upper: 0 }, inputs: { left: timed, right: since } }";
    let near = placed(|after| (-1_000..=0).contains(&after));
    assert!(!near.is_empty() && near.len() < placed(|_| true).len());
    gives(&format!("{PLACES}{join}"), near);
}

#[test]
fn enrich_adds_the_row_of_a_table() {
    let enrich = r"
  - { uid: last, component: standard, parameters: { operator: enrich, left_key: item, right_key: thing }, inputs: { in: sales, table: places } }";
    gives(&format!("{PLACES}{enrich}"), placed(|_| true));
}

#[test]
fn format_and_parse_are_inverse() {
    for form in ["json", "csv"] {
        let operators = format!(
            r#"
  - {{ uid: texts, component: standard, parameters: {{ operator: format, format: {form} }}, input: sales }}
  - {{ uid: last, component: standard, parameters: {{ operator: parse, format: {form}, fields: "item: string, price: long, quantity: long, at: long" }}, input: texts }}"#
        );
        gives(&operators, SALES.into_iter().map(sale));
    }
}

#[test]
fn standard_operators_and_others_make_one_pipeline() {
    let text = job(r#"
  - { uid: cheap, component: standard, parameters: { operator: filter, where: "price < 10" }, input: sales }
  - { uid: mine, component: parts, parameters: { part: project, fields: "quantity,item,at" }, input: cheap }
  - { uid: sums, component: standard, parameters: { operator: window-aggregate, key: item, window: tumbling, size: 10s, timestamp: at, aggregates: "sold = sum(quantity)" }, input: mine }
  - { uid: last, component: standard, parameters: { operator: top-n, n: 1, by: sold, key: window_end, window: tumbling, size: 10s }, input: sums }"#);
    let parts = guest("guest_parts");
    let text = text.replace(
        "operators:",
        &format!("components: {{ parts: {} }}\noperators:", parts.display()),
    );
    let mut sold: BTreeMap<i64, BTreeMap<&str, i64>> = BTreeMap::new();
    for (item, price, quantity, at) in SALES.into_iter().filter(|it| it.1 < 10) {
        let _ = price;
        *sold
            .entry(at / 10_000)
            .or_default()
            .entry(item)
            .or_default() += quantity;
    }
    let expected: Vec<Value> = sold
        .into_iter()
        .filter_map(|(window, items)| {
            let (item, sold) = items.into_iter().max_by_key(|it| it.1)?;
            let (start, end) = (window * 10_000, window * 10_000 + 10_000);
            Some(json!({ "item": item, "window_start": start, "window_end": end, "sold": sold, "rank": 1 }))
        })
        .collect();
    for subtasks in [1, 2] {
        let ended = run(&text, subtasks).success();
        let mut expected = expected.clone();
        expected.sort_by_key(Value::to_string);
        assert_eq!(records(&ended), expected, "{}", ended.told());
    }
}

#[test]
fn the_example_finds_the_best_sellers() {
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../plugins/standard/examples/best-sellers.yaml"
    );
    let ended = Run::new("run", example).end().success();
    let row = |item: &str, end: i64, income: f64, sold: i64, rank: i64| json!({ "item": item, "window_start": end - 10_000, "window_end": end, "income": income, "sold": sold, "rank": rank });
    let expected = [
        row("cup", 10_000, 28.0, 4, 1),
        row("cup", 20_000, 7.5, 1, 1),
        row("pen", 10_000, 18.0, 12, 2),
    ];
    let mut expected = expected.to_vec();
    expected.sort_by_key(Value::to_string);
    assert_eq!(records(&ended), expected, "{}", ended.told());
}

#[test]
fn every_operator_and_parameter_is_documented() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let documented =
        std::fs::read_to_string(format!("{root}/docs/PLUGINS.md")).expect("the document");
    let inspected = Run::new("inspect", guest("plugin_standard"))
        .arg("--json")
        .end()
        .success()
        .json();
    let parameters = inspected["manifest"]["parameters"]
        .as_array()
        .expect("parameters");
    assert!(parameters.len() > 20, "{inspected}");
    for parameter in parameters {
        let name = parameter["name"].as_str().expect("a name");
        if name != "operator" {
            assert!(documented.contains(&format!("`{name}`")), "{name}");
            continue;
        }
        let about = parameter["description"].as_str().expect("a description");
        for operator in about.trim_start_matches("which operator: ").split(", ") {
            assert!(
                documented.contains(&format!("| `{operator}` |")),
                "{operator}"
            );
        }
    }
}
