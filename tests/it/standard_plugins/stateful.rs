//! Every stateful standard operator in one job, killed with SIGKILL again and again, at another parallelism each time.
//!
//! Each output must be that of an undisturbed run, computed here from the records alone. Operators that follow the order
//! of records are held to what does not depend on it: of a rolling aggregate every count once, of a deduplication one
//! record a key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::answer::Lines;
use crate::support::kills::end_after_kills;
use crate::support::oracle::random;
use crate::support::published;
use crate::support::run::Run;

/// Orders: key, amount, time. Amounts are distinct, so that rankings have no ties.
fn orders() -> Vec<Order> {
    let order = |n: i64| {
        let draw = random(n as u64, 11);
        let key = (draw % 20) as i64;
        (
            key,
            (draw >> 40) as i64 % 1000 * 1000 + n,
            10_000 + n * 5 - (n % 4) * 3,
        )
    };
    (0..900).map(order).collect()
}

/// Rows of a table: key and a name. Each key has its row twice, the second time under the same name.
fn names() -> Vec<(i64, String)> {
    (0..40)
        .map(|n| (n % 20, format!("name-{}", n % 20)))
        .collect()
}

/// Key, amount, time.
type Order = (i64, i64, i64);

const WINDOW_MS: i64 = 200;

/// The operators under test, by the name of their output.
const OPERATORS: [(&str, &str); 8] = [
    (
        "rolling",
        "parameters: { operator: aggregate, key: key, aggregates: 'n = count(), total = sum(amount)' }, input: timed",
    ),
    (
        "windows",
        "parameters: { operator: window-aggregate, key: key, window: tumbling, size: 200ms, aggregates: 'n = count(), total = sum(amount)' }, input: timed",
    ),
    (
        "best",
        "parameters: { operator: top-n, key: key, by: amount, n: 2, window: tumbling, size: 200ms }, input: timed",
    ),
    (
        "first",
        "parameters: { operator: dedup, key: key }, input: timed",
    ),
    (
        "near",
        "parameters: { operator: join, key: key, lower: 0, upper: 30ms, type: left }, inputs: { left: timed, right: timed }",
    ),
    (
        "same",
        "parameters: { operator: join, key: key, window: tumbling, size: 20ms }, inputs: { left: timed, right: timed }",
    ),
    (
        "named",
        "parameters: { operator: enrich, key: key, table: broadcast }, inputs: { in: timed, table: names }",
    ),
    (
        "keyed",
        "parameters: { operator: enrich, key: key, table: keyed }, inputs: { in: timed, table: names }",
    ),
];

fn job(folder: &Path) -> String {
    let lines = |fields: &str, name: &str, rate: u64| {
        format!(
            "{{ type: text-files, path: \"{}/{name}.jsonl\", format: json-lines, rate: {rate}, schema: {{ type: record, name: Row, fields: [ {fields} ] }} }}",
            folder.display()
        )
    };
    let long = |name: &str| format!("{{ name: {name}, type: long }}");
    let orders = [long("key"), long("amount"), long("at")].join(", ");
    let names = format!("{}, {{ name: name, type: string }}", long("key"));
    let mut text = format!(
        "name: stateful\noperators:\n  - {{ uid: timed, parallelism: 1, source: {}, watermarks: {{ timestamp: at, max_out_of_orderness: 20ms }} }}\n  - {{ uid: names, parallelism: 1, source: {} }}\n",
        lines(&orders, "orders", 700),
        lines(&names, "names", 40),
    );
    for (name, operator) in OPERATORS {
        text += &format!("  - {{ uid: {name}, component: standard, {operator} }}\n");
        let path = folder.join("out").join(name);
        text += &format!(
            "  - {{ uid: {name}-files, sink: {{ type: text-files, format: json, path: \"{}\" }}, input: {name} }}\n",
            path.display()
        );
    }
    text
}

fn long(row: &Value, field: &str) -> i64 {
    let long = row[field].as_i64();
    long.unwrap_or_else(|| panic!("no number {field} in {row}"))
}

/// The rows of an output.
fn rows(folder: &Path, name: &str) -> Vec<Value> {
    let lines = published::plain_lines(&folder.join("out").join(name)).each();
    let parse =
        |line: String| serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
    lines.into_iter().map(parse).collect()
}

