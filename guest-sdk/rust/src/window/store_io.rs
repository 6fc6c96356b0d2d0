//! What the windows of an operator read from the host and write to it, always in bulk.
//!
//! `store.rs` has what is read and written. Nothing in here decides anything.

use super::Window;
use super::bounds::WINDOW_WIDTH;
use super::contents::{Contents, Member};
use super::store::{Entry, Store};
use crate::error::Error;
use crate::keyed::KeyTable;
use crate::row::{Row, decode_array, encode_array};

const ADDRESS: Option<usize> = Some(WINDOW_WIDTH);

impl<H: Default> Store<H> {
    /// Reads the merging window sets of the slots that are new.
    pub(super) fn read_sets<T: Row, C: Contents<T, Held = H>>(
        &mut self,
        table: &KeyTable,
        slots: &[u32],
    ) -> Result<(), Error> {
        let Some(state) = self.states.merging else {
            return Ok(());
        };
        self.addresses.clear();
        let mut asked = Vec::new();
        for &slot in slots {
            let windows = &mut self.by_slot[slot as usize];
            if !std::mem::replace(&mut windows.set_read, true) {
                self.addresses
                    .push((table.width(), table.key(slot)), (Some(0), &[]));
                asked.push(slot);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.shared.host.get_many(state, &mut self.addresses);
        found.values.check("windows", asked.len())?;
        let answers = found.present.iter().zip(found.values.entries(asked.len()));
        for (slot, (present, value)) in asked.into_iter().zip(answers) {
            if *present == 0 {
                continue;
            }
            self.read_set::<T, C>(slot, value)?;
        }
        Ok(())
    }

    fn read_set<T: Row, C: Contents<T, Held = H>>(
        &mut self,
        slot: u32,
        stored: &[u8],
    ) -> Result<(), Error> {
        let inline = self.states.contents.is_none();
        let mut add = |(start, end, from, until): Member, held: H| {
            let address = Window {
                start: from,
                end: until,
            };
            let at = self.by_slot[slot as usize].entries.len();
            self.insert(slot, at, Window { start, end }, address);
            let entry = self.entry(slot, at);
            entry.timed = true;
            entry.held = held;
        };
        if inline {
            return C::read_set(stored, add);
        }
        decode_array::<Vec<Member>, Member>(stored, |member| add(member, H::default()))
    }

    /// Reads the trigger's states, and the contents if asked for, of windows that are not known, all at once.
    pub(super) fn read<T: Row, C: Contents<T, Held = H>>(
        &mut self,
        contents: &C,
        table: &KeyTable,
        windows: &[(u32, Window)],
        with_contents: bool,
    ) -> Result<(), Error> {
        if with_contents && let Some(state) = self.states.contents {
            let asked = self.ask(table, windows, |entry| !C::is_read(&entry.held));
            self.fetch(state, &asked, |entry, value| {
                // What the host has of it was registered with it.
                entry.timed |= value.is_some();
                contents.read(&mut entry.held, value)
            })?;
        }
        if let Some((state, _)) = self.states.trigger {
            let asked = self.ask(table, windows, |entry| !entry.trigger_read);
            self.fetch(state, &asked, |entry, value| {
                entry.trigger_read = true;
                entry.trigger.clear();
                entry.trigger.extend_from_slice(value.unwrap_or_default());
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Gathers the addresses of those windows that something is wanted of.
    fn ask(
        &mut self,
        table: &KeyTable,
        windows: &[(u32, Window)],
        wanted: impl Fn(&Entry<H>) -> bool,
    ) -> Vec<(u32, usize)> {
        self.addresses.clear();
        let mut asked = Vec::new();
        for &(slot, address) in windows {
            let Some(at) = self.position_of(slot, address) else {
                continue;
            };
            let entry = &mut self.by_slot[slot as usize].entries[at];
            if wanted(entry) && !std::mem::replace(&mut entry.asked, true) {
                let key = (table.width(), table.key(slot));
                self.addresses.push(key, (ADDRESS, &address.address()));
                asked.push((slot, at));
            }
        }
        asked
    }

    /// Reads a state at the addresses that were gathered.
    fn fetch(
        &mut self,
        state: u32,
        asked: &[(u32, usize)],
        mut tell: impl FnMut(&mut Entry<H>, Option<&[u8]>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.shared.host.get_many(state, &mut self.addresses);
        found.values.check("windows", asked.len())?;
        let answers = found.present.iter().zip(found.values.entries(asked.len()));
        for (&(slot, at), (present, value)) in asked.iter().zip(answers) {
            let value = (*present != 0).then_some(value);
            let entry = &mut self.by_slot[slot as usize].entries[at];
            entry.asked = false;
            tell(entry, value)?;
        }
        Ok(())
    }

    /// Writes what the call has changed.
    pub(super) fn flush<T: Row, C: Contents<T, Held = H>>(
        &mut self,
        contents: &C,
        table: &KeyTable,
    ) {
        for (slot, address) in std::mem::take(&mut self.over) {
            let key = (table.width(), table.key(slot));
            self.writes.deletes.push(key, (ADDRESS, &address.address()));
            if self.states.trigger.is_some() {
                self.trigger_writes
                    .deletes
                    .push(key, (ADDRESS, &address.address()));
            }
        }
        for (slot, address) in std::mem::take(&mut self.dirty) {
            if let Some(at) = self.position_of(slot, address) {
                self.write(contents, table, slot, at);
            }
        }
        let host = &*self.shared.host;
        if let Some(state) = self.states.contents {
            self.writes.send(host, state);
        }
        if let Some((state, _)) = self.states.trigger {
            self.trigger_writes.send(host, state);
        }
        self.flush_sets::<T, C>(table);
    }

    fn write<T: Row, C: Contents<T, Held = H>>(
        &mut self,
        contents: &C,
        table: &KeyTable,
        slot: u32,
        at: usize,
    ) {
        let entry = &mut self.by_slot[slot as usize].entries[at];
        let address = entry.address.address();
        let (key, address) = ((table.width(), table.key(slot)), (ADDRESS, &address[..]));
        entry.listed = false;
        if std::mem::take(&mut entry.contents_dirty) {
            contents.write(&mut entry.held, key, address, &mut self.writes);
        }
        if std::mem::take(&mut entry.trigger_dirty)
            && let Some((_, width)) = self.states.trigger
        {
            let writes = &mut self.trigger_writes;
            writes.puts.push(key, address);
            writes.put_values.push(width, &entry.trigger);
        }
    }

    fn flush_sets<T: Row, C: Contents<T, Held = H>>(&mut self, table: &KeyTable) {
        let Some(state) = self.states.merging else {
            return;
        };
        for slot in std::mem::take(&mut self.dirty_sets) {
            let windows = &mut self.by_slot[slot as usize];
            windows.set_dirty = false;
            let key = (table.width(), table.key(slot));
            let none = (Some(0), &[][..]);
            if windows.entries.is_empty() {
                self.writes.deletes.push(key, none);
                continue;
            }
            self.writes.puts.push(key, none);
            let members = windows
                .entries
                .iter()
                .map(|entry| (entry.member(), &entry.held));
            let out = &mut self.writes.put_values.data;
            if self.states.contents.is_none() {
                C::write_set(windows.entries.len(), members, out);
            } else {
                let members = members.map(|(member, _)| member);
                encode_array::<Member>(windows.entries.len(), members, out);
            }
            self.writes.put_values.close(None);
        }
        self.writes.send(&*self.shared.host, state);
    }
}
