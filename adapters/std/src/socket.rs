//! What `connect` connects with.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::stream::Stream;

/// A TCP connection, in TLS if the URL asks for it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Socket {
    /// `ws`.
    Tcp(TcpStream),
    /// `wss`.
    #[cfg(feature = "rustls")]
    Tls(Box<crate::tls::TlsStream>),
}

impl Socket {
    /// The TCP connection beneath.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream.tcp(),
        }
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(feature = "rustls")]
            Self::Tls(stream) => stream,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.stream().read(space)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream().flush()
    }
}

impl Stream for Socket {
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> {
        self.stream().set_up(write_timeout)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream().set_read_timeout(timeout)
    }

    fn shut_down_writing(&mut self) -> io::Result<()> {
        self.stream().shut_down_writing()
    }
}
