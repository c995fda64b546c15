//! What carries the bytes: two directions, of which one may be ended while the other goes on.

use embedded_io::ErrorKind;
use embedded_io_async::{Read, Write};

/// A transport of two directions, which are read and written at once.
///
/// Two halves `(reader, writer)` are one, so are [`Line`], a `&mut` to any, and, with the feature `embassy-net`, a `TcpSocket`. What has its
/// halves by a method needs an `impl` of a few lines:
///
/// ```
/// # struct Socket;
/// # impl Socket { fn split(&mut self) -> (&[u8], &mut [u8]) { (&[], &mut []) } fn close(&mut self) {} }
/// use embedded_io_async::{ErrorKind, Read, Write};
/// use sansocket_embedded_io::Transport;
///
/// struct Tcp(Socket);
///
/// impl Transport for Tcp {
///     fn split(&mut self) -> (impl Read, impl Write) {
///         self.0.split()
///     }
///
///     async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
///         self.0.close(); // sends FIN, and reads on
///         Ok(true)
///     }
/// }
/// ```
///
/// # Dropped futures
///
/// `read`, `write` and `flush` are dropped while they wait: when the other direction is done first, at a deadline, and with the caller's own
/// future. A `read` that is dropped must not have taken bytes, a `write` that is dropped must not have written any; embedded-io-async
/// encourages that, and the docs of an implementation say whether it holds. It does for embassy-net's `TcpSocket`, embassy's `BufferedUart`s and
/// `embassy_sync::pipe`. It does not for a bare UART with DMA, nor for most TLS: let a task of its own copy between
/// such a transport and two `embassy_sync::pipe::Pipe`s, and give the pipes' ends to the WebSocket.
///
/// A `write` may keep bytes until `flush`: that is called whenever everything due is written.
///
/// # Errors of a transport
///
/// `TimedOut` and `Interrupted` are taken for "not yet", and the call is repeated. Any other error, and a `write` that returns 0, ends that
/// direction; what has arrived before is still given.
pub trait Transport {
    /// The two directions, for as long as one wait.
    fn split(&mut self) -> (impl Read, impl Write);

    /// Ends the direction to the peer, after a `flush`: a FIN, or TLS's `close_notify`. Reading goes on. False if the transport cannot.
    /// May be called again if its future was dropped.
    ///
    /// # Errors
    /// Those of the transport, which make no difference here.
    async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
        Ok(false)
    }

    /// Whether a peer that goes ends the input (`read` returns 0 or an error). If not, the connection is over as soon as both have
    /// sent their Close, and nothing after the peer's Close is read: it belongs to the next connection.
    fn reports_end(&self) -> bool {
        true
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn split(&mut self) -> (impl Read, impl Write) {
        (**self).split()
    }

    async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
        (**self).shutdown_write().await
    }

    fn reports_end(&self) -> bool {
        (**self).reports_end()
    }
}

/// The halves of a socket, or of TLS. Neither direction can be ended alone: a server is over once both have sent their Close.
impl<R: Read, W: Write> Transport for (R, W) {
    fn split(&mut self) -> (impl Read, impl Write) {
        (&mut self.0, &mut self.1)
    }
}

/// A line without connections: a UART, or a modem in transparent mode. Nothing reports that the peer has gone.
///
/// After a failure, what the peer still has under way is read and dropped until the closing deadline
/// ([`Config::closing_timeout_ms`](sansocket::Config::closing_timeout_ms)).
pub struct Line<R, W>(pub R, pub W);

impl<R: Read, W: Write> Transport for Line<R, W> {
    fn split(&mut self) -> (impl Read, impl Write) {
        (&mut self.0, &mut self.1)
    }

    fn reports_end(&self) -> bool {
        false
    }
}
