//! [`JoinType`]: which records without a partner a join gives.

/// Which records without a partner come out of a join, with nothing in the partner's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinType {
    /// None: pairs only.
    Inner,
    /// Those of the left stream.
    LeftOuter,
    /// Those of the right stream.
    RightOuter,
    /// Those of both.
    FullOuter,
}

impl JoinType {
    /// Whether left records come out without a partner.
    pub(crate) fn keeps_left(self) -> bool {
        matches!(self, Self::LeftOuter | Self::FullOuter)
    }

    /// Whether right records come out without a partner.
    pub(crate) fn keeps_right(self) -> bool {
        matches!(self, Self::RightOuter | Self::FullOuter)
    }
}
