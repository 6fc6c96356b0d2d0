//! Operators that look at one record at a time: filter, project, key-by, split, union, and the start of event time.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Type};
use wasmill_sdk::prelude::*;

use crate::expression::{Expression, Shared, wrong};
use crate::fields::{Projection, entries};
use crate::parameters::Given;

/// Keeps the records for which the expression is true.
pub(crate) fn filter(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let text = given.required("where")?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let keep = Rc::new(Expression::of_type("where", text, &schema, &Type::Boolean)?);
    let kept = records.process(move |_| Filter(Rc::clone(&keep)));
    env.output("out", kept.uid("filter"));
    Ok(())
}

struct Filter(Shared);

impl Process for Filter {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        if self.0.holds(&record, ctx.timestamp())? {
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
    let projected = projected(records, projection);
    env.output("out", projected.uid("project"));
    Ok(())
}

/// A stream through a projection.
pub(crate) fn projected(records: Stream<Dynamic>, projection: Projection) -> Stream<Dynamic> {
    let projection = Rc::new(projection);
    let shown = projection.schema().clone();
    let projected = records.process(move |_| Project(Rc::clone(&projection)));
    projected.returns(&shown)
}

struct Project(Rc<Projection>);

impl Process for Project {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        out.emit(self.0.row(&record, ctx.timestamp())?);
        Ok(())
    }
}

/// Groups records for a component behind that takes keyed ones.
pub(crate) fn key_by(env: &mut Env, given: &Given) -> Result<(), JobError> {
    given.required("key")?;
    let names = given.names("key");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let keyed = env.input_dynamic("in")?.key_by_fields(&names)?;
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
    let bound = given.duration("max_out_of_orderness")?.unwrap_or(0);
    let mut watermarks = Watermarks::bounded_ms(bound);
    if let Some(idle) = given.duration("idle_timeout")? {
        watermarks = watermarks.idle_after_ms(idle);
    }
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
    let rest = records.process(move |ctx| Split {
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
        let mut taken = false;
        for (output, keep) in &self.cases {
            if keep.holds(&record, ctx.timestamp())? {
                output.emit(record.clone());
                taken = true;
            }
        }
        if !taken {
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
