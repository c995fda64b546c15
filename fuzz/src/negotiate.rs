//! RFC 7692 §5, §7.1: what each role offers, answers and takes is what a naive reading says, and both agree.

use crate::agreement::{self, Element, answered, fits};
use crate::input::HeadLimits;
use crate::input_deflate::{Compression, Negotiate};
use crate::naive::{self, Head, Reading, is_value_char};
use crate::support::entropy::Counter;
use crate::support::http::{RFC_KEY, request_with, response_with};
use crate::support::ms;
use sansocket::{
    Accept, ClientRequest, Config, Connection, DeflateDirection, DeflateOffer, DeflateParams, Event, Header, Offer, Origin,
    ProtocolError, State,
};

/// The settings of both roles, any offers, and any answer.
pub fn negotiate(input: &Negotiate<'_>) {
    let (requested, responded) = input.lines();
    at_server(&input.server, &input.client, &requested);
    at_client(&input.client, &responded);
    both(&input.client, &input.server);
}

/// The end of a head whose last lines have these values.
fn with_lines(head: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let mut head = head[..head.len() - 2].to_vec();
    for value in values {
        head.extend([b"Sec-WebSocket-Extensions: ", *value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

/// The values as text without white space around them; `None` if a head cannot have them.
fn texts(values: &[&[u8]]) -> Option<Vec<String>> {
    let text = |value: &&[u8]| value.iter().map(|&byte| char::from(byte)).collect::<String>();
    let texts: Vec<_> = values.iter().map(text).collect();
    let are_good = texts.iter().all(|text| text.chars().all(is_value_char));
    are_good.then(|| texts.iter().map(|text| text.trim_matches([' ', '\t']).into()).collect())
}

fn extension_lines(head: &Head) -> Vec<String> {
    head.all("sec-websocket-extensions").into_iter().map(String::from).collect()
}

/// What was agreed on by a server, or by a client.
type Agreed = Option<DeflateParams>;

/// What a server answers to a request with these lines, and agrees on; `None` if it refuses it.
fn serve(config: &Config<'_>, accept: &Accept<'_>, values: &[&[u8]]) -> Option<(Option<Element>, Agreed)> {
    let (mut wire, mut out) = (with_lines(&request_with(&[]), values), [0; 1024]);
    let mut ws = Connection::server(config, ms(0));
    let received = ws.receive(ms(0), &mut wire, &mut out).unwrap();
    let request = match received.event {
        Some(Event::Request(request)) => request,
        Some(Event::Failed { .. }) => {
            assert!(out.starts_with(b"HTTP/1.1 4"));
            return None;
        }
        other => panic!("{other:?}"),
    };
    let len = ws.accept(&request, accept, ms(0), &mut out).unwrap();
    let Reading::Valid(head) = naive::response(&out[..len], &HeadLimits::DEFAULT) else { panic!("no response") };
    let lines = extension_lines(&head);
    let answer = answered(&lines);
    assert_eq!(answer.is_some(), !lines.is_empty(), "no answer: {lines:?}");
    Some((answer, ws.negotiated().deflate()))
}

/// Law of RFC 7692 §5.1 for a server with `settings`, and with `others` for this request.
fn at_server(settings: &Compression, others: &Compression, values: &[&[u8]]) {
    let config = Config::new().deflate(settings.config());
    let accept = Accept::new(Origin::Any);
    let texts = texts(values);
    let served = serve(&config, &accept, values);
    let offers = texts.as_ref().and_then(|texts| agreement::offers(texts));
    let expected = offers.as_ref().map(|offers| expected(settings, offers));
    assert_eq!(served, expected, "{offers:?}");
    for (answer, _) in served.iter().filter_map(|(answer, agreed)| answer.as_ref().zip(agreed.as_ref())) {
        assert!(offers.as_ref().unwrap().iter().any(|offer| fits(offer, answer)), "{answer:?} fits none of {offers:?}");
    }
    // Its settings for one request; they offer nothing if compression is off, since then the offers are not read.
    if settings.is_on {
        let decided = serve(&config, &accept.deflate(Some(others.config())), values);
        assert_eq!(decided, offers.as_ref().map(|offers| self::expected(others, offers)));
    }
    let Some(texts) = texts else { return };
    as_fields(&config, settings, others, values, &offers);

    // RFC 6455 §9.1: lines are one list. By policy one that is empty is not there.
    let members = |values: &[&[u8]]| values.iter().any(|value| value.iter().any(|byte| !b", \t".contains(byte)));
    if members(values) {
        let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let bytes = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<_>>();
        let joined = bytes(&texts.join(" , "));
        assert_eq!(serve(&config, &accept, &[&joined]), served, "in one line");
        let split: Vec<_> = joined.split(|&byte| byte == b',').take(90).collect();
        if split.len() < 90 {
            assert_eq!(serve(&config, &accept, &split), served, "in {} lines", split.len());
        }
    }
}

/// What a server must answer, and agree on: what is not answered it may do of its own accord.
fn expected(settings: &Compression, offers: &[Element]) -> (Option<Element>, Agreed) {
    let Some((answer, offer)) = agreement::answer(settings, offers) else { return (None, None) };
    let server = DeflateDirection {
        no_context_takeover: answer.server_alone,
        max_window_bits: settings.send_window.min(offer.server_window.unwrap_or(15)),
    };
    let client =
        DeflateDirection { no_context_takeover: answer.client_alone, max_window_bits: answer.client_window.unwrap_or(15) };
    (Some(answer), Some(DeflateParams { server, client }))
}

/// A request that another stack has read is the same offer.
fn as_fields(config: &Config<'_>, settings: &Compression, others: &Compression, values: &[&[u8]], offers: &Option<Vec<Element>>) {
    let base = [("host", "a"), ("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-version", "13")];
    let fields = base.into_iter().chain([("sec-websocket-key", RFC_KEY)]).map(Header::from);
    let fields = fields.chain(values.iter().map(|&value| Header::from(("Sec-WebSocket-Extensions", value))));
    let offer = match Offer::of_http1("GET", fields, config, Origin::Any) {
        Ok(offer) => offer,
        Err(error) => {
            assert!(offers.is_none(), "{error}: {offers:?}");
            return;
        }
    };
    let offers = offers.as_ref().expect("a refused offer");
    let first = offers.first().filter(|_| settings.is_on).map(|first| DeflateOffer {
        server_no_context_takeover: first.server_alone,
        client_no_context_takeover: first.client_alone,
        server_max_window_bits: first.server_window,
        client_max_window_bits: first.client_window,
    });
    assert_eq!(offer.deflate(), first);
    let others = if settings.is_on { others } else { &Compression::OFF };
    for (offer, settings) in [(offer, settings), (offer.with_deflate(others.config()), others)] {
        let answer = offer.answer(None).unwrap();
        let field = answer.fields().find(|(name, _)| *name == "sec-websocket-extensions");
        let lines: Vec<_> = field.into_iter().map(|(_, value)| value.into()).collect();
        let agreed = answer.negotiated().deflate();
        assert_eq!((answered(&lines), agreed), expected(settings, offers), "as fields: {lines:?}");
    }
}

/// A client that has sent its request, and the values of its extension lines.
fn client<'c>(config: &'c Config<'c>) -> (Connection<'c, Counter>, Vec<String>) {
    let (mut ws, mut out) = (Connection::client(config, Counter::default(), ms(0)), [0; 1024]);
    let len = ws.request(&ClientRequest::new("a", "/"), ms(0), &mut out).unwrap();
    let Reading::Valid(head) = naive::request(&out[..len], &HeadLimits::DEFAULT) else { panic!("no request") };
    (ws, extension_lines(&head))
}

/// What a client agrees on if a response has these lines.
fn take(ws: &mut Connection<'_, Counter>, values: &[&[u8]]) -> Result<Agreed, ProtocolError> {
    let mut wire = with_lines(&response_with(&[]), values);
    match ws.receive(ms(0), &mut wire, &mut [0; 131]).unwrap().event {
        Some(Event::Opened(_)) => Ok(ws.negotiated().deflate()),
        Some(Event::Refused { error, .. } | Event::Failed { error, .. }) => {
            assert_eq!((ws.state(), ws.negotiated().deflate()), (State::Closing, None));
            Err(error)
        }
        other => panic!("{other:?}"),
    }
}

/// §5.2: a client judges the answer by every offer, since it does not say which one it accepts.
fn at_client(settings: &Compression, values: &[&[u8]]) {
    let config = Config::new().deflate(settings.config());
    let (mut ws, lines) = client(&config);
    let offers = agreement::offered(settings);
    assert_eq!(agreement::offers(&lines).as_ref(), Some(&offers));
    let taken = take(&mut ws, values);
    let expected = match texts(values) {
        Some(texts) if texts.is_empty() => Some(None),
        texts => {
            let answer = texts.and_then(|texts| answered(&texts));
            answer.filter(|answer| offers.iter().any(|offer| fits(offer, answer))).map(|answer| Some(binding(settings, &answer)))
        }
    };
    assert_eq!(taken.ok(), expected, "{values:?}");
}

/// What an answer means to a client: it keeps to what is demanded, and to what it has hinted at.
fn binding(settings: &Compression, answer: &Element) -> DeflateParams {
    let server =
        DeflateDirection { no_context_takeover: answer.server_alone, max_window_bits: answer.server_window.unwrap_or(15) };
    let client = DeflateDirection {
        no_context_takeover: answer.client_alone || settings.send_alone,
        max_window_bits: settings.send_window.min(answer.client_window.unwrap_or(15)),
    };
    DeflateParams { server, client }
}

/// A client and a server of ours: each compresses so that the other can inflate it, in what it has lent if it did not agree to fall back.
fn both(of_client: &Compression, of_server: &Compression) {
    let (at_client, at_server) = (Config::new().deflate(of_client.config()), Config::new().deflate(of_server.config()));
    let (mut ws, lines) = client(&at_client);
    let (mut ends, mut out) = (Vec::new(), [0; 1024]);
    let values: Vec<_> = lines.iter().map(String::as_bytes).collect();
    let mut server = Connection::server(&at_server, ms(0));
    let mut wire = with_lines(&request_with(&[]), &values);
    let Some(Event::Request(request)) = server.receive(ms(0), &mut wire, &mut out).unwrap().event else { panic!() };
    let len = server.accept(&request, &Accept::new(Origin::Any), ms(0), &mut out).unwrap();
    let Reading::Valid(head) = naive::response(&out[..len], &HeadLimits::DEFAULT) else { panic!("no response") };
    let lines = extension_lines(&head);
    let values: Vec<_> = lines.iter().map(String::as_bytes).collect();
    ends.extend([take(&mut ws, &values).expect("our answer to our offer"), server.negotiated().deflate()]);
    let [Some(at_client), Some(at_server)] = ends[..] else {
        assert!(ends == [None, None] && !(of_client.is_on && of_server.is_on));
        return;
    };
    for (sends, receives, lends) in
        [(at_client.client, at_server.client, of_server), (at_server.server, at_client.server, of_client)]
    {
        assert!(sends.max_window_bits <= receives.max_window_bits, "{sends:?} for {receives:?}");
        assert!(sends.no_context_takeover || !receives.no_context_takeover, "{sends:?} for {receives:?}");
        assert!(receives.max_window_bits <= lends.receive_window || lends.has_fallback, "{receives:?} for {lends:?}");
        assert!(receives.no_context_takeover || !lends.receive_alone || lends.has_fallback, "{receives:?} for {lends:?}");
    }
    assert!(
        at_client.client.max_window_bits <= of_client.send_window && at_server.server.max_window_bits <= of_server.send_window
    );
    assert!(at_client.client.no_context_takeover || !of_client.send_alone);
    assert!(at_server.server.no_context_takeover || !of_server.send_alone);
}
