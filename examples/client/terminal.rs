//! The client as a person uses it: lines become messages and commands, what arrives is printed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant as Clock};

use sansocket::{CallError, CloseCode, Data, Event, Instant, MessageKind, PingSource, ProtocolError, Response};

use crate::Problem;
use crate::body::Body;
use crate::command::Command;
use crate::session::{Application, PIECE_LEN, Ws};

/// Bytes of a binary message that are shown.
const SHOWN: usize = 16;
/// Pings that wait for their Pongs, at most; a server need not answer all of them (§5.5.3).
const MAX_PINGS: usize = 64;

pub(crate) struct Terminal {
    /// Asks for a line of standard input.
    lines: Sender<()>,
    /// Whether a line was asked for and has not come.
    is_asked: bool,
    line: Option<Vec<u8>>,
    /// The message that is being sent.
    sending: Option<Sending>,
    pings: VecDeque<(String, Clock)>,
    /// The first bytes of the binary message that is arriving.
    start: Vec<u8>,
    body: Option<Body>,
    /// What the server did wrong.
    error: Option<String>,
    was_clean: bool,
    /// Lines that were not carried out.
    mistakes: usize,
}

/// A message of any length, sent in pieces: a line, or a file of which only a piece is in memory.
struct Sending {
    kind: MessageKind,
    source: Box<dyn Read>,
}

impl Terminal {
    pub(crate) fn new(lines: Sender<()>) -> Self {
        Self {
            lines,
            is_asked: false,
            line: None,
            sending: None,
            pings: VecDeque::new(),
            start: Vec::new(),
            body: None,
            error: None,
            was_clean: false,
            mistakes: 0,
        }
    }

    /// The body that a refusal announces.
    pub(crate) fn take_body(&mut self) -> Option<Body> {
        self.body.take()
    }

    pub(crate) fn show_body(&self, body: &Body) -> Result<(), Problem> {
        let content = body.content();
        let end: &[u8] = if content.is_empty() || content.ends_with(b"\n") { b"" } else { b"\n" };
        io::stderr().write_all(&[&content, end].concat()).map_err(|error| Problem::Failed(error.to_string()))
    }

    /// Whether all went well, once the connection has ended for `cause`.
    pub(crate) fn verdict(self, cause: &str) -> Result<(), Problem> {
        match self {
            Self { error: Some(error), .. } => Err(Problem::Failed(error)),
            Self { was_clean: false, .. } => Err(Problem::Failed(cause.to_owned())),
            Self { sending: Some(_), .. } => Err(Problem::Failed("closed before the whole last message was sent".into())),
            Self { mistakes, .. } if mistakes > 0 => Err(Problem::Failed(format!("lines that were not carried out: {mistakes}"))),
            _ => Ok(()),
        }
    }

    /// Prints a piece of a message: text as it is, of binary messages their length and start.
    fn show(&mut self, data: &Data<'_>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match data.kind {
            MessageKind::Text => {
                out.write_all(data.payload)?;
                if data.last {
                    out.write_all(b"\n")?;
                }
            }
            MessageKind::Binary => {
                let wanted = SHOWN - self.start.len();
                self.start.extend(data.payload.iter().take(wanted));
                if data.last {
                    let len = data.offset + data.payload.len() as u64;
                    let more = if len > SHOWN as u64 { " ..." } else { "" };
                    writeln!(out, "binary, {len} bytes:{}{more}", hex(&self.start))?;
                    self.start.clear();
                }
            }
        }
        out.flush()
    }

    /// Carries out a line. Returns the bytes that it makes due at once; a message follows piece by piece.
    fn carry_out(&mut self, line: &[u8], ws: &mut Ws<'_>, now: Instant, out: &mut [u8]) -> Result<usize, String> {
        let bytes = match Command::parse(line)? {
            Command::Text(text) => {
                let source = Box::new(Cursor::new(text.to_owned()));
                self.sending = Some(Sending { kind: MessageKind::Text, source });
                Ok(0)
            }
            Command::Binary(name) => {
                let file = open(name).map_err(|error| format!("{name}: {error}"))?;
                self.sending = Some(Sending { kind: MessageKind::Binary, source: Box::new(file) });
                Ok(0)
            }
            Command::Ping(text) => {
                let bytes = ws.ping(text.as_bytes(), out);
                if bytes.is_ok() {
                    if self.pings.len() == MAX_PINGS {
                        self.pings.pop_front();
                    }
                    self.pings.push_back((text.to_owned(), Clock::now()));
                }
                bytes
            }
            Command::Close(code, reason) => ws.close(code.map(CloseCode), reason, now, out),
        };
        bytes.map_err(|error: CallError| error.to_string())
    }

    /// Sends the next piece of the message that is under way. A piece that is not full ends it.
    fn send_on(&mut self, mut sending: Sending, ws: &mut Ws<'_>, now: Instant, out: &mut [u8]) -> Result<usize, Problem> {
        let mut piece = Vec::with_capacity(PIECE_LEN);
        if let Err(error) = sending.source.by_ref().take(PIECE_LEN as u64).read_to_end(&mut piece) {
            // Half a message cannot be taken back.
            self.error = Some(format!("cannot read the file to its end: {error}"));
            return Ok(ws.close(Some(CloseCode::INTERNAL_ERROR), "", now, out)?);
        }
        let fin = piece.len() < PIECE_LEN;
        let written = ws.send(sending.kind, &piece, fin, out)?;
        if !fin {
            self.sending = Some(sending);
        }
        Ok(written)
    }

    fn show_pong(&mut self, payload: &[u8], answers: Option<PingSource>, keepalive: Option<Duration>) {
        let place = self.pings.iter().position(|(text, _)| text.as_bytes() == payload);
        match (place.and_then(|place| self.pings.drain(..=place).next_back()), keepalive) {
            (Some((text, sent)), _) => note(&format!("pong {text:?}, round trip {:.1?}", sent.elapsed())),
            (None, Some(time)) if answers == Some(PingSource::Keepalive) => {
                note(&format!("pong, keepalive, round trip {time:.1?}"))
            }
            _ => note(&format!("pong {}, unsolicited", shown(payload))),
        }
    }

    fn show_refusal(&mut self, response: &Response<'_>, error: ProtocolError) {
        note(&format!("{} {}", response.status(), String::from_utf8_lossy(response.reason())));
        for header in response.headers() {
            note(&format!("{}: {}", header.name, String::from_utf8_lossy(header.value)));
        }
        self.body = Some(Body::of(response));
        self.error = Some(format!("the server refused the opening handshake: {error}"));
    }
}

