//! The component of a running job is swapped for another one: in place where it can be, from a checkpoint where states
//! must be migrated, and not at all where it does not fit; a component that fails is taken back.
//!
//! The jobs are those of `guest-swap` (each bid becomes a line with its number among those of its auction, and the
//! factor of the component that made it) and `guest-evolving`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::cluster::Cluster;
use crate::support::orders::{has_completed, order};
use crate::support::programs::guest;
use crate::support::published::lines;

const BIDS: u64 = 12_000;
const KEYS: u64 = 40;

fn job(data: &Path) -> Value {
    json!({
        "parallelism": 3,
        "parameters": { "n": BIDS, "keys": KEYS, "rate": 800, "out": data.join("out") },
        "settings": { "execution.checkpointing.interval": "50ms" },
    })
}

/// Has a cluster run a job and swaps the component of an operator for each of some files in turn; the answers, and what
/// the job is at its end.
fn swapped(component: &str, uid: &str, files: &[&str], data: &Path) -> (Vec<Value>, Value) {
    let cluster = Cluster::start(&data.join("cluster"));
    let component = cluster.upload(component);
    let id = cluster.run(&component, &job(data));
    has_completed(&cluster, &id);
    let answers = files.iter().map(|file| {
        let file = guest(file);
        order(
            &cluster,
            &id,
            "swap",
            &[uid, file.to_str().expect("a path")],
        )
    });
    let answers = answers.collect();
    cluster.reaches(&id, "FINISHED");
    (answers, cluster.get(&format!("/jobs/{id}")))
}

/// Every bid is told exactly once, with the next number of its auction; gives the factors of each auction in the order
/// of the numbers.
fn factors(out: &Path, told: &str) -> BTreeMap<i64, Vec<i64>> {
    let mut prices = Lines::default();
    let mut numbered: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for line in lines(out).each() {
        let values: Vec<i64> = line
            .split(',')
            .map(|it| it.parse().expect("a number"))
            .collect();
        let [auction, number, factor, price] = values[..] else {
            panic!("{line}");
        };
        let twice = numbered.insert((auction, number), factor);
        assert!(
            twice.is_none(),
            "number {number} of auction {auction} comes twice\n{told}"
        );
        prices.add(format!("{auction},{}", price / factor));
    }
    let mut expected = Lines::default();
    for bid in bids(BIDS, KEYS) {
        expected.add(format!("{},{}", bid.auction, bid.price));
    }
    prices.must_equal(&expected, told);
    let mut factors: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for ((auction, number), factor) in numbered {
        let of_auction = factors.entry(auction).or_default();
        of_auction.push(factor);
        assert_eq!(
            of_auction.len() as i64,
            number,
            "a number is missing\n{told}"
        );
    }
    factors
}

#[test]
fn a_component_is_swapped_at_a_barrier_while_the_job_runs() {
    let data = tempfile::tempdir().expect("a directory");
    let files = ["guest_swap_ten", "guest_swap_one"];
    let (answers, ended) = swapped("guest_swap_one", "number", &files, data.path());
    for answer in &answers {
        assert_eq!(answer["in-place"], true, "{answer}\n{ended}");
    }
    let mut changes = Vec::new();
    for (auction, factors) in factors(&data.path().join("out"), &ended.to_string()) {
        let mut runs = factors.clone();
        runs.dedup();
        changes.push(runs.len());
        // An auction may have had no bid while one of the components was there.
        let mut in_turn = [1, 10, 1].into_iter();
        assert!(
            runs.iter().all(|run| in_turn.any(|turn| turn == *run)),
            "auction {auction}: {runs:?}"
        );
    }
    assert!(
        changes.contains(&3),
        "no auction saw all three: {changes:?}"
    );
    assert_eq!(ended["restarts"], 0, "{ended}");
}

#[test]
fn a_component_that_fails_is_taken_back() {
    let data = tempfile::tempdir().expect("a directory");
    let files = ["guest_swap_broken"];
    let (answers, ended) = swapped("guest_swap_one", "number", &files, data.path());
    let error = answers[0]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("went back") && error.contains("broken"),
        "{error}"
    );
    let factors = factors(&data.path().join("out"), &ended.to_string());
    assert!(factors.values().flatten().all(|factor| *factor == 1));
}

#[test]
fn a_component_that_does_not_fit_is_refused_before_anything_happens() {
    let data = tempfile::tempdir().expect("a directory");
    let files = ["guest_evolving_one"];
    let (answers, ended) = swapped("guest_swap_one", "number", &files, data.path());
    let error = answers[0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("operator \"number\""), "{error}");
    let factors = factors(&data.path().join("out"), &ended.to_string());
    assert!(factors.values().flatten().all(|factor| *factor == 1));
    assert_eq!(ended["restarts"], 0, "{ended}");
}

#[test]
fn what_is_no_operator_of_a_component_cannot_be_swapped() {
    let data = tempfile::tempdir().expect("a directory");
    let files = ["guest_swap_ten"];
    let (answers, _) = swapped("guest_swap_one", "bids", &files, data.path());
    let error = answers[0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("connector of the host"), "{error}");
    let data = tempfile::tempdir().expect("a directory");
    let (answers, _) = swapped("guest_swap_one", "nope", &files, data.path());
    let error = answers[0]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("\"nope\"") && error.contains("number"),
        "{error}"
    );
}

#[test]
fn a_release_with_other_schemas_takes_over_from_a_checkpoint() {
    let data = tempfile::tempdir().expect("a directory");
    let files = ["guest_evolving_two"];
    let (answers, ended) = swapped("guest_evolving_one", "totals", &files, data.path());
    assert_eq!(answers[0]["in-place"], false, "{}\n{}", answers[0], ended);
    let mut totals: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for bid in bids(BIDS, KEYS) {
        let total = totals.entry(bid.auction).or_default();
        total.0 += 1;
        total.1 += bid.price;
    }
    let mut expected = Lines::default();
    for (auction, (count, sum)) in totals {
        expected.add(format!("1,{auction},{count},{sum}"));
    }
    lines(&data.path().join("out")).must_equal(&expected, &ended.to_string());
}
