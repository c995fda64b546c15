//! The bytes of tokens and of header values (RFC 9110 §5.5, §5.6.2).

/// Letters, digits, and some other characters of ASCII: a bit for each.
#[derive(Clone, Copy)]
pub(crate) struct Alphabet {
    low: u64,
    high: u64,
}

impl Alphabet {
    /// With these `others`.
    pub(crate) const fn with(others: &[u8]) -> Self {
        let (mut set, mut byte) = (Self { low: 0, high: 0 }, 0_u8);
        while byte < 0x80 {
            let (mut is_in, mut rest) = (byte.is_ascii_alphanumeric(), others);
            while let Some((&other, after)) = rest.split_first() {
                is_in |= byte == other;
                rest = after;
            }
            let half = if byte < 64 { &mut set.low } else { &mut set.high };
            if is_in {
                *half |= 1 << (byte & 63);
            }
            byte += 1;
        }
        set
    }

    #[inline]
    pub(crate) const fn has(self, byte: u8) -> bool {
        let half = match byte >> 6 {
            0 => self.low,
            1 => self.high,
            _ => 0,
        };
        half >> (byte & 63) & 1 == 1
    }
}

/// tchar (RFC 9110 §5.6.2).
const TCHAR: Alphabet = Alphabet::with(b"!#$%&'*+-.^_`|~");

/// Whether `byte` may be part of a token: where there is room a table, since most bytes of some heads are.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    static TABLE: [bool; 256] = tchar_table();
    if cfg!(target_pointer_width = "64") {
        return TABLE.get(usize::from(byte)).copied().unwrap_or_default();
    }
    TCHAR.has(byte)
}

const fn tchar_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut rest: &mut [bool] = &mut table;
    let mut byte = 0_u8;
    while let Some((is_allowed, after)) = rest.split_first_mut() {
        *is_allowed = TCHAR.has(byte);
        (rest, byte) = (after, byte.wrapping_add(1));
    }
    table
}

/// What a header value may contain (RFC 9110 §5.5): visible ASCII, blanks, tabs and obs-text.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7E | 0x80..=0xFF)
}

/// Whether `bytes` are those of `lower`, which is in lower case, without regard to case. Where registers are long this compares many
/// bytes at a time.
#[inline]
pub(crate) fn is_word<const N: usize>(bytes: &[u8], lower: &[u8; N]) -> bool {
    if cfg!(not(target_pointer_width = "64")) {
        return bytes.eq_ignore_ascii_case(lower);
    }
    let Ok(bytes) = <&[u8; N]>::try_from(bytes) else { return false };
    // In a letter the bit of its case may differ.
    let differs = |byte: u8, lower: u8| (byte ^ lower) & if lower.is_ascii_lowercase() { !0x20 } else { 0xFF };
    bytes.iter().zip(lower).fold(0, |all, (&byte, &lower)| all | differs(byte, lower)) == 0
}
