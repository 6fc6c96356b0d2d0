//! Windows of every kind do through the real binary what a naive evaluation does.
//!
//! The job is the guest `guest-window`: one kind of window a run, over the bids of the generator, which are up to 100 ms
//! out of order. Where the order of a key's records matters, one subtask reads.

mod exactly;
mod model;

use std::path::Path;

use crate::support::answer::Lines;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;
use model::{Bid, Windows, add, by_key, global, regular, results, sessions, sum};

/// Bids and auctions of a run.
const N: u64 = 20_000;
const KEYS: u64 = 10;

fn job(case: &str, out: &Path) -> Run {
    Run::new("run", guest("guest_window"))
        .arg("--json")
        .param("case", case)
        .param("out", out.display())
}

/// One run; what it published in `main` and `side`.
fn lines(case: &str, parallelism: u32, adjust: &dyn Fn(Run) -> Run) -> (Lines, Lines) {
    let out = tempfile::tempdir().expect("a directory");
    let run = job(case, out.path())
        .param("n", N)
        .param("keys", KEYS)
        .parallelism(parallelism);
    adjust(run).end().success();
    let folder = |name: &str| published::lines(&out.path().join(name));
    (folder("main"), folder("side"))
}

/// A case must give these results at three subtasks with every function and at one with the first, and nothing is late.
fn check(case: &str, parameters: &[(&str, i64)], functions: &[&str], expected: &Lines) {
    assert!(expected.len() > 0 || functions.contains(&"none"), "{case}");
    for (parallelism, functions) in [(1, &functions[..1]), (3, functions)] {
        for function in functions {
            let (main, side) = lines(case, parallelism, &|mut run| {
                for (name, value) in parameters {
                    run = run.param(name, value);
                }
                run.param("function", function)
            });
            let how = format!("{case} {parameters:?} p={parallelism} {function}");
            main.must_equal(expected, &how);
            assert_eq!(side.len(), 0, "{how}: nothing is late");
        }
    }
}

/// As [`check`], with one reader: the order of a key's records matters.
fn check_ordered(case: &str, parameters: &[(&str, i64)], function: &str, expected: &Lines) {
    assert!(expected.len() > 0, "{case}");
    for parallelism in [1, 3] {
        let (main, _) = lines(case, parallelism, &|mut run| {
            for (name, value) in parameters {
                run = run.param(name, value);
            }
            run.param("ordered", true).param("function", function)
        });
        main.must_equal(expected, &format!("{case} {parameters:?} p={parallelism}"));
    }
}

fn bids() -> Vec<Bid> {
    model::bids(N, KEYS)
}

fn sums(windows: &Windows) -> Lines {
    results(windows, |bids| Some(sum(bids)))
}

#[test]
fn tumbling_windows_with_and_without_offset() {
    let expected = sums(&regular(&bids(), 3_000, 3_000, 0));
    check(
        "tumbling",
        &[("size", 3_000)],
        &["sum", "all", "reduce"],
        &expected,
    );
    let expected = sums(&regular(&bids(), 3_000, 3_000, -700));
    check(
        "offset",
        &[("size", 3_000), ("slide", -700)],
        &["sum", "all"],
        &expected,
    );
}

#[test]
fn sliding_windows_overlap_or_leave_gaps() {
    for (size, slide) in [(4_000, 1_500), (2_000, 1_000), (500, 2_000)] {
        let expected = sums(&regular(&bids(), size, slide, 0));
        check(
            "sliding",
            &[("size", size), ("slide", slide)],
            &["sum", "all"],
            &expected,
        );
    }
}

#[test]
fn sessions_merge() {
    for gap in [5, 30, 90] {
        let expected = sums(&sessions(&bids(), |bid| bid.ts + gap, |_, _| true));
        check("session", &[("size", gap)], &["sum", "all"], &expected);
    }
}

#[test]
fn sessions_whose_gap_each_record_decides() {
    let bids = model::bids(N, 2_000);
    let windows = sessions(&bids, |bid| bid.ts + 100 + bid.price % 900, |_, _| true);
    check(
        "session-by-record",
        &[("keys", 2_000)],
        &["sum", "all"],
        &sums(&windows),
    );
}

