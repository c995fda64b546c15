//! An extractor for axum's handlers.
//!
//! ```
//! use axum::{Router, response::Response, routing::any};
//! use sansocket_tokio::Origin;
//! use sansocket_tokio::axum::WebSocketUpgrade;
//!
//! async fn echo(upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.on_upgrade(Origin::SameHost { secure: true }, |mut ws| async move {
//!         while let Some(Ok(message)) = ws.next().await {
//!             if ws.feed(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//!
//! let app: Router = Router::new().route("/echo", any(echo));
//! ```

use crate::hyper::{Refused, Upgrade, Upgraded, offer_of};
use crate::websocket::WebSocket;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use core::convert::Infallible;
use core::future::Future;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use sansocket::{Config, Offer, Origin};

static DEFAULT: Config<'static> = Config::new();

/// A request that may be an opening handshake: [`on_upgrade`](Self::on_upgrade) checks it.
#[derive(Debug)]
#[must_use = "the request is answered by `on_upgrade`"]
pub struct WebSocketUpgrade {
    method: Method,
    version: Version,
    headers: HeaderMap,
    on_upgrade: Option<OnUpgrade>,
    config: &'static Config<'static>,
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            version: parts.version,
            headers: parts.headers.clone(),
            on_upgrade: parts.extensions.remove(),
            config: &DEFAULT,
        })
    }
}

impl WebSocketUpgrade {
    /// With other settings than the defaults: limits, deadlines, subprotocols, compression.
    pub const fn config(mut self, config: &'static Config<'static>) -> Self {
        self.config = config;
        self
    }

    /// What the client offers of what the [`Config`] speaks.
    ///
    /// # Errors
    /// What is wrong with the request, or that its page may not connect.
    pub fn offer(&self, origin: Origin<'_>) -> Result<Offer<'static>, Refused> {
        offer_of(&self.method, self.version, &self.headers, (self.config, origin))
    }

    /// Accepts the handshake, with the first subprotocol that both ends speak, and runs `serve` with the connection in a task of its
    /// own. A request that is none, breaks a rule, or comes from a page that may not connect ([`Origin`], §10.2), is refused instead.
    ///
    /// Header fields can be added to the response.
    pub fn on_upgrade<F: Future<Output = ()> + Send + 'static>(
        self,
        origin: Origin<'_>,
        serve: impl FnOnce(WebSocket<Upgraded>) -> F + Send + 'static,
    ) -> Response {
        let offer = match self.offer(origin) {
            Ok(offer) => offer,
            Err(refused) => return refused.into_response(),
        };
        // There is none if the server was built without upgrades.
        let upgrade = self.on_upgrade.map(|on_upgrade| Upgrade::new(offer, self.config, on_upgrade));
        let accepted = upgrade.and_then(|upgrade| upgrade.accept(offer.subprotocols().next()).ok());
        let Some((response, connection)) = accepted else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        tokio::spawn(async move {
            if let Ok(ws) = connection.await {
                serve(ws).await;
            }
        });
        response
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.response()
    }
}
