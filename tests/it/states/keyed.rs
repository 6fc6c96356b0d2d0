//! Keyed state that expires in event time, and keyed state that is folded, each equal to a naive model.

use std::collections::BTreeMap;

use super::{Bid, Job, PACED, bids};
use crate::support::answer::Lines;

/// What a key remembers: values with the time of their last write.
#[derive(Default)]
struct Model {
    value: Option<(i64, i64)>,
    list: Vec<(i64, i64)>,
    map: BTreeMap<i64, (i64, i64)>,
    sum: Option<(i64, i64)>,
    count: Option<(i64, i64)>,
}

impl Model {
    /// Adds a bid; the line that the job writes for it.
    fn add(&mut self, bid: &Bid, ttl: i64, refresh: bool) -> String {
        let lives = |at: i64| at + ttl > bid.ts;
        let add = |held: &mut Option<(i64, i64)>, amount: i64| {
            let before = held.filter(|held| lives(held.0)).map_or(0, |held| held.1);
            *held = Some((bid.ts, before + amount));
            before + amount
        };
        let value = add(&mut self.value, 1);
        let sum = add(&mut self.sum, bid.price);
        let count = add(&mut self.count, 1);
        self.list.push((bid.ts, bid.price));
        self.map.insert(bid.bidder % 8, (bid.ts, bid.price));
        let list: i64 = self
            .list
            .iter()
            .filter(|it| lives(it.0))
            .map(|it| it.1)
            .sum();
        let map: i64 = self
            .map
            .values()
            .filter(|it| lives(it.0))
            .map(|it| it.1)
            .sum();
        if refresh {
            self.list.retain(|it| lives(it.0));
            self.list.iter_mut().for_each(|it| it.0 = bid.ts);
            let living = self.map.values_mut().filter(|it| lives(it.0));
            living.for_each(|it| it.0 = bid.ts);
        }
        format!(
            "{},{},{value},{list},{map},{sum},{count}",
            bid.auction, bid.ts
        )
    }
}

fn expiring_must_equal_the_model(job: &Job<'_>, parallelism: &[u32]) {
    let mut keys: BTreeMap<i64, Model> = BTreeMap::new();
    let mut expected = Lines::default();
    for bid in bids(job.n, job.keys) {
        let model = keys.entry(bid.auction).or_default();
        expected.add(model.add(&bid, job.ttl as i64, job.kind == "read"));
    }
    let data = tempfile::tempdir().expect("a directory");
    let (lines, ended) = job.survive(data.path(), parallelism);
    lines.must_equal(&expected, &ended.told());
}

const EXPIRING: Job<'_> = Job {
    case: "expiring",
    keys: 100,
    ttl: 120,
    ..PACED
};

#[test]
fn what_has_expired_is_never_seen() {
    for kind in ["write", "read"] {
        for ttl in [1, 120, 1_000_000] {
            let job = Job {
                kind,
                ttl,
                rate: 0,
                n: 5000,
                ..EXPIRING
            };
            expiring_must_equal_the_model(&job, &[3]);
        }
    }
}

#[test]
fn what_expires_survives_kills_with_another_parallelism() {
    expiring_must_equal_the_model(&EXPIRING, &[2, 3]);
}

#[test]
fn what_expires_survives_kills_on_rocksdb() {
    let job = Job {
        kind: "read",
        backend: "rocksdb",
        ..EXPIRING
    };
    expiring_must_equal_the_model(&job, &[3, 1, 2]);
}

fn folds_must_equal_the_model(job: &Job<'_>, parallelism: &[u32]) {
    let mut keys: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for bid in bids(job.n, job.keys) {
        keys.entry(bid.auction).or_default().push(bid.price);
    }
    let mut expected = Lines::default();
    for (auction, prices) in keys {
        let (sum, count) = (prices.iter().sum::<i64>(), prices.len() as i64);
        let largest = prices.iter().max().copied().unwrap_or(0);
        expected.add(format!("1,{auction},{largest},{}", sum / count));
        expected.add(format!("2,{auction},{count},{sum}"));
    }
    let data = tempfile::tempdir().expect("a directory");
    let (lines, ended) = job.survive(data.path(), parallelism);
    lines.must_equal(&expected, &ended.told());
}

#[test]
fn lists_reductions_and_aggregates_equal_the_model() {
    let job = Job {
        case: "folded",
        ..PACED
    };
    folds_must_equal_the_model(
        &Job {
            rate: 0,
            n: 20_000,
            ..job
        },
        &[4],
    );
    folds_must_equal_the_model(
        &Job {
            case: "folded",
            ..PACED
        },
        &[2, 3],
    );
    let job = Job {
        case: "folded",
        backend: "rocksdb",
        ..PACED
    };
    folds_must_equal_the_model(&job, &[3, 2]);
}
