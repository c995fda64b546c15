//! The requests of long-polling: two connections that are kept, or as many as the server closes.

use crate::session::link::{self, TlsConfig};
use crate::transport::Transport;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method};
use hyper::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sansocket_socketio::engine::polling;
use std::sync::Arc;

/// The most bytes of an answer: as many as a WebSocket's message has by default.
const MAX_BODY: usize = 16 << 20;

/// Where the server is.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<TlsConfig>,
}

impl Server {
    pub(super) async fn dial(&self) -> Option<Transport> {
        link::open(self.host.clone(), self.port, self.tls.clone()).await.ok()
    }
}

/// A connection that takes a request.
type Connection = SendRequest<String>;

/// A request that is under way.
pub(super) type Exchange = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

/// A response, and the connection if it can be used again.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    connection: Connection,
}

pub(super) struct Http {
    server: Arc<Server>,
    /// Of each request.
    headers: HeaderMap,
    idle: Vec<Connection>,
}

impl Http {
    /// Over a first transport that stands.
    pub(super) async fn new(server: Arc<Server>, headers: HeaderMap, first: Transport) -> Option<Self> {
        let idle = vec![connection(first).await?];
        Some(Self { server, headers, idle })
    }

    pub(super) fn start(&mut self, request: polling::Request) -> Exchange {
        let (server, kept) = (self.server.clone(), self.idle.pop());
        let mut built = http::Request::new(request.body);
        *built.headers_mut() = self.headers.clone();
        if request.method == polling::Method::Post {
            *built.method_mut() = Method::POST;
            built.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
        }
        let target = request.target.parse();
        Box::pin(async move {
            *built.uri_mut() = target.ok()?;
            exchange(&server, kept, built).await
        })
    }

    /// What is left of an exchange serves the next one.
    pub(super) fn keep(&mut self, answer: Answer) {
        if !answer.connection.is_closed() {
            self.idle.push(answer.connection);
        }
    }

    pub(super) fn server(&self) -> Arc<Server> {
        self.server.clone()
    }

    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn host(&self) -> &str {
        self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
    }
}

/// Over the connection that was kept, or over a new one if the server has closed it before it took the request.
async fn exchange(server: &Server, kept: Option<Connection>, request: http::Request<String>) -> Option<Answer> {
    let mut request = request;
    if let Some(mut connection) = kept {
        if connection.ready().await.is_ok() {
            match connection.try_send_request(request).await {
                Ok(response) => return answer(connection, response).await,
                // Unless it was taken, and may have been read.
                Err(mut error) => request = error.take_message()?,
            }
        }
    }
    let mut connection = connection(server.dial().await?).await?;
    let response = connection.send_request(request).await.ok()?;
    answer(connection, response).await
}

async fn answer(connection: Connection, response: http::Response<hyper::body::Incoming>) -> Option<Answer> {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            if body.len().saturating_add(data.len()) > MAX_BODY {
                return None;
            }
            body.extend_from_slice(&data);
        }
    }
    Some(Answer { status: head.status.as_u16(), headers: head.headers, body, connection })
}

async fn connection(transport: Transport) -> Option<Connection> {
    let (connection, driver) = handshake(TokioIo::new(transport)).await.ok()?;
    // It ends with the connection, which ends with its last request.
    tokio::spawn(driver);
    Some(connection)
}
