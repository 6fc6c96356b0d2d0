//! The windows of a general window operator: by key slot, cached and written through.
//!
//! Windows of a key are in order. Where windows merge, the live windows of a key are a state of their own, the merging
//! window set: it says where each keeps its contents, its address, which stays the same while the window grows. Without
//! merging a window is its own address, and is in the cache as soon as somebody asked for it. Accumulators of merging
//! windows with the default trigger are part of the set: a session costs one state and one timer.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use super::Window;
use super::contents::{Member, Writes};
use crate::host::Addresses;
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
    pub(super) contents_dirty: bool,
    pub(super) trigger_dirty: bool,
    pub(super) listed: bool,
    pub(super) asked: bool,
}

impl<H> Entry<H> {
    pub(super) fn member(&self) -> Member {
        let (window, address) = (self.window, self.address);
        (window.start, window.end, address.start, address.end)
    }
}

/// The windows of a key.
pub(super) struct KeyWindows<H> {
    pub(super) entries: VecDeque<Entry<H>>,
    /// No window is longer.
    longest: i64,
    pub(super) set_read: bool,
    pub(super) set_dirty: bool,
}

impl<H> Default for KeyWindows<H> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            longest: 0,
            set_read: false,
            set_dirty: false,
        }
    }
}

/// Windows of a key for which room is kept when the cache is dropped.
const KEPT_WINDOWS: usize = 16;

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
    pub(super) shared: Rc<Shared>,
    pub(super) by_slot: Vec<KeyWindows<H>>,
    /// Slots in use.
    slots: u32,
    count: usize,
    /// Windows that were changed: slot and address.
    pub(super) dirty: Vec<(u32, Window)>,
    /// Windows that are over: slot and address.
    pub(super) over: Vec<(u32, Window)>,
    pub(super) dirty_sets: Vec<u32>,
    pub(super) addresses: Addresses,
    pub(super) writes: Writes,
    pub(super) trigger_writes: Writes,
}

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
        // A window always covers its address.
        let mut near = self.near(slot, address);
        near.find(|&at| self.by_slot[slot as usize].entries[at].address == address)
    }

    /// The windows of a key that may touch another one, and few that do not.
    pub(super) fn near(&self, slot: u32, window: Window) -> Range<usize> {
        let windows = &self.by_slot[slot as usize];
        let earliest = window.start.saturating_sub(windows.longest);
        let entries = &windows.entries;
        let first = entries.partition_point(|entry| entry.window.start < earliest);
        let end = entries.partition_point(|entry| entry.window.start <= window.end);
        first..end
    }

    /// Lets a window grow. Answers where it is then: windows of a key are in order.
    pub(super) fn grow_window(&mut self, slot: u32, mut at: usize, window: Window) -> usize {
        let windows = &mut self.by_slot[slot as usize];
        windows.longest = windows.longest.max(window.end.saturating_sub(window.start));
        windows.entries[at].window = window;
        while at > 0 && windows.entries[at - 1].window > window {
            windows.entries.swap(at - 1, at);
            at -= 1;
        }
        at
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
        let windows = &mut self.by_slot[slot as usize];
        windows.longest = windows.longest.max(window.end.saturating_sub(window.start));
        windows.entries.insert(at, entry);
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

    /// Forgets everything; nothing is unwritten.
    pub(super) fn clear(&mut self) {
        // The memory is kept: the next keys take it over.
        for windows in &mut self.by_slot[..self.slots as usize] {
            windows.entries.clear();
            windows.entries.shrink_to(KEPT_WINDOWS);
            windows.longest = 0;
            windows.set_read = false;
        }
        self.slots = 0;
        self.count = 0;
    }
}
