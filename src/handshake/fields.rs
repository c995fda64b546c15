//! The header fields that decide an opening handshake, gathered in one pass from any source, and the rules about them.

use super::accept_key::{KEY_LEN, is_key};
use super::extensions::count_extensions;
use crate::config::Config;
use crate::error::ProtocolError;
use crate::http::authority::Authority;
use crate::http::body::Body;
use crate::http::head::Headers;
use crate::http::line::{StartLine, after_start_line};
use crate::http::list::{count_tokens, lists};
use crate::http::scan::Scan;
use crate::http::token::is_word;
use crate::length::at_most;

/// A header that may be there once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Field<'i> {
    #[default]
    Absent,
    Once(&'i [u8]),
    Repeated,
}

impl<'i> Field<'i> {
    /// The value of the only such header.
    pub(super) const fn only(self) -> Option<&'i [u8]> {
        match self {
            Self::Once(value) => Some(value),
            Self::Absent | Self::Repeated => None,
        }
    }

    pub(super) fn note(&mut self, value: &'i [u8]) {
        *self = if self.is_present() { Self::Repeated } else { Self::Once(value) };
    }

    /// The values of all such headers, which are `name` among the `headers`.
    pub(super) fn all(self, headers: Headers<'i>, name: &'static str) -> impl Iterator<Item = &'i [u8]> {
        let repeated = if let Self::Repeated = self { Some(headers.all(name)) } else { None };
        self.only().into_iter().chain(repeated.into_iter().flatten())
    }

    pub(super) const fn is_present(self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// §4.2.2, §11.3.4: a list in several lines means the same as in one.
#[derive(Clone, Copy, Default)]
pub(super) struct List {
    is_present: bool,
    is_malformed: bool,
    has_members: bool,
}

impl List {
    /// Takes a line with the number of its `members`, `None` if it breaks the grammar.
    fn note(&mut self, members: Option<usize>) {
        self.is_present = true;
        self.is_malformed |= members.is_none();
        self.has_members |= members.is_some_and(|members| members > 0);
    }

    fn check(self) -> Result<(), ProtocolError> {
        let is_empty = self.is_present && !self.has_members;
        if self.is_malformed || is_empty { Err(ProtocolError::InvalidHeaderList) } else { Ok(()) }
    }
}

/// What an [`Offer`](super::Offer) is read from.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'i> {
    pub(super) origin: Field<'i>,
    pub(super) subprotocols: Field<'i>,
    pub(super) extensions: Field<'i>,
}

/// The same as places in its head, in a third of the bytes: all events are as large as a request.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AskedAt {
    origin: Place,
    subprotocols: Place,
    extensions: Place,
}

impl AskedAt {
    pub(super) fn of(asked: &Asked<'_>, head: &[u8]) -> Self {
        let at = |field| Place::of(field, head);
        Self { origin: at(asked.origin), subprotocols: at(asked.subprotocols), extensions: at(asked.extensions) }
    }

    pub(super) fn fields(self, head: &[u8]) -> Asked<'_> {
        let field = |place: Place| place.field(head);
        Asked { origin: field(self.origin), subprotocols: field(self.subprotocols), extensions: field(self.extensions) }
    }
}

/// Where a [`Field`] stands in its head; a start of 0, where no value can be, for none.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    start: u32,
    len: u32,
}

impl Place {
    pub(super) const ABSENT: Self = Self { start: 0, len: 0 };
    const REPEATED: Self = Self { start: u32::MAX, len: 0 };

    pub(super) fn of(field: Field<'_>, head: &[u8]) -> Self {
        match field {
            Field::Absent => Self::ABSENT,
            Field::Once([]) => Self { start: 1, len: 0 },
            // A value that did not fit would be found by looking through all lines.
            Field::Once(value) => {
                let start = value.as_ptr().addr().wrapping_sub(head.as_ptr().addr());
                match (u32::try_from(start), u32::try_from(value.len())) {
                    (Ok(start), Ok(len)) => Self { start, len },
                    _ => Self::REPEATED,
                }
            }
            Field::Repeated => Self::REPEATED,
        }
    }

