//! What is due: frames in a buffer of ours, and at most one long payload in the caller's memory, which is written from there.

use bytes::{Buf, Bytes};
use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use sansocket::frame::{advance_key, apply_mask};
use std::io::{self, IoSlice};
use tokio::io::AsyncWrite;

/// A payload up to this length is copied beside its header.
pub(crate) const SHORT: usize = 4 << 10;

/// With so many bytes due, nothing more is accepted until the transport has taken them.
pub(crate) const FULL: usize = 64 << 10;

/// So much of a payload is masked at a time, in memory that stays in the CPU's cache.
const MASKED: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct Outgoing {
    /// Frames; the first `written` bytes have been taken by the transport.
    frames: Vec<u8>,
    written: usize,
    /// Up to here `frames` holds a message of ours that was added whole, however long: no answers.
    whole: usize,
    /// The payload whose header is last in `frames`.
    payload: Bytes,
    /// A client's, for the rest of `payload`.
    masking_key: Option<[u8; 4]>,
    /// Frames that come after `payload`.
    after: Vec<u8>,
    /// The transport may keep something back until it is flushed.
    is_unflushed: bool,
    /// The transport takes no more.
    is_lost: bool,
}

thread_local! {
    /// Memory that no connection uses now: those that have nothing to write have none.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Outgoing {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.payload.is_empty() && !self.is_unflushed
    }

    /// Whether senders have to wait.
    pub(crate) fn is_full(&self) -> bool {
        !self.payload.is_empty() || self.frames.len() - self.written >= FULL
    }

    /// Whether answers to the peer have to wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.after.len() >= FULL || self.payload.is_empty() && self.frames.len() - self.written.max(self.whole) >= 2 * FULL
    }

    pub(crate) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Nothing more can be written.
    pub(crate) fn lose(&mut self) {
        *self = Self { is_lost: true, ..Self::default() };
    }

    /// Where the next bytes go.
    #[inline]
    fn end(&mut self) -> &mut Vec<u8> {
        if self.written >= FULL {
            // Where something is always due, `frames` is never empty.
            self.frames.drain(..self.written);
            (self.written, self.whole) = (0, self.whole.saturating_sub(self.written));
        }
        let frames = if self.payload.is_empty() { &mut self.frames } else { &mut self.after };
        if frames.capacity() == 0 {
            *frames = SPARE.take();
        }
        frames
    }

    /// Appends what `write` writes into at most `room` bytes, and returns how many that are.
    pub(crate) fn add<E>(&mut self, room: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        let is_lost = self.is_lost;
        let frames = self.end();
        let start = frames.len();
        frames.resize(start + room, 0);
        let n = write(&mut frames[start..]);
        frames.truncate(if is_lost { 0 } else { start + n.as_ref().copied().unwrap_or(0) });
        self.whole = self.frames.len();
        n
    }

    /// Appends bytes.
    #[inline]
    pub(crate) fn copy(&mut self, bytes: &[u8]) {
        if !self.is_lost && !bytes.is_empty() {
            self.end().extend_from_slice(bytes);
        }
    }

    /// Appends a frame, its payload masked if there is a key.
    #[inline]
    pub(crate) fn copy_frame(&mut self, header: &[u8], payload: &[u8], masking_key: Option<[u8; 4]>) {
        if self.is_lost {
            return;
        }
        let frames = self.end();
        frames.reserve(header.len() + payload.len());
        frames.extend_from_slice(header);
        let start = frames.len();
        frames.extend_from_slice(payload);
        if let Some(key) = masking_key {
            apply_mask(key, &mut frames[start..]);
        }
    }

    /// Appends a payload whose header was added last. There is none before it ([`is_full`](Self::is_full)).
    pub(crate) fn add_payload(&mut self, payload: Bytes, masking_key: Option<[u8; 4]>) {
        if !self.is_lost {
            (self.payload, self.masking_key) = (payload, masking_key);
        }
    }

    /// Gives back memory that an idle connection does not need.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        if self.frames.is_empty() && self.frames.capacity() > 0 {
            let frames = core::mem::take(&mut self.frames);
            if frames.capacity() <= 2 * FULL {
                SPARE.set(frames);
            }
        }
    }

    /// Writes until nothing is due, and flushes. `took` is told how much the transport took.
    pub(crate) fn poll_write<S: AsyncWrite>(
        &mut self,
        mut io: Pin<&mut S>,
        cx: &mut Context<'_>,
        mut took: impl FnMut(usize),
    ) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() || !self.payload.is_empty() {
            self.mask_more();
            let frames = &self.frames[self.written..];
            let written = if self.payload.is_empty() || self.masking_key.is_some() {
                ready!(io.as_mut().poll_write(cx, frames))
            } else {
                let parts = [IoSlice::new(frames), IoSlice::new(&self.payload), IoSlice::new(&self.after)];
                let skip = usize::from(frames.is_empty());
                ready!(io.as_mut().poll_write_vectored(cx, &parts[skip..]))
            };
            match written {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    took(n);
                    self.is_unflushed = true;
                    self.take(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        while self.is_unflushed {
            match ready!(io.as_mut().poll_flush(cx)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                flushed => {
                    flushed?;
                    self.is_unflushed = false;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// A client's payload is copied and masked piece by piece, each once what was before it is written.
    fn mask_more(&mut self) {
        let Some(key) = self.masking_key else { return };
        if self.written == self.frames.len() {
            self.start_again();
        } else if self.frames.len() >= MASKED {
            return;
        }
        let start = self.frames.len();
        let part = self.payload.split_to(self.payload.len().min(MASKED));
        self.frames.extend_from_slice(&part);
        apply_mask(key, &mut self.frames[start..]);
        self.masking_key = Some(advance_key(key, part.len()));
        if self.payload.is_empty() {
            self.end_payload();
        }
    }

    /// What came after the payload is next.
    fn end_payload(&mut self) {
        self.payload = Bytes::new();
        self.masking_key = None;
        self.frames.append(&mut core::mem::take(&mut self.after));
    }

    /// The transport has taken the next `n` bytes.
    fn take(&mut self, n: usize) {
        let mut rest = n;
        self.take_frames(&mut rest);
        if rest > 0 {
            let n = rest.min(self.payload.len());
            self.payload.advance(n);
            rest -= n;
            if self.payload.is_empty() {
                self.end_payload();
                self.take_frames(&mut rest);
            }
        }
    }

    fn take_frames(&mut self, rest: &mut usize) {
        let n = (*rest).min(self.frames.len() - self.written);
        (self.written, *rest) = (self.written + n, *rest - n);
        if self.written == self.frames.len() {
            self.start_again();
        }
    }

    fn start_again(&mut self) {
        self.frames.clear();
        (self.written, self.whole) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::task::Waker;

    /// Takes so many bytes more.
    struct Slow(usize);

    impl AsyncWrite for Slow {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let n = buf.len().min(self.0);
            self.0 -= n;
            if n == 0 { Poll::Pending } else { Poll::Ready(Ok(n)) }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_was_written_gives_way_though_something_is_always_due() {
        let mut outgoing = Outgoing::default();
        outgoing.copy(&[1; 10_000]);
        let mut taken = 0;
        for i in 0..10_000 {
            outgoing.copy(&[2; 1000]);
            let written = outgoing.poll_write(Pin::new(&mut Slow(1000)), &mut Context::from_waker(Waker::noop()), |n| taken += n);
            assert!(written.is_pending());
            assert_eq!(taken, (i + 1) * 1000);
        }
        assert!(outgoing.frames.capacity() < 4 * FULL, "{}", outgoing.frames.capacity());
    }
}
