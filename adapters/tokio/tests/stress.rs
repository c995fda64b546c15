//! Two halves in two tasks, on four threads, both busy: no task is forgotten.

mod support;

use core::time::Duration;
use sansocket_tokio::{CloseCode, Config, Connector, Error, Negotiated, Origin, Receiver, Role, Sender, WebSocket, accept};
use support::{Dice, Manners, message, number, wires};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Deadlines would wake a task that was forgotten.
static PATIENT: Config = Config::new().keepalive_interval_ms(0).write_timeout_ms(0).closing_timeout_ms(0);

trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for S {}

/// Sends so many messages, by all the calls that there are.
async fn sends<S: Io>(mut half: Sender<S>, count: usize, most: usize, seed: u64) -> Result<Sender<S>, Error> {
    let mut dice = Dice::new(seed);
    for number in 1..=count {
        let message = message(number, dice.below(most));
        match dice.below(4) {
            0 => half.feed(message).await?,
            1 => {
                half.feed(message).await?;
                half.flush().await?;
            }
            _ => half.send(message).await?,
        }
        if dice.below(8) == 0 {
            tokio::task::yield_now().await;
        }
    }
    // The other half may have all that it waits for, and is not polled any more.
    half.flush().await?;
    Ok(half)
}

async fn receives<S: Io>(mut half: Receiver<S>, count: usize) -> Result<Receiver<S>, Error> {
    for wanted in 1..=count {
        assert_eq!(number(&half.next().await.unwrap()?), Some(wanted));
    }
    Ok(half)
}

async fn ends<S: Io>(mut half: Receiver<S>) -> Result<(), Error> {
    assert!(half.next().await.is_none());
    Ok(())
}

/// Both ends send and receive; then the client closes, and all four halves see it.
async fn converse<S: Io, T: Io>(client: WebSocket<S>, server: WebSocket<T>, count: usize, most: usize, seed: u64) {
    let ((to_server, from_server), (to_client, from_client)) = (client.split(), server.split());
    let sent = (tokio::spawn(sends(to_server, count, most, seed)), tokio::spawn(sends(to_client, count, most, !seed)));
    let received = (tokio::spawn(receives(from_server, count)), tokio::spawn(receives(from_client, count)));
    let (from_server, from_client) = (join(received.0).await, join(received.1).await);
    let (mut to_server, to_client) = (join(sent.0).await, join(sent.1).await);
    let closes = (
        tokio::spawn(async move { to_server.close(CloseCode::NORMAL_CLOSURE, "").await }),
        tokio::spawn(ends(from_server)),
        tokio::spawn(ends(from_client)),
    );
    join(closes.0).await;
    join(closes.1).await;
    join(closes.2).await;
    drop(to_client);
}

async fn join<T>(task: JoinHandle<Result<T, Error>>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
    ended.expect("a task is asleep that has something to do").unwrap().unwrap()
}

fn open<S: Io>(role: Role, io: S) -> WebSocket<S> {
    WebSocket::open(role, io, &PATIENT, Negotiated::NOTHING)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_pipes() {
    let pairs = [1, 3, 64, 1000, 70_000].into_iter().cycle().take(20).enumerate().map(|(at, size)| {
        let (client, server) = duplex(size);
        let (most, count) = if size < 64 { (40, 300) } else { (size * 4, 300) };
        let (client, server) = (open(Role::Client, client), open(Role::Server, server));
        tokio::spawn(converse(client, server, count, most.min(20_000), at as u64))
    });
    for pair in pairs.collect::<Vec<_>>() {
        pair.await.unwrap();
    }
}

/// They wake nobody who asked again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_unkind_pipes() {
    let pairs = (0..20).map(|at| {
        let manners = Manners {
            seed: at,
            split: 1 << (6 + at % 8),
            capacity: 64 << (at % 7),
            pends: 3,
            holds: at % 2 == 0,
            is_vectored: at % 3 == 0,
        };
        let (client, server) = wires(manners);
        tokio::spawn(converse(open(Role::Client, client), open(Role::Server, server), 100, manners.split * 3, at))
    });
    for pair in pairs.collect::<Vec<_>>() {
        pair.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut pairs = Vec::new();
    for at in 0..10 {
        let accepts = async { accept(listener.accept().await.unwrap().0, Origin::Any).await.unwrap() };
        let connector = Connector::new(&PATIENT);
        let (client, server) = tokio::join!(connector.connect(&url), accepts);
        pairs.push(tokio::spawn(converse(client.unwrap(), server, 200, 100_000, at)));
    }
    for pair in pairs {
        pair.await.unwrap();
    }
}
