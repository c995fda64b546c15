//! The transport of a session: dialled, kept and dropped as the machine says. There is one at a time.

use super::{DialError, Machine};
use crate::dial;
use crate::timer::Clock;
use crate::transport::Transport;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use sansocket::Instant;
use sansocket_session::{Epoch, Transport as Wanted};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::has_budget_remaining;

#[cfg(feature = "rustls")]
pub(crate) type TlsConfig = Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>;
/// There is no TLS without the feature `rustls`.
#[cfg(not(feature = "rustls"))]
#[derive(Clone, Default)]
pub(crate) struct TlsConfig;

/// A transport that is on its way, or why there is none.
type Opening = Pin<Box<dyn Future<Output = Result<Io, (DialError, io::Error)>> + Send>>;

/// Another way to a server: the near end of a pipe to what speaks WebSocket for it.
#[cfg(feature = "socketio")]
pub(crate) type Detour = fn(String, u16, Option<TlsConfig>) -> Detouring;
#[cfg(feature = "socketio")]
pub(crate) type Detouring = Pin<Box<dyn Future<Output = Result<tokio::io::DuplexStream, (DialError, io::Error)>> + Send>>;

/// What the session's bytes go over.
enum Io {
    Direct(Transport),
    #[cfg(feature = "socketio")]
    Pipe(tokio::io::DuplexStream),
}

/// What can be read and written.
trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

impl Io {
    fn wire(&mut self) -> Pin<&mut dyn Wire> {
        match self {
            Self::Direct(transport) => Pin::new(transport),
            #[cfg(feature = "socketio")]
            Self::Pipe(pipe) => Pin::new(pipe),
        }
    }
}

pub(crate) struct Link {
    stage: Stage,
    tls: TlsConfig,
    /// Where the server is reached without a proxy.
    #[cfg(feature = "socketio")]
    detour: Option<Detour>,
    /// Why the last transport failed.
    error: Option<io::Error>,
}

enum Stage {
    None,
    Opening { epoch: Epoch, opening: Opening },
    Open { epoch: Epoch, open: Open },
}

struct Open {
    io: Io,
    /// What was written may still lie in TLS.
    needs_flush: bool,
    was_shut_down: bool,
}

impl Link {
    pub(super) const fn new(tls: TlsConfig) -> Self {
        Self {
            stage: Stage::None,
            tls,
            #[cfg(feature = "socketio")]
            detour: None,
            error: None,
        }
    }

    /// By another way, where the server is reached without a proxy.
    #[cfg(feature = "socketio")]
    pub(crate) fn detour(mut self, detour: Option<Detour>) -> Self {
        self.detour = detour;
        self
    }

