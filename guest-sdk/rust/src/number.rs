//! [`Number`]: what can be added up and compared.
//!
//! Integers wrap around, so that a sum is the same in every order; floating-point sums depend on the order of records.

use crate::row::Row;

/// A number type of a field that sums, averages and extremes are taken of: `i32`, `i64`, `f32` or `f64`.
pub trait Number: Row + Copy {
    /// Nothing.
    const ZERO: Self;
    /// What every other number is at most.
    const GREATEST: Self;
    /// What every other number is at least.
    const LEAST: Self;
    /// The sum; of whole numbers it wraps around.
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// The lesser one.
    #[must_use]
    fn lesser(self, other: Self) -> Self;
    /// The greater one.
    #[must_use]
    fn greater(self, other: Self) -> Self;
    /// As a to_double, which may round.
    fn to_double(self) -> f64;
}

macro_rules! number {
    ($type:ty, $zero:expr, $greatest:expr, $least:expr, $plus:expr) => {
        impl Number for $type {
            const ZERO: Self = $zero;
            const GREATEST: Self = $greatest;
            const LEAST: Self = $least;

            #[inline]
            fn plus(self, other: Self) -> Self {
                let plus: fn(Self, Self) -> Self = $plus;
                plus(self, other)
            }

            #[inline]
            fn lesser(self, other: Self) -> Self {
                self.min(other)
            }

            #[inline]
            fn greater(self, other: Self) -> Self {
                self.max(other)
            }

            #[inline]
            fn to_double(self) -> f64 {
                self as f64
            }
        }
    };
}

number!(i32, 0, Self::MAX, Self::MIN, Self::wrapping_add);
number!(i64, 0, Self::MAX, Self::MIN, Self::wrapping_add);
number!(f64, 0.0, Self::INFINITY, Self::NEG_INFINITY, |a, b| a + b);
number!(f32, 0.0, Self::INFINITY, Self::NEG_INFINITY, |a, b| a + b);
