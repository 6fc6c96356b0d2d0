//! Everything around the processes of a simulated run: clock, disk, target, the dice, and what goes wrong when.
//!
//! A run has a number of faults to spend. When they are spent nothing goes wrong any more, and it has to come to its end
//! within a number of moves: that is the check of liveness.

use std::sync::Arc;

use dataflow::checkpoint::coordinator::CheckpointConfig;
use dataflow::checkpoint::snapshot::CompletedCheckpoint;
use dataflow::clock::ManualClock;
use dataflow::ids::CheckpointId;
use serde_json::Value;
use tokio::runtime::Handle;

use super::damage::names;
use super::dice::Dice;
use super::disk::{Disk, Failing};
use super::input::Input;
use super::job::Parts;
use super::outside::Outside;
use super::sabotage::Sabotage;
use super::zombie::Zombie;
use crate::storage::checkpoint_store::CheckpointStore;

/// Moves in which a run without further faults must end. Runs need some ten thousand.
const MOVES_MAX: u64 = 400_000;

/// One in so many moves is followed by a fault, as long as there are any to spend.
const MOVES_PER_FAULT: u64 = 130;

/// Faults of a run.
const FAULTS: u64 = 40;

/// What can go wrong.
const KINDS: [&str; 12] = [
    "kill",
    "kill",
    "the process dies at a write of the store",
    "the process dies at a write of the store",
    "the process dies while it publishes",
    "the store refuses a write",
    "the store loses the answer of a write",
    "the target refuses to prepare",
    "an operator fails",
    "a snapshot is written late",
    "an answer is lost",
    "a task stands still",
];

/// What is drawn once for a run.
pub(super) struct Plan {
    /// When checkpoints are taken.
    pub(super) checkpoints: CheckpointConfig,
    /// How many are kept.
    pub(super) retained: usize,
    /// Memory for segments (bytes).
    pub(super) network_bytes: u64,
    /// Whether other processes reach the place of the checkpoints and may take the job over, as in a bucket.
    pub(super) shared: bool,
}

/// What a run did and suffered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Moves made.
    pub(super) moves: u64,
    /// Faults.
    pub(super) faults: u64,
    /// Processes that died.
    pub(super) kills: u64,
    /// Attempts that failed within a process that went on.
    pub(super) failures: u64,
    /// Checkpoints that were completed.
    pub(super) completed: u64,
    /// Checkpoints that were given up.
    pub(super) given_up: u64,
    /// Completed ones in which some subtasks behind a source had ended and others had not.
    pub(super) partly_ended: u64,
    /// Checkpoints that were damaged and passed over.
    pub(super) passed_over: u64,
    /// Processes that stood still while others took over.
    pub(super) frozen: u64,
    /// Parts of tasks that had something in flight.
    pub(super) in_flight: u64,
    /// Attempts that went on from something in flight.
    pub(super) taken_up: u64,
    /// Attempts that went on from something in flight at another parallelism.
    pub(super) dealt_out: u64,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.moves += other.moves;
        self.faults += other.faults;
        self.kills += other.kills;
        self.failures += other.failures;
        self.completed += other.completed;
        self.given_up += other.given_up;
        self.partly_ended += other.partly_ended;
        self.passed_over += other.passed_over;
        self.frozen += other.frozen;
        self.in_flight += other.in_flight;
        self.taken_up += other.taken_up;
        self.dealt_out += other.dealt_out;
    }
}

/// What the attempt itself has to do to go wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The process is gone.
    Kill,
    /// A task does nothing for so long (milliseconds).
    Stall(i64),
}

/// The surroundings of a run.
pub(super) struct World {
    /// All chance.
    pub(super) dice: Dice,
    /// The time.
    pub(super) clock: ManualClock,
    /// The checkpoint store.
    pub(super) disk: Arc<Disk>,
    /// What the job is made of; the target of its sink among them.
    pub(super) parts: Parts,
    /// What was drawn for the run.
    pub(super) plan: Plan,
    /// The guard that is missing.
    pub(super) sabotage: Option<Sabotage>,
    /// What happened so far.
    pub(super) figures: Figures,
    /// Waits for futures that are ready.
    pub(super) runtime: Handle,
    /// Whether it tells what happens.
    pub(super) tells: bool,
    faults_left: u64,
    moves_since_fault: u64,
    /// Checkpoints after which the process is killed, whatever else happens.
    ends_after: Option<u64>,
    loses_next: bool,
    late_ms: i64,
    /// What the process that has just frozen was about to make real.
    pub(super) frozen: Option<Box<CompletedCheckpoint>>,
    /// A process that stands still.
    pub(super) zombie: Option<Zombie>,
}

