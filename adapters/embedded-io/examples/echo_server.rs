//! An echo server on a host, without async, with a thread for each connection: `cargo run --example echo_server -- [--listen
//! ADDR:PORT]`. It is there so that peers that misbehave can meet the adapter; its socket shows what `blocking` wants of one that does not block.

use std::cell::Cell;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use sansocket::{Accept, Buffered, CallError, Config, Connection, Event, Instant, Origin};
use sansocket_embedded_io::Transport;
use sansocket_embedded_io::blocking::{Clock, Polled, WebSocket};

static CONFIG: Config = Config::new();
const USAGE: &str = "usage: echo_server [--listen ADDR:PORT]";
const INPUT: usize = 16 << 10;

/// Echoes what a peer sends, in pieces, until it is over.
fn serve(socket: Socket) -> Result<(), CallError> {
    let mut clock = System(std::time::Instant::now());
    let ws = Connection::server(&CONFIG, clock.now());
    let ws = Buffered::new(ws, vec![0; INPUT], vec![0; 2 * INPUT]).in_pieces().room_for(INPUT + 14);
    let mut ws = WebSocket::new(ws, socket, clock);
    while let Some((event, mut ws)) = ws.next()? {
        match event {
            Event::Request(request) | Event::HttpRequest(request) => {
                // A browser that offers subprotocols and gets none hangs up.
                let subprotocol = request.subprotocols().next();
                ws.accept_or_refuse(&request, &Accept::new(Origin::Any).subprotocol(subprotocol))?;
            }
            Event::Data(data) => drop(ws.send_part(data.kind, data.offset, data.payload, data.last)?),
            event => drop(writeln!(io::stdout(), "{event:?}")),
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let address = match &arguments[..] {
        [] => "127.0.0.1:9001",
        [option, address] if option == "--listen" => address,
        [option] if option == "--help" => return writeln!(io::stdout(), "{USAGE}"),
        _ => {
            writeln!(io::stderr(), "{USAGE}").ok();
            std::process::exit(2);
        }
    };
    let listener = TcpListener::bind(address)?;
    writeln!(io::stdout(), "listening on ws://{}/", listener.local_addr()?).ok();
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // There are no descriptors left, until some connection ends.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        thread::spawn(|| {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            serve(Socket { stream: Rc::new(stream), is_full: Rc::default() }).map_err(io::Error::other)
        });
    }
}

#[derive(Clone)]
struct Socket {
    stream: Rc<TcpStream>,
    /// The system took nothing of the last write. It says so only then, so the next look is after a sleep.
    is_full: Rc<Cell<bool>>,
}

impl Transport for Socket {
    fn split(&mut self) -> (impl embedded_io_async::Read, impl embedded_io_async::Write) {
        (Polled(self.clone()), Polled(self.clone()))
    }

    async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
        self.stream.shutdown(Shutdown::Write).map_or_else(|error| Err(error.kind().into()), |()| Ok(true))
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl ReadReady for Socket {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(!matches!(self.stream.peek(&mut [0]), Err(error) if is_not_yet(&error)))
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        (&*self.stream).read(buf).map_err(|error| error.kind().into())
    }
}

impl WriteReady for Socket {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(!self.is_full.take())
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        (&*self.stream).write(buf).map_err(|error| {
            self.is_full.set(is_not_yet(&error));
            if is_not_yet(&error) { ErrorKind::TimedOut } else { error.kind().into() }
        })
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

struct System(std::time::Instant);

impl Clock for System {
    fn now(&mut self) -> Instant {
        Instant::from(self.0.elapsed())
    }

    fn idle(&mut self, _: Option<Instant>) {
        thread::sleep(Duration::from_millis(1));
    }
}
