//! What an encoding of values costs an operator: decode a record, change one field, encode it, in the guest and, the
//! same code, natively.
//!
//! `make bench-crossing`, or `cargo bench -p wasm --bench encoding --profile release [-- --quick]`. Batches of 1,024
//! records. The guest's figures contain the crossing, whose share is what passing the same bytes through costs. It
//! fails if rows no longer beat Avro binary, or cost an operator that takes records more than columns would.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/guests/behaviors/src/encodings/mod.rs"]
mod encodings;
#[path = "../tests/support/mod.rs"]
mod support;
mod turns;

use std::hint::black_box;
use std::process::ExitCode;

use dataflow::element::{Batch, Column};
use dataflow::port::operator::Operator;
use encodings::{Bid, Person, Values, avro, columns, rows};
use support::{behaviors, open, runtime};
use turns::{Effort, Guard, Turns};
use wasm::{Component, GuestLimits};

const EFFORT: Effort = Effort {
    rounds: 31,
    turn_ns: 4_000_000,
};

const RECORDS: usize = 1024;

/// Strings of a length that is neither always short nor always the same.
const NAMES: [&str; 8] = [
    "Ada Lovelace",
    "Bo",
    "Konrad Ernst Otto Zuse",
    "Grace Hopper",
    "Emmy",
    "Alan Mathison Turing",
    "Niklaus Wirth",
    "Barbara",
];

const CITIES: [&str; 5] = ["Rome", "Amsterdam", "Ulm", "Rio de Janeiro", "Leipzig"];

/// One row of the table.
struct Case {
    label: &'static str,
    bytes_per_record: f64,
    /// Contestants: passed through by a guest, rewritten by a guest, rewritten natively.
    contestants: [usize; 3],
}

fn main() -> ExitCode {
    let bids: Vec<Bid> = (0..RECORDS).map(bid).collect();
    let persons: Vec<Person<'_>> = (0..RECORDS).map(person).collect();
    let runtime = runtime();
    let component = behaviors(&runtime);
    let mut turns = Turns::default();
    let cases = [
        ("rows-bid", rows::from_bids(&bids)),
        ("columns-bid", columns::from_bids(&bids)),
        ("one-column-bid", columns::from_bids(&bids)),
        ("avro-bid", avro::from_bids(&bids)),
        ("rows-person", rows::from_persons(&persons)),
        ("columns-person", columns::from_persons(&persons)),
        ("one-column-person", columns::from_persons(&persons)),
        ("avro-person", avro::from_persons(&persons)),
    ]
    .map(|(label, values)| case(&mut turns, &component, label, values));
    check_changes(&bids, &persons);
    let figures = turns.run(EFFORT.asked_for());
    println!("| values | bytes a record | passed through | rewritten in the guest | natively |");
    println!("|---|---|---|---|---|");
    for case in &cases {
        let cells = case.contestants.map(|at| format!("{:.1}", figures[at]));
        let (label, bytes) = (case.label, case.bytes_per_record);
        println!("| {label} | {bytes:.1} | {} |", cells.join(" | "));
    }
    let in_guest = |label| {
        let case = cases.iter().find(|case| case.label == label);
        case.map_or(f64::NAN, |case| figures[case.contestants[1]])
    };
    let mut guard = Guard::default();
    for (what, less, percent, more) in [
        ("numbers: rows beat Avro", "rows-bid", 70, "avro-bid"),
        ("strings: rows beat Avro", "rows-person", 100, "avro-person"),
        (
            "numbers: rows cost what columns cost",
            "rows-bid",
            130,
            "columns-bid",
        ),
        (
            "strings: rows cost what columns cost",
            "rows-person",
            130,
            "columns-person",
        ),
    ] {
        guard.at_most(what, in_guest(less), percent, in_guest(more));
    }
    guard.exit_code()
}

fn bid(index: usize) -> Bid {
    let random = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Bid {
        auction: (random >> 20) as i64 % 1_000,
        bidder: (random >> 30) as i64 % 100_000,
        price: 1 + (random >> 44) as i64,
        ts: 1_600_000_000_000 + index as i64,
    }
}

fn person(index: usize) -> Person<'static> {
    let random = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    Person {
        id: index as i64 + 1_000_000,
        name: NAMES[random as usize % NAMES.len()],
        city: CITIES[random as usize % CITIES.len()],
        ts: 1_600_000_000_000 + index as i64,
    }
}

fn case<'a>(
    turns: &mut Turns<'a>,
    component: &Component,
    label: &'static str,
    values: Values,
) -> Case {
    let batch = Batch {
        count: values.count as u32,
        values: Column {
            ends: values.ends.clone(),
            data: values.data.clone(),
        },
        ..Batch::default()
    };
    let mut in_guest = |behavior: &str| {
        let mut guest = open(component, behavior, GuestLimits::default());
        let batch = batch.clone();
        turns.add(move || {
            let consumed = guest.process(0, &batch).expect("the guest is good");
            guest.call().commit().expect("there is no state");
            guest.call().output.clear();
            consumed as usize
        })
    };
    let passed = in_guest("echo");
    let rewritten = in_guest(&format!("rewrite-{label}"));
    let bytes_per_record = (4 * values.ends.len() + values.data.len()) as f64 / RECORDS as f64;
    let native = turns.add(move || {
        let values = black_box(&values);
        let rewritten = encodings::rewrite(label, values).expect("the values are good");
        black_box(rewritten).count
    });
    Case {
        label,
        bytes_per_record,
        contestants: [passed, rewritten, native],
    }
}

/// All encodings compute the same.
fn check_changes(bids: &[Bid], persons: &[Person<'_>]) {
    let mut bids_after = bids.to_vec();
    bids_after.iter_mut().for_each(Bid::change);
    let mut persons_after = persons.to_vec();
    persons_after.iter_mut().for_each(Person::change);
    for (name, before, after) in [
        (
            "rows-bid",
            rows::from_bids(bids),
            rows::from_bids(&bids_after),
        ),
        (
            "columns-bid",
            columns::from_bids(bids),
            columns::from_bids(&bids_after),
        ),
        (
            "one-column-bid",
            columns::from_bids(bids),
            columns::from_bids(&bids_after),
        ),
        (
            "avro-bid",
            avro::from_bids(bids),
            avro::from_bids(&bids_after),
        ),
        (
            "rows-person",
            rows::from_persons(persons),
            rows::from_persons(&persons_after),
        ),
        (
            "columns-person",
            columns::from_persons(persons),
            columns::from_persons(&persons_after),
        ),
        (
            "one-column-person",
            columns::from_persons(persons),
            columns::from_persons(&persons_after),
        ),
        (
            "avro-person",
            avro::from_persons(persons),
            avro::from_persons(&persons_after),
        ),
    ] {
        assert_eq!(encodings::rewrite(name, &before), Some(after), "{name}");
    }
}
