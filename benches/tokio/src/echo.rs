//! The loops of all peers whose WebSocket is a `Stream` and a `Sink`.
use crate::load::cpu_time;
use crate::traffic::Traffic;
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::future::poll_fn;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::Instant;
use tokio::sync::Barrier;

/// As in everybody's README: every echo is flushed before the next message is read.
pub(crate) async fn each<W, M, E>(mut ws: W, is_data: fn(&M) -> bool)
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    while let Some(Ok(message)) = ws.next().await {
        if is_data(&message) && ws.send(message).await.is_err() {
            return;
        }
    }
}

/// Echoes what is there, and flushes before it waits for more.
pub(crate) async fn batch<W, M, E>(mut ws: W, is_data: fn(&M) -> bool)
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    loop {
        let item = match poll_fn(|cx| Poll::Ready(ws.poll_next_unpin(cx))).await {
            Poll::Ready(item) => item,
            Poll::Pending => {
                if ws.flush().await.is_err() {
                    return;
                }
                ws.next().await
            }
        };
        let Some(Ok(message)) = item else { return };
        if is_data(&message) && ws.feed(message).await.is_err() {
            return;
        }
    }
}

/// The same for a peer that flushes whenever it is asked for a message: takes what is there, then echoes it.
pub(crate) async fn collected<W, M, E>(mut ws: W, is_data: fn(&M) -> bool)
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    let mut messages = Vec::new();
    while let Some(Ok(message)) = ws.next().await {
        messages.push(message);
        while messages.len() < 16
            && let Poll::Ready(Some(item)) = poll_fn(|cx| Poll::Ready(ws.poll_next_unpin(cx))).await
        {
            let Ok(message) = item else { return };
            messages.push(message);
        }
        for message in messages.drain(..) {
            if is_data(&message) && ws.feed(message).await.is_err() {
                return;
            }
        }
        if ws.flush().await.is_err() {
            return;
        }
    }
}

/// What a client in the pipe does: `in_flight` messages, then their echoes, and so on.
pub(crate) struct Exchange {
    pub(crate) traffic: Traffic,
    pub(crate) in_flight: usize,
    pub(crate) messages: usize,
    opened: Barrier,
    began: OnceLock<(Instant, u64)>,
}

impl Exchange {
    pub(crate) fn new(traffic: Traffic, in_flight: usize, messages: usize, connections: usize) -> Self {
        Self { traffic, in_flight, messages, opened: Barrier::new(connections), began: OnceLock::new() }
    }

    /// Every client calls this after its handshake. Time counts from when the last has come.
    pub(crate) async fn open(&self) {
        if self.opened.wait().await.is_leader() {
            self.begin();
        }
    }

    /// By this name callgrind knows where to count from.
    #[inline(never)]
    fn begin(&self) {
        self.began.get_or_init(|| (Instant::now(), cpu_time(std::process::id()).unwrap_or(0)));
    }

    /// Seconds and nanoseconds of CPU time since then.
    pub(crate) fn elapsed(&self) -> Option<(f64, u64)> {
        let (began, cpu) = self.began.get()?;
        Some((began.elapsed().as_secs_f64(), cpu_time(std::process::id()).ok()? - cpu))
    }

    /// The indices of the messages of each turn.
    pub(crate) fn turns(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (messages, in_flight) = (self.messages, self.in_flight);
        (0..messages).step_by(in_flight).map(move |first| first..messages.min(first + in_flight))
    }

    pub(crate) fn check(&self, index: usize, payload: &[u8]) {
        assert!(payload == self.traffic.payload(index), "echo {index} is not what was sent");
    }
}

/// The client. `payload` panics if the message is not binary.
pub(crate) async fn converse<W, M, E>(mut ws: W, exchange: &Exchange, message: impl Fn(Bytes) -> M, payload: impl Fn(&M) -> &[u8])
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    E: std::fmt::Debug,
{
    exchange.open().await;
    for turn in exchange.turns() {
        for index in turn.clone() {
            ws.feed(message(exchange.traffic.payload(index).clone())).await.expect("sending works");
        }
        ws.flush().await.expect("flushing works");
        for index in turn {
            let echo = ws.next().await.expect("the connection is open").expect("receiving works");
            exchange.check(index, payload(&echo));
        }
    }
}
