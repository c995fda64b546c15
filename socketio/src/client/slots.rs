//! What a client keeps of its namespaces and of the answers that it waits for, in memory of the caller's.

use sansocket::Instant;

use super::event::Reason;

/// Memory of the caller's: an array, a vector, a boxed or a borrowed slice.
pub trait Slots<T>: AsRef<[T]> + AsMut<[T]> {}

impl<T, S: AsRef<[T]> + AsMut<[T]> + ?Sized> Slots<T> for S {}

/// A namespace of a client. It stays the same over reconnections, and when the same name is connected again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamespaceId(pub(super) u32);

impl NamespaceId {
    /// As a number, from 1 on.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The namespace of that number.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// An event of ours whose answer is waited for. No two of a client's are the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AckId(pub(super) u64);

impl AckId {
    /// As a number: the packet's id.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The event of that number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// Where a namespace stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NamespaceState {
    /// It is not wanted.
    Off = 0,
    /// It is wanted, and waits for a connection or for the server's answer. What is emitted waits with it.
    Connecting = 1,
    /// We are in.
    Connected = 2,
    /// We leave it, after what waits.
    Leaving = 3,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Off,
    Wanted,
    /// `Joining` was given.
    Joining,
    /// The server was asked.
    Pending,
    /// The same, and we do not want it any longer.
    Cancelled,
    Connected,
    /// The server has to be told once nothing waits before that.
    Leaving,
}

impl State {
    /// Whether what is emitted will be sent.
    pub(super) const fn is_wanted(self) -> bool {
        self.is_connecting() || matches!(self, Self::Connected)
    }

    /// Whether what is emitted has to wait.
    pub(super) const fn is_connecting(self) -> bool {
        matches!(self, Self::Wanted | Self::Joining | Self::Pending)
    }

    pub(super) const fn shown(self) -> NamespaceState {
        match self {
            Self::Off => NamespaceState::Off,
            Self::Wanted | Self::Joining | Self::Pending => NamespaceState::Connecting,
            Self::Connected => NamespaceState::Connected,
            Self::Cancelled | Self::Leaving => NamespaceState::Leaving,
        }
    }
}

/// Memory for a namespace: how it stands, and how long its texts are.
#[derive(Clone, Copy, Debug)]
pub struct NamespaceSlot {
    /// 0 if it was never used.
    pub(super) id: u32,
    pub(super) state: State,
    /// Its end, which has to be told.
    pub(super) gone: Option<Reason>,
    name_len: u16,
    pid_len: u16,
    offset_len: u16,
    /// Of the event whose attachments are due.
    next_len: u16,
}

impl NamespaceSlot {
    /// Without a namespace.
    pub const EMPTY: Self = Self { id: 0, state: State::Off, gone: None, name_len: 0, pid_len: 0, offset_len: 0, next_len: 0 };
}

/// Memory for an event whose answer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct AckSlot {
    pub(super) state: AckState,
    pub(super) id: u64,
    /// The session's number of the event.
    pub(super) number: u64,
    pub(super) deadline: Instant,
    pub(super) namespace: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AckState {
    Free,
    Waiting,
    /// That has to be told.
    Lost,
}

impl AckSlot {
    /// Without an event.
    pub const EMPTY: Self = Self { state: AckState::Free, id: 0, number: 0, deadline: Instant::from_micros(0), namespace: 0 };
}

/// The namespaces of a client: slots, and for each the same share of a memory, with name, `pid`, offset, and the offset of the event whose
/// attachments are due, one after the other.
pub(super) struct Names<'m> {
    pub(super) slots: &'m mut [NamespaceSlot],
    pub(super) texts: &'m mut [u8],
    pub(super) share: usize,
}

