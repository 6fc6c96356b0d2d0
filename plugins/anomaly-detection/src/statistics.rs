//! Mean and variance of numbers that come one by one: Welford's method, which does not lose precision.
//!
//! Keeps three numbers however many there were.

use wasmill_sdk::prelude::*;

/// Count, mean and sum of squared distances from the mean.
#[derive(Record, Clone, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) count: i64,
    mean: f64,
    squares: f64,
}

impl Statistics {
    /// Takes a number in.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// How many standard deviations a number is away from the mean (the z-score); 0 while all were equal.
    pub(crate) fn score(&self, value: f64) -> f64 {
        let variance = self.squares / (self.count - 1).max(1) as f64;
        if variance > 0.0 {
            (value - self.mean) / variance.sqrt()
        } else {
            0.0
        }
    }
}
