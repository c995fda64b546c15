//! A client that connects again, on fastwebsockets, with hyper for the opening handshake. README.md says what it does.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastwebsockets::{CloseCode, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, WebSocketRead, WebSocketWrite};
use fastwebsockets::{WebSocket, handshake};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, ReadHalf, Stdin, WriteHalf, stdin};
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(30);
const OPENING: Duration = Duration::from_secs(10);
const WRITING: Duration = Duration::from_secs(20);
const CLOSING: Duration = Duration::from_secs(5);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);

type Socket = TokioIo<Upgraded>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: client_fastwebsockets URL");
        std::process::exit(2);
    };
    let mut user = User::new()?;
    // Not by returning: that would wait for the thread that reads standard input.
    std::process::exit(run(&url, &mut user).await)
}

async fn run(url: &str, user: &mut User) -> i32 {
    let url = match url.parse::<Uri>() {
        Ok(url) if matches!(url.scheme_str(), Some("ws" | "wss")) && url.host().is_some() => url,
        _ => {
            eprintln!("not a URL for a WebSocket: {url}");
            return 2;
        }
    };
    let mut delay = FIRST_DELAY;
    loop {
        let connected = tokio::select! {
            connected = timeout(OPENING, connect(&url)) => connected.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer"))),
            _ = user.interrupt.recv() => return 0,
        };
        let failure = match connected {
            Ok(ws) => {
                eprintln!("connected");
                delay = FIRST_DELAY;
                match talk(ws, user).await {
                    Ok(Some(code)) => return code,
                    Ok(None) => "closed by the server".into(),
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => match error.downcast_ref() {
                Some(WebSocketError::InvalidStatusCode(status)) if is_final(*status) => {
                    eprintln!("refused: {status}");
                    return 3;
                }
                _ => error.to_string(),
            },
        };
        let pause = delay.mul_f64(0.5 + fastrand::f64() / 2.0);
        eprintln!("{failure}; again in {pause:.1?}");
        tokio::select! {
            _ = sleep(pause) => {}
            _ = user.interrupt.recv() => return 0,
        }
        delay = MAX_DELAY.min(delay * 2);
    }
}

/// Whether asking again would bring the same answer.
fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && ![408, 425, 429].contains(&status)
}

async fn connect(url: &Uri) -> Result<WebSocket<Socket>> {
    let host = url.host().context("no host")?;
    let is_secure = url.scheme_str() == Some("wss");
    let port = url.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let socket = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let request = Request::get(url.path_and_query().map_or("/", |target| target.as_str()))
        .header(HOST, url.authority().context("no host")?.as_str())
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())?;
    let executor = TokioExecutor::new();
    let (ws, _) = if is_secure {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_string())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
        handshake::client(&executor, request, stream).await?
    } else {
        handshake::client(&executor, request, socket).await?
    };
    Ok(ws)
}

/// Talks until one side ends: with an exit code if that was the user.
async fn talk(ws: WebSocket<Socket>, user: &mut User) -> Result<Option<i32>> {
    let (reader, mut writer) = ws.split(tokio::io::split);
    let (to_writer, mut events) = mpsc::channel(1);
    let mut reading = pin!(read(reader, to_writer));
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            biased; // What was read comes before the end of reading.
            Some(event) = events.recv() => {
                heard = Instant::now();
                match event {
                    Event::Message(frame) => print(&frame),
                    Event::Answer(frame) => write(&mut writer, frame).await?,
                }
            }
            ended = &mut reading => return ended.map(|()| None),
            line = user.next_line() => match line {
                Some(line) => {
                    write(&mut writer, Frame::text(line.into_bytes().into())).await?;
                    user.waiting = None;
                }
                None => break,
            },
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "the server does not answer Pings");
                write(&mut writer, Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b""))).await?;
            }
        }
    }
    let closed = async {
        write(&mut writer, Frame::close(CloseCode::Normal.into(), b"")).await?;
        let rest = async {
            loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => if let Event::Message(frame) = event { print(&frame) },
                    ended = &mut reading => return ended,
                }
            }
        };
        timeout(CLOSING, rest).await?
    };
    match closed.await {
        Ok(()) => Ok(Some(0)),
        Err(error) => {
            eprintln!("not closed in order: {error}");
            Ok(Some(1))
        }
    }
}

fn print(frame: &Frame<'_>) {
    if frame.opcode == OpCode::Text {
        println!("{}", String::from_utf8_lossy(&frame.payload));
    }
}

async fn write(writer: &mut WebSocketWrite<WriteHalf<Socket>>, frame: Frame<'_>) -> Result<()> {
    timeout(WRITING, async {
        writer.write_frame(frame).await?;
        // In TLS nothing is sent before.
        writer.flush().await
    })
    .await??;
    Ok(())
}

/// What a connection's reader hands to its writer.
enum Event {
    Message(Frame<'static>),
    /// A Pong or Close, to be sent.
    Answer(Frame<'static>),
}

/// Reads until the peer's Close. Apart from the writer, because a read that is dropped would lose bytes.
async fn read(reader: WebSocketRead<ReadHalf<Socket>>, events: mpsc::Sender<Event>) -> Result<()> {
    let mut reader = FragmentCollectorRead::new(reader);
    loop {
        let mut answer = |frame| {
            let answered = owned(frame);
            let events = events.clone();
            async move { events.send(Event::Answer(answered)).await }
        };
        let frame = owned(reader.read_frame(&mut answer).await?);
        let is_last = frame.opcode == OpCode::Close;
        events.send(Event::Message(frame)).await?;
        if is_last {
            return Ok(());
        }
    }
}

fn owned(frame: Frame<'_>) -> Frame<'static> {
    Frame::new(true, frame.opcode, None, Payload::Owned(frame.payload.to_vec()))
}

struct User {
    lines: Lines<BufReader<Stdin>>,
    pace: Interval,
    interrupt: Signal,
    /// A line that was read, but not sent yet.
    waiting: Option<String>,
}

impl User {
    fn new() -> io::Result<Self> {
        let mut pace = interval(Duration::from_secs(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { lines: BufReader::new(stdin()).lines(), pace, interrupt, waiting: None })
    }

    /// A line each second, or `None` at the end of standard input or Ctrl-C; the same line until it is taken from `waiting`.
    async fn next_line(&mut self) -> Option<String> {
        if self.waiting.is_none() {
            let line = async {
                self.pace.tick().await;
                self.lines.next_line().await.unwrap_or(None)
            };
            self.waiting = tokio::select! {
                line = line => line,
                _ = self.interrupt.recv() => None,
            };
        }
        self.waiting.clone()
    }
}