impl Names<'_> {
    pub(super) fn index_of(&self, id: NamespaceId) -> Option<usize> {
        index_of(self.slots, id)
    }

    pub(super) fn state(&self, index: usize) -> State {
        self.slots.get(index).map_or(State::Off, |slot| slot.state)
    }

    pub(super) fn set_state(&mut self, index: usize, state: State) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.state = state;
        }
    }

    pub(super) fn id(&self, index: usize) -> NamespaceId {
        NamespaceId(self.slots.get(index).map_or(0, |slot| slot.id))
    }

    pub(super) fn find(&self, is_it: impl Fn(State) -> bool) -> Option<usize> {
        self.slots.iter().position(|slot| is_it(slot.state))
    }

    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        by_name(self.slots, self.texts, self.share, name)
    }

    /// The namespace that the server names. python-socketio leaves out what comes after a `?`.
    pub(super) fn by_name_of_server(&self, name: &str) -> Option<usize> {
        self.by_name(name).or_else(|| {
            let is_it = |index: &usize| self.name(*index).split_once('?').is_some_and(|(path, _)| path == name);
            (0..self.slots.len()).find(is_it)
        })
    }

    /// A slot for another namespace: one that was never used, else one that is off.
    pub(super) fn free(&self) -> Option<usize> {
        let never = self.slots.iter().position(|slot| slot.id == 0);
        never.or_else(|| self.slots.iter().position(|slot| slot.state == State::Off && slot.gone.is_none()))
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.slots.get(index).map_or("", |slot| text(self.texts, self.share, index, (0, slot.name_len)))
    }

    pub(super) fn pid(&self, index: usize) -> &str {
        self.slots.get(index).map_or("", |slot| text(self.texts, self.share, index, (slot.name_len, slot.pid_len)))
    }

    pub(super) fn offset(&self, index: usize) -> &str {
        let start = |slot: &NamespaceSlot| slot.name_len.saturating_add(slot.pid_len);
        self.slots.get(index).map_or("", |slot| text(self.texts, self.share, index, (start(slot), slot.offset_len)))
    }

    /// Gives the slot to a namespace. False if its name does not fit.
    pub(super) fn assign(&mut self, index: usize, id: NamespaceId, name: &str) -> bool {
        let Some(name_len) = self.write(index, 0, name) else { return false };
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = NamespaceSlot { id: id.0, name_len, ..NamespaceSlot::EMPTY };
        }
        true
    }

    /// Notes the place that the server keeps for us. What does not fit is not recovered.
    pub(super) fn set_pid(&mut self, index: usize, pid: &str) {
        let start = self.slots.get(index).map_or(0, |slot| slot.name_len);
        let pid_len = self.write(index, start, pid).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(index) {
            (slot.pid_len, slot.offset_len, slot.next_len) = (pid_len, 0, 0);
        }
    }

    /// Notes the offset of an event, from [`advance`](Self::advance) on.
    pub(super) fn set_offset(&mut self, index: usize, offset: &str) {
        let Some(slot) = self.slots.get(index) else { return };
        let start = slot.name_len.saturating_add(slot.pid_len).saturating_add(slot.offset_len);
        let next_len = self.write(index, start, offset);
        match (next_len, self.slots.get_mut(index)) {
            (Some(len), Some(slot)) => slot.next_len = len,
            // The server would send again what we have.
            _ => self.set_pid(index, ""),
        }
    }

    /// The event with the offset that was noted is complete.
    pub(super) fn advance(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.next_len > 0) else { return };
        let place = slot.name_len.saturating_add(slot.pid_len);
        let (start, end) =
            (place.saturating_add(slot.offset_len), place.saturating_add(slot.offset_len).saturating_add(slot.next_len));
        (slot.offset_len, slot.next_len) = (slot.next_len, 0);
        let share = share_mut(self.texts, self.share, index);
        for (to, from) in (usize::from(place)..).zip(usize::from(start)..usize::from(end)) {
            let byte = share.get(from).copied().unwrap_or_default();
            if let Some(to) = share.get_mut(to) {
                *to = byte;
            }
        }
    }

    /// The connection has ended: an event that is not complete has not come.
    pub(super) fn forget_next(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.next_len = 0;
        }
    }

    fn write(&mut self, index: usize, start: u16, text: &str) -> Option<u16> {
        let len = u16::try_from(text.len()).ok()?;
        let place = share_mut(self.texts, self.share, index).get_mut(usize::from(start)..)?.get_mut(..text.len())?;
        place.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Some(len)
    }
}

pub(super) fn index_of(slots: &[NamespaceSlot], id: NamespaceId) -> Option<usize> {
    slots.iter().position(|slot| slot.id == id.0 && slot.id != 0)
}

pub(super) fn by_name(slots: &[NamespaceSlot], texts: &[u8], share: usize, name: &str) -> Option<usize> {
    let is_it = |(index, slot): (usize, &NamespaceSlot)| slot.id != 0 && text(texts, share, index, (0, slot.name_len)) == name;
    slots.iter().enumerate().position(is_it)
}

pub(super) fn name_of<'t>(slots: &[NamespaceSlot], texts: &'t [u8], share: usize, index: usize) -> &'t str {
    slots.get(index).map_or("", |slot| text(texts, share, index, (0, slot.name_len)))
}

/// A text in the share of a namespace: where it starts, and its length.
fn text(texts: &[u8], share: usize, index: usize, (start, len): (u16, u16)) -> &str {
    let bytes = texts.get(share.saturating_mul(index)..).and_then(|rest| rest.get(usize::from(start)..));
    let bytes = bytes.and_then(|rest| rest.get(..usize::from(len))).unwrap_or_default();
    // What is copied there are whole texts.
    core::str::from_utf8(bytes).unwrap_or_default()
}

fn share_mut(texts: &mut [u8], share: usize, index: usize) -> &mut [u8] {
    texts.get_mut(share.saturating_mul(index)..).and_then(|rest| rest.get_mut(..share)).unwrap_or_default()
}
