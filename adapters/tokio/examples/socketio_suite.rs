//! The server that `ci/socketio` tests with the official suites and the clients of others: `cargo run --example socketio_suite --features socketio --
//! [--listen ADDR:PORT] [--ping-interval MS] [--ping-timeout MS] [--connect-timeout MS]`. It prints where it listens.
//!
//! `/engine.io/` echoes. `/socket.io/` has the namespaces `/`, `/custom`, and `/guarded` for who knows the token `secret`. In each of them:
//!
//! | event | what it does |
//! |---|---|
//! | (connecting) | emits `auth` with the handshake's payload |
//! | `message` ... | emits `message-back` with the same arguments |
//! | `message-with-ack` ... | answers with them |
//! | `join` room, `leave` room | answers, when it is done |
//! | `say` room ... | emits `said` to the others in the room |
//! | `say-all` ... | emits `said` to all in the namespace |
//! | `ask` ms ... | emits `question`, then `answered` with the answer, or `unanswered` |
//! | `count` n, size | emits `number` n times, with 0, 1, 2 and a text of that size |
//! | `count-volatile` n, size | the same, volatile, then `end` |
//! | `leave-me`, `close-me` | takes the client out of the namespace, or closes its connection |
//! | `reason-of` id | answers why that socket is over, or null |

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use sansocket_tokio::Origin;
use sansocket_tokio::socketio::engine::server::{Event as EngineEvent, Message as EngineMessage, Outgoing};
use sansocket_tokio::socketio::json::Value;
use sansocket_tokio::socketio::{Answer, Config, EngineServer, Event, Host, INVALID_NAMESPACE, Io, Message, SocketId, To};
use std::collections::HashMap;
use std::error::Error;
use tokio::net::TcpListener;

type Done = Result<(), Box<dyn Error>>;

#[derive(Default)]
struct Suite {
    /// Why sockets are over, by their public ids.
    reasons: HashMap<String, &'static str>,
}

// One thread takes requests in the order in which they come: a test sends a poll and a POST at once, and wants the poll to be the first.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let mut config = Config::new();
    let mut listen = "127.0.0.1:0".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match &*name {
            "--listen" => listen = value,
            "--ping-interval" => config.engine.ping_interval_ms = value.parse()?,
            "--ping-timeout" => config.engine.ping_timeout_ms = value.parse()?,
            "--connect-timeout" => config.connect_timeout_ms = value.parse()?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    let mut suite = Suite::default();
    let host = Host::new(config, Origin::Any, move |io, event| {
        if let Err(error) = suite.handle(io, event) {
            eprintln!("{error}");
        }
    });
    let engine = Host::engine(config.engine, Origin::Any, echo);
    let socketio = any(|request: Request| async move { host.serve(request).await as Response });
    let engineio = any(|request: Request| async move { engine.serve(request).await as Response });
    let router = Router::new().route("/socket.io/", socketio).route("/engine.io/", engineio);
    let listener = TcpListener::bind(listen).await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener.tap_io(|socket| drop(socket.set_nodelay(true))), router).await?;
    Ok(())
}

fn echo(server: &mut EngineServer, event: EngineEvent<'_>) {
    if let EngineEvent::Message(session, message) = event {
        let echo = match message {
            EngineMessage::Text(text) => Outgoing::text(text),
            EngineMessage::Binary(bytes) => Outgoing::Binary(bytes.to_vec().into()),
        };
        server.send(session, echo);
    }
}

