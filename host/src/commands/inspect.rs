//! `wasmill inspect`: what is in a file, before anything of it runs as a job.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::cli::InspectArgs;
use crate::config::Config;
use crate::job_file::assemble;
use crate::job_file::read::{self, ReadJobFile};
use crate::output::{say, size};

pub(super) fn inspect(args: &InspectArgs, config: &Config) -> Result<ExitCode> {
    let clock = super::system_clock();
    let runtime = super::sandbox(config, &clock)?;
    if read::is_job_file(&args.file) {
        let file = read::read(&args.file, &[])?;
        let components = assemble::components(&file, config.plugin_dir.as_deref(), &runtime)?;
        return inspect_job_file(args, &file, &components);
    }
    let component = super::load(&runtime, &args.file)?;
    if args.json {
        let document = document(&args.file.display().to_string(), &component)?;
        say(&serde_json::to_string_pretty(&document)?);
        return Ok(ExitCode::SUCCESS);
    }
    let manifest = component.describe()?;
    let (world, form) = world_and_form(&component);
    say(&text_of(args, &component, &manifest, &form, &world));
    Ok(ExitCode::SUCCESS)
}

fn world_and_form(component: &wasm::Component) -> (String, String) {
    let inspection = component.inspect();
    (
        format!("{:?}", inspection.world).to_lowercase(),
        format!("{:?}", inspection.form).to_lowercase(),
    )
}

/// What is in a component, as JSON; `file` is what the reader calls it.
///
/// # Errors
/// It does not describe itself.
pub(crate) fn document(file: &str, component: &wasm::Component) -> Result<Value> {
    let inspection = component.inspect();
    let (world, form) = world_and_form(component);
    Ok(json!({
        "file": file,
        "digest": component.digest().to_string(),
        "bytes": inspection.file_bytes,
        "component_bytes": inspection.component_bytes,
        "form": form,
        "world": world,
        "imports": inspection.imports,
        "exports": inspection.exports,
        "functions": inspection.functions,
        "code_bytes": inspection.code_bytes,
        "manifest": component.describe()?,
    }))
}

/// What a job file names: parameters, components, operators. Nothing is planned for it.
fn inspect_job_file(
    args: &InspectArgs,
    file: &ReadJobFile,
    components: &BTreeMap<String, wasm::Component>,
) -> Result<ExitCode> {
    if args.json {
        let digests = components.iter();
        let digests: BTreeMap<&String, String> = digests
            .map(|(name, it)| (name, it.digest().to_string()))
            .collect();
        let document = json!({ "file": args.file, "job": file.job, "digests": digests });
        say(&serde_json::to_string_pretty(&document)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{}\n  job        {}\n", args.file.display(), file.job.name);
    let mut title = "\nparameters\n";
    for (name, default) in &file.job.parameters {
        text.push_str(&format!("{title}  {name:<14} default {}\n", default.text()));
        title = "";
    }
    title = "\ncomponents\n";
    for (name, component) in components {
        let (path, digest) = (component.name(), component.digest());
        text.push_str(&format!("{title}  {name:<14} {path}  {digest}\n"));
        title = "";
    }
    text.push_str("\noperators\n");
    for operator in &file.job.operators {
        let connector = |kind: &str, keys: &Map<String, Value>| {
            let type_name = keys.get("type").and_then(Value::as_str).unwrap_or("?");
            format!("{kind:<10} {type_name}")
        };
        let what = match (&operator.source, &operator.sink, &operator.component) {
            (Some(keys), ..) => connector("source", keys),
            (_, Some(keys), _) => connector("sink", keys),
            (.., component) => {
                let of_plan = operator.operator.as_ref().map(|uid| format!(" {uid}"));
                let component = component.as_deref().unwrap_or("?");
                format!(
                    "{:<10} {component}{}",
                    "component",
                    of_plan.unwrap_or_default()
                )
            }
        };
        text.push_str(&format!("  {:<24} {what}\n", operator.uid));
    }
    say(&text);
    Ok(ExitCode::SUCCESS)
}

fn text_of(
    args: &InspectArgs,
    component: &wasm::Component,
    manifest: &wasm::Manifest,
    form: &str,
    world: &str,
) -> String {
    let inspection = component.inspect();
    let mut text = format!(
        "{}\n  digest     {}\n  size       {} ({form}), {} functions, {} of code\n  world      {world}\n",
        args.file.display(),
        component.digest(),
        size(inspection.file_bytes),
        inspection.functions,
        size(inspection.code_bytes),
    );
    text.push_str(&format!(
        "  written in {} with {} {}\n  job        {}\n  imports    {}\n",
        manifest.sdk.language,
        manifest.sdk.name,
        manifest.sdk.version,
        manifest.name,
        inspection.imports.join(", "),
    ));
    if !manifest.parameters.is_empty() {
        text.push_str("\nparameters\n");
    }
    for parameter in &manifest.parameters {
        let default = if parameter.default.is_null() {
            "required".to_owned()
        } else {
            format!("default {}", parameter.default)
        };
        let kind = format!("{:?}", parameter.value_type).to_lowercase();
        let line = format!(
            "  {:<14} {kind:<8} {default:<20} {}",
            parameter.name, parameter.description
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str("\noperators\n");
    for operator in &manifest.operators {
        let kind = format!("{:?}", operator.kind).to_lowercase();
        text.push_str(&format!(
            "  {:<3} {:<10} {:<24} {}\n",
            operator.id, kind, operator.uid, operator.name
        ));
        for grant in &operator.grants {
            text.push_str(&format!("      asks for {grant}\n"));
        }
        for name in &operator.cached_files {
            text.push_str(&format!("      asks for cached file {name}\n"));
        }
        for input in &operator.inputs {
            text.push_str(&format!("      in    {}\n", input.schema));
        }
        for output in &operator.outputs {
            let key = output
                .key_schema
                .as_ref()
                .map_or_else(String::new, |key| format!(" keyed by {key}"));
            text.push_str(&format!(
                "      {:<5} {}{key}\n",
                output.name, output.schema
            ));
        }
        for state in &operator.states {
            text.push_str(&state_line(state));
        }
    }
    text
}

/// A state with its kind, schema, version and lifetime.
fn state_line(state: &wasm::StateEntry) -> String {
    let key = state.sub_key_schema.as_ref();
    let key = key.map_or_else(String::new, |key| format!("{key} -> "));
    let ttl = state.ttl.as_ref().map_or_else(String::new, |ttl| {
        let read = if ttl.refresh_on_read {
            ", refreshed by reads"
        } else {
            ""
        };
        format!(", ttl {} ms by {} time{read}", ttl.ms, ttl.clock.name())
    });
    format!(
        "      state {} ({}) {key}{} version {}{ttl}\n",
        state.name,
        state.kind.name(),
        state.schema,
        state.version,
    )
}
