//! A client that comes back, over real sockets: servers that die, refuse, redirect and say nothing, proxies, and futures that are dropped.
//! Where the clock stands still unless everything waits (`start_paused`), hours pass in no time.

mod support;

use core::time::Duration;
use sansocket_tokio::accept_with;
use sansocket_tokio::session::{
    Builder, Cause, DialError, Event, Numbers, Overflow, SendError, Sender, Session, SessionConfig, SessionState, SetupError,
};
use sansocket_tokio::{
    Accept, CloseCode, Config, Error, Handshake, Header, Message, Origin, ProtocolError, UsageError, WebSocket, accept,
};
use std::sync::{Arc, Mutex};
use support::cut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, advance, sleep, timeout};

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new();
/// Comes back at once.
static QUICK: SessionConfig = SessionConfig::new().first_delay_ms(10).min_delay_ms(5).max_delay_ms(20).min_uptime_ms(0);
/// A server whose deadlines do not end a connection when the clock jumps.
static PATIENT: Config = Config::new().keepalive_interval_ms(0);

/// Longer than any wait, by a clock that jumps.
const PATIENCE: Duration = Duration::from_secs(100);

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

fn quick(url: &str) -> Session {
    Session::builder(&CONFIG, &QUICK).start(url).unwrap()
}

async fn server(listener: &TcpListener) -> WebSocket<TcpStream> {
    let (socket, _) = listener.accept().await.unwrap();
    // Otherwise a Pong behind an echo waits for 40 ms of real time.
    socket.set_nodelay(true).unwrap();
    accept_with(&PATIENT, socket, Origin::Any).await.unwrap()
}

/// Answers each message with itself, on one connection after the other.
fn echo(listener: TcpListener) -> AbortHandle {
    let served = tokio::spawn(async move {
        loop {
            let mut ws = server(&listener).await;
            tokio::spawn(async move {
                while let Some(Ok(message)) = ws.next().await {
                    ws.send(message).await.ok();
                }
            });
        }
    });
    served.abort_handle()
}

/// A clock that stands still goes on when everything waits, and bytes that are on their way through the system count as waiting: so
/// that they arrive, a second does not pass before a little of real time has.
fn brake() {
    tokio::spawn(async {
        loop {
            sleep(Duration::from_secs(1)).await;
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
        }
    });
}

/// The next event, which has to come.
async fn next(session: &mut Session) -> Event {
    timeout(PATIENCE, session.next()).await.expect("an event").expect("no end")
}

async fn up(session: &mut Session) {
    match next(session).await {
        Event::Up(response) => assert_eq!(response.status, 101),
        other => panic!("{other:?}"),
    }
}

async fn message(session: &mut Session) -> String {
    match next(session).await {
        Event::Message(message) => message.as_text().expect("text").to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn down(session: &mut Session) -> (Cause, Option<Duration>, u64) {
    match next(session).await {
        Event::Down { cause, retry_in, unconfirmed, .. } => (cause, retry_in, unconfirmed.count),
        other => panic!("{other:?}"),
    }
}

async fn end(session: &mut Session) {
    assert!(timeout(PATIENCE, session.next()).await.expect("the end").is_none());
    assert_eq!(session.state(), SessionState::Stopped);
}

/// The head of a request, and the socket.
async fn head(listener: &TcpListener) -> (String, TcpStream) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a head"));
    }
    (String::from_utf8(head).unwrap(), socket)
}

async fn refuse(listener: &TcpListener, answer: &str) -> String {
    let (head, mut socket) = head(listener).await;
    socket.write_all(answer.as_bytes()).await.unwrap();
    // Until the client has gone.
    while socket.read_u8().await.is_ok() {}
    head
}

/// What servers have seen, over all their lives.
#[derive(Default)]
struct Seen {
    connections: u64,
    messages: Vec<u64>,
}

