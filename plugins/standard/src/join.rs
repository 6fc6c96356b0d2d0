//! Two streams by key: joins within an interval of event time or for as long as records are kept, and enrichment from a
//! table that is a stream of rows.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

use crate::expression::wrong;
use crate::parameters::Given;

type Keyed = KeyedStream<Dynamic, Dynamic>;

/// Both streams by their keys, and how a pair is written.
fn keyed(
    env: &mut Env,
    given: &Given,
    ports: [&str; 2],
    nullable: bool,
) -> Result<(Keyed, Keyed, Rc<Pairing>), JobError> {
    let sides = [("left_key", ports[0]), ("right_key", ports[1])];
    let mut streams = Vec::new();
    for (parameter, port) in sides {
        let mut names = given.names(parameter);
        if names.is_empty() {
            names = given.names("key");
        }
        if names.is_empty() {
            return Err(wrong(
                "key",
                "it is missing, give key, or left_key and right_key",
            ));
        }
        let stream = env.input_dynamic(port)?;
        streams.push((stream, names));
    }
    let [(left, left_names), (right, right_names)] =
        <[_; 2]>::try_from(streams).map_err(|_| Error::from("a join has two inputs"))?;
    let (left_schema, right_schema) = (left.schema()?, right.schema()?);
    let kinds = |schema: &RowSchema, names: &[String]| {
        let kinds = names.iter().map(|name| Ok(schema.field(name)?.declared()));
        kinds.collect::<Result<Vec<Type>, Error>>()
    };
    let left_kinds = kinds(&left_schema, &left_names)?;
    if left_kinds != kinds(&right_schema, &right_names)? {
        return Err(wrong(
            "key",
            "the fields of both sides have different types",
        ));
    }
    let pairing = Pairing::new(&left_schema, &right_schema, &right_names, nullable);
    let texts = |names: &[String]| names.to_vec();
    let by = |stream: Stream<Dynamic>, names: Vec<String>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        stream.key_by_fields(&names)
    };
    let left = by(left, texts(&left_names))?.uid("left-by-key");
    let key = left.key_schema()?;
    // The names of the left side's fields are those of the key.
    let right = by(right, texts(&right_names))?
        .uid("right-by-key")
        .returns_key(&key);
    Ok((left, right, Rc::new(pairing)))
}

/// How a pair becomes a record: the left one's fields, then those of the right one without its key. A name that is there
/// already gets `right_` before it.
struct Pairing {
    left: Vec<Field>,
    right: Vec<Field>,
    schema: RowSchema,
}

impl Pairing {
    fn new(left: &RowSchema, right: &RowSchema, key: &[String], nullable: bool) -> Self {
        let left = left.fields().to_vec();
        let is_new = |field: &&Field| key.iter().all(|name| name != field.name());
        let right: Vec<Field> = right.fields().iter().filter(is_new).cloned().collect();
        let mut shown: Vec<(String, Type)> = Vec::new();
        for field in &left {
            shown.push((field.name().to_owned(), field.declared()));
        }
        for field in &right {
            let mut name = field.name().to_owned();
            while shown.iter().any(|(other, _)| *other == name) {
                name = format!("right_{name}");
            }
            let kind = match nullable {
                true => Type::Optional(Rc::new(field.kind().clone())),
                false => field.declared(),
            };
            shown.push((name, kind));
        }
        Self {
            left,
            right,
            schema: RowSchema::record("Joined", shown),
        }
    }

    fn row(&self, left: &Dynamic, right: Option<&Dynamic>) -> Result<Dynamic, Error> {
        let mut row = self.schema.builder();
        for field in &self.left {
            row.copy(left, field)?;
        }
        for field in &self.right {
            match right {
                Some(right) => row.copy(right, field)?,
                None => row.push(&Value::Null)?,
            };
        }
        row.finish()
    }
}

/// Joins two streams.
pub(crate) fn join(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let bounds = (given.duration("lower")?, given.duration("upper")?);
    let ttl = given.duration("ttl")?;
    if ttl.is_some() && bounds != (None, None) {
        return Err(wrong(
            "ttl",
            "a join with bounds forgets by event time, leave it out",
        ));
    }
    let (left, right, pairing) = keyed(env, given, ["left", "right"], false)?;
    let shown = pairing.schema.clone();
    let pair =
        move |left: &Dynamic, right: &Dynamic, out: &mut Collector<'_, Dynamic>| match pairing
            .row(left, Some(right))
        {
            Ok(row) => out.emit(row),
            Err(error) => panic!("a pair cannot be written: {error}"),
        };
    let joined = match bounds {
        (None, None) => {
            let mut join = left.join(right);
            if let Some(ttl) = ttl {
                join = join.ttl_ms(ttl);
            }
            join.process(pair)
        }
        (lower, upper) => {
            let (lower, upper) = (lower.unwrap_or(0), upper.unwrap_or(0));
            left.interval_join(right)
                .between(lower, upper)
                .process(pair)
        }
    };
    env.output("out", joined.returns(&shown).uid("join"));
    Ok(())
}

/// What becomes of a record whose key the table does not have (yet).
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Wait,
    Null,
    Drop,
}

/// Adds the fields of the table's latest row of the same key.
pub(crate) fn enrich(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let missing = match given.text("missing") {
        None | Some("wait") => Missing::Wait,
        Some("null") => Missing::Null,
        Some("drop") => Missing::Drop,
        Some(other) => {
            return Err(wrong(
                "missing",
                format!("`{other}` is none of wait, null, drop"),
            ));
        }
    };
    let (records, table, pairing) = keyed(env, given, ["in", "table"], missing == Missing::Null)?;
    let shown = pairing.schema.clone();
    let enriched = records.connect(table).process(move |ctx| Enrich {
        row: ctx.value_state("row"),
        waiting: ctx.list_state("waiting"),
        missing,
        pairing: Rc::clone(&pairing),
    });
    env.output("out", enriched.returns(&shown).uid("enrich"));
    Ok(())
}

struct Enrich {
    row: ValueState<Dynamic>,
    waiting: ListState<Dynamic>,
    missing: Missing,
    pairing: Rc<Pairing>,
}

impl KeyedCoProcess for Enrich {
    type Key = Dynamic;
    type In1 = Dynamic;
    type In2 = Dynamic;
    type Out = Dynamic;

    fn process1(
        &mut self,
        record: Dynamic,
        _ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let row = self.row.get();
        match (&row, self.missing) {
            (Some(_), _) | (None, Missing::Null) => {
                out.emit(self.pairing.row(&record, row.as_ref())?);
            }
            (None, Missing::Wait) => self.waiting.add(record),
            (None, Missing::Drop) => {}
        }
        Ok(())
    }

    fn process2(
        &mut self,
        record: Dynamic,
        _ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        if self.missing == Missing::Wait {
            for waiting in self.waiting.get()? {
                out.emit(self.pairing.row(&waiting, Some(&record))?);
            }
            self.waiting.clear();
        }
        self.row.set(record);
        Ok(())
    }
}
