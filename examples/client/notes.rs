//! What is said about the life of a session, and the exit status that follows from it.

use sansocket::{CloseCode, Response};
use sansocket_session::{Cause, Numbers};

/// How a connection ended or why there was none, and the exit status if it is the last one: 0 as it should be, 1 failed or cut off,
/// 3 refused. `received` is the code of the peer's Close; `failure` says more of a dial than its cause does.
pub(crate) fn ending(cause: Cause, received: Option<CloseCode>, failure: Option<&str>) -> (String, u8) {
    match cause {
        Cause::Dial(error) => (failure.map_or_else(|| error.to_string(), str::to_owned), 1),
        Cause::Lost(cause) => (format!("closed with 1006, not clean: {cause}"), 1),
        Cause::Closed(code) => closed(code),
        Cause::Application => received.map_or_else(|| ("closed before it was open".to_owned(), 1), closed),
        Cause::Refused { .. } | Cause::ProxyRefused { .. } | Cause::Redirect(_) => (cause.to_string(), 3),
        Cause::Failed(error) => (format!("failed: {error}"), 1),
        other => (other.to_string(), 1),
    }
}

fn closed(code: CloseCode) -> (String, u8) {
    (format!("closed with {code}, clean"), u8::from(!matches!(code.0, 1000 | 1001 | 1005)))
}

/// Some messages, by their numbers.
pub(crate) fn messages(numbers: Numbers) -> String {
    span(numbers.first, numbers.last, numbers.count)
}

fn span(first: u64, last: u64, count: u64) -> String {
    match count {
        1 => format!("1 message, number {first}"),
        // Others between them have arrived, or were told before.
        count if count < (last - first).saturating_add(1) => format!("{count} messages of numbers {first} to {last}"),
        count => format!("{count} messages, numbers {first} to {last}"),
    }
}

/// `401 Unauthorized`.
pub(crate) fn status_of(response: &Response<'_>) -> String {
    format!("{} {}", response.status(), String::from_utf8_lossy(response.reason())).trim_end().to_owned()
}

/// A challenge (RFC 9110 §11.3) without what may be secret: its scheme, and for whom the credentials are.
pub(crate) fn challenge(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let scheme = value.split_ascii_whitespace().next().unwrap_or_default();
    let at = value.to_ascii_lowercase().find("realm=");
    let realm = at.and_then(|at| value[at + "realm=".len()..].strip_prefix('"')).and_then(|rest| rest.split('"').next());
    realm.map_or_else(|| scheme.to_owned(), |realm| format!("{scheme} realm=\"{realm}\""))
}

#[cfg(test)]
mod tests {
    use super::{challenge, ending, span};
    use sansocket::{CloseCode, EndCause, ProtocolError};
    use sansocket_session::{Cause, DialError};

    #[test]
    fn exit_status_says_how_it_ended() {
        let code = |code| Some(CloseCode(code));
        for (cause, received, text, status) in [
            (Cause::Application, code(1000), "closed with 1000, clean", 0),
            (Cause::Application, code(4002), "closed with 4002, clean", 1),
            (Cause::Application, None, "closed before it was open", 1),
            (Cause::Closed(CloseCode(1001)), code(1001), "closed with 1001, clean", 0),
            (Cause::Closed(CloseCode(1011)), code(1011), "closed with 1011, clean", 1),
            (Cause::Lost(EndCause::EndOfInput), None, "closed with 1006, not clean: the input ended", 1),
            (Cause::Refused { status: 401 }, None, "the server refused with status 401", 3),
            (Cause::ProxyRefused { status: 407 }, None, "the proxy refused with status 407", 3),
            (Cause::Failed(ProtocolError::MessageTooLong), None, "failed: ", 1),
            (Cause::Dial(DialError::Name), None, "the name has no address", 1),
            (Cause::ConnectTimeout, None, "connecting took too long", 1),
        ] {
            let (said, found) = ending(cause, received, None);
            assert!(said.starts_with(text) && found == status, "{cause:?}: {said}, {found}");
        }
        assert_eq!(ending(Cause::Dial(DialError::Connect), None, Some("nobody there")), ("nobody there".to_owned(), 1));
    }

    #[test]
    fn messages_are_told_by_their_numbers() {
        assert_eq!(span(7, 7, 1), "1 message, number 7");
        assert_eq!(span(7, 9, 3), "3 messages, numbers 7 to 9");
        assert_eq!(span(7, 9, 2), "2 messages of numbers 7 to 9");
    }

    #[test]
    fn challenge_is_shown_without_what_may_be_secret() {
        for (value, shown) in [
            ("Basic realm=\"Squid proxy\"", "Basic realm=\"Squid proxy\""),
            ("Digest nonce=\"c2VjcmV0\", Realm=\"x\", qop=\"auth\"", "Digest realm=\"x\""),
            ("Negotiate c2VjcmV0", "Negotiate"),
            ("Basic realm=unquoted", "Basic"),
            ("", ""),
        ] {
            assert_eq!(challenge(value.as_bytes()), shown, "{value}");
        }
    }
}
