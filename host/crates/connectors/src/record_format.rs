//! How the file source reads a line, and the Kafka source a message, as a record: as text, as a JSON object, or as fields separated by commas.
//!
//! Keeps: what `text_format` writes in `json` and `csv` is read back as the same values, but for line breaks inside of a
//! field: files are cut at line ends, so a record is a line. JSON and CSV need a schema; what a line has beyond it is
//! left out (JSON) or refused (CSV).

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::sink::ConnectorError;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config;
use crate::error::EncodingError;
use crate::row;
use crate::schema::{RecordSchema, Schema};

/// The `format` key of the file source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FormatName {
    /// The line itself.
    #[default]
    #[serde(alias = "lines")]
    Text,
    /// A JSON value a line.
    #[serde(alias = "json")]
    JsonLines,
    /// Fields separated by commas, in the order of the schema.
    Csv,
}

/// A format with what it needs.
#[derive(Clone, Debug)]
pub(crate) enum RecordFormat {
    /// See [`FormatName::Text`].
    Text,
    /// See [`FormatName::JsonLines`].
    Json(Schema),
    /// See [`FormatName::Csv`]; the separator.
    Csv(Schema, u8),
}

/// A line that is no record: its index and why.
pub(crate) type BadLine = (u32, EncodingError);

impl RecordFormat {
    /// A format of a connector's key, with what it needs.
    pub(crate) fn try_new(
        connector: &str,
        key: &str,
        format: FormatName,
        schema: Option<&Value>,
        separator: Option<&str>,
    ) -> Result<Self, ConnectorError> {
        let only = |what: &str, formats: &str| {
            let reason = format!("`{what}` is for `{key}` {formats} only");
            Err(config::wrong(connector, reason))
        };
        if format != FormatName::Csv && separator.is_some() {
            return only("separator", "csv");
        }
        if format == FormatName::Text {
            return match schema {
                Some(_) => only("schema", "json-lines and csv"),
                None => Ok(Self::Text),
            };
        }
        let Some(schema) = schema else {
            let reason = format!("`{key}` json-lines and csv need a `schema`");
            return Err(config::wrong(connector, reason));
        };
        let schema = Schema::from_json(schema)
            .map_err(|error| config::wrong(connector, error.to_string()))?;
        if format == FormatName::JsonLines {
            return Ok(Self::Json(schema));
        }
        match separator.unwrap_or(",").as_bytes() {
            [separator] if !matches!(separator, b'"' | b'\n' | b'\r') => {
                Ok(Self::Csv(schema, *separator))
            }
            _ => {
                let reason = "`separator` must be one ASCII character, no quote and no line end";
                Err(config::wrong(connector, reason))
            }
        }
    }

    /// Decodes lines. Bad ones are refused, or left out and counted in `left_out` if there is such a counter.
    pub(crate) fn decode(
        &self,
        lines: Batch,
        mut left_out: Option<&mut u64>,
    ) -> Result<Batch, BadLine> {
        if matches!(self, Self::Text) {
            return Ok(lines);
        }
        let mut records = Batch::default();
        let mut bytes = Vec::new();
        for (index, line) in lines.values.entries(lines.len()).enumerate() {
            bytes.clear();
            match (self.encode(line, &mut bytes), &mut left_out) {
                (Ok(true), _) => records.push(NO_TIMESTAMP, &[], &bytes),
                (Ok(false), _) => {}
                (Err(_), Some(left_out)) => **left_out += 1,
                (Err(error), None) => return Err((index as u32, error)),
            }
        }
        Ok(records)
    }

    /// Appends the row of a line; false if the line is blank.
    pub(crate) fn encode(&self, line: &[u8], out: &mut Vec<u8>) -> Result<bool, EncodingError> {
        match self {
            Self::Text => out.extend_from_slice(line),
            Self::Json(_) if line.trim_ascii().is_empty() => return Ok(false),
            Self::Json(schema) => {
                let json = serde_json::from_slice(line);
                let mut json: Value = json.map_err(|e| EncodingError::value(e.to_string()))?;
                prune(schema, &mut json);
                row::encode(schema, &json, out)?;
            }
            Self::Csv(Schema::Record(record), _) if line.is_empty() && record.fields.len() > 1 => {
                return Ok(false);
            }
            Self::Csv(schema @ Schema::Record(record), separator) => {
                let json = fields(record, line, *separator)?;
                row::encode(schema, &json, out)?;
            }
            Self::Csv(schema, separator) => {
                let mut split = Fields::new(line, *separator);
                let field = split.next().unwrap_or_else(|| Ok(Field::default()))?;
                if split.next().is_some() {
                    return Err(EncodingError::value("more than one field"));
                }
                row::encode(schema, &field.value(schema)?, out)?;
            }
        }
        if out.len() > RECORD_BYTES_MAX {
            return Err(EncodingError::value("is longer than a record may be"));
        }
        Ok(true)
    }
}

