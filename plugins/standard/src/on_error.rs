//! What becomes of a record that cannot be used: an expression has no value for it, or its bytes are not of its schema.
//! It fails the job, with the field or expression named, or is skipped and counted.
//!
//! Operators that fold, join or rank records have them read once before ([`readable`]), so that nothing fails where
//! there is no record to name any more.

use wasmill_sdk::dynamic::{Dynamic, RowSchema};
use wasmill_sdk::prelude::*;

use crate::expression::{unreadable, wrong};
use crate::parameters::Given;

/// The metric that counts what was skipped.
const SKIPPED: &str = "numRecordsSkipped";

/// What becomes of records that cannot be used, in one operator.
pub(crate) struct OnError {
    skipped: Option<Counter>,
}

impl OnError {
    /// In an operator that is being opened.
    pub(crate) fn open(skips: bool, ctx: &mut OpenContext<'_>) -> Self {
        Self {
            skipped: skips.then(|| ctx.counter(SKIPPED)),
        }
    }

    /// What was made of a record; nothing if it is skipped.
    pub(crate) fn settle<T>(&self, made: Result<T, Error>) -> Result<Option<T>, Error> {
        match (made, &self.skipped) {
            (Ok(made), _) => Ok(Some(made)),
            (Err(_), Some(skipped)) => {
                skipped.add(1);
                Ok(None)
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl Given {
    /// Whether records that cannot be used are skipped.
    pub(crate) fn skips(&self) -> Result<bool, Error> {
        match self.text("on_error") {
            None | Some("fail") => Ok(false),
            Some("skip") => Ok(true),
            Some(other) => Err(wrong(
                "on_error",
                format!("`{other}` is neither fail nor skip"),
            )),
        }
    }
}

/// The records that can be read as their schema says and for which `check` finds nothing wrong.
pub(crate) fn readable(
    records: Stream<Dynamic>,
    given: &Given,
    uid: &str,
    check: impl Fn(&Dynamic) -> Outcome + Clone + 'static,
) -> Result<Stream<Dynamic>, Error> {
    let (skips, schema) = (given.skips()?, records.schema()?);
    let readable = records.process(move |ctx| Readable {
        schema: schema.clone(),
        check: check.clone(),
        on_error: OnError::open(skips, ctx),
    });
    Ok(readable.uid(uid))
}

struct Readable<C> {
    schema: RowSchema,
    check: C,
    on_error: OnError,
}

impl<C: Fn(&Dynamic) -> Outcome + 'static> Process for Readable<C> {
    type In = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let read = read_through(&self.schema, &record).and_then(|()| (self.check)(&record));
        if self.on_error.settle(read)?.is_some() {
            out.emit(record);
        }
        Ok(())
    }
}

/// Reads every field of a record.
fn read_through(schema: &RowSchema, record: &Dynamic) -> Outcome {
    let fields = schema.fields();
    if fields.is_empty() {
        schema.value(record)?;
    }
    for field in fields {
        let value = record.value(field);
        value.map_err(|error| unreadable(field, &error))?;
    }
    Ok(())
}
