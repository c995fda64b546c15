//! Socket.IO behind hyper: requests as they come over real sockets.
#![cfg(feature = "socketio")]

use core::net::SocketAddr;
use core::time::Duration;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sansocket_tokio::socketio::engine::server::{
    Config as EngineConfig, Event as EngineEvent, Message as EngineMessage, Outgoing,
};
use sansocket_tokio::socketio::{Config, EngineServer, Event, Host, Io, Machine, Message, Reason, To};
use sansocket_tokio::{CloseCode, Connector, Error, Message as WsMessage, Origin, WebSocket, connect};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Serves any path, by one thread for each connection's requests.
async fn start<S: Machine>(host: &Host<S>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let host = host.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let host = host.clone();
            let serve = service_fn(move |request: Request<Incoming>| {
                let host = host.clone();
                async move { Ok::<Response<Full<Bytes>>, Error>(host.serve(request).await) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(socket), serve).with_upgrades());
        }
    });
    address
}

/// What a handler was told, in short.
type Log = Arc<Mutex<Vec<String>>>;

/// Accepts everybody in `/`, echoes `message`, and panics at `panic`.
fn handle(io: &mut Io<'_>, event: Event<'_>, log: &Log) {
    let line = match event {
        Event::Connect { socket, namespace, .. } => {
            io.accept(socket);
            format!("connect {namespace}")
        }
        Event::Message { socket, packet, .. } => match packet.name().unwrap().as_json() {
            "\"message\"" => {
                io.emit(
                    socket,
                    &Message::new("message", |args| packet.args().fold(args, |args, arg| args.json(arg.as_json()))).unwrap(),
                );
                return;
            }
            "\"panic\"" => {
                log.lock().unwrap().push("panics".to_owned());
                panic!("as it was told to");
            }
            name => name.to_owned(),
        },
        Event::Disconnected { .. } if log.lock().unwrap().last().is_some_and(|last| last == "panics") => panic!("once more"),
        Event::Disconnected { reason, .. } => format!("disconnected: {reason}"),
        _ => return,
    };
    log.lock().unwrap().push(line);
}

fn host_with(config: Config, origin: Origin<'static>) -> (Host, Log) {
    let log = Log::default();
    let lines = log.clone();
    (Host::new(config, origin, move |io, event| handle(io, event, &lines)), log)
}

fn host() -> (Host, Log) {
    host_with(Config::new(), Origin::Any)
}

/// Waits until the handler was told something, the last of it.
async fn told(log: &Log, line: &str) {
    let wait = async {
        while log.lock().unwrap().last().is_none_or(|last| last != line) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(5), wait).await.unwrap_or_else(|_| panic!("{line:?} is not the last of {log:?}"));
}

/// A connection for one request after the other.
struct Http(TcpStream);

impl Http {
    async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn send(&mut self, method: &str, query: &str, headers: &str, body: &str) {
        let len = body.len();
        let head =
            format!("{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len}\r\n{headers}\r\n");
        self.0.write_all((head + body).as_bytes()).await.unwrap();
    }

    /// Head and body of the next answer.
    async fn answer(&mut self) -> (String, String) {
        let mut bytes = Vec::new();
        loop {
            assert_ne!(
                timeout(Duration::from_secs(5), self.0.read_buf(&mut bytes)).await.expect("no answer").unwrap(),
                0,
                "{bytes:?}"
            );
            // Frames may follow a 101.
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let len = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= len.map_or(0, |len| len.parse().unwrap()) {
                return (head.to_lowercase(), body.to_owned());
            }
        }
    }

    async fn ask(&mut self, method: &str, query: &str, body: &str) -> (u16, String) {
        self.send(method, query, "", body).await;
        let (head, body) = self.answer().await;
        (head[9..12].parse().unwrap(), body)
    }

