//! `${name}` in the texts of a job file: replaced by a parameter's value, once, before the job is assembled.
//!
//! A text that is one `${name}` and nothing else takes the value with its type, so that a number stays a number. `$${` is
//! a `${` that is meant literally. Values are not looked through again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::document::{ComponentEntry, JobFile, Scalar};
use super::error::{Defect, listed};

/// The parameter that every job file has: the folder it is in, for paths of connectors.
const FOLDER: &str = "job_dir";

/// The parameters' values: the file's, overridden by the user's.
pub(super) fn values(
    job: &JobFile,
    folder: &Path,
    given: &[(String, String)],
) -> Result<BTreeMap<String, Scalar>, Defect> {
    let mut values = job.parameters.clone();
    let folder = match folder.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => folder.display().to_string(),
    };
    values
        .entry(FOLDER.to_owned())
        .or_insert(Scalar::Text(folder));
    for (name, text) in given {
        let Some(declared) = values.get_mut(name) else {
            let known = listed(job.parameters.keys().map(String::as_str));
            let reason = format!("the job has no parameter \"{name}\"; it has: {known}");
            return Err(Defect::new("parameters", reason));
        };
        let wrong = |kind: &str| {
            let field = format!("parameters.{name}");
            Defect::new(field, format!("\"{text}\" is not {kind}"))
        };
        *declared = match declared {
            Scalar::Text(_) => Scalar::Text(text.clone()),
            Scalar::Boolean(_) => {
                Scalar::Boolean(text.parse().map_err(|_| wrong("true or false"))?)
            }
            Scalar::Long(_) => Scalar::Long(text.parse().map_err(|_| wrong("a whole number"))?),
            Scalar::Double(_) => Scalar::Double(text.parse().map_err(|_| wrong("a number"))?),
        };
    }
    Ok(values)
}

/// Replaces every `${name}` of the file.
pub(super) fn substitute(
    job: &mut JobFile,
    values: &BTreeMap<String, Scalar>,
) -> Result<(), Defect> {
    let values = Values(values);
    values.text("name", &mut job.name)?;
    for (name, component) in &mut job.components {
        let field = format!("components.{name}");
        match component {
            ComponentEntry::Path(path) => values.text(&field, path)?,
            ComponentEntry::Full(full) => {
                values.text(&format!("{field}.path"), &mut full.path)?;
                values.scalars(&format!("{field}.parameters"), &mut full.parameters)?;
            }
        }
    }
    values.map("grants", &mut job.grants)?;
    values.map("cached_files", &mut job.cached_files)?;
    values.scalars("settings", &mut job.settings)?;
    for (index, operator) in job.operators.iter_mut().enumerate() {
        let field = |key: &str| format!("operators[{index}].{key}");
        if let Some(name) = &mut operator.name {
            values.text(&field("name"), name)?;
        }
        if let Some(source) = &mut operator.source {
            values.map(&field("source"), source)?;
        }
        if let Some(sink) = &mut operator.sink {
            values.map(&field("sink"), sink)?;
        }
        values.scalars(&field("parameters"), &mut operator.parameters)?;
    }
    Ok(())
}

/// A text that stands for itself after substitution.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

struct Values<'a>(&'a BTreeMap<String, Scalar>);

impl Values<'_> {
    fn scalars(&self, field: &str, map: &mut BTreeMap<String, Scalar>) -> Result<(), Defect> {
        for (key, scalar) in map {
            if let Scalar::Text(text) = scalar {
                *scalar = self.replaced(&format!("{field}.{key}"), text)?;
            }
        }
        Ok(())
    }

    fn map(&self, field: &str, map: &mut serde_json::Map<String, Value>) -> Result<(), Defect> {
        for (key, value) in map {
            self.value(&format!("{field}.{key}"), value)?;
        }
        Ok(())
    }

    fn value(&self, field: &str, value: &mut Value) -> Result<(), Defect> {
        match value {
            Value::String(text) => *value = self.replaced(field, text)?.value(),
            Value::Array(list) => {
                for (index, value) in list.iter_mut().enumerate() {
                    self.value(&format!("{field}[{index}]"), value)?;
                }
            }
            Value::Object(map) => self.map(field, map)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn text(&self, field: &str, text: &mut String) -> Result<(), Defect> {
        *text = self.replaced(field, text)?.text();
        Ok(())
    }

    fn replaced(&self, field: &str, text: &str) -> Result<Scalar, Defect> {
        let mut done = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                done.push_str(before);
                done.push_str("${");
                rest = &from[2..];
                continue;
            }
            let Some(end) = from.find('}') else {
                let reason =
                    format!("\"{text}\" has a ${{ without a }}; write $${{ for the text itself");
                return Err(Defect::new(field, reason));
            };
            let name = &from[2..end];
            let Some(value) = self.0.get(name) else {
                let known = listed(self.0.keys().map(String::as_str));
                let reason = format!("there is no parameter \"{name}\"; there are: {known}");
                return Err(Defect::new(field, reason));
            };
            if before.is_empty() && done.is_empty() && end + 1 == from.len() {
                return Ok(value.clone());
            }
            done.push_str(before);
            done.push_str(&value.text());
            rest = &from[end + 1..];
        }
        done.push_str(rest);
        Ok(Scalar::Text(done))
    }
}

#[cfg(test)]
mod tests;
