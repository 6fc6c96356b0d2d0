//! Killed with SIGKILL at random moments and started again, a job publishes exactly what it would have published.
//!
//! Moments lie in the start-up, anywhere in the run, and around the end. The seed is printed first; WASMILL_IT_SEED
//! repeats it (the moments, not what the machine did then). Only published part files are read: what lies beside them
//! is the engine's own business.

use std::path::Path;
use std::time::Duration;

use crate::support::answer::Lines;
use crate::support::kills::going_on;
use crate::support::oracle::{Question, random};
use crate::support::published;
use crate::support::run::{Ended, Run, Running};
use crate::support::wait;

/// A run is paced to last about this long, so that there is something to interrupt.
const PACED_SECONDS: u64 = 2;

/// A series of random numbers from a seed that is printed.
pub(crate) struct Dice {
    test: &'static str,
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// A series that is told.
    pub(crate) fn new(test: &'static str) -> Self {
        let given = std::env::var("WASMILL_IT_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(wait::fresh_seed);
        let dice = Self {
            test,
            seed,
            thrown: 0,
        };
        dice.tell(&format!("WASMILL_IT_SEED={seed}"));
        dice
    }

    /// Says something about the test.
    #[expect(
        clippy::print_stdout,
        reason = "shown when the test fails: the seed repeats it"
    )]
    pub(crate) fn tell(&self, what: &str) {
        println!("{}: {what}", self.test);
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.thrown += 1;
        random(self.thrown, self.seed) % limit
    }
}

/// When a process is to be killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after its start: nothing or little has happened.
    StartUp(u64),
    /// So many milliseconds after its start: in the middle of records and checkpoints.
    Running(u64),
    /// So many milliseconds after 85 % of the output was published: around the end.
    End(u64),
}

impl Moment {
    fn draw(kill: u32, dice: &mut Dice) -> Self {
        match kill % 5 {
            0 => Self::StartUp(dice.below(120)),
            4 => Self::End(dice.below(450)),
            _ => Self::Running(150 + dice.below(700)),
        }
    }

    /// Waits for the moment; false if the process ended before.
    fn comes(self, running: &mut Running, out: &Path, whole: u64) -> bool {
        let after_ms = match self {
            Self::StartUp(ms) | Self::Running(ms) => ms,
            Self::End(ms) => {
                let nearly = |_: &Running| published::bytes(out) * 100 >= whole * 85;
                if !running.reaches("85 % of the output", nearly) {
                    return false;
                }
                ms
            }
        };
        running
            .exits_within(Duration::from_millis(after_ms))
            .is_none()
    }
}

/// What is killed, and how it is started each time.
pub(crate) struct Victim<'a> {
    /// What it answers.
    pub(crate) question: Question<'a>,
    /// Its state backend.
    pub(crate) backend: &'a str,
    /// The parallelism of each start in turn.
    pub(crate) parallelism: &'a [u32],
}

impl Victim<'_> {
    fn command(&self, out: &Path, start: usize) -> Run {
        let Question {
            job, n, keys, epm, ..
        } = self.question;
        Run::bench(job)
            .param("n", n)
            .param("keys", keys)
            .param("epm", epm)
            .param("out", out.display())
            .parallelism(self.parallelism[start % self.parallelism.len()])
            .arg("--state-backend")
            .arg(self.backend)
    }

    /// A start that goes on where the one before was. Data, output and checkpoints lie below one directory.
    pub(crate) fn paced(&self, data: &Path, start: usize) -> Run {
        let run = self
            .command(&data.join("out"), start)
            .param("rate", self.question.n / PACED_SECONDS);
        going_on(run, "200ms", data)
    }

    /// Kills it so many times, each time letting it come to its end in the same place after a few kills.
    fn survives(&self, kills: u32, test: &'static str) {
        let mut dice = Dice::new(test);
        let expected = Lines::expected(&self.question);
        let undisturbed = tempfile::tempdir().expect("a directory");
        self.command(undisturbed.path(), 0).end().success();
        published::lines(undisturbed.path()).must_equal(&expected, "not killed");
        let whole = published::bytes(undisturbed.path());
        let mut killed = 0;
        while killed < kills {
            let data = tempfile::tempdir().expect("a directory");
            let out = data.path().join("out");
            let mut moments = Vec::new();
            let ended = loop {
                let mut running = self.paced(data.path(), moments.len()).start();
                if killed == kills || moments.len() == 5 {
                    break running.end();
                }
                let moment = Moment::draw(killed, &mut dice);
                if !moment.comes(&mut running, &out, whole) {
                    break running.end();
                }
                running.kill();
                killed += 1;
                moments.push(moment);
            };
            let ended = ended.success();
            let restored = ended.summary()["restored_from"].to_string();
            dice.tell(&format!(
                "{killed} kills, now at {moments:?}, restored from {restored}"
            ));
            published::lines(&out).must_equal(&expected, &ended.told());
            self.has_nothing_left(data.path(), &expected, &ended);
        }
    }

    /// Restored once more, a job that has ended publishes nothing again.
    fn has_nothing_left(&self, data: &Path, expected: &Lines, before: &Ended) {
        let again = self.paced(data, 0).end().success();
        let told = format!(
            "restored after its end\n{}\n{}",
            before.told(),
            again.told()
        );
        published::lines(&data.join("out")).must_equal(expected, &told);
    }
}

/// The benchmark job of this name over so many events.
pub(crate) fn question(job: &str, n: u64, keys: u64, epm: u64) -> Question<'_> {
    Question {
        job,
        n,
        keys,
        epm,
        text: "",
    }
}

#[test]
fn counts_survive_ten_kills() {
    let question = question("J2", 100_000, 1_000, 1);
    let victim = Victim {
        question,
        backend: "heap",
        parallelism: &[2],
    };
    victim.survives(10, "J2");
}

#[test]
fn windows_survive_ten_kills() {
    let question = question("J4", 200_000, 500, 1);
    let victim = Victim {
        question,
        backend: "heap",
        parallelism: &[2],
    };
    victim.survives(10, "J4");
}

#[test]
fn a_join_survives_ten_kills() {
    let question = question("J6", 100_000, 1, 2);
    let victim = Victim {
        question,
        backend: "heap",
        parallelism: &[2],
    };
    victim.survives(10, "J6");
}

#[test]
fn counts_survive_kills_with_another_parallelism_each_time() {
    let question = question("J2", 100_000, 1_000, 1);
    let victim = Victim {
        question,
        backend: "heap",
        parallelism: &[1, 3, 2, 4],
    };
    victim.survives(5, "J2 rescaled");
}

#[test]
fn windows_survive_kills_with_another_parallelism_each_time() {
    let question = question("J4", 200_000, 500, 1);
    let victim = Victim {
        question,
        backend: "heap",
        parallelism: &[4, 1, 3, 2],
    };
    victim.survives(5, "J4 rescaled");
}

#[test]
fn a_join_survives_kills_with_another_parallelism_on_rocksdb() {
    let question = question("J6", 100_000, 1, 2);
    let victim = Victim {
        question,
        backend: "rocksdb",
        parallelism: &[2, 4, 1],
    };
    victim.survives(5, "J6 rescaled on rocksdb");
}

#[test]
fn windows_survive_kills_on_rocksdb() {
    let question = question("J4", 200_000, 500, 1);
    let victim = Victim {
        question,
        backend: "rocksdb",
        parallelism: &[2],
    };
    victim.survives(5, "J4 on rocksdb");
}
