//! Our client of Socket.IO with our server, over WebSocket and over long-polling. (With servers of others: ci/socketio servers.)

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sansocket_tokio::Origin;
use sansocket_tokio::session::Cause;
use sansocket_tokio::socketio::client::{AckError, Args, Client, EmitError, Event, NamespaceState, Reason, StartError};
use sansocket_tokio::socketio::{self, Config, Host, Io, Message};
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Lets into all namespaces but `/closed`. Sends back what it gets; with `ack`, as the answer.
fn handle(io: &mut Io<'_>, event: socketio::Event<'_>) {
    match event {
        socketio::Event::Connect { socket, namespace: "/closed", .. } => {
            io.refuse(socket, r#"{"message":"closed"}"#).unwrap();
        }
        socketio::Event::Connect { socket, .. } => {
            io.accept(socket);
        }
        socketio::Event::Message { socket, packet, attachments, ack } => {
            let name = packet.name().and_then(|name| name.text()).map(|name| name.to_string());
            if name.as_deref() == Some("silent") {
                return;
            }
            let args: Vec<_> = packet.args().map(|arg| arg.as_json()).collect();
            match ack {
                Some(token) => {
                    let answer = socketio::Answer::from_json(&format!("[{}]", args.join(",")), attachments.to_vec()).unwrap();
                    io.ack(token, &answer);
                }
                None => {
                    let json = format!("[\"echoed\",{}]", args.join(","));
                    io.emit(socket, &Message::from_json(&json, attachments.to_vec()).unwrap());
                }
            }
        }
        _ => {}
    }
}

/// A server of ours, and its URL.
async fn serve() -> String {
    serve_with(Config::new()).await
}

async fn serve_with(config: Config) -> String {
    let host = Host::new(config, Origin::Any, handle);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let host = host.clone();
            let service = service_fn(move |request| {
                let host = host.clone();
                async move { Ok::<hyper::Response<Full<Bytes>>, Infallible>(host.serve(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    url
}

/// One by WebSocket, and one that polls first.
fn clients(url: &str) -> [Client; 2] {
    [Client::builder().start(url).unwrap(), Client::builder().polling().start(url).unwrap()]
}

async fn next(client: &mut Client) -> Option<Event> {
    loop {
        let event = timeout(Duration::from_secs(20), client.next()).await.expect("something happens");
        if !matches!(event, Some(Event::Session(_))) {
            return event;
        }
    }
}

#[tokio::test]
async fn events_and_binary_come_back_in_order() {
    let url = serve().await;
    for mut client in clients(&url) {
        for n in 0..100_u8 {
            client.emit("m", Args::new().number(n.into()).binary(vec![n; usize::from(n) * 100])).unwrap();
        }
        assert!(matches!(next(&mut client).await, Some(Event::Connected { recovered: false, .. })));
        for n in 0..100_u8 {
            let Some(Event::Message(message)) = next(&mut client).await else { panic!("no message") };
            assert_eq!((message.name(), message.arg(0).unwrap().as_u64()), ("echoed", Some(n.into())));
            assert_eq!(message.bytes(1).unwrap()[..], vec![n; usize::from(n) * 100]);
            assert_eq!((message.bytes(0), message.wants_ack()), (None, false));
            assert_eq!(message.ack(()), Err(EmitError::Stale));
        }
    }
}

#[tokio::test]
async fn answers_are_futures_of_other_tasks() {
    let url = serve().await;
    for mut client in clients(&url) {
        let socket = client.socket();
        let asking = tokio::spawn(async move {
            let answer = socket.emit_with_ack("x", Args::new().text("hi").binary(vec![1, 2]), Duration::from_secs(20)).unwrap();
            let answer = answer.await.unwrap();
            assert_eq!((answer.text(0).as_deref(), answer.bytes(1).map(|bytes| &bytes[..])), (Some("hi"), Some(&[1, 2][..])));
            let silent = socket.emit_with_ack("silent", (), Duration::from_millis(50)).unwrap();
            assert_eq!(silent.await, Err(AckError::Timeout));
            // Nobody polls the client any more.
            let lost = socket.emit_with_ack("silent", (), Duration::from_secs(20)).unwrap();
            (lost, socket)
        });
        let mut asking = std::pin::pin!(asking);
        let (lost, socket) = loop {
            tokio::select! {
                asked = &mut asking => break asked.unwrap(),
                event = client.next() => assert!(event.is_some()),
            }
        };
        drop(client);
        assert_eq!(lost.await, Err(AckError::Lost));
        assert!(matches!(socket.emit("x", ()), Err(EmitError::Session(_) | EmitError::NotConnected)));
    }
}

#[tokio::test]
async fn nothing_waits_for_a_client_that_was_dropped() {
    let ask = |socket: &socketio::client::Socket| socket.emit_with_ack("m", Args::new(), Duration::from_secs(60));
    for asks_before in [true, false] {
        let client = Client::new("http://127.0.0.1:9/").unwrap();
        let socket = client.socket();
        let asked = asks_before.then(|| ask(&socket).unwrap());
        drop(client);
        if let Some(answer) = asked {
            assert_eq!(answer.await.unwrap_err(), AckError::Lost);
        }
        socket.connect().unwrap();
        assert!(matches!(ask(&socket), Err(EmitError::Session(_))), "{asks_before}");
    }
}

#[tokio::test]
async fn namespaces_are_refused_left_and_joined_again() {
    let url = serve().await;
    for mut client in clients(&format!("{url}/a")) {
        assert!(matches!(next(&mut client).await, Some(Event::Connected { .. })));
        let closed = client.namespace("/closed").unwrap();
        let Some(Event::ConnectError { socket, refusal, .. }) = next(&mut client).await else { panic!("not refused") };
        assert_eq!((&socket, refusal.message().as_str()), (&closed, "closed"));
        assert_eq!(
            (client.name().as_str(), client.state(), closed.state()),
            ("/a", NamespaceState::Connected, NamespaceState::Off)
        );
        client.disconnect();
        assert!(matches!(next(&mut client).await, Some(Event::Disconnected { reason: Reason::IoClientDisconnect, .. })));
        assert!(matches!(next(&mut client).await, Some(Event::Down { retry_in: None, .. })));
        assert!(next(&mut client).await.is_none());
        client.connect().unwrap();
        assert!(matches!(next(&mut client).await, Some(Event::Connected { .. })));
    }
    assert!(matches!(Client::new("http://127.0.0.1/a,b"), Err(StartError::Namespace(_))));
    assert!(matches!(Client::new("ftp://127.0.0.1/"), Err(StartError::Target(_))));
}

#[tokio::test]
async fn refusal_of_the_first_poll_is_one_of_the_handshake() {
    let mut config = Config::new();
    config.engine.polling = false;
    let mut client = Client::builder().polling().start(&serve_with(config).await).unwrap();
    let event = next(&mut client).await;
    let Some(Event::Refused(response)) = event else { panic!("{event:?}") };
    assert_eq!(response.status, 400);
    assert!(String::from_utf8_lossy(&response.body).contains("\"code\":"), "{response:?}");
    assert!(matches!(next(&mut client).await, Some(Event::Down { cause: Cause::Refused { status: 400 }, retry_in: None, .. })));
}