impl World {
    /// The world of a seed.
    pub(super) fn new(seed: u64, sabotage: Option<Sabotage>, runtime: Handle) -> Self {
        let mut dice = Dice::new(seed);
        // An afternoon: files of the run must be older than its later checkpoints.
        let clock = ManualClock::at(1_700_000_000_000);
        let parts = Parts {
            input: Arc::new(Input::draw(&mut dice)),
            outside: Arc::new(Outside::default()),
            trap: Arc::default(),
            seeds: Arc::new(seed.into()),
        };
        if sabotage == Some(Sabotage::NoWithdrawal) {
            parts.outside.keep_all();
        }
        if sabotage == Some(Sabotage::IgnoreMarkers) {
            parts.outside.ignore_markers();
        }
        let aligned = sabotage == Some(Sabotage::NoAlignment);
        let overtakes_after_ms = match dice.below(10) {
            _ if aligned => None,
            0..4 => None,
            4..7 => Some(0),
            _ => Some(dice.between(1, 30) as i64),
        };
        let plan = Plan {
            checkpoints: CheckpointConfig {
                interval_ms: Some(dice.between(4, 40) as i64),
                timeout_ms: dice.between(100, 300) as i64,
                min_pause_ms: dice.below(8) as i64,
                max_concurrent: match overtakes_after_ms {
                    None => dice.between(1, 3) as usize,
                    Some(_) => 1,
                },
                tolerated_failures: dice.between(1, 4) as u32,
                overtakes_after_ms,
            },
            retained: dice.between(1, 3) as usize,
            network_bytes: dice.between(2, 32) * 32 * 1024,
            shared: dice.percent(50) || sabotage == Some(Sabotage::NoFencing),
        };
        Self {
            disk: Arc::new(Disk::new(clock.clone(), runtime.clone())),
            dice,
            clock,
            parts,
            plan,
            sabotage,
            figures: Figures::default(),
            runtime,
            tells: std::env::var_os("SIM_SEED").is_some(),
            faults_left: FAULTS,
            moves_since_fault: 0,
            ends_after: None,
            loses_next: false,
            late_ms: 0,
            frozen: None,
            zombie: None,
        }
    }

    /// Nothing goes wrong, but the process is killed after so many checkpoints.
    pub(super) fn end_after(&mut self, checkpoints: u64) {
        self.spare();
        self.ends_after = Some(checkpoints);
    }

    /// Only so many more moves are made.
    pub(super) fn hurry(&mut self, moves: u64) {
        self.ends_after = None;
        self.moves_since_fault = MOVES_MAX.saturating_sub(moves);
    }

    /// Tells what happens, if one seed is looked at.
    pub(super) fn tell(&self, what: &dyn std::fmt::Display) {
        if self.tells {
            println!("{:>6} {what}", self.figures.moves);
        }
    }

    /// The checkpoints of a process that begins.
    ///
    /// # Errors
    /// They cannot be taken over.
    pub(super) fn process(&self, run: String) -> Result<CheckpointStore, String> {
        if !self.plan.shared || self.sabotage == Some(Sabotage::NoFencing) {
            return Ok(self.checkpoints(run));
        }
        let disk: Arc<Disk> = Arc::clone(&self.disk);
        let store =
            CheckpointStore::taking_over(disk, run, self.plan.retained, self.runtime.clone());
        let store = store.map_err(|error| format!("it cannot be taken over: {error}"))?;
        Ok(store.with_concurrent(self.plan.checkpoints.max_concurrent))
    }

    /// Whether the process stands still now, and somebody else takes its job over.
    pub(super) fn freezes(&mut self) -> bool {
        let may = self.plan.shared && self.faults_left > 0 && self.zombie.is_none();
        if !may || !self.dice.percent(10) {
            return false;
        }
        self.faults_left -= 1;
        self.moves_since_fault = 0;
        self.figures.faults += 1;
        self.figures.frozen += 1;
        true
    }

    /// Perhaps a process that stood still goes on.
    pub(super) fn wake(&mut self) {
        if self.zombie.is_none() || !self.dice.percent(20) {
            return;
        }
        if let Some(zombie) = self.zombie.take() {
            let became = zombie.goes_on();
            self.tell(&format_args!("a zombie went on: {became:?}"));
        }
    }

    /// The checkpoints, whoever has them.
    pub(super) fn checkpoints(&self, run: String) -> CheckpointStore {
        let disk: Arc<Disk> = Arc::clone(&self.disk);
        CheckpointStore::over(disk, run, self.plan.retained, self.runtime.clone())
            .with_concurrent(self.plan.checkpoints.max_concurrent)
    }

    /// Counts a move.
    ///
    /// # Errors
    /// There were too many since the last fault, or something happened that must not.
    pub(super) fn tick(&mut self) -> Result<(), String> {
        self.figures.moves += 1;
        self.moves_since_fault += 1;
        if self.moves_since_fault > MOVES_MAX {
            return Err(format!(
                "no end within {MOVES_MAX} moves after the last fault"
            ));
        }
        self.parts.outside.violation().map_or(Ok(()), Err)
    }

