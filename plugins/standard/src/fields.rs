//! Lists of fields as a job file writes them: `id, total = price * quantity, note: string? = ...`, and the projection
//! that makes records of them.
//!
//! Entries end at a comma, a semicolon or a line end that is in no bracket and no quotes.

use std::rc::Rc;

use wasmill_sdk::Error;
use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema, Type};

use crate::expression::{Expression, unreadable, wrong};

/// An entry of a list: a name, and what was written behind it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Option<Type>,
    pub(crate) definition: Option<String>,
}

/// The parts of a list.
fn parts(text: &str) -> Vec<String> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut parts = vec![String::new()];
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',' | ';' | '\n') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// The names of a list of names.
pub(crate) fn names(text: &str) -> Vec<String> {
    parts(text)
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && letters.all(|it| it.is_ascii_alphanumeric() || it == '_')
}

/// A type as users write it; `?` behind it lets it be null.
fn kind_of(parameter: &str, text: &str) -> Result<Type, Error> {
    let text = text.trim();
    if let Some(inner) = text.strip_suffix('?') {
        return Ok(Type::Optional(Rc::new(kind_of(parameter, inner)?)));
    }
    if let Some(items) = text.strip_suffix("[]") {
        return Ok(Type::Array(Rc::new(kind_of(parameter, items)?)));
    }
    Ok(match text {
        "boolean" => Type::Boolean,
        "int" => Type::Int,
        "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        other => {
            let reason = format!(
                "`{other}` is no type, give boolean, int, long, float, double, string or bytes, with ? if it may be null, with [] for a list"
            );
            return Err(wrong(parameter, reason));
        }
    })
}

/// Reads a list of fields.
pub(crate) fn entries(parameter: &str, text: &str) -> Result<Vec<Entry>, Error> {
    let entry = |part: String| {
        let (head, definition) = match part.split_once('=') {
            Some((head, definition)) => (head.trim(), Some(definition.trim().to_owned())),
            None => (part.as_str(), None),
        };
        let (name, kind) = match head.split_once(':') {
            Some((name, kind)) => (name.trim(), Some(kind_of(parameter, kind)?)),
            None => (head, None),
        };
        if !is_name(name) && part != "*" {
            let reason = format!(
                "`{part}` is no field, write name, name = expression or name: type = expression"
            );
            return Err(wrong(parameter, reason));
        }
        Ok(Entry {
            name: name.to_owned(),
            kind,
            definition,
        })
    };
    parts(text).into_iter().map(entry).collect()
}

enum Column {
    Copy(Field),
    Compute(Box<Expression>),
}

/// Makes records of fields and expressions.
pub(crate) struct Projection {
    columns: Vec<Column>,
    schema: RowSchema,
}

/// A projection that is being put together.
#[derive(Default)]
pub(crate) struct Columns(Vec<(String, Type, Column)>);

impl Columns {
    /// Adds a field as it is.
    pub(crate) fn copy(&mut self, name: &str, field: Field) {
        let kind = field.declared();
        self.0.push((name.to_owned(), kind, Column::Copy(field)));
    }

    /// Adds an expression; its type is the given one, or what can be inferred.
    pub(crate) fn add(
        &mut self,
        parameter: &str,
        name: &str,
        kind: Option<Type>,
        expression: Expression,
    ) -> Result<(), Error> {
        if let (None, Some(field)) = (&kind, expression.as_field()) {
            self.copy(name, field.clone());
            return Ok(());
        }
        let inferred = expression.kind().cloned().filter(|it| *it != Type::Null);
        let kind = kind.or(inferred).ok_or_else(|| {
            let reason = format!("the type of {name} cannot be told, write {name}: type = ...");
            wrong(parameter, reason)
        })?;
        let column = Column::Compute(Box::new(expression));
        self.0.push((name.to_owned(), kind, column));
        Ok(())
    }

    /// The projection.
    pub(crate) fn finish(self, parameter: &str, record: &str) -> Result<Projection, Error> {
        for (index, (name, ..)) in self.0.iter().enumerate() {
            if self.0[..index].iter().any(|(other, ..)| other == name) {
                return Err(wrong(parameter, format!("there are two fields {name}")));
            }
        }
        let shown = self
            .0
            .iter()
            .map(|(name, kind, _)| (name.clone(), kind.clone()));
        Ok(Projection {
            schema: RowSchema::record(record, shown),
            columns: self.0.into_iter().map(|(.., column)| column).collect(),
        })
    }
}

impl Projection {
    /// From a list of fields; `*` stands for all that the list does not define anew.
    pub(crate) fn of(parameter: &str, text: &str, schema: &RowSchema) -> Result<Self, Error> {
        let entries = entries(parameter, text)?;
        let mut columns = Columns::default();
        for entry in &entries {
            if entry.name == "*" {
                let is_new = |field: &&Field| entries.iter().all(|it| it.name != field.name());
                for field in schema.fields().iter().filter(is_new) {
                    columns.copy(field.name(), field.clone());
                }
                continue;
            }
            let text = entry.definition.as_deref().unwrap_or(&entry.name);
            let expression = Expression::compile(parameter, text, schema)?;
            columns.add(parameter, &entry.name, entry.kind.clone(), expression)?;
        }
        if columns.0.is_empty() {
            return Err(wrong(parameter, "it is missing, give the fields to keep"));
        }
        columns.finish(parameter, "Projected")
    }

    /// What it makes.
    pub(crate) fn schema(&self) -> &RowSchema {
        &self.schema
    }

    /// Makes one.
    pub(crate) fn row(&self, record: &Dynamic, timestamp: Option<i64>) -> Result<Dynamic, Error> {
        let mut row = self.schema.builder();
        for column in &self.columns {
            match column {
                Column::Copy(field) => {
                    row.copy(record, field)
                        .map_err(|error| unreadable(field, &error))?;
                }
                Column::Compute(expression) => expression.write(record, timestamp, &mut row)?,
            }
        }
        row.finish()
    }
}
