//! Between texts and records: JSON objects and CSV lines by a list of fields.
//!
//! A text that does not fit fails the job or is dropped and counted, as the user says.

use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema, Type, Value};
use wasmill_sdk::json::{self, Value as Json};
use wasmill_sdk::prelude::*;

use crate::expression::wrong;
use crate::fields::entries;
use crate::on_error::OnError;
use crate::parameters::Given;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Csv(char),
}

fn form(given: &Given) -> Result<Form, JobError> {
    let delimiter = given.text("delimiter").and_then(|text| text.chars().next());
    match given.text("format") {
        None | Some("json") => Ok(Form::Json),
        Some("csv") => Ok(Form::Csv(delimiter.unwrap_or(','))),
        Some(other) => Err(wrong(
            "format",
            format!("`{other}` is neither json nor csv"),
        )),
    }
}

/// Makes records of texts.
pub(crate) fn parse(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let form = form(given)?;
    let mut fields = Vec::new();
    for entry in entries("fields", given.required("fields")?)? {
        match entry.kind {
            Some(kind) if entry.definition.is_none() => fields.push((entry.name, kind)),
            _ => return Err(wrong("fields", format!("write {}: type", entry.name))),
        }
    }
    let skips = given.skips()?;
    let records = env.input_dynamic("in")?;
    let from = records.schema()?;
    let column = given
        .text("column")
        .map(|name| from.field(name))
        .transpose()?;
    let is_text = |kind: &Type| *kind == Type::Text;
    if !column
        .as_ref()
        .map_or_else(|| is_text(from.kind()), |it| is_text(it.kind()))
    {
        return Err(wrong(
            "column",
            "the records are no texts, name a field that is one",
        ));
    }
    let schema = RowSchema::record("Parsed", fields);
    let shown = schema.clone();
    let parsed = records.process(move |ctx| Parse {
        form,
        column: column.clone(),
        from: from.clone(),
        schema: schema.clone(),
        on_error: OnError::open(skips, ctx),
    });
    env.output("out", parsed.returns(&shown).uid("parse"));
    Ok(())
}

struct Parse {
    form: Form,
    column: Option<Field>,
    from: RowSchema,
    schema: RowSchema,
    on_error: OnError,
}

impl Parse {
    fn parsed(&self, record: &Dynamic) -> Result<Dynamic, Error> {
        let text = match &self.column {
            Some(column) => record.value(column)?,
            None => self.from.value(record)?,
        };
        let Value::Text(text) = text else {
            return Err(Error::from("a text to parse is null"));
        };
        let unfit = |error| Error::User(format!("text `{text}` cannot be parsed: {error}"));
        self.row(text).map_err(unfit)
    }

    fn row(&self, text: &str) -> Result<Dynamic, Error> {
        let mut row = self.schema.builder();
        let fields = self.schema.fields();
        match self.form {
            Form::Json => {
                let object: Json = json::from_str(text)
                    .map_err(|error| Error::User(format!("it is no JSON: {error}")))?;
                for field in fields {
                    let value = object.get(field.name()).unwrap_or(&Json::Null);
                    row.push(&of_json(value))?;
                }
            }
            Form::Csv(delimiter) => {
                let cells = cells(text, delimiter);
                if cells.len() != fields.len() {
                    let (has, wants) = (cells.len(), fields.len());
                    return Err(Error::User(format!("it has {has} fields, not {wants}")));
                }
                for (field, cell) in fields.iter().zip(&cells) {
                    row.push(&of_cell(field, cell)?)?;
                }
            }
        }
        row.finish()
    }
}

impl Process for Parse {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        if let Some(row) = self.on_error.settle(self.parsed(&record))? {
            out.emit(row);
        }
        Ok(())
    }
}

fn of_json(value: &Json) -> Value<'_> {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Long(value),
            None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(values) => Value::List(values.iter().map(of_json).collect()),
        Json::Object(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .map(|(key, it)| (key.as_str(), of_json(it)))
                .collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Map(entries)
        }
    }
}

/// The fields of a line; those in quotes may hold the delimiter, and quotes twice.
fn cells(line: &str, delimiter: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut letters) = (false, line.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter == '"' && quoted && letters.peek() == Some(&'"') {
            letters.next();
        } else if letter == '"' {
            quoted = !quoted;
            continue;
        } else if letter == delimiter && !quoted {
            cells.push(String::new());
            continue;
        }
        if let Some(cell) = cells.last_mut() {
            cell.push(letter);
        }
    }
    cells
}

fn of_cell<'c>(field: &Field, cell: &'c str) -> Result<Value<'c>, Error> {
    if cell.is_empty() && field.is_nullable() {
        return Ok(Value::Null);
    }
    let trimmed = cell.trim();
    let value = match field.kind() {
        Type::Text => Some(Value::Text(cell)),
        Type::Boolean => trimmed.parse().ok().map(Value::Boolean),
        Type::Int | Type::Long => trimmed.parse().ok().map(Value::Long),
        Type::Float | Type::Double => trimmed.parse().ok().map(Value::Double),
        _ => None,
    };
    let kind = field.kind().to_json();
    value.ok_or_else(|| Error::User(format!("field {}: `{cell}` is no {kind}", field.name())))
}

/// Makes texts of records.
pub(crate) fn format(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let form = form(given)?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let text = RowSchema::of(Type::Text);
    let shown = text.clone();
    let formatted = records.process(move |_| Format {
        form,
        schema: schema.clone(),
        text: text.clone(),
    });
    env.output("out", formatted.returns(&shown).uid("format"));
    Ok(())
}

struct Format {
    form: Form,
    schema: RowSchema,
    text: RowSchema,
}

impl Process for Format {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let value = self.schema.value(&record)?;
        let text = match (self.form, &value) {
            (Form::Csv(delimiter), Value::Record(fields)) => {
                let cells = fields.iter().map(|(_, value)| cell_of(value, delimiter));
                cells.collect::<Vec<_>>().join(&delimiter.to_string())
            }
            _ => to_json(&value).to_string(),
        };
        out.emit(self.text.row(&[Value::Text(&text)])?);
        Ok(())
    }
}

fn to_json(value: &Value<'_>) -> Json {
    let object = |entries: &[(&str, Value<'_>)]| {
        let entries = entries.iter();
        entries
            .map(|(key, value)| ((*key).to_owned(), to_json(value)))
            .collect()
    };
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::from(*value),
        Value::Long(value) => Json::from(*value),
        Value::Double(value) => Json::from(*value),
        Value::Text(text) => Json::from(*text),
        Value::Bytes(bytes) => Json::from(*bytes),
        Value::List(values) => values.iter().map(to_json).collect(),
        Value::Map(entries) => Json::Object(object(entries)),
        Value::Record(fields) => Json::Object(object(fields)),
    }
}

fn cell_of(value: &Value<'_>, delimiter: char) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Text(text) => (*text).to_owned(),
        other => to_json(other).to_string(),
    };
    let needs_quotes = |letter: char| letter == '"' || letter == delimiter || letter == '\n';
    if text.contains(needs_quotes) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}
