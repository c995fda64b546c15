//! A client over TLS: sends one message, prints its echo, closes. Exit codes: 0 closed in order, 1 anything else, 2 wrong arguments,
//! 3 the server refused the opening handshake.
//!
//! `cargo run --bin wss_client -- [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH [MESSAGE]`: trusts Mozilla's list of authorities, or
//! the certificates in FILE (PEM) instead. `--deflate` offers compression, which takes 100 KB. TLS hides what messages say, but not how
//! long they are: compression belongs nowhere where a secret stands beside text that a stranger may choose.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::{SecureRandom, ring};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use sansocket::{Buffered, ClientRequest, CloseCode, Config, Connection, DeflateConfig, Entropy, EntropyError, Event, Url};
use wss::{Memory, Wire, complain, print, shown};

const USAGE: &str = "usage: wss_client [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH [MESSAGE]";
/// The longest message that is taken.
const LONGEST: usize = 16 << 20;

/// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the generator that TLS draws its own from.
struct TlsEntropy(&'static dyn SecureRandom);

impl Entropy for TlsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).map_err(|_| EntropyError)
    }
}

/// Talks to the server until the connection is over. The exit code: 0 if it was closed in order, 1 if not, 3 if the server refused.
fn run(url: &Url, ca: Option<&str>, deflate: DeflateConfig, message: &str) -> Result<u8, Box<dyn Error>> {
    let (config, mut memory) = (Config::new().deflate(deflate), Memory::default());
    let session = ClientConnection::new(Arc::new(tls_config(ca)?), ServerName::try_from(url.host().to_owned())?)?;
    let mut wire = Wire::new(session, dial(url)?)?;
    let ws = Connection::client(&config, TlsEntropy(ring::default_provider().secure_random), wire.now());
    // Compressing makes bytes longer that cannot be made shorter.
    let room = message.len() + message.len() / 8 + message.len() / 64 + 64 + 14 + sansocket::MAX_ANSWER;
    // The memory for the longest message is the system's until one comes.
    let ws = Buffered::new(ws, vec![0; 16 << 10], vec![0; room.max(4 << 10)]);
    let mut ws = ws.deflate(memory.codec(&deflate), vec![0; LONGEST]);
    ws.commands(wire.now()).request(&ClientRequest::new(url.authority(), url.target()))?;

    let (mut reason, mut refused, mut problem) = (String::new(), false, None);
    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        match event {
            Event::Opened(_) => ws.send_text(message)?,
            Event::Data(data) => {
                print(shown(&String::from_utf8_lossy(data.payload)));
                ws.close(CloseCode::NORMAL_CLOSURE, "")?;
            }
            Event::Refused { response, error, .. } => {
                let text = shown(&String::from_utf8_lossy(response.reason()));
                (refused, problem) = (response.status() != 101, Some(format!("{} {text}: {error}", response.status())));
                ws.close(None, "")?;
            }
            Event::CloseReceived { reason: text, .. } => reason = shown(text),
            Event::Failed { error, .. } => problem = Some(format!("the server broke the protocol: {error}")),
            Event::Closed { code: CloseCode(1000 | 1001 | 1005), was_clean: true, .. } => {}
            Event::Closed { code, was_clean: true, .. } => problem = Some(format!("closed with {code}: {reason}")),
            Event::Closed { cause, .. } => {
                problem.get_or_insert_with(|| format!("the connection ended without a closing handshake: {cause}"));
            }
            _ => {}
        }
    }
    if let Some(problem) = &problem {
        complain(format_args!("wss_client: {problem}"));
    }
    Ok(if refused { 3 } else { u8::from(problem.is_some()) })
}

/// Connects to the first address of the URL's host that answers.
fn dial(url: &Url) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in (url.host(), url.port()).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(10)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
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
    let (mut ca, mut deflate) = (None, DeflateConfig::OFF);
    loop {
        match arguments[..] {
            ["--ca", file, ..] => {
                ca = Some(file);
                arguments.drain(..2);
            }
            ["--deflate", ..] => {
                deflate = DeflateConfig::new();
                arguments.remove(0);
            }
            _ => break,
        }
    }
    if let ["--help" | "-h"] = arguments[..] {
        print(USAGE);
        return ExitCode::SUCCESS;
    }
    let (url, message) = match arguments[..] {
        [url] => (url, "Hello, sansocket"),
        [url, message] => (url, message),
        _ => ("", ""),
    };
    let Some(url) = Url::parse(url).ok().filter(Url::is_secure) else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match run(&url, ca, deflate, message) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(format_args!("wss_client: {error}"));
            ExitCode::FAILURE
        }
    }
}
