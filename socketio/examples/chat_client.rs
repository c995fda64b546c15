//! The chat in a terminal: `cargo run --release --example chat_client -- http://127.0.0.1:9003/ [NAME]`, while the example chat runs.
//!
//! Lines are said. `/join ROOM` changes the room, `/send FILE` sends a file. The end of the input ends it, once the server has answered to all.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use sansocket_socketio::json::escape;
use sansocket_tokio::Config;
use sansocket_tokio::session::{Session, SessionConfig};
use sansocket_tokio::socketio::client::{AckError, Args, Client, Event, Message, Payload, Socket};
use tokio::sync::mpsc;

const USAGE: &str = "\
usage: chat_client URL [NAME]

  URL    such as http://127.0.0.1:9003/
  NAME   yours: that of the user unless given

Lines are said. /join ROOM changes the room, /send FILE sends a file. The end of the input ends it.";

/// Prints a line. Where nobody reads any longer the program ends, as by SIGPIPE.
macro_rules! tell {
    ($($line:tt)*) => {
        if writeln!(std::io::stdout(), $($line)*).is_err() {
            std::process::exit(128 + 13);
        }
    };
}

/// The server takes no larger ones.
const MAX_FILE: usize = 4_000_000;
/// In which the server is to answer, the time without a connection included.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new().first_delay_ms(1000).max_delay_ms(5000);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let (url, name) = match &arguments[..] {
        [only] if only == "--help" || only == "-h" => {
            return if writeln!(std::io::stdout(), "{USAGE}").is_ok() { ExitCode::SUCCESS } else { ExitCode::from(128 + 13) };
        }
        [url] => (url, std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned())),
        [url, name] => (url, name.clone()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match talk(url, &name).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat_client: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn talk(url: &str, name: &str) -> Result<(), Box<dyn Error>> {
    // Room for a file in each direction, and for what stands around it.
    let len = MAX_FILE + 10_000;
    let session = Session::builder(&CONFIG, &SESSION).receive_len(len).send_len(len).queue_len(2 * len);
    let auth = format!(r#"{{"name":{}}}"#, escape(name, &mut vec![0; 6 * name.len() + 2])?);
    let mut client = Client::builder().session(session).auth(move |_| Some(auth.clone())).start(url)?;

    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut chat = Chat { socket: client.socket(), room: "lobby".to_owned(), is_in: false, due: 0, answers };
    let mut lines = lines();
    let (mut is_at_end, mut was_let_in) = (false, false);
    loop {
        if is_at_end && chat.due == 0 {
            client.disconnect();
        }
        tokio::select! {
            event = client.next() => match event {
                Some(Event::Connected { .. }) => {
                    was_let_in = true;
                    chat.join(&chat.room.clone());
                }
                // Perhaps our name is that of our old connection, of which the server has not noticed yet that it is gone.
                Some(Event::ConnectError { refusal, .. }) if was_let_in => {
                    tell!("* {}; trying again", shown(&refusal.message()));
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    client.connect()?;
                }
                Some(Event::ConnectError { refusal, .. }) => return Err(shown(&refusal.message()).into()),
                Some(Event::Disconnected { .. }) => chat.is_in = false,
                Some(Event::Message(message)) => hear(&message),
                Some(Event::Down { cause, error, retry_in, .. }) => {
                    let why = error.map_or_else(|| cause.to_string(), |error| error.to_string());
                    match retry_in {
                        Some(wait) => tell!("* {why}; trying again in {wait:.1?}"),
                        None if is_at_end => {}
                        None => return Err(why.into()),
                    }
                }
                Some(_) => {}
                None => return Ok(()),
            },
            Some((asked, answer)) = answered.recv() => chat.note(asked, answer),
            // What is said before we are in the room would be refused. It is not even read.
            line = lines.recv(), if chat.is_in && !is_at_end => match line {
                Some(line) => chat.obey(&line),
                None => is_at_end = true,
            },
        }
    }
}

/// The lines of the input. A thread of their own, since reading them blocks; it does not hold up the end of the program.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// What the server was asked for.
enum Asked {
    Join,
    Leave,
    /// To pass something on, and what.
    Pass(String),
}

struct Chat {
    socket: Socket,
    room: String,
    /// Whether we are there, and not about to be in another one.
    is_in: bool,
    /// How many answers are to come.
    due: usize,
    answers: mpsc::UnboundedSender<(Asked, Result<Payload, AckError>)>,
}

impl Chat {
    fn obey(&mut self, line: &str) {
        match line.split_once(' ').map_or((line, ""), |(command, rest)| (command, rest.trim())) {
            ("/join", room) if !room.is_empty() => self.join(room),
            ("/send", path) if !path.is_empty() => self.send(path),
            ("/join" | "/send", _) => tell!("* /join ROOM, /send FILE"),
            _ if line.trim().is_empty() => {}
            _ => self.ask("say", Args::new().text(&self.room).text(line), Asked::Pass(line.to_owned())),
        }
    }

    fn join(&mut self, room: &str) {
        self.is_in = false;
        self.ask("join", Args::new().text(room), Asked::Join);
    }

    fn send(&mut self, path: &str) {
        let name = std::path::Path::new(path).file_name().unwrap_or_default().to_string_lossy();
        match std::fs::read(path) {
            Ok(bytes) if bytes.len() > MAX_FILE => tell!("* {path} is larger than 4 MB"),
            Ok(bytes) => {
                let args = Args::new().text(&self.room).text(&name).binary(bytes);
                self.ask("upload", args, Asked::Pass(path.to_owned()));
            }
            Err(error) => tell!("* {path}: {error}"),
        }
    }

    fn ask(&mut self, event: &str, args: Args, asked: Asked) {
        match self.socket.emit_with_ack(event, args, ANSWER_WITHIN) {
            Ok(answer) => {
                self.due += 1;
                let answers = self.answers.clone();
                tokio::spawn(async move { answers.send((asked, answer.await)) });
            }
            Err(error) => tell!("* {event}: {error}"),
        }
    }

    fn note(&mut self, asked: Asked, answer: Result<Payload, AckError>) {
        self.due -= 1;
        let refusal = answer.as_ref().ok().and_then(|answer| Some(shown(&answer.arg(0)?.get("error")?.text()?.to_string())));
        match (asked, answer) {
            (Asked::Join, Ok(answer)) if refusal.is_none() => {
                let room = answer.text(0).unwrap_or_default();
                let names = answer.arg(1).into_iter().flat_map(|names| names.items());
                let names: Vec<String> = names.filter_map(|name| Some(shown(&name.text()?.to_string()))).collect();
                tell!("* you are in {} with {}", shown(&room), names.join(", "));
                let left = std::mem::replace(&mut self.room, room);
                if left != self.room {
                    self.ask("leave", Args::new().text(&left), Asked::Leave);
                }
                self.is_in = true;
            }
            (Asked::Join, Ok(_)) => {
                tell!("* you are in {} still: {}", shown(&self.room), refusal.unwrap_or_default());
                self.is_in = true;
            }
            (Asked::Pass(what), Ok(_)) => {
                if let Some(refusal) = refusal {
                    tell!("* not delivered: {what}: {refusal}");
                }
            }
            // Without an answer nobody knows. It is not sent twice.
            (Asked::Pass(what), Err(error)) => tell!("* perhaps not delivered: {what}: {error}"),
            // The next connection begins with joining.
            (Asked::Join, Err(_)) | (Asked::Leave, _) => {}
        }
    }
}

/// Prints what others do.
fn hear(message: &Message) {
    let (room, name) = (message.text(0).unwrap_or_default(), message.text(1).unwrap_or_default());
    let (room, name, text) = (shown(&room), shown(&name), shown(&message.text(2).unwrap_or_default()));
    match message.name() {
        "said" => tell!("[{room}] {name}: {text}"),
        "joined" => tell!("[{room}] {name} has joined"),
        "left" => tell!("[{room}] {name} has left"),
        "uploaded" => tell!("[{room}] {name} has sent {text}, {} bytes", message.bytes(3).map_or(0, |bytes| bytes.len())),
        // Who is typing: worth nothing in lines.
        _ => {}
    }
}

/// In one line, and without what could command a terminal.
fn shown(text: &str) -> String {
    let is_bad = |char: char| char.is_control() || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut shown, char| {
        if is_bad(char) {
            write!(shown, "{}", char.escape_unicode()).ok();
        } else {
            shown.push(char);
        }
        shown
    })
}
