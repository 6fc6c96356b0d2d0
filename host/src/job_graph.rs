//! From a component's plan (JSON, as outsiders see it) to the job graph of the engine.

use dataflow::graph::logical::{
    Connector, Edge, Input, JobGraph, Operator, OperatorKind, OperatorState, Output, Partitioning,
    State,
};
use dataflow::ids::{ComponentId, OperatorId};
use dataflow::limits::MAX_PARALLELISM_DEFAULT;
use dataflow::port::guest_settings::GuestSettings;
use dataflow::port::state::StateKind;
use dataflow::time::watermark_generator::{WatermarkAlignment, WatermarkRule, WatermarkStrategy};
use serde_json::{Map, Value};
use wasm::{
    OperatorEntry, OperatorKind as OperatorKindEntry, OutputEntry, Plan, StateEntry,
    StateEntryKind, WatermarksEntry,
};

/// Converts the plan of a component that is a job by itself. Whether the graph makes sense is decided by
/// `dataflow::graph::validate`.
///
/// # Errors
/// It has open ports; a text for the user.
pub(crate) fn of_plan(plan: &Plan) -> Result<JobGraph, String> {
    let is_open = |kind| matches!(kind, OperatorKindEntry::Input | OperatorKindEntry::Output);
    if let Some(open) = plan.operators.iter().find(|it| is_open(it.kind)) {
        return Err(format!(
            "operator \"{}\": it is an open port, so the component is only a part of a job: name it in a job file",
            open.uid
        ));
    }
    let own = ComponentId(0);
    Ok(JobGraph {
        name: plan.name.clone(),
        max_parallelism: plan.max_parallelism.unwrap_or(MAX_PARALLELISM_DEFAULT),
        operators: plan
            .operators
            .iter()
            .map(|entry| operator(entry, own, 0))
            .collect(),
        edges: plan
            .edges
            .iter()
            .map(|edge| Edge {
                from: OperatorId(edge.from),
                output: edge.output,
                to: OperatorId(edge.to),
                input: edge.input,
                partitioning: partitioning(edge.partitioning),
            })
            .collect(),
        cached_files: plan
            .cached_files
            .iter()
            .map(|file| (file.name.clone(), file.path.clone()))
            .collect(),
    })
}

/// How an edge distributes.
pub(crate) fn partitioning(entry: wasm::Partitioning) -> Partitioning {
    match entry {
        wasm::Partitioning::Forward => Partitioning::Forward,
        wasm::Partitioning::Hash => Partitioning::Hash,
        wasm::Partitioning::Rebalance => Partitioning::Rebalance,
        wasm::Partitioning::Broadcast => Partitioning::Broadcast,
    }
}

/// A connector's configuration as the engine carries it.
pub(crate) fn connector(config: Option<&Map<String, Value>>) -> Connector {
    Connector(Value::Object(config.cloned().unwrap_or_default()).to_string())
}

/// An operator of a component's plan, with the job's number for it. Open ports are no operators.
pub(crate) fn operator(entry: &OperatorEntry, component: ComponentId, first: u32) -> Operator {
    let connector = || connector(entry.connector.as_ref());
    Operator {
        id: OperatorId(first.saturating_add(entry.id)),
        uid: entry.uid.clone(),
        name: entry.name.clone(),
        parallelism: entry.parallelism,
        chain: entry.chain,
        kind: match entry.kind {
            OperatorKindEntry::Source => OperatorKind::Source(connector()),
            OperatorKindEntry::Sink => OperatorKind::Sink(connector()),
            OperatorKindEntry::Operator | OperatorKindEntry::Input | OperatorKindEntry::Output => {
                OperatorKind::Logic {
                    component,
                    keyed: entry.keyed,
                    states: entry
                        .states
                        .iter()
                        .filter(|state| state.kind.operator_state().is_none())
                        .map(state)
                        .collect(),
                    operator_states: operator_states(entry),
                    watermarks: entry.watermarks.as_ref().map(watermarks),
                }
            }
        },
        inputs: entry
            .inputs
            .iter()
            .map(|input| Input {
                schema: input.schema.to_string(),
                complete_first: input.complete_first,
            })
            .collect(),
        outputs: entry.outputs.iter().map(output).collect(),
        component: (entry.runs_in_component() && entry.connector.is_some()).then_some(component),
        grants: entry.grants.clone(),
        cached_files: entry.cached_files.clone(),
        guest: GuestSettings {
            on_failure: entry.on_failure.map(Into::into),
            ..GuestSettings::default()
        },
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
            StateEntryKind::List => StateKind::List,
            StateEntryKind::Map => StateKind::Map,
            // What is reduced or aggregated is a value to the host; operator states are listed on their own.
            StateEntryKind::Value
            | StateEntryKind::Reducing
            | StateEntryKind::Aggregating
            | StateEntryKind::ListSplit
            | StateEntryKind::ListUnion
            | StateEntryKind::Broadcast => StateKind::Value,
        },
        schema: entry.schema.to_string(),
        sub_key_schema: entry.sub_key_schema.as_ref().map(ToString::to_string),
        expires: entry.ttl.is_some(),
    }
}

fn operator_states(entry: &OperatorEntry) -> Vec<OperatorState> {
    let of_operator = |state: &StateEntry| {
        Some(OperatorState {
            name: state.name.clone(),
            kind: state.kind.operator_state()?,
            schema: state.schema.to_string(),
            sub_key_schema: state.sub_key_schema.as_ref().map(ToString::to_string),
        })
    };
    entry.states.iter().filter_map(of_operator).collect()
}

fn watermarks(entry: &WatermarksEntry) -> WatermarkStrategy {
    let ms = |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok());
    WatermarkStrategy {
        rule: match entry.strategy {
            wasm::WatermarkStrategy::Bounded | wasm::WatermarkStrategy::Monotonic => {
                WatermarkRule::Bounded {
                    max_out_of_orderness_ms: ms(entry.max_out_of_orderness_ms).unwrap_or(0),
                }
            }
            wasm::WatermarkStrategy::Punctuated => WatermarkRule::Punctuated,
            wasm::WatermarkStrategy::None => WatermarkRule::None,
            wasm::WatermarkStrategy::Ingestion => WatermarkRule::Ingestion,
        },
        idle_after_ms: ms(entry.idle_after_ms),
        alignment: entry
            .alignment
            .as_ref()
            .map(|alignment| WatermarkAlignment {
                group: alignment.group.clone(),
                max_drift_ms: i64::try_from(alignment.max_drift_ms).unwrap_or(i64::MAX),
            }),
    }
}
