//! What a program emits and decides, from any task.

use super::event::Payload;
use super::{AckError, Args, ConnectError, EmitError, NamespaceState};
use crate::session::{Machine, SessionState};
use crate::timer::Clock;
use atomic_waker::AtomicWaker;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use sansocket::{CloseCode, Instant};
use sansocket_socketio::client::{self as io, AckId, AckSlot, Asker, Emit, NamespaceId, NamespaceSlot};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The state machine of namespaces and acknowledgements.
pub(super) type Io = io::Client<'static, Vec<NamespaceSlot>, Vec<AckSlot>, Vec<u8>>;

/// A namespace of a [`Client`](super::Client): a handle that can be cloned, for any number of tasks. What it does takes effect while
/// [`next`](super::Client::next) is polled.
#[derive(Clone)]
pub struct Socket {
    shared: Arc<Shared>,
    namespace: NamespaceId,
}

pub(super) struct Shared {
    core: Mutex<Core>,
    /// The task that polls the client.
    task: AtomicWaker,
    clock: Clock,
    url: String,
}

/// What a client and its sockets share.
pub(super) struct Core {
    pub(super) machine: Machine,
    pub(super) io: Io,
    pub(super) acks: Acks,
    /// The client was dropped: nobody polls any more.
    pub(super) is_abandoned: bool,
}

/// Who waits for which acknowledgement.
#[derive(Default)]
pub(super) struct Acks(HashMap<u64, oneshot::Sender<Result<Payload, AckError>>>);

impl Acks {
    pub(super) fn resolve(&mut self, ack: AckId, outcome: Result<Payload, AckError>) {
        if let Some(waiting) = self.0.remove(&ack.number()) {
            // Who does not wait any longer does not hear it.
            waiting.send(outcome).ok();
        }
    }
}

impl Core {
    /// Nobody will answer any more.
    pub(super) fn forget_acks(&mut self) {
        self.acks.0.clear();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// The URL of the WebSocket.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What is emitted from now on wakes this task.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
    }

    /// Until the next call there is nothing to wake it for.
    pub(super) fn ignore(&self) {
        self.task.take();
    }

    /// Acts, and has the client go on from there.
    fn act<T>(&self, act: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let acted = act(&mut self.lock(), self.clock.now());
        self.task.wake();
        acted
    }
}