    /// Opens a session over polling, in the namespace `/`: how further requests name it.
    async fn open(&mut self) -> String {
        let (status, handshake) = self.ask("GET", "transport=polling", "").await;
        assert_eq!(status, 200);
        let sid = handshake.split('"').nth(3).unwrap();
        let session = format!("transport=polling&sid={sid}");
        assert_eq!(self.ask("POST", &session, "40").await, (200, "ok".to_owned()));
        assert!(self.ask("GET", &session, "").await.1.starts_with("40{\"sid\":"));
        session
    }
}

/// A session over WebSocket, in the namespace `/`.
async fn open_ws(address: SocketAddr) -> WebSocket<impl AsyncReadExt + AsyncWriteExt + Unpin> {
    let mut ws = connect(&format!("ws://{address}/socket.io/?EIO=4&transport=websocket")).await.unwrap();
    assert!(text(&mut ws).await.starts_with("0{"));
    ws.send("40").await.unwrap();
    assert!(text(&mut ws).await.starts_with("40{\"sid\":"));
    ws
}

async fn text<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(ws: &mut WebSocket<S>) -> String {
    let message = timeout(Duration::from_secs(5), ws.next()).await.expect("no message").unwrap().unwrap();
    message.as_text().unwrap().to_owned()
}

#[tokio::test]
async fn messages_go_by_polls() {
    let (host, log) = host();
    let address = start(&host).await;
    let mut http = Http::connect(address).await;
    let session = http.open().await;
    assert_eq!(http.ask("POST", &session, "42[\"message\",\"Grüße\"]\u{1e}42[\"message\"]").await.0, 200);
    assert_eq!(http.ask("GET", &session, "").await, (200, "42[\"message\",\"Grüße\"]\u{1e}42[\"message\"]".to_owned()));
    assert_eq!(http.ask("POST", &session, "1").await.0, 200);
    told(&log, "disconnected: transport close").await;
    assert_eq!(http.ask("GET", &session, "").await, (400, r#"{"code":1,"message":"Session ID unknown"}"#.to_owned()));
}

#[tokio::test]
async fn a_poll_waits_for_what_any_task_emits() {
    let (host, _) = host();
    let mut http = Http::connect(start(&host).await).await;
    let session = http.open().await;
    http.send("GET", &session, "", "").await;
    let early = timeout(Duration::from_millis(50), http.answer()).await;
    assert!(early.is_err(), "{early:?}");
    let emitted =
        std::thread::spawn(move || host.with(|io| io.emit(To::namespace("/"), &Message::new("news", |args| args).unwrap())));
    let (head, body) = http.answer().await;
    assert_eq!((body.as_str(), emitted.join().unwrap()), ("42[\"news\"]", 1));
    assert!(head.contains("content-type: text/plain; charset=utf-8\r\n") && head.contains("cache-control: no-store"), "{head}");
}

#[tokio::test]
async fn a_poll_that_is_given_up_ends_the_session() {
    let (host, log) = host();
    let mut http = Http::connect(start(&host).await).await;
    let session = http.open().await;
    http.send("GET", &session, "", "").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(*log.lock().unwrap(), ["connect /"]);
    drop(http);
    told(&log, "disconnected: transport error").await;
}

#[tokio::test]
async fn bodies_are_limited_in_length_and_time() {
    let mut config = Config::new();
    config.engine = EngineConfig { ping_interval_ms: 200, ping_timeout_ms: 100, max_payload: 1000, ..EngineConfig::new() };
    let (host, _) = host_with(config, Origin::Any);
    let address = start(&host).await;
    let mut http = Http::connect(address).await;
    let session = http.open().await;
    let exact = format!("42[\"message\",\"{}\"]", "x".repeat(1000 - 16));
    assert_eq!((exact.len(), http.ask("POST", &session, &exact).await.0), (1000, 200));
    assert_eq!(http.ask("POST", &session, &(exact + " ")).await.0, 413);
    // Nine bytes of ten, and nothing more.
    let mut slow = Http::connect(address).await;
    let head = format!("POST /socket.io/?EIO=4&{session} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123456789");
    slow.0.write_all(head.as_bytes()).await.unwrap();
    let start = std::time::Instant::now();
    assert!(slow.answer().await.0.starts_with("http/1.1 408 "));
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unless_allowed() {
    let of = |head: &str| {
        (
            head[9..12].to_owned(),
            head.lines().find_map(|line| line.strip_prefix("access-control-allow-origin: ").map(str::to_owned)),
        )
    };
    let status = |status: &str, page: Option<&str>| (status.to_owned(), page.map(str::to_owned));
    let same = Origin::SameHost { secure: false };
    let list = Origin::OneOf(&["https://a.example", "https://b.example"]);
    for (origin, headers, expected) in [
        (same, "", status("200", None)),
        (same, "Origin: http://localhost\r\n", status("200", None)),
        (same, "Origin: http://evil.example\r\n", status("403", None)),
        (same, "Origin: null\r\n", status("403", None)),
        (list, "", status("200", None)),
        (list, "Origin: https://b.example\r\n", status("200", Some("https://b.example"))),
        (list, "Origin: https://c.example\r\n", status("403", None)),
        (list, "Origin: https://a.example\r\nOrigin: https://b.example\r\n", status("403", None)),
        (Origin::Any, "Origin: https://c.example\r\n", status("200", Some("*"))),
    ] {
        let (host, _) = host_with(Config::new(), origin);
        let mut http = Http::connect(start(&host).await).await;
        http.send("GET", "transport=polling", headers, "").await;
        assert_eq!(of(&http.answer().await.0), expected, "{origin:?}, {headers:?}");
    }
    // A WebSocket of such a page, and one that breaks a rule of its own.
    let (host, _) = host_with(Config::new(), list);
    let address = start(&host).await;
    for (headers, expected) in [
        ("Origin: https://a.example\r\nSec-WebSocket-Version: 13\r\n", "101"),
        ("Origin: https://c.example\r\nSec-WebSocket-Version: 13\r\n", "403"),
        ("Sec-WebSocket-Version: 12\r\n", "426"),
    ] {
        let headers =
            format!("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}");
        let mut http = Http::connect(address).await;
        http.send("GET", "transport=websocket", &headers, "").await;
        assert_eq!(of(&http.answer().await.0).0, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn a_session_goes_over_websocket_to_its_end() {
    let (host, log) = host();
    let address = start(&host).await;
    let mut ws = open_ws(address).await;
    ws.send("42[\"message\",1]").await.unwrap();
    assert_eq!(text(&mut ws).await, "42[\"message\",1]");
    ws.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    told(&log, "disconnected: transport close").await;

    let mut ws = open_ws(address).await;
    host.with(|io| io.shut_down());
    while let Some(message) = timeout(Duration::from_secs(5), ws.next()).await.unwrap() {
        message.unwrap();
    }
    assert_eq!(ws.close_code(), CloseCode::NORMAL_CLOSURE);
    told(&log, "disconnected: server shutting down").await;
}

#[tokio::test]
async fn the_timer_pings_and_gives_up() {
    let mut config = Config::new();
    (config.engine.ping_interval_ms, config.engine.ping_timeout_ms) = (100, 150);
    let (host, log) = host_with(config, Origin::Any);
    let address = start(&host).await;
    let (mut silent, mut alive) = (open_ws(address).await, open_ws(address).await);
    let start = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(text(&mut alive).await, "2");
        alive.send("3").await.unwrap();
    }
    assert_eq!(text(&mut silent).await, "2");
    assert!(timeout(Duration::from_secs(5), silent.next()).await.unwrap().is_none());
    assert!(start.elapsed() >= Duration::from_millis(240), "{:?}", start.elapsed());
    assert_eq!(*log.lock().unwrap(), ["connect /", "connect /", "disconnected: ping timeout"]);
}

#[tokio::test]
async fn a_slow_client_delays_nobody_and_is_not_kept_for_ever() {
    let mut config = Config::new();
    config.engine.max_queued = 8_000_000;
    let (host, log) = host_with(config, Origin::Any);
    let address = start(&host).await;
    let (mut slow, mut quick) = (open_ws(address).await, open_ws(address).await);
    let large = Message::new("large", |args| args.text(&"x".repeat(500_000))).unwrap();
    // What waits arrives, in order.
    for number in 0..10 {
        host.with(|io| io.emit(To::namespace("/"), &large));
        quick.send(format!("42[\"message\",{number}]")).await.unwrap();
        assert_eq!(text(&mut quick).await.len(), large.as_json().len() + 2);
        assert_eq!(text(&mut quick).await, format!("42[\"message\",{number}]"));
    }
    for _ in 0..10 {
        assert_eq!(text(&mut slow).await.len(), large.as_json().len() + 2);
    }
    assert_eq!(*log.lock().unwrap(), ["connect /", "connect /"]);
    // Beyond what is allowed to wait, and what the system keeps.
    for _ in 0..200 {
        if host.with(|io| io.emit(To::namespace("/"), &large)) < 2 {
            break;
        }
        assert_eq!(text(&mut quick).await.len(), large.as_json().len() + 2);
    }
    told(&log, "disconnected: queue full").await;
    quick.send("42[\"message\"]").await.unwrap();
    while text(&mut quick).await != "42[\"message\"]" {}
}

#[tokio::test]
async fn the_handler_lives_as_long_as_somebody_can_call_it() {
    let log = Log::default();
    let lines = log.clone();
    let host = Host::new(Config::new(), Origin::Any, move |io, event| handle(io, event, &lines));
    let (client, server) = tokio::io::duplex(1 << 16);
    let serve = service_fn(move |request: Request<Incoming>| {
        let host = host.clone();
        async move { Ok::<Response<Full<Bytes>>, Error>(host.serve(request).await) }
    });
    let served =
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), serve).with_upgrades());
    static CONFIG: sansocket_tokio::Config = sansocket_tokio::Config::new();
    let mut ws = Connector::new(&CONFIG).over(client, "ws://localhost/?EIO=4&transport=websocket").await.unwrap();
    assert!(text(&mut ws).await.starts_with("0{"));
    // The host went with the service, and its connection is there still.
    served.await.unwrap().unwrap();
    ws.send("40").await.unwrap();
    assert!(text(&mut ws).await.starts_with("40{"));
    assert_eq!(Arc::strong_count(&log), 2);
    drop(ws);
    told(&log, "disconnected: transport close").await;
    let gone = async {
        while Arc::strong_count(&log) > 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(5), gone).await.expect("something keeps the host");
}

#[tokio::test]
async fn a_handler_that_panics_harms_the_one_whose_message_it_was() {
    let (host, log) = host();
    let address = start(&host).await;
    let (mut bad, mut good) = (open_ws(address).await, open_ws(address).await);
    bad.send("42[\"panic\"]").await.unwrap();
    assert!(timeout(Duration::from_secs(5), bad.next()).await.unwrap().is_none_or(|end| end.is_err()));
    good.send("42[\"message\",2]").await.unwrap();
    assert_eq!(text(&mut good).await, "42[\"message\",2]");
    log.lock().unwrap().clear();
    good.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    told(&log, "disconnected: transport close").await;
}

#[tokio::test]
async fn a_handler_that_panics_does_not_stop_the_clock() {
    let mut config = Config::new();
    (config.engine.ping_interval_ms, config.engine.ping_timeout_ms) = (100, 150);
    let log = Log::default();
    let lines = log.clone();
    let host = Host::new(config, Origin::Any, move |io, event| match event {
        Event::Connect { socket, .. } => drop(io.accept(socket)),
        Event::Disconnected { reason, .. } => {
            lines.lock().unwrap().push(format!("disconnected: {reason}"));
            panic!("for each that goes");
        }
        _ => {}
    });
    let address = start(&host).await;
    let (silent, mut alive) = (open_ws(address).await, open_ws(address).await);
    // The timer has told of the first one's end, and of the others' it tells, too.
    for _ in 0..5 {
        assert_eq!(text(&mut alive).await, "2");
        alive.send("3").await.unwrap();
    }
    assert_eq!(*log.lock().unwrap(), ["disconnected: ping timeout"]);
    drop((silent, alive));
    told(&log, "disconnected: transport close").await;
}

#[tokio::test]
async fn a_handler_that_panics_holds_back_nothing_for_others() {
    let host = Host::new(Config::new(), Origin::Any, |io, event| match event {
        Event::Connect { socket, .. } => drop(io.accept(socket)),
        Event::Message { .. } => {
            io.emit(To::namespace("/"), &Message::new("news", |args| args).unwrap());
            panic!("after that");
        }
        _ => {}
    });
    let address = start(&host).await;
    let (mut bad, mut good) = (open_ws(address).await, open_ws(address).await);
    bad.send("42[\"any\"]").await.unwrap();
    assert_eq!(text(&mut good).await, "42[\"news\"]");
}

#[test]
fn a_host_outlives_the_runtime_of_its_first_client() {
    let mut config = Config::new();
    (config.engine.ping_interval_ms, config.engine.ping_timeout_ms) = (100, 150);
    let (host, _) = host_with(config, Origin::Any);
    for _ in 0..2 {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut ws = open_ws(start(&host).await).await;
            assert_eq!(text(&mut ws).await, "2");
        });
    }
}

