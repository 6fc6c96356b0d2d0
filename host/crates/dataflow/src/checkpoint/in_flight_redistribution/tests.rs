//! Random queues at random parallelisms against a list of what was sent: every record comes to where it belongs, once, in
//! order, and nothing that is dealt out says how far event time is.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ids::{OperatorId, StateNumber};
use crate::port::operator_state::OperatorStateSpec;

const GROUPS: u32 = 16;
/// The chains: two sources, both hashed into one input of a keyed chain, the second broadcast into its other one; a chain fed
/// round robin; one behind it fed forward.
const KEYED: usize = 2;
const EDGES: [(u32, u32, u32, Partitioning); 5] = [
    (0, 2, 0, Partitioning::Hash),
    (1, 2, 0, Partitioning::Hash),
    (1, 2, 1, Partitioning::Broadcast),
    (2, 3, 0, Partitioning::Rebalance),
    (3, 4, 0, Partitioning::Forward),
];

fn vertex(id: usize, parallelism: u32, state: OperatorStateKind) -> Vertex {
    let spec = OperatorStateSpec {
        number: StateNumber(0),
        name: "rules".to_owned(),
        kind: state,
    };
    let keyed = id == KEYED;
    Vertex {
        id: VertexId(id as u32),
        name: format!("chain {id}"),
        parallelism,
        source: (id < KEYED).then_some(OperatorId(id as u32)),
        operators: vec![OperatorId(id as u32)],
        component: None,
        guest: Default::default(),
        fragment: Vec::new(),
        fragment_inputs: Vec::new(),
        ports: Vec::new(),
        head_targets: Vec::new(),
        keyed,
        states: Vec::new(),
        operator_states: keyed
            .then(|| (OperatorId(2), "rules".to_owned(), spec))
            .into_iter()
            .collect(),
        assigners: Vec::new(),
        heads: Vec::new(),
    }
}

/// Parallelism of the sources, the keyed chain, and those behind it.
type Widths = [u32; 4];

fn graph(widths: Widths, state: OperatorStateKind) -> ExecutionGraph {
    let [left, right, keyed, behind] = widths;
    let widths = [left, right, keyed, behind, behind];
    let vertices = widths.into_iter().enumerate();
    let edge = |(from, to, input, partitioning)| VertexEdge {
        from: VertexId(from),
        to: VertexId(to),
        input,
        partitioning,
        complete_first: false,
        name: format!("{from} -> {to}"),
    };
    ExecutionGraph {
        name: "job".to_owned(),
        max_parallelism: GROUPS,
        vertices: vertices.map(|(id, p)| vertex(id, p, state)).collect(),
        edges: EDGES.into_iter().map(edge).collect(),
    }
}

/// Numbers that follow from a seed (splitmix64).
struct Series(u64);

impl Series {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }
}

/// A record: its number, which no other has, and its key; with none it is empty.
type Sent = (u64, Vec<u8>);

/// What was in flight in a job, and what was sent by edge, sender and receiver.
struct Before {
    saved: Vec<Vec<SavedTask>>,
    channels: BTreeMap<(usize, usize, usize), Vec<Sent>>,
    /// By source, subtask and split.
    read: BTreeMap<(usize, usize, u32), Vec<Sent>>,
    series: Series,
    sent: u64,
}

impl Before {
    fn record(&mut self, key: Vec<u8>) -> Sent {
        self.sent += 1;
        (self.sent, key)
    }

    fn batches(&mut self, records: &[Sent]) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for (number, key) in records {
            if batches.is_empty() || self.series.below(3) == 0 {
                batches.push(Batch::default());
            }
            let last = batches.last_mut().expect("one was pushed");
            last.push(*number as i64, key, &number.to_le_bytes());
        }
        batches
    }

    /// Elements with watermarks between them, which nobody may see again.
    fn elements(&mut self, records: &[Sent]) -> Vec<StreamElement> {
        let mut elements = Vec::new();
        for batch in self.batches(records) {
            elements.push(StreamElement::Records(batch, None));
            if self.series.below(2) == 0 {
                elements.push(StreamElement::Watermark(i64::MAX - 1));
            }
        }
        elements
    }

    /// Keys of an edge that come to one of its receivers.
    fn key(&mut self, by: Partitioning, to: usize, receivers: u32) -> Vec<u8> {
        loop {
            let key = vec![self.series.below(40) as u8];
            let group = key_group(&key, GROUPS);
            match by {
                Partitioning::Broadcast | Partitioning::Rebalance => return Vec::new(),
                Partitioning::Forward if self.series.below(2) == 0 => return Vec::new(),
                Partitioning::Forward => return key,
                _ if subtask_of_key_group(group, GROUPS, receivers) == to as u32 => return key,
                Partitioning::Hash => {}
            }
        }
    }

    /// Puts what was sent where it may be: begun by the receiver, queued, or kept by the sender.
    fn place(&mut self, edge: usize, from: usize, to: usize, records: &[Sent]) {
        let (of, at, input, by) = EDGES[edge];
        let (of, at) = (of as usize, at as usize);
        let begun = self.series.below(records.len() as u64 + 1) as usize;
        let queued = begun + self.series.below((records.len() - begun) as u64 + 1) as usize;
        for batch in self.batches(&records[..begun]) {
            let work = &mut self.saved[at][to].in_flight.work;
            work.push(PendingWork::EventTime(None, i64::MAX - 1));
            work.push(PendingWork::Records(input, None, batch));
        }
        let is_forward = by == Partitioning::Forward;
        // Channels come in the order of edges and senders, so each is the last of its receiver.
        let channel = self.elements(&records[begun..queued]);
        self.saved[at][to].in_flight.inputs.push(channel);
        let kept = self.elements(&records[queued..]);
        let outputs = &mut self.saved[of][from].in_flight.outputs;
        match to == 0 || is_forward {
            true => outputs.push(vec![kept]),
            false => outputs.last_mut().expect("that to the first").push(kept),
        }
    }
}

