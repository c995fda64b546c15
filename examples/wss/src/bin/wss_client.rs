//! A client over TLS: sends one message, prints its echo, closes. The loop is that of `examples/minimal.rs`.
//!
//! `cargo run --bin wss_client -- [--ca FILE] wss://HOST[:PORT]/PATH [MESSAGE]`: trusts Mozilla's list of authorities, or the
//! certificates in FILE (PEM) instead.

use std::error::Error;
use std::io::{ErrorKind, Write, stdout};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use rustls::crypto::{SecureRandom, ring};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use sansocket::{ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Event, Instant, Transport, Url};
use wss::Tls;

static CONFIG: Config = Config::new();

/// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the generator that TLS draws its own from.
struct TlsEntropy(&'static dyn SecureRandom);

impl Entropy for TlsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).map_err(|_| EntropyError)
    }
}

fn run(url: &Url, ca: Option<&str>, message: &str) -> Result<(), Box<dyn Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    let session = ClientConnection::new(Arc::new(tls_config(ca)?), ServerName::try_from(url.host().to_owned())?)?;
    let mut tls = Tls::new(session, TcpStream::connect((url.host(), url.port()))?);
    let mut ws = Connection::client(&CONFIG, TlsEntropy(ring::default_provider().secure_random), now());
    let (mut input, mut output) = ([0; 16 * 1024], vec![0; 4 * 1024 + message.len()]);
    let (mut at, mut end) = (0, 0);
    let written = ws.request(&ClientRequest::new(url.authority(), url.target()), now(), &mut output)?;
    tls.write_all(&output[..written])?;

    while ws.transport() != Transport::Close {
        let received = ws.receive(now(), &mut input[at..end], &mut output)?;
        at += received.consumed;
        let mut due = received.produced;
        match received.event {
            Some(Event::Opened(_)) => due += ws.send_text(message, &mut output[due..])?,
            Some(Event::Data(data)) => {
                stdout().write_all(data.payload)?;
                if data.last {
                    println!();
                    due += ws.close(Some(CloseCode::NORMAL_CLOSURE), "", now(), &mut output[due..])?;
                }
            }
            Some(Event::Refused { response, error, .. }) => return Err(format!("{}: {error}", response.status()).into()),
            Some(event) => eprintln!("{event:?}"),
            None => {
                input.copy_within(at..end, 0);
                (at, end) = (0, end - at);
                let wait = ws.millis_until_timeout(now()).map(|ms| ms.max(1));
                match tls.read(&mut input[end..], wait.map(Duration::from_millis)) {
                    Ok(0) => drop(ws.receive_eof(now())),
                    Ok(len) => end += len,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => due = ws.handle_timeout(now(), &mut output).produced,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        tls.write_all(&output[..due])?;
        if ws.transport() == Transport::ShutdownWrite {
            tls.shutdown_write()?;
        }
    }
    // The server may have gone already, and then does not need it.
    tls.shutdown_write().ok();
    match ws.was_clean() {
        true => Ok(()),
        false => Err("the connection ended without a closing handshake".into()),
    }
}

fn tls_config(ca: Option<&str>) -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = ca {
        roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // WebSocket starts as HTTP/1.1: a server that prefers HTTP/2 has to be told.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut ca = None;
    if let ["--ca", file, ..] = arguments[..] {
        ca = Some(file);
        arguments.drain(..2);
    }
    let (url, message) = match arguments[..] {
        [url] => (url, "Hello, sansocket"),
        [url, message] => (url, message),
        _ => ("", ""),
    };
    let Some(url) = Url::parse(url).ok().filter(Url::is_secure) else {
        eprintln!("usage: wss_client [--ca FILE] wss://HOST[:PORT]/PATH [MESSAGE]");
        return ExitCode::from(2);
    };
    match run(&url, ca, message) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wss_client: {error}");
            ExitCode::FAILURE
        }
    }
}
