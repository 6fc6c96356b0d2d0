//! Aggregates of records, `total = sum(price)`, for every record that comes (rolling) and for windows.
//!
//! Expressions are evaluated before the records are distributed: what goes over the network is the key and the
//! aggregates' arguments, and folding only reads fields. Nulls are left out, as SQL does.

use std::rc::Rc;

use cel::common::ast::Expr;
use wasmill_sdk::dynamic::{Dynamic, Field, RowBuilder, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

use crate::expression::{Expression, Parsed, wrong};
use crate::fields::{Columns, Projection, entries};
use crate::infer::value_of;
use crate::parameters::Given;
use crate::record::projected;

/// The constant by which records without a key are grouped.
const ALL: &str = "all";

#[derive(Clone, Copy, PartialEq)]
enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    MinBy,
    MaxBy,
}

impl Function {
    /// By its name and number of arguments.
    fn named(name: &str, arguments: usize) -> Option<Self> {
        Some(match (name, arguments) {
            ("count", 0 | 1) => Self::Count,
            ("sum", 1) => Self::Sum,
            ("min", 1) => Self::Min,
            ("max", 1) => Self::Max,
            ("avg", 1) => Self::Avg,
            ("min_by", 2) => Self::MinBy,
            ("max_by", 2) => Self::MaxBy,
            _ => return None,
        })
    }
}

/// One aggregate over the prepared records.
#[derive(Clone)]
struct Call {
    name: String,
    function: Function,
    argument: Option<Field>,
    /// What `min_by` and `max_by` give.
    of: Option<(Field, RowSchema)>,
}

/// What an aggregate has gathered.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    count: i64,
    long: i64,
    double: f64,
    text: String,
    of: Option<Dynamic>,
}

/// The aggregates of an operator.
#[derive(Clone)]
pub(crate) struct Aggregates {
    calls: Vec<Call>,
    key: Vec<Field>,
}

/// The stream of prepared records by key, and the aggregates over it.
pub(crate) fn prepared(
    records: Stream<Dynamic>,
    given: &Given,
) -> Result<(KeyedStream<Dynamic, Dynamic>, Rc<Aggregates>), JobError> {
    let schema = records.schema()?;
    let mut columns = Columns::default();
    let mut keys = given.names("key");
    for name in &keys {
        columns.copy(
            name,
            schema
                .field(name)
                .map_err(|error| wrong("key", error.to_string()))?,
        );
    }
    let has_key = !keys.is_empty();
    if !has_key {
        keys.push(ALL.to_owned());
        let zero = Expression::compile("key", "0", &schema)?;
        columns.add("key", ALL, Some(Type::Long), zero)?;
    }
    let calls = calls(given.required("aggregates")?, &schema, &mut columns)?;
    let projection: Projection = columns.finish("aggregates", "Prepared")?;
    let prepared = projection.schema().clone();
    let field = |name: String| prepared.field(&name);
    let calls = calls
        .into_iter()
        .enumerate()
        .map(|(index, (name, function, arguments))| {
            let of = (arguments > 1)
                .then(|| field(format!("_of_{index}")))
                .transpose()?;
            Ok(Call {
                name,
                function,
                argument: (arguments > 0)
                    .then(|| field(format!("_by_{index}")))
                    .transpose()?,
                of: of.map(|of| (of.clone(), RowSchema::of(of.kind().clone()))),
            })
        });
    let calls = calls.collect::<Result<Vec<_>, Error>>()?;
    let key = keys
        .iter()
        .filter(|_| has_key)
        .map(|name| prepared.field(name));
    let key = key.collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let stream = projected(records, projection, given)?.uid("prepare");
    let keyed = stream.key_by_fields(&names)?.uid("by-key");
    Ok((keyed, Rc::new(Aggregates { calls, key })))
}

type Named = (String, Function, usize);

