//! [`Program`]: the common expressions as small typed trees that read the row in place: fields, literals, comparisons,
//! and, or, not, arithmetic, conditionals, membership in a list of literals, tests of texts and for null.
//!
//! Invariant: a program gives what the CEL interpreter gives, or nothing. It gives nothing wherever the interpreter
//! would see a null in arithmetic, an overflow, a division by zero or a NaN in a comparison; the interpreter is asked
//! then, so results and messages of errors are always its own. What has no program is interpreted for every record.

use std::cmp::Ordering;

use wasmill_sdk::dynamic::{Dynamic, Field};

pub(crate) use compile::compile;

mod compile;

/// A compiled expression, by the type of its value.
#[derive(Debug)]
pub(crate) enum Program {
    /// A boolean.
    Boolean(Boolean),
    /// A whole number.
    Long(Long),
    /// A fraction.
    Double(Double),
    /// A text.
    Text(Text),
}

/// What a program reads.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    /// The record.
    pub(crate) record: &'r Dynamic,
    /// Its event time (milliseconds).
    pub(crate) timestamp: Option<i64>,
}

/// The operators on numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Which orderings make a comparison true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    less: bool,
    equal: bool,
    greater: bool,
}

/// A choice between two values of one type.
#[derive(Debug)]
pub(crate) struct Choice<T> {
    condition: Boolean,
    then: T,
    other: T,
}

/// Both sides of an operator.
type Pair<T> = Box<(T, T)>;

/// A whole number.
#[derive(Debug)]
pub(crate) enum Long {
    /// Of type `int` or `long`.
    Field(Field),
    Constant(i64),
    Timestamp,
    Negate(Box<Long>),
    Apply(Arithmetic, Pair<Long>),
    Choose(Box<Choice<Long>>),
}

/// A fraction.
#[derive(Debug)]
pub(crate) enum Double {
    /// Of type `double`.
    Field(Field),
    /// Of type `float`.
    Float(Field),
    Constant(f64),
    OfLong(Box<Long>),
    Negate(Box<Double>),
    Apply(Arithmetic, Pair<Double>),
    Choose(Box<Choice<Double>>),
}

/// A text.
#[derive(Debug)]
pub(crate) enum Text {
    Field(Field),
    Constant(String),
    Choose(Box<Choice<Text>>),
}

/// What is asked about a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Test {
    Contains,
    StartsWith,
    EndsWith,
}

/// A boolean.
#[derive(Debug)]
pub(crate) enum Boolean {
    Field(Field),
    Constant(bool),
    Not(Box<Boolean>),
    And(Pair<Boolean>),
    Or(Pair<Boolean>),
    Equal(Pair<Boolean>),
    Longs(Comparison, Pair<Long>),
    Doubles(Comparison, Pair<Double>),
    Texts(Comparison, Pair<Text>),
    Test(Test, Pair<Text>),
    LongIn(Box<Long>, Vec<i64>),
    TextIn(Box<Text>, Vec<String>),
    IsNull(Field),
    Choose(Box<Choice<Boolean>>),
}

impl Comparison {
    const EQUAL: Self = Self::of(false, true, false);
    const LESS: Self = Self::of(true, false, false);
    const LESS_EQUAL: Self = Self::of(true, true, false);
    const GREATER: Self = Self::of(false, false, true);
    const GREATER_EQUAL: Self = Self::of(false, true, true);

    const fn of(less: bool, equal: bool, greater: bool) -> Self {
        Self {
            less,
            equal,
            greater,
        }
    }

    fn holds(self, ordering: Ordering) -> bool {
        match ordering {
            Ordering::Less => self.less,
            Ordering::Equal => self.equal,
            Ordering::Greater => self.greater,
        }
    }
}

impl<T> Choice<T> {
    fn chosen(&self, row: Row<'_>) -> Option<&T> {
        Some(if self.condition.evaluate(row)? {
            &self.then
        } else {
            &self.other
        })
    }
}

