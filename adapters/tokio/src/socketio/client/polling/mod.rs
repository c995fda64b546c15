//! Long-polling in the place of a WebSocket: a pipe whose far end speaks WebSocket to the session, and HTTP to the server.
//!
//! So the session and all above it are the same as over a WebSocket: its header fields go with each request, a refusal of the first is a
//! refusal of the opening handshake, and the end of the Engine.IO session is the end of the connection. A Ping of the session's is answered once
//! all before it has arrived at the server.

mod http;

use self::http::{Answer, Exchange, Http, Server};
use crate::client::Connector;
use crate::error::Error;
use crate::incoming::Occurrence;
use crate::message::Message;
use crate::server::Handshake;
use crate::session::link::{self, Detouring, TlsConfig};
use crate::timer::{Clock, Timer};
use crate::transport::Transport;
use crate::websocket::WebSocket;
use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use sansocket::{Accept, CloseCode, Config, Header, Origin, Request};
use sansocket_socketio::engine::Packet;
use sansocket_socketio::engine::polling::{self, Due, Event, Method, Polling, SendError};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};

static CONFIG: Config<'static> = Config::new();
/// Of the far end.
static FAR: Config<'static> = Config::new().auto_pong(false);

/// How much lies between the session and the far end.
const PIPE: usize = 64 << 10;
/// How long the server may take to answer the first request: as long as it may for an opening handshake by default.
const OPENING_TIMEOUT: Duration = Duration::from_millis(20_000);
/// The header fields of an opening handshake that no other request has.
const OF_HANDSHAKES: [&str; 7] = [
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "content-length",
];
/// What the session's end of a refusal has, beside its status and its body.
const OF_REFUSALS: [&str; 5] = ["content-type", "location", "retry-after", "set-cookie", "www-authenticate"];

/// The near end of a pipe to this server, to which there is a connection already.
pub(crate) fn open(host: String, port: u16, tls: Option<TlsConfig>) -> Detouring {
    Box::pin(async move {
        let transport = link::open(host.clone(), port, tls.clone()).await?;
        let (near, far) = duplex(PIPE);
        // It ends with the near end, or with the server's session; why is told to the near end before.
        tokio::spawn(serve(far, Server { host, port, tls }, transport));
        Ok(near)
    })
}

async fn serve(pipe: DuplexStream, server: Server, first: Transport) -> Result<(), Error> {
    let handshake = Handshake::receive(pipe, &FAR).await?;
    let (target, headers) = wanted(&handshake.request());
    let mut polling = Polling::new(&target);
    let opening = polling.next_request().zip(Http::new(Arc::new(server), headers, first).await);
    let Some((opening, mut http)) = opening else { return Ok(()) };
    let id = opening.id;
    // Without an answer the pipe ends.
    let answered = tokio::time::timeout(OPENING_TIMEOUT, http.start(opening)).await;
    let Some(answer) = answered.ok().flatten() else { return Ok(()) };
    if answer.status != 200 {
        let named = OF_REFUSALS.iter().filter_map(|name| Some((*name, answer.headers.get(*name)?.to_str().ok()?)));
        let headers: Vec<_> = named.map(|(name, value)| Header::new(name, value)).collect();
        return handshake.respond(answer.status, &headers, &answer.body).await;
    }
    let clock = Clock::start();
    let events = polling.response(clock.now(), id, answer.status, &answer.body);
    if let Some(end) = polling.end() {
        return handshake.respond(502, &[], end.to_string().as_bytes()).await;
    }
    let mut session = handshake.accept(&Accept::new(Origin::Any)).await?;
    for event in events {
        session.feed(to_session(event)).await?;
    }
    session.flush().await?;
    http.keep(answer);
    Bridge::new(session, polling, http, clock).run().await
}

