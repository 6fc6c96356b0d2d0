//! The parameters: which there are, which operators take them, and how durations and numbers are written.
//!
//! A parameter that the chosen operator does not take is an error, as a parameter that no operator has is one.

use std::collections::BTreeMap;

use wasmill_sdk::Error;
use wasmill_sdk::prelude::*;

use crate::expression::wrong;

/// Every operator with the parameters it takes.
const OPERATORS: [(&str, &[&str]); 14] = [
    ("filter", &["where", "on_error"]),
    ("project", &["fields", "on_error"]),
    ("key-by", &["key", "on_error"]),
    (
        "assign-timestamps",
        &[
            "timestamp",
            "max_out_of_orderness",
            "idle_timeout",
            "on_error",
        ],
    ),
    ("split", &["cases", "on_error"]),
    ("union", &[]),
    ("aggregate", &["key", "aggregates", "on_error"]),
    (
        "window-aggregate",
        &[
            "key",
            "aggregates",
            "window",
            "size",
            "slide",
            "gap",
            "timestamp",
            "max_out_of_orderness",
            "idle_timeout",
            "allowed_lateness",
            "on_error",
        ],
    ),
    (
        "top-n",
        &[
            "key", "by", "n", "window", "size", "slide", "gap", "on_error",
        ],
    ),
    ("dedup", &["key", "within", "on_error"]),
    (
        "join",
        &[
            "key",
            "left_key",
            "right_key",
            "type",
            "lower",
            "upper",
            "ttl",
            "window",
            "size",
            "slide",
            "gap",
            "allowed_lateness",
            "on_error",
        ],
    ),
    (
        "enrich",
        &[
            "key",
            "left_key",
            "right_key",
            "table",
            "missing",
            "on_error",
        ],
    ),
    (
        "parse",
        &["format", "column", "fields", "delimiter", "on_error"],
    ),
    ("format", &["format", "delimiter"]),
];

/// Every parameter with what it is for.
const PARAMETERS: [(&str, &str); 28] = [
    ("where", "filter: the expression that must be true"),
    (
        "fields",
        "project: fields and expressions, `*` for all; parse: name: type of each field",
    ),
    ("key", "names of the key's fields with commas between"),
    (
        "left_key",
        "join, enrich: the key of the first input, if its names differ",
    ),
    (
        "right_key",
        "join, enrich: the key of the second input, if its names differ",
    ),
    (
        "aggregates",
        "name = count(), sum(x), min(x), max(x), avg(x), min_by(x, of), max_by(x, of), with commas between",
    ),
    (
        "timestamp",
        "the expression of the event time (milliseconds)",
    ),
    (
        "max_out_of_orderness",
        "how late records are behind the latest one at most",
    ),
    (
        "idle_timeout",
        "how long a silent split holds event time up",
    ),
    ("window", "tumbling, sliding, session or count"),
    ("size", "length of a window; records of a count window"),
    (
        "slide",
        "distance of sliding windows; records of a sliding count window",
    ),
    ("gap", "silence that ends a session"),
    (
        "allowed_lateness",
        "how long a window stays open for late records",
    ),
    (
        "cases",
        "split: output = expression, with commas between; the rest leaves by `rest`",
    ),
    ("by", "top-n: the expression to rank by, the greatest first"),
    ("n", "top-n: how many"),
    (
        "within",
        "dedup: how long a key is remembered; for good without it",
    ),
    (
        "lower",
        "join: the least time from left to right, may be negative",
    ),
    ("upper", "join: the greatest time from left to right"),
    ("ttl", "join without bounds: how long a record is kept"),
    (
        "missing",
        "enrich: wait (default), keep with nulls (default with table: complete) or drop, for keys that the table does not have",
    ),
    ("format", "json (default) or csv"),
    ("delimiter", "csv: between the fields, a comma by default"),
    (
        "column",
        "parse: the field with the text, if the records are not texts",
    ),
    (
        "type",
        "join with bounds or windows: inner (default), left, right or full",
    ),
    (
        "table",
        "enrich: broadcast (default) to every subtask, complete before the first record, or keyed",
    ),
    (
        "on_error",
        "for records that cannot be used: fail (default), or skip and count",
    ),
];

/// What the user gave.
pub(crate) struct Given {
    operator: String,
    values: BTreeMap<&'static str, String>,
}

fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

impl Given {
    /// Asks for all parameters, so that a description of the component shows them all.
    pub(crate) fn ask(env: &mut Env) -> Result<Self, Error> {
        let about = format!(
            "which operator: {}",
            listed(OPERATORS.map(|(name, _)| name))
        );
        let operator = env.param("operator").describe(&about).required();
        let mut values = BTreeMap::new();
        for (name, about) in PARAMETERS {
            let value: String = env.param(name).describe(about).default("")?;
            if !value.trim().is_empty() {
                values.insert(name, value);
            }
        }
        let given = Self {
            operator: operator?,
            values,
        };
        let takes = OPERATORS.iter().find(|(name, _)| *name == given.operator);
        let foreign = |name: &&&str| takes.is_some_and(|(_, takes)| !takes.contains(*name));
        match given.values.keys().find(foreign) {
            None => Ok(given),
            Some(name) => {
                let takes = listed(
                    takes
                        .into_iter()
                        .flat_map(|(_, takes)| takes.iter().copied()),
                );
                let reason = format!("{} does not take it, it takes: {takes}", given.operator);
                Err(wrong(name, reason))
            }
        }
    }

    /// Which operator is wanted.
    pub(crate) fn operator(&self) -> &str {
        &self.operator
    }

    /// Why there is none.
    pub(crate) fn no_operator(&self, other: &str) -> Error {
        let known = listed(OPERATORS.map(|(name, _)| name));
        wrong(
            "operator",
            format!("there is no operator `{other}`, there are: {known}"),
        )
    }

    /// A parameter, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|text| text.trim())
    }

    /// A parameter that must be given.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Error> {
        let missing = || wrong(name, format!("{} needs it", self.operator));
        self.text(name).ok_or_else(missing)
    }

    /// Names with commas between, none if the parameter was not given.
    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        crate::fields::names(self.text(name).unwrap_or_default())
    }

    /// A whole number that must be given.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Error> {
        let text = self.required(name)?;
        let number = text.parse().ok();
        number.ok_or_else(|| wrong(name, format!("`{text}` is no whole number")))
    }

    /// A duration in milliseconds, if it was given.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<i64>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let split = text.find(|letter: char| letter.is_ascii_alphabetic());
        let (number, unit) = text.split_at(split.unwrap_or(text.len()));
        let unit = match unit {
            "" | "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => 0,
        };
        let number = number.trim().parse::<i64>().ok().filter(|_| unit > 0);
        let number = number.and_then(|number| number.checked_mul(unit));
        let wanted = || {
            wrong(
                name,
                format!("`{text}` is no duration, write 500ms, 10s, 5m, 1h or 1d"),
            )
        };
        number.map(Some).ok_or_else(wanted)
    }

    /// A duration in milliseconds that must be given.
    pub(crate) fn required_duration(&self, name: &str) -> Result<i64, Error> {
        self.required(name)?;
        Ok(self.duration(name)?.unwrap_or_default())
    }
}
