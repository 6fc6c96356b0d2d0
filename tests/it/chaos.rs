//! The real binary through whatever a machine does to it: killed, frozen while another process wants its place, its
//! checkpoints damaged anywhere, its disk full. The output is the oracle's, exactly, or the message says why not.
//!
//! One round is one disturbance. `CHAOS_ROUNDS` says how many (`make chaos ROUNDS=60`), `WASMILL_IT_SEED` repeats their
//! choice; what the machine did meanwhile cannot be repeated, that is what the simulation is for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::damage::{files, job_folder, retained};
use crate::kill::{Dice, Victim, question};
use crate::support::answer::Lines;
use crate::support::oracle::Question;
use crate::support::published;
use crate::support::run::Running;

/// Rounds of an ordinary test run.
const ROUNDS: u64 = 6;

/// Disturbances of one job before it is left alone.
const ROUNDS_PER_JOB: u64 = 5;

/// A job that is disturbed, with everything it has on disk.
struct Job<'a> {
    victim: Victim<'a>,
    data: tempfile::TempDir,
    starts: usize,
}

impl Job<'_> {
    fn checkpoints(&self) -> PathBuf {
        self.data.path().join("checkpoints")
    }

    fn start(&mut self) -> Running {
        self.starts += 1;
        self.victim.paced(self.data.path(), self.starts).start()
    }

    /// Kills it at some moment; false if it ended before.
    fn is_killed(&mut self, dice: &mut Dice) -> bool {
        let mut running = self.start();
        let moment = Duration::from_millis(dice.below(900));
        if running.exits_within(moment).is_some() {
            return false;
        }
        running.kill();
        true
    }

    /// Freezes it. Nobody else gets its place meanwhile, and it goes on as if nothing had been.
    fn is_frozen(&mut self, dice: &mut Dice) -> bool {
        let checkpoints = self.checkpoints();
        let current = || fs::read(job_folder(&checkpoints)?.join("CURRENT")).ok();
        let before = current();
        let mut running = self.start();
        // With a checkpoint of its own the place is its own, too.
        let begun = |_: &Running| current().is_some_and(|now| Some(now) != before);
        if !running.reaches("a checkpoint", begun) {
            return false;
        }
        running.signal("STOP");
        let second = self.victim.paced(self.data.path(), self.starts).end();
        second.fails_naming(&["in use by another process"]);
        running.signal("CONT");
        let moment = Duration::from_millis(dice.below(500));
        if running.exits_within(moment).is_none() {
            running.kill();
            return true;
        }
        false
    }

    /// Damages a file that only its newest checkpoint has, if there is an older one. Its next start says so.
    fn is_damaged(&mut self, dice: &mut Dice) -> bool {
        let folder = job_folder(&self.checkpoints());
        let Some(folder) = folder.filter(|folder| retained(folder).len() >= 2) else {
            return self.is_killed(dice);
        };
        let kept = retained(&folder);
        let older: BTreeSet<String> = kept[1..].iter().flat_map(|it| files(&folder, it)).collect();
        let mut own = files(&folder, &kept[0]);
        own.retain(|name| !older.contains(name));
        let name = &own[dice.below(own.len() as u64) as usize];
        let how = harm(&folder.join(name), dice);
        dice.tell(&format!("{name} {how}"));
        let mut running = self.start();
        let told = |it: &Running| it.errors().contains("the one before");
        // It says so before the first record, and may have come to its end by now.
        let still_runs = running.reaches("a word on the damage", told);
        assert!(still_runs, "not a word: {}", running.errors());
        running.kill();
        true
    }
}

/// Flips a bit, cuts, or removes a file; says what it did.
fn harm(path: &Path, dice: &mut Dice) -> String {
    let mut bytes = fs::read(path).expect("a file of the checkpoint");
    let at = dice.below(bytes.len().max(1) as u64) as usize;
    match dice.below(3) {
        0 => fs::remove_file(path).expect("it can be removed"),
        1 => fs::write(path, &bytes[..at]).expect("it can be cut"),
        _ if bytes.is_empty() => fs::write(path, "x").expect("it can be written"),
        _ => {
            bytes[at] ^= 1 << dice.below(8);
            fs::write(path, bytes).expect("it can be written");
        }
    }
    format!("harmed at byte {at}")
}

