//! JSON in C: walked in place, and strings copied out and in.

use core::ffi::{c_char, c_void};

use ::sansocket_session::ffi::support::text_at;
use sansocket::ffi::support::{Region, check_struct, write};
use sansocket::ffi::{sansocket_result, sansocket_text};

use super::numbers::{sansocket_json_kind, socketio_result};
use crate::json::{Text, Value, escape};

/// A JSON value, as it stands in its text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_json {
    /// What it is.
    pub kind: sansocket_json_kind,
    /// 1 if it is `true`.
    pub is_true: u8,
    /// 0 in this version.
    pub reserved: [u8; 3],
    /// The value, without blanks around it. Of an item or a member, a comma, a bracket or a blank follows, so that `strtod` finds the end of a
    /// number.
    pub json: sansocket_text,
    /// The name of a member of an object, as it stands between its quotes; `data` is NULL for other values.
    pub key: sansocket_text,
}

/// Writes the items of an array, or the members of an object, from the one with the index `skip` on, to `values`, at most `capacity` of them; and
/// returns how many there are, those that were skipped and those for which there was no room included. Of an event of the server's the name is
/// the first item: `sansocket_json_items(event.json, 1, args, 2) == 3` has two arguments in `args`. Returns 0 for what is neither an array nor an object, or no JSON, and where `values` is wrong. Each call reads the text from its start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_items(
    json: sansocket_text,
    skip: usize,
    values: *mut sansocket_json,
    capacity: usize,
) -> usize {
    // SAFETY: the caller lends the text for the call.
    let json = check_values(json, values, capacity).and_then(|()| unsafe { value(json) });
    let Ok(json) = json else { return 0 };
    let items = json.items().map(|item| sansocket_json::of(item, None));
    let members = json.members().map(|(key, item)| sansocket_json::of(item, Some(key)));
    let mut count = 0_usize;
    for found in items.chain(members) {
        if let Some(at) = count.checked_sub(skip).filter(|&at| at < capacity) {
            // SAFETY: the caller's to be written, as many as it says.
            unsafe { values.add(at).write(found) };
        }
        count = count.saturating_add(1);
    }
    count
}

/// Writes the member of an object with this name to `value`; of several the last, as JavaScript has it.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_OTHER_KIND` if there is none, `SANSOCKET_SOCKETIO_PACKET_INVALID_JSON`, `_TOO_DEEP`, or
/// `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_get(
    json: sansocket_text,
    key: *const c_char,
    key_len: usize,
    value: *mut sansocket_json,
) -> sansocket_result {
    let get = || {
        check_struct(value)?;
        // SAFETY: the caller lends both texts for the call.
        let (json, key) = unsafe { (self::value(json)?, text_at(key, key_len)?) };
        let found = json.get(key).ok_or(socketio_result::OTHER_KIND)?;
        Ok(sansocket_json::of(found, None))
    };
    // SAFETY: `value` was checked; the caller's to be written.
    unsafe { write(value, get()) }
}

/// Returns 1 if `json` is a string and, its escapes resolved, the same as `text`; else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_equals(json: sansocket_text, text: *const c_char, text_len: usize) -> u8 {
    // SAFETY: the caller lends both texts for the call.
    let (json, text) = unsafe { (string(json), text_at(text, text_len)) };
    json.is_ok_and(|json| text.is_ok_and(|text| json == text)).into()
}

/// Writes a string, its escapes resolved, to `out`, and where it lies to `text`. As many bytes as `json` has always suffice. No NUL follows.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_OTHER_KIND` if `json` is no string, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
/// `SANSOCKET_SOCKETIO_PACKET_INVALID_JSON`, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to `text` unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_text(
    json: sansocket_text,
    out: *mut c_char,
    out_size: usize,
    text: *mut sansocket_text,
) -> sansocket_result {
    let unescape = || {
        check_struct(text)?;
        let out = out_region(out, out_size, json)?;
        // SAFETY: the caller lends both for the call; what is read lies apart from what is written.
        let (json, place) = unsafe { (string(json)?, out.bytes_mut()) };
        let len = json.unescape(place)?.len();
        Ok(sansocket_text { data: out.start().cast(), len })
    };
    // SAFETY: `text` was checked; the caller's to be written.
    unsafe { write(text, unescape()) }
}