/// Leaves out keys that no field has.
pub(crate) fn prune(schema: &Schema, json: &mut Value) {
    match (schema, json) {
        (Schema::Record(record), Value::Object(object)) => {
            object.retain(|key, _| record.fields.iter().any(|field| field.name == *key));
            for field in &record.fields {
                if let Some(value) = object.get_mut(&field.name) {
                    prune(&field.schema, value);
                }
            }
        }
        (Schema::Array(items), Value::Array(list)) => {
            list.iter_mut().for_each(|item| prune(items, item));
        }
        (Schema::Nullable(inner), json) => prune(inner, json),
        _ => {}
    }
}

/// The fields of a line as a JSON object.
fn fields(record: &RecordSchema, line: &[u8], separator: u8) -> Result<Value, EncodingError> {
    let mut object = Map::new();
    let mut split = Fields::new(line, separator);
    for (index, field) in record.fields.iter().enumerate() {
        let Some(text) = split.next() else {
            return Err(EncodingError::value(format!(
                "{index} fields, {} are needed",
                record.fields.len()
            )));
        };
        let text = text.map_err(|error| error.within(&field.name))?;
        let value = if field.null_bit.is_some() && text.is_null() {
            Value::Null
        } else {
            text.value(&field.schema)
                .map_err(|error| error.within(&field.name))?
        };
        object.insert(field.name.clone(), value);
    }
    if split.next().is_some() {
        return Err(EncodingError::value(format!(
            "more than {} fields",
            record.fields.len()
        )));
    }
    Ok(Value::Object(object))
}

/// A field of a line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Field {
    text: String,
    quoted: bool,
}

impl Field {
    /// An empty field is null; an empty text is quoted.
    fn is_null(&self) -> bool {
        self.text.is_empty() && !self.quoted
    }

    fn value(self, schema: &Schema) -> Result<Value, EncodingError> {
        let Self { text, .. } = &self;
        let wrong =
            |wanted: &str| EncodingError::value(format!("{wanted} is needed, found `{text}`"));
        Ok(match schema {
            Schema::String | Schema::Bytes | Schema::Fixed(_) | Schema::Enum(_) => {
                Value::String(self.text)
            }
            Schema::Int | Schema::Long => Value::from(
                text.trim()
                    .parse::<i64>()
                    .map_err(|_| wrong("a whole number"))?,
            ),
            Schema::Float | Schema::Double => {
                let number: f64 = text.trim().parse().map_err(|_| wrong("a number"))?;
                // JSON has no such numbers; `row` takes their names.
                serde_json::Number::from_f64(number)
                    .map_or_else(|| Value::String(name_of(number).to_owned()), Value::Number)
            }
            Schema::Boolean => {
                Value::Bool(text.trim().parse().map_err(|_| wrong("true or false"))?)
            }
            Schema::Null if self.is_null() => Value::Null,
            Schema::Nullable(_) if self.is_null() => Value::Null,
            Schema::Nullable(inner) => return self.value(inner),
            Schema::Null => return Err(wrong("nothing")),
            Schema::Array(_) | Schema::Map(_) | Schema::Union(_) | Schema::Record(_) => {
                serde_json::from_str(text)
                    .map_err(|error| EncodingError::value(error.to_string()))?
            }
        })
    }
}

fn name_of(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The fields of a line by RFC 4180. Own code, because the library for it does not tell `""` from nothing.
struct Fields<'a> {
    /// What is left; `None` when the last field was given.
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Fields<'a> {
    fn new(line: &'a [u8], separator: u8) -> Self {
        Self {
            rest: Some(line),
            separator,
        }
    }

    fn quoted(&mut self, rest: &'a [u8]) -> Result<Field, EncodingError> {
        let (mut text, mut rest) = (Vec::new(), rest);
        loop {
            let Some(end) = memchr::memchr(b'"', rest) else {
                let reason = "a quoted field does not end on its line";
                return Err(EncodingError::value(reason));
            };
            text.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.first() {
                Some(b'"') => {
                    text.push(b'"');
                    rest = &rest[1..];
                }
                Some(next) if *next == self.separator => {
                    self.rest = Some(&rest[1..]);
                    break;
                }
                Some(_) => return Err(EncodingError::value("text after a quoted field")),
                None => {
                    self.rest = None;
                    break;
                }
            }
        }
        Ok(Field {
            text: String::from_utf8_lossy(&text).into_owned(),
            quoted: true,
        })
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, EncodingError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        if let Some(rest) = rest.strip_prefix(b"\"") {
            let field = self.quoted(rest);
            if field.is_err() {
                self.rest = None;
            }
            return Some(field);
        }
        let end = memchr::memchr(self.separator, rest);
        let text = &rest[..end.unwrap_or(rest.len())];
        self.rest = end.map(|end| &rest[end + 1..]);
        Some(Ok(Field {
            text: String::from_utf8_lossy(text).into_owned(),
            quoted: false,
        }))
    }
}

#[cfg(test)]
mod tests;
