//! A server with its clients, all in one place: what clients send goes in, what they get comes out, and what happens is written down.
#![allow(dead_code, reason = "each test uses a part of it")]

use bytes::Bytes;
use sansocket::{Entropy, EntropyError, Instant};
use sansocket_socketio::engine::server::{Answer, Due, Key, Message as Sent, Request};
use sansocket_socketio::server::{AckToken, Config, Event, INVALID_NAMESPACE, Io, Server, SocketId};

/// Ids that differ.
pub(crate) struct Numbers(pub(crate) u32);

impl Entropy for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0 = self.0.checked_add(1).ok_or(EntropyError)?;
        bytes.iter_mut().zip(self.0.to_be_bytes().iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

/// The application: it lets all in but those who come to `/none…` (refused) and `/later…` (they wait).
#[derive(Default)]
pub(crate) struct App {
    /// What has happened, one line each.
    pub(crate) log: Vec<String>,
    /// In the order in which they came.
    pub(crate) sockets: Vec<SocketId>,
    pub(crate) tokens: Vec<AckToken>,
    pub(crate) attachments: Vec<Vec<Bytes>>,
    /// What is done with events, beside writing them down.
    pub(crate) on_event: Option<OnEvent>,
}

/// A socket's event by its name.
pub(crate) type OnEvent = fn(&mut Io<'_, Numbers>, SocketId, &str);

impl App {
    pub(crate) fn number(&self, socket: SocketId) -> usize {
        self.sockets.iter().position(|&one| one == socket).unwrap()
    }

    fn handle(&mut self, io: &mut Io<'_, Numbers>, event: Event<'_>) {
        match event {
            Event::Connect { socket, namespace, auth } => {
                assert!(!self.sockets.contains(&socket));
                self.sockets.push(socket);
                self.log.push(format!("connect {namespace} {}", auth.map_or("-", |auth| auth.as_json())));
                match namespace {
                    name if name.starts_with("/none") => assert_eq!(io.refuse(socket, INVALID_NAMESPACE), Ok(true)),
                    name if name.starts_with("/later") => {}
                    _ => assert!(io.accept(socket)),
                }
            }
            Event::Message { socket, packet, attachments, ack } => {
                assert_eq!(usize::from(packet.attachments()), attachments.len());
                let id = ack.as_ref().map_or(String::new(), |_| format!(" ack {}", packet.id().unwrap()));
                self.log.push(format!("{} {} {}{id}", self.number(socket), packet.namespace(), packet.json()));
                self.attachments.push(attachments.to_vec());
                self.tokens.extend(ack);
                if let (Some(on_event), Some(name)) = (self.on_event, packet.name().and_then(|name| name.text())) {
                    on_event(io, socket, &name.to_string());
                }
            }
            Event::Ack { socket, id, packet, attachments } => {
                self.log.push(format!("{} answers {id:?} {}", self.number(socket), packet.json()));
                self.attachments.push(attachments.to_vec());
            }
            Event::AckTimeout { socket, id } => self.log.push(format!("{} owes {id:?}", self.number(socket))),
            Event::Disconnected { socket, namespace, reason } => {
                assert!(!io.is_connected(socket));
                assert_eq!(io.namespace(socket), Some(namespace));
                let rooms: Vec<_> = io.rooms(socket).collect();
                self.log.push(format!("{} leaves {namespace} {rooms:?}: {reason}", self.number(socket)));
            }
        }
    }
}

pub(crate) struct Bench {
    pub(crate) server: Server<Numbers>,
    pub(crate) app: App,
    pub(crate) now_ms: u64,
    next_key: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config::new())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self { server: Server::new(config, Numbers(0)), app: App::default(), now_ms: 1000, next_key: 0 }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(self.now_ms)
    }

    pub(crate) fn key(&mut self) -> Key {
        self.next_key += 1;
        Key(self.next_key)
    }

    pub(crate) fn io(&mut self) -> Io<'_, Numbers> {
        let now = self.now();
        self.server.at(now)
    }

    /// What has happened since the last time.
    pub(crate) fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.app.log)
    }

    /// A client with a WebSocket, which has read its handshake.
    pub(crate) fn open(&mut self) -> Key {
        let key = self.key();
        let query = "EIO=4&transport=websocket";
        let request = Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
        assert_eq!(self.request(key, &request), Answer::Upgrade);
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.opened(now, key, &mut |io, event| app.handle(io, event));
        let Some(Due::Text(open)) = server.pull(key) else { panic!() };
        assert!(open.starts_with(b"0{"));
        key
    }

    /// The same in a namespace.
    pub(crate) fn join(&mut self, namespace: &str) -> (Key, SocketId) {
        let key = self.open();
        let socket = self.enter(key, namespace);
        (key, socket)
    }

    /// A client in a further namespace.
    pub(crate) fn enter(&mut self, key: Key, namespace: &str) -> SocketId {
        self.send(key, &format!("40{namespace},"));
        self.log();
        self.take(key);
        *self.app.sockets.last().unwrap()
    }

    pub(crate) fn request(&mut self, key: Key, request: &Request<'_>) -> Answer {
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.request(now, key, request, &mut |io, event| app.handle(io, event))
    }

    pub(crate) fn send(&mut self, key: Key, text: &str) {
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.receive(now, key, Sent::Text(text), &mut |io, event| app.handle(io, event));
    }

    pub(crate) fn send_binary(&mut self, key: Key, bytes: &[u8]) {
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.receive(now, key, Sent::Binary(bytes), &mut |io, event| app.handle(io, event));
    }

    pub(crate) fn gone(&mut self, key: Key) {
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.gone(now, key, &mut |io, event| app.handle(io, event));
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let (now, Self { server, app, .. }) = (self.now(), self);
        server.advance(now, &mut |io, event| app.handle(io, event));
        assert!(server.next_timeout().is_none_or(|next| next > now), "nothing is left to be done");
    }

    /// What is due under a key, one line each.
    pub(crate) fn take(&mut self, key: Key) -> Vec<String> {
        self.dues(key).into_iter().map(|due| show(&due)).collect()
    }

    pub(crate) fn dues(&mut self, key: Key) -> Vec<Due> {
        std::iter::from_fn(|| self.server.pull(key)).collect()
    }

    /// What happens below: a GET or a POST of long-polling.
    pub(crate) fn http(&mut self, sid: &str, body: Option<&str>) -> (Key, Answer) {
        let key = self.key();
        let query = format!("EIO=4&transport=polling&sid={sid}");
        let method = if body.is_some() { "POST" } else { "GET" };
        let body = body.unwrap_or_default().as_bytes();
        let request = Request { method, query: &query, content_type: Some("text/plain;charset=UTF-8"), is_upgrade: false, body };
        (key, self.request(key, &request))
    }

    /// A client that polls: its sid.
    pub(crate) fn open_polling(&mut self) -> String {
        let key = self.key();
        let query = "EIO=4&transport=polling";
        let request = Request { method: "GET", query, content_type: None, is_upgrade: false, body: b"" };
        let Answer::Respond(response) = self.request(key, &request) else { panic!() };
        let body = std::str::from_utf8(&response.body).unwrap();
        body.split('"').nth(3).unwrap().to_owned()
    }

    /// Goes on over a WebSocket: its key.
    pub(crate) fn upgrade(&mut self, sid: &str) -> Key {
        let key = self.key();
        let query = format!("EIO=4&transport=websocket&sid={sid}");
        let request = Request { method: "GET", query: &query, content_type: None, is_upgrade: true, body: b"" };
        assert_eq!(self.request(key, &request), Answer::Upgrade);
        let (now, Self { server, app, .. }) = (self.now(), &mut *self);
        server.opened(now, key, &mut |io, event| app.handle(io, event));
        self.send(key, "2probe");
        assert_eq!(self.take(key), ["3probe"]);
        self.send(key, "5");
        key
    }
}

pub(crate) fn show(due: &Due) -> String {
    match due {
        Due::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        Due::Binary(bytes) => format!("{bytes:?}"),
        Due::Close => "CLOSED".to_owned(),
        Due::Respond(response) => String::from_utf8(response.body.to_vec()).unwrap(),
    }
}
