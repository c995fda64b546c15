//! An end of a connection with compression: what it sends is noted for the other, each call is checked.

use crate::input_deflate::CompressedPair;
use crate::support::AMPLE;
use crate::support::entropy::Counter;
use crate::support::ms;
use sansocket::{
    CallError, CloseCode, CompressedMessage, Compressor, Connection, Event, Inflater, Level, MessageKind, Role, State, UsageError,
};

/// What one end sends and the other receives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
}

/// A message of which a part was sent.
pub(crate) struct Unfinished {
    kind: MessageKind,
    is_plain: bool,
    pub(crate) payload: Vec<u8>,
    sent: usize,
    /// Where the piece ends that a call has not taken whole.
    piece: Option<usize>,
}

pub(crate) struct End<'c, 'm> {
    pub(crate) ws: Connection<'c, Counter>,
    compressor: Compressor<'m>,
    inflater: Inflater<'m>,
    pub(crate) unfinished: Option<Unfinished>,
    /// What is due to the other end, and how much was.
    pub(crate) wire: Vec<u8>,
    pub(crate) taken: usize,
    /// What the other end must receive.
    pub(crate) expected: Vec<Item>,
    pub(crate) unread: Vec<u8>,
    pub(crate) received: Vec<Item>,
    pub(crate) open: Option<(MessageKind, Vec<u8>)>,
    pub(crate) is_over: bool,
    pub(crate) failures: usize,
}

impl<'c, 'm> End<'c, 'm> {
    /// An end with codecs as they were agreed on.
    pub(crate) fn new(
        ws: Connection<'c, Counter>,
        input: &CompressedPair<'_>,
        memory: &'m mut Vec<u8>,
        history: &'m mut Vec<u8>,
    ) -> Self {
        let agreed = ws.negotiated().deflate();
        let (role, peer, level) = match ws.role() {
            Role::Client => (Role::Client, Role::Server, input.client_level),
            Role::Server => (Role::Server, Role::Client, input.server_level),
        };
        let bits = |role| agreed.map_or(8, |agreed| agreed.sent_by(role).max_window_bits);
        memory.resize(Compressor::memory_len(bits(role), level).unwrap(), 0);
        history.resize(1 << (bits(peer) + input.spare_bits).min(15), 0);
        Self {
            ws,
            compressor: Compressor::new(bits(role), level, memory).unwrap(),
            inflater: Inflater::new(history).unwrap(),
            unfinished: None,
            wire: Vec::new(),
            taken: 0,
            expected: Vec::new(),
            unread: Vec::new(),
            received: Vec::new(),
            open: None,
            is_over: false,
            failures: 0,
        }
    }
}

impl End<'_, '_> {
    pub(crate) fn is_open(&self) -> bool {
        self.ws.state() == State::Open
    }

    /// Begins a message, unless one is unfinished.
    pub(crate) fn begin(&mut self, kind: MessageKind, is_plain: bool, payload: impl FnOnce() -> Vec<u8>) {
        let is_plain = is_plain || self.ws.negotiated().deflate().is_none();
        if self.unfinished.is_none() {
            self.unfinished = Some(Unfinished { kind, is_plain, payload: payload(), sent: 0, piece: None });
        }
    }

    /// One call for the unfinished message: with `len` bytes of it, or with the rest of those of the last call.
    pub(crate) fn send_piece(&mut self, len: usize, room: usize) {
        let is_open = self.is_open();
        let Some(message) = &mut self.unfinished else { return };
        let to = message.piece.unwrap_or(message.sent.saturating_add(len).min(message.payload.len()));
        let (piece, fin) = (&message.payload[message.sent..to], to == message.payload.len());
        let mut out = vec![0; if message.is_plain { piece.len() + 14 } else { room }];
        let (consumed, produced, done) = if message.is_plain {
            (piece.len(), self.ws.send(message.kind, piece, fin, &mut out).unwrap(), true)
        } else {
            let sent = self.ws.send_with(&mut self.compressor, message.kind, piece, fin, &mut out).unwrap();
            (sent.consumed, sent.produced, sent.done)
        };
        assert!(consumed > 0 || produced > 0 || done, "no progress");
        assert!(is_open || produced == 0 && done && consumed == piece.len(), "{produced} bytes while closing");
        self.wire.extend(&out[..produced]);
        message.sent += consumed;
        message.piece = (!done).then_some(to);
        if done && fin && is_open {
            assert_eq!(message.sent, message.payload.len());
            let Some(message) = self.unfinished.take() else { unreachable!() };
            self.expected.push(Item::Message(message.kind, message.payload));
        }
    }

