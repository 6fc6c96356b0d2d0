//! [`ValueCell`]: the value that reducing and aggregating states are made of, whether it expires or not.

use super::{TtlValueState, ValueState};
use crate::row::Row;

/// One value per key.
pub(crate) enum ValueCell<T: Row> {
    /// Lives until it is removed.
    Lasting(ValueState<T>),
    /// Expires.
    Expiring(TtlValueState<T>),
}

impl<T: Row> ValueCell<T> {
    #[inline]
    pub(super) fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        match self {
            Self::Lasting(value) => value.with(look),
            Self::Expiring(value) => value.with(look),
        }
    }

    #[inline]
    pub(super) fn update(&self, change: impl FnOnce(&mut Option<T>)) {
        match self {
            Self::Lasting(value) => value.update(change),
            Self::Expiring(value) => value.update(change),
        }
    }

    pub(super) fn clear(&self) {
        match self {
            Self::Lasting(value) => value.clear(),
            Self::Expiring(value) => value.clear(),
        }
    }
}