impl Socket {
    pub(super) fn new(machine: Machine, mut io: Io, name: &str, url: String) -> Result<Self, ConnectError> {
        let clock = Clock::start();
        let mut machine = machine;
        let namespace = io.connect(&mut machine.commands(clock.now()), name)?;
        let core = Mutex::new(Core { machine, io, acks: Acks::default(), is_abandoned: false });
        Ok(Self { shared: Arc::new(Shared { core, task: AtomicWaker::new(), clock, url }), namespace })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Another namespace of the same client.
    pub(super) fn of(&self, namespace: NamespaceId) -> Self {
        Self { shared: self.shared.clone(), namespace }
    }

    /// Sends an event to the server. Without a connection it waits until the namespace is joined. Returns its number, by which
    /// [`Event::Down`](super::Event::Down) and [`Event::Dropped`](super::Event::Dropped) tell what became of it.
    ///
    /// # Errors
    /// [`EmitError`]: the namespace was left or was not let in, there is no room, or a name or an argument that cannot be sent.
    pub fn emit(&self, name: &str, args: impl Into<Args>) -> Result<u64, EmitError> {
        self.send(name, &args.into(), |emit| emit).map(|sent| sent.number)
    }

    /// Sends an event that is worth nothing later, such as a position: without a connection it is dropped, and reported by
    /// [`Event::Dropped`](super::Event::Dropped).
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_volatile(&self, name: &str, args: impl Into<Args>) -> Result<u64, EmitError> {
        self.send(name, &args.into(), |emit| emit.volatile()).map(|sent| sent.number)
    }

    /// Sends an event, as [`emit`](Self::emit), that the server is to answer within `timeout`, in which the time without a connection counts.
    /// The answer is waited for where [`next`](super::Client::next) is not: in another task, or another arm of `tokio::select!`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit); [`EmitError::NoAckSlot`] if too many answers are waited for.
    pub fn emit_with_ack(&self, name: &str, args: impl Into<Args>, timeout: Duration) -> Result<Answer, EmitError> {
        let ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let args = args.into();
        let (sender, receiver) = oneshot::channel();
        self.shared.act(|core, now| {
            let sent = core.emit(now, self.namespace, name, &args, |emit| emit.ack_within_ms(ms))?;
            if let Some(ack) = sent.ack {
                core.acks.0.insert(ack.number(), sender);
            }
            Ok(Answer(receiver))
        })
    }

    fn send(&self, name: &str, args: &Args, with: impl FnOnce(Emit<'_>) -> Emit<'_>) -> Result<io::Sent, EmitError> {
        self.shared.act(|core, now| core.emit(now, self.namespace, name, args, with))
    }

    pub(super) fn answer(&self, asker: Asker, args: &Args) -> Result<(), EmitError> {
        self.shared.act(|core, now| {
            let Core { machine, io, .. } = core;
            io.ack(&mut machine.commands(now), asker, args.as_json(), &args.attachments())
        })
    }

    pub(super) fn authenticate(&self, auth: &str) -> Result<(), EmitError> {
        self.shared.act(|core, now| {
            let Core { machine, io, .. } = core;
            io.authenticate(&mut machine.commands(now), self.namespace, auth)
        })
    }

    /// Joins the namespace again, after it was left or the server has refused or disconnected us. Without effect on one that is joined, and
    /// after the client was dropped.
    ///
    /// # Errors
    /// Any [`ConnectError`].
    pub fn connect(&self) -> Result<(), ConnectError> {
        self.namespace(&self.name()).map(drop)
    }

    /// Another namespace of the same client: [`Client::namespace`](super::Client::namespace).
    ///
    /// # Errors
    /// Any [`ConnectError`].
    pub fn namespace(&self, name: &str) -> Result<Self, ConnectError> {
        self.shared.act(|core, now| {
            let Core { machine, io, is_abandoned, .. } = core;
            let namespace = io.connect(&mut machine.commands(now), name)?;
            if machine.state() == SessionState::Stopped && !*is_abandoned {
                machine.start(now);
            }
            Ok(self.of(namespace))
        })
    }

    /// Leaves the namespace, after what waits was sent. With the last one the connection is closed.
    pub fn disconnect(&self) {
        self.shared.act(|core, now| {
            let Core { machine, io, .. } = core;
            io.disconnect(&mut machine.commands(now), self.namespace);
        });
    }

    /// Ends the whole client: an open connection by a closing handshake, anything else at once. What waits is dropped.
    pub fn close(&self) {
        self.shared.act(|core, now| core.machine.commands(now).close(CloseCode::NORMAL_CLOSURE, "").ok());
    }

    /// Dials after `wait`, whatever the client would do: in the handler of [`Event::Down`](super::Event::Down), and while it waits, with
    /// zero, if the program knows that the network is back.
    pub fn retry_in(&self, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.shared.act(|core, now| core.machine.commands(now).retry_in(ms));
    }

    /// The namespace's name, `/` or `/admin`.
    pub fn name(&self) -> String {
        self.shared.lock().io.name(self.namespace).to_owned()
    }

    /// Where the namespace stands.
    pub fn state(&self) -> NamespaceState {
        self.shared.lock().io.state(self.namespace)
    }

    /// How many messages wait.
    pub fn queued(&self) -> u32 {
        self.shared.lock().machine.queued()
    }
}

impl Core {
    fn emit(
        &mut self,
        now: Instant,
        namespace: NamespaceId,
        name: &str,
        args: &Args,
        with: impl FnOnce(Emit<'_>) -> Emit<'_>,
    ) -> Result<io::Sent, EmitError> {
        let Self { machine, io, .. } = self;
        let attachments = args.attachments();
        let emit = with(Emit::new(namespace, name).args(args.as_json()).attachments(&attachments));
        io.emit(&mut machine.commands(now), &emit)
    }
}

/// Two handles of the same namespace of the same client.
impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared) && self.namespace == other.namespace
    }
}

impl Eq for Socket {}

/// The answer to an event: a future, which is ready once the server has answered, or will not any more. It needs no polling for the
/// event to be sent.
#[derive(Debug)]
#[must_use = "without it nobody hears the answer"]
pub struct Answer(oneshot::Receiver<Result<Payload, AckError>>);

impl Future for Answer {
    type Output = Result<Payload, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The client is no more.
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(AckError::Lost)))
    }
}

/// Shows no bytes, which are the users' own.
impl core::fmt::Debug for Socket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let core = self.shared.lock();
        f.debug_struct("Socket")
            .field("namespace", &core.io.name(self.namespace))
            .field("state", &core.io.state(self.namespace))
            .field("queued", &core.machine.queued())
            .finish_non_exhaustive()
    }
}