fn before(widths: Widths, seed: u64) -> Before {
    let [left, right, keyed, behind] = widths;
    let widths = [left, right, keyed, behind, behind];
    let mut it = Before {
        saved: widths
            .iter()
            .map(|p| vec![SavedTask::default(); *p as usize])
            .collect(),
        channels: BTreeMap::new(),
        read: BTreeMap::new(),
        series: Series(seed),
        sent: 0,
    };
    for (source, width) in widths.into_iter().enumerate().take(KEYED) {
        for subtask in 0..width as usize {
            let split = (subtask as u32) + width * it.series.below(2) as u32;
            let count = it.series.below(4);
            let records: Vec<Sent> = (0..count).map(|_| it.record(Vec::new())).collect();
            for batch in it.batches(&records) {
                let work = PendingWork::Records(0, Some(SplitId(split)), batch);
                it.saved[source][subtask].in_flight.work.push(work);
            }
            it.read.insert((source, subtask, split), records);
        }
    }
    for (edge, (of, at, _, by)) in EDGES.into_iter().enumerate() {
        let (senders, receivers) = (widths[of as usize], widths[at as usize]);
        for from in 0..senders as usize {
            let count = it.series.below(9);
            let copies: Vec<Sent> = (0..count).map(|_| it.record(Vec::new())).collect();
            for to in 0..receivers as usize {
                let records = match by {
                    Partitioning::Forward if from != to => continue,
                    // Each receiver has had another part of it.
                    Partitioning::Broadcast => {
                        copies[it.series.below(count + 1) as usize..].to_vec()
                    }
                    _ => {
                        let count = it.series.below(9);
                        let key = |it: &mut Before| it.key(by, to, receivers);
                        (0..count)
                            .map(|_| {
                                let key = key(&mut it);
                                it.record(key)
                            })
                            .collect()
                    }
                };
                it.place(edge, from, to, &records);
                it.channels.insert((edge, from, to), records);
            }
        }
    }
    it
}

/// Numbers of the records of an input that a task is dealt, in order.
fn dealt(part: &InFlight, input: u32) -> Vec<u64> {
    let mut numbers = Vec::new();
    for work in &part.work {
        let PendingWork::Records(of, _, batch) = work else {
            panic!("event time was dealt out: {work:?}")
        };
        assert!(batch.len() <= crate::limits::BATCH_RECORDS_MAX);
        if *of == input {
            let values = batch.values.entries(batch.len());
            let number = |value: &[u8]| u64::from_le_bytes(value.try_into().expect("8 bytes"));
            numbers.extend(values.map(number));
        }
    }
    numbers
}

/// Those of `all` that are among `these`, in the order of `all`.
fn among(all: &[u64], these: impl Iterator<Item = u64>) -> Vec<u64> {
    let these: BTreeSet<u64> = these.collect();
    all.iter()
        .copied()
        .filter(|it| these.contains(it))
        .collect()
}

fn owner(split: SplitId, parallelism: u32) -> u32 {
    (split.0 + 1) % parallelism
}

/// Where a record of an edge has to be, if that is said.
fn place_of(by: Partitioning, to: usize, key: &[u8], was: u32, is: u32) -> Option<u32> {
    let group = key_group(key, GROUPS);
    let of_key = subtask_of_key_group(group, GROUPS, is);
    match by {
        Partitioning::Hash => Some(of_key),
        Partitioning::Rebalance if was != is => None,
        Partitioning::Forward if was != is && !key.is_empty() => Some(of_key),
        _ => Some(to as u32 % is),
    }
}

