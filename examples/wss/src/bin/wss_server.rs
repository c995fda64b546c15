//! An echo server over TLS, with a thread for each connection.
//!
//! `cargo run --bin wss_server -- --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT]`: certificate chain and key as PEM.
//! `--self-signed` first writes both files, for `localhost`; a client then trusts the certificate by its `--ca`.

use std::error::Error;
use std::io::{Write, stdout};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection};
use sansocket::{Accept, Buffered, Config, Connection, Event, Header, Origin};
use wss::{Wire, complain, print};

const USAGE: &str = "usage: wss_server --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT]";
static CONFIG: Config = Config::new();
const READ_LEN: usize = 16 * 1024;
/// For the echo of the longest piece, with its header.
const ROOM: usize = READ_LEN + 14;

fn serve(socket: TcpStream, tls_config: Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    let mut wire = Wire::new(ServerConnection::new(tls_config)?, socket)?;
    let ws = Connection::server(&CONFIG, wire.now());
    let mut ws = Buffered::new(ws, vec![0; READ_LEN], vec![0; 2 * ROOM]).in_pieces().room_for(ROOM);

    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        match event {
            Event::Request(request) => {
                // A browser that offers subprotocols and gets none hangs up.
                let subprotocol = request.subprotocols().next();
                ws.accept(&request, &Accept::new(Origin::Any).subprotocol(subprotocol))?;
            }
            Event::HttpRequest(_) => {
                ws.respond(404, &[Header::new("Content-Type", "text/plain")], b"This port speaks wss:// only.\n")?;
            }
            // There is room for all of it.
            Event::Data(data) => drop(ws.send_part(data.kind, data.offset, data.payload, data.last)?),
            // Whether or not somebody reads the log.
            event => drop(writeln!(stdout(), "{event:?}")),
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
    print(format_args!("listening on wss://{}/", listener.local_addr()?));
    let mut is_refused = false;
    for socket in listener.incoming() {
        let tls_config = tls_config.clone();
        let served = socket.and_then(|socket| {
            thread::Builder::new().spawn(|| {
                if let Err(error) = serve(socket, tls_config) {
                    complain(format_args!("wss_server: {error}"));
                }
            })
        });
        let was_refused = std::mem::replace(&mut is_refused, served.is_err());
        if let Err(error) = served {
            if !was_refused {
                complain(format_args!("wss_server: cannot serve a connection: {error}"));
            }
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
    if std::env::args().skip(1).any(|argument| argument == "--help" || argument == "-h") {
        print(USAGE);
        return ExitCode::SUCCESS;
    }
    let Some(arguments) = arguments() else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("wss_server: {}: {error}", arguments.listen));
            ExitCode::FAILURE
        }
    }
}
