//! A simulated run from its first process to its end: processes one after the other, attempts within them, and the
//! checks of what the run has published and left behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dataflow::checkpoint::barrier_aligner::CheckpointMode;
use dataflow::clock::Clock;
use dataflow::ids::CheckpointId;
use dataflow::port::state::StateBackendFactory;
use runtime::task::storage_pool::StoragePool;
use tokio::runtime::Handle;

use super::attempt::{Attempt, End, Events, Start, sink_of};
use super::damage::damage;
use super::input::{Rows, SEEN};
use super::job::Shape;
use super::sabotage::{Sabotage, WithoutTimers};
use super::world::{Figures, World};
use super::zombie::Zombie;
use crate::config::{self, Config};
use crate::scheduler::deploy::Deployment;
use crate::scheduler::restore::Inheritance;
use crate::storage::checkpoint_store::{CheckpointStore, Restorable, StoreError};

/// Runs the world of a seed to its end.
///
/// # Errors
/// Something happened that must never happen; a text that says what.
pub(super) fn run(
    seed: u64,
    sabotage: Option<Sabotage>,
    runtime: &Handle,
    work_dir: &std::path::Path,
) -> Result<Figures, String> {
    let mut run = Run::new(World::new(seed, sabotage, runtime.clone()), work_dir);
    run.ends()?;
    Ok(run.world.figures)
}

/// A run.
pub(super) struct Run {
    /// What surrounds it.
    pub(super) world: World,
    work_dir: std::path::PathBuf,
    /// What is to be published.
    answer: Rows,
    /// Number of the newest checkpoint that this process has triggered.
    newest: u64,
    deployments: u32,
    /// The process that has just frozen, given its store.
    frozen: Option<Box<dyn FnOnce(CheckpointStore) -> Zombie>>,
}

impl Run {
    /// A run in a world.
    pub(super) fn new(world: World, work_dir: &std::path::Path) -> Self {
        Self {
            answer: world.parts.input.answer(),
            world,
            work_dir: work_dir.to_owned(),
            newest: 0,
            deployments: 0,
            frozen: None,
        }
    }

    fn ends(&mut self) -> Result<(), String> {
        let mut processes = 0;
        while !self.process(processes)? {
            processes += 1;
            self.world.died();
            self.nothing_twice()?;
            self.perhaps_damage()?;
        }
        self.all_published()?;
        // Once more, with nothing going wrong: there is nothing left to do, and what nobody needs goes.
        self.world.died();
        self.world.spare();
        self.world.plan.checkpoints.max_concurrent = 1;
        self.world.clock.advance_ms(1000);
        if !self.process(processes + 1)? {
            return Err("a job that had ended did not end again".to_owned());
        }
        self.all_published()?;
        self.world
            .orphan()
            .map_or(Ok(()), |name| Err(format!("nobody needs {name}")))
    }

    /// One process; true if the job ended in it, false if it was killed.
    pub(super) fn process(&mut self, number: u32) -> Result<bool, String> {
        let name = format!("p{number}");
        let mut store = self.world.process(name.clone())?;
        self.newest = 0;
        loop {
            let restorable = match store.load_latest() {
                Ok(restorable) => Some(restorable),
                Err(StoreError::Nothing(_)) => None,
                Err(error) => return Err(format!("nothing can be restored: {error}")),
            };
            let from = restorable.as_ref().map(|from| from.metadata.checkpoint);
            let end = self.attempt(&name, &mut store, restorable.as_ref())?;
            self.world
                .tell(&format_args!("{name} from {from:?}: {end:?}"));
            // Time passes between attempts, as it does with any restart strategy.
            self.world.clock.advance_ms(5);
            match end {
                End::Finished => return Ok(true),
                End::Killed => return Ok(false),
                End::Frozen => {
                    self.world.zombie = self.frozen.take().map(|frozen| frozen(store));
                    return Ok(false);
                }
                End::Failed(_) => self.world.figures.failures += 1,
            }
        }
    }

