//! TLS between the machine and its socket.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A blocking socket with TLS on it. rustls has no socket either: plain bytes on one side, `reader` and `writer`,
/// records on the other, `read_tls` and `write_tls`.
///
/// The TLS handshake has no call of its own. It happens inside the first `read`s, so the WebSocket machine's handshake deadline covers
/// it, and what is written before it is done waits in rustls.
pub struct Tls {
    session: rustls::Connection,
    socket: TcpStream,
}

impl Tls {
    pub fn new(session: impl Into<rustls::Connection>, socket: TcpStream) -> Self {
        let mut session = session.into();
        // Nothing queues up after what one call wrote, which `write_all` waits for.
        session.set_buffer_limit(None);
        Self { session, socket }
    }

    /// Takes what is decrypted, if need be after one read from the socket, for which it waits as long as `wait`. 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing: the time is over, or what came was not data, or not yet a whole record.
    pub fn read(&mut self, plain: &mut [u8], wait: Option<Duration>) -> io::Result<usize> {
        match self.plain(plain) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            taken => return taken,
        }
        self.socket.set_read_timeout(wait)?;
        match self.session.read_tls(&mut self.socket) {
            // What a timeout is called depends on the system; a signal ends the wait early.
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                return Err(ErrorKind::WouldBlock.into());
            }
            read => read?,
        };
        let processed = self.session.process_new_packets();
        // The rest of the handshake, or the alert that says what was wrong.
        self.flush()?;
        processed.map_err(io::Error::other)?;
        self.plain(plain)
    }

    /// Encrypts and writes.
    pub fn write_all(&mut self, plain: &[u8]) -> io::Result<()> {
        self.session.writer().write_all(plain)?;
        self.flush()
    }

    /// close_notify, by which TLS says that nothing more comes. Does nothing the second time.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.session.send_close_notify();
        self.flush()
    }

    fn plain(&mut self, plain: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(plain) {
            // The end of TCP without close_notify: somebody may have cut something off. WebSocket's own closing handshake shows
            // whether something is missing (`was_clean`), so this is an end like any other.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
            taken => taken,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}
