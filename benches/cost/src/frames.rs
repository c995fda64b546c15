//! Messages in frames: their bytes, and the loops that decode and encode them.

use std::hint::black_box;

use sansocket::{Config, Connection, Entropy, EntropyError, Event, Instant, MessageKind, Negotiated, Role};

use crate::meter::{cell, memory, placed};

/// The defaults, but for heads that are longer than they allow.
pub static CONFIG: Config = Config::new().max_head_len(32768).max_header_lines(1000);
pub const NOW: Instant = Instant::from_millis(0);
/// What one read takes unless said otherwise.
pub const READ: usize = 65536;
/// What one TCP segment brings.
pub const SEGMENT: usize = 1460;
/// Bytes beyond its payload that a message may need.
pub const HEADER: usize = 14;

/// The same key each time, so that nothing but ours is counted; for this program only.
pub struct Same;

impl Entropy for Same {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(0x5A);
        Ok(())
    }
}

pub type Ws = Connection<'static, Same>;

pub fn open(role: Role) -> Ws {
    Connection::open(role, &CONFIG, Same, Negotiated::NOTHING, NOW)
}

#[derive(Clone, Copy)]
pub enum Payload {
    Binary,
    Ascii,
    Chinese,
}

impl Payload {
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "ASCII",
            Self::Chinese => "Chinese",
        }
    }

    fn opcode(self) -> u8 {
        match self {
            Self::Binary => 2,
            Self::Ascii | Self::Chinese => 1,
        }
    }

    pub fn bytes(self, len: usize) -> Vec<u8> {
        let text = match self {
            Self::Binary => return (0u8..=255).cycle().take(len).collect(),
            Self::Ascii => "The quick brown fox jumps over the lazy dog. ",
            Self::Chinese => "敏捷的棕色狐狸跳过了懒狗",
        };
        let mut bytes = Vec::new();
        for char in text.chars().cycle() {
            if bytes.len() + char.len_utf8() > len {
                break;
            }
            bytes.extend(char.encode_utf8(&mut [0; 4]).bytes());
        }
        bytes.resize(len, b'.');
        bytes
    }
}

/// A frame as the other role sends it.
pub fn frame(to: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let (mask, key) = if to == Role::Server { (0x80, [1, 2, 3, 4]) } else { (0, [0; 4]) };
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(mask | len as u8),
        len @ ..65536 => frame.extend([&[mask | 126][..], &(len as u16).to_be_bytes()].concat()),
        len => frame.extend([&[mask | 127][..], &(len as u64).to_be_bytes()].concat()),
    }
    if to == Role::Server {
        frame.extend(key);
    }
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Messages in one pass: many of the short ones, so that reads cut them in all places.
pub fn messages(len: usize) -> usize {
    (65536 / len).clamp(16, 1024)
}

/// How a cell's name says what a read takes.
pub fn reads(read: usize) -> &'static str {
    if read == READ { "" } else { ", in reads of 1 460" }
}

pub fn message(to: Role, payload: Payload, len: usize) -> Vec<u8> {
    frame(to, 0x80 | payload.opcode(), &payload.bytes(len))
}

/// Decodes what arrives in reads of at most so many bytes. Each read lies behind what the last one left, so nothing is moved.
pub fn decode(ws: &mut Ws, wire: &mut [u8], read: usize) -> usize {
    let mut output = [0; 131];
    let (mut start, mut end, mut seen) = (0, 0, 0);
    while end < wire.len() {
        end = wire.len().min(end + read);
        loop {
            let received = ws.receive(NOW, &mut wire[start..end], &mut output).expect("room");
            start += received.consumed;
            match received.event {
                None => break,
                Some(Event::Data(data)) => seen += black_box(data.payload).len(),
                Some(other) => panic!("{other:?}"),
            }
        }
    }
    seen
}

/// A cell that decodes these bytes, which hold whole messages.
pub fn decode_cell(name: &str, role: Role, wire: &[u8], read: usize, units: usize) {
    let mut ws = open(role);
    let input = memory(wire.len());
    cell(name, units, |meter| {
        input.copy_from_slice(wire);
        meter.measure(&mut || assert!(decode(&mut ws, input, read) > 0));
    });
}

/// A cell that encodes so many messages, each in one frame.
pub fn encode_cell(name: &str, role: Role, payload: &[u8], messages: usize, units: usize) {
    let mut ws = open(role);
    let (payload, output) = (placed(payload), memory(payload.len() + HEADER));
    cell(name, units, |meter| {
        meter.measure(&mut || {
            for _ in 0..messages {
                ws.send(MessageKind::Binary, payload, true, output).expect("room");
                black_box(&mut *output);
            }
        });
    });
}
