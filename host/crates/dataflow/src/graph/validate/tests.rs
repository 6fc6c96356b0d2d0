//! Graphs that are refused, with the words that name the culprit.

use super::*;
use crate::graph::logical::{Connector, Input, Output};
use crate::ids::ComponentId;

fn operator(id: u32, kind: OperatorKind, inputs: usize, outputs: usize) -> Operator {
    let keyed = matches!(kind, OperatorKind::Logic { keyed: false, .. });
    let output = |_| Output {
        name: "out".into(),
        schema: "\"string\"".into(),
        key_schema: keyed.then(|| "\"string\"".into()),
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
        inputs: (0..inputs)
            .map(|_| Input {
                schema: "\"string\"".into(),
                complete_first: false,
            })
            .collect(),
        outputs: (0..outputs).map(output).collect(),
    }
}

fn logic(keyed: bool) -> OperatorKind {
    OperatorKind::Logic {
        component: ComponentId(0),
        keyed,
        states: Vec::new(),
        operator_states: Vec::new(),
        watermarks: None,
    }
}

fn edge(from: u32, to: u32, partitioning: Partitioning) -> Edge {
    Edge {
        from: OperatorId(from),
        output: 0,
        to: OperatorId(to),
        input: 0,
        partitioning,
    }
}

/// source 0 -> key_by 1 -> keyed 2 -> sink 3
fn word_count() -> JobGraph {
    JobGraph {
        name: "word-count".into(),
        cached_files: Vec::new(),
        max_parallelism: 128,
        operators: vec![
            operator(0, OperatorKind::Source(Connector("{}".into())), 0, 1),
            operator(1, logic(false), 1, 1),
            operator(2, logic(true), 1, 1),
            operator(3, OperatorKind::Sink(Connector("{}".into())), 1, 0),
        ],
        edges: vec![
            edge(0, 1, Partitioning::Forward),
            edge(1, 2, Partitioning::Hash),
            edge(2, 3, Partitioning::Forward),
        ],
    }
}

/// Breaks the good graph and expects the message to contain all the words.
fn refuses(break_it: impl FnOnce(&mut JobGraph), words: &[&str]) {
    let mut graph = word_count();
    break_it(&mut graph);
    let message = validate(&graph, 2)
        .expect_err("the graph is broken")
        .to_string();
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
}

#[test]
fn a_sound_graph_is_accepted() {
    assert_eq!(validate(&word_count(), 2), Ok(()));
}

#[test]
fn what_is_wrong_is_named() {
    refuses(
        |g| g.edges[1].to = OperatorId(9),
        &["\"op-1\" -> \"9\"", "operator 9"],
    );
    refuses(|g| g.edges[0].output = 4, &["output 4 of \"op-0\""]);
    refuses(
        |g| g.operators[3].inputs[0].schema = "\"long\"".into(),
        &["\"op-2\" -> \"op-3\"", "\"string\"", "\"long\""],
    );
    refuses(
        |g| g.operators[2].uid = "op-1".into(),
        &["uid \"op-1\"", "op 1", "op 2"],
    );
    refuses(
        |g| {
            let output = g.operators[1].outputs[0].clone();
            g.operators[1].outputs.push(output);
        },
        &["operator \"op-1\"", "output", "twice"],
    );
    refuses(
        |g| g.edges[1].partitioning = Partitioning::Rebalance,
        &["\"op-1\" -> \"op-2\"", "rebalance", "hash"],
    );
    refuses(
        |g| g.operators[1].outputs[0].key_schema = None,
        &["\"op-1\" -> \"op-2\"", "key_by"],
    );
    refuses(
        |g| g.operators[1].parallelism = Some(3),
        &["\"op-0\" -> \"op-1\"", "2 and 3"],
    );
    refuses(
        |g| g.operators[1].parallelism = Some(200),
        &["\"op-1\"", "200", "128"],
    );
    refuses(
        |g| {
            g.edges.remove(2);
        },
        &["input 0", "\"op-3\""],
    );
    refuses(
        |g| {
            g.operators.remove(0);
            g.edges.remove(0);
        },
        &["no source"],
    );
    refuses(
        |g| {
            g.operators[1].inputs.push(Input {
                schema: "\"string\"".into(),
                complete_first: false,
            });
            let mut back = edge(2, 1, Partitioning::Forward);
            back.input = 1;
            g.edges.push(back);
        },
        &["cycle", "\"op-1\"", "\"op-2\""],
    );
}
