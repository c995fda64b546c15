//! The client as a person uses it: lines become messages and commands, what arrives is printed.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant as Clock};

use sansocket::{CallError, CloseCode, Data, Instant, MessageKind, PingSource, ProtocolError, Response};
use sansocket_session::{Cause, Event, SessionState};

use crate::body::Body;
use crate::codec::{Talk, Verbs};
use crate::command::Command;
use crate::lines::Lines;
use crate::notes::{challenge, ending, messages, status_of};
use crate::sending::{Sending, open};
use crate::wire::{escaped, note, show};
use crate::{Problem, failed};

/// Bytes of a binary message that are shown.
const SHOWN: usize = 16;
/// Pings that wait for their Pongs, at most; a server need not answer all of them (§5.5.3).
const MAX_PINGS: usize = 64;

pub(crate) struct Terminal {
    lines: Lines,
    /// Whether there is another connection after the first, and lines are taken meanwhile.
    reconnects: bool,
    /// The message that is being sent, or waits for its turn.
    sending: Option<Sending>,
    /// A command that waits until there is a connection and what came before it has left.
    waiting: Option<Vec<u8>>,
    pings: VecDeque<(String, Clock)>,
    /// Of the message that is arriving: the start of binary, or the start of the character that ends a piece of text.
    start: Vec<u8>,
    /// Part of a text was shown.
    is_inside_text: bool,
    body: Option<Body>,
    was_up: bool,
    /// The code of the peer's Close.
    received: Option<CloseCode>,
    /// What the server refused with.
    refusal: String,
    /// The exit status, as far as it is known: of the latest connection, and of the lines.
    status: u8,
    blamed: u8,
}

/// What is beside an event.
pub(crate) struct Aside<'a> {
    pub(crate) round_trip: Option<Duration>,
    /// Why the latest dial has failed.
    pub(crate) failure: Option<&'a str>,
}

impl Terminal {
    pub(crate) fn new(lines: Lines, reconnects: bool) -> Self {
        Self {
            lines,
            reconnects,
            sending: None,
            waiting: None,
            pings: VecDeque::new(),
            start: Vec::new(),
            is_inside_text: false,
            body: None,
            was_up: false,
            received: None,
            refusal: String::new(),
            status: 1,
            blamed: 0,
        }
    }

    /// The exit status, once the session has ended.
    pub(crate) fn status(mut self) -> u8 {
        if self.sending.is_some() {
            self.blame("closed before the whole last message was sent");
        }
        self.status.max(self.blamed)
    }

    /// Prints what happened.
    pub(crate) fn show(&mut self, event: Event<'_>, ws: &mut Verbs<'_, '_, '_>, aside: &Aside<'_>) -> Result<(), Problem> {
        match event {
            Event::Up(response) => self.show_up(&response),
            Event::Refused(response) => {
                self.show_refusal(&response);
                ws.read_body();
            }
            Event::ProxyRefused(response) => {
                note(&format!("the proxy refused with {}", status_of(&response)));
                for header in response.headers().filter(|header| header.name.eq_ignore_ascii_case("proxy-authenticate")) {
                    note(&format!("Proxy-Authenticate: {}", challenge(header.value)));
                }
            }
            Event::Redirected { status, url, .. } => note(&format!("redirected with {status} to {url}")),
            Event::Data(data) => self.show_data(&data),
            Event::Ping { payload, .. } => note(&format!("ping {}, answered", shown(payload))),
            Event::Pong { payload, answers, .. } => self.show_pong(payload, answers, aside.round_trip),
            Event::CloseReceived { code, reason, .. } => {
                self.received = Some(code);
                note(&format!("close {code} {reason:?}"));
            }
            Event::Failed { error, .. } => note(&format!("failed: {error}")),
            Event::Down { cause, retry_in_ms, unconfirmed, .. } => {
                let retry_in_ms = retry_in_ms.filter(|_| self.reconnects);
                if retry_in_ms.is_none() {
                    ws.stop();
                }
                self.show_body();
                self.show_down(cause, retry_in_ms, aside.failure);
                if !unconfirmed.is_empty() {
                    note(&format!("may be lost: {}", messages(unconfirmed)));
                }
                self.forget_connection(retry_in_ms.is_some());
            }
            Event::Dropped(numbers) => self.blame(&format!("dropped unsent: {}", messages(numbers))),
            // What waits will not be sent.
            Event::GaveUp => ws.close(None, "")?,
            _ => {}
        }
        Ok(())
    }

