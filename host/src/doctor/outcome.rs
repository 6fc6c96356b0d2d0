//! What came of a rehearsal, and in what two of them differ.

use std::collections::BTreeMap;

use connectors::row::append_json;
use connectors::schema::Schema;

/// Bytes of a record that a difference shows.
const SHOWN_BYTES: usize = 120;

/// Entries of a state: name, key, sub-key and value, in order.
pub(super) type Entries = BTreeMap<(String, Vec<u8>, Vec<u8>), Vec<u8>>;

/// What came of a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What each sink was given, in order: schema, rows.
    pub(super) sinks: BTreeMap<String, (String, Vec<Vec<u8>>)>,
    /// What the chains kept at their end.
    pub(super) states: Entries,
    /// Records that the sources gave.
    pub(super) records_in: u64,
    /// Calls into guests.
    pub(super) calls: u64,
    /// Processor time of these calls (nanoseconds), if the system tells.
    pub(super) cpu_ns: Option<u64>,
    /// Linear memory of the largest instance.
    pub(super) memory_bytes: u64,
    /// A record that was none of its schema was taken.
    pub(super) took_damage: bool,
    /// A chain refused such a record, in these words.
    pub(super) refusal: Option<String>,
}

impl Outcome {
    /// Records that came to sinks.
    pub(super) fn records_out(&self) -> usize {
        self.sinks.values().map(|(_, rows)| rows.len()).sum()
    }

    /// The same with the records of every sink sorted: a restore does not keep the order of timers of one time, so what
    /// they emit may come in another.
    #[must_use]
    pub(super) fn sorted(&self) -> Self {
        let sorted = |(schema, rows): &(String, Vec<Vec<u8>>)| {
            let mut rows = rows.clone();
            rows.sort();
            (schema.clone(), rows)
        };
        let sinks = self.sinks.iter();
        Self {
            sinks: sinks
                .map(|(uid, given)| (uid.clone(), sorted(given)))
                .collect(),
            states: self.states.clone(),
            ..Self::default()
        }
    }

    /// The first difference to another rehearsal of the same job, which should have none.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        for (uid, (schema, rows)) in &self.sinks {
            let others = other.sinks.get(uid).map_or(&[][..], |(_, rows)| rows);
            let pairs = rows.iter().zip(others);
            if let Some(at) = pairs.into_iter().position(|(one, other)| one != other) {
                let (one, two) = (shown(schema, &rows[at]), shown(schema, &others[at]));
                return Some(format!(
                    "record {at} at \"{uid}\" is {two} instead of {one}"
                ));
            }
            if rows.len() != others.len() {
                let (one, two) = (rows.len(), others.len());
                return Some(format!("{two} records instead of {one} came to \"{uid}\""));
            }
        }
        let different = self.states.iter().find_map(|(address, value)| {
            let other = other.states.get(address);
            (other != Some(value)).then_some(address)
        });
        let more = || {
            let mut addresses = other.states.keys();
            addresses.find(|address| !self.states.contains_key(*address))
        };
        let (name, ..) = different.or_else(more)?;
        Some(format!("state \"{name}\" has another content"))
    }
}

/// A row as people read it.
fn shown(schema: &str, row: &[u8]) -> String {
    let mut json = Vec::new();
    let schema = Schema::parse(schema);
    let text = match schema.map(|schema| append_json(&schema, row, &mut json)) {
        Ok(Ok(())) => String::from_utf8_lossy(&json).into_owned(),
        _ => format!("{} bytes that are none of its schema", row.len()),
    };
    match text.char_indices().nth(SHOWN_BYTES) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
