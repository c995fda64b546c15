//! The bytes of tokens and of header values (RFC 9110 §5.5, §5.6.2).

/// Whether `byte` may be part of a token: a table, since most bytes of a head are. On small machines it is one of bits.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    const LOW: u64 = tchars(0);
    const HIGH: u64 = tchars(64);
    static TABLE: [bool; 256] = tchar_table();
    if cfg!(target_pointer_width = "64") {
        return TABLE.get(usize::from(byte)).copied().unwrap_or_default();
    }
    let bits = match byte >> 6 {
        0 => LOW,
        1 => HIGH,
        _ => 0,
    };
    bits >> (byte & 63) & 1 == 1
}

/// A bit for each of the 64 bytes from `first` on that may be part of a token.
const fn tchars(first: u8) -> u64 {
    let mut bits = 0;
    let mut byte = first;
    while byte < first + 64 {
        if is_tchar(byte) {
            bits |= 1 << (byte - first);
        }
        byte += 1;
    }
    bits
}

const fn tchar_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut rest: &mut [bool] = &mut table;
    let mut byte = 0_u8;
    while let Some((is_allowed, after)) = rest.split_first_mut() {
        *is_allowed = is_tchar(byte);
        (rest, byte) = (after, byte.wrapping_add(1));
    }
    table
}

/// tchar (RFC 9110 §5.6.2).
const fn is_tchar(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
}

/// What a header value may contain (RFC 9110 §5.5): visible ASCII, blanks, tabs and obs-text.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7E | 0x80..=0xFF)
}

/// Whether `bytes` is a token.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}
