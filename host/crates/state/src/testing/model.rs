//! The promise of a backend: it is a map, whatever is snapshotted, lost, restored or rescaled in between.
//!
//! Random operations run against a backend and against a `BTreeMap`. Snapshots are written at once, later on another
//! thread, or never; completed or not; restores go to one task, to several, and back.

use std::collections::BTreeMap;

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::key_group::{key_group, range_of_subtask, subtask_of_key_group};
use dataflow::port::state::{Addresses, Found, PendingSnapshot, SnapshotHandle, StateBackend};
use dataflow::time::frozen_timers::FrozenTimers;
use proptest::prelude::*;

use super::{LIST, MAP, MAX_PARALLELISM, Rig, Single, VALUE, rigs, specs};

type Model = BTreeMap<(u32, Vec<u8>, Vec<u8>), Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Put(u32, Vec<(u8, u8, u16)>),
    Append(Vec<(u8, u8, u16)>),
    Delete(u32, Vec<(u8, u8)>),
    Clear(u8),
    Get(u32, Vec<(u8, u8)>),
    Scan(u8, u8, u8),
    ScanMany(Vec<u8>, u8),
    /// Takes a snapshot and leaves it for later.
    Freeze,
    /// Writes the oldest waiting snapshots, on another thread, completing the last one if asked.
    Write(bool),
    /// Throws waiting snapshots away.
    Abort,
    /// A completed checkpoint, then a restore at this parallelism.
    Restore(u32),
}

fn key(number: u8) -> Vec<u8> {
    // Some keys of eight bytes, some not.
    match number % 3 {
        0 => u64::from(number).to_le_bytes().to_vec(),
        1 => vec![number],
        _ => format!("a longer key, number {number}").into_bytes(),
    }
}

fn sub_key(number: u8) -> Vec<u8> {
    vec![b's'; (number % 4) as usize]
        .into_iter()
        .chain((number >= 4).then_some(number))
        .collect()
}

fn value(seed: u16) -> Vec<u8> {
    let length = match seed % 16 {
        0 => 0,
        1..=11 => 8,
        12 => 20,
        13 => 300,
        14 => 1500,
        _ => 5000,
    };
    (0..length).map(|i| (seed as usize + i) as u8).collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = 0..3u32;
    let addresses = || prop::collection::vec((0..40u8, 0..12u8), 1..40);
    let writes = || prop::collection::vec((0..40u8, 0..12u8, any::<u16>()), 1..80);
    let map_writes = prop::collection::vec((0..3u8, any::<u8>(), any::<u16>()), 20..80);
    let step = prop_oneof![
        6 => (state.clone(), writes()).prop_map(|(state, writes)| Step::Put(state, writes)),
        2 => map_writes.prop_map(|writes| Step::Put(MAP.0, writes)),
        3 => writes().prop_map(Step::Append),
        4 => (state.clone(), addresses()).prop_map(|(state, at)| Step::Delete(state, at)),
        1 => (0..40u8).prop_map(Step::Clear),
        4 => (state, addresses()).prop_map(|(state, at)| Step::Get(state, at)),
        3 => (0..40u8, any::<u8>(), 1..20u8).prop_map(|(key, from, limit)| Step::Scan(key, from, limit)),
        2 => (prop::collection::vec(0..40u8, 1..40), 1..20u8)
            .prop_map(|(keys, limit)| Step::ScanMany(keys, limit)),
        3 => Just(Step::Freeze),
        3 => any::<bool>().prop_map(Step::Write),
        1 => Just(Step::Abort),
        1 => (1..5u32).prop_map(Step::Restore),
    ];
    prop::collection::vec(step, 1..40)
}

/// A snapshot that is not written yet: its checkpoint, what it must hold, its parts.
type Waiting = (u64, Model, Vec<Box<dyn PendingSnapshot>>);

/// A job of several tasks over one model.
struct Job<'a> {
    rig: &'a Rig,
    tasks: Vec<Box<dyn StateBackend>>,
    waiting: Vec<Waiting>,
    completed: Option<(Model, Vec<SnapshotHandle>)>,
    model: Model,
    next_checkpoint: u64,
}

fn column<T>(items: &[T], entry: impl Fn(&T) -> Vec<u8>) -> Column {
    let entries: Vec<Vec<u8>> = items.iter().map(entry).collect();
    Column::from_entries(entries.iter().map(Vec::as_slice))
}

impl<'a> Job<'a> {
    fn new(rig: &'a Rig) -> Self {
        let mut job = Self {
            rig,
            tasks: Vec::new(),
            waiting: Vec::new(),
            completed: None,
            model: Model::new(),
            next_checkpoint: 1,
        };
        job.open(1, &[]);
        job
    }

