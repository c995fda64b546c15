//! The reference model: what RFC 6455 and the conformance table say of a wire of frames, computed slowly and as a whole.
//!
//! It shares nothing with the library but the names of the errors. Where one byte breaks several rules, all of them are
//! acceptable verdicts.

use super::Begin;
use super::frames::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT};
use super::probe::Seen;
use sansocket::ProtocolError::{self, *};
use sansocket::{MessageKind, Role};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) message: u64,
    pub(crate) fragments: u32,
    pub(crate) empty: u32,
}

/// The defaults of §10.4's limits, from the conformance table.
pub(crate) const DEFAULT_LIMITS: Limits = Limits { message: 16 << 20, fragments: 65_536, empty: 1_024 };

/// The expected result of a wire.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// All events but a final `Failed` and `Closed`.
    pub(crate) events: Vec<Seen>,
    /// The message that does not end, with all bytes before the fault if there is one.
    pub(crate) open: Option<(MessageKind, Vec<u8>)>,
    /// The rules that the byte before `fault_at` breaks.
    pub(crate) faults: Vec<ProtocolError>,
    pub(crate) fault_at: usize,
    /// Bytes at the end that cannot be acted on yet.
    pub(crate) rest: usize,
    /// First bytes and payloads of what must be sent.
    pub(crate) sent: Vec<(u8, Vec<u8>)>,
    pub(crate) close_received: Option<u16>,
}

impl Verdict {
    /// The `Closed` that the end of input gives.
    pub(crate) fn closed(&self) -> Seen {
        Seen::Closed { code: self.close_received.unwrap_or(1006), was_clean: self.close_received.is_some() }
    }
}

/// The close codes of §7.4.1, §7.4.2 and the registry that are allowed in a frame.
pub(crate) fn is_code_for_frames(code: u16) -> bool {
    match code {
        1000 | 1001 | 1002 | 1003 | 1007 | 1008 | 1009 | 1010 | 1011 | 1012 | 1013 | 1014 => true,
        _ => code / 1000 == 3 || code / 1000 == 4,
    }
}

/// §7.4.1: the code for the peer.
pub(crate) fn code_of(fault: ProtocolError) -> u16 {
    match fault {
        InvalidUtf8 | InvalidCloseReason => 1007,
        MessageTooLong => 1009,
        TooManyFragments | TooManyEmptyFrames => 1008,
        _ => 1002,
    }
}

/// Whether `bytes` can still become UTF-8, and whether they are.
fn utf8(bytes: &[u8]) -> (bool, bool) {
    match core::str::from_utf8(bytes) {
        Ok(_) => (true, true),
        Err(error) => (error.error_len().is_none(), false),
    }
}

/// The header of a frame, byte by byte.
struct Header {
    first: u8,
    len: u64,
    key: [u8; 4],
    /// Where the payload starts.
    end: usize,
}

/// The current message.
#[derive(Default)]
struct Message {
    kind: Option<MessageKind>,
    bytes: Vec<u8>,
    /// The last bytes of a text, if they are not a character yet.
    tail: Vec<u8>,
    frames: u32,
    empty: u32,
}

struct Model<'w> {
    role: Role,
    limits: Limits,
    wire: &'w [u8],
    message: Message,
    /// Whether our Close went out.
    closing: bool,
    verdict: Verdict,
}

/// Why the model stops.
enum Stop {
    /// The byte before this position breaks these rules.
    Fault(usize, Vec<ProtocolError>),
    /// The wire ends inside something that cannot be acted on, which starts here.
    Incomplete,
}

