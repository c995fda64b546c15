//! The headers that decide about an opening handshake, gathered in one pass over the head.

use crate::http::body::Body;
use crate::http::head::Headers;
use crate::http::list::{is_token_list, is_upgrade_list, names};

/// A header that may stand once.
#[derive(Clone, Copy, Default)]
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

    pub(super) const fn is_present(self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// What §4.1 and §4.2.1 ask about.
#[derive(Clone, Copy, Default)]
pub(super) struct Fields<'i> {
    pub(super) host: Field<'i>,
    pub(super) upgrade: Field<'i>,
    pub(super) version: Field<'i>,
    pub(super) key: Field<'i>,
    pub(super) accept: Field<'i>,
    pub(super) subprotocol: Field<'i>,
    pub(super) extensions: Field<'i>,
    pub(super) expect: Field<'i>,
    /// Whether some Upgrade lists `websocket`.
    pub(super) upgrades_to_websocket: bool,
    /// Whether some Connection lists `upgrade`.
    pub(super) connection_upgrade: bool,
    /// Whether some Connection or Upgrade is no list of what it lists.
    pub(super) has_malformed_list: bool,
    pub(super) body: Body,
}

impl<'i> Fields<'i> {
    pub(super) fn of(mut headers: Headers<'i>) -> Self {
        let mut fields = Self::default();
        while let Some((name, value)) = headers.next_line() {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            let field = match name.len() {
                4 if is("host") => &mut fields.host,
                6 if is("expect") => &mut fields.expect,
                7 if is("upgrade") => {
                    fields.upgrades_to_websocket |= names(value, "websocket");
                    fields.has_malformed_list |= !is_upgrade_list(value);
                    &mut fields.upgrade
                }
                10 if is("connection") => {
                    fields.connection_upgrade |= names(value, "upgrade");
                    fields.has_malformed_list |= !is_token_list(value);
                    continue;
                }
                14 if is("content-length") => {
                    fields.body.note_content_length(value);
                    continue;
                }
                17 if is("transfer-encoding") => {
                    fields.body.note_transfer_encoding(value);
                    continue;
                }
                17 if is("sec-websocket-key") => &mut fields.key,
                20 if is("sec-websocket-accept") => &mut fields.accept,
                21 if is("sec-websocket-version") => &mut fields.version,
                22 if is("sec-websocket-protocol") => &mut fields.subprotocol,
                24 if is("sec-websocket-extensions") => &mut fields.extensions,
                _ => continue,
            };
            *field = if field.is_present() { Field::Repeated } else { Field::Once(value) };
        }
        fields
    }
}
