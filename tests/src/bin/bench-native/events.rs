//! J6, before the hash edges: events into persons keyed by id and auctions keyed by seller, both with their times.

use dataflow::element::{Batch, Column};
use dataflow::ids::OperatorId;
use dataflow::port::call::Call;
use dataflow::time::watermark_generator::Seen;

use crate::logic::{Fault, Logic};
use crate::row::{Slot, column_of, column_of_keys, head, long, moved};

/// Slots of an event: kind, id, seller, category, price, ts, name, city, state.
const EVENT: usize = 9;
/// Slots of a person: id, ts, name, city, state.
pub(crate) const PERSON: usize = 5;
/// Slots of an auction: id, seller, category, price, ts.
pub(crate) const AUCTION: usize = 5;
/// How much nearer to the front the texts of a person are than those of its event, negative (bytes).
const NEARER: i32 = 8 * (PERSON as i32 - EVENT as i32);

/// Takes the stream apart.
pub(crate) struct SplitEvents {
    pub(crate) assigner: OperatorId,
    pub(crate) persons: u32,
    pub(crate) auctions: u32,
}

impl Logic for SplitEvents {
    fn process(&mut self, _input: u32, records: &Batch, call: &mut Call) -> Result<(), Fault> {
        let (mut ids, mut persons, mut person_times) = (Vec::new(), Column::default(), Vec::new());
        let (mut sellers, mut auctions, mut auction_times) = (Vec::new(), Vec::new(), Vec::new());
        let mut latest = i64::MIN;
        for event in records.values.entries(records.len()) {
            let (slots, texts) = head::<EVENT>(event)?;
            let [kind, id, seller, category, price, ts, name, city, state] = *slots;
            latest = latest.max(long(ts));
            match long(kind) {
                0 => {
                    let texts_at = [name, city, state].map(|text| moved(text, NEARER));
                    let data = &mut persons.data;
                    data.extend_from_slice([id, ts].as_flattened());
                    data.extend_from_slice(texts_at.as_flattened());
                    data.extend_from_slice(texts);
                    persons.ends.push(persons.data.len() as u32);
                    ids.push(id);
                    person_times.push(long(ts));
                }
                1 => {
                    auctions.push([id, seller, category, price, ts]);
                    sellers.push(seller);
                    auction_times.push(long(ts));
                }
                _ => {}
            }
        }
        call.observe(self.assigner, Seen::timestamp(latest));
        call.emit(self.persons, keyed(ids, person_times, persons))?;
        let auctions = column_of::<AUCTION>(auctions);
        Ok(call.emit(self.auctions, keyed(sellers, auction_times, auctions))?)
    }
}

fn keyed(keys: Vec<Slot>, timestamps: Vec<i64>, values: Column) -> Batch {
    Batch {
        count: keys.len() as u32,
        timestamps,
        keys: column_of_keys(keys),
        values,
    }
}