/// Reads the aggregates and adds their arguments to the columns.
fn calls(text: &str, schema: &RowSchema, columns: &mut Columns) -> Result<Vec<Named>, JobError> {
    const PARAMETER: &str = "aggregates";
    let mut calls = Vec::new();
    for (index, entry) in entries(PARAMETER, text)?.into_iter().enumerate() {
        let usage = || {
            let reason = format!(
                "{} is no aggregate, write {0} = count(), sum(x), min(x), max(x), avg(x), min_by(x, of) or max_by(x, of)",
                entry.name
            );
            wrong(PARAMETER, reason)
        };
        let definition = entry.definition.as_deref().ok_or_else(usage)?;
        let parsed = Parsed::of(PARAMETER, definition)?;
        let Expr::Call(call) = &parsed.tree().expr else {
            return Err(usage());
        };
        let function = Function::named(&call.func_name, call.args.len()).ok_or_else(usage)?;
        for (name, argument) in ["by", "of"].iter().zip(&call.args) {
            let expression = parsed.check(PARAMETER, argument, schema)?;
            let kind = expression.kind().cloned().map(value_of);
            let is_number = matches!(kind, Some(Type::Long | Type::Double));
            let adds = matches!(function, Function::Sum | Function::Avg);
            let orders = is_number || kind == Some(Type::Text) || function == Function::Count;
            if *name == "by" && ((adds && !is_number) || !orders) {
                let kind = kind.map_or_else(
                    || "of unknown type".to_owned(),
                    |it| it.to_json().to_string(),
                );
                let reason = format!(
                    "`{definition}`: {}() cannot take what is {kind}",
                    call.func_name
                );
                return Err(wrong(PARAMETER, reason));
            }
            columns.add(PARAMETER, &format!("_{name}_{index}"), None, expression)?;
        }
        calls.push((entry.name, function, call.args.len()));
    }
    if calls.is_empty() {
        return Err(wrong(PARAMETER, "it has no aggregate, write name = sum(x)"));
    }
    Ok(calls)
}

impl Call {
    /// The type of the result.
    fn kind(&self) -> Type {
        let of = self
            .of
            .as_ref()
            .map(|(of, _)| of)
            .or(self.argument.as_ref());
        let kind = match (self.function, of) {
            (Function::Count, _) | (_, None) => return Type::Long,
            (Function::Avg, _) => Type::Double,
            (_, Some(field)) => match field.kind() {
                Type::Int if self.of.is_none() => Type::Long,
                Type::Float if self.of.is_none() => Type::Double,
                Type::Enum(_) if self.of.is_none() => Type::Text,
                kind => kind.clone(),
            },
        };
        let nullable = |field: &Field| field.is_nullable();
        if of.is_some_and(nullable) || self.argument.as_ref().is_some_and(nullable) {
            Type::Optional(Rc::new(kind))
        } else {
            kind
        }
    }

    fn add(&self, cell: &mut Cell, record: &Dynamic) -> Outcome {
        let Some(argument) = &self.argument else {
            cell.count += 1;
            return Ok(());
        };
        let value = record.value(argument)?;
        let first = cell.count == 0;
        let (less, greater) = match &value {
            Value::Null => return Ok(()),
            Value::Long(new) => (*new < cell.long, *new > cell.long),
            Value::Double(new) => (*new < cell.double, *new > cell.double),
            Value::Text(new) => (*new < cell.text.as_str(), *new > cell.text.as_str()),
            _ => (false, false),
        };
        cell.count += 1;
        match (self.function, &value) {
            (Function::Count, _) => return Ok(()),
            (Function::Avg, _) => {
                cell.double += record.double(argument)?;
                return Ok(());
            }
            (Function::Sum, Value::Long(new)) => {
                cell.long = cell.long.wrapping_add(*new);
                return Ok(());
            }
            (Function::Sum, Value::Double(new)) => {
                cell.double += new;
                return Ok(());
            }
            (Function::Min | Function::MinBy, _) if !first && !less => return Ok(()),
            (Function::Max | Function::MaxBy, _) if !first && !greater => return Ok(()),
            (_, Value::Long(new)) => cell.long = *new,
            (_, Value::Double(new)) => cell.double = *new,
            (_, Value::Text(new)) => (*new).clone_into(&mut cell.text),
            _ => {}
        }
        cell.of = match &self.of {
            Some((of, schema)) if !record.is_null(of)? => {
                let mut row = schema.builder();
                row.copy(record, of)?;
                Some(row.finish()?)
            }
            _ => None,
        };
        Ok(())
    }

    /// Adds what another cell has gathered later.
    fn merge(&self, cell: &mut Cell, later: &Cell) {
        if later.count == 0 {
            return;
        }
        let order = || {
            let longs = later.long.cmp(&cell.long);
            let doubles = later.double.total_cmp(&cell.double);
            longs.then(doubles).then_with(|| later.text.cmp(&cell.text))
        };
        let count = cell.count + later.count;
        let replaces = match self.function {
            Function::Count | Function::Sum | Function::Avg => {
                cell.long = cell.long.wrapping_add(later.long);
                cell.double += later.double;
                false
            }
            Function::Min | Function::MinBy => cell.count == 0 || order().is_lt(),
            Function::Max | Function::MaxBy => cell.count == 0 || order().is_gt(),
        };
        if replaces {
            *cell = later.clone();
        }
        cell.count = count;
    }

