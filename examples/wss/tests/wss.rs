//! Both programs against each other, and what TLS adds to the ways in which a connection can end.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use sansocket::{Accept, Config, Connection, Event, Instant, Origin, Transport};
use wss::Tls;

const LONG: Option<Duration> = Some(Duration::from_secs(10));

/// `wss_server --self-signed`, ended when dropped, with the files it wrote.
struct Server {
    process: Child,
    port: u16,
    cert: String,
    key: String,
}

impl Server {
    fn start(name: &str) -> Self {
        Self::with_files(name, &["--self-signed"])
    }

    /// With files that were there before, for another host.
    fn start_for(name: &str, host: &str) -> Self {
        let [cert, key] = Self::files(name);
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        std::fs::write(cert, made.cert.pem()).unwrap();
        std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
        Self::with_files(name, &[])
    }

    fn files(name: &str) -> [String; 2] {
        ["cert", "key"].map(|kind| format!("{}/{name}-{kind}.pem", env!("CARGO_TARGET_TMPDIR")))
    }

    fn with_files(name: &str, further: &[&str]) -> Self {
        let [cert, key] = Self::files(name);
        let mut process = Command::new(env!("CARGO_BIN_EXE_wss_server"))
            .args(["--listen", "127.0.0.1:0", "--cert", &cert, "--key", &key])
            .args(further)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        // Nobody reads the rest, and the pipe stays open for it.
        thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Self { process, port, cert, key }
    }

    fn assert_serves(&self) {
        let output = client(&["--ca", &self.cert, &format!("wss://localhost:{}/", self.port)]);
        assert_eq!((output.status.code(), output.stdout), (Some(0), b"Hello, sansocket\n".to_vec()));
    }

    fn tls(&self) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.cert).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        Tls::new(session, TcpStream::connect(("127.0.0.1", self.port)).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn client(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wss_client")).args(arguments).output().unwrap()
}

/// All that comes until the end.
fn read_to_end(tls: &mut Tls) -> Vec<u8> {
    let (mut all, mut some) = (Vec::new(), [0; 1024]);
    loop {
        match tls.read(&mut some, LONG) {
            Ok(0) => return all,
            Ok(len) => all.extend_from_slice(&some[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn client_and_server_exchange_messages_of_any_size_and_close_clean() {
    let server = Server::start("sizes");
    // Below, at and beyond a TLS record of 2^14 bytes, and many of them.
    for len in [0, 1, 125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 120_000] {
        let message = "x".repeat(len);
        for host in ["localhost", "127.0.0.1"] {
            let output = client(&["--ca", &server.cert, &format!("wss://{host}:{}/path?query", server.port), &message]);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout == format!("{message}\n").into_bytes(), "the echo of {len} bytes differs");
        }
    }
}

#[test]
fn a_server_of_unknown_authority_or_other_name_is_refused() {
    let server = Server::start("trusted");
    let other = Server::start("other");
    let elsewhere = Server::start_for("elsewhere", "example.com");
    for (server, ca, reason) in [
        (&server, Some(&other.cert), "invalid peer certificate"),
        (&server, None, "UnknownIssuer"),
        (&elsewhere, Some(&elsewhere.cert), "not valid for name \"localhost\""),
    ] {
        let url = format!("wss://localhost:{}/", server.port);
        let output = match ca {
            Some(ca) => client(&["--ca", ca, &url]),
            None => client(&[&url]),
        };
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && output.stdout.is_empty() && stderr.contains(reason), "{stderr}");
    }
    server.assert_serves();
}

#[test]
fn wrong_arguments_are_answered_with_the_usage() {
    for arguments in
        [&[][..], &["ws://localhost/"], &["--ca"], &["wss://localhost/", "message", "more"], &["wss://localhost/#fragment"]]
    {
        let output = client(arguments);
        assert!(output.status.code() == Some(2) && output.stderr.starts_with(b"usage: "), "{arguments:?}");
    }
}

#[test]
fn bytes_that_are_not_tls_end_their_own_connection_only() {
    let server = Server::start("garbage");
    for bytes in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b"\x16\x03\x01\x00", b"\x80\x80", b""] {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        socket.write_all(bytes).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        socket.set_read_timeout(LONG).unwrap();
        // An alert or nothing, and the end; a reset is one too.
        socket
            .read_to_end(&mut Vec::new())
            .or_else(|error| if error.kind() == ErrorKind::ConnectionReset { Ok(0) } else { Err(error) })
            .unwrap();
        server.assert_serves();
    }
}

/// The machine's handshake deadline covers TLS's handshake too.
#[test]
fn a_client_that_says_nothing_is_left_after_the_handshake_deadline() {
    let server = Server::start("silence");
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let start = std::time::Instant::now();
    socket.read_to_end(&mut Vec::new()).unwrap();
    assert!((9..19).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
fn plain_http_over_tls_gets_an_answer_and_close_notify() {
    let server = Server::start("http");
    let start = std::time::Instant::now();
    let mut tls = server.tls();
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let answer = String::from_utf8(read_to_end(&mut tls)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("\r\n\r\nThis port speaks wss:// only.\n"), "{answer}");
    // Without close_notify, the end would be that of the closing deadline.
    assert!(start.elapsed().as_secs() < 4);
}

/// Serves one connection, and cuts TCP off without close_notify if `ends` says so.
fn server_that_truncates(files: &Server, ends: fn(&Connection, opened: bool) -> bool) -> u16 {
    static CONFIG: Config = Config::new();
    let now = Instant::from_millis(0);
    let chain = vec![CertificateDer::from_pem_file(&files.cert).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut tls = Tls::new(ServerConnection::new(Arc::new(config)).unwrap(), listener.accept().unwrap().0);
        let mut ws = Connection::server(&CONFIG, now);
        let (mut input, mut output) = ([0; 4096], [0; 4096]);
        let (mut at, mut end, mut opened) = (0, 0, false);
        while !ends(&ws, opened) {
            let received = ws.receive(now, &mut input[at..end], &mut output).unwrap();
            at += received.consumed;
            let mut due = received.produced;
            match received.event {
                Some(Event::Request(request)) => {
                    due += ws.accept(&request, &Accept::new(Origin::Any), now, &mut output[due..]).unwrap();
                    opened = true;
                }
                Some(Event::Data(data)) => due += ws.send(data.kind, data.payload, data.last, &mut output[due..]).unwrap(),
                Some(_) => {}
                None => match tls.read(&mut input[end..], LONG) {
                    Ok(len) => end += len,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                },
            }
            tls.write_all(&output[..due]).unwrap();
        }
    });
    port
}

#[test]
fn the_end_of_tcp_without_close_notify_is_clean_after_the_closing_handshake_only() {
    let files = Server::start("truncation");
    let port = server_that_truncates(&files, |ws, _| ws.transport() == Transport::ShutdownWrite);
    let output = client(&["--ca", &files.cert, &format!("wss://localhost:{port}/")]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));

    let port = server_that_truncates(&files, |_, opened| opened);
    let output = client(&["--ca", &files.cert, &format!("wss://localhost:{port}/")]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("without a closing handshake") || stderr.contains("reset"), "{stderr}");
}