    fn open(&mut self, parallelism: u32, handles: &[SnapshotHandle]) {
        self.waiting.clear();
        self.tasks.clear();
        for subtask in 0..parallelism {
            let range = range_of_subtask(subtask, MAX_PARALLELISM, parallelism);
            let mine: Vec<SnapshotHandle> = handles
                .iter()
                .filter(|handle| !handle.key_groups.unwrap().intersect(range).is_empty())
                .cloned()
                .collect();
            self.tasks
                .push(self.rig.try_open(specs(), range, &mine).unwrap());
        }
    }

    fn task_of(&self, key: &[u8]) -> usize {
        let group = key_group(key, MAX_PARALLELISM);
        subtask_of_key_group(group, MAX_PARALLELISM, self.tasks.len() as u32) as usize
    }

    /// Splits items by the task that owns their key and hands each task its columns.
    fn per_task<T: Clone>(
        &mut self,
        items: &[T],
        key_of: impl Fn(&T) -> (Vec<u8>, Vec<u8>),
        mut call: impl FnMut(&mut dyn StateBackend, Addresses<'_>, &[T]),
    ) {
        for task in 0..self.tasks.len() {
            let mine: Vec<T> = items
                .iter()
                .filter(|item| self.task_of(&key_of(item).0) == task)
                .cloned()
                .collect();
            let keys = column(&mine, |item| key_of(item).0);
            let sub_keys = column(&mine, |item| key_of(item).1);
            let addresses = Addresses {
                count: mine.len(),
                keys: &keys,
                sub_keys: &sub_keys,
            };
            call(self.tasks[task].as_mut(), addresses, &mine);
        }
    }

    fn put(&mut self, state: u32, writes: &[(u8, u8, u16)]) {
        // A list is a legal value only with its frame.
        let frame = |seed: u16| {
            let mut bytes = value(seed);
            if state == LIST.0 {
                let mut framed = (bytes.len() as u32).to_le_bytes().to_vec();
                framed.append(&mut bytes);
                return framed;
            }
            bytes
        };
        for (k, s, seed) in writes {
            self.model
                .insert((state, key(*k), sub_key(*s)), frame(*seed));
        }
        self.per_task(
            writes,
            |(k, s, _)| (key(*k), sub_key(*s)),
            |task, addresses, mine| {
                let values = column(mine, |(_, _, seed)| frame(*seed));
                task.put_many(StateNumber(state), addresses, &values)
                    .unwrap();
            },
        );
    }

    fn append(&mut self, writes: &[(u8, u8, u16)]) {
        for (k, s, seed) in writes {
            let list = self
                .model
                .entry((LIST.0, key(*k), sub_key(*s)))
                .or_default();
            let element = value(*seed);
            list.extend_from_slice(&(element.len() as u32).to_le_bytes());
            list.extend_from_slice(&element);
        }
        self.per_task(
            writes,
            |(k, s, _)| (key(*k), sub_key(*s)),
            |task, addresses, mine| {
                let values = column(mine, |(_, _, seed)| value(*seed));
                task.append_many(LIST, addresses, &values).unwrap();
            },
        );
    }

    fn delete(&mut self, state: u32, at: &[(u8, u8)]) {
        for (k, s) in at {
            self.model.remove(&(state, key(*k), sub_key(*s)));
        }
        self.per_task(
            at,
            |(k, s)| (key(*k), sub_key(*s)),
            |task, addresses, _| task.delete_many(StateNumber(state), addresses).unwrap(),
        );
    }

    fn get(&mut self, state: u32, at: &[(u8, u8)]) {
        let model = std::mem::take(&mut self.model);
        self.per_task(
            at,
            |(k, s)| (key(*k), sub_key(*s)),
            |task, addresses, mine| {
                let mut found = Found::default();
                task.get_many(StateNumber(state), addresses, &mut found)
                    .unwrap();
                assert_eq!(found.present.len(), mine.len());
                found.values.validate("values", mine.len()).unwrap();
                for (index, (k, s)) in mine.iter().enumerate() {
                    let expect = model.get(&(state, key(*k), sub_key(*s)));
                    let value = found.values.get(index, mine.len());
                    let got = (found.present[index] == 1).then_some(value);
                    assert_eq!(got, expect.map(Vec::as_slice), "state {state} key {k}/{s}");
                }
            },
        );
        self.model = model;
    }

    fn scan(&mut self, k: u8, from: u8, limit: u8) {
        let (key, from) = (key(k), sub_key(from));
        let task = self.task_of(&key);
        let page = self.tasks[task].page(&key, &from, u32::from(limit));
        let all: Vec<(&[u8], &[u8])> = self
            .model
            .range((MAP.0, key.clone(), from)..)
            .take_while(|((state, k, _), _)| *state == MAP.0 && *k == key)
            .map(|((_, _, sub_key), value)| (sub_key.as_slice(), value.as_slice()))
            .collect();
        let expect = &all[..all.len().min(limit as usize)];
        let got: Vec<(&[u8], &[u8])> = (0..page.count)
            .map(|i| {
                (
                    page.sub_keys.get(i, page.count),
                    page.values.get(i, page.count),
                )
            })
            .collect();
        assert_eq!(got, expect);
        assert_eq!(page.more, all.len() > limit as usize);
    }

    /// A scan of many keys is a scan of each.
    fn scan_many(&mut self, numbers: &[u8], limit: u8) {
        let limit = u32::from(limit);
        self.per_task(
            numbers,
            |k| (key(*k), Vec::new()),
            |task, addresses, mine| {
                let count = mine.len();
                let keys = addresses.keys;
                let pages = task.scan_many(MAP, count, keys, limit).unwrap();
                assert_eq!((pages.counts.len(), pages.more.len()), (count, count));
                let total = pages.counts.iter().sum::<u32>() as usize;
                pages.sub_keys.validate("sub-keys", total).unwrap();
                pages.values.validate("values", total).unwrap();
                let mut at = 0;
                for (index, k) in mine.iter().enumerate() {
                    let page = task.page(&key(*k), b"", limit);
                    assert_eq!(pages.counts[index] as usize, page.count);
                    assert_eq!(pages.more[index], u8::from(page.more));
                    for entry in 0..page.count {
                        let own = page.sub_keys.get(entry, page.count);
                        assert_eq!(pages.sub_keys.get(at, total), own);
                        let own = page.values.get(entry, page.count);
                        assert_eq!(pages.values.get(at, total), own);
                        at += 1;
                    }
                }
            },
        );
    }

    fn clear(&mut self, k: u8) {
        let key = key(k);
        self.model
            .retain(|(state, k, _), _| *state != MAP.0 || *k != key);
        let task = self.task_of(&key);
        let keys = Column::fixed(key);
        self.tasks[task].clear_many(MAP, 1, &keys).unwrap();
    }

    fn freeze(&mut self) {
        let id = self.next_checkpoint;
        self.next_checkpoint += 1;
        let parts = self
            .tasks
            .iter_mut()
            .map(|task| {
                task.snapshot(CheckpointId(id), FrozenTimers::default())
                    .unwrap()
            })
            .collect();
        self.waiting.push((id, self.model.clone(), parts));
    }

    fn write(&mut self, complete: bool) {
        let waiting: Vec<_> = self.waiting.drain(..).collect();
        let store = &self.rig.store;
        for (id, model, parts) in waiting {
            let handles: Vec<SnapshotHandle> = std::thread::scope(|scope| {
                let writing = scope.spawn(|| {
                    parts
                        .into_iter()
                        .map(|part| part.write(store.as_ref()).unwrap())
                        .collect()
                });
                writing.join().unwrap()
            });
            if complete {
                for task in &mut self.tasks {
                    task.checkpoint_completed(CheckpointId(id));
                }
                self.completed = Some((model, handles));
            }
        }
    }

    fn restore(&mut self, parallelism: u32) {
        let Some((model, handles)) = self.completed.clone() else {
            return;
        };
        self.model = model;
        self.open(parallelism, &handles);
        self.compare();
    }

    fn compare(&mut self) {
        for state in [VALUE, LIST, MAP] {
            let mut all = BTreeMap::new();
            for task in &mut self.tasks {
                all.append(&mut task.all(state));
            }
            let expect: BTreeMap<_, _> = self
                .model
                .iter()
                .filter(|((number, _, _), _)| *number == state.0)
                .map(|((_, key, sub_key), value)| ((key.clone(), sub_key.clone()), value.clone()))
                .collect();
            assert!(
                all == expect,
                "{state}: {} entries, expected {}",
                all.len(),
                expect.len()
            );
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Put(state, writes) => self.put(*state, writes),
            Step::Append(writes) => self.append(writes),
            Step::Delete(state, at) => self.delete(*state, at),
            Step::Clear(key) => self.clear(*key),
            Step::ScanMany(keys, limit) => self.scan_many(keys, *limit),
            Step::Get(state, at) => self.get(*state, at),
            Step::Scan(key, from, limit) => self.scan(*key, *from, *limit),
            Step::Freeze => self.freeze(),
            Step::Write(complete) => self.write(*complete),
            Step::Abort => self.waiting.clear(),
            Step::Restore(parallelism) => self.restore(*parallelism),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_backend_is_a_map_through_snapshots_restores_and_rescales(steps in steps()) {
        for rig in rigs() {
            let mut job = Job::new(&rig);
            for step in &steps {
                job.step(step);
            }
            job.compare();
            job.freeze();
            job.write(true);
            job.restore(3);
            job.restore(2);
        }
    }
}