    fn write(&self, cell: &Cell, row: &mut RowBuilder<'_>) -> Outcome {
        let value = match (self.function, &self.argument, &self.of) {
            (Function::Count, ..) | (_, None, _) => Value::Long(cell.count),
            _ if cell.count == 0 => Value::Null,
            (Function::Avg, ..) => Value::Double(cell.double / cell.count as f64),
            (_, _, Some((_, schema))) => match &cell.of {
                Some(of) => schema.value(of)?,
                None => Value::Null,
            },
            (_, Some(argument), None) => match argument.kind() {
                Type::Int | Type::Long => Value::Long(cell.long),
                Type::Float | Type::Double => Value::Double(cell.double),
                _ => Value::Text(&cell.text),
            },
        };
        row.push(&value)?;
        Ok(())
    }
}

impl Aggregates {
    /// The schema of results: the key, what the operator adds, the aggregates.
    pub(crate) fn schema(&self, added: &[&str]) -> RowSchema {
        let key = self
            .key
            .iter()
            .map(|it| (it.name().to_owned(), it.declared()));
        let added = added.iter().map(|name| ((*name).to_owned(), Type::Long));
        let calls = self
            .calls
            .iter()
            .map(|call| (call.name.clone(), call.kind()));
        RowSchema::record("Aggregated", key.chain(added).chain(calls))
    }

    /// A result; `key_schema` is that of the stream's key.
    pub(crate) fn row(
        &self,
        schema: &RowSchema,
        key_schema: &RowSchema,
        key: &Dynamic,
        added: &[i64],
        cells: &[Cell],
    ) -> Result<Dynamic, Error> {
        let mut row = schema.builder();
        match (self.key.as_slice(), key_schema.value(key)?) {
            ([], _) => {}
            ([field], value) if !field.is_nullable() => {
                row.push(&value)?;
            }
            (_, Value::Record(fields)) => {
                for (_, value) in &fields {
                    row.push(value)?;
                }
            }
            (_, value) => {
                row.push(&value)?;
            }
        }
        for value in added {
            row.push(&Value::Long(*value))?;
        }
        for (call, cell) in self.calls.iter().zip(cells) {
            call.write(cell, &mut row)?;
        }
        row.finish()
    }

    fn fold(&self, cells: &mut [Cell], record: &Dynamic) -> Outcome {
        for (call, cell) in self.calls.iter().zip(cells) {
            call.add(cell, record)?;
        }
        Ok(())
    }

    fn empty(&self) -> Vec<Cell> {
        let cell = Cell {
            count: 0,
            long: 0,
            double: 0.0,
            text: String::new(),
            of: None,
        };
        vec![cell; self.calls.len()]
    }
}

/// The aggregates as windows fold them.
pub(crate) struct Folding(pub(crate) Rc<Aggregates>);

impl Aggregate<Dynamic> for Folding {
    type Acc = Vec<Cell>;
    type Out = Vec<Cell>;

    fn create(&self) -> Vec<Cell> {
        self.0.empty()
    }

    fn add(&self, acc: &mut Vec<Cell>, record: &Dynamic) {
        // `prepared` has written the record, so it can be read.
        if let Err(error) = self.0.fold(acc, record) {
            panic!("a record cannot be aggregated: {error}");
        }
    }

    fn merge(&self, acc: &mut Vec<Cell>, later: &Vec<Cell>) {
        for ((call, cell), later) in self.0.calls.iter().zip(acc).zip(later) {
            call.merge(cell, later);
        }
    }

    fn result(&self, acc: &Vec<Cell>) -> Vec<Cell> {
        acc.clone()
    }
}

/// Emits the aggregates of a key with every record.
pub(crate) fn rolling(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let records = env.input_dynamic("in")?;
    let (keyed, aggregates) = prepared(records, given)?;
    let (key, schema) = (keyed.key_schema()?, aggregates.schema(&[]));
    let shown = schema.clone();
    let results = keyed.process(move |ctx| Rolling {
        cells: ctx.value_state("aggregates"),
        aggregates: Rc::clone(&aggregates),
        key: key.clone(),
        schema: schema.clone(),
    });
    env.output("out", results.returns(&shown).uid("aggregate"));
    Ok(())
}

struct Rolling {
    cells: ValueState<Vec<Cell>>,
    aggregates: Rc<Aggregates>,
    key: RowSchema,
    schema: RowSchema,
}

impl KeyedProcess for Rolling {
    type Key = Dynamic;
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let mut cells = self.cells.get().unwrap_or_else(|| self.aggregates.empty());
        self.aggregates.fold(&mut cells, &record)?;
        let row = self
            .aggregates
            .row(&self.schema, &self.key, ctx.key(), &[], &cells)?;
        self.cells.set(cells);
        out.emit(row);
        Ok(())
    }
}
