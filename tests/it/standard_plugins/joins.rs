//! Joins of the standard operators: in windows, with bounds, and the types of both.

use serde_json::{Value, json};

use super::{PLACES, SALES, gives, job, run};

/// The places of [`PLACES`]: thing, place, since.
const PLACED: [(&str, &str, i64); 2] = [("pen", "A", 500), ("ink", "B", 1_500)];

/// A row of a join of sales and places; a missing side is null, except for the key.
fn row(sale: Option<(&str, i64, i64, i64)>, place: Option<(&str, &str, i64)>) -> Value {
    let item = sale.map(|it| it.0).or(place.map(|it| it.0));
    json!({
        "item": item, "price": sale.map(|it| it.1), "quantity": sale.map(|it| it.2),
        "at": sale.map(|it| it.3), "place": place.map(|it| it.1), "since": place.map(|it| it.2),
    })
}

/// The join, naively: pairs within each group of sales and places, and what is alone there.
fn joined(kind: &str, fits: impl Fn(i64, i64) -> bool) -> Vec<Value> {
    let pairs = |sale: &(&str, i64, i64, i64), place: &(&str, &str, i64)| {
        sale.0 == place.0 && fits(sale.3, place.2)
    };
    let mut rows = Vec::new();
    for sale in SALES {
        let partners: Vec<_> = PLACED.iter().filter(|place| pairs(&sale, place)).collect();
        if partners.is_empty() && ["left", "full"].contains(&kind) {
            rows.push(row(Some(sale), None));
        }
        rows.extend(partners.iter().map(|place| row(Some(sale), Some(**place))));
    }
    let lonely = PLACED
        .iter()
        .filter(|place| !SALES.iter().any(|sale| pairs(sale, place)));
    if ["right", "full"].contains(&kind) {
        rows.extend(lonely.map(|place| row(None, Some(*place))));
    }
    rows
}

fn join(parameters: &str) -> String {
    format!(
        r"{PLACES}
  - {{ uid: timed, component: standard, parameters: {{ operator: assign-timestamps, timestamp: at }}, input: sales }}
  - {{ uid: since, component: standard, parameters: {{ operator: assign-timestamps, timestamp: since }}, input: places }}
  - {{ uid: last, component: standard, parameters: {{ operator: join, left_key: item, right_key: thing, {parameters} }}, inputs: {{ left: timed, right: since }} }}"
    )
}

#[test]
fn joins_in_windows_pair_what_is_in_one_window() {
    for kind in ["inner", "left", "right", "full"] {
        for size in [1_000, 5_000] {
            let expected = joined(kind, |at, since| at / size == since / size);
            let parameters = format!("type: {kind}, window: tumbling, size: {size}ms");
            gives(&join(&parameters), expected);
        }
    }
}

#[test]
fn joins_in_sliding_windows_and_sessions_pair_as_windows_do() {
    let mut expected = Vec::new();
    for start in (-10_000..30_000).step_by(5_000) {
        let window = start..start + 10_000;
        let inside = |at: i64, since: i64| window.contains(&at) && window.contains(&since);
        expected.extend(joined("inner", inside));
    }
    gives(&join("window: sliding, size: 10s, slide: 5s"), expected);
    // Of each key, records less than 3 s apart are one session: ink at 1.5 and 2, pen at 0.5 and 1.
    let expected = joined("inner", |at, since| at - since < 3_000);
    gives(
        &join("window: session, gap: 3s, allowed_lateness: 1s"),
        expected,
    );
}

#[test]
fn joins_with_bounds_are_of_every_type() {
    for kind in ["inner", "left", "right", "full"] {
        for (lower, upper) in [(-1_000, 0), (1, 400)] {
            let expected = joined(kind, |at, since| (lower..=upper).contains(&(since - at)));
            gives(
                &join(&format!("type: {kind}, lower: {lower}ms, upper: {upper}ms")),
                expected,
            );
        }
    }
}

#[test]
fn joins_that_cannot_be_are_refused() {
    for (parameters, needles) in [
        ("type: left", &["parameter type", "inner one"][..]),
        (
            "type: outer, lower: 0",
            &["type", "inner, left, right, full"],
        ),
        (
            "window: tumbling, size: 5s, ttl: 5s",
            &["parameter ttl", "in windows"],
        ),
        ("lower: 0, ttl: 5s", &["parameter ttl", "bounds"]),
        ("size: 5s", &["parameter size", "give window"]),
    ] {
        let mut needles = needles.to_vec();
        needles.push("\"last\"");
        run(&job(&join(parameters)), 1).fails_naming(&needles);
    }
}
