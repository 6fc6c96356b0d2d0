//! The windows of a general window operator: by key slot, cached and written through.
//!
//! Windows of a key are in order. Where windows merge, the live windows of a key are a state of their own, the merging
//! window set: it says where each keeps its contents, its address, which stays the same while the window grows. Without
//! merging a window is its own address, and is in the cache as soon as somebody asked for it. Accumulators of merging
//! windows with the default trigger are part of the set: a session costs one state and one timer.

use std::collections::VecDeque;
use std::rc::Rc;

use super::Window;
use super::bounds::WINDOW_WIDTH;
use super::contents::{Contents, Member, Writes};
use crate::error::Error;
use crate::host::Addresses;
use crate::keyed::KeyTable;
use crate::row::{Row, decode_array, encode_array};
use crate::task::Shared;

/// A window of a key.
pub(super) struct Entry<H> {
    pub(super) window: Window,
    /// Where its contents and timers are.
    pub(super) address: Window,
    pub(super) held: H,
    /// The trigger's state; empty for the default.
    pub(super) trigger: Vec<u8>,
    /// Whether the trigger's state is known.
    pub(super) trigger_read: bool,
    /// Whether its last timer is known to be registered.
    pub(super) timed: bool,
    contents_dirty: bool,
    trigger_dirty: bool,
    listed: bool,
    asked: bool,
}

impl<H> Entry<H> {
    fn member(&self) -> Member {
        let (window, address) = (self.window, self.address);
        (window.start, window.end, address.start, address.end)
    }
}

/// The windows of a key.
pub(super) struct KeyWindows<H> {
    pub(super) entries: VecDeque<Entry<H>>,
    set_read: bool,
    set_dirty: bool,
}

impl<H> Default for KeyWindows<H> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            set_read: false,
            set_dirty: false,
        }
    }
}

/// The numbers of the operator's states.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateNumbers {
    /// None if the merging window set has them.
    pub(crate) contents: Option<u32>,
    /// None if the trigger keeps nothing; with the width of its state.
    pub(crate) trigger: Option<(u32, Option<usize>)>,
    /// None if windows do not merge.
    pub(crate) merging: Option<u32>,
}

/// The windows of all keys of an instance.
pub(super) struct Store<H> {
    pub(super) states: StateNumbers,
    shared: Rc<Shared>,
    pub(super) by_slot: Vec<KeyWindows<H>>,
    /// Slots in use.
    slots: u32,
    count: usize,
    /// Windows that were changed: slot and address.
    dirty: Vec<(u32, Window)>,
    /// Windows that are over: slot and address.
    over: Vec<(u32, Window)>,
    dirty_sets: Vec<u32>,
    addresses: Addresses,
    writes: Writes,
    trigger_writes: Writes,
}

const ADDRESS: Option<usize> = Some(WINDOW_WIDTH);

impl<H: Default> Store<H> {
    pub(super) fn new(states: StateNumbers, shared: &Rc<Shared>) -> Self {
        Self {
            states,
            shared: Rc::clone(shared),
            by_slot: Vec::new(),
            slots: 0,
            count: 0,
            dirty: Vec::new(),
            over: Vec::new(),
            dirty_sets: Vec::new(),
            addresses: Addresses::default(),
            writes: Writes::default(),
            trigger_writes: Writes::default(),
        }
    }

    /// Makes room for the slots of the table.
    pub(super) fn grow(&mut self, slots: u32) {
        self.slots = slots;
        if self.by_slot.len() < slots as usize {
            self.by_slot
                .resize_with(slots as usize, KeyWindows::default);
        }
    }

    /// How many windows are cached.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// A window of a key.
    #[inline]
    pub(super) fn entry(&mut self, slot: u32, at: usize) -> &mut Entry<H> {
        &mut self.by_slot[slot as usize].entries[at]
    }

    /// Where a window is, or where it would be.
    #[inline]
    pub(super) fn position(&self, slot: u32, window: Window) -> Result<usize, usize> {
        let entries = &self.by_slot[slot as usize].entries;
        match entries.back() {
            Some(last) if last.window == window => Ok(entries.len() - 1),
            Some(last) if last.window < window => Err(entries.len()),
            _ => entries.binary_search_by_key(&window, |entry| entry.window),
        }
    }

    /// Where the window with an address is.
    pub(super) fn position_of(&self, slot: u32, address: Window) -> Option<usize> {
        if self.states.merging.is_none() {
            return self.position(slot, address).ok();
        }
        let mut entries = self.by_slot[slot as usize].entries.iter();
        entries.position(|entry| entry.address == address)
    }

    /// Adds a window of which nothing is known yet.
    pub(super) fn insert(&mut self, slot: u32, at: usize, window: Window, address: Window) {
        let entry = Entry {
            window,
            address,
            held: H::default(),
            trigger: Vec::new(),
            trigger_read: self.states.trigger.is_none(),
            timed: false,
            contents_dirty: false,
            trigger_dirty: false,
            listed: false,
            asked: false,
        };
        self.count += 1;
        self.by_slot[slot as usize].entries.insert(at, entry);
    }

    /// Takes a window out of the cache; what the host has of it goes at the end of the call.
    pub(super) fn remove(&mut self, slot: u32, at: usize) -> Option<Entry<H>> {
        let entry = self.by_slot[slot as usize].entries.remove(at)?;
        self.count -= 1;
        if self.states.contents.is_some() {
            self.over.push((slot, entry.address));
        }
        self.touch_set(slot);
        Some(entry)
    }

    /// Tells that the merging window set of a key has changed.
    pub(super) fn touch_set(&mut self, slot: u32) {
        if self.states.merging.is_some() {
            let windows = &mut self.by_slot[slot as usize];
            if !std::mem::replace(&mut windows.set_dirty, true) {
                self.dirty_sets.push(slot);
            }
        }
    }

    /// Tells that the contents or the trigger's state of a window have changed.
    #[inline]
    pub(super) fn touch(&mut self, slot: u32, at: usize, trigger: bool) {
        if self.states.contents.is_none() {
            return self.touch_set(slot);
        }
        let entry = &mut self.by_slot[slot as usize].entries[at];
        entry.trigger_dirty |= trigger;
        entry.contents_dirty |= !trigger;
        if !entry.listed {
            entry.listed = true;
            self.dirty.push((slot, entry.address));
        }
    }

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

    /// Forgets everything; nothing is unwritten.
    pub(super) fn clear(&mut self) {
        // The memory is kept: the next keys take it over.
        for windows in &mut self.by_slot[..self.slots as usize] {
            windows.entries.clear();
            windows.set_read = false;
        }
        self.slots = 0;
        self.count = 0;
    }
}
