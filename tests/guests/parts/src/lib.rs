//! Small components with open ports, to be put together in a job file. The parameter `part` chooses which one it is.
//!
//! Typed: `tokenizer` (lines in, words out, long words by a second output), `counter` (words in, running counts out),
//! `pairs` (two inputs that share a key). Dynamic: `filter` and `project`, which take records of any schema,
//! `sums`, which groups them by a field, `damage`, which spoils
//! some, `firsts`, which takes them with any key. `job` is a whole job, to be exported.

use wasmill_sdk::dynamic::{Dynamic, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

/// A word.
#[derive(Record, Clone, Debug, PartialEq)]
struct Token {
    word: String,
}

/// The counter's name for a word.
#[derive(Record, Clone, Debug, PartialEq)]
struct Word {
    word: String,
}

/// How often a word has come.
#[derive(Record, Clone, Debug, PartialEq)]
struct Count {
    word: String,
    count: i64,
}

#[wasmill_sdk::job]
fn parts(env: &mut Env) -> Result<(), JobError> {
    let part: String = env
        .param("part")
        .describe("which component it is")
        .default("tokenizer")?;
    match part.as_str() {
        "tokenizer" => tokenizer(env),
        "counter" => counter(env),
        "unrelated" => unrelated(env),
        "join" => join(env),
        "filter" => filter(env),
        "project" => project(env),
        "sums" => sums(env),
        "damage" => damage(env),
        "firsts" => firsts(env),
        "job" => job(env),
        other => Err(Error::Parameter {
            name: "part".to_owned(),
            reason: format!("there is no part {other}"),
        }),
    }
}

/// Splits lines into words; words longer than `longest` leave by the output `long`.
fn tokenizer(env: &mut Env) -> Result<(), JobError> {
    let longest: i64 = env
        .param("longest")
        .describe("letters of a word that is not long")
        .default(1000)?;
    let words = env
        .input::<String>("lines")
        .flat_map(|line, out| {
            for word in line.split_whitespace() {
                out.emit(Token {
                    word: word.to_owned(),
                });
            }
        })
        .uid("split");
    let is_long = move |token: &Token| token.word.len() as i64 > longest;
    let long = words.clone().filter(is_long).uid("long");
    env.output("words", words.filter(move |t| !is_long(t)).uid("short"));
    env.output("long", long);
    Ok(())
}

/// Counts words as they come.
fn counter(env: &mut Env) -> Result<(), JobError> {
    let counts = env
        .input::<Word>("words")
        .key_by(|word| word.word.clone())
        .uid("by-word")
        .process(|ctx| Counter1 {
            count: ctx.value_state("count"),
        })
        .uid("count");
    env.output("counts", counts);
    Ok(())
}

struct Counter1 {
    count: ValueState<i64>,
}

impl KeyedProcess for Counter1 {
    type Key = String;
    type In = Word;
    type Out = Count;

    fn process(
        &mut self,
        record: Word,
        _ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Count>,
    ) -> Outcome {
        let count = self.count.get().unwrap_or(0) + 1;
        self.count.set(count);
        out.emit(Count {
            word: record.word,
            count,
        });
        Ok(())
    }
}

/// Cuts every second record off, so that it is none of its schema any more.
fn damage(env: &mut Env) -> Result<(), JobError> {
    let records = env.input_dynamic("in")?;
    let count = std::cell::Cell::new(0_u32);
    let damaged = records.map(move |record: Dynamic| {
        count.set(count.get() + 1);
        match count.get() % 2 {
            0 => Dynamic::from_bytes(&record.bytes()[..4]),
            _ => record,
        }
    });
    env.output("out", damaged);
    Ok(())
}

/// The first record of each key, whatever the key is.
fn firsts(env: &mut Env) -> Result<(), JobError> {
    let firsts = env.input_keyed_dynamic("in")?.dedup();
    env.output("out", firsts.uid("firsts"));
    Ok(())
}

/// Takes numbers where others give words.
fn unrelated(env: &mut Env) -> Result<(), JobError> {
    let numbers = env.input::<i64>("numbers").map(|number| number + 1);
    env.output("numbers", numbers);
    Ok(())
}

/// Two inputs with one key: how many records of the right one there were when one of the left came.
fn join(env: &mut Env) -> Result<(), JobError> {
    let left = env.input::<Word>("left").key_by(|word| word.word.clone());
    let right = env.input::<Word>("right").key_by(|word| word.word.clone());
    let joined = left.connect(right).process(|ctx| Join {
        seen: ctx.value_state("seen"),
    });
    env.output("joined", joined.uid("join"));
    Ok(())
}

struct Join {
    seen: ValueState<i64>,
}

impl KeyedCoProcess for Join {
    type Key = String;
    type In1 = Word;
    type In2 = Word;
    type Out = Count;

    fn process1(
        &mut self,
        record: Word,
        _ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Count>,
    ) -> Outcome {
        let count = self.seen.get().unwrap_or(0);
        out.emit(Count {
            word: record.word,
            count,
        });
        Ok(())
    }

    fn process2(
        &mut self,
        _record: Word,
        _ctx: &mut KeyedContext<'_, String>,
        _out: &mut Collector<'_, Count>,
    ) -> Outcome {
        let seen = self.seen.get().unwrap_or(0);
        self.seen.set(seen + 1);
        Ok(())
    }
}

/// Keeps the records whose field is at least a number.
fn filter(env: &mut Env) -> Result<(), JobError> {
    let name: String = env.param("field").describe("which field").required()?;
    let least: i64 = env.param("least").describe("its least value").default(0)?;
    let records = env.input_dynamic("in")?;
    let field = records.schema()?.field(&name)?;
    let kept = records.filter(move |record| record.long(&field).is_ok_and(|it| it >= least));
    env.output("out", kept.uid("filter"));
    Ok(())
}

/// Keeps some fields of every record, in another order.
fn project(env: &mut Env) -> Result<(), JobError> {
    let names: String = env
        .param("fields")
        .describe("names with commas between")
        .required()?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let fields = names.split(',').map(|name| schema.field(name));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let named = fields
        .iter()
        .map(|field| (field.name().to_owned(), field.declared()));
    let projected = RowSchema::record("Projected", named);
    let shown = projected.clone();
    let records = records.process(move |_| Project {
        fields: fields.clone(),
        schema: projected.clone(),
    });
    env.output("out", records.returns(&shown).uid("project"));
    Ok(())
}

struct Project {
    fields: Vec<wasmill_sdk::dynamic::Field>,
    schema: RowSchema,
}

impl Process for Project {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let mut row = self.schema.builder();
        for field in &self.fields {
            row.copy(&record, field)?;
        }
        out.emit(row.finish()?);
        Ok(())
    }
}

