//! What `connect` connects: a socket, plain or in TLS.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(feature = "rustls")]
use {
    std::sync::{Arc, OnceLock},
    tokio_rustls::client::TlsStream,
    tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

/// A socket, plain or, with the feature `rustls`, in TLS.
#[derive(Debug)]
pub struct Transport(Kind);

#[derive(Debug)]
enum Kind {
    Plain(TcpStream),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// A socket that sends at once, and takes no more than it must ahead of a slow peer.
    pub(crate) fn plain(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&socket).set_tcp_notsent_lowat(64 << 10).ok();
        Ok(Self(Kind::Plain(socket)))
    }

    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        match &self.0 {
            Kind::Plain(socket) => socket,
            #[cfg(feature = "rustls")]
            Kind::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Starts TLS, with Mozilla's certificate authorities unless there is a `config`.
    #[cfg(feature = "rustls")]
    pub(crate) async fn start_tls(self, config: Option<Arc<ClientConfig>>, host: &str) -> io::Result<Self> {
        let Kind::Plain(socket) = self.0 else { return Ok(self) };
        let config = config.map_or_else(default_tls, Ok)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut stream = tokio_rustls::TlsConnector::from(config).connect(name, socket).await?;
        // What lies there counts as written although the socket has not taken it: a record, no more.
        stream.get_mut().1.set_buffer_limit(Some(16 << 10));
        Ok(Self(Kind::Tls(Box::new(stream))))
    }
}

/// Mozilla's certificate authorities.
#[cfg(feature = "rustls")]
fn default_tls() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let authorities = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = builder.map_err(io::Error::other)?.with_root_certificates(authorities).with_no_client_auth();
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
}

/// `$call` on whichever it is.
macro_rules! either {
    ($self:ident, $io:ident => $call:expr) => {
        match &mut $self.get_mut().0 {
            Kind::Plain($io) => $call,
            #[cfg(feature = "rustls")]
            Kind::Tls($io) => $call,
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}
