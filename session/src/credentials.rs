//! RFC 7617: user name and password, as a URL has them (RFC 3986 §3.2.1), and as Authorization and Proxy-Authorization want them.

use crate::append::{append, cut_at};

/// Why there are no credentials to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A colon in the user name (RFC 7617 §2): a server would take what follows it for the password.
    ColonInUser,
    /// A control character in the user name or in the password (RFC 7617 §2).
    ControlCharacter,
    /// A `%` in the user information of a URL that is not followed by two hexadecimal digits (RFC 3986 §2.1).
    InvalidPercentEncoding,
    /// The caller's buffer is too short.
    TooLong,
}

impl core::fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ColonInUser => "the user name has a colon",
            Self::ControlCharacter => "the user name or the password has a control character",
            Self::InvalidPercentEncoding => "the user information has a % that two hexadecimal digits do not follow",
            Self::TooLong => "the buffer is too short for the credentials",
        })
    }
}

impl core::error::Error for CredentialsError {}

/// Writes the value of an Authorization or Proxy-Authorization header to `out`, and returns it: `Basic`, and the base64 form of
/// `user:password`.
///
/// Characters beyond ASCII are best given in UTF-8: most servers expect it, and RFC 7617 §2.1 has no other encoding. `out` needs
/// `6 + 4 * n.div_ceil(3)` bytes for an `n` that counts the bytes of both and the colon between them. It is the caller's, and holds a
/// secret afterwards.
///
/// ```
/// let mut out = [0; 64];
/// assert_eq!(sansocket_session::basic(b"user", b"pass", &mut out)?, "Basic dXNlcjpwYXNz");
/// # Ok::<(), sansocket_session::CredentialsError>(())
/// ```
///
/// # Errors
/// [`ColonInUser`](CredentialsError::ColonInUser), [`ControlCharacter`](CredentialsError::ControlCharacter) or
/// [`TooLong`](CredentialsError::TooLong). Nothing is written then.
pub fn basic<'o>(user: &[u8], password: &[u8], out: &'o mut [u8]) -> Result<&'o str, CredentialsError> {
    UserInfo::new(user, password).basic(out)
}

/// A user name and a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserInfo<'a> {
    user: &'a [u8],
    password: &'a [u8],
    /// Whether both are percent-encoded.
    encoded: bool,
}

impl<'a> UserInfo<'a> {
    /// A user name and a password as they are, such as a command line has them.
    pub const fn new(user: &'a [u8], password: &'a [u8]) -> Self {
        Self { user, password, encoded: false }
    }

    /// `user:password`, percent-encoded, as a URL has it before its `@` (RFC 3986 §3.2.1). The password starts after the first colon;
    /// without a colon it is empty.
    pub fn of_url(user_info: &'a str) -> Self {
        let (user, rest) = cut_at(user_info, b":");
        let password = rest.as_bytes().get(1..).unwrap_or_default();
        Self { user: user.as_bytes(), password, encoded: true }
    }

    /// The value of an Authorization or Proxy-Authorization header, in `out`, as [`basic`](fn@basic) makes it.
    ///
    /// ```
    /// use sansocket_session::UserInfo;
    /// let mut out = [0; 64];
    /// assert_eq!(UserInfo::of_url("user:p%40ss").basic(&mut out)?, "Basic dXNlcjpwQHNz");
    /// # Ok::<(), sansocket_session::CredentialsError>(())
    /// ```
    ///
    /// # Errors
    /// Any [`CredentialsError`]. Nothing is written then.
    pub fn basic<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, CredentialsError> {
        let value_len = value_len(self.check()?);
        // All of it or nothing: half of a password is still a secret.
        let out = value_len.and_then(|len| out.get_mut(..len)).ok_or(CredentialsError::TooLong)?;
        let digits = append(out, 0, SCHEME).and_then(|len| out.get_mut(len..)).ok_or(CredentialsError::TooLong)?;
        write_base64(self.user_pass().filter_map(Result::ok), digits);
        core::str::from_utf8(out).map_err(|_| CredentialsError::TooLong)
    }

