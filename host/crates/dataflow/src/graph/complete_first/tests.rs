//! Data sets that can be complete before others are read, and those that cannot.

use super::*;
use crate::graph::logical::{Connector, Edge, Input, OperatorKind, Output, Partitioning};
use crate::ids::ComponentId;

/// An operator with inputs, of which some are complete first.
fn operator(id: u32, complete_first: &[bool]) -> Operator {
    let kind = match complete_first {
        [] => OperatorKind::Source(Connector("{}".to_owned())),
        _ => OperatorKind::Logic {
            component: ComponentId(0),
            keyed: false,
            states: Vec::new(),
            operator_states: Vec::new(),
            watermarks: None,
        },
    };
    let input = |complete_first: &bool| Input {
        schema: "\"long\"".to_owned(),
        complete_first: *complete_first,
    };
    Operator {
        id: OperatorId(id),
        uid: format!("op-{id}"),
        name: format!("op {id}"),
        parallelism: None,
        chain: true,
        component: None,
        grants: Vec::new(),
        cached_files: Vec::new(),
        guest: Default::default(),
        kind,
        inputs: complete_first.iter().map(input).collect(),
        outputs: vec![Output {
            name: "out".to_owned(),
            schema: "\"long\"".to_owned(),
            key_schema: None,
        }],
    }
}

/// A graph of operators, and edges from an operator to the input of another.
fn graph(operators: Vec<Operator>, edges: &[(u32, u32, u32)]) -> JobGraph {
    let edge = |(from, to, input): &(u32, u32, u32)| Edge {
        from: OperatorId(*from),
        output: 0,
        to: OperatorId(*to),
        input: *input,
        partitioning: Partitioning::Broadcast,
    };
    JobGraph {
        name: "data sets".to_owned(),
        max_parallelism: 128,
        cached_files: Vec::new(),
        operators,
        edges: edges.iter().map(edge).collect(),
    }
}

fn refusal(graph: &JobGraph) -> String {
    check(graph).map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn a_data_set_of_a_source_of_its_own_is_taken_and_awaited() {
    let operators = vec![
        operator(0, &[]),
        operator(1, &[]),
        operator(2, &[false]),
        operator(3, &[false, true]),
    ];
    let graph = graph(operators, &[(0, 3, 0), (1, 2, 0), (2, 3, 1)]);
    assert_eq!(refusal(&graph), "");
    let execution = ExecutionGraph::of(&graph, 2);
    let names: Vec<&str> = awaited(&execution)
        .into_iter()
        .map(|vertex| execution.vertices[vertex.0 as usize].name.as_str())
        .collect();
    assert_eq!(names, ["op 1", "op 2"]);
}

#[test]
fn a_data_set_that_shares_its_source_with_what_waits_is_refused() {
    let operators = vec![
        operator(0, &[]),
        operator(1, &[false]),
        operator(2, &[false, true]),
    ];
    let graph = graph(operators, &[(0, 2, 0), (0, 1, 0), (1, 2, 1)]);
    assert!(refusal(&graph).contains("\"op-2\""), "{}", refusal(&graph));
}

#[test]
fn data_sets_that_wait_for_each_other_are_refused_and_side_by_side_they_are_not() {
    let operators = || {
        vec![
            operator(0, &[]),
            operator(1, &[]),
            operator(2, &[false, true]),
            operator(3, &[false, true]),
        ]
    };
    let crossed = graph(operators(), &[(0, 2, 0), (1, 2, 1), (1, 3, 0), (0, 3, 1)]);
    assert!(refusal(&crossed).contains("wait for each other"));
    let in_a_row = graph(operators(), &[(0, 2, 0), (1, 2, 1), (0, 3, 0), (2, 3, 1)]);
    assert!(refusal(&in_a_row).contains("\"op-3\""));
    let same_way = graph(operators(), &[(0, 2, 0), (1, 2, 1), (0, 3, 0), (1, 3, 1)]);
    assert_eq!(refusal(&same_way), "");
}

#[test]
fn an_operator_whose_inputs_are_all_data_sets_is_refused() {
    let operators = vec![operator(0, &[]), operator(1, &[true])];
    let graph = graph(operators, &[(0, 1, 0)]);
    assert!(refusal(&graph).contains("nothing that could wait"));
}
