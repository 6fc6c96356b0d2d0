//! [`Number`]: what can be added up.
//!
//! Integers wrap around, so that a sum is the same in every order; floating-point sums depend on the order of records.

use crate::row::Row;

/// A number type of a field that `sum` and `avg` add up: `i64`, `i32`, `f64` or `f32`.
pub trait Number: Row + Copy {
    /// The sum of no numbers.
    const ZERO: Self;

    /// The sum of two; integers wrap around.
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// The nearest 64-bit floating-point number.
    fn to_double(self) -> f64;
}

macro_rules! number {
    ($($type:ty, $zero:expr, $plus:expr;)+) => {
        $(impl Number for $type {
            const ZERO: Self = $zero;

            #[inline]
            fn plus(self, other: Self) -> Self {
                let plus: fn(Self, Self) -> Self = $plus;
                plus(self, other)
            }

            #[inline]
            fn to_double(self) -> f64 {
                self as f64
            }
        })+
    };
}

number! {
    i64, 0, i64::wrapping_add;
    i32, 0, i32::wrapping_add;
    f64, 0.0, |a, b| a + b;
    f32, 0.0, |a, b| a + b;
}