    /// Whether [`basic`](Self::basic) would find no fault but too little room. `Ok(the length of user, colon and password)`
    pub(crate) fn check(&self) -> Result<usize, CredentialsError> {
        let has_colon = Bytes { rest: self.user, encoded: self.encoded }.any(|byte| byte == Ok(b':'));
        let len = self.user_pass().try_fold(0_usize, |len, byte| match byte? {
            // RFC 5234: CTL
            0..=0x1F | 0x7F => Err(CredentialsError::ControlCharacter),
            _ => Ok(len.saturating_add(1)),
        })?;
        if has_colon { Err(CredentialsError::ColonInUser) } else { Ok(len) }
    }

    /// RFC 7617 §2: the user name, a colon, the password.
    fn user_pass(&self) -> impl Iterator<Item = Result<u8, CredentialsError>> + use<'a> {
        let bytes = |rest, encoded| Bytes { rest, encoded };
        bytes(self.user, self.encoded).chain(bytes(b":", false)).chain(bytes(self.password, self.encoded))
    }
}

/// Shows nothing: a user name can be a token.
impl core::fmt::Debug for UserInfo<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UserInfo").finish_non_exhaustive()
    }
}

/// A URL whose user information is apart, since [`sansocket::Url`] has no place for it (RFC 6455 §3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SplitUrl<'a> {
    /// Up to where the user information was: `ws://`.
    pub before: &'a str,
    /// `None` if there was no `@`, or neither a user name nor a password before it.
    pub user_info: Option<UserInfo<'a>>,
    /// Host, port, path and query, and whatever else follows: `host/x`.
    pub after: &'a str,
}

impl SplitUrl<'_> {
    /// Writes the URL without its user information to `out`, and returns it. A buffer as long as the URL always suffices.
    ///
    /// # Errors
    /// [`TooLong`](CredentialsError::TooLong), if it does not fit.
    pub fn join<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, CredentialsError> {
        let before = append(out, 0, self.before.as_bytes());
        let len = before.and_then(|len| append(out, len, self.after.as_bytes()));
        let url = len.and_then(|len| out.get(..len)).ok_or(CredentialsError::TooLong)?;
        core::str::from_utf8(url).map_err(|_| CredentialsError::TooLong)
    }
}

/// Does not show user name, password and query, which may hold credentials.
impl core::fmt::Debug for SplitUrl<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SplitUrl")
            .field("before", &self.before)
            .field("user_info", &self.user_info)
            .field("after", &cut_at(self.after, b"?#").0)
            .finish()
    }
}

/// Cuts the user information out of a URL.
///
/// It ends at the last `@` before the path: a raw `@` in a password is forgiven, as browsers do. A `/`, `?` or `#` in it must be
/// percent-encoded, since it ends the host. If there is no `scheme://` with a host after it, the text is all in
/// [`before`](SplitUrl::before). Nothing is checked: [`UserInfo::basic`] and [`Url::parse`](sansocket::Url::parse) do that.
///
/// ```
/// use sansocket::{ClientRequest, Header, Url};
/// use sansocket_session::split_user_info;
///
/// let split = split_user_info("wss://user:pass@example.com/chat");
/// let mut url = [0; 100];
/// let url = Url::parse(split.join(&mut url)?)?;
/// assert_eq!((url.host(), url.target()), ("example.com", "/chat"));
///
/// let mut value = [0; 100];
/// let value = split.user_info.map(|user_info| user_info.basic(&mut value)).transpose()?;
/// let headers = value.map(|value| Header::new("Authorization", value));
/// let request = ClientRequest::new(url.authority(), url.target()).headers(headers.as_slice());
/// assert_eq!(request.headers[0].value, b"Basic dXNlcjpwYXNz");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_user_info(url: &str) -> SplitUrl<'_> {
    let (scheme, rest) = cut_at(url, b":/?#");
    let whole = SplitUrl { before: url, user_info: None, after: "" };
    let (true, Some(rest)) = (!scheme.is_empty(), rest.strip_prefix("://")) else { return whole };
    let (user_info, after) = split_authority(rest);
    let before = scheme.len().checked_add("://".len()).and_then(|len| url.get(..len));
    before.map_or(whole, |before| SplitUrl { before, user_info, after })
}

