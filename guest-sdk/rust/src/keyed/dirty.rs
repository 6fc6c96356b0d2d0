//! The list of what a call has changed, each place once.
//!
//! Whether a place is on the list already is a coin toss for the processor, so nothing branches on it: the place is
//! always written to the end of the list, and the end moves only if it was new.

/// Places that were changed, in the order of their first change.
#[derive(Debug, Default)]
pub(crate) struct DirtyList<P> {
    places: Vec<P>,
    count: usize,
}

impl<P: Copy + Default> DirtyList<P> {
    /// Makes room for this many places, all different.
    pub(crate) fn reserve(&mut self, places: usize) {
        if self.places.len() <= places {
            self.places.resize(2 * places + 1, P::default());
        }
    }

    /// Adds a place unless its mark says that it is there; sets the mark. Room must have been made.
    #[inline]
    pub(crate) fn mark(&mut self, place: P, marked: &mut bool) {
        self.places[self.count] = place;
        self.count += usize::from(!*marked);
        *marked = true;
    }

    /// Whether nothing was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes all places; their marks are the caller's to reset.
    pub(crate) fn take(&mut self) -> &[P] {
        let count = std::mem::take(&mut self.count);
        &self.places[..count]
    }
}