pub(crate) fn judge(role: Role, begin: Begin, limits: Limits, wire: &[u8]) -> Verdict {
    let message = Message::default();
    let mut model = Model { role, limits, wire, message, closing: begin == Begin::Closing, verdict: Verdict::default() };
    let mut at = 0;
    while at < wire.len() && model.verdict.close_received.is_none() {
        match model.frame(at) {
            Ok(end) => at = end,
            Err(Stop::Incomplete) => {
                model.verdict.rest = wire.len() - at;
                break;
            }
            Err(Stop::Fault(position, faults)) => {
                if !model.closing {
                    model.verdict.sent.push((0x80 | CLOSE, code_of(faults[0]).to_be_bytes().into()));
                }
                (model.verdict.fault_at, model.verdict.faults) = (position, faults);
                break;
            }
        }
    }
    if let Some(kind) = model.message.kind {
        // Delivery starts with the first byte of payload.
        model.verdict.open = (!model.message.bytes.is_empty()).then_some((kind, model.message.bytes));
    }
    model.verdict
}

impl Model<'_> {
    /// Judges the frame at `at` and returns where it ends.
    fn frame(&mut self, at: usize) -> Result<usize, Stop> {
        let header = self.header(at)?;
        if header.first & 8 == 0 { self.data(&header) } else { self.control(&header) }
    }

    fn header(&self, at: usize) -> Result<Header, Stop> {
        let byte = |i: usize| self.wire.get(at + i).copied().ok_or(Stop::Incomplete);
        let first = byte(0)?;
        check(at + 1, self.first_byte(first))?;
        let second = byte(1)?;
        check(at + 2, self.second_byte(first, second))?;
        let max = if first & 8 == 0 { self.limits.message - self.message.bytes.len() as u64 } else { 125 };
        let (extended, minimum) = match second & 0x7F {
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        let mut len = u64::from(second & 0x7F);
        for known in 1..=extended {
            // What the bytes so far leave possible.
            byte(1 + known)?;
            let value = |fill: u8| {
                (0..extended).fold(0, |sum, i| sum * 256 + u64::from(if i < known { self.wire[at + 2 + i] } else { fill }))
            };
            let (low, high) = (value(0), value(0xFF));
            let mut faults = Vec::new();
            if low >= 1 << 63 {
                faults.push(LengthTopBitSet);
            } else if high < minimum {
                faults.push(NonMinimalLength);
            } else if low > max {
                faults.push(MessageTooLong);
            }
            check(at + 2 + known, faults)?;
            len = low;
        }
        let mut end = at + 2 + extended;
        let mut key = [0; 4];
        if self.role == Role::Server {
            for place in &mut key {
                *place = byte(end - at)?;
                end += 1;
            }
        }
        Ok(Header { first, len, key, end })
    }

    fn first_byte(&self, first: u8) -> Vec<ProtocolError> {
        let opcode = first & 15;
        let inside = self.message.kind.is_some();
        let mut faults = Vec::new();
        if ![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].contains(&opcode) {
            faults.push(ReservedOpcode);
        }
        if first & 0x70 != 0 {
            faults.push(ReservedBitSet);
        }
        if opcode >= 8 && first < 0x80 {
            faults.push(FragmentedControlFrame);
        }
        if opcode == CONTINUATION && !inside {
            faults.push(ContinuationWithoutStart);
        }
        if (opcode == TEXT || opcode == BINARY) && inside {
            faults.push(MessageInsideMessage);
        }
        if opcode < 8 && self.message.frames >= self.limits.fragments.max(1) {
            faults.push(TooManyFragments);
        }
        faults
    }

    fn second_byte(&self, first: u8, second: u8) -> Vec<ProtocolError> {
        let len = second & 0x7F;
        let mut faults = Vec::new();
        match self.role {
            Role::Server if second < 0x80 => faults.push(UnmaskedClientFrame),
            Role::Client if second >= 0x80 => faults.push(MaskedServerFrame),
            _ => {}
        }
        if first & 8 != 0 {
            if len > 125 {
                faults.push(ControlFrameTooLong);
            }
            if first & 15 == CLOSE && len == 1 {
                faults.push(CloseBodyTooShort);
            }
        } else if len <= 125 && self.message.bytes.len() as u64 + u64::from(len) > self.limits.message {
            faults.push(MessageTooLong);
        } else if len == 0 && first >= 0x80 && !self.message.tail.is_empty() {
            // The text ends inside a character.
            faults.push(InvalidUtf8);
        } else if len == 0 && first < 0x80 && self.message.empty >= self.limits.empty {
            faults.push(TooManyEmptyFrames);
        }
        faults
    }

    fn data(&mut self, header: &Header) -> Result<usize, Stop> {
        let message = &mut self.message;
        match header.first & 15 {
            TEXT => message.kind = Some(MessageKind::Text),
            BINARY => message.kind = Some(MessageKind::Binary),
            _ => {}
        }
        let kind = message.kind.unwrap();
        let last = header.first >= 0x80;
        message.frames += 1;
        message.empty = if header.len == 0 { message.empty + 1 } else { 0 };
        let whole = header.len <= (self.wire.len() - header.end) as u64;
        let end = if whole { header.end + header.len as usize } else { self.wire.len() };
        for (i, byte) in self.wire[header.end..end].iter().enumerate() {
            let byte = byte ^ header.key[i % 4];
            message.tail.push(byte);
            let (possible, complete) = utf8(&message.tail);
            let ends = last && header.end + i + 1 == end && whole;
            if kind == MessageKind::Text && (!possible || ends && !complete) {
                return Err(Stop::Fault(header.end + i + 1, vec![InvalidUtf8]));
            }
            if complete || kind == MessageKind::Binary {
                message.tail.clear();
            }
            message.bytes.push(byte);
        }
        if last && whole {
            self.verdict.events.push(Seen::Message(kind, core::mem::take(&mut self.message).bytes));
        }
        Ok(end)
    }

    fn control(&mut self, header: &Header) -> Result<usize, Stop> {
        let end = (header.end + header.len as usize).min(self.wire.len());
        let whole = end == header.end + header.len as usize;
        let body: Vec<_> = self.wire[header.end..end].iter().enumerate().map(|(i, byte)| byte ^ header.key[i % 4]).collect();
        if header.first & 15 == CLOSE {
            for known in 1..=body.len() {
                // The first byte of the code leaves 256 codes possible.
                let second = if known == 1 { 0..=0xFF } else { body[1]..=body[1] };
                let possible_code = second.into_iter().any(|low| is_code_for_frames(u16::from_be_bytes([body[0], low])));
                let (possible, complete) = utf8(body.get(2..known).unwrap_or_default());
                if !possible_code {
                    return Err(Stop::Fault(header.end + known, vec![InvalidCloseCode]));
                }
                if !possible || known as u64 == header.len && !complete {
                    return Err(Stop::Fault(header.end + known, vec![InvalidCloseReason]));
                }
            }
        }
        if !whole {
            return Err(Stop::Incomplete);
        }
        let within = self.message.bytes.len() as u64;
        let verdict = &mut self.verdict;
        match header.first & 15 {
            PING => {
                verdict.sent.push((0x80 | PONG, body.clone()));
                verdict.events.push(Seen::Ping { payload: body, answered: true, within });
            }
            PONG => verdict.events.push(Seen::Pong { payload: body, within }),
            _ => {
                let code = if body.is_empty() { 1005 } else { u16::from_be_bytes([body[0], body[1]]) };
                let reason = String::from_utf8(body.get(2..).unwrap_or_default().to_vec()).unwrap();
                if !self.closing {
                    verdict.sent.push((0x80 | CLOSE, body.into_iter().take(2).collect()));
                }
                verdict.close_received = Some(code);
                verdict.events.push(Seen::CloseReceived { code, reason });
            }
        }
        Ok(end)
    }
}

fn check(at: usize, faults: Vec<ProtocolError>) -> Result<(), Stop> {
    if faults.is_empty() { Ok(()) } else { Err(Stop::Fault(at, faults)) }
}
