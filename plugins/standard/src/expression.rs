//! [`Expression`]: a CEL expression over the fields of a dynamic record, compiled and checked once.
//!
//! What can be known without a record is refused when the job is planned: syntax, fields that are not there, operands
//! whose types no operator takes. Only the fields that the expression names are read, and a context lives for one record.
//! The types are those of [`super::infer`]. What has a program ([`super::program`]) is interpreted only where that gives
//! nothing.

use std::rc::Rc;

use cel::Context;
use cel::common::ast::{Expr, IdedExpr};
use cel::common::types::{CelBool, CelDouble, CelInt, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use wasmill_sdk::Error;
use wasmill_sdk::dynamic::{Dynamic, Field, RowBuilder, RowSchema, Type, Value};

use crate::infer::{Inference, TIMESTAMP};
use crate::program::{self, Program, Row};

/// A compiled expression.
pub(crate) struct Expression {
    text: String,
    expr: IdedExpr,
    root: Context<'static, 'static>,
    /// The fields it names, and the same names where threads may share them, as the library wants it.
    fields: Vec<Field>,
    names: Vec<String>,
    timestamp: bool,
    kind: Option<Type>,
    program: Option<Program>,
}

/// An expression that was read but not yet checked, for those who look at its form first.
pub(crate) struct Parsed {
    text: String,
    program: cel::Program,
}

impl Parsed {
    /// Reads the text of a parameter.
    pub(crate) fn of(parameter: &str, text: &str) -> Result<Self, Error> {
        let program = cel::Program::compile(text).map_err(|errors| {
            let first = errors.errors.first();
            let (line, column) = first.map_or((1, 1), |error| error.pos);
            let message = first.map_or_else(String::new, |error| error.msg.clone());
            let reason = format!("`{text}`, line {line}, column {column}: {message}");
            wrong(parameter, reason)
        })?;
        Ok(Self {
            text: text.to_owned(),
            program,
        })
    }

    /// The expression as a tree.
    pub(crate) fn tree(&self) -> &IdedExpr {
        self.program.expression()
    }

    /// Checks a part of it against the fields there are.
    pub(crate) fn check(
        &self,
        parameter: &str,
        part: &IdedExpr,
        schema: &RowSchema,
    ) -> Result<Expression, Error> {
        let mut inference = Inference::new(schema);
        let kind = inference.infer(part).map_err(|(id, reason)| {
            let at = self.program.source_info().offset_for(id);
            let column = at.map_or(1, |(start, _)| start + 1);
            wrong(
                parameter,
                format!("`{}`, column {column}: {reason}", self.text),
            )
        })?;
        let (fields, timestamp) = inference.into_used();
        Ok(Expression {
            text: self.text.clone(),
            expr: part.clone(),
            root: Context::default(),
            names: fields.iter().map(|it| it.name().to_owned()).collect(),
            fields,
            timestamp,
            kind,
            program: program::compile(part, schema),
        })
    }
}

/// A parameter that cannot be used.
pub(crate) fn wrong(parameter: &str, reason: impl Into<String>) -> Error {
    Error::Parameter {
        name: parameter.to_owned(),
        reason: reason.into(),
    }
}

/// A field whose value is not of its schema.
pub(crate) fn unreadable(field: &Field, error: &Error) -> Error {
    Error::User(format!("field {}: {error}", field.name()))
}

impl Expression {
    /// Compiles the text of a parameter.
    pub(crate) fn compile(parameter: &str, text: &str, schema: &RowSchema) -> Result<Self, Error> {
        let parsed = Parsed::of(parameter, text)?;
        parsed.check(parameter, parsed.tree(), schema)
    }

    /// Compiles an expression that must give a value of this type, as far as that can be known.
    pub(crate) fn of_type(
        parameter: &str,
        text: &str,
        schema: &RowSchema,
        wanted: &Type,
    ) -> Result<Self, Error> {
        let expression = Self::compile(parameter, text, schema)?;
        match expression.kind() {
            Some(kind) if kind != wanted => Err(wrong(
                parameter,
                format!("`{text}` is {}, not {}", kind.to_json(), wanted.to_json()),
            )),
            _ => Ok(expression),
        }
    }

    /// The type of its values, if it could be inferred.
    pub(crate) fn kind(&self) -> Option<&Type> {
        self.kind.as_ref()
    }

    /// The field, if it is nothing else.
    pub(crate) fn as_field(&self) -> Option<&Field> {
        match (&self.expr.expr, self.fields.as_slice()) {
            (Expr::Ident(_), [field]) => Some(field),
            _ => None,
        }
    }

    /// Its value for a record, from the interpreter.
    pub(crate) fn evaluate(
        &self,
        record: &Dynamic,
        timestamp: Option<i64>,
    ) -> Result<cel::Value, Error> {
        let mut slots = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let value = record.value(field);
            slots.push(Slot::of(value.map_err(|error| unreadable(field, &error))?)?);
        }
        let scope = Scope {
            names: &self.names,
            slots,
            timestamp: timestamp.filter(|_| self.timestamp).map(CelInt::from),
        };
        let mut context = self.root.new_inner_scope();
        context.set_variable_resolver(&scope);
        context
            .resolve(&self.expr)
            .map_err(|error| Error::User(format!("expression `{}`: {error}", self.text)))
    }

    /// Whether it holds for a record.
    pub(crate) fn holds(&self, record: &Dynamic, timestamp: Option<i64>) -> Result<bool, Error> {
        if let Some(Program::Boolean(program)) = &self.program
            && let Some(holds) = program.evaluate(Row { record, timestamp })
        {
            return Ok(holds);
        }
        match self.evaluate(record, timestamp)? {
            cel::Value::Bool(holds) => Ok(holds),
            _ => Err(Error::User(format!(
                "expression `{}` gave no boolean",
                self.text
            ))),
        }
    }

    /// Its value for a record, as a whole number.
    pub(crate) fn long(&self, record: &Dynamic, timestamp: Option<i64>) -> Result<i64, Error> {
        if let Some(Program::Long(program)) = &self.program
            && let Some(value) = program.evaluate(Row { record, timestamp })
        {
            return Ok(value);
        }
        match self.evaluate(record, timestamp)? {
            cel::Value::Int(value) => Ok(value),
            _ => Err(Error::User(format!(
                "expression `{}` gave no whole number",
                self.text
            ))),
        }
    }
}

