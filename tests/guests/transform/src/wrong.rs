//! Jobs that must be refused, by the SDK or by the host, and operators that break the contract while they run.
//!
//! `bad-plan-` cases are a sound job whose plan is changed behind the SDK's back, as another SDK might get it wrong.

use wasmill_sdk::prelude::*;

use super::logic::{Classify, Count};
use super::{Files, Item};

/// A job for a case.
pub(super) fn job(env: &mut Env, files: &Files, case: &str) -> Result<(), JobError> {
    let items = files.items(env, 0).uid("items");
    let wrong = OutputTag::<String>::new("wrong");
    match case {
        "bad-state" => {
            let stream = items.process(|ctx| {
                let _count: ValueState<i64> = ctx.value_state("count");
                Count { subtask: 0 }
            });
            files.write(stream.uid("forgetful"));
        }
        "bad-tag" => files.write(items.side_output(&wrong)),
        "bad-tag-type" => {
            files.write(counted(items).side_output(&OutputTag::<String>::new("repeated")))
        }
        "bad-uid" => files.write(items.map(|item| item.value.to_string()).uid("items")),
        "bad-project" => {
            let slim = items.project::<Missing>().uid("slim");
            files.write(slim.map(|missing| missing.price.to_string()));
        }
        "bad-interval" => {
            let keyed = items.key_by(|item| item.key);
            let join = keyed.clone().interval_join(keyed).between(5, 4);
            files.write(join.process(|_, _, _| {}).uid("never"));
        }
        "bad-top-n" => {
            let best = items.key_by(|item| item.key).top_n(0, |item| item.value);
            files.write(best.uid("nobody").map(|(key, _)| key.to_string()));
        }
        "bad-timer" => files.write(items.process(|_| Breach::Timer).name("breach")),
        "bad-port" => files.write(items.process(|_| Breach::Port).name("breach")),
        plan if plan.starts_with("bad-plan-") => {
            let counted = counted(items);
            let stream = counted.map(|item| item.value.to_string()).uid("texts");
            files.write(stream);
        }
        other => return Err(Error::from(format!("there is no case {other}"))),
    }
    Ok(())
}

fn counted(items: Stream<Item>) -> Stream<Item> {
    let keyed = items.key_by(|item| item.key).uid("by-key");
    let counted = keyed.process(|ctx| Classify {
        seen: ctx.value_state("seen"),
        repeated: ctx.side_output(&OutputTag::new("repeated")),
        labels: ctx.side_output(&OutputTag::new("labels")),
    });
    counted.uid("counted")
}

/// Has a field that items do not have.
#[derive(Record, Clone, Debug, PartialEq)]
struct Missing {
    price: i64,
}

/// What an unkeyed operator does that it must not.
enum Breach {
    /// Registers a timer.
    Timer,
    /// Emits at a port that there is not.
    Port,
}

impl Process for Breach {
    type In = Item;
    type Out = String;

    fn process(
        &mut self,
        _item: Item,
        _ctx: &mut ProcessContext<'_>,
        _out: &mut Collector<'_, String>,
    ) -> Outcome {
        #[cfg(target_arch = "wasm32")]
        match self {
            Self::Timer => super::component::register_a_timer(),
            Self::Port => super::component::emit_nowhere(),
        }
        Ok(())
    }
}

/// Changes the plan of a case.
#[cfg(target_arch = "wasm32")]
pub(super) fn change(case: &str, plan: &mut wasmill_sdk::json::Value) {
    use wasmill_sdk::json::json;

    // Numbers: 0 the source, 1 "items", 2 "by-key", 3 "counted", 4 "texts", 5 the sink.
    match case {
        "bad-plan-cycle" => {
            plan["operators"][1]["inputs"] =
                json!([{ "schema": "string" }, { "schema": "string" }]);
            push(
                &mut plan["edges"],
                json!({
                    "from": 4, "output": 0, "to": 1, "input": 1, "partitioning": "rebalance"
                }),
            );
        }
        "bad-plan-operator" => plan["edges"][1]["to"] = json!(99),
        "bad-plan-output" => plan["edges"][1]["output"] = json!(7),
        "bad-plan-input" => plan["edges"][1]["input"] = json!(7),
        "bad-plan-unconnected" => {
            push(
                &mut plan["operators"][3]["inputs"],
                json!({ "schema": "string" }),
            );
        }
        "bad-plan-type" => plan["operators"][4]["inputs"][0]["schema"] = json!("double"),
        "bad-plan-uid" => plan["operators"][4]["uid"] = json!("counted"),
        "bad-plan-state" => {
            let state = json!({
                "name": "secret", "kind": "value", "schema": "long", "sub_key_schema": null
            });
            plan["operators"][4]["states"] = json!([state]);
        }
        "bad-plan-state-twice" => {
            let state = plan["operators"][3]["states"][0].clone();
            push(&mut plan["operators"][3]["states"], state);
        }
        "bad-plan-output-twice" => {
            let output = plan["operators"][3]["outputs"][1].clone();
            push(&mut plan["operators"][3]["outputs"], output);
        }
        "bad-plan-keys" => plan["edges"][2]["partitioning"] = json!("rebalance"),
        "bad-plan-unkeyed" => plan["edges"][3]["partitioning"] = json!("hash"),
        "bad-plan-partitioning" => plan["edges"][3]["partitioning"] = json!("sideways"),
        "bad-plan-field" => plan["operators"][4]["colour"] = json!("green"),
        "bad-plan-id" => plan["operators"][4]["id"] = json!(3),
        "bad-plan-parallelism" => plan["operators"][4]["parallelism"] = json!(0),
        "bad-plan-version" => plan["version"] = json!(2),
        _ => {}
    }
}

#[cfg(target_arch = "wasm32")]
fn push(list: &mut wasmill_sdk::json::Value, value: wasmill_sdk::json::Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
}