impl Long {
    /// Its value, if the interpreter is not needed for it.
    pub(crate) fn evaluate(&self, row: Row<'_>) -> Option<i64> {
        match self {
            Self::Field(field) => Some(row.record.bits(field)? as i64),
            Self::Constant(value) => Some(*value),
            Self::Timestamp => row.timestamp,
            Self::Negate(inner) => inner.evaluate(row)?.checked_neg(),
            Self::Apply(operator, sides) => {
                let (a, b) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                match operator {
                    Arithmetic::Add => a.checked_add(b),
                    Arithmetic::Subtract => a.checked_sub(b),
                    Arithmetic::Multiply => a.checked_mul(b),
                    Arithmetic::Divide => a.checked_div(b),
                    Arithmetic::Modulo => a.checked_rem(b),
                }
            }
            Self::Choose(choice) => choice.chosen(row)?.evaluate(row),
        }
    }
}

impl Double {
    /// As [`Long::evaluate`].
    pub(crate) fn evaluate(&self, row: Row<'_>) -> Option<f64> {
        match self {
            Self::Field(field) => row.record.bits(field).map(f64::from_bits),
            Self::Float(field) => {
                let bits = row.record.bits(field)? as u32;
                Some(f64::from(f32::from_bits(bits)))
            }
            Self::Constant(value) => Some(*value),
            Self::OfLong(inner) => Some(inner.evaluate(row)? as f64),
            Self::Negate(inner) => Some(-inner.evaluate(row)?),
            Self::Apply(operator, sides) => {
                let (a, b) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                match operator {
                    Arithmetic::Add => Some(a + b),
                    Arithmetic::Subtract => Some(a - b),
                    Arithmetic::Multiply => Some(a * b),
                    Arithmetic::Divide => Some(a / b),
                    Arithmetic::Modulo => None,
                }
            }
            Self::Choose(choice) => choice.chosen(row)?.evaluate(row),
        }
    }
}

impl Text {
    /// As [`Long::evaluate`].
    pub(crate) fn evaluate<'r>(&'r self, row: Row<'r>) -> Option<&'r str> {
        match self {
            Self::Field(field) => match row.record.is_null(field) {
                Ok(false) => row.record.text(field).ok(),
                _ => None,
            },
            Self::Constant(text) => Some(text),
            Self::Choose(choice) => choice.chosen(row)?.evaluate(row),
        }
    }
}

impl Boolean {
    /// As [`Long::evaluate`].
    pub(crate) fn evaluate(&self, row: Row<'_>) -> Option<bool> {
        Some(match self {
            Self::Field(field) => row.record.bits(field)? == 1,
            Self::Constant(value) => *value,
            Self::Not(inner) => !inner.evaluate(row)?,
            Self::And(sides) => sides.0.evaluate(row)? && sides.1.evaluate(row)?,
            Self::Or(sides) => sides.0.evaluate(row)? || sides.1.evaluate(row)?,
            Self::Equal(sides) => sides.0.evaluate(row)? == sides.1.evaluate(row)?,
            Self::Longs(comparison, sides) => {
                let (a, b) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                comparison.holds(a.cmp(&b))
            }
            Self::Doubles(comparison, sides) => {
                let (a, b) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                comparison.holds(a.partial_cmp(&b)?)
            }
            Self::Texts(comparison, sides) => {
                let (a, b) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                comparison.holds(a.cmp(b))
            }
            Self::Test(test, sides) => {
                let (text, part) = (sides.0.evaluate(row)?, sides.1.evaluate(row)?);
                match test {
                    Test::Contains => text.contains(part),
                    Test::StartsWith => text.starts_with(part),
                    Test::EndsWith => text.ends_with(part),
                }
            }
            Self::LongIn(value, list) => list.contains(&value.evaluate(row)?),
            Self::TextIn(text, list) => {
                let text = text.evaluate(row)?;
                list.iter().any(|one| one == text)
            }
            Self::IsNull(field) => row.record.is_null(field).ok()?,
            Self::Choose(choice) => choice.chosen(row)?.evaluate(row)?,
        })
    }
}

#[cfg(test)]
mod tests;
