//! True columns: one column per field, end to end in the data of the value column. A number is 8 bytes; a column of
//! strings is their ends, 4 bytes each, then their bytes. Zeros at the end make the data a multiple of the count, so
//! that it is still a column of one width to the host.
//!
//! An operator that takes records gathers them from all columns and scatters them again; one that knows which field it
//! needs touches that column alone and copies the others whole.

use super::{Bid, Person, Values, changed, word};

const WORD: usize = 8;
const END: usize = 4;

fn pad(count: usize, mut data: Vec<u8>) -> Values {
    data.resize(data.len().next_multiple_of(count.max(1)), 0);
    Values {
        count,
        ends: Vec::new(),
        data,
    }
}

/// Bids in columns.
pub(crate) fn from_bids(bids: &[Bid]) -> Values {
    let mut data = Vec::new();
    for field in [
        |bid: &Bid| bid.auction,
        |bid: &Bid| bid.bidder,
        |bid: &Bid| bid.price,
        |bid: &Bid| bid.ts,
    ] {
        bids.iter()
            .for_each(|bid| data.extend_from_slice(&field(bid).to_le_bytes()));
    }
    pad(bids.len(), data)
}

/// Decodes, changes and encodes every bid.
pub(crate) fn rewrite_bids(values: &Values) -> Option<Values> {
    let column = WORD * values.count;
    let mut data = vec![0; 4 * column];
    {
        let read = values.data.get(..4 * column)?.as_chunks::<WORD>().0;
        let (auctions, rest) = read.split_at(values.count);
        let (bidders, rest) = rest.split_at(values.count);
        let (prices, times) = rest.split_at(values.count);
        let write = data.as_chunks_mut::<WORD>().0;
        let (auctions_out, rest) = write.split_at_mut(values.count);
        let (bidders_out, rest) = rest.split_at_mut(values.count);
        let (prices_out, times_out) = rest.split_at_mut(values.count);
        for index in 0..values.count {
            let mut bid = Bid {
                auction: i64::from_le_bytes(auctions[index]),
                bidder: i64::from_le_bytes(bidders[index]),
                price: i64::from_le_bytes(prices[index]),
                ts: i64::from_le_bytes(times[index]),
            };
            bid.change();
            auctions_out[index] = bid.auction.to_le_bytes();
            bidders_out[index] = bid.bidder.to_le_bytes();
            prices_out[index] = bid.price.to_le_bytes();
            times_out[index] = bid.ts.to_le_bytes();
        }
    }
    Some(pad(values.count, data))
}

/// Changes the column of prices alone.
pub(crate) fn rewrite_prices(values: &Values) -> Option<Values> {
    rewrite_column(values, 2)
}

/// Changes the column of ids alone.
pub(crate) fn rewrite_ids(values: &Values) -> Option<Values> {
    rewrite_column(values, 0)
}

fn rewrite_column(values: &Values, number: usize) -> Option<Values> {
    let column = WORD * values.count;
    let mut data = values.data.clone();
    let field = data.get_mut(number * column..(number + 1) * column)?;
    for value in field.as_chunks_mut::<WORD>().0 {
        *value = changed(i64::from_le_bytes(*value)).to_le_bytes();
    }
    Some(Values {
        count: values.count,
        ends: Vec::new(),
        data,
    })
}

/// A column of strings that is being written.
#[derive(Default)]
struct Texts {
    ends: Vec<u8>,
    data: Vec<u8>,
}

impl Texts {
    fn with_capacity(count: usize, bytes: usize) -> Self {
        Self {
            ends: Vec::with_capacity(END * count),
            data: Vec::with_capacity(bytes),
        }
    }

    #[inline]
    fn push(&mut self, text: &str) {
        self.data.extend_from_slice(text.as_bytes());
        self.ends
            .extend_from_slice(&(self.data.len() as u32).to_le_bytes());
    }
}

/// A column of strings that is being read.
struct TextColumn<'a> {
    ends: &'a [[u8; END]],
    data: &'a [u8],
    start: usize,
}

impl<'a> TextColumn<'a> {
    /// Takes the column from the front of `rest`.
    fn split(count: usize, rest: &mut &'a [u8]) -> Option<Self> {
        let ends = rest.get(..END * count)?.as_chunks::<END>().0;
        let bytes = ends.last().map_or(0, |end| u32::from_le_bytes(*end)) as usize;
        let data = rest.get(END * count..)?.get(..bytes)?;
        *rest = &rest[END * count + bytes..];
        Some(Self {
            ends,
            data,
            start: 0,
        })
    }

    #[inline]
    fn take(&mut self, index: usize) -> Option<&'a str> {
        let end = u32::from_le_bytes(*self.ends.get(index)?) as usize;
        let text = self.data.get(self.start..end)?;
        self.start = end;
        std::str::from_utf8(text).ok()
    }
}

/// The ids and times come first, then the names, then the cities.
struct PersonColumns {
    ids: Vec<u8>,
    times: Vec<u8>,
    names: Texts,
    cities: Texts,
}

impl PersonColumns {
    fn with_capacity(count: usize, name_bytes: usize, city_bytes: usize) -> Self {
        Self {
            ids: Vec::with_capacity(WORD * count),
            times: Vec::with_capacity(WORD * count),
            names: Texts::with_capacity(count, name_bytes),
            cities: Texts::with_capacity(count, city_bytes),
        }
    }

    #[inline]
    fn push(&mut self, person: &Person<'_>) {
        self.ids.extend_from_slice(&person.id.to_le_bytes());
        self.times.extend_from_slice(&person.ts.to_le_bytes());
        self.names.push(person.name);
        self.cities.push(person.city);
    }

    fn finish(self, count: usize) -> Values {
        let parts = [
            self.ids,
            self.times,
            self.names.ends,
            self.names.data,
            self.cities.ends,
            self.cities.data,
        ];
        let bytes: usize = parts.iter().map(Vec::len).sum();
        let mut data = Vec::with_capacity(bytes + count);
        parts.iter().for_each(|part| data.extend_from_slice(part));
        pad(count, data)
    }
}

/// Persons in columns.
pub(crate) fn from_persons(persons: &[Person<'_>]) -> Values {
    let mut columns = PersonColumns::with_capacity(persons.len(), 0, 0);
    persons.iter().for_each(|person| columns.push(person));
    columns.finish(persons.len())
}

/// Decodes, changes and encodes every person.
pub(crate) fn rewrite_persons(values: &Values) -> Option<Values> {
    let count = values.count;
    let (numbers, mut rest) = values.data.split_at_checked(2 * WORD * count)?;
    let mut names = TextColumn::split(count, &mut rest)?;
    let mut cities = TextColumn::split(count, &mut rest)?;
    let mut out = PersonColumns::with_capacity(count, names.data.len(), cities.data.len());
    for index in 0..count {
        let mut person = Person {
            id: word(numbers, WORD * index)?,
            name: names.take(index)?,
            city: cities.take(index)?,
            ts: word(numbers, WORD * (count + index))?,
        };
        person.change();
        out.push(&person);
    }
    Some(out.finish(count))
}