    /// The rest of the unfinished message.
    pub(crate) fn send_all(&mut self, room: usize) {
        while self.unfinished.is_some() && self.is_open() {
            self.send_piece(usize::MAX, 32 + room);
        }
    }

    /// Calls that are refused, and change nothing.
    pub(crate) fn misuse(&mut self) {
        let mut out = [0; 200];
        let kind = self.unfinished.as_ref().map_or(MessageKind::Text, |message| message.kind);
        let compressed = |end: &mut Self, out: &mut [u8]| end.ws.send_with(&mut end.compressor, kind, b"\xFF", true, out).err();
        if !self.is_open() {
            return assert_eq!(compressed(self, &mut out), None);
        }
        let wrong = |error| Some(CallError::Usage(error));
        match &self.unfinished {
            None if self.ws.negotiated().deflate().is_none() => {
                assert_eq!(compressed(self, &mut out), wrong(UsageError::NoDeflate));
            }
            None => {
                assert_eq!(compressed(self, &mut out), wrong(UsageError::InvalidUtf8));
                let short = self.ws.send_with(&mut self.compressor, kind, b"x", true, &mut out[..31]);
                assert_eq!(short, Err(CallError::NeedsRoom { bytes: 32 }));
            }
            Some(message) if message.is_plain => {
                if self.ws.negotiated().deflate().is_some() {
                    assert_eq!(compressed(self, &mut out), wrong(UsageError::WrongMessageKind));
                }
            }
            Some(message) => {
                // §8.1: nothing of a text is sent if its end is wrong, however long it is.
                if message.kind == MessageKind::Text && message.piece.is_none() {
                    let long = [&[b'x'; 3000][..], b"\xFF"].concat();
                    let long = self.ws.send_with(&mut self.compressor, kind, &long, true, &mut out[..32]);
                    assert_eq!(long.err(), wrong(UsageError::InvalidUtf8));
                }
                let plain = self.ws.send(kind, b"x", true, &mut out);
                assert_eq!(plain, Err(CallError::Usage(UsageError::WrongMessageKind)));
            }
        }
    }

    pub(crate) fn control(&mut self, item: Item) {
        let (is_open, mut out) = (self.is_open(), [0; AMPLE]);
        let len = match &item {
            Item::Ping(payload) => self.ws.ping(payload, &mut out),
            Item::Pong(payload) => self.ws.pong(payload, &mut out),
            Item::Close(code, reason) => self.ws.close(Some(CloseCode(*code)), reason, ms(0), &mut out),
            Item::Message(..) => unreachable!(),
        };
        let len = len.unwrap();
        // §5.5.2: Pings are answered until the peer's Close, which does not read the answers after our own.
        let is_sent = is_open || !self.is_over && matches!(item, Item::Pong(_));
        assert_eq!(len > 0, is_sent, "{item:?}");
        self.wire.extend(&out[..len]);
        if is_open {
            self.expected.push(item);
        }
    }