fn check(was: Widths, is: Widths, seed: u64) {
    let before = before(was, seed);
    let now = graph(is, OperatorStateKind::Broadcast);
    let width = |vertex: u32| now.vertices[vertex as usize].parallelism;
    let owner_of = |vertex: VertexId, split| Some(owner(split, width(vertex.0)));
    let parts = redistribute(&now, &before.saved, &owner_of).expect("it can be dealt out");
    for part in parts.iter().flatten() {
        assert!(part.inputs.is_empty() && part.outputs.is_empty());
    }
    for ((source, _, split), records) in &before.read {
        let to = owner(SplitId(*split), width(*source as u32));
        let has = dealt(&parts[*source][to as usize], 0);
        let numbers = || records.iter().map(|it| it.0);
        assert!(among(&has, numbers()).into_iter().eq(numbers()));
    }
    for ((edge, _, to), records) in &before.channels {
        let (_, at, input, by) = EDGES[*edge];
        let receivers = before.saved[at as usize].len() as u32;
        let tasks = &parts[at as usize];
        let has: Vec<Vec<u64>> = tasks.iter().map(|part| dealt(part, input)).collect();
        if by == Partitioning::Broadcast {
            continue;
        }
        for (number, key) in records {
            let count = |has: &Vec<u64>| has.iter().filter(|it| *it == number).count();
            assert_eq!(has.iter().map(count).sum::<usize>(), 1, "record {number}");
            if let Some(place) = place_of(by, *to, key, receivers, tasks.len() as u32) {
                assert_eq!(count(&has[place as usize]), 1, "record {number}");
            }
        }
        let keys: BTreeSet<&Vec<u8>> = records.iter().map(|it| &it.1).collect();
        for (key, has) in keys
            .iter()
            .flat_map(|key| has.iter().map(move |has| (key, has)))
        {
            let of_key = records.iter().filter(|it| it.1 == **key).map(|it| it.0);
            let in_order = among(has, of_key);
            assert!(in_order.is_sorted(), "{in_order:?} of one channel and key");
        }
    }
    check_broadcast(&before, &parts[KEYED]);
    let all = before.channels.iter().filter(|it| it.0.0 != 2);
    let sent: usize = all.map(|it| it.1.len()).sum();
    let read: usize = before.read.values().map(Vec::len).sum();
    let tasks = parts.iter().flatten();
    let got: usize = tasks.map(|part| dealt(part, 0).len()).sum();
    assert_eq!(got, sent + read, "nothing else");
}

/// Every new subtask has what its place's predecessor was still to have, sender by sender.
fn check_broadcast(before: &Before, tasks: &[InFlight]) {
    let was = before.saved[KEYED].len();
    for (place, part) in tasks.iter().enumerate() {
        let has = dealt(part, 1);
        let mut all = 0;
        for ((.., to), records) in before.channels.iter().filter(|it| it.0.0 == 2) {
            if *to == place % was {
                let numbers = || records.iter().map(|it| it.0);
                assert!(among(&has, numbers()).into_iter().eq(numbers()));
                all += records.len();
            }
        }
        assert_eq!(has.len(), all, "nothing else");
    }
}

fn widths() -> impl Strategy<Value = Widths> {
    [1_u32..5, 1_u32..5, 1_u32..5, 1_u32..5]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_record_is_dealt_out_once_to_where_it_belongs_and_in_order(was in widths(), is in widths(), seed in any::<u64>()) {
        check(was, is, seed);
    }
}

#[test]
fn a_broadcast_into_list_state_is_refused_by_name_and_taken_up_by_the_same_tasks() {
    let list = OperatorStateKind::ListUnion;
    let owner_of = |_, _| None;
    let refused = |was, is| redistribute(&graph(is, list), &before(was, 7).saved, &owner_of).err();
    let error = refused([1, 2, 2, 1], [1, 2, 3, 1]).expect("it is refused");
    let text = error.to_string();
    for part in [
        "broadcast edge 1 -> 2",
        "chain \"chain 2\"",
        "list state rules",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(refused([1, 2, 2, 1], [2, 1, 2, 3]), None);
}

#[test]
fn channels_that_the_job_did_not_have_are_refused() {
    let now = graph([1; 4], OperatorStateKind::Broadcast);
    let mut saved = before([2; 4], 3).saved;
    saved[KEYED][1].in_flight.inputs.pop();
    let error = redistribute(&now, &saved, &|_, _| None).expect_err("one is missing");
    let text =
        "chain \"chain 2\", subtask 1: data in flight: it has 5 input channels, the task has 6";
    assert_eq!(error.to_string(), text);
}

#[test]
fn an_input_that_is_complete_first_is_first() {
    let mut now = graph([1; 4], OperatorStateKind::Broadcast);
    now.edges[2].complete_first = true;
    let saved = before([2, 2, 2, 2], 11).saved;
    let parts = redistribute(&now, &saved, &|_, _| None).expect("it can be dealt out");
    let inputs = parts[KEYED][0].work.iter().map(|work| match work {
        PendingWork::Records(input, ..) => *input,
        other => panic!("{other:?}"),
    });
    let inputs: Vec<u32> = inputs.collect();
    assert!(inputs.contains(&0) && inputs.contains(&1), "{inputs:?}");
    assert!(inputs.is_sorted_by(|a, b| a >= b), "{inputs:?}");
}
