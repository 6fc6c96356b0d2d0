//! Joins of two streams by key: within an interval of event time, within windows, or of all records for as long as they
//! are kept.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

use crate::expression::wrong;
use crate::pairing::{Pairing, Side, sides};
use crate::parameters::Given;
use crate::window::windows;

/// The type of join that was asked for.
fn join_type(given: &Given) -> Result<JoinType, Error> {
    Ok(match given.text("type") {
        None | Some("inner") => JoinType::Inner,
        Some("left") => JoinType::LeftOuter,
        Some("right") => JoinType::RightOuter,
        Some("full") => JoinType::FullOuter,
        Some(other) => {
            let reason = format!("`{other}` is none of inner, left, right, full");
            return Err(wrong("type", reason));
        }
    })
}

/// Refuses parameters that this form of join has no use for.
fn refuse(given: &Given, names: &[&str], reason: &str) -> Result<(), Error> {
    match names.iter().find(|name| given.text(name).is_some()) {
        Some(name) => Err(wrong(name, reason)),
        None => Ok(()),
    }
}

/// Joins two streams.
pub(crate) fn join(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let bounds = (given.duration("lower")?, given.duration("upper")?);
    let ttl = given.duration("ttl")?;
    let join_type = join_type(given)?;
    let sides = sides(env, given, ["left", "right"])?;
    let pairing = Rc::new(Pairing::new(&sides, join_type)?);
    let shown = pairing.schema().clone();
    let joined = if given.text("window").is_some() {
        let reason = "a join in windows forgets with them, leave it out";
        refuse(given, &["lower", "upper", "ttl"], reason)?;
        windowed(sides, given, join_type, pairing)?
    } else {
        let reason = "it belongs to windows, give window too";
        refuse(given, &["size", "slide", "gap", "allowed_lateness"], reason)?;
        let [left, right] = sides;
        let left = left.keyed("left-by-key")?;
        // The names of the left side's fields are those of the key.
        let right = right
            .keyed("right-by-key")?
            .returns_key(&left.key_schema()?);
        let pair =
            move |left: Option<&Dynamic>, right: Option<&Dynamic>, out: &mut Collector<'_, _>| {
                pairing.emit(left, right, out);
            };
        if bounds == (None, None) {
            if join_type != JoinType::Inner {
                let reason = "a join without bounds and windows is an inner one: that a partner never comes is not known before the end";
                return Err(wrong("type", reason));
            }
            let mut join = left.join(right);
            if let Some(ttl) = ttl {
                join = join.ttl_ms(ttl);
            }
            join.process(move |left, right, out| pair(Some(left), Some(right), out))
        } else {
            let reason = "a join with bounds forgets by event time, leave it out";
            refuse(given, &["ttl"], reason)?;
            let (lower, upper) = (bounds.0.unwrap_or(0), bounds.1.unwrap_or(0));
            left.interval_join(right)
                .between(lower, upper)
                .process_outer(join_type, pair)
        }
    };
    env.output("out", joined.returns(&shown).uid("join"));
    Ok(())
}

/// The fields that say what a record of both sides is.
const IS_LEFT: &str = "_left";
const RECORD: &str = "_record";

/// Both sides as one stream by key, in windows: each record goes as its bytes beside its key.
fn windowed(
    sides: [Side; 2],
    given: &Given,
    join_type: JoinType,
    pairing: Rc<Pairing>,
) -> Result<Stream<Dynamic>, JobError> {
    let key: Vec<(String, Type)> = sides[0]
        .key_fields()?
        .iter()
        .map(|field| (field.name().to_owned(), field.declared()))
        .collect();
    let names: Vec<String> = key.iter().map(|(name, _)| name.clone()).collect();
    let of_side = [(IS_LEFT, Type::Boolean), (RECORD, Type::Bytes)];
    let of_side = of_side.map(|(name, kind)| (name.to_owned(), kind));
    let schema = RowSchema::record("Sided", key.into_iter().chain(of_side));
    let (is_left, record) = (schema.field(IS_LEFT)?, schema.field(RECORD)?);
    let [left, right] = sides;
    let left = sided(left, &schema, true)?.uid("left-sided");
    let right = sided(right, &schema, false)?.uid("right-sided");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let both = left.union(&right).uid("both").key_by_fields(&names)?;
    let mut windows = windows(both.uid("by-key"), given)?;
    if let Some(lateness) = given.duration("allowed_lateness")? {
        windows = windows.allowed_lateness_ms(lateness);
    }
    Ok(windows.process(move |_key, _window, elements, out| {
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for element in elements {
            match unsided(&element.record, &is_left, &record) {
                Ok((true, left)) => lefts.push(left),
                Ok((false, right)) => rights.push(right),
                Err(error) => panic!("a record of a window cannot be read: {error}"),
            }
        }
        for left in &lefts {
            for right in &rights {
                pairing.emit(Some(left), Some(right), out);
            }
        }
        let outer = |keeps: &[JoinType]| keeps.contains(&join_type);
        if rights.is_empty() && outer(&[JoinType::LeftOuter, JoinType::FullOuter]) {
            lefts
                .iter()
                .for_each(|left| pairing.emit(Some(left), None, out));
        }
        if lefts.is_empty() && outer(&[JoinType::RightOuter, JoinType::FullOuter]) {
            rights
                .iter()
                .for_each(|right| pairing.emit(None, Some(right), out));
        }
    }))
}

/// The records of a side with their key.
fn sided(side: Side, schema: &RowSchema, is_left: bool) -> Result<Stream<Dynamic>, Error> {
    let (key, shown) = (side.key_fields()?, schema.clone());
    let sided = side.records.process(move |_| Sided {
        key: key.clone(),
        schema: shown.clone(),
        is_left,
    });
    Ok(sided.returns(schema))
}

struct Sided {
    key: Vec<Field>,
    schema: RowSchema,
    is_left: bool,
}

impl Process for Sided {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let mut row = self.schema.builder();
        for field in &self.key {
            row.copy(&record, field)?;
        }
        row.push(&Value::Boolean(self.is_left))?;
        row.push(&Value::Bytes(record.bytes()))?;
        out.emit(row.finish()?);
        Ok(())
    }
}

/// Which side a record is of, and the record.
fn unsided(sided: &Dynamic, is_left: &Field, record: &Field) -> Result<(bool, Dynamic), Error> {
    match sided.value(record)? {
        Value::Bytes(bytes) => Ok((sided.boolean(is_left)?, Dynamic::from_bytes(bytes))),
        _ => Err(Error::from("it has no bytes")),
    }
}
