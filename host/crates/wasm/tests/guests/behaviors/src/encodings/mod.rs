//! One operator in several encodings of a batch's values: every record is decoded, one field changed, and encoded
//! again. `rows` is what wit/ENCODING.md says; the others are what was not chosen. Compiled into a guest and, for
//! comparison, into the benchmark itself. Not a codec to be used: it knows two records.

pub(crate) mod avro;
pub(crate) mod columns;
pub(crate) mod rows;

/// The values of a batch, in whatever encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    /// How many records.
    pub(crate) count: usize,
    /// Where each ends; nothing if all have one width.
    pub(crate) ends: Vec<u32>,
    /// Their bytes.
    pub(crate) data: Vec<u8>,
}

/// A record of four numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bid {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

impl Bid {
    /// What the operator does.
    #[inline]
    pub(crate) fn change(&mut self) {
        self.price = changed(self.price);
    }
}

/// A record of two numbers and two strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person<'a> {
    pub(crate) id: i64,
    pub(crate) name: &'a str,
    pub(crate) city: &'a str,
    pub(crate) ts: i64,
}

impl Person<'_> {
    /// What the operator does.
    #[inline]
    pub(crate) fn change(&mut self) {
        self.id = changed(self.id);
    }
}

/// Another number that is as long in every encoding.
#[inline]
pub(crate) fn changed(number: i64) -> i64 {
    number ^ 1
}

/// Runs the operator `name` over values; nothing if they are malformed or there is no such operator.
pub(crate) fn rewrite(name: &str, values: &Values) -> Option<Values> {
    match name {
        "rows-bid" => rows::rewrite_bids(values),
        "rows-person" => rows::rewrite_persons(values),
        "columns-bid" => columns::rewrite_bids(values),
        "columns-person" => columns::rewrite_persons(values),
        "one-column-bid" => columns::rewrite_prices(values),
        "one-column-person" => columns::rewrite_ids(values),
        "avro-bid" => avro::rewrite_bids(values),
        "avro-person" => avro::rewrite_persons(values),
        _ => None,
    }
}

/// The word at `at`.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<i64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(i64::from_le_bytes(*word))
}
