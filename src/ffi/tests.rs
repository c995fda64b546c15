//! That C's numbers are Rust's, and that every error has its text. The calls themselves are compared with Rust's in
//! `tests/ffi_sequences.rs`, and made from C by `make -C ffi-examples test`.

use super::{
    sansocket_error, sansocket_error_close_code, sansocket_error_text, sansocket_event_text, sansocket_event_type,
    sansocket_masking, sansocket_option, sansocket_origin, sansocket_result, sansocket_result_text,
};
use crate::frame::Opcode;
use crate::{CloseCode, EndCause, MessageKind, PingSource, ProtocolError, Role, State, Transport, UrlError, UsageError};
use core::ffi::{CStr, c_char};
use std::collections::BTreeMap;
use std::format;
use std::string::String;

const HEADER: &str = include_str!("../../include/sansocket.h");

fn text(pointer: *const c_char) -> &'static str {
    // SAFETY: the texts are constant and end in NUL.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap()
}

/// The constants of the header's enums, by their names without `_`.
fn enumerators() -> BTreeMap<String, u32> {
    let lines = HEADER.lines().filter_map(|line| line.strip_prefix("    SANSOCKET_")?.strip_suffix(',')?.split_once(" = "));
    lines.map(|(name, number)| (name.replace('_', ""), number.parse().unwrap())).collect()
}

/// Names and numbers of constants that stand in Rust under the names that they have in C.
macro_rules! named {
    ($prefix:literal $type:ident: $($name:ident)*) => { [$((concat!($prefix, stringify!($name)), u32::from($type::$name.0))),*] };
}

#[test]
fn the_header_has_rusts_numbers_and_no_others() {
    let mut header = enumerators();
    let mut expect = |name: String, number: u32| {
        assert_eq!(header.remove(&name.to_uppercase().replace('_', "")), Some(number), "{name}");
    };
    ProtocolError::ALL.iter().for_each(|error| expect(format!("ERROR_{error:?}"), error.number().into()));
    UsageError::ALL.iter().for_each(|error| expect(format!("USAGE_{error:?}"), 256 + u32::from(error.number())));
    UrlError::ALL.iter().for_each(|error| expect(format!("URL_{error:?}"), 512 + u32::from(error.number())));
    #[cfg(feature = "deflate")]
    crate::InflateError::ALL.iter().for_each(|error| expect(format!("INFLATE_{error:?}"), 768 + u32::from(error.number())));
    #[cfg(feature = "deflate")]
    for level in [crate::Level::Fast, crate::Level::Default, crate::Level::Best] {
        expect(format!("LEVEL_{level:?}"), level as u32);
    }
    for role in [Role::Client, Role::Server] {
        expect(format!("{role:?}"), 1 + role as u32);
    }
    for state in [State::Connecting, State::Open, State::Closing, State::Closed] {
        expect(format!("STATE_{state:?}"), state as u32);
    }
    for transport in [Transport::Keep, Transport::ShutdownWrite, Transport::Close] {
        expect(format!("TRANSPORT_{transport:?}"), transport as u32);
    }
    EndCause::ALL.iter().for_each(|cause| expect(format!("CAUSE_{cause:?}"), cause.number().into()));
    for kind in [MessageKind::Text, MessageKind::Binary] {
        expect(format!("{kind:?}"), kind as u32);
    }
    for source in [PingSource::Keepalive, PingSource::Application] {
        expect(format!("PING_{source:?}"), source as u32);
    }
    for opcode in [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong] {
        expect(format!("OPCODE_{opcode:?}"), opcode as u32);
    }
    let named = [
        &named!("ERROR_" sansocket_error: NONE)[..],
        &named!("" sansocket_result: OK NEEDS_ROOM ENTROPY_FAILED INCOMPLETE NULL_POINTER MISALIGNED NOT_INITIALISED WRONG_SIZE
            WRONG_VERSION LENGTH_TOO_LARGE OVERLAP INVALID_ARGUMENT OUT_OF_RANGE LIST_TOO_LONG NOT_A_HEAD MESSAGE_TOO_LONG NOT_A_FRAME
            WRONG_MEMORY_LEN CODEC_FAILED),
        &named!("EVENT_" sansocket_event_type: NONE REQUEST HTTP_REQUEST OPENED REFUSED DATA PING PONG CLOSE_RECEIVED FAILED CLOSED),
        &named!("OPTION_" sansocket_option: MAX_MESSAGE_LEN MAX_FRAGMENTS MAX_EMPTY_FRAMES MAX_HEAD_LEN MAX_TARGET_LEN MAX_HEADER_LINES
            MAX_INTERIM_RESPONSES AUTO_PONG HANDSHAKE_TIMEOUT_MS CLOSING_TIMEOUT_MS KEEPALIVE_INTERVAL_MS PONG_TIMEOUT_MS
            IDLE_TIMEOUT_MS MIN_WRITE_RATE WRITE_TIMEOUT_MS),
        &named!("ORIGIN_" sansocket_origin: ANY ONE_OF SAME_HOST SAME_HOST_SECURE),
        &named!("MASKING_" sansocket_masking: ANY REQUIRED FORBIDDEN),
        &named!("CLOSE_" CloseCode: NORMAL_CLOSURE GOING_AWAY PROTOCOL_ERROR UNSUPPORTED_DATA NO_STATUS_RECEIVED ABNORMAL_CLOSURE
            INVALID_PAYLOAD_DATA POLICY_VIOLATION MESSAGE_TOO_BIG MANDATORY_EXTENSION INTERNAL_ERROR SERVICE_RESTART TRY_AGAIN_LATER
            BAD_GATEWAY),
    ];
    named.concat().into_iter().for_each(|(name, number)| expect(name.into(), number));
    header.retain(|name, _| cfg!(feature = "deflate") || !name.starts_with("INFLATE") && !name.starts_with("LEVEL"));
    assert_eq!(header, BTreeMap::new(), "in the header alone");
}

