//! The texts of the errors with the NUL behind them that C wants, put together when the library is compiled.
#![allow(clippy::indexing_slicing, reason = "runs in the compiler only, where a wrong index is an error")]

use crate::{ProtocolError, UsageError};
use core::ffi::{CStr, c_char};

const PROTOCOL: [&str; ProtocolError::ALL.len()] = {
    let mut texts = [""; ProtocolError::ALL.len()];
    let mut index = 0;
    while index < texts.len() {
        texts[index] = ProtocolError::ALL[index].text();
        index += 1;
    }
    texts
};

const USAGE: [&str; UsageError::ALL.len()] = {
    let mut texts = [""; UsageError::ALL.len()];
    let mut index = 0;
    while index < texts.len() {
        texts[index] = UsageError::ALL[index].text();
        index += 1;
    }
    texts
};

static PROTOCOL_TEXTS: [u8; joined_len(&PROTOCOL)] = join(&PROTOCOL);
static USAGE_TEXTS: [u8; joined_len(&USAGE)] = join(&USAGE);

const fn joined_len(texts: &[&str]) -> usize {
    let mut len = 0;
    let mut index = 0;
    while index < texts.len() {
        len += texts[index].len() + 1;
        index += 1;
    }
    len
}

const fn join<const LEN: usize>(texts: &[&str]) -> [u8; LEN] {
    let mut joined = [0; LEN];
    let mut len = 0;
    let mut index = 0;
    while index < texts.len() {
        let text = texts[index].as_bytes();
        let mut position = 0;
        while position < text.len() {
            joined[len + position] = text[position];
            position += 1;
        }
        len += text.len() + 1;
        index += 1;
    }
    joined
}

/// The text of `ProtocolError::ALL[index]`.
pub(super) fn protocol(index: usize) -> *const c_char {
    nth(&PROTOCOL_TEXTS, index).unwrap_or_default().as_ptr()
}

/// The text of `UsageError::ALL[index]`.
pub(super) fn usage(index: usize) -> *const c_char {
    nth(&USAGE_TEXTS, index).unwrap_or_default().as_ptr()
}

fn nth(mut joined: &'static [u8], index: usize) -> Option<&'static CStr> {
    for _ in 0..index {
        let end = joined.iter().position(|&byte| byte == 0)?;
        joined = joined.get(end..)?.get(1..)?;
    }
    CStr::from_bytes_until_nul(joined).ok()
}
