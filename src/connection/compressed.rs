//! One compressed frame for many connections.

use super::endpoint::Connection;
use super::machine::Machine;
use crate::deflate::{Deflate, DeflateDirection};
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError, room};
use crate::event::MessageKind;
use crate::frame::{FrameHeader, Opcode};
use crate::length::{at_most, max_deflated, move_down, wire_len};
use crate::role::Role;
use crate::utf8::is_utf8;

/// A whole message that was compressed once, as a server's frame, for every connection whose server compresses each message by itself
/// (`server_no_context_takeover`) with at least this window. Where windows differ, a program prepares one for each of them.
///
/// ```
/// use sansocket::{CompressedMessage, Compressor, Level, MessageKind};
/// # use sansocket::{Config, Connection, DeflateDirection, DeflateParams, Instant, Negotiated, NoEntropy, Role};
/// # let (config, now) = (Config::new(), Instant::from_millis(0));
/// # let server = DeflateDirection { no_context_takeover: true, max_window_bits: 12 };
/// # let agreed = Negotiated::NOTHING.with_deflate(DeflateParams { server, ..DeflateParams::DEFAULT });
/// # let mut connections = [Connection::open(Role::Server, &config, NoEntropy, agreed, now)];
/// let mut memory = [0; 8192];
/// let mut compressor = Compressor::new(12, Level::Fast, &mut memory).unwrap();
/// let mut out = [0; 256];
/// let message = CompressedMessage::encode(&mut compressor, 12, MessageKind::Text, b"tick tick tick tick", &mut out)?;
/// for ws in &mut connections {
///     let len = ws.send_compressed(&message)?;
///     let due = &message.frame()[..len]; // to be written to its transport
///     assert!(due.len() < 19);
/// }
/// # Ok::<(), sansocket::CallError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompressedMessage<'o> {
    frame: &'o [u8],
    window_bits: u8,
}

impl<'o> CompressedMessage<'o> {
    /// The most bytes that a frame with a compressed message of `len` bytes has, a client's included: n + n/8 + n/64 + 78. Data that does
    /// not compress is stored, at a few bytes more.
    pub const fn max_len(len: usize) -> usize {
        len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(64 + FrameHeader::MAX_LEN)
    }

    /// Compresses a whole message into `out`, with a window of 2^`window_bits` bytes. The compressor forgets its history before and
    /// after.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`] if `out` has less room than the frame could need if nothing compresses: n + n/8 + n/64 and at most
    /// 74 bytes for a payload of n.
    /// [`UsageError::InvalidUtf8`] for text that is not UTF-8; [`UsageError::NoDeflate`] if the compressor cannot keep to the window;
    /// [`UsageError::WrongCompressor`] if it is inside a message.
    pub fn encode(
        compressor: &mut dyn Deflate,
        window_bits: u8,
        kind: MessageKind,
        payload: &[u8],
        out: &'o mut [u8],
    ) -> Result<Self, CallError> {
        let opcode = match kind {
            MessageKind::Text if !is_utf8(payload) => return Err(UsageError::InvalidUtf8.into()),
            MessageKind::Text => Opcode::Text,
            MessageKind::Binary => Opcode::Binary,
        };
        if !compressor.is_idle() {
            return Err(UsageError::WrongCompressor.into());
        }
        let agreed = DeflateDirection { no_context_takeover: true, max_window_bits: window_bits };
        if !agreed.is_valid() || !compressor.limit_window(window_bits) {
            return Err(UsageError::NoDeflate.into());
        }
        let most = max_deflated(wire_len(payload.len()));
        let header = |payload_len| FrameHeader { fin: true, rsv: 4, opcode, masking_key: None, payload_len };
        let reserved = header(most).header_len();
        let out = room(out, reserved.saturating_add(at_most(most, usize::MAX)))?;
        compressor.reset();
        let compressed = compressor.compress(payload, out.get_mut(reserved..).unwrap_or_default(), true);
        // No peer has this message in the history of its connection, if the compressor serves one.
        compressor.reset();
        if !compressed.done {
            // A codec that does not keep to its contract.
            return Err(UsageError::NoDeflate.into());
        }
        let header = header(wire_len(compressed.produced));
        let header_len = header.encode(out)?;
        move_down(out, reserved, header_len, compressed.produced);
        let frame = out.get(..header_len.saturating_add(compressed.produced)).unwrap_or_default();
        Ok(Self { frame, window_bits })
    }

    /// The message whose [`frame`](Self::frame) and [`window_bits`](Self::window_bits) a program has kept by itself, in memory of any
    /// kind.
    pub const fn from_parts(frame: &'o [u8], window_bits: u8) -> Self {
        Self { frame, window_bits }
    }

    /// The frame.
    pub const fn frame(&self) -> &'o [u8] {
        self.frame
    }

    /// The base-2 logarithm of the window that it was compressed with.
    pub const fn window_bits(&self) -> u8 {
        self.window_bits
    }
}

impl<E: Entropy> Connection<'_, E> {
    /// Counts `message` as sent, and returns the length of its frame: the caller writes it now, after what is due. Returns 0 if the
    /// connection is already closing; then the caller does not write it.
    ///
    /// # Errors
    /// As [`send_encoded`](Self::send_encoded), and [`UsageError::NoDeflate`] if this connection's server does not compress each message
    /// by itself, or only with a smaller window. (Then a plain message can be sent.)
    pub fn send_compressed(&mut self, message: &CompressedMessage<'_>) -> Result<usize, UsageError> {
        let (machine, _) = self.output(&mut []);
        machine.send_compressed(message)
    }
}

impl<E> Connection<'_, E> {
    /// Whether it is a server's, and what was agreed on allows to send `message`.
    pub(crate) fn allows(&self, message: &CompressedMessage<'_>) -> bool {
        self.machine().role == Role::Server && self.machine().agrees_with(message)
    }
}

impl Machine<'_> {
    fn agrees_with(&self, message: &CompressedMessage<'_>) -> bool {
        let fits = |server: DeflateDirection| server.no_context_takeover && server.max_window_bits >= message.window_bits;
        self.negotiated.deflate().is_some_and(|params| fits(params.server))
    }

    fn send_compressed(&mut self, message: &CompressedMessage<'_>) -> Result<usize, UsageError> {
        let is_open = self.role == Role::Server && self.writer()?.is_some();
        if is_open && !self.agrees_with(message) {
            return Err(UsageError::NoDeflate);
        }
        self.send_encoded(message.frame)
    }
}
