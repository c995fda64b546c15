//! An echo server with zlib's codec, a thread for each connection, each with a codec of its own once it has agreed to compress.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant as Clock};

use sansocket::{
    Accept, Buffered, CompressedMessage, Config, Connection, DeflateConfig, Deflated, Event, Instant, Negotiated, Origin, Role,
    Transport,
};
use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};

const USAGE: &str = "echo_server [--deflate] [--listen ADDRESS:PORT] [--quiet]
  --deflate             compress, with zlib's level 6, if the client can do that too: 460 KB for each connection
  --listen ADDRESS:PORT where to listen, 127.0.0.1:9001 otherwise; port 0 stands for a free one
  --quiet               print only where it listens";

/// The longest message.
const LONGEST: usize = 16 << 20;

type Codec = Deflated<ZlibInflater, ZlibCompressor>;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut address, mut deflate, mut is_quiet) = ("127.0.0.1:9001".to_owned(), DeflateConfig::OFF, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--deflate" => deflate = DeflateConfig::new(),
            "--listen" => address = arguments.next().ok_or(USAGE)?,
            "--quiet" => is_quiet = true,
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            other => return Err(format!("{other} is no option\n{USAGE}").into()),
        }
    }
    let config: &'static Config =
        Box::leak(Box::new(Config::new().max_message_len(16 << 20).max_fragments(100_000).deflate(deflate)));
    let listener = TcpListener::bind(address)?;
    println!("{}", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        std::thread::spawn(move || {
            let done = serve(socket, config);
            if !is_quiet {
                done.unwrap_or_else(|error| eprintln!("{error}"));
            }
        });
    }
    Ok(())
}

/// A codec for what was agreed on. zlib cannot compress with a window of 8 bits: then all goes uncompressed.
fn agreed_codec(negotiated: Negotiated) -> Option<Codec> {
    let agreed = negotiated.deflate()?;
    let inflater = ZlibInflater::new(agreed.sent_by(Role::Client).max_window_bits)?;
    let compressor = ZlibCompressor::new(agreed.sent_by(Role::Server).max_window_bits.max(9), 6)?;
    Some(Deflated::new(inflater, compressor))
}

fn serve(mut socket: TcpStream, config: &'static Config<'static>) -> Result<(), Box<dyn Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    socket.set_write_timeout(Some(Duration::from_millis(100)))?;
    let room = CompressedMessage::max_len(LONGEST);
    let ws = Buffered::new(Connection::server(config, now()), vec![0; 64 << 10], vec![0; 2 * room]);
    let mut ws = ws.join_in(vec![0; LONGEST]).room_for(room);
    let (mut codec, mut was_shut_down) = (None, false);
    while ws.transport() != Transport::Close {
        loop {
            codec = codec.or_else(|| agreed_codec(ws.connection().negotiated()));
            match ws.next_with(now(), &mut codec)? {
                None => break,
                Some((Event::Request(request) | Event::HttpRequest(request), mut ws)) => {
                    ws.accept_or_refuse(&request, &Accept::new(Origin::Any))?;
                }
                Some((Event::Data(message), mut ws)) => ws.send(message.kind, message.payload)?,
                Some(_) => {}
            }
        }
        if !ws.due().is_empty() {
            match socket.write(ws.due()) {
                Ok(n) => ws.written(n, now()),
                Err(error) if is_not_yet(&error) => {}
                Err(_) => ws.write_failed(),
            }
        }
        if ws.transport() == Transport::ShutdownWrite && !was_shut_down {
            was_shut_down = true;
            socket.shutdown(Shutdown::Write).ok();
        }
        let wait = if ws.due().is_empty() { ws.millis_until_timeout(now()) } else { Some(1) };
        socket.set_read_timeout(wait.map(|ms| Duration::from_millis(ms.max(1))))?;
        match ws.space().map(|space| socket.read(space)) {
            None => ws.filled(0, now()),
            Some(Ok(0)) => ws.eof(),
            Some(Ok(n)) => ws.filled(n, now()),
            Some(Err(error)) if is_not_yet(&error) => ws.filled(0, now()),
            Some(Err(_)) => ws.eof(),
        }
    }
    Ok(())
}

/// Nothing is wrong: the time is over, or a signal came.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
