//! §5.2: frames by themselves, for those who build proxies.

use super::io::{give_bytes, sansocket_io};
use super::memory::{Region, check_struct};
use super::numbers::{done, sansocket_error, sansocket_masking, sansocket_opcode, sansocket_result};
use crate::UsageError;
use crate::frame::{FrameHeader, HeaderRules, Opcode, apply_mask};

/// A frame's header (§5.2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_frame_header {
    /// Bytes of payload, below 2^63.
    pub payload_len: u64,
    /// What the frame is.
    pub opcode: sansocket_opcode,
    /// The masking key, if `masked`; else 0.
    pub masking_key: [u8; 4],
    /// 1 if the message ends with this frame.
    pub fin: u8,
    /// RSV1 (4), RSV2 (2) and RSV3 (1).
    pub rsv: u8,
    /// 1 if the payload is masked.
    pub masked: u8,
    /// Bytes of the header itself, 2 to 14. Out, of `sansocket_frame_header_decode`.
    pub header_len: u8,
    /// 0.
    pub reserved: [u8; 4],
}

/// What a header must satisfy beyond §5.2's syntax.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_frame_rules {
    /// Bytes of payload that are still acceptable; what is longer is `SANSOCKET_ERROR_MESSAGE_TOO_LONG`.
    pub max_payload_len: u64,
    /// Which frames may come.
    pub masking: sansocket_masking,
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

/// Reads the frame header at the start of `input` and writes it to `header`; it took `header->header_len` bytes. `rules` NULL
/// takes whatever is a header. Lengths must be minimal and below 2^63 (§5.2).
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_FRAME`, as soon as the first byte is there that breaks a
/// rule, and `error`, unless it is NULL, says which; `SANSOCKET_INVALID_ARGUMENT` for rules on masking that do not exist.
/// `header` is written only with the first, `error` only with the third of these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_frame_header_decode(
    input: *const u8,
    input_len: usize,
    rules: *const sansocket_frame_rules,
    header: *mut sansocket_frame_header,
    error: *mut sansocket_error,
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
            Ok(None) => Err(sansocket_result::INCOMPLETE),
            Err(broken) => {
                if !error.is_null() {
                    // SAFETY: not NULL, aligned, and the caller's to be written.
                    unsafe { error.write(broken.into()) };
                }
                Err(sansocket_result::NOT_A_FRAME)
            }
        }
    };
    done(decode())
}

/// Writes a frame's header to the output, with the length in its shortest form: 2 to 14 bytes. The payload, masked by
/// `sansocket_apply_mask` if the header says so, goes after it. Of `io` only the output is used; `header_len` is not looked at.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_INVALID_ARGUMENT` for an opcode that does not exist or an `rsv`
/// above 7, or `SANSOCKET_USAGE_PAYLOAD_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_frame_header_encode(
    io: *mut sansocket_io,
    header: *const sansocket_frame_header,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe {
        give_bytes(io, |_, output| {
            check_struct(header)?;
            Ok(FrameHeader::try_from(*header)?.encode(output)?)
        })
    }
}

/// XORs `len` bytes of a payload with the four bytes of `key`, repeated; masks and unmasks (§5.3), in place. `offset` bytes of
/// the same payload went before: 0 at its start.
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
            opcode: sansocket_opcode(header.opcode as u32),
            fin: header.fin.into(),
            rsv: header.rsv,
            masked: header.masking_key.is_some().into(),
            header_len: u8::try_from(header.header_len()).unwrap_or(u8::MAX),
            reserved: [0; 4],
        }
    }
}

impl TryFrom<sansocket_frame_header> for FrameHeader {
    type Error = sansocket_result;

    fn try_from(header: sansocket_frame_header) -> Result<Self, sansocket_result> {
        let opcode = u8::try_from(header.opcode.0).ok().and_then(Opcode::from_byte);
        let opcode = opcode.filter(|opcode| *opcode as u32 == header.opcode.0 && header.rsv <= 7);
        // §5.2: the most significant bit of a length is 0.
        if header.payload_len >> 63 != 0 {
            return Err(UsageError::PayloadTooLong.into());
        }
        Ok(Self {
            fin: header.fin != 0,
            rsv: header.rsv,
            opcode: opcode.ok_or(sansocket_result::INVALID_ARGUMENT)?,
            masking_key: (header.masked != 0).then_some(header.masking_key),
            payload_len: header.payload_len,
        })
    }
}

impl TryFrom<sansocket_frame_rules> for HeaderRules {
    type Error = sansocket_result;

    fn try_from(rules: sansocket_frame_rules) -> Result<Self, sansocket_result> {
        let masked = match rules.masking {
            sansocket_masking::ANY => None,
            sansocket_masking::REQUIRED => Some(true),
            sansocket_masking::FORBIDDEN => Some(false),
            _ => return Err(sansocket_result::INVALID_ARGUMENT),
        };
        Ok(Self { masked, rsv: rules.rsv, max_payload_len: rules.max_payload_len })
    }
}
