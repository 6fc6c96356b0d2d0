//! Rolling operators: after every record, what plain loops over all records of the key so far come to.

use std::collections::BTreeMap;

use super::input::{Inputs, Item};
use super::{line, lines};

/// What each operator says about a key whose records so far are these.
fn said(so_far: &[Item]) -> Vec<String> {
    let (key, last) = (so_far[0].key, so_far[so_far.len() - 1]);
    let values = || so_far.iter().map(|item| item.value);
    let sum: i64 = values().sum();
    let (min, max) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
    let first_with = |value: i64| so_far.iter().find(|item| item.value == value);
    let mut fold = String::new();
    for value in values() {
        fold = format!("{fold}.{value}").chars().rev().take(8).collect();
    }
    let mut said = vec![
        line("reduce", &Item { value: sum, ..last }),
        format!("fold {fold}"),
        format!("sum {key} {sum}"),
        format!("avg {key} {}", sum as f64 / so_far.len() as f64),
        format!("min {key} {min}"),
        format!("max {key} {max}"),
        format!("count {key} {}", so_far.len()),
    ];
    said.extend(first_with(min).map(|item| line("min_by", item)));
    said.extend(first_with(max).map(|item| line("max_by", item)));
    let top = |of: &[Item]| {
        let mut values: Vec<i64> = of.iter().map(|item| item.value).collect();
        values.sort_unstable_by(|a, b| b.cmp(a));
        values.truncate(3);
        values
    };
    let (before, after) = (top(&so_far[..so_far.len() - 1]), top(so_far));
    if before != after {
        let values: Vec<String> = after.iter().map(ToString::to_string).collect();
        said.push(format!("top_n {key} {}", values.join(" ")));
    }
    let new = |item: &Item| item.value != last.value;
    if so_far[..so_far.len() - 1].iter().all(new) {
        said.push(line("dedup", &last));
    }
    said
}

#[test]
fn rolling_operators_tell_every_update() {
    let inputs = Inputs::new(600);
    let mut by_key: BTreeMap<i64, Vec<Item>> = BTreeMap::new();
    let mut expected = Vec::new();
    for item in &inputs.items[0] {
        let so_far = by_key.entry(item.key).or_default();
        so_far.push(*item);
        expected.extend(said(so_far));
    }
    inputs.check("rolling", &lines(expected));
}
