//! Enrichment: the fields of a table's latest row of the same key. The table is a stream of rows and may change while the
//! job runs.
//!
//! Either every subtask has the whole table in broadcast state, and records stay where they are; or both streams are
//! distributed by the key, and the table may be as large as keyed state.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema};
use wasmill_sdk::prelude::*;

use crate::expression::wrong;
use crate::pairing::{Pairing, Side, sides};
use crate::parameters::Given;

/// What becomes of a record whose key the table does not have (yet).
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Wait,
    Keep,
    Drop,
}

/// Where the table is kept.
#[derive(Clone, Copy, PartialEq)]
enum Table {
    Broadcast,
    /// As broadcast, and read to its end before the first record.
    Complete,
    Keyed,
}

fn asked(given: &Given) -> Result<(Table, Missing), Error> {
    let table = match given.text("table") {
        None | Some("broadcast") => Table::Broadcast,
        Some("complete") => Table::Complete,
        Some("keyed") => Table::Keyed,
        Some(other) => {
            let reason = format!("`{other}` is none of broadcast, complete, keyed");
            return Err(wrong("table", reason));
        }
    };
    let missing = match given.text("missing") {
        None if table == Table::Complete => Missing::Keep,
        Some("wait") if table == Table::Complete => {
            let reason = "a complete table has no row to wait for, give keep or drop";
            return Err(wrong("missing", reason));
        }
        None | Some("wait") => Missing::Wait,
        Some("keep") => Missing::Keep,
        Some("drop") => Missing::Drop,
        Some(other) => {
            let reason = format!("`{other}` is none of wait, keep, drop");
            return Err(wrong("missing", reason));
        }
    };
    Ok((table, missing))
}

/// Adds the fields of the table's latest row of the same key.
pub(crate) fn enrich(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let (table, missing) = asked(given)?;
    let sides = sides(env, given, ["in", "table"])?;
    let join_type = match missing {
        Missing::Keep => JoinType::LeftOuter,
        Missing::Wait | Missing::Drop => JoinType::Inner,
    };
    let pairing = Rc::new(Pairing::new(&sides, join_type)?);
    let shown = pairing.schema().clone();
    let enriched = match table {
        Table::Keyed => keyed(sides, missing, pairing)?,
        Table::Broadcast => broadcast(sides, missing, pairing, false)?,
        Table::Complete => broadcast(sides, missing, pairing, true)?,
    };
    env.output("out", enriched.returns(&shown).uid("enrich"));
    Ok(())
}

fn keyed(
    [records, table]: [Side; 2],
    missing: Missing,
    pairing: Rc<Pairing>,
) -> Result<Stream<Dynamic>, JobError> {
    let records = records.keyed("left-by-key")?;
    // The names of the records' fields are those of the key.
    let table = table
        .keyed("right-by-key")?
        .returns_key(&records.key_schema()?);
    Ok(records.connect(table).process(move |ctx| Keyed {
        row: ctx.value_state("row"),
        waiting: ctx.list_state("waiting"),
        missing,
        pairing: Rc::clone(&pairing),
    }))
}

struct Keyed {
    row: ValueState<Dynamic>,
    waiting: ListState<Dynamic>,
    missing: Missing,
    pairing: Rc<Pairing>,
}

impl KeyedCoProcess for Keyed {
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
            (Some(_), _) | (None, Missing::Keep) => {
                out.emit(self.pairing.row(Some(&record), row.as_ref())?);
            }
            (None, Missing::Wait) => self.waiting.add(record),
            (None, Missing::Drop) => {}
        }
        Ok(())
    }

    fn process2(
        &mut self,
        row: Dynamic,
        _ctx: &mut KeyedContext<'_, Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        if self.missing == Missing::Wait {
            for waiting in self.waiting.get()? {
                out.emit(self.pairing.row(Some(&waiting), Some(&row))?);
            }
            self.waiting.clear();
        }
        self.row.set(row);
        Ok(())
    }
}

/// The key of a side's records as bytes, equal for equal keys of both sides.
#[derive(Clone)]
struct KeyBytes {
    fields: Vec<Field>,
    schema: RowSchema,
}

impl KeyBytes {
    fn of(side: &Side) -> Result<Self, Error> {
        let fields = side.key_fields()?;
        let shown = fields.iter().enumerate();
        let shown = shown.map(|(index, field)| (format!("_{index}"), field.declared()));
        Ok(Self {
            schema: RowSchema::record("Key", shown),
            fields,
        })
    }

    fn read(&self, record: &Dynamic) -> Result<Vec<u8>, Error> {
        let mut key = self.schema.builder();
        for field in &self.fields {
            key.copy(record, field)?;
        }
        Ok(key.finish()?.bytes().to_vec())
    }
}

fn broadcast(
    [records, table]: [Side; 2],
    missing: Missing,
    pairing: Rc<Pairing>,
    complete_first: bool,
) -> Result<Stream<Dynamic>, JobError> {
    let keys = [KeyBytes::of(&records)?, KeyBytes::of(&table)?];
    let mut both = records.records.connect_broadcast(table.records.broadcast());
    if complete_first {
        both = both.complete_first();
    }
    Ok(both.process(move |ctx| Broadcast {
        rows: ctx.broadcast_state("rows"),
        waiting: ctx.operator_list_state("waiting"),
        missing,
        keys: keys.clone(),
        pairing: Rc::clone(&pairing),
    }))
}

struct Broadcast {
    /// The latest row of each key.
    rows: BroadcastState<Vec<u8>, Dynamic>,
    /// Records whose key the table does not have yet.
    waiting: OperatorListState<Dynamic>,
    missing: Missing,
    keys: [KeyBytes; 2],
    pairing: Rc<Pairing>,
}

impl BroadcastProcess for Broadcast {
    type In = Dynamic;
    type Broadcast = Dynamic;
    type Out = Dynamic;

    fn process(
        &mut self,
        record: Dynamic,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let key = self.keys[0].read(&record)?;
        let (missing, pairing) = (self.missing, &self.pairing);
        let enriched = self.rows.with(&key, |row| match (row, missing) {
            (Some(_), _) | (None, Missing::Keep) => pairing.row(Some(&record), row).map(Some),
            (None, Missing::Wait | Missing::Drop) => Ok(None),
        })??;
        match enriched {
            Some(enriched) => out.emit(enriched),
            None if missing == Missing::Wait => self.waiting.add(record),
            None => {}
        }
        Ok(())
    }

    fn process_broadcast(
        &mut self,
        row: Dynamic,
        ctx: &mut BroadcastContext<'_>,
        out: &mut Collector<'_, Dynamic>,
    ) -> Outcome {
        let key = self.keys[1].read(&row)?;
        // Whoever waits for this key came before its first row.
        if self.missing == Missing::Wait && !self.rows.contains(&key)? {
            let mut others = Vec::new();
            let waiting = self.waiting.get()?;
            let count = waiting.len();
            for record in waiting {
                if self.keys[0].read(&record)? == key {
                    out.emit(self.pairing.row(Some(&record), Some(&row))?);
                } else {
                    others.push(record);
                }
            }
            if others.len() < count {
                self.waiting.update(others);
            }
        }
        self.rows.put(ctx, key, row)
    }
}
