//! Our client of Socket.IO against a server that is not ours: `socketio_servers [--recovery] PROGRAM [ARGUMENT]...`
//!
//! The program is started with a port, and prints one; ci/lib/socketio/server.mjs and server.py say what else it does. What `ci/socketio` runs.

use sansocket_tokio::Config;
use sansocket_tokio::session::{Numbers, Session, SessionConfig};
use sansocket_tokio::socketio::client::{AckError, Args, Builder, Client, Event, Message, Payload, Reason, Socket};
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

static CONFIG: Config = Config::new();
static SESSION: SessionConfig =
    SessionConfig::new().first_delay_ms(100).min_delay_ms(50).max_delay_ms(100).min_uptime_ms(10).max_queued(4096);

/// How the client connects, and whether the server lets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    WebSocket,
    /// First by polling, then by WebSocket.
    Upgrade,
    /// The server allows no WebSocket.
    Polling,
}

/// The server's program, which can be started anew on its port.
struct Server {
    command: Vec<String>,
    mode: Mode,
    has_recovery: bool,
    port: u16,
    process: Child,
}

impl Server {
    async fn start(command: Vec<String>, mode: Mode, has_recovery: bool, port: u16) -> Result<Self> {
        let (program, args) = command.split_first().ok_or("no program")?;
        let only = (mode == Mode::Polling).then_some("polling");
        let mut process = Command::new(program);
        process.args(args).arg(port.to_string()).args(only).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = process.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line).await?;
        let port = line.split_whitespace().last().ok_or("no port")?.parse()?;
        Ok(Self { command, mode, has_recovery, port, process })
    }

    async fn restart(&mut self, pause: Duration) -> Result {
        self.process.kill().await?;
        sleep(pause).await;
        *self = Self::start(self.command.clone(), self.mode, self.has_recovery, self.port).await?;
        Ok(())
    }

    fn builder(&self) -> Builder {
        let session = Session::builder(&CONFIG, &SESSION).header("X-Test", "ours").receive_len(1_000_000).send_len(1_000_000);
        let builder = Client::builder().session(session.queue_len(1_000_000));
        if self.mode == Mode::WebSocket { builder } else { builder.polling() }
    }

    fn client(&self, namespace: &str) -> Result<Client> {
        Ok(self.builder().start(&format!("http://127.0.0.1:{}{namespace}", self.port))?)
    }
}

/// Between client and server, to cut connections.
struct Proxy {
    port: u16,
    /// When connections are let through again.
    cuts: watch::Sender<Instant>,
    pause: Duration,
}

impl Proxy {
    async fn start(to: u16, pause: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (cuts, seen) = watch::channel(Instant::now());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut cut = seen.clone();
                let open = *cut.borrow_and_update();
                tokio::spawn(async move {
                    sleep_until(open).await;
                    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                    tokio::select! {
                        _ = cut.changed() => Ok(()),
                        ended = copy_bidirectional(&mut client, &mut server) => ended.map(drop),
                    }
                });
            }
        });
        Ok(Self { port, cuts, pause })
    }

    fn cut(&self) {
        self.cuts.send_replace(Instant::now() + self.pause);
    }
}

/// The arguments of an event as JSON, without the offset that a server with recovery appends.
fn args(message: &Message, server: &Server) -> String {
    let args: Vec<_> = message.args().map(|arg| arg.as_json()).collect();
    let own = args.len() - usize::from(server.has_recovery);
    args[..own].join(",")
}

/// The next event that this says something of, within five seconds.
async fn until<T>(client: &mut Client, mut pick: impl FnMut(Event) -> Option<T>) -> Result<T> {
    let found = async {
        while let Some(event) = client.next().await {
            if let Some(found) = pick(event) {
                return Ok(found);
            }
        }
        Err("the client has ended".into())
    };
    timeout(Duration::from_secs(5), found).await?
}

async fn message(client: &mut Client, name: &str) -> Result<Message> {
    until(client, |event| match event {
        Event::Message(message) if message.name() == name => Some(message),
        _ => None,
    })
    .await
    .map_err(|error| format!("no event {name}: {error}").into())
}

async fn connected(client: &mut Client) -> Result<bool> {
    until(client, |event| match event {
        Event::Connected { recovered, .. } => Some(recovered),
        _ => None,
    })
    .await
}

