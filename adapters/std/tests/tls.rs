//! wss, with rustls at both ends.

mod support;

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use sansocket_std::rustls::crypto::ring;
use sansocket_std::rustls::pki_types::PrivateKeyDer;
use sansocket_std::rustls::{ClientConfig, RootCertStore, ServerConfig};
use sansocket_std::sansocket::EndCause;
use sansocket_std::tls::{TlsStream, config_with};
use sansocket_std::{CloseCode, Config, Connector, Error, Message, Origin, Socket, WebSocket, accept, connect};
use support::{noise, within};

static CONFIG: Config = Config::new();

fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    (Arc::new(config_with(roots)), Arc::new(server.with_single_cert(vec![cert.der().clone()], key).unwrap()))
}

type Tls = WebSocket<'static, TlsStream>;

/// A client, and a server that does this.
fn talk(serve: impl FnOnce(Tls) + Send + 'static) -> (WebSocket<'static, Socket>, JoinHandle<()>) {
    let (client, server) = configs();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let stream = TlsStream::server(listener.accept().unwrap().0, server).unwrap();
        serve(accept(stream, Origin::Any).unwrap());
    });
    (Connector::new(&CONFIG).tls(client).connect(&url).unwrap(), server)
}

#[test]
fn messages_of_many_records_come_back() {
    let (mut ws, server) = talk(|mut ws| {
        let mut buffer = Vec::new();
        while let Some(message) = ws.read_into(&mut buffer).unwrap() {
            ws.send(message).unwrap();
        }
    });
    assert!(!ws.ready_within(Duration::from_millis(50)).unwrap());
    for len in [0, 1, 16_384, 1 << 20] {
        let bytes = noise(len);
        ws.send(&bytes).unwrap();
        assert!(ws.read().unwrap() == Some(Message::Binary(&bytes)));
    }
    ws.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    server.join().unwrap();
}

#[test]
fn two_peers_that_send_at_the_same_time_do_not_block_each_other() {
    within(Duration::from_secs(60), || {
        let bytes = || noise(4 << 20);
        let (mut ws, server) = talk(move |mut ws| {
            ws.send(&bytes()).unwrap();
            assert!(ws.read().unwrap() == Some(Message::Binary(&bytes())));
            assert_eq!(ws.read().unwrap(), None);
        });
        ws.send(&bytes()).unwrap();
        assert!(ws.read().unwrap() == Some(Message::Binary(&bytes())));
        ws.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
        server.join().unwrap();
    });
}

/// The end of TCP alone: the closing handshake did not happen, and that is what counts.
#[test]
fn an_end_without_close_is_no_clean_end() {
    let (mut ws, server) = talk(drop);
    server.join().unwrap();
    assert!(matches!(ws.read(), Err(Error::Lost { cause: EndCause::EndOfInput, .. })));
}

#[test]
fn a_certificate_of_nobody_known_is_the_reason() {
    let (_, server) = configs();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let stream = TlsStream::server(listener.accept().unwrap().0, server).unwrap();
        accept(stream, Origin::Any).map(drop)
    });
    let start = Instant::now();
    let error = connect(&url).unwrap_err();
    let Error::Lost { source: Some(source), .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("certificate"), "{error}");
    // The alert has reached the server.
    let error = server.join().unwrap().unwrap_err();
    assert!(matches!(&error, Error::Lost { source: Some(source), .. } if source.to_string().contains("alert")), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_peer_without_tls_and_a_silent_one_end_the_handshake() {
    static HASTY: Config = Config::new().handshake_timeout_ms(300);
    let over = |act: fn(&mut TcpStream)| {
        let (ours, mut raw) = support::sockets();
        act(&mut raw);
        let (client, _) = configs();
        let start = Instant::now();
        let stream = TlsStream::client(ours, client, "localhost").unwrap();
        let error = Connector::new(&HASTY).over(stream, "wss://localhost/").unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(3));
        error
    };
    let error = over(|raw| raw.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    assert!(matches!(&error, Error::Lost { source: Some(source), .. } if source.kind() == ErrorKind::InvalidData), "{error:?}");
    let error = over(|_| {});
    assert!(matches!(error, Error::Lost { cause: EndCause::HandshakeTimeout, source: None, .. }), "{error:?}");
    let error = over(|raw| raw.shutdown(std::net::Shutdown::Write).unwrap());
    assert!(matches!(&error, Error::Lost { source: Some(source), .. } if source.kind() == ErrorKind::UnexpectedEof), "{error:?}");
}

#[test]
fn a_name_that_no_certificate_has_is_told_before_the_handshake() {
    let (client, _) = configs();
    let error = TlsStream::client(support::sockets().0, client, "no name").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
