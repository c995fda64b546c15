//! The client as a person uses it: lines become messages and commands, what arrives is printed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::time::{Duration, Instant as Clock};

use sansocket::{CloseCode, Commands, Connection, Data, Event, Instant, MAX_ANSWER, MessageKind, PingSource, State};

use crate::body::Body;
use crate::command::Command;
use crate::lines::Lines;
use crate::wire::{SystemEntropy, Wire, escaped, note, report, show};
use crate::{PIECE_LEN, Problem, Ws, failed};

/// Bytes of a binary message that are shown.
const SHOWN: usize = 16;
/// Pings that wait for their Pongs, at most; a server need not answer all of them (§5.5.3).
const MAX_PINGS: usize = 64;

pub(crate) struct Terminal {
    lines: Lines,
    /// The message that is being sent.
    sending: Option<Sending>,
    pings: VecDeque<(String, Clock)>,
    /// Of the message that is arriving: the start of binary, or the start of the character that ends a piece of text.
    start: Vec<u8>,
    body: Option<Body>,
    /// The exit status, as far as it is known.
    status: u8,
}

/// A message of any length, sent in pieces: a line, or a file of which only a piece is in memory.
struct Sending {
    kind: MessageKind,
    source: Box<dyn Read>,
    sent: u64,
}

impl Sending {
    fn new(kind: MessageKind, source: impl Read + 'static) -> Option<Self> {
        Some(Self { kind, source: Box::new(source), sent: 0 })
    }
}

impl Terminal {
    pub(crate) fn new(wire: &Wire) -> io::Result<Self> {
        let lines = Lines::read();
        lines.wake(&wire.poll)?;
        Ok(Self { lines, sending: None, pings: VecDeque::new(), start: Vec::new(), body: None, status: 0 })
    }

    /// The exit status, once the connection has ended.
    pub(crate) fn status(mut self) -> u8 {
        self.show_body();
        if self.sending.is_some() {
            self.blame("closed before the whole last message was sent");
        }
        self.status
    }

    /// Prints what happened.
    pub(crate) fn show(&mut self, event: Event<'_>, ws: &Connection<'_, SystemEntropy>) {
        self.status = self.status.max(report(&event));
        match event {
            Event::Opened(_) => {
                let chosen = ws.subprotocol().map(|name| format!(", subprotocol {name}"));
                note(&format!("open{}", chosen.unwrap_or_default()));
            }
            Event::Refused { response, .. } => {
                for header in response.headers() {
                    note(&format!("{}: {}", header.name, String::from_utf8_lossy(header.value)));
                }
                self.body = Some(Body::of(&response));
            }
            Event::Data(data) => self.show_data(&data),
            Event::Ping { payload, answered, .. } => {
                note(&format!("ping {}{}", shown(payload), if answered { ", answered" } else { "" }));
            }
            Event::Pong { payload, answers, .. } => self.show_pong(payload, answers, ws.round_trip()),
            Event::CloseReceived { code, reason, .. } => note(&format!("close {code} {reason:?}")),
            // Reported, or a server's.
            _ => {}
        }
    }

    /// Prints a piece of a message: text escaped, of binary messages their length and start.
    fn show_data(&mut self, data: &Data<'_>) {
        match data.kind {
            MessageKind::Text => {
                show(&whole_characters(&mut self.start, data.payload), if data.last { "\n" } else { "" });
            }
            MessageKind::Binary => {
                let wanted = SHOWN - self.start.len();
                self.start.extend(data.payload.iter().take(wanted));
                if data.last {
                    let len = data.offset + data.payload.len() as u64;
                    let more = if len > SHOWN as u64 { " ..." } else { "" };
                    show(&format!("binary, {len} bytes:{}{more}", hex(&self.start)), "\n");
                    self.start.clear();
                }
            }
        }
    }

    fn show_pong(&mut self, payload: &[u8], answers: Option<PingSource>, keepalive: Option<Duration>) {
        let place = self.pings.iter().position(|(text, _)| text.as_bytes() == payload);
        match (place.and_then(|place| self.pings.drain(..=place).next_back()), answers, keepalive) {
            (Some((text, sent)), ..) => note(&format!("pong {text:?}, round trip {:.1?}", sent.elapsed())),
            (None, Some(PingSource::Keepalive), Some(time)) => note(&format!("pong, keepalive, round trip {time:.1?}")),
            (None, Some(_), _) => note("pong, keepalive"),
            _ => note(&format!("pong {}, unsolicited", shown(payload))),
        }
    }

    /// Something went wrong, although the connection may end as it should.
    fn blame(&mut self, sentence: &str) {
        note(sentence);
        self.status = self.status.max(1);
    }

