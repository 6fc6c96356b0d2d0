//! Entries of every kind of state come back as they went in.

use proptest::prelude::*;
use serde_json::json;

use super::{Entry, EntryCodec, Migration, elements, push_element};
use crate::storage::metadata::{OperatorEntry, OperatorWord, StateDeclaration, StateWord};

fn operator() -> OperatorEntry {
    OperatorEntry {
        uid: "op".to_owned(),
        name: "op".to_owned(),
        kind: OperatorWord::Operator,
        component: None,
        inputs: Vec::new(),
        fed_by: Vec::new(),
        key_schema: Some(json!("long")),
        states: Vec::new(),
    }
}

fn state(kind: StateWord, expires: bool) -> StateDeclaration {
    StateDeclaration {
        name: "state".to_owned(),
        kind,
        schema: json!(["null", "string"]),
        sub_key_schema: Some(json!("long")),
        expires,
    }
}

const KINDS: [StateWord; 6] = [
    StateWord::Value,
    StateWord::List,
    StateWord::Map,
    StateWord::ListSplit,
    StateWord::ListUnion,
    StateWord::Broadcast,
];

proptest! {
    #[test]
    fn an_entry_of_any_state_comes_back(
        kind in 0..6usize,
        expires in any::<bool>(),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 8..40), 4),
    ) {
        let kind = KINDS[kind];
        let expires = expires && kind.keyed().is_some();
        let codec = EntryCodec::of(&operator(), &state(kind, expires));
        let mut list = Vec::new();
        parts[2..].iter().for_each(|element| push_element(&mut list, element));
        let is_keyed = kind.keyed().is_some();
        let has_sub_key = is_keyed || kind == StateWord::Broadcast;
        let entry = Entry {
            key_group: if is_keyed { 17 } else { 0 },
            key: if is_keyed { &parts[0] } else { &[] },
            sub_key: if has_sub_key { &parts[1] } else { &[] },
            value: if kind == StateWord::List { &list } else { &parts[2] },
        };
        let record = codec.to_record(entry);
        let schema = codec.schema().expect("a schema");
        prop_assert!(record.validate(&schema), "{record:?}");
        let back = codec.of_record(&record).expect("an entry");
        let back = Entry {
            key_group: back.key_group,
            key: &back.key,
            sub_key: &back.sub_key,
            value: &back.value,
        };
        prop_assert_eq!(back, entry);
    }
}

#[test]
fn a_state_that_begins_to_expire_or_changes_its_kind_needs_another_name() {
    let plan = |was: &StateDeclaration, is: &StateDeclaration| {
        let (old, new) = (
            EntryCodec::of(&operator(), was),
            EntryCodec::of(&operator(), is),
        );
        Migration::plan((old, was), (new, is))
    };
    let plain = state(StateWord::Value, false);
    assert!(plan(&plain, &plain).is_ok_and(|it| it.keeps()));
    let expiring = state(StateWord::Value, true);
    let reason = plan(&plain, &expiring).expect_err("it begins to expire");
    assert!(reason.contains("another name"), "{reason}");
    let reason = plan(&plain, &state(StateWord::Map, false)).expect_err("another kind");
    assert!(
        reason.contains("value") && reason.contains("map"),
        "{reason}"
    );
}

#[test]
fn each_element_of_a_list_is_migrated_behind_its_time() {
    let was = StateDeclaration {
        schema: json!("int"),
        ..state(StateWord::List, true)
    };
    let is = StateDeclaration {
        schema: json!("double"),
        ..state(StateWord::List, true)
    };
    let codec = |state: &StateDeclaration| EntryCodec::of(&operator(), state);
    let migration = Migration::plan((codec(&was), &was), (codec(&is), &is)).expect("a plan");
    let mut list = Vec::new();
    for number in [3i64, -4] {
        push_element(
            &mut list,
            &[5i64.to_le_bytes(), number.to_le_bytes()].concat(),
        );
    }
    let migrated = migration.value(&list).expect("a list");
    let numbers: Vec<f64> = elements(&migrated)
        .map(|element| {
            assert_eq!(element[..8], 5i64.to_le_bytes());
            f64::from_le_bytes(element[8..].try_into().expect("eight bytes"))
        })
        .collect();
    assert_eq!(numbers, [3.0, -4.0]);
}