#[test]
fn assigners_of_users() {
    let windows = model::assigned(&bids(), |bid| {
        let size = [0, 1_000, 5_000][(bid.price % 3) as usize];
        let start = |size| bid.ts - bid.ts.rem_euclid(size);
        (size > 0).then(|| (start(size), start(size) + size))
    });
    check("own-assigner", &[], &["sum", "all"], &sums(&windows));
    let minute = |time: i64| time.div_euclid(60_000);
    let windows = sessions(
        &model::bids(N, 2),
        |bid| (bid.ts + 40).min(60_000 * (minute(bid.ts) + 1)),
        |a, b| minute(a) == minute(b),
    );
    check(
        "own-sessions",
        &[("size", 40), ("keys", 2)],
        &["sum", "all"],
        &sums(&windows),
    );
}

#[test]
fn count_windows_fire_on_the_last_record() {
    let mut expected = Lines::default();
    for (key, bids) in by_key(&bids()) {
        for window in bids.chunks_exact(7) {
            add(&mut expected, global(key), sum(window));
        }
    }
    for function in ["sum", "all"] {
        check_ordered("count", &[("size", 7)], function, &expected);
    }
}

#[test]
fn sliding_count_windows_see_the_last_records() {
    let mut expected = Lines::default();
    for (key, bids) in by_key(&bids()) {
        for end in (10..=bids.len()).step_by(10) {
            let last = &bids[end.saturating_sub(100)..end];
            add(&mut expected, global(key), sum(last));
        }
    }
    for function in ["sum", "all"] {
        let parameters = [("size", 100), ("slide", 10)];
        check_ordered("count-sliding", &parameters, function, &expected);
    }
}

#[test]
fn a_global_window_fires_by_its_trigger_only() {
    check("global", &[], &["none"], &Lines::default());
    check("never", &[], &["none"], &Lines::default());
    let mut expected = Lines::default();
    for (key, bids) in by_key(&bids()) {
        for end in (50..=bids.len()).step_by(50) {
            add(&mut expected, global(key), sum(&bids[..end]));
        }
    }
    check_ordered("global-count", &[("size", 50)], "sum", &expected);
}

#[test]
fn triggers_of_users_keep_state_fire_and_purge() {
    let mut expected = Lines::default();
    for (place, bids) in regular(&bids(), 3_000, 3_000, 0) {
        let (mut held, mut fired) = (0, 0);
        for bid in bids {
            held += bid.price;
            if bid.price % 2 == 0 {
                fired += 1;
                add(&mut expected, place, held);
                held *= i64::from(fired % 10 != 0);
            }
        }
    }
    check_ordered("own-trigger", &[("size", 3_000)], "sum", &expected);
    check_ordered("own-trigger", &[("size", 3_000)], "all", &expected);
}

#[test]
fn a_given_trigger_replaces_the_default() {
    let mut expected = Lines::default();
    for (place, bids) in regular(&bids(), 3_000, 3_000, 0) {
        for window in bids.chunks_exact(4) {
            add(&mut expected, place, sum(window));
        }
    }
    let parameters = [("size", 3_000), ("slide", 4)];
    check_ordered("purging", &parameters, "sum", &expected);
    check_ordered("purging", &parameters, "all", &expected);
}

#[test]
fn a_trigger_by_difference_compares_with_what_fired_last() {
    let mut expected = Lines::default();
    for (key, bids) in by_key(&bids()) {
        let mut last = bids[0].ts;
        for (index, bid) in bids.iter().enumerate() {
            if bid.ts - last > 500 {
                last = bid.ts;
                add(&mut expected, global(key), sum(&bids[..=index]));
            }
        }
    }
    check_ordered("delta", &[("slide", 500)], "all", &expected);
}

#[test]
fn a_continuous_trigger_fires_early_and_at_the_end() {
    let windows = regular(&bids(), 5_000, 5_000, 0);
    let (main, _) = lines("continuous", 3, &|run| {
        run.param("size", 5_000).param("slide", 500)
    });
    assert!(main.len() > windows.len() as u64, "{} results", main.len());
    assert!(
        sums(&windows).is_within(&main),
        "every window gives its whole sum at its end"
    );
}

