//! A server's response as a client reads it, and the check that completes the opening handshake (§4.1).

use crate::config::Config;
use crate::deflate::params::DeflateParams;
use crate::error::ProtocolError;
use crate::handshake::accept_key::accept_key;
use crate::handshake::fields::Fields;
use crate::handshake::negotiated::Negotiated;
use crate::http::head::Headers;
use crate::http::line::{StartLine, cut, status_line};
use crate::http::list;
use crate::http::scan::Scan;

/// An HTTP response, read in place from the bytes that carried it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Response<'i> {
    /// All of its bytes.
    bytes: &'i [u8],
    start: StartLine,
}

impl<'i> Response<'i> {
    /// Reads the response at the start of `input`; `None` while its head is incomplete. It is not checked as an answer to a
    /// request.
    ///
    /// # Errors
    /// The first rule of HTTP/1.1 or limit of `config` that it breaks.
    pub fn parse(input: &'i [u8], config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        Self::read(input, &mut { Scan::RESPONSE }, config, &mut Fields::default())
    }

    /// The response at the start of `input`, where `scan` goes on, and its `fields`.
    pub(crate) fn read(
        input: &'i [u8],
        scan: &mut Scan,
        config: &Config<'_>,
        fields: &mut Fields<'i>,
    ) -> Result<Option<Self>, ProtocolError> {
        let mut start = StartLine::default();
        let Some(bytes) = fields.read(input, scan, config, &mut start)? else { return Ok(None) };
        Ok(Some(if start.len == 0 { Self::of_scanned(bytes) } else { Self { bytes, start } }))
    }

    /// Reads the head `bytes`, which [`Scan`] found complete.
    pub(crate) fn of_scanned(bytes: &'i [u8]) -> Self {
        Self { bytes, start: status_line(bytes).unwrap_or_default() }
    }

    /// The status code: 101 accepts the handshake.
    pub const fn status(&self) -> u16 {
        self.start.first
    }

    /// RFC 9110 §15.2: whether another response follows. Here a 101 is final.
    pub(crate) const fn is_interim(&self) -> bool {
        self.status() / 100 == 1 && self.status() != 101
    }

    /// The text after the status; often empty.
    pub const fn reason(&self) -> &'i [u8] {
        let (_, rest) = cut(self.bytes, b"HTTP/1.1 101 ".len());
        cut(rest, self.start.second_len).0
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&'i [u8]> {
        self.headers().get(name)
    }

    /// All header lines.
    pub const fn headers(&self) -> Headers<'i> {
        Headers::of(cut(self.bytes, self.start.len).1)
    }

    /// The bytes of the head.
    pub const fn bytes(&self) -> &'i [u8] {
        self.bytes
    }

    /// What RFC 9112 requires of every final response. A 101, 204 or 304 has no body, whatever its fields say (§6.3).
    pub(crate) fn check_http(&self, fields: &Fields<'_>) -> Result<(), ProtocolError> {
        match self.status() {
            101 | 204 | 304 => Ok(()),
            _ => fields.body.check_response(self.start.modern),
        }
    }

    /// §4.1, the numbered list of what a client must check.
    pub(crate) fn check(&self, fields: &Fields<'_>, key: &[u8], config: &Config<'_>) -> Result<Negotiated, ProtocolError> {
        use ProtocolError as E;
        if self.status() != 101 {
            return Err(E::StatusNot101);
        }
        // §4.1: HTTP/1.1 or later. RFC 9110 §7.8: HTTP/1.0 has no Upgrade.
        if !self.start.modern {
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
        if fields.asked.extensions.is_present() {
            negotiated = negotiated.with_deflate(self.check_extensions(config)?);
        }
        if fields.asked.subprotocols.is_present() {
            let chosen = fields.asked.subprotocols.only();
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
        f.debug_struct("Response").field("status", &self.status()).field("headers", &self.headers()).finish()
    }
}
