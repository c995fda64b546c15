//! TLS by rustls, between a connection and its TCP stream.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::stream::Stream;

/// The longest plaintext of a TLS record.
const RECORD_LEN: usize = 16 << 10;

/// A TLS session on a TCP connection, client or server. Its handshake happens by the first reads and writes, so the deadline of
/// WebSocket's opening handshake covers it.
///
/// It reads while what it has to write is stuck, which [`rustls::StreamOwned`] does not: with that, two peers that send at the same time
/// block each other.
pub struct TlsStream {
    session: rustls::Connection,
    tcp: TcpStream,
    /// Bytes in a record that the TCP connection has not taken whole: the first of those that the caller writes again.
    under_way: usize,
}

impl TlsStream {
    /// The client's end, to a server with a certificate for `host`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`]: that is no name or address of a host, or not with these settings.
    pub fn client(tcp: TcpStream, config: Arc<ClientConfig>, host: &str) -> io::Result<Self> {
        let invalid = |error: &dyn fmt::Display| io::Error::new(ErrorKind::InvalidInput, error.to_string());
        let name = ServerName::try_from(host.to_owned()).map_err(|error| invalid(&error))?;
        let session = ClientConnection::new(config, name).map_err(|error| invalid(&error))?;
        Ok(Self { session: session.into(), tcp, under_way: 0 })
    }

    /// The server's end: what [`accept`](crate::accept) takes for `wss`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`]: what rustls has to say of the settings.
    pub fn server(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        Ok(Self { session: session.into(), tcp, under_way: 0 })
    }

    /// The TCP connection beneath.
    pub const fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// The session: the peer's certificates, the protocol's version.
    pub const fn session(&self) -> &rustls::Connection {
        &self.session
    }

    /// Writes the records that are there. What the socket does not take is not lost.
    fn write_records(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(&mut self.tcp)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Reads once from the socket, and answers what belongs to TLS itself.
    fn read_records(&mut self) -> io::Result<()> {
        let n = self.session.read_tls(&mut self.tcp)?;
        let processed = self.session.process_new_packets();
        // Part of the handshake, or the alert that says what is wrong. While a record is stuck, it leaves with the next write.
        if self.under_way == 0 {
            self.write_records().ok();
        }
        processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if n == 0 && self.session.is_handshaking() {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the end came in the TLS handshake"));
        }
        Ok(())
    }
}

impl Read for TlsStream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        for is_first in [true, false] {
            match self.session.reader().read(space) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // TCP ended without close_notify: somebody may have cut something off, which WebSocket's own closing shows.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            if is_first {
                self.read_records()?;
            }
        }
        // A part of a record. A peer that sends it byte by byte does not keep the caller here.
        Err(ErrorKind::Interrupted.into())
    }
}

impl Write for TlsStream {
    /// At most one record. One that the socket has not taken whole by the timeout goes on leaving in the next call, which has the same
    /// bytes first.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            // Reads bring it on.
            self.write_records()?;
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.under_way == 0 {
            self.under_way = self.session.writer().write(&bytes[..bytes.len().min(RECORD_LEN)])?;
        }
        self.write_records()?;
        Ok(mem::take(&mut self.under_way))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_records()
    }
}

impl Stream for TlsStream {
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> {
        self.tcp.set_up(write_timeout)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Stream::set_read_timeout(&mut self.tcp, timeout)
    }

    /// close_notify.
    fn shut_down_writing(&mut self) -> io::Result<()> {
        self.session.send_close_notify();
        self.write_records()
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}

/// Mozilla's certificate authorities.
pub(crate) fn default_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let create = || {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Arc::new(config_with(roots))
    };
    Arc::clone(CONFIG.get_or_init(create))
}

/// Settings for a client that trusts these authorities, and has no certificate of its own.
///
/// # Panics
/// Never: ring has the default versions of TLS.
pub fn config_with(roots: RootCertStore) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring has TLS 1.2 and 1.3");
    builder.with_root_certificates(roots).with_no_client_auth()
}
