//! Operators with state per key that give on records as they are: deduplication and rankings.

use std::cmp::Ordering;
use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

use crate::expression::{Expression, Shared, wrong};
use crate::fields::Columns;
use crate::on_error::readable;
use crate::parameters::Given;
use crate::record::projected;
use crate::window::windows;

/// The field that a ranking adds.
const RANK: &str = "rank";

/// Lets the first record of a key pass.
pub(crate) fn dedup(env: &mut Env, given: &Given) -> Result<(), JobError> {
    given.required("key")?;
    let names = given.names("key");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let records = env.input_dynamic("in")?;
    let records = readable(records, given, "readable", |_| Ok(()))?;
    let keyed = records.key_by_fields(&names)?.uid("by-key");
    let first = match given.duration("within")? {
        Some(within) => keyed.dedup_within_ms(within),
        None => keyed.dedup(),
    };
    env.output("out", first.uid("dedup"));
    Ok(())
}

/// Ranks the records of a key, or of a key's windows.
pub(crate) fn top_n(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let n = given.number("n")?;
    let n = usize::try_from(n).ok().filter(|n| *n > 0);
    let n = n.ok_or_else(|| wrong("n", "a ranking has at least 1 record"))?;
    let text = given.required("by")?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let by = Expression::compile("by", text, &schema)?;
    if !matches!(by.kind(), Some(Type::Long | Type::Double)) {
        return Err(wrong(
            "by",
            format!("`{text}` is not certainly a number that is never null"),
        ));
    }
    if schema.field(RANK).is_ok() {
        return Err(wrong(
            "by",
            format!("the records have a field {RANK} already, rename it"),
        ));
    }
    let ranking = Rc::new(Ranking::new(n, by, &schema));
    let shown = ranking.schema.clone();
    let mut names = given.names("key");
    let mut records = records;
    if names.is_empty() {
        // Without a key all records are one group: a constant is added for it, and the ranking leaves it out.
        let mut columns = Columns::default();
        for field in schema.fields() {
            columns.copy(field.name(), field.clone());
        }
        columns.add(
            "key",
            "_all",
            Some(Type::Long),
            Expression::compile("key", "0", &schema)?,
        )?;
        records = projected(records, columns.finish("key", "Prepared")?, given)?.uid("prepare");
        names.push("_all".to_owned());
    }
    let prepared = records.schema()?;
    let ranking = if prepared == schema {
        ranking
    } else {
        let by = Expression::compile("by", text, &prepared)?;
        Rc::new(Ranking::over(n, by, &schema, &prepared)?)
    };
    let ranks = Rc::clone(&ranking);
    let records = readable(records, given, "readable", move |record| {
        ranks.by.rank(record).map(drop)
    })?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let keyed = records.key_by_fields(&names)?.uid("by-key");
    let ranked = if given.text("window").is_some() {
        windows(keyed, given)?.process(move |_key, _window, elements, out| {
            let mut best = Vec::new();
            // Every record was ranked once before it came here.
            for element in elements {
                if let Err(error) = ranking.enter(&mut best, element.record.clone()) {
                    panic!("a record cannot be ranked: {error}");
                }
            }
            if let Err(error) = ranking.emit(&best, out) {
                panic!("a ranking cannot be written: {error}");
            }
        })
    } else {
        keyed.process(move |ctx| TopN {
            best: ctx.value_state("best"),
            ranking: Rc::clone(&ranking),
        })
    };
    env.output("out", ranked.returns(&shown).uid("top-n"));
    Ok(())
}

/// How records are ranked and written.
struct Ranking {
    n: usize,
    by: Shared,
    fields: Vec<wasmill_sdk::dynamic::Field>,
    schema: RowSchema,
}

impl Ranking {
    fn new(n: usize, by: Expression, schema: &RowSchema) -> Self {
        let fields = schema.fields().to_vec();
        let shown = fields
            .iter()
            .map(|it| (it.name().to_owned(), it.declared()));
        let rank = [(RANK.to_owned(), Type::Long)];
        Self {
            n,
            by: Rc::new(by),
            schema: RowSchema::record("Ranked", shown.chain(rank)),
            fields,
        }
    }

    /// The same for records that have more fields.
    fn over(
        n: usize,
        by: Expression,
        schema: &RowSchema,
        prepared: &RowSchema,
    ) -> Result<Self, Error> {
        let mut ranking = Self::new(n, by, schema);
        let fields = schema.fields().iter().map(|it| prepared.field(it.name()));
        ranking.fields = fields.collect::<Result<_, _>>()?;
        Ok(ranking)
    }

    /// Puts a record in its place, behind those that are as good. Whether the ranking has changed.
    fn enter(&self, best: &mut Vec<Dynamic>, record: Dynamic) -> Result<bool, Error> {
        let rank = self.by.rank(&record)?;
        let mut place = best.len();
        while place > 0 {
            let other = self.by.rank(&best[place - 1])?;
            if rank.partial_cmp(&other) != Some(Ordering::Greater) {
                break;
            }
            place -= 1;
        }
        if place >= self.n {
            return Ok(false);
        }
        best.insert(place, record);
        best.truncate(self.n);
        Ok(true)
    }

    fn emit(&self, best: &[Dynamic], out: &mut Collector<'_, Dynamic>) -> Outcome {
        for (record, rank) in best.iter().zip(1_i64..) {
            let mut row = self.schema.builder();
            for field in &self.fields {
                row.copy(record, field)?;
            }
            row.push(&Value::Long(rank))?;
            out.emit(row.finish()?);
        }
        Ok(())
    }
}

/// The ranking of a key, emitted whenever it changes.
struct TopN {
    best: ValueState<Vec<Dynamic>>,
    ranking: Rc<Ranking>,
}

impl KeyedProcess for TopN {
    type Key = Dynamic;
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let mut best = self.best.get().unwrap_or_default();
        if self.ranking.enter(&mut best, record)? {
            self.ranking.emit(&best, out)?;
            self.best.set(best);
        }
        Ok(())
    }
}
