//! Both programs against each other, and what TLS adds to the ways in which a connection can end.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

type ClientTls = StreamOwned<ClientConnection, TcpStream>;
type ServerTls = StreamOwned<ServerConnection, TcpStream>;

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
        Self::listen(name, "127.0.0.1:0", further)
    }

    fn listen(name: &str, address: &str, further: &[&str]) -> Self {
        let [cert, key] = Self::files(name);
        let mut process = Command::new(env!("CARGO_BIN_EXE_wss_server"))
            .args(["--listen", address, "--cert", &cert, "--key", &key])
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

    fn tls(&self) -> ClientTls {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.cert).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(LONG).unwrap();
        StreamOwned::new(session, socket)
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
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("\r\n\r\nThis port speaks wss:// only.\n"), "{answer}");
    // Without close_notify, the end would be that of the closing deadline.
    assert!(start.elapsed().as_secs() < 4);
}

/// Accepts one connection over TLS and hands it to `act`, once the head of the request is read.
fn serve_once(files: &Server, act: impl FnOnce(ServerTls, &str) + Send + 'static) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(&files.cert).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), listener.accept().unwrap().0);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tls.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        act(tls, &String::from_utf8(head).unwrap());
    });
    port
}

/// The same, opened, and with `frames` written to it.
fn open_once(files: &Server, frames: &'static [u8], act: impl FnOnce(ServerTls) + Send + 'static) -> u16 {
    serve_once(files, move |mut tls, head| {
        let key = head.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        let accept = sansocket::accept_key(key.as_bytes());
        let head = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
        tls.write_all(&[head, &accept[..], b"\r\n\r\n", frames].concat()).unwrap();
        act(tls);
    })
}

/// Reads to the end of TLS or TCP; a reset is one too.
fn drain(mut tls: ServerTls) {
    std::io::copy(&mut tls, &mut std::io::sink()).ok();
}

