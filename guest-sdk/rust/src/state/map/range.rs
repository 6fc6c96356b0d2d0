//! Reading a part of a map: the entries between two sub-keys.
//!
//! Pages start small, because a part is usually small, and grow, because it may not be. The changes of the call lie on
//! top of what the host has, as in the other reads.

use super::{MapState, SubKey};
use crate::error::Error;
use crate::row::Row;

/// Entries read by the first scan of a range.
const FIRST_PAGE: u32 = 16;
/// Entries read by one scan, at most.
const PAGE_MAX: u32 = 1024;

impl<K: SubKey, V: Row> MapState<K, V> {
    /// The entries of the key's map from sub-key `first` to `last`, both inclusive, by ascending sub-key.
    ///
    /// # Errors
    /// What is stored is malformed.
    pub fn range(&self, first: &K, last: &K) -> Result<Vec<(K, V)>, Error> {
        let (mut start, mut end) = (Vec::new(), Vec::new());
        first.encode_sub_key(&mut start);
        last.encode_sub_key(&mut end);
        let slot = self.store.current.get();
        let changes = self.store.changes();
        let mut own = changes.of(slot);
        own.retain(|&at| (&start[..]..=&end[..]).contains(&changes.sub_key(at)));
        let mut own = own.into_iter().peekable();
        let mut entries = Vec::new();
        let mut show = |sub_key: &[u8], value: &[u8]| -> Result<(), Error> {
            entries.push((K::decode_sub_key(sub_key)?, V::decode(value)?));
            Ok(())
        };
        self.scan_range(start, &end, |sub_key, value| {
            while let Some(at) = own.next_if(|&at| changes.sub_key(at) < sub_key) {
                if let Some(value) = changes.value(at) {
                    show(changes.sub_key(at), value)?;
                }
            }
            match own.next_if(|&at| changes.sub_key(at) == sub_key) {
                Some(at) => match changes.value(at) {
                    Some(value) => show(sub_key, value),
                    None => Ok(()),
                },
                None => show(sub_key, value),
            }
        })?;
        for at in own {
            if let Some(value) = changes.value(at) {
                show(changes.sub_key(at), value)?;
            }
        }
        Ok(entries)
    }

    /// Reads what the host has between two sub-keys.
    fn scan_range(
        &self,
        mut start: Vec<u8>,
        end: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let table = self.space.table.borrow();
        let slot = self.store.current.get();
        if slot >= table.len() || self.store.changes.borrow().is_cleared(slot) {
            return Ok(());
        }
        let mut limit = FIRST_PAGE;
        loop {
            let host = &self.store.shared.host;
            let page = host.scan(self.store.number, table.key(slot), &start, limit);
            let count = page.count as usize;
            page.sub_keys.check("sub-keys", count)?;
            page.values.check("values", count)?;
            for (sub_key, value) in page.sub_keys.entries(count).zip(page.values.entries(count)) {
                if sub_key > end {
                    return Ok(());
                }
                each(sub_key, value)?;
            }
            if !page.more || count == 0 {
                return Ok(());
            }
            start.clear();
            start.extend_from_slice(page.sub_keys.get(count - 1, count));
            start.push(0);
            limit = (limit * 4).min(PAGE_MAX);
        }
    }
}