/// Writes a number to `integer`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_SOCKETIO_OTHER_KIND` if `json` is not a number of digits, with a minus or not, up to 2^53 - 1. Others
/// stand in the text, for `strtod`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_integer(json: sansocket_text, integer: *mut i64) -> sansocket_result {
    let read = || {
        check_struct(integer)?;
        // SAFETY: the caller lends the text for the call.
        let json = unsafe { value(json) }?.as_json();
        let (digits, sign) = json.strip_prefix('-').map_or((json, 1), |digits| (digits, -1));
        let number = crate::json::digits(digits).and_then(|number| i64::try_from(number).ok());
        Ok(number.ok_or(socketio_result::OTHER_KIND)?.saturating_mul(sign))
    };
    // SAFETY: `integer` was checked; the caller's to be written.
    unsafe { write(integer, read()) }
}

/// Writes `text`, which is UTF-8, to `out` as a JSON string, in quotes, and where it lies to `json`: for JSON that a program makes itself. It
/// takes two bytes more than the text, and one or five more for each character that is escaped.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to `json` unless it is
/// `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_json_escape(
    text: *const c_char,
    text_len: usize,
    out: *mut c_char,
    out_size: usize,
    json: *mut sansocket_text,
) -> sansocket_result {
    let escape_it = || {
        check_struct(json)?;
        let out = out_region(out, out_size, sansocket_text { data: text, len: text_len })?;
        // SAFETY: the caller lends both for the call; what is read lies apart from what is written.
        let (text, place) = unsafe { (text_at(text, text_len)?, out.bytes_mut()) };
        let len = escape(text, place)?.len();
        Ok(sansocket_text { data: out.start().cast(), len })
    };
    // SAFETY: `json` was checked; the caller's to be written.
    unsafe { write(json, escape_it()) }
}

impl sansocket_json {
    fn of(value: Value<'_>, key: Option<Text<'_>>) -> Self {
        Self {
            kind: value.kind().into(),
            is_true: (value.as_bool() == Some(true)).into(),
            reserved: [0; 3],
            json: sansocket_text::of(value.as_json().as_bytes()),
            key: sansocket_text::of_option(key.map(|key| key.raw().as_bytes())),
        }
    }
}

/// Refuses room for values that is not there, or that overlaps what is read.
fn check_values(json: sansocket_text, values: *mut sansocket_json, capacity: usize) -> Result<(), sansocket_result> {
    if capacity == 0 {
        return Ok(());
    }
    check_struct(values)?;
    let len = capacity.checked_mul(size_of::<sansocket_json>()).ok_or(sansocket_result::LENGTH_TOO_LARGE)?;
    Region::new(values.cast(), len)?.check_apart(Region::new(json.data.cast(), json.len)?)
}

/// A text of the caller's, if it is JSON.
///
/// # Safety
/// It is the caller's, unchanged, for `'a`.
unsafe fn value<'a>(json: sansocket_text) -> Result<Value<'a>, sansocket_result> {
    // SAFETY: what our caller promises.
    Ok(Value::parse(unsafe { text_at(json.data, json.len) }?)?)
}

/// The same, if it is a string.
///
/// # Safety
/// It is the caller's, unchanged, for `'a`.
unsafe fn string<'a>(json: sansocket_text) -> Result<Text<'a>, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { value(json) }?.text().ok_or(socketio_result::OTHER_KIND.into())
}

/// Where a text is written, which lies apart from what is read for it.
fn out_region(out: *mut c_char, out_size: usize, read: sansocket_text) -> Result<Region, sansocket_result> {
    let out = Region::new(out.cast::<c_void>().cast(), out_size)?;
    Region::new(read.data.cast(), read.len)?.check_apart(out)?;
    Ok(out)
}
