//! The README's program: a client over a blocking socket. `cargo run --example minimal`, with the echo server running.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Clock};

use sansocket::{ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Event, Instant, Transport};

static CONFIG: Config = Config::new();

/// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system.
struct SystemEntropy(File);

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.read_exact(bytes).map_err(|_| EntropyError)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    let mut socket = TcpStream::connect("127.0.0.1:9001")?;
    let mut ws = Connection::client(&CONFIG, SystemEntropy(File::open("/dev/urandom")?), now());
    let (mut input, mut output) = ([0; 16 * 1024], [0; 4 * 1024]);
    let (mut at, mut end) = (0, 0);
    let written = ws.request(&ClientRequest::new("127.0.0.1:9001", "/"), now(), &mut output)?;
    socket.write_all(&output[..written])?;

    while ws.transport() != Transport::Close {
        let received = ws.receive(now(), &mut input[at..end], &mut output)?;
        at += received.consumed;
        let mut due = received.produced;
        match received.event {
            Some(Event::Opened(_)) => due += ws.send_text("Hello, sansocket", &mut output[due..])?,
            Some(Event::Data(data)) => {
                println!("{}", String::from_utf8_lossy(data.payload));
                due += ws.close(Some(CloseCode::NORMAL_CLOSURE), "", now(), &mut output[due..])?;
            }
            Some(event) => println!("{event:?}"),
            None => {
                input.copy_within(at..end, 0);
                (at, end) = (0, end - at);
                let wait = ws.millis_until_timeout(now()).map(|ms| ms.max(1));
                socket.set_read_timeout(wait.map(Duration::from_millis))?;
                match socket.read(&mut input[end..]) {
                    Ok(0) => drop(ws.receive_eof(now())),
                    Ok(len) => end += len,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => due = ws.handle_timeout(now(), &mut output).produced,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        socket.write_all(&output[..due])?;
    }
    println!("closed with {}, {}", ws.close_code(), if ws.was_clean() { "clean" } else { "not clean" });
    Ok(())
}