#[tokio::test]
async fn over_http_2_the_host_is_in_the_target() {
    let (host, _) = host_with(Config::new(), Origin::SameHost { secure: true });
    for (origin, expected) in [("https://localhost", 200), ("https://evil.example", 403)] {
        let request = Request::get("https://localhost/socket.io/?EIO=4&transport=polling")
            .version(hyper::Version::HTTP_2)
            .header("origin", origin)
            .body(Full::<Bytes>::default());
        let response: Response<Full<Bytes>> = host.serve(request.unwrap()).await;
        assert_eq!(response.status(), expected, "{origin}");
    }
}

#[tokio::test]
async fn engine_io_alone_is_served_the_same_way() {
    let host = Host::engine(EngineConfig::new(), Origin::Any, |server: &mut EngineServer, event| {
        if let EngineEvent::Message(session, message) = event {
            server.send(
                session,
                match message {
                    EngineMessage::Text(text) => Outgoing::text(text),
                    EngineMessage::Binary(bytes) => Outgoing::Binary(bytes.to_vec().into()),
                },
            );
        }
    });
    let address = start(&host).await;
    let mut http = Http::connect(address).await;
    let (_, handshake) = http.ask("GET", "transport=polling", "").await;
    let sid = handshake.split('"').nth(3).unwrap();
    let session = format!("transport=polling&sid={sid}");
    http.ask("POST", &session, "4hello\u{1e}bAQID").await;
    assert_eq!(http.ask("GET", &session, "").await.1, "4hello\u{1e}bAQID");

    // To a WebSocket, with a message that waits meanwhile.
    let mut ws = connect(&format!("ws://{address}/engine.io/?EIO=4&transport=websocket&sid={sid}")).await.unwrap();
    ws.send("2probe").await.unwrap();
    assert_eq!(text(&mut ws).await, "3probe");
    http.ask("POST", &session, "4waits").await;
    ws.send("5").await.unwrap();
    assert_eq!(text(&mut ws).await, "4waits");
    ws.send(WsMessage::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap(), WsMessage::binary(vec![1, 2, 3]));
    assert_eq!(http.ask("GET", &session, "").await.0, 400);
}

#[test]
fn what_is_spawned_and_shared_can_be() {
    fn is_send<T: Send>(_: T) {}
    fn is_shared<T: Send + Sync + Clone>() {}
    is_shared::<Host>();
    is_shared::<Host<EngineServer>>();
    let (host, _) = host();
    is_send(host.serve::<Bytes>(Request::new(Full::new(Bytes::new()))));
    assert_eq!(Reason::QueueFull.to_string(), "queue full");
}
