//! An echo server over TLS, with a thread for each connection.
//!
//! `cargo run --bin wss_server -- --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT] [--deflate]`: certificate chain and key as
//! PEM. `--self-signed` first writes both files, for `localhost`; a client then trusts the certificate by its `--ca`. `--deflate`
//! compresses for clients that can do that, for 100 KB a connection.
//!
//! SIGTERM and Ctrl-C close all connections with 1001, and the program ends once they are over; the second time it ends at once.

use std::error::Error;
use std::io::{self, ErrorKind, Write, stdout};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection};
use sansocket::{
    Accept, Buffered, CallError, CloseCode, Codec, Commands, Config, Connection, DeflateConfig, Event, Header, NoEntropy, Origin,
    UsageError,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use wss::{Memory, Wire, complain, print, wait_for};

const USAGE: &str = "usage: wss_server --cert FILE --key FILE [--self-signed] [--listen ADDR:PORT] [--deflate]";
const READ_LEN: usize = 16 * 1024;
/// For the echo of the longest piece, with its header. Compressing makes bytes longer that cannot be made shorter.
const ROOM: usize = READ_LEN + READ_LEN / 8 + READ_LEN / 64 + 64 + 14;

/// Whether the program was told to end.
struct Stop {
    is_set: Arc<AtomicBool>,
    /// Can be read then. Nobody reads it, so it ends the wait of every thread.
    pipe: UnixStream,
}

impl Stop {
    fn on_signals() -> io::Result<Self> {
        let (pipe, end) = UnixStream::pair()?;
        let is_set = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, is_set.clone())?;
            signal_hook::flag::register(signal, is_set.clone())?;
            signal_hook::low_level::pipe::register(signal, end.try_clone()?)?;
        }
        Ok(Self { is_set, pipe })
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    fn wake(&self, poll: &Poll) -> io::Result<()> {
        poll.registry().register(&mut SourceFd(&self.pipe.as_raw_fd()), Token(1), Interest::READABLE)
    }
}

fn serve(socket: TcpStream, tls_config: Arc<ServerConfig>, deflate: DeflateConfig, stop: &Stop) -> Result<(), Box<dyn Error>> {
    let (config, mut memory) = (Config::new().deflate(deflate), Memory::default());
    let mut wire = Wire::new(ServerConnection::new(tls_config)?, socket)?;
    stop.wake(&wire.poll)?;
    let ws = Connection::server(&config, wire.now());
    let ws = Buffered::new(ws, vec![0; READ_LEN], vec![0; 2 * ROOM]);
    let mut ws = ws.deflate(memory.codec(&deflate), vec![0; READ_LEN]).in_pieces().room_for(ROOM);

    loop {
        if let Some((event, commands)) = ws.next(wire.now())? {
            answer(event, commands)?;
        } else if !wire.turn(&mut ws)? {
            return Ok(());
        }
        if stop.is_set() {
            // Once it closes, this does nothing.
            match ws.commands(wire.now()).close(CloseCode::GOING_AWAY, "") {
                // There is nobody yet to say goodbye to.
                Err(CallError::Usage(UsageError::NotOpen)) => return Ok(()),
                closed => closed?,
            }
        }
    }
}

fn answer(event: Event<'_>, mut ws: Commands<'_, '_, NoEntropy, impl Codec>) -> Result<(), CallError> {
    match event {
        Event::Request(request) => {
            // A browser that offers subprotocols and gets none hangs up.
            let subprotocol = request.subprotocols().next();
            ws.accept(&request, &Accept::new(Origin::Any).subprotocol(subprotocol))
        }
        Event::HttpRequest(_) => {
            ws.respond(404, &[Header::new("Content-Type", "text/plain")], b"This port speaks wss:// only.\n")
        }
        // There is room for all of it.
        Event::Data(data) => ws.send_part(data.kind, data.offset, data.payload, data.last).map(drop),
        event => {
            // Whether or not somebody reads the log.
            writeln!(stdout(), "{event:?}").ok();
            Ok(())
        }
    }
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

    let stop = Stop::on_signals()?;
    let listener = TcpListener::bind(&arguments.listen)?;
    listener.set_nonblocking(true)?;
    print(format_args!("listening on wss://{}/", listener.local_addr()?));
    // At its end it waits for all threads.
    thread::scope(|threads| {
        accept(listener, &stop, |socket| {
            let (tls_config, deflate, stop) = (tls_config.clone(), arguments.deflate, &stop);
            let serve = move || {
                if let Err(error) = serve(socket, tls_config, deflate, stop) {
                    complain(format_args!("wss_server: {error}"));
                }
            };
            thread::Builder::new().spawn_scoped(threads, serve).map(drop)
        })
    })?;
    Ok(())
}

/// Hands over all who come, until the program is to end.
fn accept(listener: TcpListener, stop: &Stop, hand_over: impl Fn(TcpStream) -> io::Result<()>) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    poll.registry().register(&mut SourceFd(&listener.as_raw_fd()), Token(0), Interest::READABLE)?;
    stop.wake(&poll)?;
    let mut is_refused = false;
    while !stop.is_set() {
        let served = match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(&mut poll, &mut events, None)?;
                continue;
            }
            accepted => accepted.and_then(|(socket, _)| hand_over(socket)),
        };
        let was_refused = std::mem::replace(&mut is_refused, served.is_err());
        if let Err(error) = served {
            if !was_refused {
                complain(format_args!("wss_server: cannot serve a connection: {error}"));
            }
            // Out of sockets or threads: that takes a while to pass.
            wait_for(&mut poll, &mut events, Some(Duration::from_millis(100)))?;
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
    deflate: DeflateConfig,
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
            "--deflate" => arguments.deflate = DeflateConfig::new(),
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
