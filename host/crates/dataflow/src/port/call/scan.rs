//! Scans of map states within a call: a page of committed entries with the call's own writes on top, in order.

use super::Call;
use crate::element::Column;
use crate::ids::StateNumber;
use crate::limits;
use crate::port::state::{Pages, Scanned, StateError};

impl Call {
    /// Reads the first entries of some keys of a Map state; see [`StateBackend::scan_many`].
    ///
    /// # Errors
    /// A malformed column, a foreign key, or what the backend says.
    pub fn scan_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
        limit: u32,
    ) -> Result<Pages, StateError> {
        self.check(count, keys, &Column::default())?;
        let limit = limit.clamp(1, limits::SCAN_ENTRIES_MAX);
        if !self.writes.iter().any(|write| write.state() == state) {
            return self.state(state)?.scan_many(state, count, keys, limit);
        }
        let mut pages = Pages::default();
        for key in keys.entries(count) {
            pages.add(&self.scan_with_writes(state, key, &[], limit)?);
            if pages.is_long() {
                break;
            }
        }
        Ok(pages)
    }

    /// Reads a page of a Map state's key; see [`StateBackend::scan`].
    ///
    /// # Errors
    /// A foreign key, or what the backend says.
    pub fn scan(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        self.check_key(key, from)?;
        let limit = limit.clamp(1, limits::SCAN_ENTRIES_MAX);
        if !self.writes.iter().any(|write| write.state() == state) {
            return self.state(state)?.scan(state, key, from, limit);
        }
        self.scan_with_writes(state, key, from, limit)
    }

    /// The slow path of a scan after a write in the same call: the committed entries with the writes on top.
    fn scan_with_writes(
        &mut self,
        state: StateNumber,
        key: &[u8],
        from: &[u8],
        limit: u32,
    ) -> Result<Scanned, StateError> {
        let mut merged = std::collections::BTreeMap::new();
        let mut next = from.to_vec();
        // Deletes of this call may hide committed entries, so read on until enough survive or nothing is left.
        loop {
            let page = self
                .state(state)?
                .scan(state, key, &next, limits::SCAN_ENTRIES_MAX)?;
            for index in 0..page.count {
                let sub_key = page.sub_keys.get(index, page.count).to_vec();
                merged.insert(sub_key, page.values.get(index, page.count).to_vec());
            }
            let last = page
                .count
                .checked_sub(1)
                .map(|i| page.sub_keys.get(i, page.count).to_vec());
            for write in self.writes.iter().filter(|write| write.state() == state) {
                let until = if page.more { last.as_deref() } else { None };
                write.apply_to_map(key, from, until, &mut merged);
            }
            match last {
                Some(last) if page.more && merged.len() <= limit as usize => {
                    next = last;
                    next.push(0);
                }
                _ => break,
            }
        }
        let mut scanned = Scanned {
            more: merged.len() > limit as usize,
            ..Scanned::default()
        };
        for (sub_key, value) in merged.into_iter().take(limit as usize) {
            scanned.sub_keys.push(scanned.count, &sub_key);
            scanned.values.push(scanned.count, &value);
            scanned.count += 1;
        }
        Ok(scanned)
    }
}