/// Sums up a field by another.
fn sums(env: &mut Env) -> Result<(), JobError> {
    let by: String = env.param("by").describe("the key").required()?;
    let of: String = env.param("of").describe("what to sum up").required()?;
    let records = env.input_dynamic("in")?;
    let schema = records.schema()?;
    let (key, summed) = (schema.field(&by)?, schema.field(&of)?);
    let fields = [(by.clone(), key.declared()), ("sum".to_owned(), Type::Long)];
    let result = RowSchema::record("Sum", fields);
    let shown = result.clone();
    let sums = records
        .key_by_fields(&[&by])?
        .uid("by-key")
        .process(move |ctx| Sums {
            sum: ctx.value_state("sum"),
            key: key.clone(),
            summed: summed.clone(),
            result: result.clone(),
        });
    env.output("out", sums.returns(&shown).uid("sums"));
    Ok(())
}

struct Sums {
    sum: ValueState<i64>,
    key: wasmill_sdk::dynamic::Field,
    summed: wasmill_sdk::dynamic::Field,
    result: RowSchema,
}

impl KeyedProcess for Sums {
    type Key = Dynamic;
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let sum = self.sum.get().unwrap_or(0) + record.long(&self.summed)?;
        self.sum.set(sum);
        let mut row = self.result.builder();
        row.copy(&record, &self.key)?.push(&Value::Long(sum))?;
        out.emit(row.finish()?);
        Ok(())
    }
}

/// A whole job: pairs from the generator, counted by key, written to files.
fn job(env: &mut Env) -> Result<(), JobError> {
    let n: i64 = env
        .param("n")
        .describe("how many records")
        .default(20_000)?;
    let rate: i64 = env.param("rate").describe("a second").default(0)?;
    let out: String = env.param("out").describe("where to write").default("out")?;
    let mut pairs = Generator::pairs().count(n).keys(100);
    if rate > 0 {
        pairs = pairs.rate(rate);
    }
    env.name("exported ${job}");
    let pairs = env.source::<(i64, i64)>(pairs).uid("pairs");
    pairs
        .filter(|pair| pair.0 % 2 == 0)
        .key_by(|pair| pair.0)
        .uid("by-key")
        .reduce(|a, b| (a.0, a.1 + b.1))
        .uid("sum")
        .parallelism(2)
        .map(|pair| format!("{},{}", pair.0, pair.1))
        .sink(TextFiles::new(out))
        .uid("files");
    Ok(())
}

#[cfg(test)]
mod tests;
