//! Operator state at another parallelism: nothing is lost, nothing is there twice, every copy is equal.

use proptest::prelude::*;

use super::*;
use crate::ids::StateNumber;

fn spec(kind: OperatorStateKind) -> OperatorStateSpec {
    OperatorStateSpec {
        number: StateNumber(0),
        name: "op/state".to_owned(),
        kind,
    }
}

fn saved(kind: OperatorStateKind, content: Content) -> SavedPart {
    SavedPart::going_on(OperatorStates::new(vec![(spec(kind), content)]).encode())
}

fn restored(kind: OperatorStateKind, parts: &[SavedPart], parallelism: u32) -> Vec<Content> {
    let one = |subtask| {
        let states = OperatorStates::restore(vec![spec(kind)], parts, subtask, parallelism);
        let states = states.expect("the parts are what was saved");
        let content = states.contents().next().map(|(_, content)| content.clone());
        content.expect("one state was asked for")
    };
    (0..parallelism).map(one).collect()
}

fn elements(content: &Content) -> Vec<Vec<u8>> {
    match content {
        Content::List(elements) => elements.clone(),
        Content::Map(_) => panic!("a list state holds a list"),
    }
}

proptest! {
    #[test]
    fn lists_are_split_evenly_or_given_whole(
        lists in proptest::collection::vec(proptest::collection::vec(any::<Vec<u8>>(), 0..20), 1..6),
        parallelism in 1_u32..8,
    ) {
        let all: Vec<Vec<u8>> = lists.concat();
        let parts = |kind| -> Vec<SavedPart> {
            lists.iter().map(|list| saved(kind, Content::List(list.clone()))).collect()
        };
        let kind = OperatorStateKind::ListSplit;
        let split: Vec<Vec<Vec<u8>>> = restored(kind, &parts(kind), parallelism).iter().map(elements).collect();
        prop_assert_eq!(&split.concat(), &all);
        let lengths = split.iter().map(Vec::len);
        prop_assert!(lengths.clone().max().unwrap() - lengths.min().unwrap() <= 1);
        let kind = OperatorStateKind::ListUnion;
        for whole in restored(kind, &parts(kind), parallelism) {
            prop_assert_eq!(&elements(&whole), &all);
        }
    }

    #[test]
    fn bytes_that_were_not_saved_are_an_error_and_no_panic(bytes in any::<Vec<u8>>()) {
        let kind = OperatorStateKind::Broadcast;
        let _ = OperatorStates::restore(vec![spec(kind)], &[SavedPart::going_on(bytes)], 0, 1);
    }
}

#[test]
fn every_subtask_gets_a_copy_of_broadcast_state() {
    let kind = OperatorStateKind::Broadcast;
    let map = Content::Map([(b"k".to_vec(), b"v".to_vec())].into());
    let parts = vec![saved(kind, map.clone()); 2];
    assert_eq!(restored(kind, &parts, 5), vec![map; 5]);
}

#[test]
fn a_state_of_another_kind_is_refused_and_a_new_one_is_empty() {
    let parts = [saved(
        OperatorStateKind::ListSplit,
        Content::List(vec![vec![1]]),
    )];
    let changed = vec![spec(OperatorStateKind::Broadcast)];
    let refused = OperatorStates::restore(changed, &parts, 0, 1).unwrap_err();
    assert!(refused.to_string().contains("op/state"), "{refused}");
    let new = OperatorStateSpec {
        name: "op/other".to_owned(),
        ..spec(OperatorStateKind::ListUnion)
    };
    let states = OperatorStates::restore(vec![new], &parts, 0, 1).unwrap();
    assert_eq!(states.size_bytes(), 0);
}

#[test]
fn of_a_finished_subtask_only_union_lists_are_passed_on() {
    let list = |text: &[u8]| Content::List(vec![text.to_vec()]);
    let parts = |kind| {
        let mut finished = saved(kind, list(b"done"));
        finished.finished = true;
        [finished, saved(kind, list(b"open"))]
    };
    let split = restored(
        OperatorStateKind::ListSplit,
        &parts(OperatorStateKind::ListSplit),
        1,
    );
    assert_eq!(elements(&split[0]), [b"open"]);
    let union = restored(
        OperatorStateKind::ListUnion,
        &parts(OperatorStateKind::ListUnion),
        2,
    );
    for content in &union {
        assert_eq!(elements(content), [b"done", b"open"]);
    }
}
