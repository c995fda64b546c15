//! The server of socketioxide, on hyper and one thread. It prints the port on which it listens.

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use std::error::Error;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (service, io) = SocketIo::new_svc();
    io.ns("/", connected);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone()).with_upgrades();
        tokio::spawn(async {
            // A client that goes is no failure.
            connection.await.ok();
        });
    }
}

/// What cannot be sent is missed by the load, which counts.
async fn connected(socket: SocketRef) {
    socket.on("echo", async |socket: SocketRef, Data(text): Data<String>| drop(socket.emit("echo", &text)));
    socket.on("ask", async |Data(text): Data<String>, ack: AckSender| drop(ack.send(&text)));
    socket.on("binary", async |socket: SocketRef, Data(bytes): Data<Bytes>| drop(socket.emit("binary", &bytes)));
    socket.on("join", async |socket: SocketRef, ack: AckSender| {
        socket.join("room");
        ack.send("").ok();
    });
    socket.on("say", async |socket: SocketRef, Data(text): Data<String>| drop(socket.to("room").emit("said", &text).await));
}
