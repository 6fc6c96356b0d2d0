//! Jobs drawn at random, run by the real binary and computed once more in here, naively and on one thread.
//!
//! Each test draws from a family of jobs whose result is defined whatever the interleaving (no record is late, or only
//! what is conserved is looked at). A job is a function of its seed, which is printed before it runs:
//! `WASMILL_IT_SEED=<seed> WASMILL_IT_JOBS=1 cargo it -- random_jobs::<test>` runs it alone, and WASMILL_IT_JOBS sets how
//! many jobs each test draws. What fails is made smaller before it is shown.

use crate::support::wait::fresh_seed;

mod check;
mod draw;
mod naive;
mod run;
mod shrink;
mod spec;

use check::check;
use draw::{Draw, Family};
use spec::Spec;

/// Jobs that each family draws.
const JOBS: u64 = 50;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(
    clippy::print_stdout,
    reason = "shown when the test fails: the seed repeats it"
)]
fn tell(test: &str, what: &str) {
    println!("random_jobs::{test}: {what}");
}

/// Draws jobs of a family and checks each.
fn all_hold(test: &str, family: Family) {
    let first = from_environment("WASMILL_IT_SEED").unwrap_or_else(fresh_seed);
    let jobs = from_environment("WASMILL_IT_JOBS").unwrap_or(JOBS);
    tell(test, &format!("WASMILL_IT_SEED={first}, {jobs} jobs"));
    for seed in first..first + jobs {
        let spec = Spec::draw(&mut Draw::new(seed), family);
        let Err(failure) = check(&spec) else {
            continue;
        };
        let (smaller, failure) = shrink::shrink(spec, failure);
        panic!(
            "{failure}\nthe job, made smaller: {}\nat {:?}\n\
             replay: WASMILL_IT_SEED={seed} WASMILL_IT_JOBS=1 cargo it -- random_jobs::{test} --nocapture",
            smaller.to_json(),
            smaller.how,
        );
    }
}

#[test]
fn windows_of_time_are_exact() {
    all_hold("windows_of_time_are_exact", Family::Time);
}

#[test]
fn sessions_are_exact() {
    all_hold("sessions_are_exact", Family::Sessions);
}

#[test]
fn windows_and_triggers_of_counts_are_exact() {
    all_hold("windows_and_triggers_of_counts_are_exact", Family::Counts);
}

#[test]
fn early_results_come_to_the_whole() {
    all_hold("early_results_come_to_the_whole", Family::Early);
}

#[test]
fn no_record_disappears_uncounted() {
    all_hold("no_record_disappears_uncounted", Family::Late);
}
