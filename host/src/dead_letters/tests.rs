//! The sink of dead letters: what is kept, and how many; and what was replayed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::clock::{Clock, ManualClock};
use dataflow::element::Batch;
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, Sink, SinkContext, SinkWriter};
use proptest::prelude::*;
use runtime::task::replay::TAKEN;
use serde_json::json;

use super::FOLDER;
use super::folder::{Parts, Place, run_of_taken};
use super::read::{discard, read};
use super::sink::DeadLetterSink;

fn context() -> SinkContext {
    SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "1-1".to_owned(),
        segments: Default::default(),
    }
}

fn letter(text: &str) -> Batch {
    let mut batch = Batch::default();
    batch.push(0, &[], text.as_bytes());
    batch
}

#[test]
fn a_letter_is_there_once_its_checkpoint_is_complete_and_the_count_survives() {
    let root = tempfile::tempdir().expect("a directory");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let folder = root.path().join(FOLDER).join("op");
    let sink = DeadLetterSink::new("op", folder.clone(), 2, &clock).expect("a sink");
    let mut writer = sink.writer(context(), Vec::new()).expect("a writer");
    assert!(!folder.exists(), "a folder without a letter");
    writer.write(&letter("{\"a\":1}")).expect("kept");
    let prepared = writer.pre_commit(CheckpointId(1)).expect("prepared");
    assert_eq!(
        read(root.path(), 9).expect("readable"),
        [] as [serde_json::Value; 0]
    );
    sink.commit(&prepared).expect("published");
    assert_eq!(read(root.path(), 9).expect("readable"), [json!({ "a": 1 })]);

    let restored = vec![writer.snapshot()];
    let mut writer = sink.writer(context(), restored).expect("a writer");
    writer.write(&letter("{}")).expect("the second of two");
    let refused = writer.write(&letter("{}")).expect_err("the third of two");
    assert!(refused.to_string().contains("\"op\""), "{refused}");
}

#[test]
fn letters_are_discarded_and_a_restored_job_still_finds_what_it_published() {
    let root = tempfile::tempdir().expect("a directory");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let folder = root.path().join(FOLDER).join("op");
    let sink = DeadLetterSink::new("op", folder, 9, &clock).expect("a sink");
    let mut writer = sink.writer(context(), Vec::new()).expect("a writer");
    assert_eq!(discard(root.path()).expect("there is nothing"), 0);
    let mut publish = |checkpoint: u64| {
        writer.write(&letter("{\"a\":1}")).expect("kept");
        writer.write(&letter("{\"a\":2}")).expect("kept");
        let prepared = writer
            .pre_commit(CheckpointId(checkpoint))
            .expect("prepared");
        sink.commit(&prepared).expect("published");
        prepared
    };
    let first = publish(1);
    assert_eq!(discard(root.path()).expect("they are there"), 2);
    sink.commit(&first).expect("it was published before");
    publish(2);
    assert_eq!(
        read(root.path(), 9).expect("readable").len(),
        2,
        "newer ones"
    );
    assert_eq!(discard(root.path()).expect("they are there"), 2);
    assert_eq!(discard(root.path()).expect("there is nothing"), 0);
}

/// What a subtask writes about a letter that it took.
fn taken(place: &Place) -> Batch {
    let mut batch = Batch::default();
    let text = serde_json::to_vec(place).expect("JSON");
    batch.push(0, TAKEN, &text);
    batch
}

/// The letters of a folder that were not replayed, and where they are.
fn left(folder: &Path) -> Vec<(Place, String)> {
    let mut left = Vec::new();
    let parts = Parts::of(folder).expect("a folder");
    let flow = parts.each(|_, place, line| {
        left.push((place, String::from_utf8(line.to_vec()).expect("a text")));
        Ok(ControlFlow::Continue(()))
    });
    assert!(flow.expect("readable").is_continue());
    left
}

/// What a job does with its dead letters, and what happens to it.
#[derive(Clone, Debug)]
enum Event {
    Letter,
    /// The letters at these places, counted round, are replayed.
    Replay(Vec<usize>),
    Checkpoint,
    /// A checkpoint is given up after the sink has prepared it.
    GivenUp,
    /// The process is killed; before that a checkpoint may be stored whose output is not published.
    Kill(bool),
    /// The newest checkpoint is damaged when the killed process starts again.
    Damage,
    Discard,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => Just(Event::Letter),
        4 => prop::collection::vec(0..20_usize, 1..5).prop_map(Event::Replay),
        4 => Just(Event::Checkpoint),
        1 => Just(Event::GivenUp),
        2 => any::<bool>().prop_map(Event::Kill),
        1 => Just(Event::Damage),
        1 => Just(Event::Discard),
    ];
    prop::collection::vec(event, 1..60)
}

/// The sink of one subtask as a task and a job master drive it, and the letters there ought to be beside it: naively, as
/// sets of texts.
struct Driven {
    folder: PathBuf,
    sink: DeadLetterSink,
    writer: Box<dyn SinkWriter>,
    runs: Vec<String>,
    checkpoint: u64,
    uncommitted: Vec<Committable>,
    /// Transactions of the newest checkpoint and the letters it leaves, and of the one before.
    completed: [(u64, Vec<Committable>, BTreeSet<String>); 2],
    /// As the running job sees it: letters written, and not taken.
    now: BTreeSet<String>,
    /// What was sent to the task since it began.
    sent: BTreeSet<Place>,
    written: u64,
}

