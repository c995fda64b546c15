//! A connection under observation: each call is checked against the laws that hold for every call.

use super::entropy::Counter;
use super::http::HOST;
use super::{Begin, connecting, ms};
use sansocket::{
    Accept, CallError, ClientRequest, CloseCode, Config, Connection, Event, Headers, MessageKind, Negotiated, Origin, PingSource,
    ProtocolError, Role, State, Transport,
};
use std::time::Duration;

/// Headers of a head, names in lower case.
pub(crate) type Fields = Vec<(String, Vec<u8>)>;

/// An event that outlives its input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Request {
        method: String,
        target: String,
        fields: Fields,
    },
    HttpRequest {
        method: String,
        target: String,
        fields: Fields,
    },
    Opened {
        status: u16,
        fields: Fields,
    },
    Refused {
        status: u16,
        fields: Fields,
        error: ProtocolError,
    },
    /// A whole message, joined.
    Message(MessageKind, Vec<u8>),
    /// `within`: bytes of the unfinished message that came before.
    Ping {
        payload: Vec<u8>,
        answered: bool,
        within: u64,
    },
    Pong {
        payload: Vec<u8>,
        within: u64,
    },
    CloseReceived {
        code: u16,
        reason: String,
    },
    Failed(ProtocolError),
    Closed {
        code: u16,
        was_clean: bool,
    },
}

/// What a server under test does with requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// Accepts, with the subprotocol that it prefers.
    Accept,
    /// 404 to plain HTTP and to opening handshakes.
    NotFound,
    /// Leaves the request unanswered.
    Wait,
}

pub(crate) struct Probe<'c> {
    pub(crate) conn: Connection<'c, Counter>,
    pub(crate) config: &'c Config<'c>,
    pub(crate) entropy: Counter,
    pub(crate) now: u64,
    /// Bytes of output that each call is given at first.
    pub(crate) room: usize,
    pub(crate) answer: Answer,
    /// Input that was not consumed yet.
    pub(crate) buffer: Vec<u8>,
    pub(crate) output: Vec<u8>,
    pub(crate) events: Vec<Seen>,
    /// What each Pong answered.
    pub(crate) answers: Vec<Option<PingSource>>,
    pub(crate) open: Option<(MessageKind, Vec<u8>)>,
}

impl<'c> Probe<'c> {
    pub(crate) fn start(role: Role, config: &'c Config<'c>, begin: Begin) -> Self {
        let entropy = Counter::default();
        let conn = match begin {
            Begin::Handshake => connecting(role, config, entropy.clone()),
            Begin::Open | Begin::Closing => Connection::open(role, config, entropy.clone(), Negotiated::NOTHING, ms(0)),
        };
        let mut probe = Self::of(conn, config, entropy);
        match begin {
            Begin::Handshake if role == Role::Client => {
                probe.write(|conn, out| conn.request(&ClientRequest::new(HOST, "/"), ms(0), out));
            }
            Begin::Closing => probe.write(|conn, out| conn.close(Some(CloseCode::NORMAL_CLOSURE), "", ms(0), out)),
            _ => {}
        }
        // The wire under test begins here.
        probe.output.clear();
        probe
    }

    pub(crate) fn of(conn: Connection<'c, Counter>, config: &'c Config<'c>, entropy: Counter) -> Self {
        Self {
            conn,
            config,
            entropy,
            now: 0,
            room: super::AMPLE,
            answer: Answer::Accept,
            buffer: Vec::new(),
            output: Vec::new(),
            events: Vec::new(),
            answers: Vec::new(),
            open: None,
        }
    }

