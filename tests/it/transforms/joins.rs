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
