//! Our server, on hyper and one thread. Its handlers do what those of the other two do.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sansocket_tokio::Origin;
use sansocket_tokio::socketio::json::Value;
use sansocket_tokio::socketio::{Answer, Config, Event, Host, INVALID_NAMESPACE, Io, Message, To};
use tokio::net::TcpListener;

/// Serves until the process is ended.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let host = Host::new(Config::new(), Origin::Any, |io, event| {
        // What it does not understand is missed by the load, which counts.
        handle(io, event);
    });
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let host = host.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let host = host.clone();
            async move { Ok::<Response<Full<Bytes>>, Infallible>(host.serve(request).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades();
        tokio::spawn(async {
            // A client that goes is no failure.
            connection.await.ok();
        });
    }
}

fn handle(io: &mut Io<'_>, event: Event<'_>) -> Option<()> {
    match event {
        Event::Connect { socket, namespace: "/", .. } => drop(io.accept(socket)),
        Event::Connect { socket, .. } => drop(io.refuse(socket, INVALID_NAMESPACE)),
        Event::Message { socket, packet, attachments, ack } => {
            let text = || packet.args().next().and_then(string);
            match &*string(packet.name()?)? {
                "echo" => {
                    let text = text()?;
                    io.emit(socket, &Message::new("echo", |args| args.text(&text)).ok()?);
                }
                "ask" => {
                    let text = text()?;
                    io.ack(ack?, &Answer::new(|args| args.text(&text)).ok()?);
                }
                "binary" => {
                    io.emit(socket, &Message::with_attachments("binary", attachments, |args| args.attachment()).ok()?);
                }
                "join" => {
                    io.join(socket, "room").ok()?;
                    io.ack(ack?, &Answer::new(|args| args.text("")).ok()?);
                }
                "say" => {
                    let text = text()?;
                    let to = To::room("/", "room").except(socket);
                    io.emit(to, &Message::new("said", |args| args.text(&text)).ok()?);
                }
                _ => {}
            }
        }
        Event::Ack { .. } | Event::AckTimeout { .. } | Event::Disconnected { .. } => {}
    }
    Some(())
}

/// The string that JSON writes.
fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    let text = value.text()?;
    Some(text.as_plain().map_or_else(|| text.chars().collect(), Cow::Borrowed))
}