/// Notes each message, and sends numbered ones of its own, `CONNECTION:NUMBER`.
async fn talk(mut ws: WebSocket<TcpStream>, seen: Arc<Mutex<Seen>>) -> Result<(), Error> {
    let connection = {
        let mut seen = seen.lock().unwrap();
        seen.connections += 1;
        seen.connections
    };
    let mut ticker = tokio::time::interval(Duration::from_micros(700));
    let mut number = 0;
    loop {
        tokio::select! {
            message = ws.next() => match message.transpose()? {
                Some(message) => seen.lock().unwrap().messages.push(message.as_text().unwrap().parse().unwrap()),
                None => return Ok(()),
            },
            _ = ticker.tick() => {
                ws.feed(format!("{connection}:{number}")).await?;
                number += 1;
            }
        }
    }
}

/// A server's process: all that it has open goes with it.
fn start(listener: TcpListener, seen: Arc<Mutex<Seen>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            connections.spawn(async move { talk(accept(socket, Origin::Any).await?, seen).await });
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_restarts_lose_nothing_that_is_not_told() {
    let (listener, url) = listen().await;
    let address = listener.local_addr().unwrap();
    let seen = Arc::<Mutex<Seen>>::default();
    let killer = tokio::spawn({
        let seen = seen.clone();
        async move {
            let mut listener = Some(listener);
            for round in 0..20 {
                let bound = match listener.take() {
                    Some(listener) => listener,
                    None => TcpListener::bind(address).await.unwrap(),
                };
                let process = start(bound, seen.clone());
                let before = seen.lock().unwrap().messages.len();
                // It dies in the middle, wherever that is.
                while seen.lock().unwrap().messages.len() < before + 10 + round {
                    sleep(Duration::from_micros(300)).await;
                }
                process.abort();
                assert!(process.await.unwrap_err().is_cancelled());
                sleep(Duration::from_millis(round as u64)).await;
            }
            start(TcpListener::bind(address).await.unwrap(), seen.clone()).abort_handle()
        }
    });
    let mut session = quick(&url);
    let mut ticker = tokio::time::interval(Duration::from_micros(500));
    let (mut sent, mut told, mut heard, mut losses) = (0, Vec::<Numbers>::new(), Vec::new(), 0);
    loop {
        tokio::select! {
            event = session.next() => match event {
                Some(Event::Message(message)) => heard.push(message.as_text().unwrap().to_owned()),
                Some(Event::Down { cause, unconfirmed, .. }) => {
                    losses += u32::from(cause != Cause::Application && cause != Cause::Dial(DialError::Connect));
                    told.push(unconfirmed);
                }
                Some(Event::Dropped(numbers)) => panic!("{numbers:?}"),
                Some(_) => {}
                None => break,
            },
            _ = ticker.tick() => {
                if killer.is_finished() {
                    session.finish(CloseCode::NORMAL_CLOSURE, "done").unwrap();
                } else {
                    sent += 1;
                    assert_eq!(session.send(sent.to_string()), Ok(sent));
                }
            }
        }
    }
    killer.await.unwrap().abort();
    let seen = seen.lock().unwrap();
    assert!(seen.connections >= 20 && losses >= 20, "{} connections, {losses} losses", seen.connections);
    assert!(seen.messages.is_sorted_by(|one, other| one < other), "something came twice, or late: {:?}", seen.messages);
    let is_told = |number: u64| told.iter().any(|numbers| (numbers.first..=numbers.last).contains(&number));
    let lost: Vec<_> = (1..=sent).filter(|number| seen.messages.binary_search(number).is_err()).collect();
    assert!(lost.iter().all(|&number| is_told(number)), "{lost:?} are lost, {told:?} are told");
    assert!(told.last().unwrap().is_empty(), "the Ping before the Close was answered");
    // What a server sent comes as far as it has come, each once and in order.
    let mut expected = (0, 0);
    for text in heard {
        let (connection, number) = text.split_once(':').unwrap();
        let (connection, number): (u64, u64) = (connection.parse().unwrap(), number.parse().unwrap());
        if connection != expected.0 {
            assert!(connection > expected.0, "{text} after {expected:?}");
            expected = (connection, 0);
        }
        assert_eq!(number, expected.1, "of connection {connection}");
        expected.1 += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn server_that_accepts_and_drops_is_not_dialled_in_a_tight_loop() {
    brake();
    let (listener, url) = listen().await;
    let drops = tokio::spawn(async move {
        loop {
            let mut ws = server(&listener).await;
            ws.send("hello").await.ok();
        }
    });
    let mut session = Session::builder(&CONFIG, &SESSION).start(&url).unwrap();
    let (start, mut dials) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(600) {
        up(&mut session).await;
        dials += 1;
        assert_eq!(message(&mut session).await, "hello");
        assert!(matches!(down(&mut session).await, (Cause::Lost(_), Some(_), 0)));
        assert_eq!(session.failures(), dials);
    }
    // 5, 1, 2, 4, 8, 16 and then 30 seconds each, more or less.
    assert!((20..=45).contains(&dials), "{dials}");
    drops.abort();
}

#[tokio::test(start_paused = true)]
async fn dials_that_fail_are_told_with_what_the_system_says() {
    brake();
    let (listener, url) = listen().await;
    drop(listener);
    static THREE: SessionConfig = SessionConfig::new().max_failures(3);
    let mut session = Session::builder(&CONFIG, &THREE).start(&url).unwrap();
    for number in 1..=3 {
        let asked = Instant::now();
        let Event::Down { cause, retry_in, error, .. } = next(&mut session).await else { panic!("not down") };
        assert_eq!(cause, Cause::Dial(DialError::Connect));
        assert_eq!(error.unwrap().kind(), std::io::ErrorKind::ConnectionRefused);
        assert_eq!(retry_in.is_some(), number < 3);
        assert_eq!(session.failures(), number);
        assert!(number == 1 || asked.elapsed() > Duration::from_millis(1), "no wait before dial {number}");
    }
    assert!(matches!(next(&mut session).await, Event::GaveUp));
    end(&mut session).await;
    // A name that nobody can have: a label has at most 63 bytes.
    let url = format!("ws://{}.example/", "x".repeat(64));
    let mut session = Session::builder(&CONFIG, &SESSION).start(&url).unwrap();
    assert!(matches!(down(&mut session).await, (Cause::Dial(DialError::Name), Some(_), 0)));
}

#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn wss_without_tls_is_final() {
    let (_listener, url) = listen().await;
    let mut session = quick(&url.replace("ws:", "wss:"));
    assert!(matches!(down(&mut session).await, (Cause::Dial(DialError::NoTls), None, 0)));
    assert!(matches!(next(&mut session).await, Event::GaveUp));
    end(&mut session).await;
}

#[tokio::test(start_paused = true)]
async fn dial_that_hangs_and_server_that_is_silent_end_at_the_deadline() {
    brake();
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    let start = Instant::now();
    let (_socket, cause) = tokio::join!(listener.accept(), down(&mut session));
    assert!(matches!(cause, (Cause::Lost(_), Some(_), 0)), "{cause:?}");
    assert_eq!(start.elapsed().as_secs(), 10); // `handshake_timeout_ms`
    assert_eq!(session.state(), SessionState::Backoff);
}

#[tokio::test]
async fn redirect_is_followed_and_its_host_gets_no_credentials() {
    static FOLLOWS: SessionConfig = SessionConfig::new().max_redirects(1);
    let (first, url) = listen().await;
    let (second, elsewhere) = listen().await;
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let notes = asked.clone();
    let headers = move |url: &str| {
        notes.lock().unwrap().push(url.to_owned());
        vec![("X-Dial".to_owned(), notes.lock().unwrap().len().to_string())]
    };
    let builder = Session::builder(&CONFIG, &FOLLOWS).header("Authorization", "Bearer secret").headers(headers);
    let mut session = builder.origin("https://example.com").start(&url).unwrap();
    let answer = format!("HTTP/1.1 307 Elsewhere\r\nLocation: {elsewhere}chat\r\n\r\n");
    let (request, event) = tokio::join!(refuse(&first, &answer), next(&mut session));
    assert!(request.contains("\r\nAuthorization: Bearer secret\r\nX-Dial: 1\r\n"), "{request}");
    assert!(request.contains("\r\nOrigin: https://example.com\r\n"));
    assert!(matches!(event, Event::Redirected { status: 307, url, .. } if url == format!("{elsewhere}chat")));
    let serve = async {
        let (socket, _) = second.accept().await.unwrap();
        let handshake = Handshake::receive(socket, &CONFIG).await.unwrap();
        let request = handshake.request();
        let (authorization, dial) = (request.header("authorization").is_some(), request.header("x-dial").map(<[u8]>::to_vec));
        assert_eq!((request.path(), authorization, dial), ("/chat", false, Some(b"2".to_vec())));
        handshake.accept(&Accept::new(Origin::Any).headers(&[Header::new("Set-Cookie", "a=b")])).await.unwrap()
    };
    let (ws, event) = tokio::join!(serve, next(&mut session));
    assert!(matches!(event, Event::Up(response) if response.header("set-cookie") == Some(b"a=b")));
    assert_eq!((session.url(), &*asked.lock().unwrap()), (format!("{elsewhere}chat"), &vec![url, format!("{elsewhere}chat")]));
    drop(ws);
}

#[tokio::test]
async fn handler_of_down_overrules_with_a_new_token() {
    let (listener, url) = listen().await;
    let token = Arc::new(Mutex::new("old".to_owned()));
    let current = token.clone();
    let headers = move |_: &str| vec![("Authorization".to_owned(), format!("Bearer {}", current.lock().unwrap()))];
    let mut session = Session::builder(&CONFIG, &SESSION).headers(headers).start(&url).unwrap();
    session.send("kept").unwrap();
    let answer = "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 7\r\n\r\nexpired";
    let (request, event) = tokio::join!(refuse(&listener, answer), next(&mut session));
    assert!(request.contains("\r\nAuthorization: Bearer old\r\n"));
    let Event::Refused(response) = event else { panic!("{event:?}") };
    assert_eq!(
        (response.status, response.header("www-authenticate"), &response.body[..]),
        (401, Some(&b"Bearer"[..]), &b"expired"[..])
    );
    assert!(!format!("{response:?}").contains("expired"));
    assert_eq!(down(&mut session).await, (Cause::Refused { status: 401 }, None, 0));
    // It takes its time.
    sleep(Duration::from_millis(5)).await;
    *token.lock().unwrap() = "new".to_owned();
    session.retry_in(Duration::ZERO);
    let serve = async {
        let (socket, _) = listener.accept().await.unwrap();
        let handshake = Handshake::receive(socket, &CONFIG).await.unwrap();
        assert_eq!(handshake.request().header("authorization"), Some(&b"Bearer new"[..]));
        let mut ws = handshake.accept(&Accept::new(Origin::Any)).await.unwrap();
        let message = ws.next().await.unwrap().unwrap();
        ws.send(message).await.unwrap();
        ws
    };
    let (_ws, ()) = tokio::join!(serve, async {
        up(&mut session).await;
        assert_eq!(message(&mut session).await, "kept");
    });
}

#[tokio::test]
async fn stop_and_the_end_and_a_new_start() {
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    assert_eq!(session.state(), SessionState::Idle);
    let (ws, ()) = tokio::join!(server(&listener), up(&mut session));
    drop(ws);
    assert!(matches!(down(&mut session).await, (Cause::Lost(_), Some(_), 0)));
    session.stop();
    assert!(matches!(next(&mut session).await, Event::GaveUp));
    end(&mut session).await;
    end(&mut session).await;
    assert_eq!(session.send("late"), Err(SendError::Stopped));
    session.restart();
    let (_ws, ()) = tokio::join!(server(&listener), up(&mut session));
    assert_eq!(session.send("on time"), Ok(1));
}

#[tokio::test]
async fn servers_close_is_told_with_its_reason() {
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    let (mut ws, ()) = tokio::join!(server(&listener), up(&mut session));
    for (code, again) in [(1012, true), (4000, false)] {
        let (closed, event) = tokio::join!(ws.close(CloseCode(code), "maintenance"), next(&mut session));
        closed.unwrap();
        let Event::Down { cause, retry_in, reason, error, .. } = event else { panic!("{event:?}") };
        assert_eq!((cause, retry_in.is_some(), &*reason), (Cause::Closed(CloseCode(code)), again, "maintenance"));
        assert!(error.is_none(), "{error:?}");
        if again {
            ws = tokio::join!(server(&listener), up(&mut session)).0;
        }
    }
    assert!(matches!(next(&mut session).await, Event::GaveUp));
    end(&mut session).await;
}

#[tokio::test]
async fn close_drops_what_waits_and_finish_does_not() {
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    session.send("dropped").unwrap();
    assert!(session.close(CloseCode(1005), "").is_err() && session.close(None, "why").is_err());
    session.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    match next(&mut session).await {
        Event::Dropped(numbers) => assert_eq!((numbers.first, numbers.last, numbers.count), (1, 1, 1)),
        other => panic!("{other:?}"),
    }
    end(&mut session).await;

    let mut session = quick(&url);
    session.send("one").unwrap();
    session.finish(CloseCode::GOING_AWAY, "bye").unwrap();
    assert_eq!(session.send("two"), Ok(2));
    let serve = async {
        let mut ws = server(&listener).await;
        let mut messages = Vec::new();
        while let Some(message) = ws.next().await.transpose().unwrap() {
            messages.push(message.as_text().unwrap().to_owned());
        }
        assert_eq!((ws.close_code(), ws.close_reason(), &*messages.join(" ")), (CloseCode::GOING_AWAY, "bye", "one two"));
    };
    let ((), ()) = tokio::join!(serve, async {
        up(&mut session).await;
        assert_eq!(down(&mut session).await, (Cause::Application, None, 0));
        end(&mut session).await;
    });
}

#[tokio::test]
async fn log_in_goes_before_what_waits_and_holds_it_back() {
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    assert_eq!((session.send("one"), session.send_now("log in")), (Ok(1), Err(SendError::NotNow)));
    let serve = async {
        let mut ws = server(&listener).await;
        assert_eq!(ws.next().await.unwrap().unwrap(), Message::text("log in"));
        // What is held does not come meanwhile.
        assert!(timeout(Duration::from_millis(30), ws.next()).await.is_err());
        ws.send("welcome").await.unwrap();
        for text in ["one", "two"] {
            assert_eq!(ws.next().await.unwrap().unwrap(), Message::text(text));
        }
        ws
    };
    let (_ws, ()) = tokio::join!(serve, async {
        up(&mut session).await;
        session.hold();
        assert_eq!(session.send_now("log in"), Ok(2));
        session.send("two").unwrap();
        assert_eq!((message(&mut session).await, session.queued()), ("welcome".to_owned(), 2));
        session.release();
        assert!(timeout(Duration::from_millis(30), session.next()).await.is_err());
        assert_eq!(session.queued(), 0);
    });
}

#[tokio::test]
async fn queue_that_is_full_refuses_or_drops_and_volatile_messages_do_not_wait() {
    static DROPS: SessionConfig = SessionConfig::new().overflow(Overflow::DropOldest).max_queued(2);
    static REFUSES: SessionConfig = SessionConfig::new().max_queued(2);
    let (_listener, url) = listen().await;
    let session = Session::builder(&CONFIG, &REFUSES).start(&url).unwrap();
    assert_eq!([(); 3].map(|()| session.send("x")), [Ok(1), Ok(2), Err(SendError::Full)]);
    let mut session = Session::builder(&CONFIG, &DROPS).start(&url).unwrap();
    assert_eq!([(); 3].map(|()| session.send("x")), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(session.send_volatile("here"), Ok(4));
    let Event::Dropped(numbers) = next(&mut session).await else { panic!("not dropped") };
    assert_eq!((numbers.first, numbers.last, numbers.count), (1, 4, 2));
}

#[tokio::test]
async fn lengths_up_to_what_was_asked_for_pass() {
    let (listener, url) = listen().await;
    let echo = echo(listener);
    let builder = || Session::builder(&CONFIG, &QUICK).receive_len(100_000).send_len(200_000).queue_len(150_013);
    let mut session = builder().start(&url).unwrap();
    assert_eq!(session.send(vec![0; 150_001]), Err(SendError::TooLong));
    session.send(vec![1; 100_000]).unwrap();
    up(&mut session).await;
    assert!(matches!(next(&mut session).await, Event::Message(message) if message.as_bytes() == vec![1; 100_000]));
    session.send(vec![2; 200_000]).unwrap();
    assert_eq!(down(&mut session).await.0, Cause::Failed(ProtocolError::MessageTooLong));
    let mut session = builder().start(&url).unwrap();
    up(&mut session).await;
    session.send(vec![2; 100_001]).unwrap();
    assert_eq!(down(&mut session).await.0, Cause::Failed(ProtocolError::MessageTooLong));
    echo.abort();
}

#[tokio::test]
async fn mistakes_of_the_program_end_the_session_and_ask_for_nothing() {
    let (listener, url) = listen().await;
    let (listener, long) = (Arc::new(listener), "x".repeat(20_000));
    // What comes of each connection to its end.
    let accepting = listener.clone();
    let requests = tokio::spawn(async move {
        let mut requests = Vec::new();
        for _ in 0..4 {
            accepting.accept().await.unwrap().0.read_to_end(&mut requests).await.ok();
        }
        requests
    });
    for (name, value) in [("Bad Name", "x"), ("X", "a\r\nb"), ("Host", "elsewhere"), ("X", &*long)] {
        let mut session = Session::builder(&CONFIG, &QUICK).send_len(1_000).header(name, value).start(&url).unwrap();
        let event = next(&mut session).await;
        assert!(matches!(event, Event::Usage(_)), "{name}: {event:?}");
        assert_eq!(down(&mut session).await, (Cause::Application, None, 0), "{name}");
        end(&mut session).await;
    }
    assert_eq!(requests.await.unwrap(), b"");
    assert!(matches!(Session::new("http:/x"), Err(SetupError::Url(_))));
    assert!(matches!(Session::new(&format!("ws://h/{}", "x".repeat(300))), Err(SetupError::UrlTooLong)));
    let session = quick(&url);
    assert!(matches!(session.ping(b"?"), Err(Error::Usage(UsageError::NotOpen))));
    assert!(session.set_url("gopher://h/").is_err() && session.set_url("ws://h/").is_ok());
    assert_eq!(session.url(), "ws://h/");
}

#[tokio::test]
async fn senders_of_other_tasks_wake_the_session() {
    let (listener, url) = listen().await;
    let echo = echo(listener);
    let mut session = quick(&url);
    up(&mut session).await;
    let senders: Vec<Sender> = (0..4).map(|_| session.sender()).collect();
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|sender| {
            tokio::spawn(async move {
                for _ in 0..50 {
                    sender.send("x").unwrap();
                    sleep(Duration::from_millis(1)).await;
                }
                sender
            })
        })
        .collect();
    // No deadline of the connection wakes it meanwhile.
    let all = async {
        for _ in 0..200 {
            assert_eq!(message(&mut session).await, "x");
        }
    };
    timeout(Duration::from_secs(5), all).await.expect("messages that nobody sends");
    drop(session);
    for task in tasks {
        let sender = task.await.unwrap();
        assert_eq!(sender.send("late"), Err(SendError::Stopped));
    }
    echo.abort();
}

#[tokio::test]
async fn transport_is_dropped_before_the_program_knows_that_it_is_down() {
    let (listener, url) = listen().await;
    let mut session = quick(&url);
    let serve = async {
        let (_, mut socket) = head(&listener).await;
        socket.write_all(b"HTTP/1.1 503 Later\r\nRetry-After: 100\r\n\r\n").await.unwrap();
        socket
    };
    let (mut socket, event) = tokio::join!(serve, next(&mut session));
    assert!(matches!(event, Event::Refused(_)));
    // Nobody polls the session.
    assert_eq!(timeout(Duration::from_secs(5), socket.read(&mut [0; 8])).await.unwrap().unwrap(), 0);
    let (cause, retry_in, _) = down(&mut session).await;
    assert_eq!(cause, Cause::Refused { status: 503 });
    assert!(retry_in.unwrap() >= Duration::from_secs(100));
}

#[tokio::test(start_paused = true)]
async fn dead_link_is_found_after_a_sleep_of_an_hour_and_a_living_one_survives() {
    brake();
    let (listener, url) = listen().await;
    let echo = echo(listener);
    let mut session = Session::builder(&CONFIG, &SESSION).start(&url).unwrap();
    up(&mut session).await;
    advance(Duration::from_secs(3600)).await;
    session.send("awake").unwrap();
    assert_eq!(message(&mut session).await, "awake");
    let event = timeout(Duration::from_secs(100), session.next()).await;
    assert!(event.is_err(), "the connection has ended: {event:?}");
    assert_eq!(session.state(), SessionState::Open);
    assert!(session.round_trip().is_some());
    echo.abort();

    let (listener, url) = listen().await;
    let mut session = Session::builder(&CONFIG, &SESSION).start(&url).unwrap();
    let (mut ws, ()) = tokio::join!(server(&listener), up(&mut session));
    // It does not read any more, and so answers no Ping.
    session.send("into the void").unwrap();
    advance(Duration::from_secs(3600)).await;
    let woken = Instant::now();
    let (cause, retry_in, unconfirmed) = down(&mut session).await;
    assert_eq!((cause.to_string(), unconfirmed), ("a keepalive Ping was not answered in time".to_owned(), 1));
    assert!((20..22).contains(&woken.elapsed().as_secs()), "{:?}", woken.elapsed());
    assert!(ws.next().await.unwrap().is_ok());

    // A wait that the sleep has outlasted is over.
    assert!(retry_in.unwrap() <= Duration::from_secs(5));
    advance(Duration::from_secs(3600)).await;
    let woken = Instant::now();
    let (_ws, ()) = tokio::join!(server(&listener), up(&mut session));
    assert!(woken.elapsed() < Duration::from_millis(50), "{:?}", woken.elapsed());
}

/// Drops `next` at every number of polls, and beside a ticker.
#[tokio::test]
async fn dropped_futures_lose_nothing() {
    let (listener, url) = listen().await;
    let listening = Arc::new(listener);
    let serve = {
        let listener = listening.clone();
        tokio::spawn(async move {
            for connection in 0.. {
                let mut ws = server(&listener).await;
                let mut count = 0;
                while let Some(Ok(message)) = ws.next().await {
                    ws.send(message).await.ok();
                    count += 1;
                    // The first one is cut off, after what it has answered has arrived.
                    if connection == 0 && count == 100 {
                        sleep(Duration::from_millis(20)).await;
                        break;
                    }
                }
            }
        })
    };
    let mut session = quick(&url);
    let (mut sent, mut heard, mut ups, mut polls) = (0, Vec::new(), 0, 0);
    let mut ticker = tokio::time::interval(Duration::from_micros(300));
    while heard.len() < 300 {
        polls = (polls + 1) % 7;
        let event = tokio::select! {
            event = cut(session.next(), polls) => event,
            _ = ticker.tick() => {
                if session.state() == SessionState::Open && sent < 100 || ups > 1 {
                    sent += 1;
                    session.send(sent.to_string()).unwrap();
                }
                None
            }
        };
        match event.flatten() {
            Some(Event::Message(message)) => heard.push(message.as_text().unwrap().parse::<u64>().unwrap()),
            Some(Event::Up(_)) => ups += 1,
            _ => {}
        }
    }
    assert!(heard.iter().copied().eq(1..=300), "{heard:?}");
    assert_eq!(ups, 2);
    serve.abort();
}

/// A proxy for CONNECT: what it was asked for is in the log. Refuses without credentials if they are wanted.
fn proxy(listener: TcpListener, wants: Option<&'static str>, log: Arc<Mutex<Vec<String>>>) -> AbortHandle {
    let serve = async move {
        loop {
            let (head, mut client) = head(&listener).await;
            let target = head.split(' ').nth(1).unwrap().to_owned();
            log.lock().unwrap().push(head.lines().next().unwrap().to_owned());
            if wants.is_some_and(|wants| !head.contains(wants)) {
                client.write_all(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n").await.ok();
                continue;
            }
            tokio::spawn(async move {
                match TcpStream::connect(&target).await {
                    Ok(mut server) => {
                        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                        copy_bidirectional(&mut client, &mut server).await.map(drop)
                    }
                    Err(_) => client.write_all(b"HTTP/1.1 502 No\r\n\r\n").await,
                }
            });
        }
    };
    tokio::spawn(serve).abort_handle()
}

fn through(proxy: &str, builder: impl FnOnce(&'static SessionConfig<'static>) -> Builder) -> Builder {
    let proxy: &'static str = Box::leak(proxy.to_owned().into_boxed_str());
    builder(Box::leak(Box::new(QUICK.proxy(proxy))))
}

#[tokio::test]
async fn proxy_is_asked_for_a_tunnel_and_its_refusals_are_told() {
    let (server, url) = listen().await;
    let target = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let (listener, address) = listen().await;
    let address = address.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let log = Arc::<Mutex<Vec<String>>>::default();
    let proxy = proxy(listener, Some("\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), log.clone());
    let echo = echo(server);

    let mut session = through(&format!("http://{address}"), |config| Session::builder(&CONFIG, config)).start(&url).unwrap();
    let Event::ProxyRefused(response) = next(&mut session).await else { panic!("not refused") };
    assert_eq!((response.status, response.header("proxy-authenticate")), (407, Some(&b"Basic realm=\"x\""[..])));
    assert_eq!(down(&mut session).await, (Cause::ProxyRefused { status: 407 }, None, 0));

    let builder = || through(&format!("http://user:secret@{address}"), |config| Session::builder(&CONFIG, config));
    let mut session = builder().start(&url).unwrap();
    session.send("through").unwrap();
    up(&mut session).await;
    assert_eq!(message(&mut session).await, "through");
    session.close(None, "").unwrap();
    assert_eq!(down(&mut session).await, (Cause::Application, None, 0));
    assert_eq!(*log.lock().unwrap(), [format!("CONNECT {target} HTTP/1.1"), format!("CONNECT {target} HTTP/1.1")]);

    echo.abort();
    sleep(Duration::from_millis(20)).await;
    let mut session = builder().start(&url).unwrap();
    assert!(matches!(next(&mut session).await, Event::ProxyRefused(response) if response.status == 502));
    assert!(matches!(down(&mut session).await, (Cause::ProxyRefused { status: 502 }, Some(_), 0)));
    proxy.abort();
}

#[cfg(feature = "deflate")]
#[tokio::test]
async fn compressed_messages_come_back_on_each_connection() {
    static DEFLATE: Config = Config::new().deflate(sansocket_tokio::DeflateConfig::new());
    let (listener, url) = listen().await;
    let mut session = Session::builder(&DEFLATE, &QUICK).start(&url).unwrap();
    let text = "0123456789".repeat(5_000);
    for _ in 0..3 {
        let serve = async {
            let (socket, _) = listener.accept().await.unwrap();
            let mut ws = accept_with(&DEFLATE, socket, Origin::Any).await.unwrap();
            assert!(ws.negotiated().deflate().is_some());
            for _ in 0..3 {
                let message = ws.next().await.unwrap().unwrap();
                ws.send(message).await.unwrap();
            }
            // Only once all has arrived.
            ws.close(CloseCode::SERVICE_RESTART, "").await.unwrap();
        };
        let ((), ()) = tokio::join!(serve, async {
            up(&mut session).await;
            for _ in 0..3 {
                session.send(&*text).unwrap();
            }
            for _ in 0..3 {
                assert!(message(&mut session).await == text);
            }
            assert!(matches!(down(&mut session).await, (Cause::Closed(_), Some(_), _)));
        });
    }
}

#[test]
fn a_session_can_be_moved_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Session>();
    is_send::<Sender>();
    is_send::<Builder>();
}
