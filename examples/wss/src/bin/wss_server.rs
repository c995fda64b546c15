//! An echo server over TLS, with a thread for each connection. The loop is that of `examples/minimal.rs`.
//!
//! `cargo run --bin wss_server -- --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT]`: certificate chain and key as PEM.
//! `--self-signed` first writes both files, for `localhost`; a client then trusts the certificate by its `--ca`.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Clock};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection};
use sansocket::{Accept, Config, Connection, Event, Header, Instant, Origin, Transport};
use wss::Tls;

static CONFIG: Config = Config::new();
const READ_LEN: usize = 16 * 1024;
/// How long a client may leave what we write unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

fn serve(socket: TcpStream, tls_config: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let mut tls = Tls::new(ServerConnection::new(tls_config)?, socket);
    let mut ws = Connection::server(&CONFIG, now());
    // The longest piece goes back with its header, after what its `receive` wrote.
    let (mut input, mut output) = ([0; READ_LEN], [0; READ_LEN + 10 + sansocket::MAX_ANSWER]);
    let (mut at, mut end) = (0, 0);

    while ws.transport() != Transport::Close {
        let received = ws.receive(now(), &mut input[at..end], &mut output)?;
        at += received.consumed;
        let mut due = received.produced;
        match received.event {
            Some(Event::Request(request)) => due += ws.accept(&request, &Accept::new(Origin::Any), now(), &mut output[due..])?,
            Some(Event::HttpRequest(_)) => {
                let text = [Header::new("Content-Type", "text/plain")];
                due += ws.respond(404, &text, b"This port speaks wss:// only.\n", now(), &mut output[due..])?;
            }
            Some(Event::Data(data)) => due += ws.send(data.kind, data.payload, data.last, &mut output[due..])?,
            Some(event) => println!("{event:?}"),
            None => {
                input.copy_within(at..end, 0);
                (at, end) = (0, end - at);
                let wait = ws.millis_until_timeout(now()).map(|ms| ms.max(1));
                match tls.read(&mut input[end..], wait.map(Duration::from_millis)) {
                    Ok(0) => println!("{:?}", ws.receive_eof(now()).event),
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
    Ok(())
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.self_signed {
        let made = rcgen::generate_simple_self_signed(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
        std::fs::write(&arguments.cert, made.cert.pem())?;
        std::fs::write(&arguments.key, made.signing_key.serialize_pem())?;
    }
    let chain = CertificateDer::pem_file_iter(&arguments.cert)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&arguments.key)?;
    let mut tls_config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    tls_config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tls_config = Arc::new(tls_config);

    let listener = TcpListener::bind(&arguments.listen)?;
    println!("listening on wss://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let tls_config = tls_config.clone();
        let served = socket.and_then(|socket| {
            thread::Builder::new().spawn(|| {
                if let Err(error) = serve(socket, tls_config) {
                    eprintln!("wss_server: {error}");
                }
            })
        });
        if let Err(error) = served {
            eprintln!("wss_server: cannot serve a connection: {error}");
            // Out of sockets or threads: that takes a while to pass.
            thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Arguments {
    listen: String,
    cert: String,
    key: String,
    self_signed: bool,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments { listen: "127.0.0.1:9443".to_owned(), ..Arguments::default() };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--listen" => arguments.listen = given.next()?,
            "--cert" => arguments.cert = given.next()?,
            "--key" => arguments.key = given.next()?,
            "--self-signed" => arguments.self_signed = true,
            _ => return None,
        }
    }
    Some(arguments).filter(|arguments| !arguments.cert.is_empty() && !arguments.key.is_empty())
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("usage: wss_server --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT]");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wss_server: {}: {error}", arguments.listen);
            ExitCode::FAILURE
        }
    }
}
