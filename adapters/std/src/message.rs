//! Messages (§5.6), as they are read and sent.

use sansocket::MessageKind;

/// A message, borrowed from where it lies: from the connection that has read it, or from the caller that sends it.
///
/// What is sent can be text (`&str`, `&String`) or bytes (`&[u8]`, `&[u8; N]`, `&Vec<u8>`), which become one by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// Text.
    Text(&'a str),
    /// Any bytes.
    Binary(&'a [u8]),
}

impl<'a> Message<'a> {
    /// A message of this kind. The connection has checked text.
    pub(crate) fn of(kind: MessageKind, payload: &'a [u8]) -> Self {
        match kind {
            MessageKind::Text => Self::Text(std::str::from_utf8(payload).unwrap_or_default()),
            MessageKind::Binary => Self::Binary(payload),
        }
    }

    pub(crate) const fn kind(&self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Binary(_) => MessageKind::Binary,
        }
    }

    /// The bytes, of text too.
    pub const fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Message<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Message<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Binary(bytes)
    }
}
