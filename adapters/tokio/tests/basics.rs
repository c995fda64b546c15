//! Both roles together, over a pipe and over sockets.

use core::time::Duration;
use sansocket_tokio::{Accept, CloseCode, Config, Connector, Error, Handshake, Message, Origin, WebSocket, accept};
use tokio::io::{DuplexStream, duplex};

static CONFIG: Config = Config::new();

/// A client and a server over a pipe that holds `size` bytes.
async fn pair(size: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (client, server) = duplex(size);
    let connector = Connector::new(&CONFIG);
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/"), accept(server, Origin::Any));
    (client.unwrap(), server.unwrap())
}

async fn echo(mut ws: WebSocket<DuplexStream>) -> Result<(), Error> {
    while let Some(message) = ws.next().await.transpose()? {
        ws.send(message).await?;
    }
    Ok(())
}

#[tokio::test]
async fn messages_of_all_lengths_come_back() {
    for size in [7, 100, 4096, 1 << 20] {
        let (mut client, server) = pair(size).await;
        let server = tokio::spawn(echo(server));
        for len in [0, 1, 125, 126, 4095, 4096, 4097, 8192, 16_384, 65_535, 65_536, 300_000] {
            if size < 100 && len > 5_000 {
                continue;
            }
            let bytes: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
            client.send(bytes.clone()).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), Message::from(bytes), "{len} bytes by {size}");
            let text: String = "äb⏰".chars().cycle().take(len).collect();
            client.send(text.as_str()).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some(&*text), "{len} characters by {size}");
        }
        client.close(CloseCode::NORMAL_CLOSURE, "bye").await.unwrap();
        assert!(client.next().await.is_none());
        server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_body() {
    let (client, server) = duplex(100);
    let server = async {
        let handshake = Handshake::receive(server, &CONFIG).await.unwrap();
        assert_eq!(handshake.request().path(), "/nowhere");
        handshake.respond(404, &[], b"Try elsewhere").await
    };
    let connector = Connector::new(&CONFIG).header("Authorization", "Bearer x");
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/nowhere?x"), server);
    server.unwrap();
    match client {
        Err(Error::Refused(refusal)) => assert_eq!((refusal.status, &refusal.body[..]), (404, &b"Try elsewhere"[..])),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_that_may_not_connect_is_refused() {
    let (client, server) = duplex(100);
    let connector = Connector::new(&CONFIG).origin("https://evil.example");
    let accept =
        async { Handshake::receive(server, &CONFIG).await?.accept(&Accept::new(Origin::OneOf(&["https://example.com"]))).await };
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/"), accept);
    assert!(matches!(server, Err(Error::NotAccepted)), "{server:?}");
    assert!(matches!(client, Err(Error::Refused(refusal)) if refusal.status == 403));
}

/// Each sends 2 MB before it reads anything.
#[tokio::test]
async fn two_that_send_at_once_do_not_wait_for_each_other() {
    let (mut client, mut server) = pair(4096).await;
    let long = vec![7; 2 << 20];
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

#[tokio::test]
async fn the_last_messages_arrive_when_the_sender_is_dropped() {
    let (client, mut server) = pair(16).await;
    let (mut sender, mut receiver) = client.split();
    for i in 0..100 {
        sender.feed(format!("message {i}")).await.unwrap();
        if i == 50 {
            server.feed("from the server").await.unwrap();
        }
    }
    drop(sender);
    let reads = tokio::spawn(async move { (receiver.next().await, receiver.next().await) });
    for i in 0..100 {
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text(format!("message {i}")));
    }
    server.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    let (message, end) = reads.await.unwrap();
    assert_eq!(message.unwrap().unwrap(), Message::text("from the server"));
    assert!(end.is_none());
}

#[tokio::test]
async fn a_sender_alone_reads_what_it_must() {
    let (client, mut server) = pair(64).await;
    let (mut sender, receiver) = client.split();
    drop(receiver);
    let server = tokio::spawn(async move {
        for i in 0..1000 {
            server.ping(b"there?").await.unwrap();
            server.send(format!("unheard {i}")).await.unwrap();
        }
        let mut heard = 0;
        while let Some(message) = server.next().await.transpose()? {
            heard += message.as_bytes().len();
        }
        Ok::<_, Error>(heard)
    });
    for _ in 0..1000 {
        sender.send("0123456789").await.unwrap();
        tokio::task::yield_now().await;
    }
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    assert_eq!(server.await.unwrap().unwrap(), 10_000);
}

#[tokio::test]
async fn both_halves_close_in_order() {
    let (client, server) = pair(64).await;
    let (mut sender, mut receiver) = client.split();
    let server = tokio::spawn(echo(server));
    let reader = tokio::spawn(async move {
        let mut count = 0;
        while let Some(message) = receiver.next().await.transpose()? {
            assert_eq!(message, Message::text(format!("message {count}")));
            count += 1;
        }
        Ok::<_, Error>((count, receiver.close_code()))
    });
    for i in 0..200 {
        sender.send(format!("message {i}")).await.unwrap();
    }
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    // The transport is shut down although the halves live.
    tokio::time::timeout(Duration::from_secs(2), server).await.unwrap().unwrap().unwrap();
    assert_eq!(reader.await.unwrap().unwrap(), (200, CloseCode::NORMAL_CLOSURE));
    assert!(matches!(sender.send("late").await, Err(Error::Closed)));
}

#[tokio::test]
async fn a_peer_that_is_gone_is_told_apart_from_one_that_closed() {
    let (client, mut server) = pair(64).await;
    drop(client);
    match server.next().await {
        Some(Err(Error::Io(error))) => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof),
        other => panic!("{other:?}"),
    }
    assert!(server.next().await.is_none());
    assert!(matches!(server.send("late").await, Err(Error::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_at_the_deadlines() {
    let (client, server) = duplex(64);
    let error = Connector::new(&CONFIG).over(client, "ws://example.com/").await.unwrap_err();
    assert_eq!(error.to_string(), "the opening handshake took too long");
    drop(server);
    let (mut client, server) = pair(64).await;
    let start = tokio::time::Instant::now();
    let error = client.next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "a keepalive Ping was not answered in time");
    assert!((45..47).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    drop(server);
    let (mut client, server) = pair(64).await;
    let start = tokio::time::Instant::now();
    let error = client.send(vec![0; 100_000]).await.unwrap_err();
    assert_eq!(error.to_string(), "the peer took nothing of the output for too long");
    assert!((20..22).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    drop(server);
}