impl Application for Terminal {
    fn on_event(&mut self, ws: &mut Ws<'_>, event: Event<'_>, _now: Instant, _out: &mut [u8]) -> Result<usize, Problem> {
        match event {
            Event::Opened(_) => {
                let chosen = ws.subprotocol().map(|name| format!(", subprotocol {name}"));
                note(&format!("open{}", chosen.unwrap_or_default()));
            }
            Event::Refused { response, error, .. } => self.show_refusal(&response, error),
            Event::Data(data) => {
                self.show(&data).map_err(|error| Problem::Failed(format!("cannot write to standard output: {error}")))?;
            }
            Event::Ping { payload, answered, .. } => {
                note(&format!("ping {}{}", shown(payload), if answered { ", answered" } else { "" }));
            }
            Event::Pong { payload, answers, .. } => self.show_pong(payload, answers, ws.round_trip()),
            Event::CloseReceived { code, reason, .. } => note(&format!("close {} {reason:?}", code.0)),
            Event::Failed { error, .. } => self.error = Some(format!("the server broke the protocol: {error}")),
            Event::Closed { code, was_clean, .. } => {
                self.was_clean = was_clean;
                note(&format!("closed with {}, {}", code.0, if was_clean { "clean" } else { "not clean" }));
            }
            // Those of a server.
            _ => {}
        }
        Ok(0)
    }

    fn produce(&mut self, ws: &mut Ws<'_>, now: Instant, out: &mut [u8]) -> Result<usize, Problem> {
        if let Some(sending) = self.sending.take() {
            return self.send_on(sending, ws, now, out);
        }
        let Some(line) = self.line.take() else {
            if !self.is_asked {
                self.is_asked = true;
                self.lines.send(()).ok();
            }
            return Ok(0);
        };
        if line.is_empty() {
            return Ok(ws.close(Some(CloseCode::NORMAL_CLOSURE), "", now, out)?);
        }
        match self.carry_out(&line, ws, now, out) {
            Ok(0) => self.produce(ws, now, out),
            Ok(written) => Ok(written),
            Err(sentence) => {
                note(&sentence);
                self.mistakes += 1;
                self.produce(ws, now, out)
            }
        }
    }

    fn on_line(&mut self, line: io::Result<Vec<u8>>) {
        self.is_asked = false;
        self.line = Some(line.unwrap_or_else(|error| {
            self.error = Some(format!("cannot read standard input: {error}"));
            Vec::new()
        }));
    }
}

/// Prints a note about the connection.
fn note(sentence: &str) {
    // If that cannot be written, neither could the error.
    writeln!(io::stderr(), "* {sentence}").ok();
}

/// A regular file: reading from a pipe or a terminal would hold up the connection.
fn open(name: &str) -> io::Result<File> {
    if !std::fs::metadata(name)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(name)
}

/// The payload of a control frame, as text if it is UTF-8.
fn shown(payload: &[u8]) -> String {
    std::str::from_utf8(payload).map_or_else(|_| hex(payload).trim_start().to_owned(), |text| format!("{text:?}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(" {byte:02x}")).collect()
}
