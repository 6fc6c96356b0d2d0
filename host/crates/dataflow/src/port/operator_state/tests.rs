//! A call's changes to operator state are all made or all taken back.

use super::*;

fn states() -> OperatorStates {
    let spec = |number, name: &str, kind| OperatorStateSpec {
        number: StateNumber(number),
        name: name.to_owned(),
        kind,
    };
    let list = OperatorStateKind::ListSplit;
    let map = OperatorStateKind::Broadcast;
    OperatorStates::new(vec![
        (spec(0, "op/list", list), Content::empty(list)),
        (spec(1, "op/rules", map), Content::empty(map)),
    ])
}

fn column(texts: &[&str]) -> Column {
    let mut column = Column::default();
    for (index, text) in texts.iter().enumerate() {
        column.push(index, text.as_bytes());
    }
    column
}

#[test]
fn a_call_that_fails_leaves_everything_as_it_was() {
    let (list, map) = (StateNumber(0), StateNumber(1));
    let mut states = states();
    states.append(list, 2, &column(&["a", "b"])).unwrap();
    let (keys, values) = (column(&["k"]), column(&["v"]));
    states.put_many(map, 1, &keys, &values).unwrap();
    states.commit();
    let before = (states.encode(), states.size_bytes());

    states.append(list, 1, &column(&["c"])).unwrap();
    states.replace(list, 1, &column(&["d"])).unwrap();
    states.append(list, 1, &column(&["e"])).unwrap();
    let (keys, values) = (column(&["k", "l", "k"]), column(&["1", "2", "3"]));
    states.put_many(map, 3, &keys, &values).unwrap();
    states
        .delete_many(map, 2, &column(&["k", "absent"]))
        .unwrap();
    assert_eq!(
        states.elements(list).unwrap(),
        [b"d".to_vec(), b"e".to_vec()]
    );
    assert_eq!(states.entries(map).unwrap().len(), 1);
    states.roll_back();
    assert_eq!((states.encode(), states.size_bytes()), before);
}

#[test]
fn misuse_is_refused_with_the_name_of_the_state() {
    let mut states = states();
    let no_list = states.elements(StateNumber(1)).unwrap_err().to_string();
    assert!(no_list.contains("op/rules"), "{no_list}");
    let no_map = states.entries(StateNumber(0)).unwrap_err().to_string();
    assert!(no_map.contains("op/list"), "{no_map}");
    assert!(states.elements(StateNumber(7)).is_err());
}

#[test]
fn what_a_subtask_keeps_is_bounded() {
    let mut states = states();
    let large = "x".repeat(limits::OPERATOR_STATE_BYTES_MAX / 2 + 1);
    states
        .append(StateNumber(0), 1, &column(&[&large]))
        .unwrap();
    states.commit();
    let full = states.append(StateNumber(0), 1, &column(&[&large]));
    assert!(matches!(full, Err(StateError::OperatorStateFull { .. })));
    states.roll_back();
    assert_eq!(states.size_bytes(), large.len());
}
