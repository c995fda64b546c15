//! What a program sends and decides, from any task.

use super::{Machine, SendError, SessionState, SetupError};
use crate::error::Error;
use crate::message::Message;
use crate::timer::Clock;
use atomic_waker::AtomicWaker;
use core::task::Context;
use core::time::Duration;
use sansocket::{CloseCode, Instant, UsageError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What sends on a [`Session`](super::Session), and decides for it: a handle that can be cloned, for any number of tasks. What it does
/// takes effect while [`next`](super::Session::next) is polled.
///
/// Each message gets a number, from 1 on in the order of the calls, by which events tell what became of it.
#[derive(Clone)]
pub struct Sender(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    /// The task that polls the session.
    task: AtomicWaker,
    clock: Clock,
}

/// What a session and its senders share.
pub(super) struct Core {
    pub(super) machine: Machine,
    /// The session's own URL.
    pub(super) url: String,
    /// How to close, once that can be.
    finish: Option<Finish>,
}

#[derive(Clone)]
struct Finish {
    code: Option<CloseCode>,
    reason: String,
    /// What waits leaves before.
    waits: bool,
}

impl Core {
    /// Closes, if that is wanted and can be done now. True if it was done.
    pub(super) fn finish(&mut self, now: Instant) -> bool {
        let Some(Finish { code, reason, waits }) = &self.finish else { return false };
        if *waits && self.machine.queued() > 0 && self.machine.state() != SessionState::Stopped {
            return false;
        }
        let is_closed = self.machine.commands(now).close(*code, reason).is_ok();
        if is_closed {
            self.finish = None;
        }
        is_closed
    }
}

impl Sender {
    pub(super) fn new(machine: Machine, url: &str, clock: Clock) -> Self {
        let core = Mutex::new(Core { machine, url: url.to_owned(), finish: None });
        Self(Arc::new(Shared { core, task: AtomicWaker::new(), clock }))
    }

    /// Sends a message, now or, after those that wait before it, once there is a connection. Returns its number. It does not wait: what the
    /// connection has no room for waits in the queue.
    ///
    /// # Errors
    /// [`SendError::Full`], if [`overflow`](super::SessionConfig::overflow) says so; [`SendError::TooLong`]; [`SendError::Stopped`].
    pub fn send(&self, message: impl Into<Message>) -> Result<u64, SendError> {
        let message = message.into();
        self.act(|machine, now| machine.commands(now).send(message.kind(), message.as_bytes()))
    }

    /// Sends a message that is worth nothing later, such as a position: it is dropped, and reported, if there is no connection, or if the
    /// connection ends while it waits.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_volatile(&self, message: impl Into<Message>) -> Result<u64, SendError> {
        let message = message.into();
        self.act(|machine, now| machine.commands(now).send_volatile(message.kind(), message.as_bytes()))
    }

    /// Sends a message on the connection that is open, before those that wait: a log-in. Returns its number.
    ///
    /// # Errors
    /// [`SendError::NotNow`] if no connection is open, or has no room; [`SendError::TooLong`].
    pub fn send_now(&self, message: impl Into<Message>) -> Result<u64, SendError> {
        let message = message.into();
        self.act(|machine, now| machine.commands(now).send_now(message.kind(), message.as_bytes()))
    }

    /// Keeps the queue back until [`release`](Self::release), or until the connection ends: in the handler of [`Event::Up`](super::Event::Up),
    /// for a server that wants an answer to its challenge first. What is sent meanwhile waits too, except by [`send_now`](Self::send_now).
    pub fn hold(&self) {
        self.act(|machine, now| machine.commands(now).hold());
    }

    /// Lets the queue leave.
    pub fn release(&self) {
        self.act(|machine, now| machine.commands(now).release());
    }

    /// Ends the session: an open connection by a closing handshake, within [`Config::closing_timeout_ms`](crate::Config::closing_timeout_ms),
    /// anything else at once. What waits is dropped, and reported by [`Event::Dropped`](super::Event::Dropped).
    /// [`Event::Down`](super::Event::Down) comes last.
    ///
    /// # Errors
    /// [`Error::Usage`] for a code or a reason that cannot be sent: the session goes on.
    pub fn close(&self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.close_when(code.into(), reason, false)
    }

    /// [`close`](Self::close), once what waits has left, however long that takes. What is sent until then leaves, too.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn finish(&self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.close_when(code.into(), reason, true)
    }

    fn close_when(&self, code: Option<CloseCode>, reason: &str, waits: bool) -> Result<(), Error> {
        if code.is_some_and(|code| !code.is_allowed_in_frame()) {
            return Err(UsageError::InvalidCloseCode.into());
        }
        if reason.len() > MAX_REASON || code.is_none() && !reason.is_empty() {
            return Err(UsageError::InvalidCloseReason.into());
        }
        let mut core = self.lock();
        core.finish = Some(Finish { code, reason: reason.to_owned(), waits });
        if !waits {
            // Unless there is no room at the moment.
            core.finish(self.0.clock.now());
        }
        drop(core);
        self.0.task.wake();
        Ok(())
    }

    /// Dials after `wait`, whatever the session would do: in the handler of [`Event::Down`](super::Event::Down), for a cause that is final
    /// otherwise or to wait for another time; and while it waits, with zero, if the program knows that the network is back. Without
    /// effect while there is a connection, and after [`close`](Self::close).
    pub fn retry_in(&self, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.act(|machine, now| machine.commands(now).retry_in(ms));
    }

    /// Does not dial again: in the handler of [`Event::Down`](super::Event::Down), and while the session waits.
    /// [`Event::GaveUp`](super::Event::GaveUp) follows.
    pub fn stop(&self) {
        self.act(|machine, now| machine.commands(now).stop());
    }

    /// Dials, if the session has stopped. It begins by itself when it is first polled.
    pub fn restart(&self) {
        let mut core = self.lock();
        core.finish = None;
        if core.machine.state() == SessionState::Stopped {
            core.machine.start(self.0.clock.now());
        }
        drop(core);
        self.0.task.wake();
    }

    /// Dials another URL from the next dial on.
    ///
    /// # Errors
    /// As [`Builder::start`](super::Builder::start); the old one stays.
    pub fn set_url(&self, url: &str) -> Result<(), SetupError> {
        let mut core = self.lock();
        core.machine.set_url(url)?;
        url.clone_into(&mut core.url);
        Ok(())
    }

    /// Sends a Ping with at most 125 bytes of payload, on the connection that is open: its Pong confirms what was sent before. Keepalive
    /// Pings do that by themselves.
    ///
    /// # Errors
    /// [`Error::Usage`] without an open connection, and for a longer payload; [`Error::Io`] if there is no room.
    pub fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.act(|machine, now| machine.commands(now).ping(payload)).map_err(Error::from)
    }

    /// Where the session stands.
    pub fn state(&self) -> SessionState {
        self.lock().machine.state()
    }

    /// How many messages wait.
    pub fn queued(&self) -> u32 {
        self.lock().machine.queued()
    }

    /// How many failures there were in a row: dials that failed, and connections that were not up for long.
    pub fn failures(&self) -> u32 {
        self.lock().machine.failures()
    }

    /// The URL that is dialled: the session's, or the one that it was redirected to.
    pub fn url(&self) -> String {
        self.lock().machine.url().to_owned()
    }

    /// The subprotocol that was agreed on (§1.9), by the connection that is open or was the last.
    pub fn subprotocol(&self) -> Option<&'static str> {
        self.lock().machine.connection().subprotocol()
    }

    /// The time between the last keepalive Ping that was answered and its Pong.
    pub fn round_trip(&self) -> Option<Duration> {
        self.lock().machine.connection().round_trip()
    }

    /// Acts, and has the session go on from there.
    fn act<T>(&self, act: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let acted = act(&mut self.lock().machine, self.0.clock.now());
        self.0.task.wake();
        acted
    }

    /// No code of the program's runs inside.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// What is sent from now on wakes this task.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        self.0.task.register(cx.waker());
    }

    /// Until the next call there is nothing to wake it for.
    pub(super) fn ignore(&self) {
        self.0.task.take();
    }
}

/// The longest reason: a control frame has 125 bytes (§5.5), of which the code takes two.
const MAX_REASON: usize = 123;

/// Shows no bytes, which are the users' own, and no query, which may hold credentials (§10.6).
impl core::fmt::Debug for Sender {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.lock().machine.fmt(f)
    }
}