    pub(super) const fn is_absent(self) -> bool {
        self.start == 0
    }

    /// That of a key with this start.
    pub(super) fn of_key_at(start: u32) -> Self {
        Self { start, len: if start == 0 { 0 } else { u32::try_from(KEY_LEN).unwrap_or_default() } }
    }

    pub(super) const fn start(self) -> u32 {
        self.start
    }

    pub(super) fn field(self, head: &[u8]) -> Field<'_> {
        let len = at_most(self.len.into(), head.len());
        match self.start {
            0 => Field::Absent,
            u32::MAX => Field::Repeated,
            start => {
                Field::Once(head.get(at_most(start.into(), head.len())..).and_then(|rest| rest.get(..len)).unwrap_or_default())
            }
        }
    }
}

/// What §4.1 and §4.2.1 ask about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields<'i> {
    pub(super) host: Field<'i>,
    pub(super) upgrade: Field<'i>,
    version: Field<'i>,
    pub(super) key: Field<'i>,
    pub(super) accept: Field<'i>,
    pub(super) asked: Asked<'i>,
    subprotocols: List,
    offered_extensions: List,
    /// Whether an Upgrade lists `websocket`.
    pub(super) upgrades_to_websocket: bool,
    /// Whether a Connection lists `upgrade`.
    pub(super) connection_upgrade: bool,
    is_connection_malformed: bool,
    is_upgrade_malformed: bool,
    /// Whether there is a Connection, an Expect.
    has_connection: bool,
    has_expect: bool,
    pub(super) body: Body,
}

impl<'i> Fields<'i> {
    pub(super) fn of(headers: Headers<'i>) -> Self {
        let mut fields = Self::default();
        fields.note_all(headers);
        fields
    }

