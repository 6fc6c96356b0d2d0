//! From a component's plan (JSON, as outsiders see it) to the job graph of the engine.

use dataflow::graph::logical::{
    Connector, Edge, Input, JobGraph, Operator, OperatorKind, Output, Partitioning, State,
};
use dataflow::ids::OperatorId;
use dataflow::limits::MAX_PARALLELISM_DEFAULT;
use dataflow::port::state::StateKind;
use dataflow::time::watermark_generator::WatermarkStrategy;
use wasm::{OperatorEntry, OutputEntry, Plan, StateEntry, StateEntryKind, WatermarksEntry};

/// Converts a plan. Whether the graph makes sense is decided by `dataflow::graph::validate`.
pub(crate) fn of_plan(plan: &Plan) -> JobGraph {
    JobGraph {
        name: plan.name.clone(),
        max_parallelism: plan.max_parallelism.unwrap_or(MAX_PARALLELISM_DEFAULT),
        operators: plan.operators.iter().map(operator).collect(),
        edges: plan
            .edges
            .iter()
            .map(|edge| Edge {
                from: OperatorId(edge.from),
                output: edge.output,
                to: OperatorId(edge.to),
                input: edge.input,
                partitioning: match edge.partitioning {
                    wasm::Partitioning::Forward => Partitioning::Forward,
                    wasm::Partitioning::Hash => Partitioning::Hash,
                    wasm::Partitioning::Rebalance => Partitioning::Rebalance,
                    wasm::Partitioning::Broadcast => Partitioning::Broadcast,
                },
            })
            .collect(),
        cached_files: plan
            .cached_files
            .iter()
            .map(|file| (file.name.clone(), file.path.clone()))
            .collect(),
    }
}

fn operator(entry: &OperatorEntry) -> Operator {
    let connector = || {
        let config = entry.connector.clone().unwrap_or_default();
        Connector(serde_json::Value::Object(config).to_string())
    };
    Operator {
        id: OperatorId(entry.id),
        uid: entry.uid.clone(),
        name: entry.name.clone(),
        parallelism: entry.parallelism,
        chain: entry.chain,
        kind: match entry.kind {
            wasm::OperatorKind::Source => OperatorKind::Source(connector()),
            wasm::OperatorKind::Sink => OperatorKind::Sink(connector()),
            wasm::OperatorKind::Operator => OperatorKind::Logic {
                keyed: entry.keyed,
                states: entry.states.iter().map(state).collect(),
                watermarks: entry.watermarks.as_ref().map(watermarks),
            },
        },
        inputs: entry
            .inputs
            .iter()
            .map(|input| Input {
                schema: input.schema.to_string(),
            })
            .collect(),
        outputs: entry.outputs.iter().map(output).collect(),
        grants: entry.grants.clone(),
        cached_files: entry.cached_files.clone(),
    }
}

fn output(entry: &OutputEntry) -> Output {
    Output {
        name: entry.name.clone(),
        schema: entry.schema.to_string(),
        key_schema: entry.key_schema.as_ref().map(ToString::to_string),
    }
}

fn state(entry: &StateEntry) -> State {
    State {
        name: entry.name.clone(),
        kind: match entry.kind {
            StateEntryKind::Value => StateKind::Value,
            StateEntryKind::List => StateKind::List,
            StateEntryKind::Map => StateKind::Map,
        },
        schema: entry.schema.to_string(),
    }
}

fn watermarks(entry: &WatermarksEntry) -> WatermarkStrategy {
    let ms = |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok());
    WatermarkStrategy {
        max_out_of_orderness_ms: match entry.strategy {
            wasm::WatermarkStrategy::Bounded => ms(entry.max_out_of_orderness_ms).unwrap_or(0),
            wasm::WatermarkStrategy::Monotonic => 0,
        },
        idle_after_ms: ms(entry.idle_after_ms),
    }
}