impl Suite {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) -> Done {
        match event {
            Event::Connect { socket, namespace, auth } => connect(io, socket, namespace, auth)?,
            Event::Message { socket, packet, attachments, ack } => {
                let name = packet.name().and_then(text).unwrap_or_default();
                let args: Vec<_> = packet.args().map(|value| value.as_json()).collect();
                let incoming = Incoming { socket, args, attachments: attachments.to_vec() };
                let answer = self.message(io, &name, &incoming)?;
                if let (Some(answer), Some(ack)) = (answer, ack) {
                    io.ack(ack, &answer);
                }
            }
            Event::Ack { socket, packet, attachments, .. } => {
                let args: Vec<_> = packet.args().map(|value| value.as_json()).collect();
                io.emit(socket, &Incoming { socket, args, attachments: attachments.to_vec() }.event("answered", 0)?);
            }
            Event::AckTimeout { socket, .. } => drop(io.emit(socket, &Message::new("unanswered", |args| args)?)),
            Event::Disconnected { socket, reason, .. } => {
                if let Some(sid) = io.sid(socket) {
                    self.reasons.insert(sid.to_owned(), reason.as_str());
                }
            }
        }
        Ok(())
    }

    /// The answer, for the events that have one.
    fn message(&self, io: &mut Io<'_>, name: &str, incoming: &Incoming<'_>) -> Result<Option<Answer>, Box<dyn Error>> {
        let socket = incoming.socket;
        let namespace = io.namespace(socket).unwrap_or_default().to_owned();
        match name {
            "message" => drop(io.emit(socket, &incoming.event("message-back", 0)?)),
            "message-with-ack" => return Ok(Some(incoming.answer()?)),
            "join" => {
                io.join(socket, &incoming.text(0))?;
                return Ok(Some(Answer::new(|args| args)?));
            }
            "leave" => {
                io.leave(socket, &incoming.text(0));
                return Ok(Some(Answer::new(|args| args)?));
            }
            "say" => {
                let room = incoming.text(0);
                io.emit(To::room(&namespace, &room).except(socket), &incoming.event("said", 1)?);
            }
            "say-all" => drop(io.emit(To::namespace(&namespace), &incoming.event("said", 0)?)),
            "ask" => drop(io.emit_with_ack(socket, &incoming.event("question", 1)?, incoming.number(0).try_into()?)?),
            "count" | "count-volatile" => count(io, incoming, name == "count-volatile")?,
            "leave-me" => drop(io.disconnect(socket)),
            "close-me" => drop(io.close(socket)),
            "reason-of" => {
                let reason = self.reasons.get(&incoming.text(0));
                let reason = reason.map_or("null".to_owned(), |reason| format!("\"{reason}\""));
                return Ok(Some(Answer::new(|args| args.json(&reason))?));
            }
            _ => {}
        }
        Ok(None)
    }
}

fn connect(io: &mut Io<'_>, socket: SocketId, namespace: &str, auth: Option<Value<'_>>) -> Done {
    let knows_token = || auth.and_then(|auth| auth.get("token")).and_then(text).is_some_and(|token| token == "secret");
    match namespace {
        "/" | "/custom" => {}
        "/guarded" if knows_token() => {}
        "/guarded" => {
            io.refuse(socket, r#"{"message":"not authorized","data":{"code":42}}"#)?;
            return Ok(());
        }
        _ => {
            io.refuse(socket, INVALID_NAMESPACE)?;
            return Ok(());
        }
    }
    io.accept(socket);
    io.emit(socket, &Message::new("auth", |args| args.json(auth.map_or("{}", |auth| auth.as_json())))?);
    Ok(())
}

fn count(io: &mut Io<'_>, incoming: &Incoming<'_>, is_volatile: bool) -> Done {
    let text = "x".repeat(incoming.number(1).try_into()?);
    for number in 0..i64::try_from(incoming.number(0))? {
        let message = Message::new("number", |args| args.number(number).text(&text))?;
        if is_volatile {
            io.emit_volatile(incoming.socket, &message);
        } else {
            io.emit(incoming.socket, &message);
        }
    }
    if is_volatile {
        io.emit(incoming.socket, &Message::new("end", |args| args)?);
    }
    Ok(())
}

/// Arguments, to be sent again: those after the first `skipped`.
struct Incoming<'a> {
    socket: SocketId,
    args: Vec<&'a str>,
    attachments: Vec<axum::body::Bytes>,
}

impl Incoming<'_> {
    fn event(&self, name: &str, skipped: usize) -> Result<Message, Box<dyn Error>> {
        let args = self.args.iter().skip(skipped);
        Ok(Message::with_attachments(name, self.attachments.clone(), |out| args.clone().fold(out, |out, arg| out.json(arg)))?)
    }

    fn answer(&self) -> Result<Answer, Box<dyn Error>> {
        Ok(Answer::with_attachments(self.attachments.clone(), |out| self.args.iter().fold(out, |out, arg| out.json(arg)))?)
    }

    fn text(&self, index: usize) -> String {
        self.value(index).and_then(text).unwrap_or_default()
    }

    fn number(&self, index: usize) -> u64 {
        self.value(index).and_then(|value| value.as_u64()).unwrap_or_default()
    }

    fn value(&self, index: usize) -> Option<Value<'_>> {
        Value::parse(self.args.get(index)?).ok()
    }
}

fn text(value: Value<'_>) -> Option<String> {
    Some(value.text()?.chars().collect())
}