    /// A frame that was compressed for many connections.
    pub(crate) fn send_compressed(&mut self, window_bits: u8, kind: MessageKind, payload: Vec<u8>) {
        let mut memory = vec![0; Compressor::memory_len(window_bits, Level::Fast).unwrap()];
        let mut compressor = Compressor::new(window_bits, Level::Fast, &mut memory).unwrap();
        let mut out = vec![0; payload.len() * 9 / 8 + payload.len() / 64 + 80];
        let message = CompressedMessage::encode(&mut compressor, window_bits, kind, &payload, &mut out).unwrap();
        let fits = self
            .ws
            .negotiated()
            .deflate()
            .is_some_and(|agreed| agreed.server.no_context_takeover && agreed.server.max_window_bits >= window_bits);
        match self.ws.send_compressed(&message) {
            Ok(0) => assert!(!self.is_open()),
            Ok(len) => {
                assert!(fits && self.is_open());
                self.wire.extend(&message.frame()[..len]);
                self.expected.push(Item::Message(kind, payload));
            }
            Err(UsageError::NoDeflate) => assert!(!fits && self.is_open()),
            Err(UsageError::MessageUnfinished) => assert!(fits && self.unfinished.is_some() && self.is_open()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes all events that `unread` gives, through a window.
    pub(crate) fn receive(&mut self, window: usize, room: usize) {
        let mut window = vec![0; window];
        let mut out = vec![0; room];
        loop {
            let before = self.unread.len();
            let was_open = self.is_open();
            let received = match self.ws.receive_with(ms(0), &mut self.unread, &mut self.inflater, &mut window, &mut out) {
                Ok(received) => received,
                Err(CallError::NeedsRoom { bytes }) => {
                    assert!(bytes > out.len() && bytes <= AMPLE);
                    out.resize(bytes, 0);
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let (consumed, answer) = (received.consumed, &out[..received.produced]);
            assert!(consumed <= before && (answer.is_empty() || received.event.is_some()));
            assert!(!self.is_over || received.event.is_none(), "{:?} after the end", received.event);
            let is_last = received.event.is_none();
            match received.event {
                None => {}
                Some(Event::Data(data)) => {
                    assert!(!data.payload.is_empty() || data.last, "an empty chunk inside a message");
                    let (kind, bytes) = self.open.get_or_insert((data.kind, Vec::new()));
                    assert_eq!((*kind, bytes.len() as u64), (data.kind, data.offset));
                    bytes.extend(&*data.payload);
                    if data.last {
                        let (kind, bytes) = self.open.take().unwrap();
                        assert!(kind == MessageKind::Binary || core::str::from_utf8(&bytes).is_ok(), "no text");
                        self.received.push(Item::Message(kind, bytes));
                    }
                }
                Some(Event::Ping { payload, answered, .. }) => {
                    assert!(answered && !answer.is_empty());
                    if was_open {
                        self.expected.push(Item::Pong(payload.into()));
                    }
                    self.received.push(Item::Ping(payload.into()));
                }
                Some(Event::Pong { payload, .. }) => self.received.push(Item::Pong(payload.into())),
                Some(Event::CloseReceived { code, reason, .. }) => {
                    self.is_over = true;
                    if was_open {
                        self.expected.push(Item::Close(code.0, String::new()));
                    }
                    assert_eq!(!answer.is_empty(), was_open);
                    self.received.push(Item::Close(code.0, reason.into()));
                }
                Some(Event::Failed { error, .. }) => {
                    self.is_over = true;
                    self.failures += 1;
                    assert_eq!(!answer.is_empty(), was_open, "{error}");
                    if was_open {
                        self.expected.push(Item::Close(code_in(answer), String::new()));
                    }
                }
                Some(other) => panic!("{other:?}"),
            }
            self.wire.extend(answer);
            self.unread.drain(..consumed);
            if is_last {
                return;
            }
        }
    }
}

/// The code in a Close.
fn code_in(frame: &[u8]) -> u16 {
    match *frame {
        [0x88, 2, high, low] => u16::from_be_bytes([high, low]),
        [0x88, 0x82, a, b, _, _, high, low] => u16::from_be_bytes([high ^ a, low ^ b]),
        _ => panic!("no Close with a code alone: {frame:02x?}"),
    }
}
