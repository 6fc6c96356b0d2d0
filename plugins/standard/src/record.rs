//! Operators that look at one record at a time: filter, project, key-by, split, union, and the start of event time.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Type};
use wasmill_sdk::prelude::*;

use crate::expression::{Expression, Shared, wrong};
use crate::fields::{Projection, entries};
use crate::on_error::{OnError, readable};
use crate::parameters::Given;

/// Keeps the records for which the expression is true.
pub(crate) fn filter(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let text = given.required("where")?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let keep = Rc::new(Expression::of_type("where", text, &schema, &Type::Boolean)?);
    let skips = given.skips()?;
    let kept = records.process(move |ctx| Filter {
        keep: Rc::clone(&keep),
        on_error: OnError::open(skips, ctx),
    });
    env.output("out", kept.uid("filter"));
    Ok(())
}

struct Filter {
    keep: Shared,
    on_error: OnError,
}

impl Process for Filter {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let holds = self.keep.holds(&record, ctx.timestamp());
        if self.on_error.settle(holds)? == Some(true) {
            out.emit(record);
        }
        Ok(())
    }
}

/// Makes records of fields and expressions.
pub(crate) fn project(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let text = given.required("fields")?;
    let records = env.input_dynamic("in")?;
    let projection = Projection::of("fields", text, &records.schema()?)?;
    let projected = projected(records, projection, given)?;
    env.output("out", projected.uid("project"));
    Ok(())
}

/// A stream through a projection.
pub(crate) fn projected(
    records: Stream<Dynamic>,
    projection: Projection,
    given: &Given,
) -> Result<Stream<Dynamic>, Error> {
    let (projection, skips) = (Rc::new(projection), given.skips()?);
    let shown = projection.schema().clone();
    let projected = records.process(move |ctx| Project {
        projection: Rc::clone(&projection),
        on_error: OnError::open(skips, ctx),
    });
    Ok(projected.returns(&shown))
}

struct Project {
    projection: Rc<Projection>,
    on_error: OnError,
}

impl Process for Project {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let row = self.projection.row(&record, ctx.timestamp());
        if let Some(row) = self.on_error.settle(row)? {
            out.emit(row);
        }
        Ok(())
    }
}

/// Groups records for a component behind that takes keyed ones.
pub(crate) fn key_by(env: &mut Env, given: &Given) -> Result<(), JobError> {
    given.required("key")?;
    let names = given.names("key");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let records = env.input_dynamic("in")?;
    let records = readable(records, given, "readable", |_| Ok(()))?;
    let keyed = records.key_by_fields(&names)?;
    env.output_keyed("out", keyed.uid("key-by"));
    Ok(())
}

/// Starts event time.
pub(crate) fn assign_timestamps(env: &mut Env, given: &Given) -> Result<(), JobError> {
    given.required("timestamp")?;
    let records = env.input_dynamic("in")?;
    let assigned = assigned(records, given)?;
    env.output("out", assigned);
    Ok(())
}

/// Starts event time if the parameters say so.
pub(crate) fn assigned(
    records: Stream<Dynamic>,
    given: &Given,
) -> Result<Stream<Dynamic>, JobError> {
    let Some(text) = given.text("timestamp") else {
        return Ok(records);
    };
    let time = Expression::of_type("timestamp", text, &records.schema()?, &Type::Long)?;
    let time = Rc::new(time);
    let told = Rc::clone(&time);
    let records = readable(records, given, "timed", move |record| {
        told.long(record, None).map(drop)
    })?;
    let bound = given.duration("max_out_of_orderness")?.unwrap_or(0);
    let mut watermarks = Watermarks::bounded_ms(bound);
    if let Some(idle) = given.duration("idle_timeout")? {
        watermarks = watermarks.idle_after_ms(idle);
    }
    // It was told of the same record just before.
    let stamp = move |record: &Dynamic| match time.long(record, None) {
        Ok(time) => time,
        Err(error) => panic!("the event time of a record cannot be told: {error}"),
    };
    Ok(records
        .assign_timestamps(stamp, watermarks)
        .uid("timestamps"))
}

/// Gives each record to the outputs whose expressions are true, or to `rest`.
pub(crate) fn split(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let text = given.required("cases")?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let mut cases = Vec::new();
    for entry in entries("cases", text)? {
        let Some(definition) = &entry.definition else {
            let reason = format!("{} has no expression, write {0} = ...", entry.name);
            return Err(wrong("cases", reason));
        };
        let keep = Expression::of_type("cases", definition, &schema, &Type::Boolean)?;
        if entry.name == "rest" || cases.iter().any(|(name, _)| *name == entry.name) {
            return Err(wrong(
                "cases",
                format!("there is an output {} already", entry.name),
            ));
        }
        cases.push((entry.name, Rc::new(keep)));
    }
    let tag = move |name: &str| OutputTag::<Dynamic>::new(name).returns(&schema);
    let opened: Vec<(OutputTag<Dynamic>, Shared)> = cases
        .iter()
        .map(|(name, keep)| (tag(name), Rc::clone(keep)))
        .collect();
    let skips = given.skips()?;
    let rest = records.process(move |ctx| Split {
        on_error: OnError::open(skips, ctx),
        cases: opened
            .iter()
            .map(|(tag, keep)| (ctx.side_output(tag), Rc::clone(keep)))
            .collect(),
    });
    let rest = rest.uid("split");
    for (name, _) in &cases {
        env.output(name, rest.side_output(&tag(name)));
    }
    env.output("rest", rest);
    Ok(())
}

struct Split {
    cases: Vec<(SideOutput<Dynamic>, Shared)>,
    on_error: OnError,
}

impl Process for Split {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        // All cases are decided before any output has the record: one that is skipped goes nowhere.
        let holds = |(_, keep): &(_, Shared)| keep.holds(&record, ctx.timestamp());
        let taken: Result<Vec<bool>, Error> = self.cases.iter().map(holds).collect();
        let Some(taken) = self.on_error.settle(taken)? else {
            return Ok(());
        };
        for ((output, _), _) in self.cases.iter().zip(&taken).filter(|(_, taken)| **taken) {
            output.emit(record.clone());
        }
        if !taken.contains(&true) {
            out.emit(record);
        }
        Ok(())
    }
}

/// One stream of all that comes in.
pub(crate) fn union(env: &mut Env) -> Result<(), JobError> {
    let records = env.input_dynamic("in")?;
    env.output("out", records.union([]).uid("union"));
    Ok(())
}
