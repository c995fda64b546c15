//! Inputs of the bodies about RFC 7692, as those in `input`.

use crate::input::{Pieces, Wire, role};
use arbitrary::{Arbitrary, Result, Unstructured};
use core::fmt;
use sansocket::{DeflateConfig, Level, Role};

/// RFC 7692 §7.1: two endpoints, an offer and an answer.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Negotiate<'d> {
    pub(crate) client: Compression,
    pub(crate) server: Compression,
    /// The lines of a request; after CR those of a response.
    pub(crate) wire: Wire<'d>,
}

/// What an endpoint wants of compression.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Compression {
    pub(crate) is_on: bool,
    #[arbitrary(with = window)]
    pub(crate) send_window: u8,
    #[arbitrary(with = window)]
    pub(crate) receive_window: u8,
    pub(crate) send_alone: bool,
    pub(crate) receive_alone: bool,
    pub(crate) has_fallback: bool,
}

/// Two endpoints that send each other messages, compressed or not.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct CompressedPair<'d> {
    pub(crate) client: Compression,
    pub(crate) server: Compression,
    #[arbitrary(with = level)]
    pub(crate) client_level: Level,
    #[arbitrary(with = level)]
    pub(crate) server_level: Level,
    #[arbitrary(with = spare_bits)]
    pub(crate) spare_bits: u8,
    pub(crate) wrong: WrongByte,
    pub(crate) steps: [PairStep; 24],
    /// What payloads are taken from.
    pub(crate) text: Wire<'d>,
}

/// The byte with this number, modulo 1024, among those that an end receives is changed; by 0 it is not.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WrongByte {
    #[arbitrary(with = role)]
    pub(crate) to: Role,
    pub(crate) at: u16,
    pub(crate) by: u8,
}

/// What one of the ends does: the number of an action, its payload, and the room or the window for it.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairStep {
    #[arbitrary(with = role)]
    pub(crate) end: Role,
    pub(crate) number: u8,
    pub(crate) from: u8,
    pub(crate) len: u8,
    pub(crate) room: u8,
}

/// RFC 7692.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Deflate<'d> {
    pub(crate) task: Task,
    #[arbitrary(with = role)]
    pub(crate) receiver: Role,
    pub(crate) has_small_limits: bool,
    #[arbitrary(with = window)]
    pub(crate) window_bits: u8,
    pub(crate) no_context_takeover: bool,
    /// Bytes of the window through which the pieces go.
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(1..=226))]
    pub(crate) small_window: u8,
    /// How many bits more than the window the history of the inflater has, if they are not too many.
    #[arbitrary(with = spare_bits)]
    pub(crate) spare_bits: u8,
    #[arbitrary(with = level)]
    pub(crate) level: Level,
    /// Lengths of the inputs and the outputs of calls, in turn.
    pub(crate) sizes: [u8; 4],
    pub(crate) pieces: Pieces,
    pub(crate) bytes: Wire<'d>,
}

/// What `Deflate::bytes` are.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Task {
    /// Compressed messages.
    Inflate,
    /// Messages to compress.
    Compress,
    /// Frames to receive.
    Receive,
    /// Messages to send, and how for all but the last piece.
    Pair([Part; 4]),
}

/// How a piece of a message is sent.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) fin: bool,
    /// Not compressed, if a message begins.
    pub(crate) is_plain: bool,
    /// Whether a Ping goes after it.
    pub(crate) pings: bool,
}

pub(crate) const LEVELS: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

/// In one line.
impl fmt::Debug for PairStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, number, from, len, room } = self;
        write!(f, "{end:?} does {number}: {len} from {from}, {room}")
    }
}

impl<'d> Negotiate<'d> {
    /// The values of the lines. A head has at most 100 of them, a few others among them.
    pub(crate) fn lines(&self) -> (Vec<&'d [u8]>, Vec<&'d [u8]>) {
        let mut halves = self.wire.0.splitn(2, |&byte| byte == b'\r');
        let mut next = || -> Vec<&'d [u8]> {
            let lines = halves.next().unwrap_or_default().split_inclusive(|&byte| byte == b'\n');
            lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line)).take(90).collect()
        };
        (next(), next())
    }
}

impl Compression {
    pub(crate) const OFF: Self = Self { is_on: false, ..Self::ON };
    /// The defaults of the RFC.
    pub(crate) const ON: Self =
        Self { is_on: true, send_window: 15, receive_window: 15, send_alone: false, receive_alone: false, has_fallback: false };

    pub(crate) fn config(&self) -> DeflateConfig {
        let config = if self.is_on { DeflateConfig::new() } else { DeflateConfig::OFF };
        let config =
            config.send_window_bits(self.send_window).receive_window_bits(self.receive_window).fallback(self.has_fallback);
        config.send_no_context_takeover(self.send_alone).receive_no_context_takeover(self.receive_alone)
    }
}

fn window(u: &mut Unstructured<'_>) -> Result<u8> {
    u.int_in_range(8..=15)
}

fn spare_bits(u: &mut Unstructured<'_>) -> Result<u8> {
    u.int_in_range(0..=7)
}

fn level(u: &mut Unstructured<'_>) -> Result<Level> {
    Ok(LEVELS[u.int_in_range(0..=LEVELS.len() - 1)?])
}
