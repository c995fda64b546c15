//! RFC 7692 §5, §7.1: the rules by which permessage-deflate is offered, accepted and confirmed.

use super::config::{DeflateConfig, DeflateOffer, DeflateOffers, ExtensionText, Lines, Rules};
use super::params::{DeflateDirection, DeflateParams};
use crate::handshake::extensions::{Extension, Extensions, Value};

impl DeflateConfig {
    /// Compression with what the RFC has as its defaults: windows of 32 KiB and context takeover, in both directions.
    pub const fn new() -> Self {
        Self { rules: Some(&Rules { note, accept, offer, judge }), ..Self::OFF }
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

const NAME: &str = "permessage-deflate";
const SERVER_ALONE: &str = "; server_no_context_takeover";
const CLIENT_ALONE: &str = "; client_no_context_takeover";
const SERVER_BITS: &str = "; server_max_window_bits";
const CLIENT_BITS: &str = "; client_max_window_bits";

/// The values of the two parameters about windows, as they are written.
const BITS: [(u8, &str); 8] = [(8, "8"), (9, "9"), (10, "10"), (11, "11"), (12, "12"), (13, "13"), (14, "14"), (15, "15")];

/// §5.1, §7.1: an offer with an unknown, repeated or invalid parameter is declined, and so is one that cannot be honoured.
fn note(offers: &mut DeflateOffers, value: &[u8]) {
    for extension in Extensions::of(value).map_while(Result::ok).filter(is_ours) {
        let Some(offer) = parameters(&extension, true) else { continue };
        match offers.first {
            None => offers.first = Some(offer),
            Some(first) if first.client_max_window_bits.is_none() && offer.client_max_window_bits.is_some() => {
                offers.limitable = offers.limitable.or(Some(offer));
            }
            Some(_) => {}
        }
    }
}

fn accept(config: &DeflateConfig, offers: &DeflateOffers) -> Option<(DeflateParams, ExtensionText)> {
    // §7.1.2.2: without the client's leave its window is not limited.
    let can_honour =
        |offer: &DeflateOffer| config.receive_window_bits == 15 || config.fallback || offer.client_max_window_bits.is_some();
    let offer = offers.first.filter(can_honour).or(offers.limitable)?;
    // §7.1.2.2: a hint need not be answered, and some clients keep to it only if it is (the npm package ws).
    let client_bits = match offer.client_max_window_bits {
        Some(hint) if config.receive_window_bits < 15 => hint.min(config.receive_window_bits),
        _ => 15,
    };
    let params = DeflateParams {
        server: DeflateDirection {
            no_context_takeover: offer.server_no_context_takeover || config.send_no_context_takeover,
            max_window_bits: offer.server_max_window_bits.unwrap_or(15).min(config.send_window_bits),
        },
        // §7.1.1.2: the client's wish for itself is a hint; it is answered if we want it.
        client: DeflateDirection { no_context_takeover: config.receive_no_context_takeover, max_window_bits: client_bits },
    };
    let mut text = ExtensionText::NONE;
    text.put(NAME);
    put_flag(&mut text, SERVER_ALONE, params.server.no_context_takeover);
    put_flag(&mut text, CLIENT_ALONE, params.client.no_context_takeover);
    // No more than was asked for: some clients refuse a parameter that they did not offer.
    put_bits(&mut text, SERVER_BITS, offer.server_max_window_bits.map(|_| params.server.max_window_bits));
    put_bits(&mut text, CLIENT_BITS, if client_bits < 15 { Some(client_bits) } else { None });
    Some((params, text))
}

/// Whether the first offer asks for something that a server may be unable to do, which a fall-back does not.
const fn is_demanding(config: &DeflateConfig) -> bool {
    config.receive_window_bits < 15 || config.receive_no_context_takeover
}

fn offer(config: &DeflateConfig) -> ExtensionText {
    let below_15 = |bits: u8| if bits < 15 { Some(bits) } else { None };
    let mut text = ExtensionText::NONE;
    text.put(NAME);
    put_flag(&mut text, SERVER_ALONE, config.receive_no_context_takeover);
    put_flag(&mut text, CLIENT_ALONE, config.send_no_context_takeover);
    put_bits(&mut text, SERVER_BITS, below_15(config.receive_window_bits));
    put_flag(&mut text, CLIENT_BITS, config.send_window_bits == 15);
    put_bits(&mut text, CLIENT_BITS, below_15(config.send_window_bits));
    if config.fallback && is_demanding(config) {
        text.put(", ");
        text.put(NAME);
        text.put(CLIENT_BITS);
    }
    text
}

/// §7.1: the response is judged against every offer, since it does not say which one it accepts.
fn judge(config: &DeflateConfig, lines: &mut Lines<'_, '_>) -> Option<DeflateParams> {
    let mut extensions = Extensions::of(lines()?);
    let extension = extensions.next()?.ok().filter(is_ours)?;
    // RFC 6455 §11.3.2: one line. §5.2: one extension.
    if extensions.next().is_some() || lines().is_some() {
        return None;
    }
    let answer = parameters(&extension, false)?;
    let fits_first = (config.receive_window_bits == 15
        || answer.server_max_window_bits.is_some_and(|bits| bits <= config.receive_window_bits))
        && (!config.receive_no_context_takeover || answer.server_no_context_takeover);
    if !fits_first && !config.fallback {
        return None;
    }
    Some(DeflateParams {
        server: DeflateDirection {
            no_context_takeover: answer.server_no_context_takeover,
            max_window_bits: answer.server_max_window_bits.unwrap_or(15),
        },
        // §7.1.1.2, §7.1.2.2: what the server demands binds us, and what we have hinted at does too.
        client: DeflateDirection {
            no_context_takeover: answer.client_no_context_takeover || config.send_no_context_takeover,
            max_window_bits: answer.client_max_window_bits.unwrap_or(15).min(config.send_window_bits),
        },
    })
}

/// Names are compared as they are written. No other implementation takes them in upper case.
fn is_ours(extension: &Extension<'_>) -> bool {
    extension.name == NAME.as_bytes()
}

/// §7.1: the parameters of an offer or a response; `None` if one is unknown, repeated, or has an invalid value.
fn parameters(extension: &Extension<'_>, is_offer: bool) -> Option<DeflateOffer> {
    let mut read = DeflateOffer::default();
    for param in extension.params() {
        let name = core::str::from_utf8(param.name).unwrap_or_default();
        let is = |known: &str| known.strip_prefix("; ") == Some(name);
        match param.value {
            None if is(SERVER_ALONE) && !read.server_no_context_takeover => read.server_no_context_takeover = true,
            None if is(CLIENT_ALONE) && !read.client_no_context_takeover => read.client_no_context_takeover = true,
            Some(value) if is(SERVER_BITS) && read.server_max_window_bits.is_none() => {
                read.server_max_window_bits = Some(bits(value)?);
            }
            Some(value) if is(CLIENT_BITS) && read.client_max_window_bits.is_none() => {
                read.client_max_window_bits = Some(bits(value)?);
            }
            // §7.1.2.2: only an offer may leave the value out.
            None if is(CLIENT_BITS) && read.client_max_window_bits.is_none() && is_offer => {
                read.client_max_window_bits = Some(15)
            }
            _ => return None,
        }
    }
    Some(read)
}

/// §7.1.2: a decimal number from 8 to 15 without leading zeros.
fn bits(value: Value<'_>) -> Option<u8> {
    BITS.iter().find(|(_, text)| value.bytes().eq(text.bytes())).map(|&(bits, _)| bits)
}

fn put_flag(text: &mut ExtensionText, param: &str, is_set: bool) {
    if is_set {
        text.put(param);
    }
}

fn put_bits(text: &mut ExtensionText, param: &str, bits: Option<u8>) {
    if let Some((_, digits)) = BITS.iter().find(|&&(number, _)| Some(number) == bits) {
        text.put(param);
        text.put("=");
        text.put(digits);
    }
}

impl ExtensionText {
    fn put(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
                *place = byte;
                self.len = self.len.saturating_add(1);
            }
        }
    }
}
