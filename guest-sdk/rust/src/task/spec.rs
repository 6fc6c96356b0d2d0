//! What the host tells an instance about its place: `task-spec` of `wit/operator.wit`.

use super::Place;

/// The place of an instance in the job, and which operators it runs.
#[derive(Clone, Debug, Default)]
pub struct TaskSpec {
    /// Job, subtask and parallelism.
    pub place: Place,
    /// The arguments that the plan was made with.
    pub arguments: Vec<(String, String)>,
    /// The operators of the chain, upstream before downstream.
    pub operators: Vec<u32>,
    /// For each input of the task, the operators it feeds and at which of their inputs.
    pub inputs: Vec<Vec<(u32, u32)>>,
    /// For each output port, the operator and which of its outputs.
    pub outputs: Vec<(u32, u32)>,
    /// The numbers of states: (operator, name, number).
    pub states: Vec<(u32, String, u32)>,
    /// Output bytes after which a call should return.
    pub output_soft_bytes: u32,
}
