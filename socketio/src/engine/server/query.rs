//! The query of a request, and how a wrong one is answered.

use super::Response;
use bytes::Bytes;

/// What the query says. Its values have no characters that need escapes, so none are read; the last of several members counts, as in the
/// reference.
#[derive(Default)]
pub(super) struct Query<'q> {
    pub(super) transport: &'q str,
    /// Empty if there is none.
    pub(super) sid: &'q str,
    pub(super) version: &'q str,
    /// The client takes no binary messages over a WebSocket.
    pub(super) wants_base64: bool,
}

impl<'q> Query<'q> {
    pub(super) fn parse(query: &'q str) -> Self {
        let mut parsed = Self::default();
        for member in query.split('&') {
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            match name {
                "transport" => parsed.transport = value,
                "sid" => parsed.sid = value,
                "EIO" => parsed.version = value,
                "b64" => parsed.wants_base64 = !value.is_empty(),
                _ => {}
            }
        }
        parsed
    }
}

/// Why a request is refused, with the numbers and texts of the reference.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSid,
    BadHandshakeMethod,
    BadRequest,
    Forbidden,
    UnsupportedVersion,
    /// The rest are ours, without a number.
    TooLarge,
    NoEntropy,
}

impl Refusal {
    pub(super) fn response(self) -> Response {
        let (status, body) = match self {
            Self::UnknownTransport => (400, r#"{"code":0,"message":"Transport unknown"}"#),
            Self::UnknownSid => (400, r#"{"code":1,"message":"Session ID unknown"}"#),
            Self::BadHandshakeMethod => (400, r#"{"code":2,"message":"Bad handshake method"}"#),
            Self::BadRequest => (400, r#"{"code":3,"message":"Bad request"}"#),
            Self::Forbidden => (403, r#"{"code":4,"message":"Forbidden"}"#),
            Self::UnsupportedVersion => (400, r#"{"code":5,"message":"Unsupported protocol version"}"#),
            Self::TooLarge => (413, r#"{"message":"Payload too large"}"#),
            Self::NoEntropy => (503, r#"{"message":"Service unavailable"}"#),
        };
        Response { status, content_type: "application/json", body: Bytes::from_static(body.as_bytes()) }
    }
}
