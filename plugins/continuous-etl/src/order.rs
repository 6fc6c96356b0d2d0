//! An order: what the exports of the shops have in common, and what makes a line a good one.
//!
//! Keeps: an order that is made here is complete; its amount is a whole number of cents and its day is that of its time.

use serde::Deserialize;
use wasmill_sdk::prelude::*;

use crate::day;

/// The first line of a CSV export.
const HEADER: &str = "id,customer,at_ms,amount,currency";
const CURRENCIES: [&str; 3] = ["EUR", "USD", "CHF"];

/// A clean order.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Order {
    day: String,
    pub(crate) id: i64,
    customer: String,
    pub(crate) at_ms: i64,
    cents: i64,
    currency: String,
}

/// A line as the shops write it; JSON may have more fields.
#[derive(Deserialize)]
struct Exported {
    id: i64,
    customer: String,
    at_ms: i64,
    amount: String,
    currency: String,
}

impl Order {
    /// Reads a line; the header of a CSV file is none.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, String> {
        if line == HEADER {
            return Ok(None);
        }
        let exported = match line.starts_with('{') {
            true => wasmill_sdk::json::from_str(line).map_err(|error| error.to_string())?,
            false => from_csv(line)?,
        };
        exported.check().map(Some)
    }
}

impl Exported {
    fn check(self) -> Result<Order, String> {
        if self.customer.is_empty() {
            return Err("there is no customer".to_owned());
        }
        if self.at_ms < 0 {
            return Err(format!("{} is no time", self.at_ms));
        }
        if !CURRENCIES.contains(&self.currency.as_str()) {
            return Err(format!("{} is no currency", self.currency));
        }
        Ok(Order {
            day: day::of(self.at_ms),
            id: self.id,
            customer: self.customer,
            at_ms: self.at_ms,
            cents: cents(&self.amount).ok_or_else(|| format!("{} is no amount", self.amount))?,
            currency: self.currency,
        })
    }
}

/// Reads a line of five fields. The shop does not quote.
fn from_csv(line: &str) -> Result<Exported, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[id, customer, at_ms, amount, currency] = fields.as_slice() else {
        return Err(format!("{} fields, not 5", fields.len()));
    };
    let number = |text: &str| {
        text.parse()
            .map_err(|_| format!("{text} is no whole number"))
    };
    Ok(Exported {
        id: number(id)?,
        customer: customer.to_owned(),
        at_ms: number(at_ms)?,
        amount: amount.to_owned(),
        currency: currency.to_owned(),
    })
}

/// Reads an amount with two digits behind the point.
fn cents(amount: &str) -> Option<i64> {
    let (whole, hundredths) = amount.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(hundredths) || hundredths.len() != 2 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    whole
        .checked_mul(100)?
        .checked_add(hundredths.parse().ok()?)
}
