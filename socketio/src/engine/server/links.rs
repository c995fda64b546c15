//! What the caller's keys stand for, and under which of them something is due.

use super::sid::Sid;
use super::{Due, Key, SessionId};
use alloc::collections::{BTreeMap, VecDeque};

#[derive(Default)]
pub(super) struct Links {
    links: BTreeMap<Key, Link>,
    /// Keys to be told. Those that are done with, or were pulled untold, stay in here until they are passed over.
    ready: VecDeque<Key>,
}

struct Link {
    role: Role,
    readiness: Readiness,
}

pub(super) enum Role {
    /// A WebSocket that is not open yet, for a new session.
    Opening { sid: Sid, wants_base64: bool },
    /// A WebSocket that is not open yet, for a session to upgrade to.
    Joining { session: SessionId, wants_base64: bool },
    /// A poll or a WebSocket. Which one, the session knows.
    Of(SessionId),
    /// What is left to be pulled. The last one ends it.
    Ending(VecDeque<Due>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readiness {
    /// All was pulled.
    Quiet,
    /// To be told.
    Queued,
    /// The caller knows, and has not pulled all.
    Told,
}

impl Links {
    pub(super) fn contains(&self, key: Key) -> bool {
        self.links.contains_key(&key)
    }

    pub(super) fn insert(&mut self, key: Key, role: Role) {
        self.links.insert(key, Link { role, readiness: Readiness::Quiet });
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Role> {
        self.links.remove(&key).map(|link| link.role)
    }

    pub(super) fn role(&self, key: Key) -> Option<&Role> {
        self.links.get(&key).map(|link| &link.role)
    }

    pub(super) fn set_role(&mut self, key: Key, role: Role) {
        if let Some(link) = self.links.get_mut(&key) {
            link.role = role;
        }
    }

    /// Nothing but this is to come under the key.
    pub(super) fn end(&mut self, key: Key, dues: VecDeque<Due>) {
        self.set_role(key, Role::Ending(dues));
        self.set_ready(key);
    }

    /// The first of what is left, of a key that is ending. With the last one it is done with.
    pub(super) fn pull_ending(&mut self, key: Key) -> Option<Due> {
        let Role::Ending(dues) = &mut self.links.get_mut(&key)?.role else { return None };
        let due = dues.pop_front();
        if dues.is_empty() {
            self.links.remove(&key);
        }
        due
    }

    pub(super) fn set_ready(&mut self, key: Key) {
        if let Some(link) = self.links.get_mut(&key).filter(|link| link.readiness == Readiness::Quiet) {
            link.readiness = Readiness::Queued;
            self.ready.push_back(key);
        }
    }

    pub(super) fn set_quiet(&mut self, key: Key) {
        if let Some(link) = self.links.get_mut(&key) {
            link.readiness = Readiness::Quiet;
        }
    }

    pub(super) fn is_quiet(&self, key: Key) -> bool {
        self.links.get(&key).is_some_and(|link| link.readiness == Readiness::Quiet)
    }

    pub(super) fn next_ready(&mut self) -> Option<Key> {
        loop {
            let key = self.ready.pop_front()?;
            if let Some(link) = self.links.get_mut(&key).filter(|link| link.readiness == Readiness::Queued) {
                link.readiness = Readiness::Told;
                return Some(key);
            }
        }
    }
}
