//! What is chained and what is not.

use super::*;
use crate::graph::logical::{Connector, Input, Output};
use crate::time::watermark_generator::WatermarkRule;

fn op(id: u32, kind: OperatorKind, inputs: usize) -> Operator {
    Operator {
        id: OperatorId(id),
        uid: format!("op-{id}"),
        name: format!("{id}"),
        parallelism: None,
        chain: true,
        component: None,
        grants: Vec::new(),
        cached_files: Vec::new(),
        guest: Default::default(),
        outputs: if matches!(kind, OperatorKind::Sink(_)) {
            Vec::new()
        } else {
            vec![Output {
                name: "out".into(),
                schema: "\"long\"".into(),
                key_schema: Some("\"long\"".into()),
            }]
        },
        kind,
        inputs: (0..inputs)
            .map(|_| Input {
                schema: "\"long\"".into(),
                complete_first: false,
            })
            .collect(),
    }
}

fn logic(keyed: bool, assigner: bool) -> OperatorKind {
    let watermarks = assigner.then_some(WatermarkStrategy {
        rule: WatermarkRule::Bounded {
            max_out_of_orderness_ms: 1,
        },
        idle_after_ms: None,
        alignment: None,
    });
    OperatorKind::Logic {
        component: ComponentId(0),
        keyed,
        states: Vec::new(),
        operator_states: Vec::new(),
        watermarks,
    }
}

fn edge(from: u32, to: u32, input: u32, partitioning: Partitioning) -> Edge {
    Edge {
        from: OperatorId(from),
        output: 0,
        to: OperatorId(to),
        input,
        partitioning,
    }
}

fn source() -> OperatorKind {
    OperatorKind::Source(Connector("{}".into()))
}

fn sink() -> OperatorKind {
    OperatorKind::Sink(Connector("{}".into()))
}

#[test]
fn forward_edges_are_chained_and_hash_edges_are_not() {
    use Partitioning::{Forward, Hash};
    let graph = JobGraph {
        name: "j".into(),
        cached_files: Vec::new(),
        max_parallelism: 128,
        operators: vec![
            op(0, source(), 0),
            op(1, logic(false, true), 1),
            op(2, logic(false, false), 1),
            op(3, logic(true, false), 1),
            op(4, sink(), 1),
        ],
        edges: vec![
            edge(0, 1, 0, Forward),
            edge(1, 2, 0, Forward),
            edge(2, 3, 0, Hash),
            edge(3, 4, 0, Forward),
        ],
    };
    let execution = ExecutionGraph::of(&graph, 2);
    assert_eq!(execution.vertices.len(), 2);
    let [first, second] = &execution.vertices[..] else {
        panic!("two vertices")
    };
    assert_eq!(first.source, Some(OperatorId(0)));
    assert_eq!(first.fragment, [OperatorId(1), OperatorId(2)]);
    assert_eq!(first.fragment_inputs, [vec![(OperatorId(1), 0)]]);
    assert_eq!(first.ports.len(), 1, "inside a chain there is no port");
    assert_eq!(first.ports[0].event_time_from, Some(OperatorId(1)));
    assert_eq!(first.ports[0].targets, [Target::Edge(0)]);
    assert!(second.keyed);
    assert_eq!(second.states.len(), 2, "its timers");
    assert_eq!(second.ports[0].targets, [Target::Sink(OperatorId(4))]);
    assert_eq!(second.ports[0].event_time_from, None);
    assert_eq!(execution.edges.len(), 1);
}

#[test]
fn two_inputs_and_a_direct_sink_get_vertices_of_their_own() {
    use Partitioning::{Forward, Rebalance};
    let graph = JobGraph {
        name: "j".into(),
        cached_files: Vec::new(),
        max_parallelism: 128,
        operators: vec![
            op(0, source(), 0),
            op(1, source(), 0),
            op(2, logic(false, false), 2),
            op(3, sink(), 1),
            op(4, sink(), 1),
        ],
        edges: vec![
            edge(0, 2, 0, Forward),
            edge(1, 2, 1, Forward),
            edge(2, 3, 0, Rebalance),
            edge(0, 4, 0, Forward),
        ],
    };
    let execution = ExecutionGraph::of(&graph, 1);
    assert_eq!(execution.vertices.len(), 4);
    assert_eq!(
        execution.vertices[0].head_targets,
        [Target::Edge(0), Target::Sink(OperatorId(4))]
    );
    assert!(execution.vertices[0].fragment.is_empty());
    let join = &execution.vertices[2];
    assert_eq!(
        join.fragment_inputs,
        [vec![(OperatorId(2), 0)], vec![(OperatorId(2), 1)]]
    );
    assert_eq!(join.heads, [OperatorId(2)]);
    assert_eq!(
        execution.vertices[3].head_targets,
        [Target::Sink(OperatorId(3))]
    );
    assert_eq!(
        execution
            .edges_into(VertexId(2))
            .map(|(_, e)| e.input)
            .collect::<Vec<_>>(),
        [0, 1]
    );
}