#[test]
fn results_have_rusts_texts() {
    let of = |base: u32, number: u8| text(sansocket_result_text(sansocket_result(base + u32::from(number))));
    UsageError::ALL.iter().for_each(|error| assert_eq!(of(256, error.number()), error.text()));
    UrlError::ALL.iter().for_each(|error| assert_eq!(of(512, error.number()), error.text()));
    #[cfg(feature = "deflate")]
    crate::InflateError::ALL.iter().for_each(|error| assert_eq!(of(768, error.number()), error.text()));
    for &error in ProtocolError::ALL {
        let c = sansocket_error(error.number().into());
        assert_eq!(text(sansocket_error_text(c)), error.text());
        assert_eq!(sansocket_error_close_code(c), error.close_code().0);
    }
}

#[test]
fn what_no_number_stands_for_is_unknown() {
    let results = [3, 15, 31, 255, 256, 282, 512, 519, 768, 782, 1024, 0x100 << 16 | 1, u32::MAX];
    for number in results {
        let shown = text(sansocket_result_text(sansocket_result(number)));
        assert_eq!(shown, "a result that this version does not know", "{number}");
    }
    for number in [19, 255, 257, u32::MAX] {
        let error = sansocket_error(number);
        assert_eq!(text(sansocket_error_text(error)), "an error that this version does not know", "{number}");
        assert_eq!(sansocket_error_close_code(error), 1002);
    }
    assert_eq!(text(sansocket_error_text(sansocket_error(0))), "no rule was broken");
    assert_eq!(text(sansocket_event_text(sansocket_event_type(10))), "closed");
    assert_eq!(text(sansocket_event_text(sansocket_event_type(11))), "unknown event");
}

#[test]
fn the_header_is_of_the_crates_version() {
    let version = [super::SANSOCKET_VERSION_MAJOR, super::SANSOCKET_VERSION_MINOR, super::SANSOCKET_VERSION_PATCH];
    let crates = [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
    assert_eq!(version.map(|number| format!("{number}")), crates);
}