impl Expression {
    /// Writes its value for a record as the next field of a row.
    pub(crate) fn write(
        &self,
        record: &Dynamic,
        timestamp: Option<i64>,
        row: &mut RowBuilder<'_>,
    ) -> Result<(), Error> {
        let read = Row { record, timestamp };
        let value = match &self.program {
            Some(Program::Boolean(program)) => program.evaluate(read).map(Value::Boolean),
            Some(Program::Long(program)) => program.evaluate(read).map(Value::Long),
            Some(Program::Double(program)) => program.evaluate(read).map(Value::Double),
            Some(Program::Text(program)) => program.evaluate(read).map(Value::Text),
            None => None,
        };
        match value {
            Some(value) => row.push(&value)?,
            None => row.push(&written(&self.evaluate(record, timestamp)?)?)?,
        };
        Ok(())
    }

    /// Its value for a record, as a number to rank by.
    pub(crate) fn rank(&self, record: &Dynamic) -> Result<Rank, Error> {
        let read = Row {
            record,
            timestamp: None,
        };
        let rank = match &self.program {
            Some(Program::Long(program)) => program.evaluate(read).map(Rank::Long),
            Some(Program::Double(program)) => program.evaluate(read).map(Rank::Double),
            _ => None,
        };
        let rank = match rank {
            None => Rank::of(&self.evaluate(record, None)?),
            rank => rank,
        };
        let none = || Error::User(format!("expression `{}` gave no number", self.text));
        rank.ok_or_else(none)
    }
}

