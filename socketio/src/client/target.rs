//! Where a URL of Socket.IO leads to.

use sansocket::{Url, UrlError};

use crate::writer::{NeedsRoom, Writer};

/// The path at which servers of Socket.IO are, unless they are told another.
pub const DEFAULT_PATH: &str = "/socket.io/";

/// Where a URL of Socket.IO leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'u, 'o> {
    /// Of the WebSocket, for [`Session::new`](sansocket_session::Session::new).
    pub url: &'o str,
    /// The namespace, for [`connect`](super::Client::connect): the URL's path.
    pub namespace: &'u str,
}

/// Why a URL leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TargetError {
    /// The URL is wrong.
    Url(UrlError),
    /// The caller's buffer is too short.
    NeedsRoom {
        /// How many bytes the WebSocket's URL takes.
        bytes: usize,
    },
}

impl From<UrlError> for TargetError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<NeedsRoom> for TargetError {
    fn from(NeedsRoom { bytes }: NeedsRoom) -> Self {
        Self::NeedsRoom { bytes }
    }
}

impl core::fmt::Display for TargetError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::NeedsRoom { bytes } => NeedsRoom { bytes: *bytes }.fmt(f),
        }
    }
}

impl core::error::Error for TargetError {}

/// Reads a URL as clients of Socket.IO take it: `http`, `https`, `ws` or `wss`; its path is the namespace, and its query goes to the server.
/// `path` is where the server is ([`DEFAULT_PATH`]); a slash at its ends is added. The WebSocket's URL is written to `out`, the caller's.
///
/// ```
/// use sansocket_socketio::client::{DEFAULT_PATH, target};
///
/// let mut out = [0; 100];
/// let target = target("https://example.com/admin?token=1", DEFAULT_PATH, &mut out)?;
/// assert_eq!(target.url, "wss://example.com/socket.io/?EIO=4&transport=websocket&token=1");
/// assert_eq!(target.namespace, "/admin");
/// # Ok::<(), sansocket_socketio::client::TargetError>(())
/// ```
///
/// # Errors
/// Any [`TargetError`].
pub fn target<'u, 'o>(url: &'u str, path: &str, out: &'o mut [u8]) -> Result<Target<'u, 'o>, TargetError> {
    let url = Url::parse(url)?;
    let (namespace, query) = url.target().split_once('?').unwrap_or((url.target(), ""));
    let mut writer = Writer::new(out);
    writer.text(if url.is_secure() { "wss://" } else { "ws://" });
    writer.text(url.authority());
    if !path.starts_with('/') {
        writer.text("/");
    }
    writer.text(path);
    if !path.is_empty() && !path.ends_with('/') {
        writer.text("/");
    }
    writer.text("?EIO=4&transport=websocket");
    if !query.is_empty() {
        writer.text("&");
        writer.text(query);
    }
    let written = writer.finish()?;
    // Also what came of `path`.
    Url::parse(written)?;
    Ok(Target { url: written, namespace: if namespace.is_empty() { "/" } else { namespace } })
}
