//! Aggregates of windows, and the windows that parameters describe.

use std::rc::Rc;

use wasmill_sdk::dynamic::Dynamic;
use wasmill_sdk::prelude::*;

use crate::aggregate::{Folding, prepared};
use crate::expression::wrong;
use crate::parameters::Given;
use crate::record::assigned;

/// The windows that the parameters ask for.
pub(crate) fn windows(
    keyed: KeyedStream<Dynamic, Dynamic>,
    given: &Given,
) -> Result<WindowedStream<Dynamic, Dynamic>, JobError> {
    Ok(match given.required("window")? {
        "tumbling" => keyed.window(Tumbling::of_ms(given.required_duration("size")?)),
        "sliding" => {
            let size = given.required_duration("size")?;
            keyed.window(Sliding::of_ms(size, given.required_duration("slide")?))
        }
        "session" => keyed.window(Session::with_gap_ms(given.required_duration("gap")?)),
        "count" => match given.text("slide") {
            None => keyed.count_window(given.number("size")?),
            Some(_) => keyed.count_window_sliding(given.number("size")?, given.number("slide")?),
        },
        other => {
            let reason =
                format!("there are no `{other}` windows, give tumbling, sliding, session or count");
            return Err(wrong("window", reason));
        }
    })
}

/// Emits the aggregates of a key's windows.
pub(crate) fn aggregate(env: &mut Env, given: &Given) -> Result<(), JobError> {
    let records = env.input_dynamic("in")?;
    let records = assigned(records, given)?;
    let (keyed, aggregates) = prepared(records, given)?;
    let is_count = given.text("window") == Some("count");
    let added: &[&str] = if is_count {
        &[]
    } else {
        &["window_start", "window_end"]
    };
    let (key, schema) = (keyed.key_schema()?, aggregates.schema(added));
    let shown = schema.clone();
    let mut windows = windows(keyed, given)?;
    if let Some(lateness) = given.duration("allowed_lateness")? {
        windows = windows.allowed_lateness_ms(lateness);
    }
    let folding = Folding(Rc::clone(&aggregates));
    let results = windows.aggregate_with(folding, move |by: &Dynamic, window, cells, out| {
        let bounds = [window.start, window.end];
        let added = if is_count { &[][..] } else { &bounds };
        match aggregates.row(&schema, &key, by, added, &cells) {
            Ok(row) => out.emit(row),
            Err(error) => panic!("a window's result cannot be written: {error}"),
        }
    });
    env.output("out", results.returns(&shown).uid("window-aggregate"));
    Ok(())
}
