//! Frames for the wire and from the wire, written without the code under test.

use sansocket::Role;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;
pub(crate) const FIN: u8 = 0x80;

/// The key of §5.7.
pub(crate) const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Bytes from hex digits; blanks do not count.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(|digit| !digit.is_whitespace()).map(|digit| digit.to_digit(16).unwrap()).collect();
    assert!(digits.len() % 2 == 0, "half a byte");
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// The three forms of a length (§5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Seven,
    Sixteen,
    SixtyFour,
}

/// Second byte and extended length, with whatever value.
pub(crate) fn length(form: Form, value: u64, masked: bool) -> Vec<u8> {
    let mask = u8::from(masked) << 7;
    match form {
        Form::Seven => vec![mask | value as u8],
        Form::Sixteen => [&[mask | 126][..], &(value as u16).to_be_bytes()].concat(),
        Form::SixtyFour => [&[mask | 127][..], &value.to_be_bytes()].concat(),
    }
}

pub(crate) fn shortest_form(len: u64) -> Form {
    match len {
        0..=125 => Form::Seven,
        126..=0xFFFF => Form::Sixteen,
        _ => Form::SixtyFour,
    }
}

/// A frame with `first` as its first byte, as it arrives at `receiver`: masked with `KEY` for a server.
pub(crate) fn frame_to(receiver: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, (receiver == Role::Server).then_some(KEY), payload)
}

pub(crate) fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u64;
    let mut wire = vec![first];
    wire.extend(length(shortest_form(len), len, key.is_some()));
    wire.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
    wire.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key.unwrap_or_default()[i % 4]));
    wire
}

/// The header alone, for payload that never comes.
pub(crate) fn header_to(receiver: Role, first: u8, form: Form, len: u64) -> Vec<u8> {
    let mut wire = vec![first];
    wire.extend(length(form, len, receiver == Role::Server));
    if receiver == Role::Server {
        wire.extend(KEY);
    }
    wire
}

/// A Close with `code` and `reason` to `receiver`.
pub(crate) fn close_to(receiver: Role, code: u16, reason: &[u8]) -> Vec<u8> {
    frame_to(receiver, FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A frame that an endpoint wrote, unmasked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) first: u8,
    pub(crate) key: Option<[u8; 4]>,
    pub(crate) payload: Vec<u8>,
}

/// Cuts the output of `sender` into whole frames. Panics if a frame is masked though the sender is a server, or not
/// masked though it is a client (F-01, F-03), or has a longer length than needed (F-07).
pub(crate) fn written_by(sender: Role, mut wire: &[u8]) -> Vec<Written> {
    let mut frames = Vec::new();
    while !wire.is_empty() {
        let (first, second) = (wire[0], wire[1]);
        assert_eq!(second & 0x80 != 0, sender == Role::Client, "the mask bit is wrong in {wire:02x?}");
        let (form, len, mut at) = match second & 0x7F {
            126 => (Form::Sixteen, u64::from(u16::from_be_bytes([wire[2], wire[3]])), 4),
            127 => (Form::SixtyFour, u64::from_be_bytes(wire[2..10].try_into().unwrap()), 10),
            short => (Form::Seven, u64::from(short), 2),
        };
        assert_eq!(form, shortest_form(len), "not the shortest length in {wire:02x?}");
        let key = (second & 0x80 != 0).then(|| {
            at += 4;
            [wire[at - 4], wire[at - 3], wire[at - 2], wire[at - 1]]
        });
        let end = at + len as usize;
        let payload = wire[at..end].iter().enumerate().map(|(i, byte)| byte ^ key.unwrap_or_default()[i % 4]).collect();
        frames.push(Written { first, key, payload });
        wire = &wire[end..];
    }
    frames
}

/// The first bytes and payloads alone.
pub(crate) fn plain(frames: &[Written]) -> Vec<(u8, Vec<u8>)> {
    frames.iter().map(|frame| (frame.first, frame.payload.clone())).collect()
}
