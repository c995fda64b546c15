//! Two halves of a connection, for two tasks.

use crate::error::Error;
use crate::message::Message;
use crate::websocket::WebSocket;
use atomic_waker::AtomicWaker;
use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use futures_core::Stream;
use futures_sink::Sink;
use sansocket::{CloseCode, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use tokio::io::{AsyncRead, AsyncWrite};

/// The half that receives. While it is polled, what was sent leaves, too, and Pings are answered, whether the other half lives or not.
///
/// If it is dropped, the [`Sender`] reads in its place, but only inside of its own calls, and drops what arrives: one that sends once a
/// minute answers no Ping in time, and why the connection has ended is for [`close`](Sender::close) to say.
pub struct Receiver<S>(Arc<Shared<S>>);

/// The half that sends.
///
/// If it is dropped, the [`Receiver`] goes on, and writes what this half was given. To end the connection in order, call
/// [`close`](Self::close) before.
pub struct Sender<S>(Arc<Shared<S>>);

struct Shared<S> {
    ws: Mutex<WebSocket<S>>,
    tasks: Arc<Tasks>,
    /// For the transport, which knows one task only.
    waker: Waker,
    has_receiver: AtomicBool,
}

/// The tasks of both halves: what the transport or a deadline tells one may be for the other.
#[derive(Default)]
struct Tasks {
    receiver: AtomicWaker,
    sender: AtomicWaker,
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.receiver.wake();
        self.sender.wake();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Two halves for two tasks: one that sends, one that receives. One task with `tokio::select!` over the whole is simpler, and can do all
    /// that is here.
    pub fn split(self) -> (Sender<S>, Receiver<S>) {
        let tasks = Arc::new(Tasks::default());
        let waker = Waker::from(tasks.clone());
        let shared = Arc::new(Shared { ws: Mutex::new(self), tasks, waker, has_receiver: AtomicBool::new(true) });
        (Sender(shared.clone()), Receiver(shared))
    }
}

impl<S> Shared<S> {
    /// No code of the caller's runs inside but the transport's: if that panicked, the connection is as broken as the transport is.
    fn lock(&self) -> MutexGuard<'_, WebSocket<S>> {
        self.ws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<T>(
        &self,
        task: &AtomicWaker,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        task.register(cx.waker());
        let polled = poll(&mut self.lock(), &mut Context::from_waker(&self.waker));
        if polled.is_ready() {
            // Until the next call there is nothing to wake it for.
            task.take();
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<S> {
    /// The next message, as [`WebSocket::next`].
    ///
    /// # Errors
    /// As there.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The peer's close code, as [`WebSocket::close_code`].
    pub fn close_code(&self) -> CloseCode {
        self.0.lock().close_code()
    }

    /// The text for humans in the peer's Close.
    pub fn close_reason(&self) -> String {
        self.0.lock().close_reason().to_owned()
    }

    fn poll_message(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let shared = &*self.0;
        shared.poll(&shared.tasks.receiver, cx, |ws, cx| {
            let had_waiting = ws.endpoint().has_waiting();
            let polled = ws.poll_message(cx);
            let is_end = matches!(&polled, Poll::Ready(None | Some(Err(_))));
            if ws.endpoint().take_done().wrote || had_waiting || is_end {
                // A sender that waits for room, for the end, or to read on, is not told so by the transport.
                shared.tasks.sender.wake();
            }
            polled
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender<S> {
    /// Sends a message, as [`WebSocket::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Takes a message, as [`WebSocket::feed`].
    ///
    /// # Errors
    /// As there.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let mut message = Some(message.into());
        let fed = poll_fn(|cx| {
            self.poll(cx, |ws, cx| {
                ws.poll_ready_to_send(cx).map(|ready| {
                    ready?;
                    message.take().map_or(Ok(()), |message| ws.endpoint().send(message, true))
                })
            })
        })
        .await;
        // Whoever reads writes it, too.
        self.0.tasks.receiver.wake();
        fed
    }

    /// Waits until the transport has taken all that is due.
    ///
    /// # Errors
    /// Why it takes no more.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll(cx, WebSocket::poll_flushed)).await
    }

    /// Sends a Ping, as [`WebSocket::ping`].
    ///
    /// # Errors
    /// As there.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        poll_fn(|cx| self.poll(cx, WebSocket::poll_ready_to_send)).await?;
        self.0.lock().endpoint().ping(payload)?;
        self.flush().await
    }

    /// The first half of [`close`](Self::close), as [`WebSocket::start_close`]: the [`Receiver`] reads on, to the end.
    ///
    /// # Errors
    /// As there.
    pub fn start_close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        let started = self.0.lock().start_close(code, reason);
        self.0.tasks.receiver.wake();
        started
    }

    /// Closes the connection, as [`WebSocket::close`]; what still arrives is for the [`Receiver`], if it lives.
    ///
    /// # Errors
    /// As there.
    pub async fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.0.lock().start_close(code, reason)?;
        poll_fn(|cx| {
            let drops = !self.0.has_receiver.load(Ordering::Acquire);
            let polled = self.0.poll(&self.0.tasks.sender, cx, |ws, cx| ws.poll_end(cx, drops));
            // What arrived meanwhile is the receiver's, and so is the end.
            self.0.tasks.receiver.wake();
            polled
        })
        .await
    }

    /// Whether messages can be sent.
    pub fn state(&self) -> State {
        self.0.lock().state()
    }

    fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let has_receiver = self.0.has_receiver.load(Ordering::Acquire);
        self.0.poll(&self.0.tasks.sender, cx, |ws, cx| {
            if !has_receiver {
                while let Poll::Ready(Some(Ok(_))) = ws.poll_message(cx) {}
            }
            let polled = poll(ws, cx);
            if ws.endpoint().take_done().turned || ws.endpoint().has_waiting() {
                self.0.tasks.receiver.wake();
            }
            polled
        })
    }
}

impl<S> Drop for Receiver<S> {
    fn drop(&mut self) {
        self.0.has_receiver.store(false, Ordering::Release);
        self.0.tasks.sender.wake();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Receiver<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}

/// As the `Sink` of a [`WebSocket`].
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for Sender<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, WebSocket::poll_ready_to_send)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let sent = self.0.lock().endpoint().send(message, true);
        // Whoever reads writes it, too.
        self.0.tasks.receiver.wake();
        sent
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, WebSocket::poll_flushed)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, |ws, cx| Pin::new(ws).poll_close(cx))
    }
}

impl<S> core::fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Receiver").field(&*self.0.lock()).finish()
    }
}

impl<S> core::fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Sender").field(&*self.0.lock()).finish()
    }
}
