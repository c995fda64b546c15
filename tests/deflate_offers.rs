//! RFC 7692 §5, §7.1: each row of the table of offers and responses, which other implementations are asked about as well
//! (`ci/interop/deflate-offers`), for a server and for a client.
#![cfg(feature = "deflate")]
mod property;
mod support;

use property::property;
use proptest::prelude::*;
use sansocket::{
    Accept, CallError, ClientRequest, Config, Connection, DeflateConfig, DeflateDirection, DeflateOffer, DeflateParams, Event,
    Header, Offer, Origin, ProtocolError, Request, Response, Role, State, UsageError,
};
use support::entropy::Counter;
use support::http::*;
use support::ms;

const TABLE: &str = include_str!("../ci/interop/deflate-offers/cases.tsv");

struct Row {
    id: &'static str,
    role: Role,
    setting: &'static str,
    lines: Vec<String>,
    expect: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let [id, role, setting, input, expect, _rule, _why] = line.split('\t').collect::<Vec<_>>().try_into().expect(line);
        let role = if role == "server" { Role::Server } else { Role::Client };
        let text = |line: &str| line.replace("<EMPTY>", "").replace("<TAB>", "\t");
        let lines = input.split('|').filter(|line| *line != "<NONE>").map(text).collect();
        Row { id, role, setting, lines, expect }
    };
    TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(row).collect()
}

/// A server's settings, as the table writes them.
fn settings(text: &str) -> DeflateConfig {
    let bits = |value: &str| value.parse::<u8>().unwrap();
    text.split(' ').fold(DeflateConfig::new(), |config, word| match word.split_once('=') {
        None if word == "default" => config,
        None if word == "send_no_context_takeover" => config.send_no_context_takeover(true),
        None if word == "receive_no_context_takeover" => config.receive_no_context_takeover(true),
        Some(("send_window_bits", value)) => config.send_window_bits(bits(value)),
        Some(("receive_window_bits", value)) => config.receive_window_bits(bits(value)),
        _ => panic!("{word}"),
    })
}

/// The settings with which a client sends this offer; `None` if there are none.
fn settings_of_offer(text: &str) -> Option<DeflateConfig> {
    let (first, fallback) = text.split_once(", ").unwrap_or((text, ""));
    if !first.contains("; client_max_window_bits") || !["", "permessage-deflate; client_max_window_bits"].contains(&fallback) {
        return None;
    }
    let config = DeflateConfig::new().fallback(!fallback.is_empty());
    Some(first.split("; ").skip(1).fold(config, |config, param| match param.split_once('=') {
        None if param == "client_no_context_takeover" => config.send_no_context_takeover(true),
        None if param == "server_no_context_takeover" => config.receive_no_context_takeover(true),
        None => config,
        Some(("client_max_window_bits", bits)) => config.send_window_bits(bits.parse().unwrap()),
        Some((_, bits)) => config.receive_window_bits(bits.parse().unwrap()),
    }))
}

/// The extension headers of a head, with their number.
fn extensions(head: &[u8]) -> (usize, String) {
    let head = std::str::from_utf8(head).unwrap();
    let mut lines = head.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    let first = lines.next().unwrap_or("none").to_owned();
    (lines.count() + usize::from(first != "none"), first)
}

/// What is in force, as the table writes it.
fn in_force(params: Option<DeflateParams>) -> String {
    let Some(DeflateParams { server, client }) = params else { return "none".to_owned() };
    let flag = |name: &str, direction: DeflateDirection| {
        if direction.no_context_takeover { format!("; {name}_no_context_takeover") } else { String::new() }
    };
    let bits = |name: &str, direction: DeflateDirection| {
        let bits = direction.max_window_bits;
        if bits < 15 { format!("; {name}_max_window_bits={bits}") } else { String::new() }
    };
    let (flags, windows) = (flag("server", server) + &flag("client", client), bits("server", server) + &bits("client", client));
    format!("permessage-deflate{flags}{windows}")
}

fn lines(values: &[String]) -> Vec<String> {
    values.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}")).collect()
}

/// What a server answers, and what it has agreed on then.
fn answer(config: &Config<'_>, values: &[String]) -> (String, Option<DeflateParams>) {
    let lines = lines(values);
    let wire = request_with(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut input, mut out) = (wire.clone(), [0; 1024]);
    let mut ws = Connection::server(config, ms(0));
    let event = ws.receive(ms(0), &mut input, &mut out).unwrap().event;
    let Some(Event::Request(request)) = event else {
        assert!(out.starts_with(b"HTTP/1.1 400 "), "{event:?}");
        return ("400".to_owned(), None);
    };
    let n = ws.accept(&request, &Accept::new(Origin::Any), ms(0), &mut out).unwrap();
    let (count, text) = extensions(&out[..n]);
    assert!(count <= 1);
    // As a value, the same.
    let offer = request.offer(config, Origin::Any).unwrap().answer(None).unwrap();
    let field = offer.fields().find(|(name, _)| *name == "sec-websocket-extensions").map_or("none", |(_, value)| value);
    assert_eq!((field, offer.negotiated()), (&*text, ws.negotiated()));
    (text, ws.negotiated().deflate())
}

