//! Operators of several keyed inputs against nested loops and plain sums.

use std::collections::BTreeMap;

use super::input::{Inputs, Item};
use super::lines;
use crate::support::answer::Lines;

/// The pairs of equal key for which `joins` holds.
fn pairs(inputs: &Inputs, joins: impl Fn(&Item, &Item) -> bool) -> Lines {
    let [a, b, _] = &inputs.items;
    let mut pairs = Vec::new();
    for left in a {
        for right in b {
            if left.key == right.key && joins(left, right) {
                pairs.push(format!("{} {} {}", left.key, left.value, right.value));
            }
        }
    }
    lines(pairs)
}

#[test]
fn three_inputs_share_state_and_timers() {
    let inputs = Inputs::new(400);
    let mut periods: BTreeMap<(i64, i64), [i64; 3]> = BTreeMap::new();
    for (input, items) in inputs.items.iter().enumerate() {
        for item in items {
            let end = item.ts / 100 * 100 + 99;
            periods.entry((item.key, end)).or_default()[input] += item.value;
        }
    }
    let expected = periods
        .iter()
        .map(|((key, end), [a, b, c])| format!("{key} {end} {a} {b} {c}"));
    inputs.check("multi", &lines(expected));
}

#[test]
fn an_interval_join_is_a_nested_loop() {
    let inputs = Inputs::new(400);
    for (lower, upper) in [(-20, 30), (5, 60), (-70, -10), (0, 0)] {
        let expected = pairs(&inputs, |a, b| (lower..=upper).contains(&(b.ts - a.ts)));
        for parallelism in [1, 3] {
            let bounds = [
                ("lower", &*lower.to_string()),
                ("upper", &*upper.to_string()),
            ];
            inputs.check_at(parallelism, "interval", &bounds, &expected);
        }
    }
}

/// The types of outer joins, with whether they keep left and right records that are alone.
const OUTER: [(&str, bool, bool); 3] = [
    ("left", true, false),
    ("right", false, true),
    ("full", true, true),
];

/// A pair as the outer joins write it, of which one side may be missing.
fn row(left: Option<&Item>, right: Option<&Item>) -> String {
    let key = left.or(right).expect("one of them").key;
    let value = |item: Option<&Item>| item.map_or("-".to_owned(), |item| item.value.to_string());
    format!("{key} {} {}", value(left), value(right))
}

/// The outer join of two sets of items, naively.
fn outer_join(
    sides: [&[&Item]; 2],
    keeps: (bool, bool),
    joins: impl Fn(&Item, &Item) -> bool,
) -> Vec<String> {
    let [a, b] = sides;
    let fits = |left: &Item, right: &Item| left.key == right.key && joins(left, right);
    let mut rows = Vec::new();
    for left in a {
        let partners: Vec<_> = b.iter().filter(|right| fits(left, right)).collect();
        if keeps.0 && partners.is_empty() {
            rows.push(row(Some(left), None));
        }
        rows.extend(partners.iter().map(|right| row(Some(left), Some(right))));
    }
    let lonely = b
        .iter()
        .filter(|right| !a.iter().any(|left| fits(left, right)));
    rows.extend(
        lonely
            .filter(|_| keeps.1)
            .map(|right| row(None, Some(right))),
    );
    rows
}

#[test]
fn outer_interval_joins_give_every_record_that_stays_alone_once() {
    let inputs = Inputs::new(400);
    let [a, b] = [0, 1].map(|input| inputs.items[input].iter().collect::<Vec<_>>());
    for (name, left, right) in OUTER {
        for (lower, upper) in [(-3, 4), (-70, -60)] {
            let near = |a: &Item, b: &Item| (lower..=upper).contains(&(b.ts - a.ts));
            let expected = outer_join([&a, &b], (left, right), near);
            assert!(
                expected.iter().any(|row| row.contains('-')),
                "none is alone"
            );
            let (lower, upper) = (lower.to_string(), upper.to_string());
            let parameters = [("type", name), ("lower", &*lower), ("upper", &*upper)];
            inputs.check_at(3, "interval", &parameters, &lines(expected));
        }
    }
}

#[test]
fn outer_window_joins_give_records_that_are_alone_in_their_window() {
    let inputs = Inputs::new(200);
    for (name, left, right) in OUTER {
        let mut expected = Vec::new();
        for start in (0..3000).step_by(25) {
            let inside = |item: &&Item| (start..start + 50).contains(&item.ts);
            let [a, b] = [0, 1].map(|input| {
                inputs.items[input]
                    .iter()
                    .filter(inside)
                    .collect::<Vec<_>>()
            });
            expected.extend(outer_join([&a, &b], (left, right), |_, _| true));
        }
        assert!(
            expected.iter().any(|row| row.contains('-')),
            "none is alone"
        );
        inputs.check_at(3, "window-join", &[("type", name)], &lines(expected));
    }
}

#[test]
fn an_interval_join_can_leave_its_bounds_out() {
    let inputs = Inputs::new(400);
    let expected = pairs(&inputs, |a, b| (-19..=29).contains(&(b.ts - a.ts)));
    inputs.check_at(3, "interval", &[("exclusive", "true")], &expected);
}

#[test]
fn a_regular_join_has_every_pair_once() {
    let inputs = Inputs::new(300);
    inputs.check("join", &pairs(&inputs, |_, _| true));
}

#[test]
fn a_window_join_has_the_pairs_of_every_window() {
    let inputs = Inputs::new(300);
    let [a, b, _] = &inputs.items;
    let mut expected = Vec::new();
    // Windows of 50 ms begin every 25 ms; the items lie within the first 3000.
    for start in (0..3000).step_by(25) {
        let inside = |item: &&Item| (start..start + 50).contains(&item.ts);
        for left in a.iter().filter(inside) {
            for right in b
                .iter()
                .filter(inside)
                .filter(|right| right.key == left.key)
            {
                expected.push(format!("{} {} {}", left.key, left.value, right.value));
            }
        }
    }
    assert!(
        a.iter().chain(b).all(|item| item.ts < 2900),
        "too many items"
    );
    inputs.check("window-join", &lines(expected));
}

#[test]
fn a_co_group_has_both_sides_of_every_window() {
    let inputs = Inputs::new(300);
    let mut groups: BTreeMap<(i64, i64), [(i64, i64); 2]> = BTreeMap::new();
    for (side, items) in inputs.items[..2].iter().enumerate() {
        for item in items {
            let (count, sum) = &mut groups.entry((item.key, item.ts / 50)).or_default()[side];
            *count += 1;
            *sum += item.value;
        }
    }
    let expected = groups.iter().map(|((key, window), [a, b])| {
        format!("{key} {} {} {} {} {}", window * 50, a.0, a.1, b.0, b.1)
    });
    inputs.check("co-group", &lines(expected));
}
