//! A plan that the native logic does not know is refused by name.

use dataflow::graph::logical::JobGraph;
use dataflow::ids::OperatorId;
use dataflow::port::call::Call;
use dataflow::port::operator::{FragmentSpec, OperatorFactory};

use super::NativeOperators;

#[test]
fn a_chain_without_native_logic_is_refused_by_name() {
    let graph = JobGraph {
        name: "job".to_owned(),
        cached_files: Vec::new(),
        max_parallelism: 128,
        operators: Vec::new(),
        edges: Vec::new(),
    };
    let spec = FragmentSpec {
        first_operator: 0,
        job: "job".to_owned(),
        name: "chain".to_owned(),
        subtask: 0,
        parallelism: 1,
        max_parallelism: 128,
        attempt: 0,
        operators: vec![OperatorId(1)],
        inputs: Vec::new(),
        outputs: vec![(OperatorId(1), 0)],
        states: Vec::new(),
        guest: Default::default(),
        parameters: Vec::new(),
        resources: std::sync::Arc::default(),
    };
    let operators = NativeOperators::new("J9", &graph);
    let Err(error) = operators.open(&spec, Call::stateless()) else {
        panic!("job J9 was opened");
    };
    assert!(error.to_string().contains("of job J9"), "{error}");
}
