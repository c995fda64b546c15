//! A server's response as a client reads it, and the check that completes the opening handshake (§4.1).

use crate::config::Config;
use crate::deflate::params::DeflateParams;
use crate::error::ProtocolError;
use crate::handshake::accept_key::accept_key;
use crate::handshake::fields::Fields;
use crate::handshake::negotiated::Negotiated;
use crate::http::head::{Head, Headers};
use crate::http::list;
use crate::http::scan::Scan;

/// An HTTP response, read in place from the bytes that carried it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Response<'i> {
    head: Head<'i>,
    status: u16,
    reason: &'i [u8],
}

impl<'i> Response<'i> {
    /// Reads the response at the start of `input`; `None` while its head is incomplete. It is not checked as an answer to a
    /// request.
    ///
    /// # Errors
    /// The first rule of HTTP/1.1 or limit of `config` that it breaks.
    pub fn parse(input: &'i [u8], config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        Ok(Head::parse(input, Scan::RESPONSE, config)?.map(Self::of_head))
    }

    /// Reads the status line of a scanned head.
    pub(crate) fn of_head(head: Head<'i>) -> Self {
        // The scan made sure that three digits follow "HTTP/1.1 ".
        let digits = head.start_line.get(9..12).unwrap_or_default();
        let status =
            digits.iter().fold(0_u16, |sum, &digit| sum.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))));
        Self { head, status, reason: head.start_line.get(13..).unwrap_or_default() }
    }

    /// The response of a head that was checked before.
    pub(crate) fn of_checked(bytes: &'i [u8]) -> Self {
        Self::of_head(Head::of_scanned(bytes))
    }

    /// The status code: 101 accepts the handshake.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// RFC 9110 §15.2: whether another response follows. Here a 101 is final.
    pub(crate) const fn is_interim(&self) -> bool {
        self.status / 100 == 1 && self.status != 101
    }

    /// The text after the status; often empty.
    pub const fn reason(&self) -> &'i [u8] {
        self.reason
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&'i [u8]> {
        self.head.headers.get(name)
    }

    /// All header lines.
    pub const fn headers(&self) -> Headers<'i> {
        self.head.headers
    }

    /// The bytes of the head.
    pub const fn bytes(&self) -> &'i [u8] {
        self.head.bytes
    }

    /// What RFC 9112 requires of every final response. A 101, 204 or 304 has no body, whatever its fields say (§6.3).
    pub(crate) fn check_http(&self) -> Result<(), ProtocolError> {
        match self.status {
            101 | 204 | 304 => Ok(()),
            _ => Fields::of(self.headers()).body.check_response(self.is_modern()),
        }
    }

    /// HTTP/1.1 or later.
    fn is_modern(&self) -> bool {
        !self.head.start_line.starts_with(b"HTTP/1.0")
    }

    /// §4.1, the numbered list of what a client must check.
    pub(crate) fn check(&self, key: &[u8], config: &Config<'_>) -> Result<Negotiated, ProtocolError> {
        use ProtocolError as E;
        let fields = Fields::of(self.headers());
        if self.status != 101 {
            return Err(E::StatusNot101);
        }
        // §4.1: HTTP/1.1 or later. RFC 9110 §7.8: HTTP/1.0 has no Upgrade.
        if !self.is_modern() {
            return Err(E::InvalidStatusLine);
        }
        if !fields.upgrade.only().is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
            return Err(E::InvalidUpgrade);
        }
        if !fields.connection_upgrade {
            return Err(E::MissingConnectionUpgradeInResponse);
        }
        if fields.has_malformed_list(true) {
            return Err(E::InvalidHeaderList);
        }
        if fields.accept.only().ok_or(E::InvalidAccept)? != accept_key(key) {
            return Err(E::WrongAccept);
        }
        // RFC 9112 §6.1 forbids Transfer-Encoding here. Content-Length is ignored: some servers send `Content-Length: 0` (HT-16).
        if fields.body.is_coded() {
            return Err(E::ResponseWithBody);
        }
        let mut negotiated = Negotiated::NOTHING;
        if fields.has_extensions {
            negotiated = negotiated.with_deflate(self.check_extensions(config)?);
        }
        if fields.subprotocol.is_present() {
            let chosen = fields.subprotocol.only();
            let index = chosen.and_then(|name| list::position(config.subprotocols, name)).ok_or(E::UnofferedSubprotocol)?;
            negotiated = negotiated.with_subprotocol(index);
        }
        Ok(negotiated)
    }

    /// The extensions that the server has chosen: none but permessage-deflate, if that was offered.
    fn check_extensions(&self, config: &Config<'_>) -> Result<DeflateParams, ProtocolError> {
        if !config.deflate.is_on() {
            return Err(ProtocolError::UnofferedExtension);
        }
        let mut headers = self.headers();
        let mut lines = || {
            loop {
                let (name, value) = headers.next_line()?;
                if name.eq_ignore_ascii_case(b"sec-websocket-extensions") {
                    return Some(value);
                }
            }
        };
        config.deflate.judge(&mut lines).ok_or(ProtocolError::InvalidDeflateResponse)
    }
}

/// Shows the status and the names of the headers: values hold cookies (§10.6).
impl core::fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("headers", &self.headers()).finish()
    }
}
