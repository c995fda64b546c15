//! RFC 7692 §5 and §7.1 read a second time: what a list offers, what a server answers, and what a client takes. Shares nothing with the
//! library.

use crate::input_deflate::Compression;
use crate::naive::{Extension, extensions};

/// The parameters of an offer or of an answer. An offer of `client_max_window_bits` without a value is one of 15.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Element {
    pub(crate) server_alone: bool,
    pub(crate) client_alone: bool,
    pub(crate) server_window: Option<u8>,
    pub(crate) client_window: Option<u8>,
}

/// The valid offers in the lines of a request; `None` if they break the grammar of RFC 6455 §9.1. By policy an empty line is no offer.
pub(crate) fn offers(lines: &[String]) -> Option<Vec<Element>> {
    let all = extensions(&lines.join(","))?;
    if all.is_empty() && lines.iter().any(|line| !line.is_empty()) {
        return None;
    }
    Some(all.iter().filter_map(|extension| element(extension, true)).collect())
}

/// The answer in the lines of a response; `None` if they are not one element (§5.2) of one line (RFC 6455 §11.3.2) that is valid.
pub(crate) fn answered(lines: &[String]) -> Option<Element> {
    let [line] = lines else { return None };
    let [extension] = &extensions(line)?[..] else { return None };
    element(extension, false)
}

/// §7.1: with an unknown, repeated or invalid parameter it is none.
fn element((name, params): &Extension, is_offer: bool) -> Option<Element> {
    let names: Vec<_> = params.iter().map(|(name, _)| &name[..]).collect();
    let is_repeated = (1..names.len()).any(|at| names[..at].contains(&names[at]));
    if name != "permessage-deflate" || is_repeated {
        return None;
    }
    let mut read = Element::default();
    for (name, value) in params {
        match (&name[..], value) {
            ("server_no_context_takeover", None) => read.server_alone = true,
            ("client_no_context_takeover", None) => read.client_alone = true,
            ("server_max_window_bits", Some(value)) => read.server_window = Some(window(value)?),
            ("client_max_window_bits", Some(value)) => read.client_window = Some(window(value)?),
            ("client_max_window_bits", None) if is_offer => read.client_window = Some(15),
            _ => return None,
        }
    }
    Some(read)
}

/// §7.1.2: 8 to 15, without leading zeros.
fn window(value: &str) -> Option<u8> {
    (8..=15).find(|bits: &u8| bits.to_string() == value)
}

/// What a client with these settings offers.
pub(crate) fn offered(settings: &Compression) -> Vec<Element> {
    let asks_for_window = settings.receive_window < 15;
    let first = Element {
        server_alone: settings.receive_alone,
        client_alone: settings.send_alone,
        server_window: asks_for_window.then_some(settings.receive_window),
        client_window: Some(settings.send_window),
    };
    // §5.1: a second offer for a server that cannot do what the first one asks for.
    let bare = Element { client_window: Some(15), ..Element::default() };
    let demands = asks_for_window || settings.receive_alone;
    match settings {
        Compression { is_on: false, .. } => vec![],
        Compression { has_fallback: true, .. } if demands => vec![first, bare],
        _ => vec![first],
    }
}

/// What a server with these settings answers, and the offer that it accepts: the first that lets it keep the window that it needs.
pub(crate) fn answer(settings: &Compression, offers: &[Element]) -> Option<(Element, Element)> {
    let needs_limit = settings.receive_window < 15;
    let can_honour = |offer: &&Element| !needs_limit || offer.client_window.is_some() || settings.has_fallback;
    let offer = offers.iter().find(can_honour).filter(|_| settings.is_on)?;
    let answer = Element {
        server_alone: offer.server_alone || settings.send_alone,
        client_alone: settings.receive_alone,
        server_window: offer.server_window.map(|asked| asked.min(settings.send_window)),
        client_window: offer.client_window.filter(|_| needs_limit).map(|hint| hint.min(settings.receive_window)),
    };
    // §7.1.2.2: 15 limits nothing.
    Some((Element { client_window: answer.client_window.filter(|&bits| bits < 15), ..answer }, *offer))
}

/// §7.1: whether a server may answer this offer so.
pub(crate) fn fits(offer: &Element, answer: &Element) -> bool {
    let keeps_alone = answer.server_alone || !offer.server_alone;
    let keeps_window = offer.server_window.is_none_or(|asked| answer.server_window.is_some_and(|bits| bits <= asked));
    keeps_alone && keeps_window && (answer.client_window.is_none() || offer.client_window.is_some())
}
