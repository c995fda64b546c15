//! HTTP requests: which may come, their bodies, and what becomes of them.

use super::connection;
use super::host::{Held, Host, Running};
use super::machine::Machine;
use crate::hyper::Upgrade;
use core::future::poll_fn;
use core::pin::pin;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, VARY};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::{Body, Buf, Bytes};
use sansocket::{OfferError, Origin, UsageError};
use sansocket_socketio::engine::server::{self as engine, Answer, Due};
use tokio::time::timeout;

impl<S: Machine> Host<S> {
    /// Answers a request to the path of the server, `/socket.io/` for clients with their defaults. It is dropped when a client has given up a
    /// poll, as hyper and axum do.
    pub async fn serve<R: From<Bytes>>(&self, mut request: Request<impl Body>) -> Response<R> {
        let shared = &*self.0;
        let Ok(page) = page(&request, shared.origin) else { return error(StatusCode::FORBIDDEN, FORBIDDEN) };
        let mut response = match Upgrade::of(&mut request, shared.websocket, Origin::Any) {
            Ok(upgrade) => self.answer(&request.into_parts().0, &[], Some(upgrade)).await,
            Err(refused) if refused.error() != OfferError::Usage(UsageError::NotAnOpeningHandshake) => {
                refused.response::<()>().map(|()| Bytes::new().into())
            }
            Err(_) => {
                let (parts, body) = request.into_parts();
                match timeout(shared.body_timeout, read(body, shared.max_payload)).await {
                    Ok(Some(body)) => self.answer(&parts, &body, None).await,
                    Ok(None) => error(StatusCode::BAD_REQUEST, BAD_REQUEST),
                    Err(_) => error(StatusCode::REQUEST_TIMEOUT, BAD_REQUEST),
                }
            }
        };
        if let Some(page) = page {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
            response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        }
        response
    }

    async fn answer<R: From<Bytes>>(&self, parts: &Parts, body: &[u8], upgrade: Option<Upgrade>) -> Response<R> {
        let request = engine::Request {
            method: parts.method.as_str(),
            query: parts.uri.query().unwrap_or_default(),
            content_type: parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
            is_upgrade: upgrade.is_some(),
            body,
        };
        let mut held = Held::new(&self.0);
        let answer = held.call(|Running { machine, on, .. }, key, now| {
            // What is too late is so for this request, even if the timer comes after it. A body may have what the deadline waits for.
            if body.is_empty() {
                machine.advance(now, on);
            }
            machine.request(now, key, &request, on)
        });
        match answer {
            Answer::Respond(response) => {
                held.is_done();
                respond(response)
            }
            Answer::Park => parked(held).await,
            Answer::Upgrade => {
                let Some(Ok((response, upgrading))) = upgrade.map(|upgrade| upgrade.accept::<()>(None)) else {
                    return error(StatusCode::BAD_REQUEST, BAD_REQUEST);
                };
                tokio::spawn(connection::serve(held, upgrading));
                response.map(|()| Bytes::new().into())
            }
        }
    }
}

async fn parked<S: Machine, R: From<Bytes>>(mut held: Held<S>) -> Response<R> {
    let mut due = Vec::new();
    poll_fn(|cx| held.poll_due(cx, 1, &mut due)).await;
    match due.pop() {
        Some(Due::Respond(response)) => respond(response),
        _ => error(StatusCode::BAD_REQUEST, BAD_REQUEST),
    }
}

/// The page of another origin that is to see the response. `Err`: it comes from a page that may not connect.
fn page<B>(request: &Request<B>, allowed: Origin<'_>) -> Result<Option<HeaderValue>, ()> {
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(None) };
    // HTTP/2 has the host in the target (RFC 9113 §8.3.1).
    let authority = || request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes).or_else(authority);
    // No browser sends two.
    let is_allowed = allowed.allows(origin.as_bytes(), host);
    match allowed {
        Origin::Any => Ok(Some(HeaderValue::from_static("*"))),
        _ if !is_allowed || origins.next().is_some() => Err(()),
        Origin::SameHost { .. } => Ok(None),
        _ => Ok(Some(origin.clone())),
    }
}

/// A body, or its beginning if it is longer than `most` bytes. `None` if it breaks off.
async fn read(body: impl Body, most: usize) -> Option<Vec<u8>> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(mut data) = frame.ok()?.into_data() else { continue };
        while data.has_remaining() {
            let chunk = data.chunk();
            bytes.extend_from_slice(chunk);
            data.advance(chunk.len());
        }
        if bytes.len() > most {
            break;
        }
    }
    Some(bytes)
}

fn respond<R: From<Bytes>>(answer: engine::Response) -> Response<R> {
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn error<R: From<Bytes>>(status: StatusCode, body: &'static str) -> Response<R> {
    respond(engine::Response {
        status: status.as_u16(),
        content_type: "application/json",
        body: Bytes::from_static(body.as_bytes()),
    })
}

/// As Engine.IO writes them.
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;
