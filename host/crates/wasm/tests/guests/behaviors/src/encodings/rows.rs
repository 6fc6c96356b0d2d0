//! Fixed-slot rows, as wit/ENCODING.md has them: one 8-byte slot a field, then the strings.

use super::{Bid, Person, Values, word};

const BID_BYTES: usize = 32;
const PERSON_SLOTS_BYTES: usize = 32;

#[inline]
fn read_bid(row: &[u8; BID_BYTES]) -> Option<Bid> {
    Some(Bid {
        auction: word(row, 0)?,
        bidder: word(row, 8)?,
        price: word(row, 16)?,
        ts: word(row, 24)?,
    })
}

#[inline]
fn write_bid(bid: &Bid, out: &mut Vec<u8>) {
    let mut row = [0; BID_BYTES];
    let fields = [bid.auction, bid.bidder, bid.price, bid.ts];
    for (slot, field) in row.chunks_exact_mut(8).zip(fields) {
        slot.copy_from_slice(&field.to_le_bytes());
    }
    out.extend_from_slice(&row);
}

/// Bids as rows.
pub(crate) fn from_bids(bids: &[Bid]) -> Values {
    let mut data = Vec::new();
    bids.iter().for_each(|bid| write_bid(bid, &mut data));
    Values {
        count: bids.len(),
        ends: Vec::new(),
        data,
    }
}

/// Decodes, changes and encodes every bid.
pub(crate) fn rewrite_bids(values: &Values) -> Option<Values> {
    let mut data = Vec::with_capacity(values.data.len());
    for row in values.data.as_chunks::<BID_BYTES>().0 {
        let mut bid = read_bid(row)?;
        bid.change();
        write_bid(&bid, &mut data);
    }
    Some(Values {
        count: values.count,
        ends: Vec::new(),
        data,
    })
}

/// The string a slot points at, which must begin at `cursor`.
#[inline]
fn read_text<'a>(row: &'a [u8], at: usize, cursor: &mut usize) -> Option<&'a str> {
    let slot = word(row, at)? as u64;
    let (offset, length) = (slot as u32 as usize, (slot >> 32) as usize);
    if offset != *cursor {
        return None;
    }
    *cursor = offset.checked_add(length)?;
    std::str::from_utf8(row.get(offset..*cursor)?).ok()
}

#[inline]
fn read_person(row: &[u8]) -> Option<Person<'_>> {
    let mut cursor = PERSON_SLOTS_BYTES;
    let person = Person {
        id: word(row, 0)?,
        name: read_text(row, 8, &mut cursor)?,
        city: read_text(row, 16, &mut cursor)?,
        ts: word(row, 24)?,
    };
    (cursor == row.len()).then_some(person)
}

#[inline]
fn write_person(person: &Person<'_>, out: &mut Vec<u8>) {
    let text = |offset: usize, text: &str| offset as i64 | (text.len() as i64) << 32;
    let city_at = PERSON_SLOTS_BYTES + person.name.len();
    let mut slots = [0; PERSON_SLOTS_BYTES];
    let fields = [
        person.id,
        text(PERSON_SLOTS_BYTES, person.name),
        text(city_at, person.city),
        person.ts,
    ];
    for (slot, field) in slots.chunks_exact_mut(8).zip(fields) {
        slot.copy_from_slice(&field.to_le_bytes());
    }
    out.extend_from_slice(&slots);
    out.extend_from_slice(person.name.as_bytes());
    out.extend_from_slice(person.city.as_bytes());
}

/// Persons as rows.
pub(crate) fn from_persons(persons: &[Person<'_>]) -> Values {
    let mut values = Values {
        count: persons.len(),
        ..Values::default()
    };
    for person in persons {
        write_person(person, &mut values.data);
        values.ends.push(values.data.len() as u32);
    }
    values
}

/// Decodes, changes and encodes every person.
pub(crate) fn rewrite_persons(values: &Values) -> Option<Values> {
    let mut data = Vec::with_capacity(values.data.len());
    let mut ends = Vec::with_capacity(values.count);
    let mut start = 0;
    for end in &values.ends {
        let mut person = read_person(values.data.get(start..*end as usize)?)?;
        person.change();
        write_person(&person, &mut data);
        ends.push(data.len() as u32);
        start = *end as usize;
    }
    Some(Values {
        count: values.count,
        ends,
        data,
    })
}