    fn show_up(&mut self, response: &Response<'_>) {
        let again = if self.was_up { " again" } else { "" };
        let chosen =
            response.header("sec-websocket-protocol").map(|name| format!(", subprotocol {}", String::from_utf8_lossy(name)));
        let compressed = if response.header("sec-websocket-extensions").is_some() { ", compressed" } else { "" };
        note(&format!("open{again}{}{compressed}", chosen.unwrap_or_default()));
        self.was_up = true;
    }

    fn show_refusal(&mut self, response: &Response<'_>) {
        self.refusal = status_of(response);
        // A 101 that breaks a rule refuses nothing; which rule that is comes with its end.
        if response.status() != 101 {
            note(&format!("refused with {}: {}", self.refusal, ProtocolError::StatusNot101));
        }
        for header in response.headers() {
            note(&format!("{}: {}", header.name, String::from_utf8_lossy(header.value)));
        }
        self.body = Some(Body::of(response));
    }

    fn show_down(&mut self, cause: Cause, retry_in_ms: Option<u64>, failure: Option<&str>) {
        let (mut text, status) = ending(cause, self.received, failure);
        self.status = status;
        let was_told = match cause {
            Cause::Failed(error) if !self.refusal.is_empty() => {
                text = format!("failed with {}: {error}", self.refusal);
                false
            }
            Cause::Failed(_) | Cause::Refused { .. } | Cause::ProxyRefused { .. } => true,
            _ => false,
        };
        match retry_in_ms {
            Some(ms) => note(&format!("down: {text}; again in {}.{} s", ms / 1000, ms % 1000 / 100)),
            None if was_told => {}
            None => note(&text),
        }
    }

    /// What belongs to a connection ends with it.
    fn forget_connection(&mut self, retries: bool) {
        if std::mem::take(&mut self.is_inside_text) {
            show("", "\n");
        }
        self.start.clear();
        self.pings.clear();
        self.refusal.clear();
        self.received = None;
        // Its start is gone. (At the end of all this it is the last message.)
        if retries && self.sending.as_ref().is_some_and(Sending::has_begun) {
            self.sending = None;
        }
    }

