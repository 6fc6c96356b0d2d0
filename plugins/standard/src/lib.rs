//! The standard operators, for job files without a line of code: one component, and the parameter `operator` says which
//! operator it is.
//!
//! One component and not one for each: it is one file, loaded and compiled once. Every operator takes records of any schema; what it is asked for is checked when the job is planned.
//! Nothing in here knows more of the engine than any other user of the SDK.

mod aggregate;
mod enrich;
mod expression;
mod fields;
mod infer;
mod join;
mod keyed;
mod on_error;
mod pairing;
mod parameters;
mod program;
mod record;
mod text;
mod window;

use wasmill_sdk::prelude::*;

use crate::parameters::Given;

#[wasmill_sdk::job]
fn standard(env: &mut Env) -> Result<(), JobError> {
    let given = Given::ask(env)?;
    match given.operator() {
        "filter" => record::filter(env, &given),
        "project" => record::project(env, &given),
        "key-by" => record::key_by(env, &given),
        "assign-timestamps" => record::assign_timestamps(env, &given),
        "split" => record::split(env, &given),
        "union" => record::union(env),
        "aggregate" => aggregate::rolling(env, &given),
        "window-aggregate" => window::aggregate(env, &given),
        "top-n" => keyed::top_n(env, &given),
        "dedup" => keyed::dedup(env, &given),
        "join" => join::join(env, &given),
        "enrich" => enrich::enrich(env, &given),
        "parse" => text::parse(env, &given),
        "format" => text::format(env, &given),
        other => Err(given.no_operator(other)),
    }
}