    /// The head at the start of `input`, once `scan`, which goes on where it stands, finds it complete. These are then its fields, and
    /// `start` is its start line, or empty if that has to be read.
    pub(super) fn read(
        &mut self,
        input: &'i [u8],
        scan: &mut Scan,
        config: &Config<'_>,
        start: &mut StartLine,
    ) -> Result<Option<&'i [u8]>, ProtocolError> {
        let shows_all = scan.shows_all();
        *self = Self::default();
        let Some(len) = scan.advance(input, config, &mut |name, value| self.note(name, value), start)? else { return Ok(None) };
        let head = input.get(..len).unwrap_or_default();
        // What an earlier call has scanned was not shown in this one.
        if !shows_all {
            *self = Self::default();
            self.note_all(Headers::of(after_start_line(head)));
        }
        Ok(Some(head))
    }

    fn note_all(&mut self, mut headers: Headers<'i>) {
        while let Some((name, value)) = headers.next_line() {
            self.note(name, value);
        }
    }

    /// Takes a field.
    pub(crate) fn note(&mut self, name: &[u8], value: &'i [u8]) {
        let field = match name.len() {
            4 if is_word(name, b"host") => &mut self.host,
            6 if is_word(name, b"origin") => &mut self.asked.origin,
            6 if is_word(name, b"expect") => {
                self.has_expect = true;
                return;
            }
            7 if is_word(name, b"upgrade") => {
                self.note_upgrade(value);
                &mut self.upgrade
            }
            10 if is_word(name, b"connection") => return self.note_connection(value),
            14 if is_word(name, b"content-length") => return self.body.note_content_length(value),
            17 if is_word(name, b"sec-websocket-key") => &mut self.key,
            17 if is_word(name, b"transfer-encoding") => return self.body.note_transfer_encoding(value),
            20 if is_word(name, b"sec-websocket-accept") => &mut self.accept,
            21 if is_word(name, b"sec-websocket-version") => &mut self.version,
            22 if is_word(name, b"sec-websocket-protocol") => {
                self.subprotocols.note(count_tokens(value));
                &mut self.asked.subprotocols
            }
            24 if is_word(name, b"sec-websocket-extensions") => {
                // By the letter of §9.1 an empty line is invalid. Real clients send one, so we accept it as an empty offer.
                if !value.is_empty() {
                    let members = if is_usual_offer(value) { Some(1) } else { count_extensions(value) };
                    self.offered_extensions.note(members);
                }
                &mut self.asked.extensions
            }
            _ => return,
        };
        field.note(value);
    }

    fn note_upgrade(&mut self, value: &[u8]) {
        let lists = if is_word(value, b"websocket") { Some(true) } else { lists(value, b"websocket", true) };
        self.upgrades_to_websocket |= lists == Some(true);
        self.is_upgrade_malformed |= lists.is_none();
    }

    fn note_connection(&mut self, value: &[u8]) {
        let lists = if is_word(value, b"upgrade") { Some(true) } else { lists(value, b"upgrade", false) };
        self.has_connection = true;
        self.connection_upgrade |= lists == Some(true);
        self.is_connection_malformed |= lists.is_none();
    }

    /// Whether Connection, or Upgrade in a version that has it, breaks its grammar.
    pub(super) const fn has_malformed_list(&self, modern: bool) -> bool {
        // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0, even if malformed.
        self.is_connection_malformed || modern && self.is_upgrade_malformed
    }

    /// What RFC 9110 and 9112 require of the fields of every request, of HTTP/1.1 or later if it is `modern`.
    pub(super) fn check_http(&self, modern: bool) -> Result<(), ProtocolError> {
        // RFC 9112 §3.2: two Hosts or a malformed one are refused in every version, a missing one from HTTP/1.1 on.
        match self.host {
            Field::Once(host) if Authority::parse(host).is_some() => {}
            Field::Absent if !modern => {}
            _ => return Err(ProtocolError::InvalidHost),
        }
        if self.has_malformed_list(modern) {
            return Err(ProtocolError::InvalidHeaderList);
        }
        self.body.check_request(modern)
    }

    /// §4.2.1, for a request that names websocket in its Upgrade; `is_resource` says whether its target is a resource.
    pub(super) fn check_upgrade(&self, method: &[u8], is_resource: bool) -> Result<(), ProtocolError> {
        use ProtocolError as E;
        if method != b"GET" {
            return Err(E::MethodNotGet);
        }
        if !is_resource {
            return Err(E::InvalidRequestLine);
        }
        if !self.connection_upgrade {
            return Err(E::MissingConnectionUpgrade);
        }
        // The version is checked before the key: another version may have another kind of key.
        self.check_version()?;
        if !self.key.only().is_some_and(is_key) {
            return Err(E::InvalidKey);
        }
        self.check_rest()
    }

    /// RFC 8441 §5, §4: neither key nor Upgrade, nor other fields that belong to a connection of HTTP/1.1.
    pub(super) fn check_extended_connect(&self) -> Result<(), ProtocolError> {
        if self.has_connection || self.upgrade.is_present() || self.key.is_present() || self.body.is_coded() {
            return Err(ProtocolError::ConnectionSpecificField);
        }
        self.check_version()?;
        self.check_rest()
    }

    fn check_version(&self) -> Result<(), ProtocolError> {
        match self.version.only() {
            None => Err(ProtocolError::InvalidVersion),
            Some(b"13") => Ok(()),
            Some(_) => Err(ProtocolError::UnsupportedVersion),
        }
    }

    fn check_rest(&self) -> Result<(), ProtocolError> {
        // RFC 9110 §7.8 lets the protocol change only after the whole request; we accept no body in it at all (HT-14).
        if self.body.is_present() {
            return Err(ProtocolError::RequestWithBody);
        }
        if self.has_expect {
            return Err(ProtocolError::UnsupportedExpectation);
        }
        self.subprotocols.check()?;
        self.offered_extensions.check()
    }
}

/// Whether a list of extensions is what browsers offer, which needs no parsing. Firmware rather has the bytes than the time.
fn is_usual_offer(value: &[u8]) -> bool {
    let known: [&[u8]; 2] = [b"permessage-deflate; client_max_window_bits", b"permessage-deflate"];
    cfg!(target_pointer_width = "64") && known.contains(&value)
}