#[test]
fn evictors_remove_before_and_after() {
    let windows = regular(&bids(), 3_000, 3_000, 0);
    let size = ("size", 3_000);
    let last = results(&windows, |bids| {
        Some(sum(&bids[bids.len().saturating_sub(20)..]))
    });
    check_ordered("evict-count", &[size, ("slide", 20)], "all", &last);
    let recent = results(&windows, |bids| {
        let latest = bids.iter().map(|bid| bid.ts).max()?;
        let kept = bids.iter().filter(|bid| bid.ts > latest - 250);
        Some(kept.map(|bid| bid.price).sum())
    });
    check_ordered("evict-time", &[size, ("slide", 250)], "all", &recent);
    let near = results(&windows, |bids| {
        let last = bids.last()?.price;
        let kept = bids.iter().filter(|bid| (bid.price - last).abs() < 100_000);
        Some(kept.map(|bid| bid.price).sum())
    });
    check_ordered("evict-delta", &[size, ("slide", 100_000)], "all", &near);
    let even = results(&windows, |bids| {
        let mut kept = bids.iter().filter(|bid| bid.price % 2 == 0).peekable();
        kept.peek()?;
        Some(kept.map(|bid| bid.price).sum())
    });
    check_ordered("own-evictor", &[size], "all", &even);
    let mut after = Lines::default();
    for (key, bids) in by_key(&bids()) {
        let mut held: Vec<Bid> = Vec::new();
        for (index, bid) in bids.iter().enumerate() {
            held.push(*bid);
            if (index + 1) % 20 == 0 {
                add(&mut after, global(key), sum(&held));
                held.drain(..held.len() - 10);
            }
        }
    }
    check_ordered("evict-count-after", &[("slide", 20)], "all", &after);
}

#[test]
fn aggregations_by_name() {
    let windows = regular(&bids(), 3_000, 3_000, 0);
    let prices = |bids: &[Bid]| bids.iter().map(|bid| bid.price).collect::<Vec<_>>();
    let size = [("size", 3_000)];
    let check = |function: &str, value: &dyn Fn(&[Bid]) -> Option<i64>| {
        check("aggregates", &size, &[function], &results(&windows, value));
    };
    check("max", &|bids| prices(bids).into_iter().max());
    check("min", &|bids| prices(bids).into_iter().min());
    check("count", &|bids| Some(bids.len() as i64));
    check("avg", &|bids| {
        Some((sum(bids) as f64 / bids.len() as f64 * 1000.0) as i64)
    });
    for (function, sign) in [("max_by", 1), ("min_by", -1)] {
        let mut expected = Lines::default();
        for bids in windows.values() {
            let by = |bid: &&Bid| (sign * bid.price, sign * bid.bidder);
            let best = bids.iter().max_by_key(by).expect("a window has bids");
            add(&mut expected, (best.key, 0, best.bidder), best.price);
        }
        super::windows::check("aggregates", &size, &[function], &expected);
    }
}

#[test]
fn windows_of_the_whole_stream_have_one_subtask() {
    let mut all = bids();
    all.iter_mut().for_each(|bid| bid.key = 0);
    check(
        "all",
        &[("size", 3_000)],
        &["sum"],
        &sums(&regular(&all, 3_000, 3_000, 0)),
    );
    let windows = sessions(&all, |bid| bid.ts + 3, |_, _| true);
    check("all-sessions", &[("size", 3)], &["sum"], &sums(&windows));
    let mut counted = Lines::default();
    all.chunks_exact(64)
        .for_each(|window| add(&mut counted, global(0), sum(window)));
    check_ordered("count-all", &[("size", 64)], "sum", &counted);
    let mut sliding = Lines::default();
    for end in (30..=all.len()).step_by(30) {
        add(
            &mut sliding,
            global(0),
            sum(&all[end.saturating_sub(70)..end]),
        );
    }
    check_ordered(
        "count-all-sliding",
        &[("size", 70), ("slide", 30)],
        "sum",
        &sliding,
    );
}