    /// One attempt from a checkpoint, or from the start.
    ///
    /// # Errors
    /// Something happened that must never happen, or the checkpoint is refused.
    pub(super) fn attempt(
        &mut self,
        process: &str,
        store: &mut CheckpointStore,
        restorable: Option<&Restorable>,
    ) -> Result<End, String> {
        let clock: Arc<dyn Clock> = Arc::new(self.world.clock.clone());
        let drawn = Shape::draw(&mut self.world.dice);
        let in_flight = restorable.map(|from| &from.metadata);
        let in_flight = in_flight.filter(|from| from.has_in_flight());
        let shape = match in_flight.and_then(Shape::of) {
            // The same tasks take up what is theirs.
            Some(was) if self.world.dice.percent(50) => was,
            Some(was) => drawn.chained_as(was),
            None => drawn,
        };
        let was = in_flight.and_then(Shape::of);
        self.world.figures.taken_up += u64::from(was == Some(shape));
        self.world.figures.dealt_out += u64::from(was.is_some_and(|was| was != shape));
        let job = shape.job(&self.world.parts, &clock);
        let inheritance = Inheritance::new(&job, restorable);
        let inheritance = inheritance.map_err(|error| error.to_string())?;
        let number = inheritance.attempt().max(self.deployments);
        self.deployments = number + 1;
        let run = format!("{process}-{number}");
        store.begin_run(run.clone());
        let (storage, snapshots) = StoragePool::queued(store.blobs());
        let events: Events = Arc::new(Mutex::new(VecDeque::new()));
        let config = self.config();
        let deployment = Deployment {
            job: &job,
            inheritance: &inheritance,
            config: &config,
            attempt: number,
            clock,
            backends: self.backends(),
            storage: Arc::new(storage),
            events: sink_of(&events),
            run,
            work_dir: self.work_dir.clone(),
        };
        let tasks = match deployment.prepare() {
            Ok(tasks) => tasks,
            // The target died while it published what the checkpoint had prepared.
            Err(_) if self.world.parts.outside.is_dead() => return Ok(End::Killed),
            Err(error) => return Err(format!("it cannot be deployed: {error}")),
        };
        drop(deployment);
        let first = inheritance.next_checkpoint().max(self.newest + 1);
        let start = Start {
            job: &job,
            store,
            tasks,
            events,
            snapshots,
            first: CheckpointId(first),
            number,
        };
        let end = Attempt::open(&mut self.world, start)?.run(&mut self.newest)?;
        if let Some(checkpoint) = self.world.frozen.take() {
            self.frozen = Some(Box::new(move |store| Zombie {
                job,
                attempt: number,
                store,
                checkpoint,
            }));
        }
        Ok(end)
    }

    fn config(&self) -> Config {
        let mut config = config::load(None, &[]).expect("the defaults are a configuration");
        config.checkpoint_interval = Some(Duration::from_millis(1));
        let after_ms = self.world.plan.checkpoints.overtakes_after_ms;
        config.unaligned_after = after_ms.map(|ms| Duration::from_millis(ms.unsigned_abs()));
        config.network_memory_bytes = self.world.plan.network_bytes;
        if self.world.sabotage == Some(Sabotage::NoAlignment) {
            config.checkpoint_mode = CheckpointMode::AtLeastOnce;
        }
        config
    }

    fn backends(&self) -> Arc<dyn StateBackendFactory> {
        let heap = state::HeapBackendFactory::new();
        match self.world.sabotage {
            Some(Sabotage::LoseTimers) => Arc::new(WithoutTimers(heap)),
            _ => Arc::new(heap),
        }
    }

    /// Sometimes the newest checkpoint is damaged while no process runs. It must be noticed.
    fn perhaps_damage(&mut self) -> Result<(), String> {
        if !self.world.dice.percent(25) {
            return Ok(());
        }
        let forge = self.world.sabotage == Some(Sabotage::NoHashes);
        let world = &mut self.world;
        let Some(damaged) = damage(&world.disk, &mut world.dice, forge) else {
            return Ok(());
        };
        world.figures.passed_over += 1;
        world.tell(&format_args!("checkpoint {damaged} is damaged"));
        let found = world.checkpoints("looks".to_owned()).load_latest();
        match found {
            Ok(found) if !forge && found.metadata.checkpoint == damaged => {
                Err(format!("damage to checkpoint {damaged} was not noticed"))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(format!("the one before {damaged} is not taken: {error}")),
        }
    }

    /// What is published now is part of the answer, each row once.
    fn nothing_twice(&self) -> Result<(), String> {
        let published = self.world.parts.outside.published();
        let mut rows = published.iter().filter(|(row, _)| row[0] != SEEN);
        let wrong = rows.find(|(row, count)| self.answer.get(*row).is_none_or(|it| it < count));
        wrong.map_or(Ok(()), |(row, count)| {
            Err(format!("{row:?} is published {count} times"))
        })
    }

    fn all_published(&self) -> Result<(), String> {
        self.nothing_twice()?;
        let published = self.world.parts.outside.published();
        let lost = self.answer.keys().find(|row| !published.contains_key(*row));
        if let Some(row) = lost {
            return Err(format!("{row:?} was never published"));
        }
        let seen = published.iter().filter(|(row, _)| row[0] == SEEN);
        let seen: i64 = seen.map(|(row, count)| row[1] * count).sum();
        // Behind the sources they are counted twice.
        let all = 2 * self.world.parts.input.len() as i64;
        if seen != all {
            return Err(format!("{seen} records are counted, not {all}"));
        }
        Ok(())
    }
}