async fn disconnected(client: &mut Client) -> Result<Reason> {
    until(client, |event| match event {
        Event::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

/// Polls the client until something else is done, and drops what happens meanwhile.
async fn meanwhile<T>(client: &mut Client, done: impl Future<Output = T>) -> T {
    let mut done = std::pin::pin!(done);
    loop {
        tokio::select! {
            done = &mut done => return done,
            event = client.next() => assert!(event.is_some(), "the client has ended"),
        }
    }
}

/// The answer to this question.
async fn ask(client: &mut Client, name: &str, args: impl Into<Args>) -> Result<Payload> {
    let answer = client.emit_with_ack(name, args, Duration::from_secs(5))?;
    Ok(meanwhile(client, answer).await?)
}

fn check<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Result {
    if found == wanted { Ok(()) } else { Err(format!("{found:?}, not {wanted:?}").into()) }
}

async fn auth_is_sent_anew_at_each_connection(server: &mut Server) -> Result {
    let mut count = 0;
    let builder = server.builder().auth(move |namespace| {
        count += 1;
        Some(format!(r#"{{"namespace":"{namespace}","count":{count}}}"#))
    });
    let mut client = builder.start(&format!("http://127.0.0.1:{}/a", server.port))?;
    check(args(&message(&mut client, "auth").await?, server).as_str(), r#"{"namespace":"/a","count":1}"#)?;
    check(ask(&mut client, "headers", ()).await?.text(0).as_deref(), Some("ours"))?;
    server.restart(Duration::ZERO).await?;
    // With what the server has given to us for recovery.
    let again = message(&mut client, "auth").await?;
    check(again.arg(0).and_then(|auth| auth.get("count")?.as_u64()), Some(2))
}

async fn refusal_tells_why(server: &mut Server) -> Result {
    let auth = r#"{"token":"x"}"#;
    let mut client =
        server.builder().auth(|_| Some(auth.to_owned())).start(&format!("http://127.0.0.1:{}/refused", server.port))?;
    let refusal = until(&mut client, |event| match event {
        Event::ConnectError { refusal, .. } => Some(refusal),
        _ => None,
    })
    .await?;
    check(refusal.message().as_str(), "not you")?;
    check(refusal.data_json(), Some(r#"{"auth":{"token":"x"}}"#))?;
    // It is not tried again.
    while let Some(event) = timeout(Duration::from_secs(5), client.next()).await? {
        if matches!(event, Event::Connected { .. } | Event::ConnectError { .. }) {
            return Err(format!("{event:?}").into());
        }
    }
    Ok(())
}

async fn events_go_both_ways(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    // Before there is a connection, too.
    for _ in 0..2 {
        let json = r#""a \"b\"\u0001",-3,1.5,null,true,{"a":[{}],"":[]},[]"#;
        client.emit("echo", Args::from_json(format!("[{json}]")))?;
        check(args(&message(&mut client, "echoed").await?, server).as_str(), json)?;
    }
    // However it is escaped.
    client.emit("echo", "grüß dich \u{1F600}")?;
    check(message(&mut client, "echoed").await?.text(0).as_deref(), Some("grüß dich \u{1F600}"))?;
    // In order, and many at once.
    for number in 0..300 {
        client.emit("echo", number)?;
    }
    for number in 0..300 {
        check(message(&mut client, "echoed").await?.arg(0).and_then(|arg| arg.as_u64()), Some(number))?;
    }
    Ok(())
}

async fn acknowledgements_go_both_ways(server: &mut Server) -> Result {
    let mut client = server.client("/a")?;
    let args = Args::new().text("x").number(1);
    check(ask(&mut client, "ask", args.clone()).await?.args_json(), r#"["x",1]"#)?;
    let silent = client.emit_with_ack("silent", (), Duration::from_millis(200))?;
    check(meanwhile(&mut client, silent).await, Err(AckError::Timeout))?;
    // The server asks.
    client.emit("question", args)?;
    let question = message(&mut client, "question").await?;
    check((question.wants_ack(), question.args_json()), (true, r#"["x",1]"#))?;
    question.ack("answer")?;
    check(message(&mut client, "answered").await?.text(0).as_deref(), Some("answer"))?;
    // Once is enough; and no answer is told to the server by its own clock.
    client.emit("question", ())?;
    message(&mut client, "unanswered").await.map(drop)
}

async fn binary_goes_both_ways(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    // Of a longer body python-socketio has lost the last packet at times.
    let long: Vec<u8> = (0..40_000_u32).map(|n| n as u8).collect();
    client.emit("echo", Args::new().binary(long.clone()).text("between").binary(vec![]))?;
    let echoed = message(&mut client, "echoed").await?;
    check(echoed.bytes(0).map(|bytes| &bytes[..]), Some(&long[..]))?;
    check((echoed.text(1).as_deref(), echoed.bytes(2).map(|bytes| bytes.len())), (Some("between"), Some(0)))?;
    // Nested, and in answers.
    let nested = Args::new().json(r#"{"a":[{"_placeholder":true,"num":0}]}"#).attachment(vec![1, 2, 3]);
    let answer = ask(&mut client, "ask", nested).await?;
    let value = answer.arg(0).and_then(|arg| arg.get("a")?.items().next()).ok_or("no place")?;
    check(answer.attachment(value).map(|bytes| bytes.to_vec()), Some(vec![1, 2, 3]))?;
    client.emit("question", vec![9; 10])?;
    let question = message(&mut client, "question").await?;
    check(question.bytes(0).map(|bytes| bytes.len()), Some(10))?;
    question.ack(vec![8; 5])?;
    check(message(&mut client, "answered").await?.bytes(0).map(|bytes| bytes.to_vec()), Some(vec![8; 5]))
}

async fn namespaces_share_a_connection(server: &mut Server) -> Result {
    let mut client = server.client("/a")?;
    let other = client.namespace("/b")?;
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        let event = until(&mut client, |event| match event {
            Event::Connected { socket, .. } => Some(socket.name()),
            _ => None,
        });
        names.insert(event.await?);
    }
    check(names, BTreeSet::from(["/a".to_owned(), "/b".to_owned()]))?;
    for socket in [client.socket(), other.clone()] {
        socket.emit("echo", socket.name())?;
        let echoed = message(&mut client, "echoed").await?;
        check((echoed.socket(), echoed.text(0)), (&socket, Some(socket.name())))?;
    }
    // One is left, and the other stays.
    client.disconnect();
    check(disconnected(&mut client).await?, Reason::IoClientDisconnect)?;
    other.emit("echo", "still here")?;
    check(message(&mut client, "echoed").await?.text(0).as_deref(), Some("still here"))?;
    check(client.emit("echo", ()).is_err(), true)?;
    client.connect()?;
    check(connected(&mut client).await?, false)?;
    client.emit("echo", "again")?;
    check(message(&mut client, "echoed").await?.socket(), &client.socket())?;
    // With the last one the client ends.
    client.disconnect();
    other.disconnect();
    timeout(Duration::from_secs(5), async { while client.next().await.is_some() {} }).await?;
    Ok(())
}

async fn server_that_disconnects_us_is_not_dialled_again(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    client.emit("leave", ())?;
    check(disconnected(&mut client).await?, Reason::IoServerDisconnect)?;
    timeout(Duration::from_secs(5), async { while client.next().await.is_some() {} }).await?;
    // Unless the program wants it.
    client.connect()?;
    connected(&mut client).await.map(drop)
}

async fn server_that_comes_back_is_dialled_again(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    connected(&mut client).await?;
    let lost = client.emit_with_ack("silent", (), Duration::from_secs(5))?;
    let restart = server.restart(Duration::from_millis(300));
    let events = async {
        let reason = disconnected(&mut client).await?;
        check(matches!(reason, Reason::TransportClose | Reason::TransportError), true)?;
        check(meanwhile(&mut client, lost).await, Err(AckError::Lost))?;
        // What is emitted meanwhile waits.
        client.emit("echo", "while you were away")?;
        let volatile = client.emit_volatile("echo", "dropped")?;
        until(&mut client, |event| {
            matches!(event, Event::Dropped(Numbers { first, last, .. }) if (first, last) == (volatile, volatile)).then_some(())
        })
        .await?;
        check(connected(&mut client).await?, false)?;
        check(message(&mut client, "echoed").await?.text(0).as_deref(), Some("while you were away"))
    };
    let (restarted, checked) = tokio::join!(restart, events);
    restarted.and(checked)
}

async fn server_that_hangs_is_noticed(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    connected(&mut client).await?;
    // Some pings.
    meanwhile(&mut client, sleep(Duration::from_millis(1500))).await;
    let pid = server.process.id().ok_or("no process")?.to_string();
    Command::new("kill").args(["-STOP", &pid]).status().await?;
    let reason = disconnected(&mut client).await?;
    Command::new("kill").args(["-CONT", &pid]).status().await?;
    check(reason, Reason::PingTimeout)?;
    connected(&mut client).await.map(drop)
}

async fn transport_is_what_was_asked_for(server: &mut Server) -> Result {
    let mut client = server.client("/")?;
    connected(&mut client).await?;
    let wanted = if server.mode == Mode::Polling { "polling" } else { "websocket" };
    for _ in 0..50 {
        if ask(&mut client, "transport", ()).await?.text(0).as_deref() == Some(wanted) {
            return Ok(());
        }
        meanwhile(&mut client, sleep(Duration::from_millis(20))).await;
    }
    Err(format!("never over {wanted}").into())
}

async fn what_was_missed_comes_once(server: &mut Server) -> Result {
    if !server.has_recovery {
        return Ok(());
    }
    // A server that has no poll at the moment of the cut knows of it only by its ping, and recovers nothing before.
    let pause = Duration::from_millis(if server.mode == Mode::Polling { 800 } else { 0 });
    let proxy = Proxy::start(server.port, pause).await?;
    let mut client = server.builder().start(&format!("http://127.0.0.1:{}", proxy.port))?;
    check(connected(&mut client).await?, false)?;
    client.emit("count", 1000)?;
    let (mut numbers, mut recovered) = (Vec::new(), 0);
    for cut in 0..5 {
        let deadline = sleep(Duration::from_millis(150));
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                () = &mut deadline => break,
                event = client.next() => note(event, &mut numbers, &mut recovered),
            }
        }
        if cut % 2 == 0 {
            proxy.cut()
        } else {
            client.emit("close", ()).map(drop)?
        }
        while recovered == cut {
            note(timeout(Duration::from_secs(5), client.next()).await?, &mut numbers, &mut recovered);
        }
    }
    while numbers.last() < Some(&1000) {
        note(timeout(Duration::from_secs(5), client.next()).await?, &mut numbers, &mut recovered);
    }
    check(recovered, 5)?;
    check(numbers, (1..=1000).collect())
}

fn note(event: Option<Event>, numbers: &mut Vec<u64>, recovered: &mut u32) {
    match event {
        Some(Event::Message(message)) if message.name() == "n" => numbers.extend(message.arg(0).and_then(|arg| arg.as_u64())),
        Some(Event::Connected { recovered: true, .. }) => *recovered += 1,
        _ => {}
    }
}

async fn what_is_lost_is_told(server: &mut Server) -> Result {
    let proxy = Proxy::start(server.port, Duration::ZERO).await?;
    let mut client = server.builder().start(&format!("http://127.0.0.1:{}", proxy.port))?;
    connected(&mut client).await?;
    // By the numbers that they have there.
    let sent = Arc::new(Mutex::new(Vec::new()));
    let sender = tokio::spawn(send_numbers(client.socket(), sent.clone()));
    let mut told: Vec<Numbers> = Vec::new();
    let mut cuts = tokio::time::interval(Duration::from_millis(297));
    while !sender.is_finished() {
        tokio::select! {
            _ = cuts.tick() => proxy.cut(),
            event = client.next() => match event {
                Some(Event::Down { unconfirmed, .. }) => told.push(unconfirmed),
                Some(Event::Dropped(numbers)) => told.push(numbers),
                Some(_) => {}
                None => return Err("the client has ended".into()),
            },
        }
    }
    sender.await??;
    // The last cut may come only now.
    let answer = loop {
        let answer = client.emit_with_ack("received", (), Duration::from_secs(5))?;
        match meanwhile(&mut client, answer).await {
            Err(AckError::Lost) => {}
            answer => break answer?,
        }
    };
    let received: Vec<u64> = answer.arg(0).ok_or("no list")?.items().filter_map(|number| number.as_u64()).collect();
    check(received.is_sorted_by(|a, b| a < b), true).map_err(|_| format!("repeated or out of order: {received:?}"))?;
    let received: BTreeSet<u64> = received.into_iter().collect();
    let sent = sent.lock().map_err(|_| "the sender has panicked")?;
    let is_told = |number: u64| told.iter().any(|told| !told.is_empty() && (told.first..=told.last).contains(&number));
    let untold: Vec<_> = sent.iter().filter(|(at, number)| !received.contains(at) && !is_told(*number)).collect();
    check(untold, Vec::new())?;
    check((sent.len(), received.is_empty()), (500, false))
}

/// Five hundred, one after the other.
async fn send_numbers(socket: Socket, sent: Arc<Mutex<Vec<(u64, u64)>>>) -> Result {
    for at in 0..500 {
        let number = socket.emit("m", at)?;
        sent.lock().map_err(|_| "the other end has panicked")?.push((u64::try_from(at)?, number));
        sleep(Duration::from_millis(4)).await;
    }
    Ok(())
}

macro_rules! scenarios {
    ($server:expr, $($name:ident)*) => {
        $({
            let mut server = $server.await?;
            let ran = timeout(Duration::from_secs(30), $name(&mut server)).await.map_err(Into::into).and_then(|ran| ran);
            ran.map_err(|error| format!("{:?}: {}: {error}", server.mode, stringify!($name)))?;
            println!("{:?}: {}", server.mode, stringify!($name));
        })*
    };
}

#[tokio::main]
async fn main() -> Result {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let has_recovery = args.first().is_some_and(|arg| arg == "--recovery");
    if has_recovery {
        args.remove(0);
    }
    for mode in [Mode::WebSocket, Mode::Upgrade, Mode::Polling] {
        scenarios! { Server::start(args.clone(), mode, has_recovery, 0),
            auth_is_sent_anew_at_each_connection
            refusal_tells_why
            events_go_both_ways
            acknowledgements_go_both_ways
            binary_goes_both_ways
            namespaces_share_a_connection
            server_that_disconnects_us_is_not_dialled_again
            server_that_comes_back_is_dialled_again
            server_that_hangs_is_noticed
            transport_is_what_was_asked_for
            what_was_missed_comes_once
            what_is_lost_is_told
        }
    }
    Ok(())
}
