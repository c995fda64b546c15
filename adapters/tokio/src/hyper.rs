//! Opening handshakes whose requests hyper has read, or a framework upon it.
//!
//! ```
//! use http_body_util::Empty;
//! use hyper::{Request, Response, body::{Bytes, Incoming}};
//! use sansocket_tokio::hyper::Upgrade;
//! use sansocket_tokio::{Config, Error, Origin};
//!
//! static CONFIG: Config = Config::new();
//!
//! async fn handle(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Error> {
//!     let upgrade = match Upgrade::of(&mut request, &CONFIG, Origin::SameHost { secure: true }) {
//!         Ok(upgrade) => upgrade,
//!         Err(refused) => return Ok(refused.response()),
//!     };
//!     let (response, connection) = upgrade.accept(None)?;
//!     tokio::spawn(async move {
//!         let mut ws = connection.await?;
//!         while let Some(message) = ws.next().await.transpose()? {
//!             ws.feed(message).await?;
//!         }
//!         Ok::<_, Error>(())
//!     });
//!     Ok(response)
//! }
//! # fn main() {}
//! ```

use crate::error::Error;
use crate::websocket::WebSocket;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sansocket::{Config, Header, Offer, OfferError, Origin, Role, UsageError};
use std::io;

/// The transport of a connection that was upgraded.
pub type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

/// A valid opening handshake over HTTP/1.1, whose page may connect.
#[derive(Debug)]
pub struct Upgrade {
    offer: Offer<'static>,
    config: &'static Config<'static>,
    on_upgrade: OnUpgrade,
}

/// A request that is no opening handshake, breaks one of its rules, or comes from a page that may not connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused(OfferError);

impl Upgrade {
    /// Checks a request; from a valid one the transport to come is taken.
    ///
    /// # Errors
    /// What is wrong, and the response that says so.
    pub fn of<B>(request: &mut Request<B>, config: &'static Config<'static>, origin: Origin<'_>) -> Result<Self, Refused> {
        let offer = offer_of(request.method(), request.version(), request.headers(), (config, origin))?;
        Ok(Self::new(offer, config, hyper::upgrade::on(request)))
    }

    pub(crate) const fn new(offer: Offer<'static>, config: &'static Config<'static>, on_upgrade: OnUpgrade) -> Self {
        Self { offer, config, on_upgrade }
    }

    /// What the client offers of what the [`Config`] speaks: subprotocols, compression.
    pub const fn offer(&self) -> &Offer<'static> {
        &self.offer
    }

    /// Accepts it, with one of its subprotocols or without: the response to return, to which header fields may be added, and the
    /// connection, which comes once hyper has written the response. Await it in another task.
    ///
    /// # Errors
    /// [`UsageError::UnofferedSubprotocol`].
    pub fn accept<B: Default>(self, subprotocol: Option<&str>) -> Result<(Response<B>, Upgrading), UsageError> {
        let answer = self.offer.answer(subprotocol)?;
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in answer.fields() {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        let ready = move |io| WebSocket::open(Role::Server, io, self.config, answer.negotiated());
        Ok((response, Upgrading { on_upgrade: self.on_upgrade, ready: Some(Box::new(ready)) }))
    }
}

pub(crate) fn offer_of(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
    (config, origin): (&'static Config<'static>, Origin<'_>),
) -> Result<Offer<'static>, Refused> {
    // RFC 9110 §7.8: HTTP/1.0 knows no upgrades; HTTP/2 has other ones.
    if version != Version::HTTP_11 {
        return Err(Refused(UsageError::NotAnOpeningHandshake.into()));
    }
    let fields = headers.iter().map(|(name, value)| Header { name: name.as_str(), value: value.as_bytes() });
    Offer::of_http1(method.as_str(), fields, config, origin).map_err(Refused)
}

impl Refused {
    /// What is wrong.
    pub const fn error(self) -> OfferError {
        self.0
    }

    /// The response that says so: 400, 403, 426.
    pub fn response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::BAD_REQUEST);
        if response.status() == StatusCode::UPGRADE_REQUIRED {
            // §4.4: the version that we speak.
            response.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("13"));
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            // RFC 9110 §7.8: Upgrade is listed in Connection too.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        response
    }
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

/// A connection to come.
#[must_use = "the connection is awaited, in a task of its own"]
pub struct Upgrading {
    on_upgrade: OnUpgrade,
    ready: Option<Box<dyn FnOnce(Upgraded) -> WebSocket<Upgraded> + Send>>,
}

/// # Errors
/// [`Error::Io`] if the client is gone, or hyper was told to serve without upgrades (`serve_connection` without `with_upgrades`).
impl Future for Upgrading {
    type Output = Result<WebSocket<Upgraded>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let upgraded = ready!(Pin::new(&mut self.on_upgrade).poll(cx)).map_err(io::Error::other)?;
        Poll::Ready(self.ready.take().map(|ready| ready(TokioIo::new(upgraded))).ok_or(Error::Closed))
    }
}

impl core::fmt::Debug for Upgrading {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Upgrading").finish_non_exhaustive()
    }
}
