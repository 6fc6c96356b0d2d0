//! Operator lists: every element once whatever happens, split evenly or given whole when the parallelism changes.

use super::{Job, PACED, bids};
use crate::support::answer::Lines;

/// The lines that fresh subtasks have told about what they found: elements by subtask.
fn found(lines: &Lines, parallelism: u32) -> Vec<u64> {
    let mut found = Vec::new();
    for subtask in 0..parallelism {
        for elements in 0..=PACED.n {
            let line = format!("1,{parallelism},{subtask},{elements}");
            if lines.count_of(|it| it == line) > 0 {
                found.push(elements);
            }
        }
    }
    found
}

fn every_price() -> Lines {
    let mut expected = Lines::default();
    for bid in bids(PACED.n, PACED.keys) {
        expected.add(format!("2,{},0,0", bid.price));
    }
    expected
}

#[test]
fn a_list_is_split_evenly_and_keeps_every_element_once() {
    let data = tempfile::tempdir().expect("a directory");
    let (lines, ended) = PACED.survive(data.path(), &[3, 2]);
    let found = found(&lines, 2);
    let told = lines.without(|line| line.starts_with("1,"));
    told.must_equal(&every_price(), &ended.told());
    assert_eq!(found.len(), 2, "two new subtasks: {found:?}");
    assert!(
        found[0] > 0 && found[0].abs_diff(found[1]) <= 1,
        "{found:?}"
    );
}

#[test]
fn a_list_survives_kills_with_another_parallelism_each_time() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Job { n: 2000, ..PACED };
    let (lines, ended) = job.survive(data.path(), &[2, 4, 1, 3]);
    let mut expected = Lines::default();
    for bid in bids(job.n, job.keys) {
        expected.add(format!("2,{},0,0", bid.price));
    }
    let told = lines.without(|line| line.starts_with("1,"));
    told.must_equal(&expected, &ended.told());
}

#[test]
fn every_subtask_gets_the_whole_union_list() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Job {
        kind: "union",
        ..PACED
    };
    let (lines, ended) = job.survive(data.path(), &[3, 2]);
    for subtask in 0..2 {
        let line = format!("1,2,{subtask},3");
        assert_eq!(
            lines.count_of(|it| it == line),
            1,
            "{line}\n{}",
            ended.told()
        );
    }
    let counted = |n: u64| lines.count_of(|it| it == format!("2,{n},0,0"));
    let sum: u64 = (1..=job.n).map(|n| n * counted(n)).sum();
    assert_eq!(sum, job.n, "{}", ended.told());
}

#[test]
fn what_a_trapped_call_added_to_a_list_is_gone() {
    let data = tempfile::tempdir().expect("a directory");
    let late = bids(PACED.n, PACED.keys).nth(600).expect("a bid").price;
    let failing = PACED.run(data.path(), 2).param("fault", late).end();
    failing.fails_naming(&["operator", &format!("asked to fail at price {late}")]);
    let (lines, ended) = PACED.survive(data.path(), &[2]);
    assert!(
        ended.summary()["restored_from"].is_u64(),
        "{}",
        ended.told()
    );
    let told = lines.without(|line| line.starts_with("1,"));
    told.must_equal(&every_price(), &ended.told());
}
