//! §5.2: frames by themselves, for those who build proxies.

use super::io::{sansocket_io, write_bytes};
use super::memory::{Region, check_struct};
use super::result::{done, sansocket_error, sansocket_result};
use crate::UsageError;
use crate::frame::{FrameHeader, HeaderRules, Opcode, apply_mask};

/// Opcodes (§5.2).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_opcode {
    /// A further fragment of a message.
    SANSOCKET_OPCODE_CONTINUATION = 0,
    /// The first or only frame of a text message.
    SANSOCKET_OPCODE_TEXT = 1,
    /// The first or only frame of a binary message.
    SANSOCKET_OPCODE_BINARY = 2,
    /// The closing handshake.
    SANSOCKET_OPCODE_CLOSE = 8,
    /// Asks for a Pong.
    SANSOCKET_OPCODE_PING = 9,
    /// Answers a Ping, or nothing.
    SANSOCKET_OPCODE_PONG = 10,
}

/// Which frames may come, as to their masking (§5.1).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_masking {
    /// Masked or not.
    SANSOCKET_MASKING_ANY = 0,
    /// Masked only: from a client.
    SANSOCKET_MASKING_REQUIRED = 1,
    /// Not masked: from a server.
    SANSOCKET_MASKING_FORBIDDEN = 2,
}

/// A frame's header (§5.2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_frame_header {
    /// Bytes of payload, below 2^63.
    pub payload_len: u64,
    /// The masking key, if `masked`; else 0.
    pub masking_key: [u8; 4],
    /// Which `sansocket_opcode`.
    pub opcode: u8,
    /// 1 if the message ends with this frame.
    pub fin: u8,
    /// RSV1 (4), RSV2 (2) and RSV3 (1).
    pub rsv: u8,
    /// 1 if the payload is masked.
    pub masked: u8,
    /// Bytes of the header itself, 2 to 14. Out, of `sansocket_frame_header_decode`.
    pub header_len: u8,
    /// 0.
    pub reserved: [u8; 7],
}

/// What a header must satisfy beyond §5.2's syntax.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_frame_rules {
    /// Bytes of payload that are still acceptable; what is longer is `SANSOCKET_ERROR_MESSAGE_TOO_LONG`.
    pub max_payload_len: u64,
    /// Which `sansocket_masking`.
    pub masking: u32,
    /// The reserved bits that an extension gave a meaning (§5.8), as in `sansocket_frame_header`.
    pub rsv: u8,
    /// 0.
    pub reserved: [u8; 3],
}

/// The longest header of a frame.
pub const SANSOCKET_MAX_FRAME_HEADER_LEN: usize = 14;

/// The longest payload of a control frame (§5.5).
pub const SANSOCKET_MAX_CONTROL_PAYLOAD: usize = 125;

const _: () = assert!(
    SANSOCKET_MAX_FRAME_HEADER_LEN == FrameHeader::MAX_LEN && SANSOCKET_MAX_CONTROL_PAYLOAD == crate::frame::MAX_CONTROL_PAYLOAD
);

