//! hyper and axum in front: their servers, our connections.
#![cfg(feature = "axum")]

use axum::Router;
use axum::response::Response;
use axum::routing::any;
use core::net::SocketAddr;
use http_body_util::Empty;
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sansocket_tokio::axum::WebSocketUpgrade;
use sansocket_tokio::hyper::Upgrade;
use sansocket_tokio::{CloseCode, Config, Connector, Error, Message, Origin, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

static CONFIG: Config = Config::new().subprotocols("chat");

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut ws: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = ws.next().await.transpose()? {
        ws.feed(message).await?;
    }
    Ok(())
}

async fn start_axum() -> SocketAddr {
    async fn handler(upgrade: WebSocketUpgrade) -> Response {
        upgrade.config(&CONFIG).on_upgrade(Origin::SameHost { secure: false }, |ws| async {
            echo(ws).await.ok();
        })
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, Router::new().route("/echo", any(handler))).await });
    address
}

async fn start_hyper() -> SocketAddr {
    async fn handle(mut request: Request<Incoming>) -> Result<hyper::Response<Empty<Bytes>>, Error> {
        let upgrade = match Upgrade::of(&mut request, &CONFIG, Origin::SameHost { secure: false }) {
            Ok(upgrade) => upgrade,
            Err(refused) => return Ok(refused.response()),
        };
        let subprotocol = upgrade.offer().subprotocols().next();
        let (response, connection) = upgrade.accept(subprotocol)?;
        tokio::spawn(async { echo(connection.await?).await });
        Ok(response)
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(socket), service_fn(handle)).with_upgrades());
        }
    });
    address
}

#[tokio::test]
async fn a_connection_is_upgraded_with_its_subprotocol() {
    for address in [start_axum().await, start_hyper().await] {
        let mut ws = Connector::new(&CONFIG).connect(&format!("ws://{address}/echo")).await.unwrap();
        assert_eq!(ws.subprotocol(), Some("chat"));
        for len in [0, 5, 5_000, 500_000] {
            ws.send(vec![7; len]).await.unwrap();
            assert_eq!(ws.next().await.unwrap().unwrap(), Message::from(vec![7; len]));
        }
        ws.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    }
}

/// The first message arrives with the request: hyper has read it already.
#[tokio::test]
async fn what_came_with_the_request_is_not_lost() {
    let request = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for address in [start_axum().await, start_hyper().await] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let bytes = [b"GET /echo HTTP/1.1\r\n", request.as_bytes(), b"\x82\x82\0\0\0\0Hi\x88\x80\0\0\0\0"].concat();
        socket.write_all(&bytes).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", answer.escape_ascii());
        assert!(answer.ends_with(b"\r\n\r\n\x82\x02Hi\x88\0"), "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_its_status() {
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let cases = [
        ("1.1", String::new(), "400"),
        ("1.1", format!("{upgrade}{key}Sec-WebSocket-Version: 12\r\n"), "426"),
        ("1.1", format!("{upgrade}Sec-WebSocket-Version: 13\r\n"), "400"),
        ("1.1", format!("{upgrade}{key}Sec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n"), "403"),
        ("1.0", format!("{upgrade}{key}Sec-WebSocket-Version: 13\r\n"), "400"),
    ];
    for address in [start_axum().await, start_hyper().await] {
        for (version, fields, status) in &cases {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let request = format!("GET /echo HTTP/{version}\r\nHost: x\r\n{fields}\r\n");
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut answer = [0; 12];
            socket.read_exact(&mut answer).await.unwrap();
            assert_eq!(core::str::from_utf8(&answer[9..]), Ok(*status), "{request}");
        }
    }
}