/// Cuts the user information off the front of an authority, which a path or a query may follow.
pub(crate) fn split_authority(text: &str) -> (Option<UserInfo<'_>>, &str) {
    let (authority, _) = cut_at(text, b"/?#");
    let at = authority.bytes().rposition(|byte| byte == b'@');
    let Some((user_info, rest)) = at.and_then(|at| text.split_at_checked(at)) else { return (None, text) };
    // `@` and `:@` say nothing, so nothing is sent for them.
    let user_info = if matches!(user_info, "" | ":") { None } else { Some(UserInfo::of_url(user_info)) };
    (user_info, rest.get(1..).unwrap_or_default())
}

const SCHEME: &[u8] = b"Basic ";

/// How long the header's value is for a `user:password` of `len` bytes.
fn value_len(len: usize) -> Option<usize> {
    len.div_ceil(3).checked_mul(4)?.checked_add(SCHEME.len())
}

/// The bytes of a text, percent-decoded if it is `encoded`. A faulty encoding counts as one byte.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    rest: &'a [u8],
    encoded: bool,
}

impl Iterator for Bytes<'_> {
    type Item = Result<u8, CredentialsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (byte, rest) = match (self.encoded, self.rest) {
            (true, &[b'%', high, low, ref rest @ ..]) if digit(high).is_some() && digit(low).is_some() => {
                let byte = digit(high).unwrap_or_default() << 4 | digit(low).unwrap_or_default();
                (Ok(byte), rest)
            }
            (true, [b'%', rest @ ..]) => (Err(CredentialsError::InvalidPercentEncoding), rest),
            (_, &[byte, ref rest @ ..]) => (Ok(byte), rest),
            (_, []) => return None,
        };
        self.rest = rest;
        Some(byte)
    }
}

