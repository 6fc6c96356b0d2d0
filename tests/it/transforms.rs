//! Every transformation of the SDK through the real binary, at parallelism 1 and 3: the lines it publishes are those of
//! a naive computation over the same input files.
//!
//! Expected lines are computed from plain vectors; nothing here knows how an operator works.

mod input;
mod joins;
mod rolling;

use std::collections::BTreeMap;

use input::{Inputs, Item};

use crate::support::answer::Lines;

/// The lines of a naive computation.
fn lines(lines: impl IntoIterator<Item = String>) -> Lines {
    let mut all = Lines::default();
    lines.into_iter().for_each(|line| all.add(line));
    all
}

fn line(name: &str, item: &Item) -> String {
    format!("{name} {} {} {}", item.key, item.value, item.ts)
}

#[test]
fn a_union_has_every_record_of_every_input_once() {
    let inputs = Inputs::new(500);
    let [a, b, c] = &inputs.items;
    let all = a.iter().chain(b).chain(c).chain(a);
    inputs.check("union", &lines(all.map(|item| line("item", item))));
}

#[test]
fn splits_of_splits_have_the_records_of_their_tags() {
    let inputs = Inputs::new(500);
    let mut expected = Vec::new();
    for item in &inputs.items[0] {
        let odd = item.value % 2 != 0;
        if odd {
            expected.push(line("odd", item));
        }
        if odd || item.value % 3 == 0 {
            expected.push(line("odd-or-three", item));
        }
        if !odd && item.value < 100 {
            expected.push(line("even-small", item));
        }
        if !odd && item.value >= 500 {
            expected.push(line("even-large", item));
            if item.key % 2 == 1 {
                expected.push(line("even-large-1", item));
            }
        }
    }
    inputs.check("split", &lines(expected));
}

#[test]
fn projections_timestamps_and_lookups_see_their_record() {
    let inputs = Inputs::new(300);
    let each = |item: &Item| {
        [
            format!("slim {} {}", item.ts, item.key),
            format!("stamped {} Some({})", item.value, item.ts),
            format!("lookup {} name-{}", item.value, item.key * item.key),
        ]
    };
    let expected = lines(inputs.items[0].iter().flat_map(each));
    inputs.check("project", &expected);
}

#[test]
fn connected_streams_meet_in_one_operator() {
    let inputs = Inputs::new(300);
    for parallelism in [1, 3] {
        let mut expected = Lines::default();
        for item in &inputs.items[0] {
            expected.add(format!("map {}", item.value));
            (0..item.value % 3).for_each(|i| expected.add(format!("flat {i}")));
            let name = ["even", "both"][(item.value % 2) as usize];
            expected.add(format!("{name} {}", item.value));
        }
        for word in inputs.items[1].iter().map(|item| item.value.to_string()) {
            expected.add(format!("map b{word}"));
            expected.add(format!("flat {word}"));
            let long = word.len() >= 3;
            expected.add(if long {
                format!("long {word}")
            } else {
                format!("both b{word}")
            });
        }
        (0..parallelism).for_each(|_| expected.add("both end".to_owned()));
        inputs.check_at(parallelism, "connect", &[], &expected);
    }
}

/// What the sorter of the test component does: (main output, large ones, words).
fn sort(items: &[Item]) -> (Vec<Item>, Vec<Item>, Vec<String>) {
    let words = items.iter().filter(|item| item.value % 3 == 0);
    let words = words.map(|item| format!("three {}", item.value)).collect();
    let (large, rest) = items.iter().partition(|item| item.value >= 500);
    (rest, large, words)
}

#[test]
fn side_outputs_of_every_kind_of_operator_are_streams() {
    let inputs = Inputs::new(1000);
    let (first, large, words_1) = sort(&inputs.items[0]);
    let halved: Vec<Item> = large
        .iter()
        .map(|item| Item {
            value: item.value / 2,
            ..*item
        })
        .collect();
    let (second, still_large, words_2) = sort(&halved);
    let mut expected = Lines::default();
    let mut add =
        |name: &str, items: &[Item]| items.iter().for_each(|i| expected.add(line(name, i)));
    add("first", &first);
    add("second", &second);
    add("still-large", &still_large);
    let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
    let mut firsts = Vec::new();
    let mut others = Vec::new();
    for item in &first {
        let n = seen.entry(item.key).or_default();
        *n += 1;
        match n {
            1 => firsts.push(*item),
            _ => others.push(format!("repeated {} {n}", item.key)),
        }
        match n {
            1 => others.push("label First".to_owned()),
            100 => others.push("label Hundredth".to_owned()),
            _ => {}
        }
    }
    add("keyed", &firsts);
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for item in firsts.iter().chain(&second) {
        let n = counts.entry(item.key).or_default();
        *n += 1;
        others.push(format!("co-n {n}"));
    }
    others.extend(second.iter().map(|item| format!("co-right {}", item.value)));
    others.extend(words_1.iter().map(|word| format!("words-1 {word}")));
    others.extend(words_2.iter().map(|word| format!("words-2 {word}")));
    others.into_iter().for_each(|line| expected.add(line));
    inputs.check("sides", &expected);
}

#[test]
fn rebalance_gives_every_record_to_one_subtask_and_work_to_all() {
    // Many records, because it deals out batches.
    let inputs = Inputs::new(100_000);
    let mut of_subtasks = [0, 0, 0];
    let mut seen = Lines::default();
    for (subtask, value) in inputs.spread("rebalance") {
        of_subtasks[subtask] += 1;
        seen.add(value);
    }
    let values = inputs.items[0].iter().map(|item| item.value.to_string());
    seen.must_equal(&lines(values), "rebalance");
    assert!(of_subtasks.iter().all(|n| *n > 0), "{of_subtasks:?}");
}

#[test]
fn broadcast_gives_every_record_to_every_subtask() {
    let inputs = Inputs::new(500);
    let seen = inputs.spread("broadcast");
    let seen = seen.map(|(subtask, value)| format!("{subtask} {value}"));
    let expected = inputs.items[0].iter().flat_map(|item| {
        let value = item.value;
        (0..3).map(move |subtask| format!("{subtask} {value}"))
    });
    lines(seen).must_equal(&lines(expected), "broadcast");
}
