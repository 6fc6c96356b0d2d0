//! Where records go: unions, splits, projections, connected streams, side outputs, distribution over subtasks.

use wasmill_sdk::prelude::*;

use super::logic::{Both, Classify, CoClassify, Count, Labels, Sorter};
use super::{Files, Item};

fn line(name: &'static str, items: Stream<Item>) -> Stream<String> {
    items.map(move |item| format!("{name} {} {} {}", item.key, item.value, item.ts))
}

/// All inputs, the first one twice.
pub(super) fn union(env: &mut Env, files: &Files) {
    let [a, b, c] = [0, 1, 2].map(|input| files.items(env, input));
    files.write(line("item", a.clone().union([&b, &c, &a])));
}

/// A split by text, a split of it by an enum, and a selection of several tags.
pub(super) fn split(env: &mut Env, files: &Files) {
    #[derive(Debug, PartialEq)]
    enum Size {
        Small,
        Large,
    }
    let numbers = files.items(env, 0).split(|item| {
        let parity = if item.value % 2 == 0 { "even" } else { "odd" };
        [Some(parity), (item.value % 3 == 0).then_some("three")]
            .into_iter()
            .flatten()
    });
    let sizes = numbers.select("even").split(|item| match item.value {
        ..100 => Some(Size::Small),
        500.. => Some(Size::Large),
        _ => None,
    });
    let again = sizes.select(Size::Large).split(|item| [item.key % 2]);
    let streams = [
        line("odd", numbers.select("odd")),
        line("odd-or-three", numbers.select_any(["odd", "three"])),
        line("even-small", sizes.select(Size::Small)),
        line("even-large", sizes.select(Size::Large)),
        line("even-large-1", again.select(1)),
        line("none", numbers.select("prime")),
    ];
    let [first, others @ ..] = streams;
    files.write(first.union(&others));
}

/// Two fields in another order.
#[derive(Record, Clone, Debug, PartialEq)]
struct Slim {
    ts: i64,
    key: i64,
}

/// A projection, timestamps, and a lookup.
pub(super) fn project(env: &mut Env, files: &Files) {
    let items = files.timed(env, 0);
    let slim = items.clone().project::<Slim>();
    let stamped = items
        .clone()
        .map_with_timestamp(|item, at| format!("stamped {} {at:?}", item.value));
    let names = items.lookup(
        4,
        |item| item.key,
        |key| format!("name-{}", key * key),
        |item, name| format!("lookup {} {name}", item.value),
    );
    let slim = slim.map(|slim| format!("slim {} {}", slim.ts, slim.key));
    files.write(slim.union([&stamped, &names]));
}

/// Connected streams without keys: as functions and as logic with side outputs.
pub(super) fn connect(env: &mut Env, files: &Files) {
    let (items, words) = (
        files.items(env, 0),
        files.items(env, 1).map(|b| b.value.to_string()),
    );
    let mapped = items.clone().connect(words.clone()).map(
        |item| format!("map {}", item.value),
        |word| format!("map b{word}"),
    );
    let flat = items.clone().connect(words.clone()).flat_map(
        |item, out| (0..item.value % 3).for_each(|i| out.emit(format!("flat {i}"))),
        |word, out| out.emit(format!("flat {word}")),
    );
    let both = items.connect(words).process(|ctx| Both {
        long: ctx.side_output(&OutputTag::new("long")),
        even: ctx.side_output(&OutputTag::new("even")),
    });
    let long = both.side_output(&OutputTag::<String>::new("long"));
    let even = both.side_output(&OutputTag::<i64>::new("even"));
    let streams = [
        both,
        long.map(|word| format!("long {word}")),
        even.map(|value| format!("even {value}")),
        flat,
    ];
    files.write(mapped.union(&streams));
}

/// Side outputs of unkeyed, keyed and co-process operators, one fed by another.
pub(super) fn sides(env: &mut Env, files: &Files) {
    let sorter = |stream: Stream<Item>| {
        let sorted = stream.process(|ctx| Sorter {
            large: ctx.side_output(&OutputTag::new("large")),
            words: ctx.side_output(&OutputTag::new("words")),
        });
        sorted.parallelism(1)
    };
    let first = sorter(files.in_order(env, 0));
    let large = first.side_output(&OutputTag::<Item>::new("large"));
    let second = sorter(large.map(|item| Item {
        value: item.value / 2,
        ..item
    }));
    let still_large = second.side_output(&OutputTag::<Item>::new("large"));
    let keyed = first
        .clone()
        .key_by(|item| item.key)
        .process(|ctx| Classify {
            seen: ctx.value_state("seen"),
            repeated: ctx.side_output(&OutputTag::new("repeated")),
            labels: ctx.side_output(&OutputTag::new("labels")),
        });
    let co = keyed
        .clone()
        .key_by(|item| item.key)
        .connect(second.clone().key_by(|item| item.key))
        .process(|ctx| CoClassify {
            count: ctx.value_state("count"),
            right: ctx.side_output(&OutputTag::new("right")),
        });
    let streams = [
        first
            .side_output(&OutputTag::<String>::new("words"))
            .map(|word| format!("words-1 {word}")),
        line("second", second.clone()),
        second
            .side_output(&OutputTag::<String>::new("words"))
            .map(|word| format!("words-2 {word}")),
        line("still-large", still_large),
        line("keyed", keyed.clone()),
        keyed
            .side_output(&OutputTag::<(i64, i64)>::new("repeated"))
            .map(|(key, n)| format!("repeated {key} {n}")),
        keyed
            .side_output(&OutputTag::<Labels>::new("labels"))
            .map(|label| format!("label {label:?}")),
        co.side_output(&OutputTag::<String>::new("right")),
        co,
    ];
    files.write(line("first", first).union(&streams));
}

/// Tells each record with the subtask that got it.
pub(super) fn spread(
    env: &mut Env,
    files: &Files,
    distribute: impl Fn(Stream<Item>) -> Stream<Item>,
) {
    let items = distribute(files.in_order(env, 0));
    files.write(items.process(|ctx| Count {
        subtask: ctx.place().subtask,
    }));
}
