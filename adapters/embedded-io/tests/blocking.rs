//! The calls that wait, over TCP of this machine: two threads that are not async.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use sansocket::{
    Buffered, CallError, ClientRequest, CloseCode, Config, Connection, EndCause, Entropy, EntropyError, Event, Instant,
    MessageKind, Origin,
};
use sansocket_embedded_io::blocking::{Clock, Polled, WebSocket};
use sansocket_embedded_io::{HandshakeError, Transport};

static CONFIG: Config = Config::new().handshake_timeout_ms(300);

/// A direction of a socket that does not block.
struct Half {
    socket: Rc<TcpStream>,
}

impl ErrorType for Half {
    type Error = ErrorKind;
}

impl ReadReady for Half {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        match self.socket.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            _ => Ok(true),
        }
    }
}

impl Read for Half {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        (&*self.socket).read(buf).map_err(|error| error.kind().into())
    }
}

impl WriteReady for Half {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(true)
    }
}

impl Write for Half {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        match (&*self.socket).write(buf) {
            // The system does not say before whether it would take something. `TimedOut` is "not yet".
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(ErrorKind::TimedOut),
            done => done.map_err(|error| error.kind().into()),
        }
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct Socket(Rc<TcpStream>);

impl Transport for Socket {
    fn split(&mut self) -> (impl embedded_io_async::Read, impl embedded_io_async::Write) {
        let half = || Polled(Half { socket: self.0.clone() });
        (half(), half())
    }

    async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
        self.0.shutdown(Shutdown::Write).map_or_else(|error| Err(error.kind().into()), |()| Ok(true))
    }
}

struct System(std::time::Instant);

impl Clock for System {
    fn now(&mut self) -> Instant {
        Instant::from(self.0.elapsed())
    }

    fn idle(&mut self, until: Option<Instant>) {
        assert!(until.is_some(), "there is always a deadline here");
        std::thread::sleep(Duration::from_micros(100));
    }
}

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(101);
            *byte = self.0;
        }
        Ok(())
    }
}

fn socket(stream: TcpStream) -> Socket {
    stream.set_nonblocking(true).unwrap();
    Socket(Rc::new(stream))
}

/// Echoes messages until the peer closes; returns its code.
fn serve(listener: &TcpListener) -> Result<CloseCode, HandshakeError> {
    let mut clock = System(std::time::Instant::now());
    let ws = Buffered::new(Connection::server(&CONFIG, clock.now()), [0; 1024], [0; 1200]).in_pieces().room_for(1038);
    let mut ws = WebSocket::new(ws, socket(listener.accept().unwrap().0), clock);
    ws.accept(Origin::Any)?;
    while let Some((event, mut ws)) = ws.next()? {
        if let Event::Data(data) = event {
            ws.send_part(data.kind, data.offset, data.payload, data.last)?;
        }
    }
    Ok(ws.connection().close_code())
}

#[test]
fn a_client_and_a_server_in_threads_echo_and_close() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = std::thread::spawn(move || serve(&listener));

    let mut clock = System(std::time::Instant::now());
    let ws = Buffered::new(Connection::client(&CONFIG, Counter(0), clock.now()), [0; 1024], [0; 1024]).in_pieces();
    let mut ws = WebSocket::new(ws, socket(stream), clock);
    assert_eq!(ws.connect(&ClientRequest::new("localhost", "/")).unwrap().status(), 101);
    ws.send_text("hello").unwrap();
    // More than both systems keep, so that the echo has to be taken while it is sent.
    let long: Vec<u8> = (0..10_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (mut sent, mut got) = (0, Vec::new());
    while got.len() < long.len() + 5 {
        use sansocket_embedded_io::Done;
        let rest = &long[sent..];
        let done = ws
            .next_or(|ws| {
                if rest.is_empty() {
                    return Err(CallError::NeedsRoom { bytes: 1 });
                }
                ws.send_part(MessageKind::Binary, sent as u64, rest, true)
            })
            .unwrap();
        match done {
            Done::Command(taken) => sent += taken,
            Done::Event(Event::Data(data), _) => got.extend_from_slice(data.payload),
            Done::Event(..) => {}
            Done::Over => panic!("over, after {} bytes", got.len()),
        }
    }
    assert_eq!(&got[..5], b"hello");
    assert!(got[5..] == long, "the echo differs");
    assert_eq!(ws.close(CloseCode::GOING_AWAY, "done"), Ok(true));
    assert_eq!(server.join().unwrap(), Ok(CloseCode::GOING_AWAY));
    assert_eq!(ws.transport_error(), None);
}

#[test]
fn a_peer_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let start = std::time::Instant::now();
    assert_eq!(serve(&listener), Err(HandshakeError::Ended { cause: EndCause::HandshakeTimeout }));
    assert!(start.elapsed() >= Duration::from_millis(300));
}
