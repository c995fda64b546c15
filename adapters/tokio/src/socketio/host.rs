//! The machine with what it needs to run: a lock, a clock, and a task for each of its keys.

use super::machine::{EngineServer, Io, Machine, Server};
use crate::random::Random;
use crate::timer::{Clock, Timer};
use atomic_waker::AtomicWaker;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, ready};
use core::time::Duration;
use sansocket::{Config as WebSocketConfig, Instant, Origin};
use sansocket_socketio::engine::server::{self as engine, Config as EngineConfig, Due, Key};
use sansocket_socketio::server::{Config, Event};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use tokio::task::AbortHandle;

/// A server, to be given the requests to its path. Clones are the same server.
pub struct Host<S: Machine = Server>(pub(super) Arc<Shared<S>>);

impl Host<Server> {
    /// Without clients.
    ///
    /// `origin` says which pages may connect; `handler` is told what happens, and should return soon: all clients wait meanwhile.
    pub fn new(config: Config, origin: Origin<'static>, handler: impl FnMut(&mut Io<'_>, Event<'_>) + Send + 'static) -> Self {
        let server = Server::new(config, Random);
        Self(Arc::new(Shared::new(server, Box::new(handler), &config.engine, origin)))
    }

    /// Emits, joins, disconnects: outside of the handler. Inside it, where an [`Io`] is given, this would wait for itself.
    pub fn with<T>(&self, act: impl FnOnce(&mut Io<'_>) -> T) -> T {
        self.0.call(|running, now| act(&mut running.machine.at(now)))
    }
}

impl Host<EngineServer> {
    /// Engine.IO alone: sessions whose messages are text and bytes.
    ///
    /// `origin` says which pages may connect; `handler` is told what happens, and should return soon: all sessions wait meanwhile.
    pub fn engine(
        config: EngineConfig,
        origin: Origin<'static>,
        handler: impl FnMut(&mut EngineServer, engine::Event<'_>) + Send + 'static,
    ) -> Self {
        let server = EngineServer::new(config, Random);
        Self(Arc::new(Shared::new(server, Box::new(handler), &config, origin)))
    }

    /// Sends, or closes a session, outside of the handler. Inside it, where the server is given, this would wait for itself.
    pub fn with<T>(&self, act: impl FnOnce(&mut EngineServer) -> T) -> T {
        self.0.call(|running, _| act(&mut running.machine))
    }
}

impl<S: Machine> Clone for Host<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Machine> core::fmt::Debug for Host<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

pub(super) struct Shared<S: Machine> {
    running: Mutex<Running<S>>,
    clock: Clock,
    timer: AtomicWaker,
    pub(super) origin: Origin<'static>,
    pub(super) websocket: &'static WebSocketConfig<'static>,
    pub(super) max_payload: usize,
    /// How long a body may take: no session outlives a POST that takes longer, since its Pongs wait behind it.
    pub(super) body_timeout: Duration,
}

pub(super) struct Running<S: Machine> {
    pub(super) machine: S,
    pub(super) on: S::Handler,
    tasks: HashMap<Key, Arc<Task>>,
    last_key: u64,
    /// When the timer looks here again without being told to. `None`: never.
    wakes_at: Option<Instant>,
    /// The task that keeps time, in the runtime of the request that has found none.
    timer: Option<AbortHandle>,
}

/// Who serves a key.
#[derive(Default)]
pub(super) struct Task {
    waker: AtomicWaker,
    /// Whether something may be due.
    is_ready: AtomicBool,
}

impl<S: Machine> Shared<S> {
    pub(super) fn new(machine: S, on: S::Handler, config: &EngineConfig, origin: Origin<'static>) -> Self {
        let running = Running { machine, on, tasks: HashMap::new(), last_key: 0, wakes_at: None, timer: None };
        let max_message_len = u64::try_from(config.max_payload).unwrap_or(u64::MAX);
        // Engine.IO has a heartbeat of its own.
        let websocket = WebSocketConfig::new().max_message_len(max_message_len).keepalive_interval_ms(0);
        let body_timeout = u64::from(config.ping_interval_ms) + u64::from(config.ping_timeout_ms);
        Self {
            running: Mutex::new(running),
            clock: Clock::start(),
            timer: AtomicWaker::new(),
            origin,
            // Connections borrow it for as long as the program runs, and a program has one server, or a few.
            websocket: Box::leak(Box::new(websocket)),
            max_payload: config.max_payload,
            body_timeout: Duration::from_millis(body_timeout),
        }
    }