fn victim(dice: &mut Dice) -> Victim<'static> {
    const JOBS: [(&str, u64, u64, u64); 3] = [
        ("J2", 100_000, 1_000, 1),
        ("J4", 200_000, 500, 1),
        ("J6", 100_000, 1, 2),
    ];
    const WIDTHS: [&[u32]; 3] = [&[2], &[1, 3], &[4, 2, 1]];
    let (name, n, keys, epm) = JOBS[dice.below(3) as usize];
    Victim {
        question: question(name, n, keys, epm),
        backend: ["heap", "rocksdb"][dice.below(2) as usize],
        parallelism: WIDTHS[dice.below(3) as usize],
    }
}

fn disturbed(dice: &mut Dice, rounds: u64) {
    let mut job = Job {
        victim: victim(dice),
        data: tempfile::tempdir().expect("a directory"),
        starts: 0,
    };
    let (name, backend) = (job.victim.question.job, job.victim.backend);
    for _ in 0..rounds {
        let (kind, goes_on) = match dice.below(6) {
            0..3 => ("killed", job.is_killed(dice)),
            3 => ("frozen", job.is_frozen(dice)),
            _ => ("damaged", job.is_damaged(dice)),
        };
        dice.tell(&format!("{name} on {backend} {kind}"));
        if !goes_on {
            break;
        }
    }
    let ended = job.start().end().success();
    let expected = Lines::expected(&job.victim.question);
    published::lines(&job.data.path().join("out")).must_equal(&expected, &ended.told());
}

#[test]
fn output_is_exact_through_chaos() {
    let given = std::env::var("CHAOS_ROUNDS").ok();
    let rounds = given.and_then(|it| it.parse().ok()).unwrap_or(ROUNDS);
    let mut dice = Dice::new("chaos");
    let mut done = 0;
    while done < rounds {
        let some = ROUNDS_PER_JOB.min(rounds - done);
        disturbed(&mut dice, some);
        done += some;
        dice.tell(&format!("{done} of {rounds} rounds"));
    }
}

/// A small disk of its own, until it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None if this user may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=6m", "none"]);
        let mounted = mount.arg(folder.path()).output().ok()?.status.success();
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is being killed may have a file open.
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "umount");
    }
}

#[test]
fn on_a_full_disk_checkpoints_fail_and_the_job_goes_on() {
    let dice = Dice::new("full disk");
    let Some(disk) = SmallDisk::mount() else {
        dice.tell("SKIPPED: a small disk cannot be mounted here (needs root)");
        return;
    };
    let data = tempfile::tempdir().expect("a directory");
    let question: Question<'_> = question("J2", 100_000, 1_000, 1);
    let out = data.path().join("out");
    let checkpoints = disk.0.path().join("checkpoints");
    let run = crate::support::run::Run::bench(question.job)
        .param("n", question.n)
        .param("keys", question.keys)
        .param("epm", question.epm)
        .param("out", out.display())
        .param("rate", question.n / 4)
        .set("data.tmp-dir", data.path())
        .set(
            "execution.checkpointing.tolerable-failed-checkpoints",
            "1000",
        )
        .checkpoints("100ms", &checkpoints);
    let mut running = run.start();
    let begun = |_: &Running| published::has_checkpoint(&checkpoints);
    assert!(
        running.reaches("a checkpoint", begun),
        "{}",
        running.errors()
    );
    let ballast = disk.0.path().join("ballast");
    // It ends with an error: that is when the disk is full.
    let _ = fs::write(&ballast, vec![0; 8 << 20]);
    let told = |it: &Running| {
        let errors = it.errors();
        errors.contains("given up") && errors.contains("No space left")
    };
    assert!(
        running.reaches("a word on it", told),
        "{}",
        running.errors()
    );
    fs::remove_file(&ballast).expect("the ballast can be removed");
    let ended = running.end().success();
    published::lines(&out).must_equal(&Lines::expected(&question), &ended.told());
}