/// Exit code, standard output and standard error of a client of `port`.
fn talk(files: &Server, port: u16, message: &str) -> (Option<i32>, String, String) {
    let output = client(&["--ca", &files.cert, &format!("wss://localhost:{port}/"), message]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_end_of_tcp_without_close_notify_is_clean_after_the_closing_handshake_only() {
    let files = Server::start("truncation");
    // Close 1000, and the client's answer is awaited; then TCP ends.
    let port = open_once(&files, b"\x88\x02\x03\xe8", |mut tls| drop(tls.read(&mut [0; 100])));
    assert_eq!(talk(&files, port, "Hello"), (Some(0), String::new(), String::new()));

    let port = open_once(&files, b"", drop);
    let (code, _, stderr) = talk(&files, port, "Hello");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("without a closing handshake"), "{stderr}");
}

#[test]
fn messages_in_several_pieces_and_further_ones_are_printed_whole() {
    let files = Server::start("pieces");
    // A Ping between, a character in two fragments, another message, Close without a code.
    let frames = b"\x01\x03Gr\xc3\x89\x01p\x80\x01\xbc\x82\x03two\x81\x05three\x88\x00";
    let port = open_once(&files, frames, drain);
    assert_eq!(talk(&files, port, "Hello"), (Some(0), "Gr\u{fc}\ntwo\nthree\n".to_owned(), String::new()));
}

#[test]
fn a_reset_after_the_peers_close_is_clean() {
    let files = Server::start("reset");
    let port = open_once(&files, b"\x81\x02Hi\x88\x02\x03\xe9", |tls| {
        thread::sleep(Duration::from_millis(300));
        // Unread bytes, the client's message, make this a reset.
        drop(tls.sock);
    });
    assert_eq!(talk(&files, port, "Hello"), (Some(0), "Hi\n".to_owned(), String::new()));
}

#[test]
fn exit_codes_tell_refused_from_failed() {
    let files = Server::start("codes");
    let port = serve_once(&files, |mut tls, _| {
        tls.write_all(b"HTTP/1.1 403 Go\x07away\xff\r\nContent-Length: 0\r\n\r\n").ok();
        drain(tls);
    });
    let (code, stdout, stderr) = talk(&files, port, "Hello");
    assert!(code == Some(1) && stdout.is_empty(), "a control character is no status text: {stderr}");
    let port = serve_once(&files, |mut tls, _| {
        tls.write_all(b"HTTP/1.1 403 Go away\xff\r\nContent-Length: 0\r\n\r\n").unwrap();
        drain(tls);
    });
    let (code, stdout, stderr) = talk(&files, port, "Hello");
    assert!(code == Some(3) && stdout.is_empty() && stderr.contains("403 Go away\u{fffd}: "), "{stderr}");

    let port = open_once(&files, b"\x88\x0a\x03\xf3no \x1b[31m", drain);
    let (code, _, stderr) = talk(&files, port, "Hello");
    assert!(code == Some(1) && stderr.contains("closed with 1011: no \\u{1b}[31m\n"), "{stderr}");

    let port = open_once(&files, b"\x81\x01\xff", drain);
    let (code, _, stderr) = talk(&files, port, "Hello");
    assert!(code == Some(1) && stderr.contains("UTF-8") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn what_steers_a_terminal_is_shown_escaped() {
    let server = Server::start("escapes");
    let (code, stdout, _) = talk(&server, server.port, "\x1b[2J\u{7f}\u{9b}\n\u{202e}\"quoted\" \\ 世界 e\u{301}");
    assert_eq!((code, &*stdout), (Some(0), "\\u{1b}[2J\\u{7f}\\u{9b}\\n\\u{202e}\"quoted\" \\ 世界 e\u{301}\n"));
}

#[test]
fn addresses_of_ipv6_are_dialed_and_named_in_host() {
    let Ok(probe) = TcpListener::bind("[::1]:0") else { return };
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let server = Server::listen("ipv6", &format!("[::1]:{port}"), &["--self-signed"]);
    let output = client(&["--ca", &server.cert, &format!("wss://[::1]:{port}/"), "six"]);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"six\n"[..]));
}

/// The writing deadline: 20 seconds after the last byte that it took. Meanwhile others are served.
#[test]
fn a_client_that_never_reads_is_left_after_the_writing_deadline() {
    let server = Server::start("greedy");
    let mut tls = server.tls();
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n").unwrap();
    tls.write_all(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").unwrap();
    tls.sock.set_write_timeout(Some(Duration::from_secs(40))).unwrap();
    let start = std::time::Instant::now();
    // One message without an end, echoed as it comes.
    let frame = [&[0x02, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &[0; 65_536]].concat();
    let mut result = tls.write_all(&frame);
    let next = [&[0x00, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &[0; 65_536]].concat();
    let mut frames = 1;
    // Within the limit of a message.
    while result.is_ok() && frames < 255 {
        result = tls.write_all(&next);
        frames += 1;
        if frames == 100 {
            server.assert_serves();
        }
    }
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert!((19..39).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

/// What a program with a standard output that nobody reads ends with.
fn into_closed_pipe(program: &str, arguments: &[&str]) -> (Option<i32>, Vec<u8>) {
    // Like a pipe, but closed before the program starts.
    let (closed, _) = UnixStream::pair().unwrap();
    let output = Command::new(program).args(arguments).stdout(OwnedFd::from(closed)).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), output.stderr)
}

#[test]
fn a_closed_standard_output_ends_both_programs_quietly() {
    let files = Server::start("pipe");
    let url = format!("wss://localhost:{}/", files.port);
    let ended = into_closed_pipe(env!("CARGO_BIN_EXE_wss_client"), &["--ca", &files.cert, &url]);
    assert_eq!(ended, (Some(141), Vec::new()));
    let arguments = ["--listen", "127.0.0.1:0", "--cert", &files.cert, "--key", &files.key];
    assert_eq!(into_closed_pipe(env!("CARGO_BIN_EXE_wss_server"), &arguments), (Some(141), Vec::new()));
}
