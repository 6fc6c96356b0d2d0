//! Avro binary: numbers as zig-zag varints, a string as its length and its bytes, no fixed widths at all.

use super::{Bid, Person, Values};

/// A varint of 64 bits is at most this long.
const VARINT_BYTES_MAX: usize = 10;

#[inline]
fn read_long(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut value = 0_u64;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}

#[inline]
fn read_text<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a str> {
    let length = usize::try_from(read_long(bytes, at)?).ok()?;
    let start = *at;
    *at = start.checked_add(length)?;
    std::str::from_utf8(bytes.get(start..*at)?).ok()
}

/// Writes into a buffer that is long enough, which spares a check of the capacity at every byte.
struct Writer {
    data: Vec<u8>,
    ends: Vec<u32>,
    at: usize,
}

impl Writer {
    fn new(count: usize, bytes_max: usize) -> Self {
        Self {
            data: vec![0; bytes_max],
            ends: Vec::with_capacity(count),
            at: 0,
        }
    }

    #[inline]
    fn long(&mut self, value: i64) {
        let mut rest = (value << 1 ^ value >> 63) as u64;
        while rest >= 0x80 {
            self.data[self.at] = rest as u8 | 0x80;
            self.at += 1;
            rest >>= 7;
        }
        self.data[self.at] = rest as u8;
        self.at += 1;
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.long(text.len() as i64);
        let end = self.at + text.len();
        self.data[self.at..end].copy_from_slice(text.as_bytes());
        self.at = end;
    }

    #[inline]
    fn bid(&mut self, bid: &Bid) {
        self.long(bid.auction);
        self.long(bid.bidder);
        self.long(bid.price);
        self.long(bid.ts);
        self.ends.push(self.at as u32);
    }

    #[inline]
    fn person(&mut self, person: &Person<'_>) {
        self.long(person.id);
        self.text(person.name);
        self.text(person.city);
        self.long(person.ts);
        self.ends.push(self.at as u32);
    }

    fn finish(mut self) -> Values {
        self.data.truncate(self.at);
        Values {
            count: self.ends.len(),
            ends: self.ends,
            data: self.data,
        }
    }
}

/// Bids in Avro binary.
pub(crate) fn from_bids(bids: &[Bid]) -> Values {
    let mut writer = Writer::new(bids.len(), 4 * VARINT_BYTES_MAX * bids.len());
    bids.iter().for_each(|bid| writer.bid(bid));
    writer.finish()
}

/// Persons in Avro binary.
pub(crate) fn from_persons(persons: &[Person<'_>]) -> Values {
    let text_bytes: usize = persons.iter().map(|it| it.name.len() + it.city.len()).sum();
    let bytes_max = text_bytes + 4 * VARINT_BYTES_MAX * persons.len();
    let mut writer = Writer::new(persons.len(), bytes_max);
    persons.iter().for_each(|person| writer.person(person));
    writer.finish()
}

/// Decodes, changes and encodes every bid.
pub(crate) fn rewrite_bids(values: &Values) -> Option<Values> {
    let mut writer = Writer::new(values.count, 4 * VARINT_BYTES_MAX * values.count);
    let mut at = 0;
    for end in &values.ends {
        let record = values.data.get(..*end as usize)?;
        let mut bid = Bid {
            auction: read_long(record, &mut at)?,
            bidder: read_long(record, &mut at)?,
            price: read_long(record, &mut at)?,
            ts: read_long(record, &mut at)?,
        };
        if at != record.len() {
            return None;
        }
        bid.change();
        writer.bid(&bid);
    }
    Some(writer.finish())
}

/// Decodes, changes and encodes every person.
pub(crate) fn rewrite_persons(values: &Values) -> Option<Values> {
    let bytes_max = values.data.len() + 2 * VARINT_BYTES_MAX * values.count;
    let mut writer = Writer::new(values.count, bytes_max);
    let mut at = 0;
    for end in &values.ends {
        let record = values.data.get(..*end as usize)?;
        let mut person = Person {
            id: read_long(record, &mut at)?,
            name: read_text(record, &mut at)?,
            city: read_text(record, &mut at)?,
            ts: read_long(record, &mut at)?,
        };
        if at != record.len() {
            return None;
        }
        person.change();
        writer.person(&person);
    }
    Some(writer.finish())
}
