//! The campaign: many seeds, each of which must hold; and the campaign's own check, robbed of one guard at a time.

use std::fmt::Display;

use super::run::run;
use super::sabotage::Sabotage;
use super::world::Figures;

/// Seeds of the campaign in a test run that does not say how many.
const SEEDS: u64 = 200;

fn tell(what: &dyn Display) {
    println!("{what}");
}

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|it| it.parse().ok())
}

struct Campaign {
    runtime: tokio::runtime::Runtime,
    work_dir: tempfile::TempDir,
}

impl Campaign {
    fn new() -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            work_dir: tempfile::tempdir().expect("a directory"),
        }
    }

    fn run(&self, seed: u64, sabotage: Option<Sabotage>) -> Result<Figures, String> {
        run(seed, sabotage, self.runtime.handle(), self.work_dir.path())
    }
}

#[test]
fn every_seed_is_exactly_once_through_all_faults() {
    let campaign = Campaign::new();
    let seeds = match given("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = given("SIM_FIRST").unwrap_or(1);
            first..first + given("SIM_SEEDS").unwrap_or(SEEDS)
        }
    };
    let mut all = Figures::default();
    for seed in seeds.clone() {
        tell(&format_args!("seed {seed}"));
        match campaign.run(seed, None) {
            Ok(figures) => all += figures,
            Err(why) => panic!("{why}\nrepeat it with: make sim SEED={seed}"),
        }
    }
    tell(&format_args!("{} seeds: {all:?}", seeds.end - seeds.start));
    assert!(all.faults > 0 && all.completed > 0, "nothing happened");
    let rare = [
        all.in_flight,
        all.taken_up,
        all.dealt_out,
        all.partly_ended,
        all.frozen,
    ];
    let few = seeds.end - seeds.start < SEEDS;
    assert!(few || !rare.contains(&0), "something never happened");
}

#[test]
fn a_seed_repeats_itself() {
    let campaign = Campaign::new();
    for seed in 1..=3 {
        let (first, second) = (campaign.run(seed, None), campaign.run(seed, None));
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn a_missing_guard_is_noticed_within_its_seeds() {
    let campaign = Campaign::new();
    for (sabotage, within) in Sabotage::ALL {
        let caught = (1..=within).find_map(|seed| {
            let why = campaign.run(seed, Some(sabotage)).err()?;
            Some((seed, why))
        });
        let Some((seed, why)) = caught else {
            panic!("{sabotage:?}: not noticed within {within} seeds");
        };
        tell(&format_args!("{sabotage:?}: seed {seed}: {why}"));
    }
}
