//! All rolling operators at once, each a line with its name in front.

use wasmill_sdk::prelude::*;

use super::{Files, Item};

fn pair<V: Row + std::fmt::Display>(
    name: &'static str,
    stream: Stream<(i64, V)>,
) -> Stream<String> {
    stream.map(move |(key, value)| format!("{name} {key} {value}"))
}

fn item(name: &'static str, stream: Stream<Item>) -> Stream<String> {
    stream.map(move |item| format!("{name} {} {} {}", item.key, item.value, item.ts))
}

/// The records of input `a`, in their order, by key.
pub(super) fn rolling(env: &mut Env, files: &Files) {
    let items = files.timed(env, 0);
    let keyed = || items.clone().key_by(|item: &Item| item.key);
    let best = keyed().top_n(3, |item| item.value);
    let streams = [
        item(
            "reduce",
            keyed().reduce(|a, b| Item {
                value: a.value + b.value,
                ..b
            }),
        ),
        keyed()
            .fold(String::new(), |text, item| {
                let text = format!("{text}.{}", item.value);
                text.chars().rev().take(8).collect()
            })
            .map(|text| format!("fold {text}")),
        pair("sum", keyed().sum(|item| item.value)),
        pair("avg", keyed().avg(|item| item.value)),
        pair("min", keyed().min(|item| item.value)),
        pair("max", keyed().max(|item| item.value)),
        pair("count", keyed().count()),
        item("min_by", keyed().min_by(|item| item.value)),
        item("max_by", keyed().max_by(|item| item.value)),
        best.map(|(key, best)| {
            let values: Vec<String> = best.iter().map(|item| item.value.to_string()).collect();
            format!("top_n {key} {}", values.join(" "))
        }),
        item(
            "dedup",
            items.clone().key_by(|item| (item.key, item.value)).dedup(),
        ),
    ];
    let [first, others @ ..] = streams;
    files.write(first.union(&others));
}
