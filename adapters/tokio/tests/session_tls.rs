//! A client that comes back by wss, with rustls at both ends: directly, through a proxy, and where the certificate is wrong.

use core::time::Duration;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use sansocket_tokio::session::{Cause, DialError, Event, Session, SessionConfig};
use sansocket_tokio::{CloseCode, Config, Origin, accept};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

static CONFIG: Config = Config::new();
static QUICK: SessionConfig = SessionConfig::new().first_delay_ms(10).min_delay_ms(5).max_delay_ms(20).min_uptime_ms(0);

fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    (Arc::new(client), Arc::new(server.with_single_cert(vec![cert.der().clone()], key).unwrap()))
}

/// An echo server by TLS, which cuts the first connection off after its first message. Returns its port.
async fn serve(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(config);
        let mut is_first = true;
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(socket).await else { continue };
            let Ok(mut ws) = accept(stream, Origin::Any).await else { continue };
            while let Some(Ok(message)) = ws.next().await {
                ws.send(message).await.ok();
                if core::mem::replace(&mut is_first, false) {
                    break;
                }
            }
        }
    });
    port
}

/// Sends a long message, has it back, loses the connection, and does it once more.
async fn comes_and_comes_back(mut session: Session) {
    let long = vec![7; 60_000];
    for round in 0..2 {
        session.send(long.clone()).unwrap();
        let mut was_up = false;
        loop {
            match timeout(Duration::from_secs(20), session.next()).await.expect("an event").expect("no end") {
                Event::Up(_) => was_up = true,
                Event::Message(message) => break assert!(was_up && message.as_bytes() == long),
                other => panic!("{other:?}"),
            }
        }
        if round == 0 {
            let event = timeout(Duration::from_secs(20), session.next()).await.expect("an event");
            assert!(matches!(event, Some(Event::Down { cause: Cause::Lost(_), retry_in: Some(_), .. })), "{event:?}");
        }
    }
    session.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    let event = timeout(Duration::from_secs(20), session.next()).await.expect("an event");
    assert!(matches!(event, Some(Event::Down { cause: Cause::Application, .. })), "{event:?}");
    assert!(session.next().await.is_none());
}

#[tokio::test]
async fn session_comes_back_by_tls() {
    let (client, server) = configs();
    let url = format!("wss://localhost:{}/", serve(server).await);
    comes_and_comes_back(Session::builder(&CONFIG, &QUICK).tls(client).start(&url).unwrap()).await;
}

#[tokio::test]
async fn session_comes_back_by_tls_through_a_proxy() {
    let (client, server) = configs();
    let port = serve(server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let tunnels = Arc::new(AtomicU32::new(0));
    let count = tunnels.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            // The name is the proxy's to look up.
            assert!(head.starts_with(format!("CONNECT localhost:{port} HTTP/1.1\r\n").as_bytes()));
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                copy_bidirectional(&mut client, &mut server).await.ok();
            });
        }
    });
    let proxied = Box::leak(Box::new(QUICK.proxy(Box::leak(proxy.into_boxed_str()))));
    let url = format!("wss://localhost:{port}/");
    comes_and_comes_back(Session::builder(&CONFIG, proxied).tls(client).start(&url).unwrap()).await;
    assert_eq!(tunnels.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn wrong_certificate_is_final_and_a_server_without_tls_is_not() {
    let (client, server) = configs();
    let port = serve(server).await;
    // Of nobody known, and for another name.
    let unknown = Session::builder(&CONFIG, &QUICK).start(&format!("wss://localhost:{port}/")).unwrap();
    let other = Session::builder(&CONFIG, &QUICK).tls(client.clone()).start(&format!("wss://127.0.0.1:{port}/")).unwrap();
    for mut session in [unknown, other] {
        let event = timeout(Duration::from_secs(20), session.next()).await.expect("an event");
        let Some(Event::Down { cause, retry_in: None, error: Some(error), .. }) = event else { panic!("{event:?}") };
        assert_eq!(cause, Cause::Dial(DialError::Certificate));
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(matches!(session.next().await, Some(Event::GaveUp)));
        assert!(session.next().await.is_none());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    let mut session = Session::builder(&CONFIG, &QUICK).tls(client).start(&url).unwrap();
    let event = timeout(Duration::from_secs(20), session.next()).await.expect("an event");
    assert!(matches!(event, Some(Event::Down { cause: Cause::Dial(DialError::Connect), retry_in: Some(_), .. })), "{event:?}");
}
