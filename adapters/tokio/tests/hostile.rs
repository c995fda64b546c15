//! Peers and transports that do what they should not.

mod support;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use sansocket_tokio::{
    CloseCode, Config, Connector, EndCause, Error, Message, MessageKind, Negotiated, Origin, ProtocolError, Role, UsageError,
    WebSocket, accept,
};
use std::io::{self, ErrorKind};
use support::{cut, message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::time::{Instant, Sleep, sleep};

static CONFIG: Config = Config::new();
static LIMITED: Config = Config::new().max_message_len(100_000);

/// A client over a transport, and the other end of its pipe, where the test says what a server sends.
fn client(size: usize) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(size);
    (WebSocket::open(Role::Client, near, &LIMITED, Negotiated::NOTHING), far)
}

/// An unmasked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len @ 126..65_536 => frame.extend([&[126][..], &(len as u16).to_be_bytes()].concat()),
        len => frame.extend([&[127][..], &(len as u64).to_be_bytes()].concat()),
    }
    frame.extend_from_slice(payload);
    frame
}

/// The next frame that a client has sent: its first byte and its payload.
async fn sent(far: &mut DuplexStream) -> (u8, Vec<u8>) {
    let mut start = [0; 2];
    far.read_exact(&mut start).await.unwrap();
    let len = match start[1] & 0x7F {
        126 => u64::from(far.read_u16().await.unwrap()),
        127 => far.read_u64().await.unwrap(),
        len => u64::from(len),
    };
    let mut key = [0; 4];
    far.read_exact(&mut key).await.unwrap();
    let mut payload = vec![0; usize::try_from(len).unwrap()];
    far.read_exact(&mut payload).await.unwrap();
    payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    (start[0], payload)
}

/// Fails at the call with this number, reading or writing.
struct Broken {
    inner: DuplexStream,
    reads: usize,
    writes: usize,
    error: ErrorKind,
}

fn fails(calls: &mut usize, error: ErrorKind) -> io::Result<()> {
    *calls = calls.saturating_sub(1);
    if *calls > 0 {
        return Ok(());
    }
    if error == ErrorKind::Interrupted {
        *calls = usize::MAX;
    }
    Err(error.into())
}