/// Reads the frame header at the start of `input` and writes it to `header`; it took `header->header_len` bytes. `rules` NULL takes
/// whatever is a header. Lengths must be minimal and below 2^63 (§5.2).
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_FRAME`, as soon as the first byte is there that breaks a rule, and
/// `error` is the `sansocket_error` that says which; `SANSOCKET_INVALID_ARGUMENT` for rules on masking that do not exist,
/// `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_LENGTH_TOO_LARGE`. `header` is written only with the first, `error`
/// only with the third of these; it may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_frame_header_decode(
    input: *const u8,
    input_len: usize,
    rules: *const sansocket_frame_rules,
    header: *mut sansocket_frame_header,
    error: *mut u32,
) -> sansocket_result {
    let decode = || {
        check_struct(header)?;
        if !error.is_null() {
            check_struct(error)?;
        }
        let mut known = HeaderRules::ANY;
        if !rules.is_null() {
            check_struct(rules)?;
            // SAFETY: not NULL, aligned, and lent for the call.
            known = unsafe { *rules }.try_into()?;
        }
        // SAFETY: the caller lends the input for the call.
        match FrameHeader::decode(unsafe { Region::new(input, input_len)?.bytes() }, known) {
            Ok(Some(decoded)) => {
                // SAFETY: not NULL, aligned, and the caller's to be written.
                unsafe { header.write(decoded.into()) };
                Ok(())
            }
            Ok(None) => Err(sansocket_result::SANSOCKET_INCOMPLETE),
            Err(broken) => {
                if !error.is_null() {
                    // SAFETY: not NULL, aligned, and the caller's to be written.
                    unsafe { error.write(sansocket_error::from(broken) as u32) };
                }
                Err(sansocket_result::SANSOCKET_NOT_A_FRAME)
            }
        }
    };
    done(decode())
}

/// Writes a frame's header into the output, with the length in its shortest form: 2 to 14 bytes. The payload, masked by
/// `sansocket_apply_mask` if the header says so, goes behind it. Of `io` only the output is used; `header_len` is not looked at.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_INVALID_ARGUMENT` for an opcode that does not exist or an `rsv` above 7,
/// `SANSOCKET_USAGE_PAYLOAD_TOO_LONG`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_frame_header_encode(
    io: *mut sansocket_io,
    header: *const sansocket_frame_header,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe {
        write_bytes(io, |_, output| {
            check_struct(header)?;
            Ok(FrameHeader::try_from(*header)?.encode(output)?)
        })
    }
}

/// XORs `len` bytes of a payload with the four bytes of `key`, repeated; masks and unmasks (§5.3), in place. `offset` bytes of the same
/// payload went before: 0 at its start.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER` or `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_apply_mask(key: *const u8, offset: u64, bytes: *mut u8, len: usize) -> sansocket_result {
    let mask = || {
        check_struct(key)?;
        let bytes = Region::new(bytes, len)?;
        // SAFETY: not NULL; four bytes, lent for the call, that need no alignment.
        let key = u32::from_be_bytes(unsafe { key.cast::<[u8; 4]>().read() });
        let [.., turns] = offset.to_be_bytes();
        let key = key.rotate_left(u32::from(turns & 3).wrapping_mul(8)).to_be_bytes();
        // SAFETY: the caller lends the bytes for the call.
        apply_mask(key, unsafe { bytes.bytes_mut() });
        Ok(())
    };
    done(mask())
}

impl From<FrameHeader> for sansocket_frame_header {
    fn from(header: FrameHeader) -> Self {
        Self {
            payload_len: header.payload_len,
            masking_key: header.masking_key.unwrap_or_default(),
            opcode: header.opcode as u8,
            fin: header.fin.into(),
            rsv: header.rsv,
            masked: header.masking_key.is_some().into(),
            header_len: u8::try_from(header.header_len()).unwrap_or(u8::MAX),
            reserved: [0; 7],
        }
    }
}

impl TryFrom<sansocket_frame_header> for FrameHeader {
    type Error = sansocket_result;

    fn try_from(header: sansocket_frame_header) -> Result<Self, sansocket_result> {
        let opcode = Opcode::from_byte(header.opcode).filter(|opcode| *opcode as u8 == header.opcode && header.rsv <= 7);
        // §5.2: the most significant bit of a length is 0.
        if header.payload_len >> 63 != 0 {
            return Err(UsageError::PayloadTooLong.into());
        }
        Ok(Self {
            fin: header.fin != 0,
            rsv: header.rsv,
            opcode: opcode.ok_or(sansocket_result::SANSOCKET_INVALID_ARGUMENT)?,
            masking_key: (header.masked != 0).then_some(header.masking_key),
            payload_len: header.payload_len,
        })
    }
}

impl TryFrom<sansocket_frame_rules> for HeaderRules {
    type Error = sansocket_result;

    fn try_from(rules: sansocket_frame_rules) -> Result<Self, sansocket_result> {
        use sansocket_masking as M;
        let masked = match rules.masking {
            any if any == M::SANSOCKET_MASKING_ANY as u32 => None,
            required if required == M::SANSOCKET_MASKING_REQUIRED as u32 => Some(true),
            forbidden if forbidden == M::SANSOCKET_MASKING_FORBIDDEN as u32 => Some(false),
            _ => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT),
        };
        Ok(Self { masked, rsv: rules.rsv, max_payload_len: rules.max_payload_len })
    }
}
