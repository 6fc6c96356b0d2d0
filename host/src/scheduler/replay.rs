//! Dead letters in the tasks of a running job: read while the attempt goes on, sent by mail, answered when a checkpoint is
//! complete that has what came of them.
//!
//! Invariant: a letter is given to a task at most once an attempt, and only if no completed checkpoint has it. The tasks
//! note what they took in the same checkpoint as what came of it, and what a checkpoint has noted is published before the
//! tasks of the next attempt run; so within an attempt what was sent is known here, and what earlier ones did is in the
//! folder. If a checkpoint is given up, a later one of the same attempt has both.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::checkpoint::coordinator::Decision;
use dataflow::ids::TaskId;
use runtime::task::mailbox::Mail;
use runtime::task::replay::ReplayedLetter;

use super::attempt::{Attempt, Event, Progress};
use super::command::{CommandError, Reply};
use super::job::Job;
use super::order::Order;
use crate::dead_letters::folder::Places;
use crate::dead_letters::inbox::Round;

/// Dead letters to be replayed: as many as are replayed together.
#[derive(Debug)]
pub(crate) struct ReplayOrder {
    /// Only those of the chain with this operator (uid).
    pub(crate) operator: Option<String>,
    /// The files they are in, by folder: letters that come meanwhile are not replayed.
    pub(crate) scope: Arc<BTreeMap<String, Vec<String>>>,
    /// What came of the order so far.
    pub(crate) replayed: Replayed,
    /// Told when that is in a completed checkpoint.
    pub(crate) reply: Reply<Replayed>,
}

/// What came of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// The letters that tasks were given, by folder. A task whose input has ended takes none.
    pub(crate) sent: BTreeMap<String, Places>,
    /// Whether there may be more.
    pub(crate) is_full: bool,
    /// Letters of the scope that cannot be replayed, if there are no more.
    pub(crate) refused: u64,
    /// Why, for some of them.
    pub(crate) reasons: Vec<String>,
}

/// What an attempt knows of replayed letters.
#[derive(Debug, Default)]
pub(super) struct ReplayState {
    /// What its tasks were given, by folder.
    sent: BTreeMap<String, Places>,
    /// Whether letters are being read.
    reading: bool,
}

impl ReplayOrder {
    /// Its letters are in a completed checkpoint.
    pub(super) fn carried_out(self) {
        // Whoever asked may have gone.
        drop(self.reply.send(Ok(self.replayed)));
    }

    fn read(&self, job: &Job, sent: &BTreeMap<String, Places>) -> Result<Round, String> {
        let (mut round, nothing) = (Round::default(), Places::new());
        for inbox in job.inboxes.values() {
            let name = inbox.name();
            let wanted = self.operator.as_ref().is_none_or(|uid| inbox.has(uid));
            let Some(scope) = self.scope.get(&name).filter(|_| wanted) else {
                continue;
            };
            let sent = sent.get(&name).unwrap_or(&nothing);
            let read = inbox.read(scope, sent, &mut round);
            read.map_err(|error| crate::one_line(&error))?;
        }
        Ok(round)
    }
}

impl Attempt {
    /// Why dead letters cannot be replayed now.
    pub(super) fn objection_to_replay(
        &self,
        progress: &Progress,
        order: &ReplayOrder,
    ) -> Option<CommandError> {
        let waiting = progress.waiting.iter().map(|(_, order)| order);
        let mut orders = progress.asked.iter().chain(waiting);
        if progress.replay.reading || orders.any(|it| matches!(it, Order::Replay(_))) {
            return Some(CommandError::NotNow("replaying dead letters already"));
        }
        let mut inboxes = self.job.inboxes.values();
        let uid = order.operator.as_ref()?;
        (!inboxes.any(|inbox| inbox.has(uid))).then(|| {
            CommandError::Replay(format!(
                "no operator \"{uid}\" keeps dead letters: the job has none of this uid, or its policy is another"
            ))
        })
    }

    /// Reads letters on a blocking thread; they come as an event.
    pub(super) fn read_letters(&self, progress: &mut Progress, order: ReplayOrder) {
        progress.replay.reading = true;
        let (job, done) = (Arc::clone(&self.job), progress.done.clone());
        let sent = progress.replay.sent.clone();
        tokio::task::spawn_blocking(move || {
            let round = order.read(&job, &sent);
            // If the attempt has ended, so has the order: its reply goes with the event.
            let _ = done.blocking_send(Event::Letters(order, round));
        });
    }

    /// Gives letters that were read to the tasks, and has a checkpoint taken.
    pub(super) fn on_letters(
        &mut self,
        progress: &mut Progress,
        mut order: ReplayOrder,
        round: Result<Round, String>,
        now_ms: i64,
    ) -> Vec<Decision> {
        progress.replay.reading = false;
        let round = match round {
            Ok(round) => round,
            Err(reason) => {
                Order::Replay(order).refuse(CommandError::Replay(reason));
                return Vec::new();
            }
        };
        if progress.draining.is_some() || progress.suspending {
            Order::Replay(order).refuse(CommandError::NotNow("ending"));
            return Vec::new();
        }
        order.replayed = Replayed {
            sent: BTreeMap::new(),
            is_full: round.is_full(),
            refused: round.refused,
            reasons: round.reasons.clone(),
        };
        if round.letters.is_empty() {
            order.carried_out();
            return Vec::new();
        }
        self.send_letters(progress, &mut order, round);
        progress.asked.push(Order::Replay(order));
        self.trigger_wanted(progress, now_ms)
    }

    fn send_letters(&self, progress: &mut Progress, order: &mut ReplayOrder, round: Round) {
        let mut by_task: BTreeMap<TaskId, (Places, Vec<ReplayedLetter>)> = BTreeMap::new();
        for (task, place, letter) in round.letters {
            let (places, letters) = by_task.entry(task).or_default();
            places.entry(place.file).or_default().insert(place.line);
            letters.push(letter);
        }
        for (id, (places, letters)) in by_task {
            let task = self.tasks.iter().find(|task| task.id == id);
            let Some(inbox) = self.job.inboxes.get(&id.vertex) else {
                continue;
            };
            // A task with a full mailbox is given them another time.
            if !task.is_some_and(|task| task.mailbox.post(Mail::Replay(letters))) {
                tracing::warn!(task = %id, "its mailbox is full: dead letters are not replayed");
                order.replayed.is_full = false;
                continue;
            }
            for all in [&mut progress.replay.sent, &mut order.replayed.sent] {
                let all = all.entry(inbox.name()).or_default();
                for (file, lines) in &places {
                    all.entry(file.clone()).or_default().extend(lines);
                }
            }
        }
    }
}
