//! What connections hold on the heap. One test, because the counts are the process's.

use core::time::Duration;
use sansocket_tokio::{Config, Message, Negotiated, Role, WebSocket};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

static CONFIG: Config = Config::new();

fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn pair() -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (client, server) = duplex(8000);
    let open = |role, io| WebSocket::open(role, io, &CONFIG, Negotiated::NOTHING);
    (open(Role::Client, client), open(Role::Server, server))
}

/// Nobody is called any more, and both wait for messages.
async fn idle(ends: &mut [WebSocket<DuplexStream>; 2]) {
    let [client, server] = ends;
    let waits = async { tokio::join!(client.next(), server.next()) };
    assert!(tokio::time::timeout(Duration::from_secs(1), waits).await.is_err());
}

/// What a client or a server holds, besides itself, that has sent and received messages of this length, Pings among them.
async fn held_after(role: Role, len: usize) -> usize {
    let (client, server) = pair();
    let mut ends = [client, server];
    for at in [0, 1, 0] {
        let [client, server] = &mut ends;
        let (from, to) = if at == 0 { (client, server) } else { (server, client) };
        let sends = async {
            from.send(vec![7; len]).await?;
            from.ping(b"there?").await?;
            from.send("short").await
        };
        let receives = async {
            to.ping(b"you, too?").await.unwrap();
            (to.next().await.unwrap().unwrap().as_bytes().len(), to.next().await.unwrap().unwrap())
        };
        let (sent, received) = tokio::join!(sends, receives);
        sent.unwrap();
        assert_eq!(received, (len, Message::text("short")));
    }
    idle(&mut ends).await;
    let [client, server] = ends;
    let (one, mut other) = if role == Role::Client { (client, server) } else { (server, client) };
    let before = allocated();
    drop(one);
    let held = before - allocated();
    // The pipe is the other's now.
    assert!(other.next().await.unwrap().is_err());
    held
}

/// What is allocated at most while a peer sends those frames and reads nothing, and we send to it.
async fn most_under(frames: &[u8]) -> usize {
    let (near, mut far) = duplex(8000);
    let mut ws = WebSocket::open(Role::Client, near, &CONFIG, Negotiated::NOTHING);
    let before = allocated();
    let mut most = 0;
    let floods = async {
        let mut sent = 0;
        // Until it is not read any more.
        while tokio::time::timeout(Duration::from_secs(1), far.write_all(frames)).await.is_ok() {
            sent += frames.len();
            most = most.max(allocated() - before);
            assert!(sent < 200 << 20, "all is read");
        }
        most = most.max(allocated() - before);
        // Once it reads again, all goes on.
        let mut bytes = vec![0; 100_000];
        far.read_exact(&mut bytes).await.unwrap();
    };
    tokio::select! {
        () = floods => {}
        sent = ws.send(vec![7; 300_000]) => panic!("{sent:?} although nothing was read"),
    }
    most
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_holds_nothing_and_a_busy_one_not_much() {
    // Its timer is all that an idle one needs.
    for (role, len) in
        [Role::Client, Role::Server].into_iter().flat_map(|role| [10, 5_000, 100_000, 3_000_000].map(|len| (role, len)))
    {
        let held = held_after(role, len).await;
        assert!(held < 500, "a {role:?} holds {held} bytes after messages of {len}");
    }
    let ping = [0x89, 0x00].repeat(1000);
    let messages = [&[0x82, 0x7E, 0x03, 0xE8][..], &[7; 1000]].concat();
    for (what, frames) in [("Pings", ping), ("messages", messages)] {
        let most = most_under(&frames).await;
        assert!(most < 1 << 20, "{most} bytes at most under {what}");
    }
}