/// The target of the requests, and their header fields, after those of the opening handshake that the session asks for.
fn wanted(request: &Request<'_>) -> (String, HeaderMap) {
    let query = request.query().unwrap_or_default().split('&');
    let own: Vec<_> =
        query.filter(|pair| !pair.is_empty() && !pair.starts_with("EIO=") && !pair.starts_with("transport=")).collect();
    let question = if own.is_empty() { "" } else { "?" };
    let mut headers = HeaderMap::new();
    for Header { name, value, .. } in request.headers() {
        let is_ours = OF_HANDSHAKES.iter().any(|other| other.eq_ignore_ascii_case(name));
        if let (false, Ok(name), Ok(value)) = (is_ours, HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    ([request.path(), question, &own.join("&")].concat(), headers)
}

/// As it would have come over a WebSocket.
fn to_session(event: Event<'_>) -> Message {
    match event {
        Event::Opened(handshake) => {
            let mut room = vec![0; handshake.sid.raw().len().saturating_add(200)];
            Message::text(["0", handshake.encode(&mut room).unwrap_or_default()].concat())
        }
        Event::Ping => Message::text("2"),
        Event::Text(text) => Message::text(["4", text].concat()),
        Event::Binary(bytes) => Message::binary(bytes.into_owned()),
    }
}

fn borrowed(message: &Message) -> polling::Message<'_> {
    match message {
        Message::Text(text) => polling::Message::Text(text.as_str()),
        Message::Binary(bytes) => polling::Message::Binary(bytes),
    }
}

/// What a WebSocket has to say; `None` once it is over. Pings only if they are not answered already.
fn poll_useful<S: AsyncRead + AsyncWrite + Unpin>(
    ws: &mut WebSocket<S>,
    cx: &mut Context<'_>,
    pings: bool,
) -> Poll<Option<Occurrence>> {
    loop {
        match ready!(ws.poll_occurrence(cx)) {
            Some(Occurrence::Ping(payload)) if pings => return Poll::Ready(Some(Occurrence::Ping(payload))),
            occurrence @ (None | Some(Occurrence::Message(_) | Occurrence::Answered | Occurrence::Closed(_))) => {
                return Poll::Ready(occurrence);
            }
            Some(_) => {}
        }
    }
}

/// Between the session's end of the pipe and the server.
struct Bridge {
    session: WebSocket<DuplexStream>,
    polling: Polling,
    http: Http,
    get: Option<(u64, Exchange)>,
    post: Option<(u64, Exchange)>,
    wire: Wire,
    /// What the session has sent, and for which there was no room.
    held: Option<Message>,
    /// A Ping of the session's. Until it can be answered, nothing more is taken.
    ping: Option<Bytes>,
    /// The server was asked whether all before the Ping has arrived.
    asked: bool,
    /// The session has nothing more to say.
    is_deaf: bool,
    clock: Clock,
    timer: Timer,
}

/// A WebSocket that is on its way.
type Opening = Pin<Box<dyn Future<Output = Option<Box<WebSocket<Transport>>>> + Send>>;

/// The WebSocket that is to take the place of polling.
enum Wire {
    None,
    Opening(Opening),
    Open(Box<WebSocket<Transport>>),
    /// It is tried once.
    Over,
}

/// What came next.
enum Turn {
    Answered(u64, Option<Answer>),
    FromSession(Option<Message>),
    Pinged(Bytes),
    Opened(Option<Box<WebSocket<Transport>>>),
    FromServer(Option<Message>),
    /// All that was sent over the WebSocket has arrived.
    Confirmed,
    Deadline,
}

impl Bridge {
    fn new(session: WebSocket<DuplexStream>, polling: Polling, http: Http, clock: Clock) -> Self {
        Self {
            session,
            polling,
            http,
            get: None,
            post: None,
            wire: Wire::None,
            held: None,
            ping: None,
            asked: false,
            is_deaf: false,
            clock,
            timer: Timer::default(),
        }
    }

    async fn run(mut self) -> Result<(), Error> {
        loop {
            while let Some(request) = self.polling.next_request() {
                let (id, method) = (request.id, request.method);
                let exchange = Some((id, self.http.start(request)));
                *(if method == Method::Get { &mut self.get } else { &mut self.post }) = exchange;
            }
            self.write().await;
            if let Some(end) = self.polling.end() {
                let reason = end.to_string();
                return self.session.close(CloseCode::GOING_AWAY, &reason).await;
            }
            self.confirm().await?;
            self.upgrade();
            if let Some(message) = self.held.take() {
                self.take(message)?;
            }
            let turn = poll_fn(|cx| self.poll_turn(cx)).await;
            self.act(turn).await?;
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        for slot in [&mut self.get, &mut self.post] {
            if let Some((id, exchange)) = slot {
                if let Poll::Ready(answer) = exchange.as_mut().poll(cx) {
                    let id = *id;
                    *slot = None;
                    return Poll::Ready(Turn::Answered(id, answer));
                }
            }
        }
        match &mut self.wire {
            Wire::Opening(opening) => {
                if let Poll::Ready(wire) = opening.as_mut().poll(cx) {
                    return Poll::Ready(Turn::Opened(wire));
                }
            }
            Wire::Open(wire) => {
                if let Poll::Ready(occurrence) = poll_useful(wire, cx, false) {
                    return Poll::Ready(match occurrence {
                        Some(Occurrence::Answered) => Turn::Confirmed,
                        Some(Occurrence::Message(message)) => Turn::FromServer(Some(message)),
                        _ => Turn::FromServer(None),
                    });
                }
            }
            Wire::None | Wire::Over => {}
        }
        let takes = self.held.is_none() && self.ping.is_none() && !self.is_deaf;
        if takes {
            if let Poll::Ready(occurrence) = poll_useful(&mut self.session, cx, true) {
                return Poll::Ready(match occurrence {
                    Some(Occurrence::Ping(payload)) => Turn::Pinged(payload),
                    Some(Occurrence::Message(message)) => Turn::FromSession(Some(message)),
                    _ => Turn::FromSession(None),
                });
            }
        }
        // As long as it is heard, the session watches over the heartbeat itself.
        match self.polling.next_timeout().filter(|_| !takes) {
            Some(deadline) => self.timer.poll(cx, self.clock, deadline).map(|_| Turn::Deadline),
            None => Poll::Pending,
        }
    }

    async fn act(&mut self, turn: Turn) -> Result<(), Error> {
        let now = self.clock.now();
        match turn {
            Turn::Answered(id, None) => self.polling.failed(id),
            Turn::Answered(id, Some(answer)) => {
                for event in self.polling.response(now, id, answer.status, &answer.body) {
                    self.session.feed(to_session(event)).await?;
                }
                self.session.flush().await?;
                self.http.keep(answer);
            }
            Turn::FromSession(Some(message)) => self.take(message)?,
            Turn::FromSession(None) => {
                self.is_deaf = true;
                self.polling.close();
            }
            Turn::Pinged(payload) => self.ping = Some(payload),
            Turn::Confirmed => self.answer().await?,
            Turn::Opened(Some(wire)) => {
                self.wire = Wire::Open(wire);
                self.polling.opened();
            }
            Turn::Opened(None) => self.wire = Wire::Over,
            Turn::FromServer(Some(message)) => {
                if let Some(event) = self.polling.receive(now, borrowed(&message)) {
                    self.session.send(to_session(event)).await?;
                }
            }
            Turn::FromServer(None) => self.lose_wire(),
            Turn::Deadline => self.polling.advance(now),
        }
        Ok(())
    }

    /// Answers the session's Ping, if it can be known that all before it has arrived: it was in requests that were answered, or the server
    /// answers a Ping over the WebSocket.
    async fn confirm(&mut self) -> Result<(), Error> {
        if self.ping.is_none() {
            return Ok(());
        }
        match &mut self.wire {
            Wire::Open(wire) if self.polling.is_upgraded() => {
                if !self.asked && wire.ping(b"all").await.is_ok() {
                    self.asked = true;
                }
                Ok(())
            }
            _ if self.polling.is_writable() => self.answer().await,
            _ => Ok(()),
        }
    }

    async fn answer(&mut self) -> Result<(), Error> {
        self.asked = false;
        if let Some(payload) = self.ping.take() {
            self.session.endpoint().pong(&payload)?;
        }
        self.session.flush().await
    }

    /// Takes what the session sends to the server.
    fn take(&mut self, message: Message) -> Result<(), Error> {
        let sent = match message.as_text().map(Packet::decode) {
            None => self.polling.send(borrowed(&message)),
            Some(Ok(Packet::Message(text))) => self.polling.send(polling::Message::Text(text)),
            // Pings are answered by `polling`.
            Some(_) => Ok(()),
        };
        match sent {
            Err(SendError::Full) => self.held = Some(message),
            Err(SendError::TooLong) => {
                self.session.start_close(CloseCode::MESSAGE_TOO_BIG, SendError::TooLong.text())?;
                self.polling.close();
            }
            // It is closing.
            Err(_) | Ok(()) => {}
        }
        Ok(())
    }

    /// Opens a WebSocket, if the server wants one.
    fn upgrade(&mut self) {
        let Some(target) = self.polling.websocket_target().filter(|_| matches!(self.wire, Wire::None)) else { return };
        let url = ["ws://", self.http.host(), &target].concat();
        let mut connector = Connector::new(&CONFIG);
        for (name, value) in self.http.headers().iter().filter(|(name, _)| **name != ::http::header::HOST) {
            if let Ok(value) = value.to_str() {
                connector = connector.header(name.as_str(), value);
            }
        }
        let server = self.http.server();
        self.wire = Wire::Opening(Box::pin(async move { connector.over(server.dial().await?, &url).await.ok().map(Box::new) }));
    }

    /// Writes to the WebSocket what is due there.
    async fn write(&mut self) {
        while let (Wire::Open(wire), Some(due)) = (&mut self.wire, self.polling.pull()) {
            let written = match due {
                Due::Text(text) => wire.send(Message::text(text)).await,
                Due::Binary(bytes) => wire.send(Message::binary(bytes)).await,
                // What the server says to that is not waited for.
                Due::Close => wire.start_close(CloseCode::NORMAL_CLOSURE, "").and(wire.flush().await).and(Err(Error::Closed)),
            };
            if written.is_err() {
                self.lose_wire();
            }
        }
    }

    fn lose_wire(&mut self) {
        self.wire = Wire::Over;
        self.polling.gone();
    }
}