    /// Whether an answer is lost on its way, now.
    pub(super) fn loses_answer(&mut self) -> bool {
        std::mem::take(&mut self.loses_next)
    }

    /// How late the next snapshot is written.
    pub(super) fn lateness_ms(&mut self) -> i64 {
        std::mem::take(&mut self.late_ms) + self.dice.below(4) as i64
    }

    /// Nothing goes wrong any more.
    pub(super) fn spare(&mut self) {
        self.zombie = None;
        self.faults_left = 0;
        self.moves_since_fault = 0;
    }

    /// Perhaps something goes wrong.
    pub(super) fn fault(&mut self) -> Option<Fault> {
        if self
            .ends_after
            .is_some_and(|it| self.figures.completed >= it)
        {
            return Some(Fault::Kill);
        }
        if self.faults_left == 0 || self.dice.below(MOVES_PER_FAULT) > 0 {
            return None;
        }
        self.faults_left -= 1;
        self.moves_since_fault = 0;
        self.figures.faults += 1;
        let kind = self.dice.below(KINDS.len() as u64);
        self.tell(&format_args!("fault: {}", KINDS[kind as usize]));
        match kind {
            0 | 1 => return Some(Fault::Kill),
            2 | 3 => self.disk.dies_in(self.dice.between(1, 12)),
            4 => self.parts.outside.dies_in(self.dice.between(1, 4)),
            5 => self.disk.fail(Failing::Refused),
            6 => self.disk.fail(Failing::AnswerLost),
            7 => self.parts.outside.refuse(),
            8 => {
                let trap = &self.parts.trap;
                trap.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            9 => self.late_ms = self.dice.between(20, 400) as i64,
            10 => self.loses_next = true,
            _ => return Some(Fault::Stall(self.dice.between(5, 300) as i64)),
        }
        None
    }

    /// A process died. What it had in its hands is gone.
    pub(super) fn died(&mut self) {
        self.figures.kills += 1;
        self.disk.revive();
        self.parts.outside.revive();
        self.loses_next = false;
        self.late_ms = 0;
        self.parts
            .trap
            .store(false, std::sync::atomic::Ordering::Relaxed);
    }

    /// A checkpoint has become real: it must be the one that a new process would go on from, and every file that any
    /// kept checkpoint names must be there.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn completed(&mut self, checkpoint: CheckpointId) -> Result<(), String> {
        self.figures.completed += 1;
        let found = self.checkpoints("looks".to_owned()).load_latest();
        let found = found.map_err(|error| format!("{checkpoint} cannot be restored: {error}"))?;
        if found.metadata.checkpoint != checkpoint.0 {
            let other = found.metadata.checkpoint;
            return Err(format!("{other} would be restored, not {checkpoint}"));
        }
        self.missing().map_or(Ok(()), |missing| {
            Err(format!("after {checkpoint}, {missing} is missing"))
        })
    }

    /// Documents of the checkpoints that are kept, by name of their metadata, newest first.
    fn kept(&self) -> Vec<(String, Option<Value>)> {
        let json = |name: &str| serde_json::from_slice::<Value>(&self.disk.read(name)?).ok();
        let current = json("CURRENT").unwrap_or_default();
        let retained = current["retained"].as_array().cloned().unwrap_or_default();
        let names = retained.iter().filter_map(|it| it["metadata"].as_str());
        names.map(|it| (it.to_owned(), json(it))).collect()
    }

    fn missing(&self) -> Option<String> {
        let objects = self.disk.objects();
        let is_there = |name: &String| objects.binary_search_by_key(&name, |(it, _)| it).is_ok();
        self.kept().into_iter().find_map(|(name, document)| {
            let Some(document) = document else {
                return Some(name);
            };
            let file = names(&document).into_iter().find(|it| !is_there(it))?;
            Some(format!("{file} of {name}"))
        })
    }

    /// A file that no kept checkpoint names and that is older than the newest of them.
    pub(super) fn orphan(&self) -> Option<String> {
        let kept = self.kept();
        let since_ms = kept.first()?.1.as_ref()?["triggered_ms"].as_i64()?;
        let named = |name: &String| {
            let documents = kept.iter().filter_map(|(_, document)| document.as_ref());
            let mut documents = documents.map(names);
            documents.any(|files| files.contains(name)) || kept.iter().any(|(it, _)| it == name)
        };
        let objects = self.disk.objects().into_iter();
        let mut old = objects.filter(|(name, at_ms)| name != "CURRENT" && *at_ms < since_ms);
        old.find_map(|(name, _)| (!named(&name)).then_some(name))
    }
}