    /// Prints a piece of a message: text escaped, of binary messages their length and start.
    fn show_data(&mut self, data: &Data<'_>) {
        match data.kind {
            MessageKind::Text => {
                self.is_inside_text = !data.last;
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
            (None, Some(PingSource::Keepalive), None) => note("pong, keepalive"),
            // Of the Ping that the session sends before the Close.
            (None, Some(_), _) => {}
            _ => note(&format!("pong {}, unsolicited", shown(payload))),
        }
    }

    /// Something went wrong, although the connection may end as it should.
    fn blame(&mut self, sentence: &str) {
        note(sentence);
        self.blamed = 1;
    }

    /// Takes what has arrived of the body of a refusal. Once it is whole, the connection is no longer needed. False if there is
    /// nothing new.
    pub(crate) fn read_body(&mut self, session: &mut Talk<'_, '_>, now: Instant) -> bool {
        let Some(body) = &mut self.body else { return false };
        let len = session.unread().len();
        body.add(session.unread());
        session.discard(len);
        if !body.content().1 {
            return len > 0;
        }
        self.show_body();
        session.commands(now).end_body();
        true
    }

    fn show_body(&mut self) {
        let content = self.body.take().map(|body| body.content().0).unwrap_or_default();
        let text = escaped(&String::from_utf8_lossy(&content).replace("\r\n", "\n"));
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write!(io::stderr(), "{text}{end}").ok();
    }

    /// Sends the next piece of a message, or carries out the next line. False if nothing can be done now.
    pub(crate) fn send(&mut self, session: &mut Talk<'_, '_>, now: Instant) -> Result<bool, Problem> {
        use SessionState::{Backoff, Dialing, Handshaking, Open};
        if let Some(sending) = self.sending.take() {
            return self.send_on(sending, &mut session.commands(now));
        }
        // What finds no room on a connection that is open waits where it comes from.
        let is_free = session.state() == Open && session.queued() == 0;
        let is_away = self.reconnects && matches!(session.state(), Dialing | Handshaking | Backoff);
        if !is_free && !is_away {
            return Ok(false);
        }
        let may_end = is_free || session.state() == Backoff && session.queued() == 0;
        let mut ws = session.commands(now);
        if let Some(line) = self.waiting.take() {
            return Ok(self.obey(line, &mut ws, is_free, may_end));
        }
        match self.lines.next() {
            Some(Ok(line)) => return Ok(self.obey(line, &mut ws, is_free, may_end)),
            Some(Err(error)) => self.blame(&format!("cannot read standard input: {error}")),
            None if self.lines.have_ended() && may_end => ws.close(CloseCode::NORMAL_CLOSURE, "")?,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Carries out a line, or has it wait. `is_free`: there is a connection, and nothing waits for it; `may_end`: nothing waits.
    fn obey(&mut self, line: Vec<u8>, ws: &mut Verbs<'_, '_, '_>, is_free: bool, may_end: bool) -> bool {
        let is_done = match Command::parse(&line) {
            Err(sentence) => Err(failed(sentence)),
            Ok(Command::Ping(_)) if !is_free => Ok(false),
            Ok(Command::Close(..)) if !may_end => Ok(false),
            Ok(command) => self.carry_out(command, ws),
        };
        match is_done {
            Ok(true) => {}
            Ok(false) => self.waiting = Some(line),
            Err(problem) => self.blame(&problem.sentence),
        }
        self.waiting.is_none()
    }

    /// False if there is no room.
    fn carry_out(&mut self, command: Command<'_>, ws: &mut Verbs<'_, '_, '_>) -> Result<bool, Problem> {
        match command {
            Command::Text(text) => self.sending = Some(Sending::text(text)),
            Command::Binary(name) => {
                let file = open(name).map_err(|error| failed(format!("{name}: {error}")))?;
                self.sending = Some(Sending::new(MessageKind::Binary, file));
            }
            Command::Ping(text) => {
                match ws.ping(text.as_bytes()) {
                    Err(CallError::NeedsRoom { .. }) => return Ok(false),
                    done => done?,
                }
                if self.pings.len() == MAX_PINGS {
                    self.pings.pop_front();
                }
                self.pings.push_back((text.to_owned(), Clock::now()));
            }
            Command::Close(code, reason) => ws.close(code.map(CloseCode), reason)?,
        }
        Ok(true)
    }

    /// Sends the next piece of the message that is under way. False if that has to wait.
    fn send_on(&mut self, mut sending: Sending, ws: &mut Verbs<'_, '_, '_>) -> Result<bool, Problem> {
        if let Err(error) = sending.read_on() {
            self.blame(&format!("cannot read the file to its end: {error}"));
            if sending.has_begun() {
                // Half a message cannot be taken back.
                ws.close(CloseCode::INTERNAL_ERROR, "")?;
            }
            return Ok(true);
        }
        let is_taken = sending.send(ws)?;
        if !sending.is_over() {
            self.sending = Some(sending);
        }
        Ok(is_taken)
    }
}

/// Takes the whole characters of `start` and `piece`, and leaves what a next piece may complete in `start`.
fn whole_characters(start: &mut Vec<u8>, piece: &[u8]) -> String {
    start.extend_from_slice(piece);
    let whole = start.utf8_chunks().next().map_or("", |chunk| chunk.valid()).to_owned();
    start.drain(..whole.len());
    whole
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