impl Driven {
    fn new(root: &Path) -> Self {
        let folder = root.join(FOLDER).join("op");
        let (sink, writer) = Self::open(&folder, "1-0");
        Self {
            folder,
            sink,
            writer,
            runs: vec!["1-0".to_owned()],
            checkpoint: 0,
            uncommitted: Vec::new(),
            completed: Default::default(),
            now: BTreeSet::new(),
            sent: BTreeSet::new(),
            written: 0,
        }
    }

    fn open(folder: &Path, run: &str) -> (DeadLetterSink, Box<dyn SinkWriter>) {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let sink = DeadLetterSink::new("op", folder.to_owned(), 1000, &clock).expect("a sink");
        let mut context = context();
        context.run = run.to_owned();
        let writer = sink.writer(context, Vec::new()).expect("a writer");
        (sink, writer)
    }

    fn replay(&mut self, indices: &[usize]) {
        let left = left(&self.folder);
        for index in indices {
            let Some((place, text)) = left.get(index % left.len().max(1)) else {
                return;
            };
            if self.sent.insert(place.clone()) {
                self.writer.write(&taken(place)).expect("kept");
                assert!(self.now.remove(text), "{text} was replayed before");
            }
        }
    }

    fn prepare(&mut self) {
        self.checkpoint += 1;
        let prepared = self.writer.pre_commit(CheckpointId(self.checkpoint));
        self.uncommitted.extend(prepared.expect("prepared"));
    }

    /// The checkpoint that was prepared is stored.
    fn stored(&mut self) {
        let completed = (self.checkpoint, self.uncommitted.clone(), self.now.clone());
        let [before, newest] = &mut self.completed;
        *before = std::mem::replace(newest, completed);
    }

    /// Begins anew from a checkpoint, as the job master does.
    fn restart(&mut self, damaged: bool) {
        let run = format!("1-{}", self.runs.len());
        (self.sink, self.writer) = Self::open(&self.folder, &run);
        if damaged {
            self.completed[1] = self.completed[0].clone();
        }
        let (id, committables, letters) = &self.completed[1];
        self.sink.commit(committables).expect("published");
        if damaged {
            let withdrawn = self.sink.withdraw(CheckpointId(*id), &self.runs);
            withdrawn.expect("taken back");
        }
        self.sink.recover(committables).expect("recovered");
        self.now.clone_from(letters);
        self.sent.clear();
        self.uncommitted.clear();
        self.runs.push(run);
    }

    fn does(&mut self, event: &Event, root: &Path) {
        match event {
            Event::Letter => {
                self.written += 1;
                let text = format!("{{\"a\":{}}}", self.written);
                self.writer.write(&letter(&text)).expect("kept");
                self.now.insert(text);
            }
            Event::Replay(indices) => self.replay(indices),
            Event::GivenUp => self.prepare(),
            Event::Checkpoint => {
                self.prepare();
                self.stored();
                self.sink.commit(&self.uncommitted).expect("published");
                self.uncommitted.clear();
            }
            Event::Kill(stored) => {
                if *stored {
                    self.prepare();
                    self.stored();
                }
                self.restart(false);
            }
            Event::Damage => self.restart(true),
            Event::Discard => {
                let gone = left(&self.folder);
                assert_eq!(discard(root).expect("discarded"), gone.len() as u64);
                // Also of what was replayed nothing comes back.
                for (.., published) in &mut self.completed {
                    self.now.retain(|text| !published.contains(text));
                    published.clear();
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_letter_is_there_until_the_checkpoint_is_complete_that_has_its_replay(events in events()) {
        let root = tempfile::tempdir().expect("a directory");
        let mut driven = Driven::new(root.path());
        for event in &events {
            driven.does(event, root.path());
        }
        driven.restart(false);
        let left: BTreeSet<String> = left(&driven.folder).into_iter().map(|it| it.1).collect();
        prop_assert_eq!(&left, &driven.completed[1].2);
    }
}

#[test]
fn a_line_longer_than_any_letter_is_an_error_and_takes_no_memory() {
    let root = tempfile::tempdir().expect("a directory");
    let folder = root.path().join(FOLDER).join("op");
    std::fs::create_dir_all(&folder).expect("a directory");
    let file = std::fs::File::create(folder.join("part-0-1-x")).expect("a file");
    file.set_len(1 << 40).expect("a hole");
    let error = read(root.path(), 9).expect_err("no letter");
    assert!(
        format!("{error:#}").contains("line 1 is longer"),
        "{error:#}"
    );
    assert_eq!(discard(root.path()).expect("emptied"), 0);
    assert_eq!(read(root.path(), 9).expect("empty").len(), 0);
}

#[test]
fn what_is_no_place_of_a_letter_is_an_error_that_names_the_file() {
    let root = tempfile::tempdir().expect("a directory");
    let folder = root.path().join(FOLDER).join("op");
    std::fs::create_dir_all(&folder).expect("a directory");
    std::fs::write(folder.join("part-0-1-x"), "{}\n").expect("a file");
    let name = format!("part-0-2-{}", run_of_taken("x").replace('-', "_"));
    for text in [
        "{\"file\":1}\n",
        "\u{0}\n",
        "{\"file\":\"a\",\"line\":-1}\n",
    ] {
        std::fs::write(folder.join(&name), text).expect("a file");
        let error = read(root.path(), 9).expect_err("no place");
        assert!(format!("{error:#}").contains(&name), "{error:#}");
    }
}