/// An offer list with the parameters of each offer in one order: theirs means nothing.
fn in_order(list: &str) -> Vec<Vec<&str>> {
    let sorted = |offer| {
        let mut params: Vec<_> = str::split(offer, "; ").collect();
        params.sort_unstable();
        params
    };
    list.split(", ").map(sorted).collect()
}

/// What a client with these settings agrees on if this is the response.
fn judge(config: &Config<'_>, offer: Option<&str>, values: &[String]) -> Result<Option<DeflateParams>, ProtocolError> {
    let mut ws = Connection::client(config, Counter::default(), ms(0));
    let mut out = [0; 1024];
    let n = ws.request(&ClientRequest::new("a", "/"), ms(0), &mut out).unwrap();
    if let Some(offer) = offer {
        let (count, written) = extensions(&out[..n]);
        assert_eq!((count, in_order(&written)), (usize::from(offer != "none"), in_order(offer)));
    }
    let lines = lines(values);
    let mut input = response_with(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    match ws.receive(ms(0), &mut input, &mut out).unwrap().event {
        Some(Event::Opened(_)) => Ok(ws.negotiated().deflate()),
        Some(Event::Refused { error, .. } | Event::Failed { error, .. }) => {
            assert_eq!((ws.state(), ws.negotiated().deflate()), (State::Closing, None));
            Err(error)
        }
        other => panic!("{other:?}"),
    }
}

/// HS-11, HS-12, B-29, B-30: what a server answers to each offer.
#[test]
fn server_answers_each_offer_as_the_rfc_demands() {
    let servers = rows().into_iter().filter(|row| row.role == Role::Server);
    let mut count = 0;
    for row in servers {
        let config = Config::new().deflate(settings(row.setting));
        let (answer, agreed) = answer(&config, &row.lines);
        assert_eq!(answer, row.expect, "{}: {:?}", row.id, row.lines);
        assert_eq!(agreed.is_some(), answer.starts_with("permessage-deflate"), "{}", row.id);
        count += 1;
    }
    assert!(count >= 80, "{count} rows");
}

/// HC-09, HC-16, HC-18, B-29, B-30: how a client judges each response to what it has offered.
#[test]
fn client_judges_each_response_as_the_rfc_demands() {
    let clients = rows().into_iter().filter(|row| row.role == Role::Client);
    let mut count = 0;
    for row in clients {
        let Some(deflate) = settings_of_offer(row.setting) else { continue };
        let config = Config::new().deflate(deflate);
        let result = judge(&config, Some(row.setting), &row.lines);
        let seen = result.map_or_else(|_| "fail".to_owned(), in_force);
        assert_eq!(seen, row.expect, "{}: {:?} to {}", row.id, row.lines, row.setting);
        count += 1;
    }
    assert!(count >= 80, "{count} rows");
}

/// off by default: a client offers nothing and takes nothing, a server answers nothing.
#[test]
fn nothing_is_negotiated_by_default() {
    let (config, bare) = (Config::new(), ["permessage-deflate".to_owned()]);
    assert_eq!(answer(&config, &bare), ("none".to_owned(), None));
    assert_eq!(judge(&config, Some("none"), &[]), Ok(None));
    assert_eq!(judge(&config, None, &bare), Err(ProtocolError::UnofferedExtension));
}

/// A server decides for each request: off for this client, a smaller window for that one.
#[test]
fn server_decides_for_each_request() {
    let config = Config::new().deflate(DeflateConfig::new());
    let wire = request_with(&["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=13"]);
    let offered = DeflateOffer { client_max_window_bits: Some(13), ..DeflateOffer::default() };
    for (deflate, expect) in [
        (None, "permessage-deflate"),
        (Some(DeflateConfig::OFF), "none"),
        (Some(DeflateConfig::new().receive_window_bits(10)), "permessage-deflate; client_max_window_bits=10"),
        (Some(config.deflate.send_no_context_takeover(true)), "permessage-deflate; server_no_context_takeover"),
    ] {
        let (mut input, mut out) = (wire.clone(), [0; 1024]);
        let mut ws = Connection::server(&config, ms(0));
        let Some(Event::Request(request)) = ws.receive(ms(0), &mut input, &mut out).unwrap().event else { panic!() };
        let n = ws.accept(&request, &Accept::new(Origin::Any).deflate(deflate), ms(0), &mut out).unwrap();
        assert_eq!(extensions(&out[..n]).1, expect);

        let offer = request.offer(&config, Origin::Any).unwrap();
        assert_eq!(offer.deflate(), Some(offered));
        let offer = deflate.map_or(offer, |deflate| offer.with_deflate(deflate));
        let mut later = Connection::server(&config, ms(0));
        assert!(later.receive(ms(0), &mut wire.clone(), &mut out).unwrap().event.is_some());
        let n = later.accept_offer(&offer, None, &[], ms(0), &mut out).unwrap();
        assert_eq!((extensions(&out[..n]).1.as_str(), later.negotiated()), (expect, ws.negotiated()));
    }
}

/// A mistake of this end is told before anything is written.
#[test]
fn windows_of_other_than_8_to_15_bits_are_refused() {
    let wire = request_with(&["Sec-WebSocket-Extensions: permessage-deflate"]);
    let request = Request::parse(&wire, &Config::new()).unwrap().unwrap();
    for bits in (0..=255).filter(|bits| !(8..=15).contains(bits)) {
        for deflate in [DeflateConfig::new().send_window_bits(bits), DeflateConfig::new().receive_window_bits(bits)] {
            let (config, good) = (Config::new().deflate(deflate), Config::new().deflate(DeflateConfig::new()));
            let mut ws = Connection::client(&config, Counter::default(), ms(0));
            let error = ws.request(&ClientRequest::new("a", "/"), ms(0), &mut [0; 1024]);
            assert_eq!(error, Err(CallError::Usage(UsageError::InvalidWindowBits)));
            assert_eq!(request.offer(&config, Origin::Any).err(), Some(UsageError::InvalidWindowBits));
            let offer = request.offer(&good, Origin::Any).unwrap().with_deflate(deflate);
            assert_eq!(offer.answer(None).err(), Some(UsageError::InvalidWindowBits));
        }
    }
}

/// A server with a smaller window than a client leaves it no choice: with a fall-back it takes it, and has to lend 32 KiB.
#[test]
fn server_with_a_fallback_takes_what_it_cannot_limit() {
    let deflate = DeflateConfig::new().receive_window_bits(10).fallback(true);
    let bare = ["permessage-deflate".to_owned()];
    assert_eq!(answer(&Config::new().deflate(deflate), &bare), ("permessage-deflate".to_owned(), Some(DeflateParams::DEFAULT)));
}

fn any_settings() -> impl Strategy<Value = DeflateConfig> {
    (8_u8..=15, 8_u8..=15, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(send, receive, alone, peer, fallback)| {
        let config = DeflateConfig::new().send_window_bits(send).receive_window_bits(receive);
        config.send_no_context_takeover(alone).receive_no_context_takeover(peer).fallback(fallback)
    })
}

/// whatever a client of ours and a server of ours want, the client takes the answer, both have agreed on the same but for
/// what an end does of its own accord, and each gets what it cannot do without.
#[test]
fn both_roles_agree_on_what_was_agreed() {
    property(256, (any_settings(), any_settings()), |(of_client, of_server)| {
        let (client, server) = (Config::new().deflate(of_client), Config::new().deflate(of_server));
        let mut out = [0; 1024];
        let n = Connection::client(&client, Counter::default(), ms(0))
            .request(&ClientRequest::new("a", "/"), ms(0), &mut out)
            .unwrap();
        let (_, offer) = extensions(&out[..n]);
        let (text, at_server) = answer(&server, &[offer]);
        // Ours always lets its window be limited.
        let at_server = at_server.expect("an offer of ours can be honoured");
        let at_client = judge(&client, None, &[text]).unwrap().unwrap();
        assert_eq!(at_client.client.max_window_bits, at_server.client.max_window_bits.min(of_client.send_window_bits));
        assert_eq!(at_client.server.no_context_takeover, at_server.server.no_context_takeover);
        assert!(at_client.server.max_window_bits >= at_server.server.max_window_bits);
        assert!(at_client.client.no_context_takeover || !at_server.client.no_context_takeover);
        assert!(at_client.server.max_window_bits <= of_client.receive_window_bits || of_client.fallback);
        assert!(at_server.client.max_window_bits <= of_server.receive_window_bits);
        assert!(at_client.server.no_context_takeover || !of_client.receive_no_context_takeover || of_client.fallback);
        assert!(at_server.client.no_context_takeover || !of_server.receive_no_context_takeover);
    });
}

/// RFC 6455 §9.1: offers in several lines mean what they mean in one; other stacks' fields are read as heads are.
#[test]
fn offers_in_lines_are_offers_in_one() {
    let config = Config::new().deflate(DeflateConfig::new().receive_window_bits(12));
    let parts =
        ["permessage-deflate; x", "mux", "permessage-deflate", "permessage-deflate; client_max_window_bits"].map(str::to_owned);
    assert_eq!(answer(&config, &parts), answer(&config, &[parts.join(", ")]));
    let base = [("host", "a"), ("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-version", "13")];
    let fields = base.into_iter().chain([("sec-websocket-key", RFC_KEY)]);
    let fields = fields.chain(parts.iter().map(|part| ("sec-websocket-extensions", &**part)));
    let offer = Offer::of_http1("GET", fields.map(|(name, value)| Header::new(name, value)), &config, Origin::Any).unwrap();
    let answer = offer.answer(None).unwrap();
    let of_header = answer.fields().find(|(name, _)| *name == "sec-websocket-extensions").unwrap().1;
    assert_eq!(of_header, "permessage-deflate; client_max_window_bits=12");
    assert!(Response::parse(b"HTTP/1.1 101 x\r\n\r\n", &config).unwrap().is_some());
}
