//! Wake-ups, deadlines and memory, where transports and peers are as bad as they may be.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use futures_util::SinkExt;
use sansocket_tokio::{CloseCode, Config, Error, Message, MessageKind, Negotiated, Role, WebSocket};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};
use tokio::time::{Instant, Sleep, sleep, timeout};

static CONFIG: Config = Config::new();

fn open<S>(role: Role, io: S) -> WebSocket<S> {
    WebSocket::open(role, io, &CONFIG, Negotiated::NOTHING)
}

/// Sends empty Pongs, up to a number of bytes, and takes nothing.
struct Pongs {
    left: usize,
    largest_space: usize,
}

impl AsyncRead for Pongs {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.largest_space = self.largest_space.max(buf.remaining());
        let n = buf.remaining().min(self.left) & !1;
        if n == 0 {
            return Poll::Pending;
        }
        self.left -= n;
        buf.put_slice(&b"\x8a\x00".repeat(n / 2));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pongs {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_while_a_message_waits_to_be_sent_takes_no_memory() {
    let mut ws = open(Role::Client, Pongs { left: 4 << 20, largest_space: 0 });
    let error = ws.send("Hello").await.unwrap_err();
    assert_eq!(error.to_string(), "the peer took nothing of the output for too long");
    assert!(ws.transport().largest_space < 64 << 10, "{}", ws.transport().largest_space);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_acts_although_the_task_had_used_up_its_budget() {
    let (client, _server) = duplex(64);
    let mut ws = open(Role::Client, client);
    let mut next = pin!(ws.next());
    poll_fn(|cx| {
        while pin!(tokio::task::coop::consume_budget()).poll(cx).is_ready() {}
        assert!(next.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    let error = timeout(Duration::from_secs(60), next).await.expect("a deadline").unwrap().unwrap_err();
    assert_eq!(error.to_string(), "a keepalive Ping was not answered in time");
}

/// Always has another byte, until it would have hung.
struct Endless {
    until: std::time::Instant,
    counts: bool,
}

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if std::time::Instant::now() > self.until {
            return Poll::Ready(Ok(()));
        }
        if self.counts {
            return Pin::new(&mut tokio::io::repeat(0)).poll_read(cx, buf);
        }
        buf.put_slice(&[0; 16]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn the_closing_deadline_acts_although_the_peer_sends_all_the_time() {
    static SHORT: Config = Config::new().closing_timeout_ms(100);
    for counts in [true, false] {
        let until = std::time::Instant::now() + Duration::from_secs(3);
        let mut ws = WebSocket::open(Role::Server, Endless { until, counts }, &SHORT, Negotiated::NOTHING);
        // A frame that is not masked.
        assert!(matches!(ws.next().await, Some(Err(Error::Protocol(_)))));
        assert!(std::time::Instant::now() < until - Duration::from_secs(2), "it ended by its transport's end");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_fed_leaves_while_the_receiver_waits() {
    let (client, mut server) = duplex(64);
    let (mut sender, mut receiver) = open(Role::Client, client).split();
    tokio::spawn(async move { receiver.next().await });
    tokio::task::yield_now().await;
    sender.feed("Hello").await.unwrap();
    let mut frame = [0; 11];
    timeout(Duration::from_secs(1), server.read_exact(&mut frame)).await.expect("it was written").unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_receiver_ends_at_the_closing_deadline_of_a_sender_that_is_closed_as_a_sink() {
    let (client, _server) = duplex(64);
    let (mut sender, mut receiver) = open(Role::Client, client).split();
    let receives = tokio::spawn(async move { receiver.next().await });
    tokio::task::yield_now().await;
    let start = Instant::now();
    SinkExt::close(&mut sender).await.unwrap();
    assert!(matches!(receives.await.unwrap(), Some(Err(Error::Timeout(_)))));
    assert!((5..7).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_closing_sender_goes_on_once_the_receiver_has_taken_the_message_in_the_way() {
    let (client, mut server) = duplex(64);
    let (mut sender, mut receiver) = open(Role::Client, client).split();
    server.write_all(b"\x81\x01A\x81\x01B\x88\x00").await.unwrap();
    server.shutdown().await.unwrap();
    let start = Instant::now();
    let closes = tokio::spawn(async move { sender.close(CloseCode::NORMAL_CLOSURE, "").await });
    sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.next().await.unwrap().unwrap(), Message::text("A"));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.next().await.unwrap().unwrap(), Message::text("B"));
    closes.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

/// Takes a second for each write, and a little for each flush.
#[derive(Default)]
struct Lazy {
    write: Option<Pin<Box<Sleep>>>,
    flush: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Lazy {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Lazy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let write = self.write.get_or_insert_with(|| Box::pin(sleep(Duration::from_secs(1))));
        core::task::ready!(write.as_mut().poll(cx));
        self.write = None;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = self.flush.get_or_insert_with(|| Box::pin(sleep(Duration::from_millis(10))));
        core::task::ready!(flush.as_mut().poll(cx));
        self.flush = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_writing_deadline_does_not_count_from_an_earlier_message() {
    static QUIET: Config = Config::new().keepalive_interval_ms(0);
    let mut ws = WebSocket::open(Role::Server, Lazy::default(), &QUIET, Negotiated::NOTHING);
    ws.send("one").await.unwrap();
    timeout(Duration::from_secs(60), ws.next()).await.unwrap_err();
    ws.send("two").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_is_not_cut_off_for_a_pong_that_nobody_asked_for() {
    let (server, mut client) = duplex(1024);
    let mut ws = open(Role::Server, server);
    let serves = tokio::spawn(async move {
        ws.feed(vec![0; 1_000_000]).await?;
        ws.next().await.transpose()
    });
    let start = Instant::now();
    let (mut taken, mut was_sent) = (0, false);
    let mut bytes = [0; 1000];
    while taken < 1_000_000 {
        if !was_sent && start.elapsed() > Duration::from_secs(30) {
            client.write_all(b"\x8a\x80\0\0\0\0").await.unwrap();
            was_sent = true;
        }
        sleep(Duration::from_millis(100)).await;
        let n = client.read(&mut bytes).await.unwrap();
        assert!(n > 0, "cut off after {taken} bytes and {:?}", start.elapsed());
        taken += n;
    }
    client.write_all(b"\x82\x80\0\0\0\0").await.unwrap();
    assert_eq!(serves.await.unwrap().unwrap(), Some(Message::binary(&b""[..])));
}

#[tokio::test]
async fn a_long_message_that_was_sent_is_let_go_of() {
    for role in [Role::Server, Role::Client] {
        let (io, _peer) = duplex(1 << 20);
        let mut ws = open(role, io);
        let bytes = hyper::body::Bytes::from(vec![7; 100_000]);
        ws.send(bytes.clone()).await.unwrap();
        assert!(bytes.is_unique(), "{role:?}");
    }
}

#[tokio::test]
async fn text_that_is_none_is_refused_before_any_of_it_is_sent() {
    let (io, _peer) = duplex(1 << 20);
    let mut ws = open(Role::Server, io);
    let mut text = vec![b'a'; 100_000];
    text[99_999] = 0xFF;
    assert!(matches!(ws.send_slice(MessageKind::Text, &text).await, Err(Error::Usage(_))));
    ws.send("Hello").await.unwrap();
}

/// Incompressible, the same each time.
#[cfg(feature = "deflate")]
fn noise(len: usize) -> Vec<u8> {
    let mut x = 1_u64;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[cfg(feature = "deflate")]
#[tokio::test(start_paused = true)]
async fn two_that_send_compressed_at_once_do_not_wait_for_each_other() {
    use sansocket_tokio::{Accept, Connector, DeflateConfig, Handshake, Origin};
    static COMPRESSED: Config = Config::new().deflate(DeflateConfig::new());
    let (client, server) = duplex(4096);
    let connector = Connector::new(&COMPRESSED);
    let accepts = async { Handshake::receive(server, &COMPRESSED).await?.accept(&Accept::new(Origin::Any)).await };
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/"), accepts);
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    let long = noise(1 << 20);
    let exchange = async |ws: &mut WebSocket<_>| {
        ws.send(long.clone()).await?;
        let message = ws.next().await.unwrap()?;
        assert!(message.as_bytes() == long);
        Ok::<_, Error>(())
    };
    let (client, server) = tokio::join!(exchange(&mut client), exchange(&mut server));
    client.unwrap();
    server.unwrap();
}

#[cfg(feature = "hyper")]
#[test]
fn a_refusal_that_names_another_version_lists_its_upgrade_field() {
    let mut request = hyper::Request::builder()
        .header("host", "x")
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "12")
        .body(())
        .unwrap();
    let refused = sansocket_tokio::hyper::Upgrade::of(&mut request, &CONFIG, sansocket_tokio::Origin::Any).unwrap_err();
    let response = refused.response::<()>();
    assert_eq!((response.status().as_u16(), &response.headers()["connection"]), (426, &"upgrade".parse().unwrap()));
}
