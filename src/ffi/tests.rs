//! That C's numbers are Rust's, and that every error has its constant and its text. The calls themselves are tested from C
//! (`make -C ffi-examples test`).

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
