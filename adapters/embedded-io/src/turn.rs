//! One wait: the transport is written and read at once, up to a deadline.

use core::future::pending;

use embedded_io::{Error, ErrorKind};
use embedded_io_async::{Read, Write};
use sansocket::{Buffer, Codec, Entropy, Instant, Io, Transport as What};

use crate::either::{at_once, either};
use crate::{Timer, Transport, WebSocket};

impl<'c, T, C, E, I, O, J, D> WebSocket<'c, T, C, E, I, O, J, D>
where
    T: Transport,
    C: Timer,
    E: Entropy,
    I: Buffer,
    O: Buffer,
    J: Buffer,
    D: Codec,
{
    /// Waits until the transport has taken or given bytes, or until that time, and reports what happened.
    pub(crate) async fn turn(&mut self, until: Option<Instant>) {
        if self.is_written() && self.ends(until).await {
            return;
        }
        let is_last = self.expects_no_more();
        let Self { ws, transport, timer, is_flushed, .. } = self;
        let Io { due, space, .. } = ws.io();
        let (wrote, read) = {
            let (mut reader, mut writer) = transport.split();
            let space = space.filter(|_| !is_last);
            either(write(&mut writer, due, *is_flushed), read(&mut reader, space), timer.wait(until)).await
        };
        let now = self.timer.now();
        if let Some(result) = wrote {
            self.note_written(result, now);
        }
        match read {
            None => self.ws.filled(0, now),
            Some(Ok(0)) => self.ws.eof(),
            Some(Ok(n)) => self.ws.filled(n, now),
            Some(Err(error)) if is_not_yet(error) => self.ws.filled(0, now),
            Some(Err(error)) => {
                self.error = self.error.or(Some(error));
                self.ws.eof();
            }
        }
    }

    /// Lets the transport take what it takes without a wait.
    pub(crate) async fn write_at_once(&mut self) {
        while !self.is_written() {
            let Self { ws, transport, is_flushed, .. } = self;
            let wrote = {
                let (_, mut writer) = transport.split();
                at_once(write(&mut writer, ws.due(), *is_flushed)).await
            };
            let now = self.timer.now();
            match wrote {
                Some(result) if !result.is_err_and(is_not_yet) => self.note_written(result, now),
                _ => return,
            }
        }
    }

    /// Whether the transport has taken everything, and sent it on.
    pub(crate) fn is_written(&self) -> bool {
        self.ws.due().is_empty() && self.is_flushed
    }

    /// The last flush, and the end of writing, of a connection that is over in good order. The peer has until the closing deadline to
    /// take it.
    pub(crate) async fn end(&mut self) {
        if self.ws.connection().was_clean() && !self.is_shut_down {
            let now = self.timer.now();
            let until = after(now, self.ws.connection().config().closing_timeout_ms);
            if !self.is_flushed {
                let Self { transport, timer, .. } = self;
                let (_, mut writer) = transport.split();
                either(writer.flush(), pending::<()>(), timer.wait(until)).await;
            }
            self.shut_down(until).await;
        }
    }

    /// Obeys `ShutdownWrite`, and ends the input where the transport would not. True if that changed something. Everything is written.
    async fn ends(&mut self, until: Option<Instant>) -> bool {
        if self.expects_no_more() {
            self.ws.eof();
            return true;
        }
        if self.ws.transport() != What::ShutdownWrite || self.is_shut_down {
            return false;
        }
        let was_shut_down = self.shut_down(until).await;
        if !was_shut_down && self.ws.connection().was_clean() {
            self.ws.eof();
        }
        true
    }

    /// Whether what arrives would belong to another connection.
    fn expects_no_more(&self) -> bool {
        self.ws.connection().was_clean() && !self.transport.reports_end()
    }

    async fn shut_down(&mut self, until: Option<Instant>) -> bool {
        let Self { transport, timer, .. } = self;
        let (done, _) = either(transport.shutdown_write(), pending::<()>(), timer.wait(until)).await;
        self.is_shut_down = true;
        // After an error there is no direction to end any more.
        done.unwrap_or(Ok(true)).unwrap_or(true)
    }

    fn note_written(&mut self, result: Result<Option<usize>, ErrorKind>, now: Instant) {
        match result {
            Ok(None) => self.is_flushed = true,
            Ok(Some(n)) if n > 0 => {
                self.is_flushed = false;
                self.ws.written(n, now);
            }
            Err(error) if is_not_yet(error) => {}
            failed => {
                self.error = self.error.or(failed.err()).or(Some(ErrorKind::WriteZero));
                self.is_flushed = true;
                self.ws.write_failed();
            }
        }
    }
}

/// What is due, then a flush, then nothing. `None` for a flush.
async fn write(writer: &mut impl Write, due: &[u8], is_flushed: bool) -> Result<Option<usize>, ErrorKind> {
    match (due, is_flushed) {
        ([], true) => pending().await,
        ([], false) => writer.flush().await.map(|()| None).map_err(|error| error.kind()),
        _ => writer.write(due).await.map(Some).map_err(|error| error.kind()),
    }
}

async fn read(reader: &mut impl Read, space: Option<&mut [u8]>) -> Result<usize, ErrorKind> {
    match space {
        Some(space) => reader.read(space).await.map_err(|error| error.kind()),
        None => pending().await,
    }
}

/// Nothing is wrong: a transport's own timeout is over, or it was interrupted.
fn is_not_yet(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// That long after `now`; 0 is never.
pub(crate) fn after(now: Instant, ms: u32) -> Option<Instant> {
    (ms > 0).then(|| Instant::from_micros(now.as_micros().saturating_add(u64::from(ms) * 1000)))
}
