//! `wasmill plan`: the graph of a job as it would run, both levels of it: operators, and the chains they are fused into.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use dataflow::graph::execution::Vertex;
use dataflow::graph::logical::Operator;
use serde_json::{Value, json};

use super::submission::Submission;
use crate::cli::PlanArgs;
use crate::config::Config;
use crate::output::say;
use crate::scheduler::job::Job;

pub(super) fn plan(args: &PlanArgs, submission: &Submission, config: &Config) -> Result<ExitCode> {
    let clock = super::system_clock();
    let runtime = super::sandbox(config, &clock)?;
    let job = submission.job(&args.job, config, &runtime, &clock, false)?;
    if args.job.json {
        say(&serde_json::to_string_pretty(&document(&job))?);
    } else {
        say(&drawing(&job));
    }
    Ok(ExitCode::SUCCESS)
}

fn members<'a>(job: &'a Job, vertex: &'a Vertex) -> impl Iterator<Item = &'a Operator> {
    vertex
        .operators
        .iter()
        .filter_map(|id| job.graph.operator(*id))
}

/// What operators ask for beside records and state: the operator, what it asks for, and what it is given.
fn reached(job: &Job) -> impl Iterator<Item = (&Operator, String, Option<&PathBuf>)> {
    job.graph.operators.iter().flat_map(move |operator| {
        let directory = job.resources.directories.get(&operator.id);
        let granted = operator.grants.iter();
        let granted = granted.map(move |grant| (operator, grant.clone(), directory));
        let files = operator.cached_files.iter().map(move |name| {
            let file = job.resources.cached_files.get(name);
            let what = format!("cached file {name}");
            (operator, what, file.map(|file| &file.source))
        });
        granted.chain(files)
    })
}

/// The plan as JSON.
pub(crate) fn document(job: &Job) -> Value {
    let vertices: Vec<Value> = job
        .execution
        .vertices
        .iter()
        .map(|vertex| {
            let operators: Vec<Value> = members(job, vertex)
                .map(|o| json!({ "id": o.id.0, "uid": o.uid, "name": o.name }))
                .collect();
            let component = job.component_of(vertex).map(|it| &it.name);
            json!({
                "id": vertex.id.0,
                "name": vertex.name,
                "parallelism": vertex.parallelism,
                "keyed": vertex.keyed,
                "component": component,
                "operators": operators,
                "states": vertex.states.iter().map(|(_, _, spec)| &spec.name).collect::<Vec<_>>(),
            })
        })
        .collect();
    let edges: Vec<Value> = job
        .execution
        .edges
        .iter()
        .map(|edge| {
            json!({
                "from": edge.from.0,
                "to": edge.to.0,
                "input": edge.input,
                "partitioning": edge.partitioning.name(),
                "name": edge.name,
            })
        })
        .collect();
    let grants: Vec<Value> = reached(job)
        .map(|(operator, what, given)| json!({ "uid": operator.uid, "asks": what, "given": given }))
        .collect();
    let components: Vec<Value> = job
        .components
        .iter()
        .map(|it| json!({ "name": it.name, "digest": it.digest, "first_operator": it.first_operator }))
        .collect();
    json!({
        "name": job.graph.name,
        "components": components,
        "max_parallelism": job.graph.max_parallelism,
        "tasks": job.task_count(),
        "vertices": vertices,
        "edges": edges,
        "grants": grants,
    })
}

fn drawing(job: &Job) -> String {
    let mut text = format!(
        "job {}: {} operators in {} chains, {} tasks\n",
        job.graph.name,
        job.graph.operators.len(),
        job.execution.vertices.len(),
        job.task_count(),
    );
    for vertex in &job.execution.vertices {
        text.push_str(&format!("\n[{}] x{}", vertex.id.0, vertex.parallelism));
        let several = job.components.len() > 1;
        if let Some(component) = job.component_of(vertex).filter(|_| several) {
            text.push_str(&format!("  in {}", component.name));
        }
        text.push('\n');
        for operator in members(job, vertex) {
            text.push_str(&format!("  | {:<20} {}\n", operator.name, operator.uid));
            for (_, what, given) in reached(job).filter(|(asking, ..)| asking.id == operator.id) {
                let given = given.map_or("not given".to_owned(), |path| path.display().to_string());
                text.push_str(&format!("  |   asks for {what}: {given}\n"));
            }
        }
        for (_, _, state) in &vertex.states {
            text.push_str(&format!("  |   state {} ({:?})\n", state.name, state.kind));
        }
        for edge in job
            .execution
            .edges
            .iter()
            .filter(|edge| edge.from == vertex.id)
        {
            let line = format!(
                "  '--{}--> [{}]  {}\n",
                edge.partitioning.name(),
                edge.to.0,
                edge.name
            );
            text.push_str(&line);
        }
    }
    text
}
