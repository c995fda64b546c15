//! The ids of sessions on the wire: secrets that nobody guesses.

use crate::engine::base64::write_base64;
use crate::writer::Writer;
use sansocket::{Entropy, EntropyError};

/// 20 characters of base64 (RFC 4648 §5), which need no escapes in a query.
pub(crate) type Sid = [u8; 20];

/// 15 random bytes.
pub(super) fn draw(entropy: &mut impl Entropy) -> Result<Sid, EntropyError> {
    let mut bytes = [0; 15];
    entropy.fill(&mut bytes)?;
    let mut sid = [0; 20];
    write_base64(&bytes, &mut Writer::new(&mut sid));
    Ok(sid.map(|digit| match digit {
        b'+' => b'-',
        b'/' => b'_',
        digit => digit,
    }))
}
