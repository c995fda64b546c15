//! That C's numbers are Rust's, and that every error has its constant and its text. The calls themselves are compared with Rust's in
//! `tests/ffi_sequences.rs`, and made from C by `make -C ffi-examples test`.

use super::{sansocket_error, sansocket_error_close_code, sansocket_error_text, sansocket_result, sansocket_result_text};
use crate::{ProtocolError, UsageError};
use core::ffi::{CStr, c_char};

fn text(pointer: *const c_char) -> &'static str {
    // SAFETY: the texts are constant and end in NUL.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap()
}

#[test]
fn every_protocol_error_has_its_number_and_text_in_c() {
    for &error in ProtocolError::ALL {
        let number = u32::from(error.number());
        assert_eq!(sansocket_error::from(error) as u32, number, "{error}");
        assert_eq!(text(sansocket_error_text(number)), error.text());
        assert_eq!(sansocket_error_close_code(number), error.close_code().0);
    }
}

#[test]
fn every_usage_error_has_its_number_and_text_in_c() {
    for &error in UsageError::ALL {
        let number = 256 + u32::from(error.number());
        assert_eq!(sansocket_result::from(error) as u32, number, "{error}");
        assert_eq!(text(sansocket_result_text(number)), error.text());
    }
}

#[test]
fn the_header_is_of_the_crates_version() {
    let version = [super::SANSOCKET_VERSION_MAJOR, super::SANSOCKET_VERSION_MINOR, super::SANSOCKET_VERSION_PATCH];
    let crates = [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
    assert_eq!(version.map(|number| std::format!("{number}")), crates);
}

#[test]
fn close_codes_have_the_numbers_that_they_have_in_rust() {
    use super::sansocket_close_code as C;
    use crate::CloseCode as R;
    for (c, rust) in [
        (C::SANSOCKET_CLOSE_NORMAL_CLOSURE, R::NORMAL_CLOSURE),
        (C::SANSOCKET_CLOSE_GOING_AWAY, R::GOING_AWAY),
        (C::SANSOCKET_CLOSE_PROTOCOL_ERROR, R::PROTOCOL_ERROR),
        (C::SANSOCKET_CLOSE_UNSUPPORTED_DATA, R::UNSUPPORTED_DATA),
        (C::SANSOCKET_CLOSE_NO_STATUS_RECEIVED, R::NO_STATUS_RECEIVED),
        (C::SANSOCKET_CLOSE_ABNORMAL_CLOSURE, R::ABNORMAL_CLOSURE),
        (C::SANSOCKET_CLOSE_INVALID_PAYLOAD_DATA, R::INVALID_PAYLOAD_DATA),
        (C::SANSOCKET_CLOSE_POLICY_VIOLATION, R::POLICY_VIOLATION),
        (C::SANSOCKET_CLOSE_MESSAGE_TOO_BIG, R::MESSAGE_TOO_BIG),
        (C::SANSOCKET_CLOSE_MANDATORY_EXTENSION, R::MANDATORY_EXTENSION),
        (C::SANSOCKET_CLOSE_INTERNAL_ERROR, R::INTERNAL_ERROR),
        (C::SANSOCKET_CLOSE_SERVICE_RESTART, R::SERVICE_RESTART),
        (C::SANSOCKET_CLOSE_TRY_AGAIN_LATER, R::TRY_AGAIN_LATER),
        (C::SANSOCKET_CLOSE_BAD_GATEWAY, R::BAD_GATEWAY),
    ] {
        assert_eq!(c as u32, u32::from(rust.0));
    }
}

#[cfg(feature = "deflate")]
#[test]
fn every_fault_of_deflate_has_its_number_and_text_in_c() {
    use crate::InflateError as E;
    let all = [
        E::ReservedBlockType,
        E::StoredLenMismatch,
        E::TooManyCodes,
        E::BadCodeLengthCode,
        E::BadRepeat,
        E::NoEndOfBlock,
        E::BadLiteralCode,
        E::BadDistanceCode,
        E::InvalidLiteral,
        E::InvalidDistance,
        E::DistanceTooFar,
        E::NotFlushed,
    ];
    for (number, error) in (769..).zip(all) {
        assert_eq!(sansocket_result::from(error) as u32, number, "{error}");
        assert_eq!(text(sansocket_result_text(number)), error.as_str());
    }
    assert_eq!(text(sansocket_result_text(781)), "a result that this version does not know");
}