/// The value of a hexadecimal digit.
fn digit(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

/// Writes the base64 form (RFC 4648 §4) of `bytes` to `out`, as far as that has room.
///
/// Ours, as that of the accept key in `sansocket`: the crates for it reach panics on thumbv7em.
fn write_base64(mut bytes: impl Iterator<Item = u8>, out: &mut [u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for digits in out.chunks_exact_mut(4) {
        let Some(first) = bytes.next() else { return };
        let (second, third) = (bytes.next(), bytes.next());
        let bits = u32::from(first) << 16 | u32::from(second.unwrap_or(0)) << 8 | u32::from(third.unwrap_or(0));
        // One digit more than there are bytes.
        for (digit, shift) in digits.iter_mut().zip([Some(18), Some(12), second.map(|_| 6), third.map(|_| 0)]) {
            let index = shift.and_then(|shift: u32| usize::try_from(bits >> shift & 63).ok());
            *digit = index.and_then(|index| DIGITS.get(index)).copied().unwrap_or(b'=');
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sansocket::Url;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::{CredentialsError, UserInfo, basic, split_user_info};

    /// The examples of RFC 7617 §2 and §2.1, and of RFC 9110 §9.3.6.
    #[test]
    fn examples_of_the_rfcs_come_out_as_printed() {
        for (user, password, value) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
            ("hello", "world", "Basic aGVsbG86d29ybGQ="),
            ("", "", "Basic Og=="),
        ] {
            assert_eq!(basic(user.as_bytes(), password.as_bytes(), &mut [0; 64]), Ok(value));
        }
    }

    /// Against the crate base64, with every byte that is allowed and every length of the last group.
    #[test]
    fn base64_is_that_of_another_implementation() {
        let bytes: Vec<u8> = (0x20..=0xFF).filter(|&byte| byte != 0x7F).collect();
        let user: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b':').collect();
        for start in 0..user.len() {
            for len in 0..=8.min(user.len() - start) {
                let (user, password) = (&user[start..start + len], &bytes[start..]);
                let expected = format!("Basic {}", STANDARD.encode([user, b":", password].concat()));
                assert_eq!(basic(user, password, &mut [0; 400]), Ok(expected.as_str()));
            }
        }
    }

    #[test]
    fn credentials_need_exactly_the_room_that_the_documentation_says() {
        let bytes = [b'x'; 40];
        for n in 1..40_usize {
            let (room, password) = (6 + 4 * n.div_ceil(3), &bytes[..n - 1]);
            assert_eq!(basic(b"", password, &mut [0; 70][..room]).map(str::len), Ok(room), "{n}");
            let mut out = [0; 70];
            assert_eq!(basic(b"", password, &mut out[..room - 1]), Err(CredentialsError::TooLong), "{n}");
            assert_eq!(out, [0; 70], "{n}: something was written");
        }
        assert_eq!(basic(b"", b"", &mut []), Err(CredentialsError::TooLong));
    }

    #[test]
    fn what_rfc_7617_forbids_is_refused_with_a_reason_and_nothing_is_written() {
        use CredentialsError as E;
        let mut out = [0; 64];
        assert_eq!(basic(b"us:er", b"x", &mut out), Err(E::ColonInUser));
        for byte in 0..=u8::MAX {
            let expected = if byte.is_ascii_control() { Err(E::ControlCharacter) } else { Ok(()) };
            assert_eq!(basic(b"user", &[b'p', byte], &mut out.clone()).map(|_| ()), expected, "{byte:#x}");
            let expected = if byte == b':' { Err(E::ColonInUser) } else { expected };
            assert_eq!(basic(&[byte], b"x", &mut out.clone()).map(|_| ()), expected, "{byte:#x}");
        }
        for (user_info, error) in [
            ("us%3Aer:x", E::ColonInUser),
            ("user:x%0d", E::ControlCharacter),
            ("us%00er:x", E::ControlCharacter),
            ("us\r\ner:x", E::ControlCharacter),
            ("user:100%", E::InvalidPercentEncoding),
            ("user:%4", E::InvalidPercentEncoding),
            ("user:%4g", E::InvalidPercentEncoding),
            ("%+1:x", E::InvalidPercentEncoding),
            ("%:%", E::InvalidPercentEncoding),
        ] {
            assert_eq!(UserInfo::of_url(user_info).basic(&mut out), Err(error), "{user_info}");
        }
        assert_eq!(out, [0; 64]);
    }

    #[test]
    fn user_information_of_a_url_is_percent_decoded() {
        for (user_info, user_pass) in [
            ("user:pass", "user:pass"),
            ("user", "user:"),
            ("user:", "user:"),
            (":pass", ":pass"),
            ("user:a:b:c", "user:a:b:c"),
            ("u%73er:%70%61ss", "user:pass"),
            ("user:%3a%3A%40%2f%25", "user:::@/%"),
            ("user:%2541", "user:%41"),
            ("us er:p\u{e4}ss", "us er:p\u{e4}ss"),
            ("user:p%C3%A4ss", "user:p\u{e4}ss"),
        ] {
            let expected = format!("Basic {}", STANDARD.encode(user_pass));
            assert_eq!(UserInfo::of_url(user_info).basic(&mut [0; 64]), Ok(expected.as_str()), "{user_info}");
        }
        // What is no URL's is not decoded.
        assert_eq!(basic(b"user", b"%41%", &mut [0; 64]), Ok("Basic dXNlcjolNDEl"));
    }

    #[test]
    fn every_byte_is_found_again_after_percent_encoding() {
        for byte in 0x80..=u8::MAX {
            for encoded in [format!("u:%{byte:02x}"), format!("u:%{byte:02X}")] {
                let expected = format!("Basic {}", STANDARD.encode([b'u', b':', byte]));
                assert_eq!(UserInfo::of_url(&encoded).basic(&mut [0; 64]), Ok(expected.as_str()), "{encoded}");
            }
        }
    }

    #[test]
    fn user_information_is_cut_out_of_urls() {
        let info = |text| Some(UserInfo::of_url(text));
        for (url, before, user_info, after) in [
            ("ws://user:pass@host/x", "ws://", info("user:pass"), "host/x"),
            ("wss://user@host", "wss://", info("user"), "host"),
            ("ws://user:@host", "ws://", info("user:"), "host"),
            ("ws://:pass@host", "ws://", info(":pass"), "host"),
            ("ws://u:p@[::1]:9001/?q", "ws://", info("u:p"), "[::1]:9001/?q"),
            ("ws://u:p@host?a@b", "ws://", info("u:p"), "host?a@b"),
            // Several: the last one before the path.
            ("ws://u:p@ss@host/", "ws://", info("u:p@ss"), "host/"),
            ("ws://u@a.example@b.example/@", "ws://", info("u@a.example"), "b.example/@"),
            // Not in the authority.
            ("ws://host/@", "ws://", None, "host/@"),
            ("ws://host/u:p@x", "ws://", None, "host/u:p@x"),
            ("ws://host?u:p@x", "ws://", None, "host?u:p@x"),
            ("ws://host#u:p@x", "ws://", None, "host#u:p@x"),
            ("ws://u:p/ss@host/", "ws://", None, "u:p/ss@host/"),
            // Nothing in it.
            ("ws://@host/", "ws://", None, "host/"),
            ("ws://:@host/", "ws://", None, "host/"),
            ("ws://host", "ws://", None, "host"),
            // No URL with an authority.
            ("u:p@host", "u:p@host", None, ""),
            ("ws:/u:p@host", "ws:/u:p@host", None, ""),
            ("x?ws://u:p@host", "x?ws://u:p@host", None, ""),
            ("/x://u:p@host", "/x://u:p@host", None, ""),
            ("://u:p@host", "://u:p@host", None, ""),
            ("", "", None, ""),
        ] {
            let split = split_user_info(url);
            assert_eq!((split.before, split.user_info, split.after), (before, user_info, after), "{url}");
        }
    }

    #[test]
    fn joined_urls_have_no_user_information_and_need_no_more_room_than_they_had() {
        for (url, joined) in [
            ("wss://u:p@host:8443/x?y", "wss://host:8443/x?y"),
            ("ws://@host/", "ws://host/"),
            ("ws://host/@", "ws://host/@"),
            ("ws://h\u{e4}/", "ws://h\u{e4}/"),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            let split = split_user_info(url);
            assert_eq!(split.join(&mut [0; 64][..joined.len()]), Ok(joined));
            if let Some(less) = joined.len().checked_sub(1) {
                assert_eq!(split.join(&mut [0; 64][..less]), Err(CredentialsError::TooLong));
            }
        }
        let mut out = [0; 64];
        let url = Url::parse(split_user_info("ws://u:p@host/@").join(&mut out).unwrap()).unwrap();
        assert_eq!((url.host(), url.target()), ("host", "/@"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let split = split_user_info("wss://token:hunter2@host/path?key=swordfish");
        let shown = format!("{split:?} {:?} {:?}", split.user_info, UserInfo::new(b"token", b"hunter2"));
        for secret in ["token", "hunter2", "swordfish"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("host/path"), "{shown}");
        assert_eq!(format!("{:?}", split.user_info), "Some(UserInfo { .. })");
    }

    #[test]
    fn errors_are_sentences_in_lower_case() {
        use CredentialsError as E;
        let texts = [E::ColonInUser, E::ControlCharacter, E::InvalidPercentEncoding, E::TooLong].map(|error| format!("{error}"));
        for text in &texts {
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        }
        let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len());
    }
}
