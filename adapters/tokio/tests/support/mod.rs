//! A transport that is as unkind as the traits allow, and messages that say who they are.

#![allow(dead_code, reason = "each test uses some of it")]

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use sansocket_tokio::Message;

/// Numbers that look random, the same for a seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}

/// How unkind a transport is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    pub(crate) seed: u64,
    /// The most bytes that are taken or given at a time.
    pub(crate) split: usize,
    /// What the pipe holds.
    pub(crate) capacity: usize,
    /// In how many calls of a hundred it is not ready, whatever there is.
    pub(crate) pends: usize,
    /// Whether it keeps back what is written until it is flushed.
    pub(crate) holds: bool,
    pub(crate) is_vectored: bool,
}

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    has_ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end of a pair of pipes. If it is not ready it wakes the last task that asked, later, and only if that has not asked again and
/// got what it wanted: the traits promise no more.
pub(crate) struct Wire {
    manners: Manners,
    dice: Dice,
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
    held: Vec<u8>,
    delays: [Option<Pin<Box<Sleep>>>; 3],
}

pub(crate) fn wires(manners: Manners) -> (Wire, Wire) {
    let pipes = [Arc::<Mutex<Pipe>>::default(), Arc::default()];
    let end = |incoming: usize, seed| Wire {
        manners,
        dice: Dice::new(seed),
        incoming: pipes[incoming].clone(),
        outgoing: pipes[1 - incoming].clone(),
        held: Vec::new(),
        delays: [None, None, None],
    };
    (end(0, manners.seed), end(1, !manners.seed))
}

impl Wire {
    /// For reading, writing, flushing. Asked again, it may be ready sooner, and then wakes nobody.
    fn poll_delay(&mut self, cx: &mut Context<'_>, at: usize) -> Poll<()> {
        if let Some(delay) = &mut self.delays[at] {
            if self.dice.below(3) > 0 {
                ready!(delay.as_mut().poll(cx));
            }
            self.delays[at] = None;
            return Poll::Ready(());
        }
        if self.dice.below(100) < self.manners.pends {
            let delay = self.delays[at].insert(Box::pin(sleep(Duration::from_millis(1 + self.dice.below(3) as u64))));
            ready!(delay.as_mut().poll(cx));
        }
        Poll::Ready(())
    }

    fn size(&mut self) -> usize {
        1 + self.dice.below(self.manners.split)
    }

    /// Moves what is held into the pipe.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.lock().unwrap();
        while !self.held.is_empty() {
            let n = self.held.len().min(self.manners.capacity - pipe.bytes.len());
            if n == 0 {
                pipe.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            pipe.bytes.extend(self.held.drain(..n));
            wake(&mut pipe.reader);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_delay(cx, 0));
        let n = wire.size().min(buf.remaining());
        let mut pipe = wire.incoming.lock().unwrap();
        if pipe.bytes.is_empty() && !pipe.has_ended {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = n.min(pipe.bytes.len());
        for byte in pipe.bytes.drain(..n) {
            buf.put_slice(&[byte]);
        }
        wake(&mut pipe.writer);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        ready!(wire.poll_delay(cx, 1));
        if wire.outgoing.lock().unwrap().has_ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if wire.held.len() >= wire.manners.capacity {
            ready!(wire.poll_release(cx))?;
        }
        let mut left = wire.size();
        if !wire.manners.holds {
            // Then it is empty, and what is taken fits into the pipe.
            let mut pipe = wire.outgoing.lock().unwrap();
            left = left.min(wire.manners.capacity - pipe.bytes.len());
            if left == 0 {
                pipe.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        let most = left;
        for buf in bufs {
            let n = left.min(buf.len());
            wire.held.extend_from_slice(&buf[..n]);
            left -= n;
        }
        if !wire.manners.holds {
            ready!(wire.poll_release(cx))?;
        }
        Poll::Ready(Ok(most - left))
    }

    fn is_write_vectored(&self) -> bool {
        self.manners.is_vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_delay(cx, 2));
        wire.poll_release(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_release(cx))?;
        end(&wire.outgoing);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        end(&self.outgoing);
        end(&self.incoming);
    }
}

fn wake(task: &mut Option<Waker>) {
    if let Some(waker) = task.take() {
        waker.wake();
    }
}

fn end(pipe: &Mutex<Pipe>) {
    let mut pipe = pipe.lock().unwrap();
    pipe.has_ended = true;
    wake(&mut pipe.reader);
    wake(&mut pipe.writer);
}

/// Polls a future at most so often, each time it is woken, and drops it then.
pub(crate) async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The message with this number, text or binary, of about this length; it compresses by half.
pub(crate) fn message(number: usize, len: usize) -> Message {
    let mut dice = Dice::new(number as u64);
    let mut text = format!("{number} ");
    while text.len() < len {
        match dice.below(4) {
            0 => text.push(char::from(b'a' + dice.below(26) as u8)),
            1 => text.push_str("ä⏰"),
            2 => text.push('😀'),
            _ => text.push_str("again and again "),
        }
    }
    if number % 3 == 0 { Message::binary(text.into_bytes()) } else { Message::text(text) }
}

/// Its number, if it is what it says it is.
pub(crate) fn number(found: &Message) -> Option<usize> {
    let text = std::str::from_utf8(found.as_bytes()).ok()?;
    let number = text.split(' ').next()?.parse().ok()?;
    (message(number, text.len()) == *found).then_some(number)
}
