//! The keys of the `text-files` source, checked: which files it reads, how a line is a record, and whether it waits for
//! more files.

use std::path::Path;
use std::time::Duration;

use dataflow::port::sink::ConnectorError;
use glob::{MatchOptions, Pattern};
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::paced::Rate;
use crate::record_format::{FormatName, RecordFormat};
use crate::text_files::NAME;

/// Bytes of a split, at most, unless the plan says otherwise.
const SPLIT_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// Time between two looks for files unless the plan says otherwise.
const INTERVAL_MS_DEFAULT: u64 = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    path: String,
    split_bytes: Option<u64>,
    rate: Option<f64>,
    #[serde(default)]
    watch: Watch,
    interval_ms: Option<u64>,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default = "yes")]
    recursive: bool,
    #[serde(default)]
    format: FormatName,
    schema: Option<Value>,
    #[serde(default)]
    header: bool,
    separator: Option<String>,
    #[serde(default)]
    ignore_errors: bool,
}

fn yes() -> bool {
    true
}

/// How long the source looks for files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Watch {
    /// When the job starts.
    #[default]
    Once,
    /// As long as the job runs.
    Continuous,
}

/// What a file source does.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// A file, a directory or a pattern.
    pub(super) path: String,
    /// Bytes of a split, at most.
    pub(super) split_bytes: u64,
    /// How many lines a second a subtask reads, at most.
    pub(super) rate: Option<Rate>,
    /// Time between two looks for more files; `None` if there are none.
    pub(super) interval: Option<Duration>,
    /// Whether directories below are looked at.
    pub(super) recursive: bool,
    /// How a line is a record.
    pub(super) format: RecordFormat,
    /// Whether the first line of every file is left out.
    pub(super) header: bool,
    /// Whether lines that are no records are left out.
    pub(super) ignore_errors: bool,
    /// The schema of the records (JSON text).
    pub(super) schema: String,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Options {
    /// Reads and checks the keys.
    pub(super) fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        if keys.split_bytes == Some(0) {
            return Err(config::wrong(NAME, "`split_bytes` must be at least 1"));
        }
        let interval = match (keys.watch, keys.interval_ms) {
            (Watch::Once, None) => None,
            (Watch::Once, Some(_)) => {
                let reason = "`interval_ms` is for `watch` \"continuous\" only";
                return Err(config::wrong(NAME, reason));
            }
            (Watch::Continuous, Some(0)) => {
                return Err(config::wrong(NAME, "`interval_ms` must be at least 1"));
            }
            (Watch::Continuous, ms) => {
                Some(Duration::from_millis(ms.unwrap_or(INTERVAL_MS_DEFAULT)))
            }
        };
        let format = format_of(&keys)?;
        let rate = keys.rate.map(|rate| {
            Rate::try_new(rate)
                .ok_or_else(|| config::wrong(NAME, format!("`rate` is {rate}, it must be above 0")))
        });
        Ok(Self {
            interval,
            rate: rate.transpose()?,
            split_bytes: keys.split_bytes.unwrap_or(SPLIT_BYTES_DEFAULT),
            recursive: keys.recursive,
            header: keys.header,
            ignore_errors: keys.ignore_errors,
            schema: keys
                .schema
                .as_ref()
                .map_or_else(|| "\"string\"".to_owned(), Value::to_string),
            include: patterns("include", &keys.include)?,
            exclude: patterns("exclude", &keys.exclude)?,
            path: keys.path,
            format,
        })
    }

    /// Whether a file is to be read: by its path below the watched one, and by its name where a pattern has no `/`.
    pub(super) fn wants(&self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.path).unwrap_or(path);
        let below = if below.as_os_str().is_empty() {
            path
        } else {
            below
        };
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        let matches = |pattern: &Pattern| {
            if pattern.as_str().contains('/') {
                pattern.matches_path_with(below, options)
            } else {
                let name = path.file_name().unwrap_or_default();
                pattern.matches_path_with(Path::new(name), options)
            }
        };
        (self.include.is_empty() || self.include.iter().any(matches))
            && !self.exclude.iter().any(matches)
    }
}

fn patterns(key: &str, texts: &[String]) -> Result<Vec<Pattern>, ConnectorError> {
    let pattern = |text: &String| {
        Pattern::new(text)
            .map_err(|error| config::wrong(NAME, format!("`{key}` {text} is no pattern: {error}")))
    };
    texts.iter().map(pattern).collect()
}

fn format_of(keys: &Keys) -> Result<RecordFormat, ConnectorError> {
    if keys.format != FormatName::Csv && keys.header {
        let reason = "`header` is for `format` csv only";
        return Err(config::wrong(NAME, reason));
    }
    if keys.format == FormatName::Text && keys.ignore_errors {
        let reason = "`ignore_errors` is for `format` json-lines and csv only";
        return Err(config::wrong(NAME, reason));
    }
    let (schema, separator) = (keys.schema.as_ref(), keys.separator.as_deref());
    RecordFormat::try_new(NAME, "format", keys.format, schema, separator)
}