    /// Calls a verb that must succeed and keeps what it wrote.
    pub(crate) fn write(&mut self, verb: impl FnOnce(&mut Connection<'c, Counter>, &mut [u8]) -> Result<usize, CallError>) {
        self.try_write(verb).unwrap();
    }

    pub(crate) fn try_write(
        &mut self,
        verb: impl FnOnce(&mut Connection<'c, Counter>, &mut [u8]) -> Result<usize, CallError>,
    ) -> Result<usize, CallError> {
        let mut out = vec![0; 0x1_1000];
        let len = verb(&mut self.conn, &mut out)?;
        self.output.extend(&out[..len]);
        Ok(len)
    }

    /// Calls a verb that must be refused with `error`, and checks that it changed nothing.
    pub(crate) fn refused(
        &mut self,
        error: impl Into<CallError>,
        room: usize,
        verb: impl FnOnce(&mut Connection<'c, Counter>, &mut [u8]) -> Result<usize, CallError>,
    ) {
        let before = self.snapshot();
        let mut out = vec![CANARY; room];
        assert_eq!(verb(&mut self.conn, &mut out), Err(error.into()));
        assert_eq!(self.snapshot(), before, "a refused call changed the connection");
        assert!(out.iter().all(|&byte| byte == CANARY), "a refused call wrote {out:02x?}");
    }

    /// Calls a verb that has nothing to do, and checks that it did nothing and needed no room.
    pub(crate) fn writes_nothing(
        &mut self,
        verb: impl FnOnce(&mut Connection<'c, Counter>, &mut [u8]) -> Result<usize, CallError>,
    ) {
        let before = self.snapshot();
        assert_eq!(verb(&mut self.conn, &mut []), Ok(0));
        assert_eq!(self.snapshot(), before, "a call without effect changed the connection");
    }

    /// Delivers `bytes` and takes all events that they give.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        while self.call() {}
        // Law 5: no event means that nothing more can be had from this input.
        let events = self.events.len();
        let before = self.buffer.clone();
        assert!(!self.call(), "an event after a call without one: {:?}", &self.events[events..]);
        assert_eq!(self.buffer, before, "bytes consumed after a call without an event");
    }

    /// One `receive`; whether there was an event.
    pub(crate) fn call(&mut self) -> bool {
        self.call_with_room(self.room)
    }

    fn call_with_room(&mut self, room: usize) -> bool {
        let before = self.buffer.clone();
        let snapshot = self.snapshot();
        let was_over = matches!(self.conn.state(), State::Closed) || self.has_failed() || self.is_over();
        // A refused client that called `close` waits for nothing but `Closed`.
        let ends = self.conn.transport() == Transport::Close && self.conn.state() != State::Closed;
        let mut out = vec![CANARY; room];
        let addresses = self.buffer.as_ptr_range();
        let received = match self.conn.receive(ms(self.now), &mut self.buffer, &mut out) {
            Ok(received) => received,
            Err(CallError::NeedsRoom { bytes }) => {
                // Law 7: nothing happened, and the room that was asked for is enough.
                assert!(room < bytes && bytes <= super::AMPLE, "{bytes} bytes wanted, {room} offered");
                assert_eq!(self.buffer, before, "a refused call changed its input");
                assert!(out.iter().all(|&byte| byte == CANARY), "a refused call wrote {out:02x?}");
                assert_eq!(self.snapshot(), snapshot, "a refused call changed the connection");
                return self.call_with_room(bytes);
            }
            Err(error) => panic!("receive: {error}"),
        };
        let (consumed, produced) = (received.consumed, received.produced);
        assert!(consumed <= before.len() && produced <= room, "{consumed} of {}, {produced} of {room}", before.len());
        assert!(out[produced..].iter().all(|&byte| byte == CANARY), "bytes past those produced were written");
        self.output.extend(&out[..produced]);
        let event = received.event;
        let more = event.is_some();
        if more {
            assert!(!was_over || ends, "{event:?} after the end of {:?}", self.events);
            assert!(consumed > 0 || ends, "{event:?} without input");
        } else {
            assert_eq!(produced, 0, "bytes without an event");
        }
        match event {
            None => {}
            Some(Event::Data(data)) => {
                // Law 4: the payload lies in the input, where it arrived.
                let payload = data.payload.as_ptr_range();
                assert!(addresses.start <= payload.start && payload.end <= addresses.end, "payload outside of the input");
                assert!(payload.end.addr() - addresses.start.addr() <= consumed, "payload outside of what was consumed");
                assert!(!data.payload.is_empty() || data.last, "an empty chunk inside a message");
                let (kind, joined) = self.open.get_or_insert_with(|| (data.kind, Vec::new()));
                assert_eq!((*kind, joined.len() as u64, joined.is_empty()), (data.kind, data.offset, data.first()));
                joined.extend(&*data.payload);
                if data.last {
                    let (kind, payload) = self.open.take().unwrap();
                    self.events.push(Seen::Message(kind, payload));
                }
            }
            Some(Event::Request(request)) => {
                self.events.push(Seen::Request {
                    method: request.method().into(),
                    target: request.target().into(),
                    fields: fields(request.headers()),
                });
                let mut out = vec![0; 4096];
                let subprotocol = request.choose_subprotocol(self.config);
                let written = match self.answer {
                    Answer::Accept => {
                        self.conn.accept(&request, &Accept::new(Origin::Any).subprotocol(subprotocol), ms(self.now), &mut out)
                    }
                    Answer::NotFound => self.conn.respond(404, &[], b"", ms(self.now), &mut out),
                    Answer::Wait => Ok(0),
                };
                self.output.extend(&out[..written.unwrap()]);
            }
            Some(Event::HttpRequest(request)) => {
                self.events.push(Seen::HttpRequest {
                    method: request.method().into(),
                    target: request.target().into(),
                    fields: fields(request.headers()),
                });
                if self.answer != Answer::Wait {
                    let mut out = vec![0; 4096];
                    let written = self.conn.respond(404, &[], b"", ms(self.now), &mut out);
                    self.output.extend(&out[..written.unwrap()]);
                }
            }
            Some(Event::Opened(response)) => {
                self.events.push(Seen::Opened { status: response.status(), fields: fields(response.headers()) });
            }
            Some(Event::Refused { response, error, .. }) => {
                self.events.push(Seen::Refused { status: response.status(), fields: fields(response.headers()), error });
            }
            Some(Event::Ping { payload, answered, .. }) => {
                let seen = Seen::Ping { payload: payload.into(), answered, within: self.within() };
                self.events.push(seen);
            }
            Some(Event::Pong { payload, answers, .. }) => {
                self.answers.push(answers);
                let seen = Seen::Pong { payload: payload.into(), within: self.within() };
                self.events.push(seen);
            }
            Some(Event::CloseReceived { code, reason, .. }) => {
                self.events.push(Seen::CloseReceived { code: code.0, reason: reason.into() });
            }
            Some(Event::Failed { error, .. }) => self.events.push(Seen::Failed(error)),
            Some(Event::Closed { code, was_clean, .. }) if ends => self.events.push(Seen::Closed { code: code.0, was_clean }),
            Some(other) => panic!("{other:?} from receive"),
        }
        // Law 3: what was not consumed is handed back unchanged.
        assert_eq!(self.buffer[consumed..], before[consumed..], "unconsumed input was changed");
        self.buffer.drain(..consumed);
        more
    }

    /// The end of input: `Closed` now, unless it came before, and never again.
    pub(crate) fn eof(&mut self) {
        let closed = self.conn.state() == State::Closed;
        let deciding = matches!(self.events.last(), Some(Seen::Request { .. } | Seen::HttpRequest { .. }));
        let seen = closed_event(self.conn.receive_eof(ms(self.now)).event);
        if deciding && self.conn.state() == State::Connecting {
            // RFC 9112 §9.6: a peer that half-closes still reads the answer. Here no answer comes before the deadline, if there is a deadline.
            assert_eq!(seen, None, "Closed before the answer");
            match self.next_timeout() {
                Some(due) => drop(self.timeout(due.max(self.now), 0)),
                None => {
                    self.conn.respond(404, &[], b"", ms(self.now), &mut [0; 200]).unwrap();
                    self.events.extend(closed_event(self.conn.receive_eof(ms(self.now)).event));
                    self.assert_over();
                }
            }
            return;
        }
        assert_eq!(seen.is_none(), closed, "Closed at the end of input");
        self.events.extend(seen);
        self.assert_over();
    }

    /// `handle_timeout` at `now` with `room`; the bytes that it produced.
    pub(crate) fn timeout(&mut self, now: u64, room: usize) -> Vec<u8> {
        self.now = now;
        let mut out = vec![CANARY; room];
        let received = self.conn.handle_timeout(ms(now), &mut out);
        let (produced, event) = (received.produced, received.event);
        assert_eq!(received.consumed, 0);
        assert!(out[produced..].iter().all(|&byte| byte == CANARY));
        out.truncate(produced);
        self.output.extend(&out);
        if let Some(seen) = closed_event(event) {
            self.events.push(seen);
            self.assert_over();
        }
        // Law 10: after a deadline was handled the next one is in the future.
        assert!(self.next_timeout().is_none_or(|next| next > now), "{:?} is not after {now}", self.next_timeout());
        out
    }

    pub(crate) fn next_timeout(&self) -> Option<u64> {
        self.conn.next_timeout().map(|next| next.as_millis())
    }

    /// Law 9: after `Closed` nothing comes any more, whatever is called.
    fn assert_over(&mut self) {
        assert_eq!(self.conn.state(), State::Closed);
        assert_eq!(self.conn.transport(), Transport::Close);
        assert_eq!(self.conn.next_timeout(), None);
        assert!(self.conn.receive_eof(ms(self.now)).event.is_none(), "a second Closed at the end of input");
        let timeout = self.conn.handle_timeout(ms(u64::MAX - 1), &mut [0; 200]);
        assert!(timeout.event.is_none() && timeout.produced == 0, "something after Closed");
        let mut more = [0x89, 0x80, 0, 0, 0, 0];
        let received = self.conn.receive(ms(self.now), &mut more, &mut [0; 200]).unwrap();
        assert!(received.event.is_none() && received.produced == 0 && received.consumed == 6, "{received:?} after Closed");
    }

    fn within(&self) -> u64 {
        self.open.as_ref().map_or(0, |(_, payload)| payload.len() as u64)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.events.iter().any(|seen| matches!(seen, Seen::Failed(_)))
    }

    /// Whether an event came after which `receive` gives no other.
    fn is_over(&self) -> bool {
        self.events.iter().any(|seen| matches!(seen, Seen::CloseReceived { .. } | Seen::Refused { .. } | Seen::Closed { .. }))
    }

    fn snapshot(&self) -> (State, Transport, Option<u64>, usize, Option<Duration>) {
        let conn = &self.conn;
        (conn.state(), conn.transport(), self.next_timeout(), self.entropy.draws().len(), conn.round_trip())
    }
}

fn fields(headers: Headers<'_>) -> Fields {
    headers.map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec())).collect()
}

fn closed_event(event: Option<Event<'_>>) -> Option<Seen> {
    match event {
        None => None,
        Some(Event::Closed { code, was_clean, .. }) => Some(Seen::Closed { code: code.0, was_clean }),
        Some(other) => panic!("{other:?} is not Closed"),
    }
}

/// What outputs are filled with before a call.
const CANARY: u8 = 0xA5;