    /// A call into the machine: whom it concerns is woken, even if the handler panics. What it was about to do is lost then, and the others go
    /// on.
    fn try_call<T>(&self, call: impl FnOnce(&mut Running<S>, Instant) -> T) -> thread::Result<T> {
        let mut running = self.lock();
        let done = catch_unwind(AssertUnwindSafe(|| call(&mut running, self.clock.now())));
        while let Some(key) = running.machine.next_ready() {
            if let Some(task) = running.tasks.get(&key) {
                task.is_ready.store(true, Ordering::Release);
                task.waker.wake();
            }
        }
        let next = running.machine.next_timeout();
        if next.is_some_and(|at| running.wakes_at.is_none_or(|wakes_at| at < wakes_at)) {
            running.wakes_at = next;
            self.timer.wake();
        }
        done
    }

    /// The same; it panics if the handler does.
    pub(super) fn call<T>(&self, call: impl FnOnce(&mut Running<S>, Instant) -> T) -> T {
        self.try_call(call).unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn lock(&self) -> MutexGuard<'_, Running<S>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_time(&self, timer: &mut Timer, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.register(cx.waker());
        loop {
            let mut running = self.lock();
            running.wakes_at = running.machine.next_timeout();
            let Some(at) = running.wakes_at else { return Poll::Pending };
            drop(running);
            ready!(timer.poll(cx, self.clock, at));
            // A panic is nobody's here: it has been reported, and the clock goes on.
            self.try_call(|Running { machine, on, .. }, now| machine.advance(now, on)).ok();
        }
    }
}

impl<S: Machine> Drop for Shared<S> {
    fn drop(&mut self) {
        // There is no time to keep any longer.
        self.timer.wake();
    }
}

/// Acts on deadlines, as long as there is a machine.
async fn keep_time<S: Machine>(shared: Weak<Shared<S>>) {
    let mut timer = Timer::default();
    poll_fn(|cx| shared.upgrade().map_or(Poll::Ready(()), |shared| shared.poll_time(&mut timer, cx))).await;
}

/// A key, from the request that it was made for until the machine has done with it.
pub(super) struct Held<S: Machine> {
    shared: Arc<Shared<S>>,
    key: Key,
    task: Arc<Task>,
    /// Whether the machine has done with it.
    is_done: bool,
}

impl<S: Machine> Held<S> {
    /// The first one starts the timer, which needs a runtime; another one does if that runtime is no more.
    pub(super) fn new(shared: &Arc<Shared<S>>) -> Self {
        let mut running = shared.lock();
        running.last_key += 1;
        let (key, task) = (Key(running.last_key), Arc::<Task>::default());
        running.tasks.insert(key, task.clone());
        if running.timer.as_ref().is_none_or(AbortHandle::is_finished) {
            running.timer = Some(tokio::spawn(keep_time(Arc::downgrade(shared))).abort_handle());
        }
        Self { shared: shared.clone(), key, task, is_done: false }
    }

    pub(super) fn call<T>(&self, call: impl FnOnce(&mut Running<S>, Key, Instant) -> T) -> T {
        self.shared.call(|running, now| call(running, self.key, now))
    }

    /// The machine does not want to hear of it again.
    pub(super) const fn is_done(&mut self) {
        self.is_done = true;
    }

    /// Takes what is due: one thing, and more as long as that is fewer than `most` bytes. Ready if there was something.
    pub(super) fn poll_due(&mut self, cx: &Context<'_>, most: usize, due: &mut Vec<Due>) -> Poll<()> {
        self.task.waker.register(cx.waker());
        // Before the machine is asked: what becomes due after that says so anew.
        if !self.task.is_ready.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let (is_all, is_done) = self.call(|running, key, _| {
            let mut taken = 0;
            while taken < most {
                let Some(next) = running.machine.pull(key) else { return (true, false) };
                taken += match &next {
                    Due::Text(bytes) | Due::Binary(bytes) => bytes.len(),
                    Due::Respond(_) | Due::Close => {
                        due.push(next);
                        return (true, true);
                    }
                };
                due.push(next);
            }
            (false, false)
        });
        self.is_done = is_done;
        if !is_all {
            self.task.is_ready.store(true, Ordering::Release);
        }
        if due.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl<S: Machine> Drop for Held<S> {
    fn drop(&mut self) {
        let (key, is_done) = (self.key, self.is_done);
        let drop_key = |Running { machine, on, tasks, .. }: &mut Running<S>, now| {
            tasks.remove(&key);
            if !is_done {
                machine.gone(now, key, on);
            }
        };
        // It may be a panic of the handler's that drops this, and a second one would end the program.
        self.shared.try_call(drop_key).ok();
    }
}