impl AsyncRead for Broken {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let error = self.error;
        fails(&mut self.reads, error)?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Broken {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let error = self.error;
        match fails(&mut self.writes, error) {
            Err(error) if error.kind() == ErrorKind::WriteZero => Poll::Ready(Ok(0)),
            failed => {
                failed?;
                Pin::new(&mut self.inner).poll_write(cx, &buf[..buf.len().min(1000)])
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

fn broken(reads: usize, writes: usize, error: ErrorKind) -> (WebSocket<Broken>, DuplexStream) {
    let (inner, far) = duplex(1 << 20);
    (WebSocket::open(Role::Client, Broken { inner, reads, writes, error }, &CONFIG, Negotiated::NOTHING), far)
}

fn is_io<T: core::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind) {
    assert!(matches!(&result, Err(Error::Io(error)) if error.kind() == kind), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_reading_is_told_once() {
    let (mut ws, mut far) = broken(2, usize::MAX, ErrorKind::ConnectionReset);
    far.write_all(&frame(0x81, b"before")).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap(), Message::text("before"));
    is_io(ws.next().await.unwrap(), ErrorKind::ConnectionReset);
    assert!(ws.next().await.is_none());
    assert!(matches!(ws.send("late").await, Err(Error::Closed)));
    is_io(ws.close(CloseCode::NORMAL_CLOSURE, "").await, ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_writing_is_told_to_who_sends_and_who_reads() {
    for error in [ErrorKind::BrokenPipe, ErrorKind::WriteZero, ErrorKind::ConnectionAborted] {
        // In a short message, in a long one, before any.
        for (writes, len) in [(3, 10), (3, 100_000), (1, 10)] {
            let (mut ws, mut far) = broken(usize::MAX, writes, error);
            let mut sent = Ok(());
            for number in 0..4 {
                sent = sent.and(ws.send(message(number, len)).await);
            }
            is_io(sent, error);
            // What the peer sent before it was gone is still read.
            far.write_all(&frame(0x81, b"the last words")).await.unwrap();
            drop(far);
            assert_eq!(ws.next().await.unwrap().unwrap(), Message::text("the last words"));
            is_io(ws.next().await.unwrap(), error);
            assert!(ws.next().await.is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_interrupted_are_made_again() {
    let (mut ws, mut far) = broken(1, 2, ErrorKind::Interrupted);
    far.write_all(&frame(0x82, &[7; 5000])).await.unwrap();
    ws.send(vec![7; 5000]).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap().as_bytes().len(), 5000);
}

#[tokio::test(start_paused = true)]
async fn an_end_in_the_middle_is_no_message() {
    let long = frame(0x82, &[7; 50_000]);
    let fragments = [frame(0x01, b"one"), frame(0x80, b"two")].concat();
    for (bytes, most) in [(&long, 1), (&long, 9), (&long, 40_000), (&long, 50_003), (&fragments, 5), (&fragments, 6)] {
        let (mut ws, mut far) = client(1 << 20);
        far.write_all(&bytes[..most]).await.unwrap();
        drop(far);
        is_io(ws.next().await.unwrap(), ErrorKind::UnexpectedEof);
        assert!(ws.next().await.is_none());
        assert_eq!(ws.close_code(), CloseCode::ABNORMAL_CLOSURE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_may_have_as_many_bytes_as_the_limit_says() {
    let limit = 100_000;
    for pieces in [1, 3] {
        for (len, fits) in [(limit, true), (limit + 1, false)] {
            let (mut ws, mut far) = client(1 << 20);
            for piece in 0..pieces {
                let first = u8::from(piece == 0) * 2 + u8::from(piece == pieces - 1) * 0x80;
                let len = len / pieces + if piece == 0 { len % pieces } else { 0 };
                far.write_all(&frame(first, &vec![7; len])).await.unwrap();
            }
            let found = ws.next().await.unwrap();
            if fits {
                assert_eq!(found.unwrap().as_bytes().len(), len);
            } else {
                drop(far);
                assert!(matches!(found, Err(Error::Protocol(ProtocolError::MessageTooLong))), "{found:?}");
                assert!(ws.next().await.is_none());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_utf_8_fails_the_connection() {
    for len in [4, 9_000, 90_000] {
        for at in [0, len / 2, len - 1] {
            let mut text = vec![b'x'; len];
            // A character that has no end, or is none.
            text[at] = 0xE2;
            let (mut ws, mut far) = client(1 << 20);
            far.write_all(&frame(0x81, &text)).await.unwrap();
            let reads = async {
                let error = ws.next().await.unwrap().unwrap_err();
                assert!(matches!(error, Error::Protocol(ProtocolError::InvalidUtf8)), "{error:?}");
                assert!(ws.next().await.is_none());
            };
            let closes = async {
                let (first, payload) = sent(&mut far).await;
                assert_eq!((first, &payload[..2]), (0x88, &1007_u16.to_be_bytes()[..]));
                drop(far);
            };
            tokio::join!(reads, closes);
        }
    }
}

/// Of both ends.
async fn pair(size: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (client, server) = duplex(size);
    let connector = Connector::new(&CONFIG);
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/"), accept(server, Origin::Any));
    (client.unwrap(), server.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_borrowed_send_that_was_dropped_in_the_middle_is_said_by_the_next() {
    let long = vec![7; 300_000];
    for by_parts in [false, true] {
        let (mut ws, mut far) = client(4096);
        let sends = async {
            match by_parts {
                false => ws.send_slice(MessageKind::Binary, &long).await,
                true => ws.send_part(MessageKind::Binary, &long, false).await,
            }
        };
        assert!(cut(sends, 1).await.is_none());
        let says_so = async {
            let unfinished = |sent: Result<(), Error>| {
                assert!(matches!(&sent, Err(Error::Usage(UsageError::MessageUnfinished))), "{sent:?}");
            };
            unfinished(ws.send("another").await);
            unfinished(ws.feed("another").await);
            unfinished(ws.send_slice(MessageKind::Binary, b"another").await);
            // Not even as the rest of it: nobody knows how much was sent.
            unfinished(ws.send_part(MessageKind::Binary, b"the rest", true).await);
            assert_eq!(ws.next().await.unwrap().unwrap(), Message::text("hello"));
            ws.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
        };
        let peer = async {
            far.write_all(&[frame(0x89, b"there?"), frame(0x81, b"hello")].concat()).await.unwrap();
            let (mut first, mut payload) = sent(&mut far).await;
            assert_eq!(first, 0x02);
            while payload == long[..payload.len()] {
                (first, payload) = sent(&mut far).await;
            }
            assert_eq!((first, &payload[..]), (0x8A, &b"there?"[..]));
            assert_eq!(sent(&mut far).await, (0x88, 1000_u16.to_be_bytes().to_vec()));
            far.write_all(&frame(0x88, &1000_u16.to_be_bytes())).await.unwrap();
            drop(far);
        };
        tokio::join!(says_so, peer);
    }
}

#[tokio::test(start_paused = true)]
async fn parts_make_a_message() {
    let (mut client, mut server) = pair(4096).await;
    let sends = async {
        client.send_part(MessageKind::Text, b"one ", false).await?;
        client.ping(b"").await?;
        client.send_part(MessageKind::Text, &b"x".repeat(200_000), false).await?;
        client.send_part(MessageKind::Text, b"", true).await?;
        client.send_slice(MessageKind::Text, b"two").await
    };
    let (sent, one) = tokio::join!(sends, server.next());
    sent.unwrap();
    assert_eq!(one.unwrap().unwrap().as_text().unwrap().len(), 200_004);
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text("two"));
}

/// Its flush takes a second, once, and some time later it takes nothing for a while.
struct Slow {
    inner: DuplexStream,
    flush: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Slow {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

fn poll_sleep(sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    if let Some(waits) = sleep {
        core::task::ready!(waits.as_mut().poll(cx));
        *sleep = None;
    }
    Poll::Ready(())
}

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.flush.is_none() {
            core::task::ready!(poll_sleep(&mut self.write, cx));
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_sleep(&mut self.flush, cx).map(Ok)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_writing_deadline_begins_when_nothing_is_taken() {
    static QUIET: Config = Config::new().keepalive_interval_ms(0);
    let (inner, _far) = duplex(1000);
    let [flush, write] = [1, 70].map(|seconds| Some(Box::pin(sleep(Duration::from_secs(seconds)))));
    let mut ws = WebSocket::open(Role::Client, Slow { inner, flush, write }, &QUIET, Negotiated::NOTHING);
    ws.send("one").await.unwrap();
    sleep(Duration::from_secs(59)).await;
    // Ten seconds in which nothing is taken are not too long, although the last time was a minute ago.
    ws.send("two").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_deadline_ends_the_connection() {
    let ended = |found: Option<Result<Message, Error>>, cause: EndCause| {
        assert!(matches!(&found, Some(Err(Error::Timeout(found))) if *found == cause), "{found:?} instead of {cause:?}");
    };
    let took = |since: Instant, seconds: u64| {
        assert!((seconds..seconds + 2).contains(&since.elapsed().as_secs()), "{:?} instead of {seconds} s", since.elapsed());
    };
    // The opening handshake: of a server whose client sends half of a request, and of a client.
    let (near, mut far) = duplex(1000);
    let start = Instant::now();
    far.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let error = accept(near, Origin::Any).await.unwrap_err();
    assert!(matches!(error, Error::Timeout(EndCause::HandshakeTimeout)), "{error:?}");
    took(start, 10);
    let (near, _far) = duplex(1000);
    let (start, connector) = (Instant::now(), Connector::new(&CONFIG));
    let error = connector.over(near, "ws://example.com/").await.unwrap_err();
    assert!(matches!(error, Error::Timeout(EndCause::HandshakeTimeout)), "{error:?}");
    took(start, 10);
    // A Close that is not answered, while messages go on to arrive.
    let (mut ws, mut far) = client(100);
    let start = Instant::now();
    ws.start_close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    let floods = async {
        loop {
            far.write_all(&frame(0x81, b"more")).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    };
    let reads = async {
        loop {
            match ws.next().await {
                Some(Ok(_)) => {}
                end => return end,
            }
        }
    };
    let end = tokio::select! { end = reads => end, () = floods => None };
    ended(end, EndCause::ClosingTimeout);
    took(start, 5);
    // A Ping that is not answered.
    let (mut ws, _far) = client(100);
    let start = Instant::now();
    ended(ws.next().await, EndCause::PongTimeout);
    took(start, 45);
    // Nothing is taken: for whoever reads, and for whoever sends.
    let (mut ws, _far) = client(100);
    let start = Instant::now();
    ws.feed(vec![7; 1000]).await.unwrap();
    ended(ws.next().await, EndCause::WriteTimeout);
    took(start, 20);
    let (mut ws, _far) = client(100);
    let start = Instant::now();
    ended(Some(ws.send(vec![7; 1000]).await.map(|()| Message::text(""))), EndCause::WriteTimeout);
    took(start, 20);
}