    pub(crate) const fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Drops the transport if the machine has no use for it.
    pub(crate) fn drop_unless_wanted(&mut self, machine: &Machine) {
        if machine.transport() != Wanted::None {
            return;
        }
        if let Stage::Open { open, .. } = &mut self.stage {
            // What lies in TLS leaves, and its `close_notify`, as far as the socket takes them at once.
            _ = open.io.wire().poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
        self.stage = Stage::None;
    }

    /// Obeys the machine, writes, reads, and reports a deadline that has `passed`, of which the caller has asked before: what has arrived when
    /// it passes counts before it. Ready if anything has happened.
    pub(crate) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        machine: &mut Machine,
        clock: Clock,
        passed: Poll<Instant>,
    ) -> Poll<()> {
        self.obey(machine);
        match &mut self.stage {
            Stage::None => passed.map(drop),
            Stage::Opening { epoch, opening } => {
                let Poll::Ready(opened) = opening.as_mut().poll(cx) else { return passed.map(drop) };
                let epoch = *epoch;
                self.stage = match opened {
                    Ok(io) => {
                        machine.connected(epoch, clock.now());
                        Stage::Open { epoch, open: Open { io, needs_flush: false, was_shut_down: false } }
                    }
                    Err((kind, error)) => {
                        self.error = Some(error);
                        machine.dial_failed(epoch, kind);
                        Stage::None
                    }
                };
                Poll::Ready(())
            }
            Stage::Open { epoch, open } => {
                let mut turn = Turn { epoch: *epoch, machine, clock, error: &mut self.error };
                // Both: neither a program that sends without end nor such a peer keeps the other waiting.
                let (wrote, read) = (open.poll_write(cx, &mut turn), open.poll_read(cx, &mut turn));
                if wrote.is_ready() || read.is_ready() {
                    return Poll::Ready(());
                }
                let now = ready!(passed);
                if has_budget_remaining() {
                    turn.machine.filled(turn.epoch, 0, now);
                    return Poll::Ready(());
                }
                // Nobody has looked whether there is something to read, since tokio wants other tasks to have their turn.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Dials and starts TLS, once for each epoch.
    fn obey(&mut self, machine: &Machine) {
        match machine.transport() {
            Wanted::None => self.drop_unless_wanted(machine),
            Wanted::Dial(wanted) => {
                if matches!(&self.stage, Stage::Opening { epoch, .. } if *epoch == wanted.epoch) {
                    return;
                }
                self.error = None;
                let (host, tls) = (wanted.host.to_owned(), wanted.tls.then(|| self.tls.clone()));
                let (epoch, opening) = (wanted.epoch, self.open(host, wanted.port, tls, wanted.is_proxy));
                self.stage = Stage::Opening { epoch, opening };
            }
            Wanted::StartTls { host, epoch, .. } => match core::mem::replace(&mut self.stage, Stage::None) {
                Stage::Open { open: Open { io: Io::Direct(io), .. }, .. } => {
                    let starting = start_tls(io, self.tls.clone(), host.to_owned());
                    self.stage = Stage::Opening { epoch, opening: Box::pin(async { starting.await.map(Io::Direct) }) };
                }
                stage => self.stage = stage,
            },
            _ => {}
        }
    }

    #[cfg(not(feature = "socketio"))]
    fn open(&self, host: String, port: u16, tls: Option<TlsConfig>, _: bool) -> Opening {
        Box::pin(async move { open(host, port, tls).await.map(Io::Direct) })
    }

    #[cfg(feature = "socketio")]
    fn open(&self, host: String, port: u16, tls: Option<TlsConfig>, is_proxy: bool) -> Opening {
        if let Some(detour) = self.detour.filter(|_| !is_proxy) {
            return Box::pin(async move { detour(host, port, tls).await.map(Io::Pipe) });
        }
        Box::pin(async move { open(host, port, tls).await.map(Io::Direct) })
    }
}

/// For one turn of an open transport.
struct Turn<'a> {
    epoch: Epoch,
    machine: &'a mut Machine,
    clock: Clock,
    error: &'a mut Option<io::Error>,
}

impl Open {
    /// Writes what is due, and shuts down after it. Ready if something was written, or nothing more can be.
    fn poll_write(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>) -> Poll<()> {
        if !turn.machine.due().is_empty() {
            match ready!(self.io.wire().poll_write(cx, turn.machine.due())) {
                Ok(n) if n > 0 => {
                    self.needs_flush = true;
                    turn.machine.written(turn.epoch, n, turn.clock.now());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                failed => self.fail(failed.err(), turn),
            }
            return Poll::Ready(());
        }
        if self.needs_flush {
            let flushed = ready!(self.io.wire().poll_flush(cx));
            self.needs_flush = false;
            if let Err(error) = flushed {
                self.fail(Some(error), turn);
                return Poll::Ready(());
            }
        }
        if turn.machine.transport() == Wanted::ShutdownWrite && !self.was_shut_down {
            // It matters to the peer only: whether it fails shows in what is read.
            self.was_shut_down = self.io.wire().poll_shutdown(cx).is_ready();
        }
        Poll::Pending
    }

    fn fail(&mut self, error: Option<io::Error>, turn: &mut Turn<'_>) {
        *turn.error = error.or_else(|| Some(io::ErrorKind::WriteZero.into()));
        turn.machine.write_failed(turn.epoch);
    }

    /// Reads, if the machine wants it. Ready if something has come, the end included.
    fn poll_read(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>) -> Poll<()> {
        let Some(space) = turn.machine.space() else { return Poll::Pending };
        let mut space = ReadBuf::new(space);
        let read = ready!(self.io.wire().poll_read(cx, &mut space));
        let n = space.filled().len();
        match read {
            Ok(()) if n > 0 => turn.machine.filled(turn.epoch, n, turn.clock.now()),
            Ok(()) => turn.machine.eof(turn.epoch),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *turn.error = Some(error);
                turn.machine.eof(turn.epoch);
            }
        }
        Poll::Ready(())
    }
}

/// A socket that is connected to the host, in TLS if that is wanted.
pub(crate) async fn open(host: String, port: u16, tls: Option<TlsConfig>) -> Result<Transport, (DialError, io::Error)> {
    let addresses = dial::addresses(&host, port).await.map_err(|error| (DialError::Name, error))?;
    let socket = dial::connect(addresses).await.and_then(Transport::plain).map_err(|error| (DialError::Connect, error))?;
    match tls {
        Some(tls) => start_tls(socket, tls, host).await,
        None => Ok(socket),
    }
}

#[cfg(feature = "rustls")]
async fn start_tls(transport: Transport, tls: TlsConfig, host: String) -> Result<Transport, (DialError, io::Error)> {
    use tokio_rustls::rustls::Error;
    transport.start_tls(tls, &host).await.map_err(|error| {
        let kind = match error.get_ref().and_then(|source| source.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => DialError::Certificate,
            // A host that no certificate can name.
            _ if error.kind() == io::ErrorKind::InvalidInput => DialError::Certificate,
            _ => DialError::Connect,
        };
        (kind, error)
    })
}

#[cfg(not(feature = "rustls"))]
async fn start_tls(_: Transport, _: TlsConfig, _: String) -> Result<Transport, (DialError, io::Error)> {
    let error = io::Error::new(io::ErrorKind::Unsupported, "wss:// needs the feature `rustls` of sansocket-tokio");
    Err((DialError::NoTls, error))
}