/// A number to rank by; those of one expression are all whole or all fractions.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Rank {
    /// A whole number.
    Long(i64),
    /// A fraction.
    Double(f64),
}

impl Rank {
    fn of(value: &cel::Value) -> Option<Self> {
        match value {
            cel::Value::Int(value) => Some(Self::Long(*value)),
            cel::Value::Float(value) => Some(Self::Double(*value)),
            _ => None,
        }
    }
}

/// A field's value in the library's form.
enum Slot<'r> {
    Long(CelInt),
    Double(CelDouble),
    Boolean(CelBool),
    Text(CelString<'r>),
    Null(CelNull),
    Other(Box<dyn Val>),
}

impl<'r> Slot<'r> {
    fn of(value: Value<'r>) -> Result<Self, Error> {
        Ok(match value {
            Value::Null => Self::Null(CelNull),
            Value::Boolean(value) => Self::Boolean(value.into()),
            Value::Long(value) => Self::Long(value.into()),
            Value::Double(value) => Self::Double(value.into()),
            Value::Text(text) => Self::Text(text.into()),
            other => {
                let value = nested(other);
                let boxed: Result<Box<dyn Val>, _> = value.try_into();
                Self::Other(boxed.map_err(|_| Error::from("a field has no value in CEL"))?)
            }
        })
    }
}

/// A value with parts, as the library has it.
fn nested(value: Value<'_>) -> cel::Value {
    let entries = |entries: Vec<(&str, Value<'_>)>| {
        let entries = entries.into_iter();
        let entries = entries.map(|(key, value)| (key.into(), nested(value)));
        cel::Value::Map(cel::objects::Map {
            map: std::sync::Arc::new(entries.collect()),
        })
    };
    match value {
        Value::Null => cel::Value::Null,
        Value::Boolean(value) => cel::Value::Bool(value),
        Value::Long(value) => cel::Value::Int(value),
        Value::Double(value) => cel::Value::Float(value),
        Value::Text(text) => cel::Value::String(text.to_owned().into()),
        Value::Bytes(bytes) => cel::Value::Bytes(bytes.to_vec().into()),
        Value::List(values) => {
            cel::Value::List(values.into_iter().map(nested).collect::<Vec<_>>().into())
        }
        Value::Map(map) => entries(map),
        Value::Record(fields) => entries(fields),
    }
}

/// What an expression sees of one record.
struct Scope<'r> {
    names: &'r [String],
    slots: Vec<Slot<'r>>,
    timestamp: Option<CelInt>,
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let index = self.names.iter().position(|name| name == variable);
        let Some(index) = index else {
            let timestamp = self.timestamp.as_ref().filter(|_| variable == TIMESTAMP)?;
            return Some(CowVal::Borrowed(timestamp));
        };
        Some(CowVal::Borrowed(match self.slots.get(index)? {
            Slot::Long(value) => value,
            Slot::Double(value) => value,
            Slot::Boolean(value) => value,
            Slot::Text(value) => value,
            Slot::Null(value) => value,
            Slot::Other(value) => value.as_ref(),
        }))
    }
}

/// A result of the library as a value to write into a record.
fn written(value: &cel::Value) -> Result<Value<'_>, Error> {
    Ok(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => Value::Boolean(*value),
        cel::Value::Int(value) => Value::Long(*value),
        cel::Value::UInt(value) => {
            let value = i64::try_from(*value);
            Value::Long(value.map_err(|_| Error::from("a uint is above the greatest long"))?)
        }
        cel::Value::Float(value) => Value::Double(*value),
        cel::Value::String(text) => Value::Text(text),
        cel::Value::Bytes(bytes) => Value::Bytes(bytes),
        cel::Value::List(values) => {
            Value::List(values.iter().map(written).collect::<Result<_, _>>()?)
        }
        other => {
            return Err(Error::User(format!(
                "an expression gave a {}, which no field can hold",
                other.type_of()
            )));
        }
    })
}

/// Expressions are shared by the runs of a factory.
pub(crate) type Shared = Rc<Expression>;