    /// Takes what has arrived of the body of a refusal. Once it is whole, the connection is no longer needed. False if there is
    /// nothing new.
    pub(crate) fn read_body(&mut self, ws: &mut Ws<'_>, now: Instant) -> Result<bool, Problem> {
        let Some(body) = &mut self.body else { return Ok(false) };
        let len = ws.unread().len();
        body.add(ws.unread());
        ws.discard(len);
        if !body.content().1 {
            return Ok(len > 0);
        }
        self.show_body();
        ws.commands(now).close(None, "")?;
        Ok(true)
    }

    fn show_body(&mut self) {
        let content = self.body.take().map(|body| body.content().0).unwrap_or_default();
        let text = escaped(&String::from_utf8_lossy(&content).replace("\r\n", "\n"));
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write!(io::stderr(), "{text}{end}").ok();
    }

    /// Sends the next piece of a message, or carries out the next line. False if there is no room or nothing to do.
    pub(crate) fn send(&mut self, ws: &mut Commands<'_, '_, SystemEntropy>) -> Result<bool, Problem> {
        if ws.connection().state() != State::Open || ws.room() < PIECE_LEN + MAX_ANSWER {
            return Ok(false);
        }
        if let Some(sending) = self.sending.take() {
            self.send_on(sending, ws)?;
            return Ok(true);
        }
        match self.lines.next() {
            Some(Ok(line)) => {
                if let Err(problem) = self.carry_out(&line, ws) {
                    self.blame(&problem.sentence);
                }
            }
            Some(Err(error)) => self.blame(&format!("cannot read standard input: {error}")),
            None if self.lines.have_ended() => ws.close(CloseCode::NORMAL_CLOSURE, "")?,
            None => return Ok(false),
        }
        Ok(true)
    }

    fn carry_out(&mut self, line: &[u8], ws: &mut Commands<'_, '_, SystemEntropy>) -> Result<(), Problem> {
        match Command::parse(line).map_err(failed)? {
            Command::Text(text) => self.sending = Sending::new(MessageKind::Text, Cursor::new(text.to_owned())),
            Command::Binary(name) => {
                let file = open(name).map_err(|error| failed(format!("{name}: {error}")))?;
                self.sending = Sending::new(MessageKind::Binary, file);
            }
            Command::Ping(text) => {
                ws.ping(text.as_bytes())?;
                if self.pings.len() == MAX_PINGS {
                    self.pings.pop_front();
                }
                self.pings.push_back((text.to_owned(), Clock::now()));
            }
            Command::Close(code, reason) => ws.close(code.map(CloseCode), reason)?,
        }
        Ok(())
    }

    /// Sends the next piece of the message that is under way; there is room for it. A piece that is not full ends the message.
    fn send_on(&mut self, mut sending: Sending, ws: &mut Commands<'_, '_, SystemEntropy>) -> Result<(), Problem> {
        let mut piece = Vec::with_capacity(PIECE_LEN);
        if let Err(error) = sending.source.by_ref().take(PIECE_LEN as u64).read_to_end(&mut piece) {
            // Half a message cannot be taken back.
            self.blame(&format!("cannot read the file to its end: {error}"));
            return Ok(ws.close(CloseCode::INTERNAL_ERROR, "")?);
        }
        let fin = piece.len() < PIECE_LEN;
        sending.sent += ws.send_part(sending.kind, sending.sent, &piece, fin)? as u64;
        if !fin {
            self.sending = Some(sending);
        }
        Ok(())
    }
}

/// Takes the whole characters of `start` and `piece`, and leaves what a next piece may complete in `start`.
fn whole_characters(start: &mut Vec<u8>, piece: &[u8]) -> String {
    start.extend_from_slice(piece);
    let whole = start.utf8_chunks().next().map_or("", |chunk| chunk.valid()).to_owned();
    start.drain(..whole.len());
    whole
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

#[cfg(test)]
mod tests {
    use super::whole_characters;
    use crate::wire::escaped;

    #[test]
    fn character_in_two_pieces_is_shown_whole() {
        let text = "Grüße, 😀é";
        for cut in 0..=text.len() {
            let (mut start, (first, last)) = (Vec::new(), text.as_bytes().split_at(cut));
            let shown = [whole_characters(&mut start, first), whole_characters(&mut start, last)].concat();
            assert_eq!((shown.as_str(), start.len()), (text, 0));
        }
    }

    #[test]
    fn control_characters_are_escaped_and_printable_ones_stay() {
        for (text, shown) in [
            ("Grüße 😀 \"世界\"\n", "Grüße 😀 \"世界\"\n"),
            ("\x1b]0;title\x07\r\x08\0", "\\u{1b}]0;title\\u{7}\\r\\u{8}\\u{0}"),
            ("\u{7f}\u{9b}31m\t", "\\u{7f}\\u{9b}31m\\t"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }
}
