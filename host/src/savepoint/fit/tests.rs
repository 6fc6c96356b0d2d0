//! What becomes of each state when a job changes.

use serde_json::{Value as Json, json};

use super::Fit;
use crate::storage::metadata::{OperatorEntry, OperatorWord, StateDeclaration, StateWord};

fn operator(uid: &str, key_schema: &Json, states: &[(&str, Json)]) -> OperatorEntry {
    let state = |(name, schema): &(&str, Json)| StateDeclaration {
        name: (*name).to_owned(),
        kind: StateWord::Value,
        schema: schema.clone(),
        sub_key_schema: None,
        expires: false,
    };
    OperatorEntry {
        uid: uid.to_owned(),
        name: uid.to_owned(),
        kind: OperatorWord::Operator,
        component: None,
        inputs: Vec::new(),
        fed_by: Vec::new(),
        key_schema: Some(key_schema.clone()),
        states: states.iter().map(state).collect(),
    }
}

fn words(fit: &Fit) -> Vec<String> {
    let states = fit.states.iter();
    states
        .map(|it| format!("{}/{} {}", it.operator, it.state, it.verdict.word()))
        .collect()
}

#[test]
fn every_state_of_both_sides_has_a_verdict() {
    let long = json!("long");
    let old = [
        operator(
            "a",
            &long,
            &[
                ("x", json!("int")),
                ("y", json!("string")),
                ("z", long.clone()),
            ],
        ),
        operator("b", &long, &[("w", long.clone())]),
    ];
    let new = [
        operator(
            "a",
            &long,
            &[
                ("x", long.clone()),
                ("y", long.clone()),
                ("v", long.clone()),
            ],
        ),
        operator("c", &long, &[("u", long.clone())]),
    ];
    let fit = Fit::between(&old, &new);
    let expected = [
        "a/x migratable",
        "a/y error",
        "a/z dropped",
        "a/v new",
        "c/u new",
    ];
    assert_eq!(words(&fit), expected);
    assert_eq!(fit.gone, ["b"]);
    assert_eq!(fit.reasons(true).len(), 1);
    assert_eq!(fit.reasons(false).len(), 2);
}

#[test]
fn other_keys_are_an_error_of_every_keyed_state() {
    let old = [operator("a", &json!("long"), &[("x", json!("long"))])];
    let new = [operator("a", &json!("string"), &[("x", json!("long"))])];
    let fit = Fit::between(&old, &new);
    assert_eq!(words(&fit), ["a/x error"]);
    assert!(fit.reasons(true)[0].contains("keys"));
}