fn equal(folder: &Path, name: &str, expected: impl IntoIterator<Item = Value>, told: &str) {
    let (mut found, mut wanted) = (Lines::default(), Lines::default());
    for row in rows(folder, name) {
        found.add(row.to_string());
    }
    for row in expected {
        wanted.add(row.to_string());
    }
    found.must_equal(&wanted, &format!("{name}, {told}"));
}

fn order((key, amount, at): Order) -> Value {
    json!({ "key": key, "amount": amount, "at": at })
}

/// Two orders of one key.
fn pair(left: Order, right: Option<Order>) -> Value {
    let mut row = order(left);
    row["right_amount"] = json!(right.map(|it| it.1));
    row["right_at"] = json!(right.map(|it| it.2));
    row
}

fn check_aggregates(folder: &Path, told: &str) {
    let mut by_key: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, i64), Vec<Order>> = BTreeMap::new();
    for one in orders() {
        by_key.entry(one.0).or_default().push(one.1);
        windows
            .entry((one.0, one.2 / WINDOW_MS * WINDOW_MS))
            .or_default()
            .push(one);
    }
    let mut rolling: BTreeMap<i64, BTreeMap<i64, i64>> = BTreeMap::new();
    for row in rows(folder, "rolling") {
        let before = rolling.entry(long(&row, "key")).or_default();
        let twice = before.insert(long(&row, "n"), long(&row, "total"));
        assert_eq!(twice, None, "{row} comes twice, {told}");
    }
    for (key, amounts) in &by_key {
        let counts = &rolling[key];
        assert!(
            counts.keys().copied().eq(1..=amounts.len() as i64),
            "key {key}, {told}"
        );
        let total = counts.values().next_back().copied();
        assert_eq!(total, Some(amounts.iter().sum()), "key {key}, {told}");
    }
    let first = rows(folder, "first");
    let keys: BTreeSet<i64> = first.iter().map(|row| long(row, "key")).collect();
    assert_eq!(
        (first.len(), keys.len()),
        (by_key.len(), by_key.len()),
        "{told}"
    );
    let sums = windows.iter().map(|((key, start), orders)| {
        let total: i64 = orders.iter().map(|it| it.1).sum();
        json!({ "key": key, "window_start": start, "window_end": start + WINDOW_MS, "n": orders.len(), "total": total })
    });
    equal(folder, "windows", sums, told);
    let best = windows.values().flat_map(|orders| {
        let mut orders = orders.clone();
        orders.sort_by_key(|it| std::cmp::Reverse(it.1));
        let ranked = orders.into_iter().zip(1..=2);
        ranked.map(|(one, rank)| {
            let mut row = order(one);
            row["rank"] = json!(rank);
            row
        })
    });
    equal(folder, "best", best, told);
}

fn check_joins(folder: &Path, told: &str) {
    let orders = orders();
    let partners = |left: Order, fits: &dyn Fn(i64, i64) -> bool| {
        let partners = orders
            .iter()
            .filter(|right| right.0 == left.0 && fits(left.2, right.2));
        partners.copied().collect::<Vec<_>>()
    };
    let mut near = Vec::new();
    let mut same = Vec::new();
    for left in &orders {
        let found = partners(*left, &|left, right| (0..=30).contains(&(right - left)));
        near.extend(found.iter().map(|right| pair(*left, Some(*right))));
        let found = partners(*left, &|left, right| left / 20 == right / 20);
        same.extend(found.iter().map(|right| pair(*left, Some(*right))));
    }
    equal(folder, "near", near, told);
    equal(folder, "same", same, told);
    for output in ["named", "keyed"] {
        let named = orders.iter().map(|one| {
            let mut row = order(*one);
            row["name"] = json!(format!("name-{}", one.0));
            row
        });
        equal(folder, output, named, told);
    }
}

#[test]
fn stateful_operators_survive_kills_with_another_parallelism_each_time() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let orders = orders();
    let orders = orders.iter().map(|one| order(*one).to_string() + "\n");
    let names = names().into_iter();
    let names = names.map(|(key, name)| json!({ "key": key, "name": name }).to_string() + "\n");
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text);
    write("orders.jsonl", orders.collect()).expect("the orders can be written");
    write("names.jsonl", names.collect()).expect("the names can be written");
    write("job.yaml", job(folder)).expect("the job file can be written");
    let run = || Run::new("run", folder.join("job.yaml")).arg("--json");
    let (_, told) = end_after_kills(&run, folder, 3, 80..280);
    check_aggregates(folder, &told);
    check_joins(folder, &told);
}
