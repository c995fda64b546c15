//! §4.1: whole kinds of responses and of what a client sends: every status, every byte where a header decides, every character of a
//! request's parts. Oracles of a few lines, not lists, say what is right.
mod property;
mod support;

use core::cell::Cell;

use property::{bytes, count, one_of, property};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::subsequence;
use sansocket::ProtocolError::*;
use sansocket::{
    CallError, ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Event, Header, MessageKind, Request, Role,
    State, UsageError,
};
use support::entropy::Counter;
use support::frames::*;
use support::http::*;
use support::probe::{Probe, Seen};
use support::{AMPLE, Case, DEFAULT, ms};

/// The verdict of a client on a response.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Opened(Option<String>),
    Refused(sansocket::ProtocolError),
    Failed,
}

/// The verdict on `wire`, which is a whole head, by a client with the offer of `config`.
fn verdict(config: &Config<'_>, mut wire: Vec<u8>) -> Verdict {
    let mut conn = Connection::client(config, Counter::default(), ms(0));
    conn.request(&ClientRequest::new(HOST, "/"), ms(0), &mut [0; 500]).unwrap();
    let verdict = match conn.receive(ms(0), &mut wire, &mut []).unwrap().event {
        Some(Event::Opened(_)) => Verdict::Opened(conn.subprotocol().map(String::from)),
        Some(Event::Refused { error, .. }) => Verdict::Refused(error),
        Some(Event::Failed { .. }) => Verdict::Failed,
        other => panic!("{other:?}"),
    };
    assert_eq!(conn.state() == State::Open, matches!(verdict, Verdict::Opened(_)));
    verdict
}

/// The good response with lines of `name`, whose values may be any bytes.
fn response_of(name: &str, values: &[&[u8]]) -> Vec<u8> {
    let good = response_with(&[]);
    let lines: Vec<u8> = values.iter().flat_map(|value| [name.as_bytes(), b": ", value, b"\r\n"].concat()).collect();
    [&good[..good.len() - 2], &lines, b"\r\n"].concat()
}

/// A byte that no header value has.
fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7F
}

fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| is_blank(byte)).count();
    let end = value[start..].iter().rev().take_while(|byte| is_blank(byte)).count();
    &value[start..value.len() - end]
}

/// Values of zero and one byte, and of two of which one is a digit, a letter, a sign, a blank or not ASCII, and the other any.
fn short_values() -> impl Iterator<Item = Vec<u8>> {
    let is_told_apart = |byte: &u8| b"05aAb~!,;\\\" \t\xE4\xFF".contains(byte);
    let ones = (0..=255_u8).map(|byte| vec![byte]);
    let twos = (0..=u16::MAX).map(|pair| pair.to_be_bytes().to_vec()).filter(move |pair| pair.iter().any(is_told_apart));
    [vec![]].into_iter().chain(ones).chain(twos)
}

/// HC-11, HT-16, HT-17, B-21, W-03: every status from 000 to 999, with all that a 101 has and with every statement about a body. 101 opens, except
/// with a transfer coding; another 1xx ends with its head, whatever it says; all others are shown, their body left alone, or are a fault
/// if their end is in doubt.
#[test]
fn every_status_is_shown_skipped_or_opens() {
    let says: [(&[&str], bool); 7] = [
        (&[], true),
        (&["Content-Length: 0"], true),
        (&["Content-Length: 5"], true),
        (&["Content-Length: 5", "Content-Length: 6"], false),
        (&["Content-Length: x"], false),
        (&["Transfer-Encoding: chunked"], true),
        (&["Transfer-Encoding: chunked, gzip"], false),
    ];
    let frame = frame_to(Role::Client, FIN | TEXT, b"x");
    let message = Seen::Message(MessageKind::Text, b"x".into());
    for status in 0..1_000_u16 {
        for (i, (lines, is_framed)) in says.iter().enumerate() {
            let mut all = vec![format!("HTTP/1.1 {status:03} x")];
            let good = String::from_utf8(response_with(lines)).unwrap();
            all.extend(good.trim_end().split("\r\n").skip(1).map(String::from));
            let first = head(&all.iter().map(String::as_str).collect::<Vec<_>>());
            let is_interim = (100..200).contains(&status) && status != 101;
            let more = if is_interim { [response_with(&[]), frame.clone()].concat() } else { frame.clone() };
            let wire = [first, more.clone()].concat();
            // Each status in pieces with one of the statements, whole with the others.
            let number = usize::from(status);
            let piece = if number % says.len() == i { 1 + number % 50 } else { wire.len() };
            let seen = Case::handshake(Role::Client).deliver(&wire, (piece..wire.len()).step_by(piece), number % (AMPLE + 1));
            let what = || format!("{:?} on {}", seen.events, wire.escape_ascii());
            match seen.before_closed() {
                [Seen::Opened { status: 101, .. }, rest @ ..] => {
                    assert!(is_interim || status == 101 && i < 5, "{}", what());
                    assert_eq!(rest, core::slice::from_ref(&message), "{}", what());
                }
                [Seen::Refused { status: shown, error, .. }] => {
                    assert!(*shown == status && !is_interim, "{}", what());
                    assert_eq!(*error, if status == 101 { ResponseWithBody } else { StatusNot101 }, "{}", what());
                    assert!(status == 101 || *is_framed || matches!(status, 204 | 304), "{}", what());
                    let rest = if status == 101 { &[][..] } else { &more };
                    assert_eq!(seen.rest, rest, "{}", what());
                }
                [Seen::Failed(InvalidBodyLength)] => {
                    assert!(!is_framed && !matches!(status, 100..200 | 204 | 304), "{}", what());
                }
                // No status begins with 0, so a reader may also call this invalid.
                [Seen::Failed(InvalidStatusLine)] if status < 100 => {}
                _ => panic!("{}", what()),
            }
            assert!(seen.output.is_empty());
        }
    }
}

/// HT-17, L-04: every number of interim responses from 0 to 12 against every limit from 0 to 12.
#[test]
fn every_number_of_interim_responses_against_every_limit() {
    let interim = head(&["HTTP/1.1 102 x", "Content-Length: 7"]);
    for limit in 0..=12 {
        let config = DEFAULT.max_interim_responses(limit);
        for count in 0..=12 {
            let wire = [interim.repeat(count), response_with(&[])].concat();
            let is_good = count <= usize::from(limit);
            let expected = if is_good { Verdict::Opened(None) } else { Verdict::Failed };
            assert_eq!(verdict(&config, wire.clone()), expected, "{count} of {limit}");
            let seen = Case::handshake(Role::Client).with(&config).deliver(&wire, 1..wire.len(), 0);
            assert_eq!(matches!(seen.before_closed(), [Seen::Opened { .. }]), is_good);
            assert!(is_good || seen.before_closed() == [Seen::Failed(TooManyInterimResponses)]);
        }
    }
}

/// HC-17, HC-22, B-15, B-24: every subprotocol of one byte and many of two, whether they are UTF-8 or not, against an offer whose names are parts of
/// each other: one that was offered is agreed on, a control is a fault of the head, all else is refused.
#[test]
fn every_short_subprotocol_is_agreed_if_it_was_offered() {
    let offer = ["aa", "a", "ba", "A", "~!"];
    let list = offer.join(", ");
    let config = DEFAULT.subprotocols(&list);
    let mut agreed = 0;
    for value in short_values() {
        let expected = match offer.iter().find(|name| name.as_bytes() == trimmed(&value)) {
            _ if value.iter().any(|&byte| is_control(byte)) => Verdict::Failed,
            Some(name) => Verdict::Opened(Some(String::from(*name))),
            None => Verdict::Refused(UnofferedSubprotocol),
        };
        agreed += usize::from(matches!(expected, Verdict::Opened(_)));
        assert_eq!(verdict(&config, response_of("Sec-WebSocket-Protocol", &[&value])), expected, "{value:02x?}");
    }
    // Five names, and those of one byte with either blank on either side.
    assert_eq!(agreed, 5 + 2 * 4);
}

/// HC-17, HC-18, B-24: random offers, random values made of the same pieces, one line or two: agreed if and only if there is one line
/// with one name of the offer.
#[test]
fn random_subprotocols_are_agreed_if_they_were_offered() {
    let names = ["chat", "superchat", "Chat", "chat.v2", "cha", "hat", "v2", "c"];
    let offer = subsequence(names.to_vec(), 0..=8).prop_shuffle();
    let piece = || {
        let more = weighted(0.25, one_of(&[",", " ", ", ", "\t", ";", "\u{e4}", "\"", "/"]));
        (one_of(&names), more).prop_map(|(name, more)| [name, more.unwrap_or_default()].concat())
    };
    let value = || prop_oneof![2 => vec(piece(), 1), 1 => vec(piece(), 2..4)].prop_map(|pieces| pieces.concat());
    let values = prop_oneof![4 => vec(value(), 1), 1 => vec(value(), 2)];
    let counts = [Cell::new(0), Cell::new(0)];
    property(20_000, (offer, one_of(&[",", ", "]), values), |(offer, comma, values)| {
        let list = offer.join(comma);
        let config = DEFAULT.subprotocols(&list);
        let expected = match &values[..] {
            [one] if offer.iter().any(|name| name.as_bytes() == trimmed(one.as_bytes())) => {
                Verdict::Opened(Some(one.trim().into()))
            }
            _ => Verdict::Refused(UnofferedSubprotocol),
        };
        count(&counts[usize::from(matches!(expected, Verdict::Opened(_)))]);
        let bytes: Vec<_> = values.iter().map(String::as_bytes).collect();
        assert_eq!(verdict(&config, response_of("Sec-WebSocket-Protocol", &bytes)), expected, "{list:?} {values:?}");
    });
    assert!(counts.iter().all(|count| count.get() > 3_000), "{counts:?}");
}

/// HC-16, HC-18, HC-22, B-15: every extension of one byte, many of two, random longer ones, in one line and in two: none was offered, so none
/// opens, and none is a panic.
#[test]
fn every_extension_is_refused_if_none_was_offered() {
    let expected = |values: &[&[u8]]| match values.concat().iter().any(|&byte| is_control(byte)) {
        true => Verdict::Failed,
        false => Verdict::Refused(UnofferedExtension),
    };
    for value in short_values() {
        assert_eq!(verdict(&DEFAULT, response_of("Sec-WebSocket-Extensions", &[&value])), expected(&[&value]), "{value:02x?}");
    }
    let value = bytes(0..30).prop_map(|mut value| {
        value.retain(|&byte| !is_control(byte));
        value
    });
    property(5_000, vec(value, 1..3), |values| {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        assert_eq!(verdict(&DEFAULT, response_of("sec-websocket-extensions", &values)), expected(&values), "{values:02x?}");
    });
}

/// HT-16: in a 101 every Content-Length of one byte and many of two are ignored, and longer and doubled ones; every Transfer-Encoding is refused,
/// an empty one too, alone and beside Content-Length.
#[test]
fn every_length_in_a_101_is_ignored_and_every_coding_refused() {
    let body = |lens: &[&[u8]], codings: &[&[u8]]| {
        let lens = response_of("Content-Length", lens);
        let codings: Vec<u8> = codings.iter().flat_map(|coding| [b"transfer-encoding:", *coding, b"\r\n"].concat()).collect();
        verdict(&DEFAULT, [&lens[..lens.len() - 2], &codings, b"\r\n"].concat())
    };
    for value in short_values() {
        let is_fault = value.iter().any(|&byte| is_control(byte));
        let expected = |otherwise| if is_fault { Verdict::Failed } else { otherwise };
        assert_eq!(body(&[&value], &[]), expected(Verdict::Opened(None)), "{value:02x?}");
        assert_eq!(body(&[], &[&value]), expected(Verdict::Refused(ResponseWithBody)), "{value:02x?}");
    }
    let lens: [&[u8]; 6] = [b"0", b"17", b"-1", b"5, 6", b"99999999999999999999999", b"0x5"];
    for first in lens {
        for second in lens {
            assert_eq!(body(&[first, second], &[]), Verdict::Opened(None));
            for coding in [&b"chunked"[..], b"identity", b"gzip, chunked", b""] {
                assert_eq!(body(&[first, second], &[coding]), Verdict::Refused(ResponseWithBody));
            }
        }
    }
}

/// Sends a request that has `character` in one of its parts, and returns what was written.
fn sent(request: &ClientRequest<'_>, config: &Config<'_>) -> Result<Vec<u8>, CallError> {
    let entropy = Counter::default();
    let mut conn = Connection::client(config, entropy.clone(), ms(0));
    let mut out = [0xA5; 1_000];
    let result = conn.request(request, ms(0), &mut out);
    if result.is_err() {
        assert!(out.iter().all(|&byte| byte == 0xA5) && entropy.draws().is_empty(), "a refused request wrote or drew");
    }
    Ok(out[..result?].to_vec())
}

/// B-23, B-24, HC-02, HC-03, HC-08, CVE-2026-47072: every character up to U+00FF and some beyond, at the start, in the middle and at the
/// end of each part of a request: sent if and only if the grammar of that part allows it, and then read back unchanged, in a head with the right number
/// of lines.
#[test]
fn every_character_in_every_part_of_a_request() {
    let is_token =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
    let is_value = |text: &str| text.bytes().all(|byte| !is_control(byte));
    let beyond = ['\u{100}', '\u{20ac}', '\u{2028}', '\u{3000}', '\u{fe0f}', '\u{1f600}', '\u{10ffff}'];
    let mut counts = [0, 0];
    for character in ('\0'..='\u{ff}').chain(beyond) {
        for text in [format!("{character}bc"), format!("b{character}c"), format!("bc{character}"), character.to_string()] {
            let target = format!("/{text}");
            let list = format!("x,{text}");
            let plain = ClientRequest::new("h", "/");
            let headers = [Header::new("X-Name", &text)];
            let names = [Header::new(&text, "v")];
            let listed: Vec<_> = list.split(',').map(|name| name.trim_matches(' ')).collect();
            let is_list = listed.iter().all(|name| is_token(name)) && {
                let mut sorted = listed.clone();
                sorted.sort_unstable();
                sorted.windows(2).all(|pair| pair[0] != pair[1])
            };
            let offer = DEFAULT.subprotocols(&list);
            let is_target = target.chars().all(|c| ('!'..='~').contains(&c) && c != '#');
            // Part, request, settings, whether it may go, header that has it, header lines.
            let cases = [
                ("host", plain.host(&text), &DEFAULT, is_authority(&text), Some("host"), 5),
                ("target", plain.target(&target), &DEFAULT, is_target, None, 5),
                ("origin", plain.origin(Some(&text)), &DEFAULT, is_value(&text), Some("origin"), 6),
                ("value", plain.headers(&headers), &DEFAULT, is_value(&text), Some("x-name"), 6),
                ("name", plain.headers(&names), &DEFAULT, is_token(&text), None, 6),
                ("offer", plain, &offer, is_list, None, 6),
            ];
            for (part, request, config, is_good, header, lines) in cases {
                let what = format!("{part} {text:?}");
                let wire = match sent(&request, config) {
                    Ok(wire) => wire,
                    Err(error) => {
                        assert!(!is_good && matches!(error, CallError::Usage(_)), "{what}: {error}");
                        counts[0] += 1;
                        continue;
                    }
                };
                assert!(is_good, "{what} was sent");
                counts[1] += 1;
                let read = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
                assert_eq!((read.bytes().len(), read.headers().count()), (wire.len(), lines), "{what}");
                if let Some(header) = header {
                    assert_eq!(read.header(header), Some(trimmed(text.as_bytes())), "{what}");
                }
                match part {
                    "target" => assert_eq!(read.target(), target),
                    "name" => assert_eq!(read.header(&text), Some(&b"v"[..]), "{what}"),
                    "offer" => assert!(read.subprotocols().eq(listed.iter().copied()), "{what}"),
                    _ => {}
                }
            }
        }
    }
    assert!(counts.iter().all(|&count| count > 1_500), "{counts:?}");
    // Values may be bytes that are not text.
    for byte in 0..=255_u8 {
        let value = [byte, b'v', byte];
        let headers = [Header { name: "X", value: &value }];
        assert_eq!(sent(&ClientRequest::new("h", "/").headers(&headers), &DEFAULT).is_ok(), !is_control(byte));
    }
}

/// These 16 bytes, drawn once and at once.
struct Once(Option<[u8; 16]>);

impl Entropy for Once {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.copy_from_slice(&self.0.take().ok_or(EntropyError)?);
        Ok(())
    }
}

/// HC-04, HC-05, HC-06, HC-07: random requests by a naive reading: each header of the handshake once, with its one value; the key is the
/// base64 of the 16 bytes that this connection drew; Origin is there if it was given.
#[test]
fn every_request_has_each_header_once() {
    let origin = one_of(&[None, Some("https://example.com"), Some("null"), Some("")]);
    let offer = one_of(&["", "chat", "chat, superchat"]);
    let (host, target) = (one_of(&["h", "[::1]:1", "example.com:8080"]), one_of(&["/", "/a?b", "?c"]));
    property(2_000, (any::<[u8; 16]>(), host, target, origin, offer, 0..4_usize), |(key, host, target, origin, offer, more)| {
        let config = DEFAULT.subprotocols(offer);
        let all = [Header::new("Cookie", "upgrade: x"), Header::new("X-Upgrade", "websocket"), Header::new("User-Agent", "")];
        let request = ClientRequest::new(host, target).origin(origin).headers(&all[..more]);
        let mut out = [0; 1_000];
        let len = Connection::client(&config, Once(Some(key)), ms(0)).request(&request, ms(0), &mut out).unwrap();
        let text = core::str::from_utf8(&out[..len]).unwrap().strip_suffix("\r\n\r\n").unwrap();
        let fields: Vec<_> = text.split("\r\n").skip(1).map(|line| line.split_once(": ").unwrap()).collect();
        let all = |name: &str| {
            fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1).collect::<Vec<_>>()
        };
        assert_eq!(all("upgrade"), ["websocket"]);
        assert_eq!(all("connection"), ["Upgrade"]);
        assert_eq!(all("sec-websocket-version"), ["13"]);
        assert_eq!(all("sec-websocket-key"), [base64(&key)]);
        assert_eq!(all("host"), [host]);
        assert_eq!(all("origin"), Vec::from_iter(origin));
        assert_eq!(all("sec-websocket-protocol"), Vec::from_iter(Some(offer).filter(|offer| !offer.is_empty())));
        assert!(all("sec-websocket-extensions").is_empty());
    });
}

/// HC-10, HT-22: at every byte of the response before its last one, and before the request, no verb writes or draws anything.
#[test]
fn nothing_goes_out_before_the_last_byte_of_the_101() {
    type Verb = fn(&mut Connection<'static, Counter>, &mut [u8]) -> Result<usize, CallError>;
    let verbs: [Verb; 8] = [
        |conn, out| conn.send_text("early", out),
        |conn, out| conn.send(MessageKind::Binary, b"early", false, out),
        |conn, out| conn.send_header(MessageKind::Text, b"early", true, out),
        |conn, out| conn.send_binary_header(5, true, out),
        |conn, out| conn.ping(b"early", out),
        |conn, out| conn.pong(b"early", out),
        |conn, out| conn.close(None, "", ms(0), out),
        |conn, out| conn.close(Some(CloseCode::GOING_AWAY), "early", ms(0), out),
    ];
    let tried = |probe: &mut Probe<'static>| {
        let before = (probe.entropy.draws().len(), probe.conn.state(), probe.conn.transport(), probe.next_timeout());
        for verb in verbs {
            let mut out = [0xA5; 200];
            assert!(!matches!(verb(&mut probe.conn, &mut out), Ok(1..)), "something was sent");
            assert_eq!(out, [0xA5; 200]);
            let after = (probe.entropy.draws().len(), probe.conn.state(), probe.conn.transport(), probe.next_timeout());
            assert_eq!(after, before);
        }
    };
    let entropy = Counter::default();
    tried(&mut Probe::of(Connection::client(&DEFAULT, entropy.clone(), ms(0)), &DEFAULT, entropy));
    let wire = [head(&["HTTP/1.1 100 Continue"]), response_with(&[])].concat();
    let mut probe = Case::handshake(Role::Client).start();
    for (i, byte) in wire.iter().enumerate() {
        assert_eq!(probe.conn.state(), State::Connecting, "open at {i} of {}", wire.len());
        tried(&mut probe);
        probe.feed(&[*byte]);
    }
    assert!(probe.output.is_empty());
    probe.write(|conn, out| conn.send_text("now", out));
    assert_eq!(
        probe.try_write(|conn, out| conn.request(&ClientRequest::new("h", "/"), ms(0), out)),
        Err(UsageError::NotConnecting.into())
    );
}

/// HC-18, HC-14: two Accept headers, whatever they are and in whatever order: refused, though both are right.
#[test]
fn two_accepts_are_refused_whatever_they_are() {
    let good = accept_of(&client_key());
    let values = [good.as_bytes(), b"", b"x", &good.as_bytes()[..27], b"\xE4"];
    for first in values {
        for second in values {
            let lines = ["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade"].join("\r\n").into_bytes();
            let accepts =
                [b"\r\nSec-WebSocket-Accept: ", first, b"\r\nX: y\r\nsec-websocket-accept:", second, b"\r\n\r\n"].concat();
            assert_eq!(verdict(&DEFAULT, [lines, accepts].concat()), Verdict::Refused(InvalidAccept));
        }
    }
}

/// HC-21: random lists of versions, in one line and in several, other headers between, as any refusal may have them.
#[test]
fn random_lists_of_versions_can_be_read() {
    let before = one_of(&[",", ", ", ",, ", "\r\nSec-WebSocket-Version: ", "\r\nX: 99\r\nsec-websocket-version: "]);
    property(2_000, (one_of(&[400, 426, 503, 200]), vec((before, any::<u8>()), 1..7)), |(status, list)| {
        let versions: Vec<_> = list.iter().map(|(_, version)| version.to_string()).collect();
        let list: String = list.iter().zip(&versions).map(|((before, _), version)| [before, &version[..]].concat()).collect();
        let lines = [&*format!("HTTP/1.1 {status} x"), &format!("Sec-WebSocket-Version: {list}")];
        let mut wire = head(&lines);
        let mut conn = Case::handshake(Role::Client).start().conn;
        let received = conn.receive(ms(0), &mut wire, &mut []).unwrap();
        let Some(Event::Refused { response, error: StatusNot101, .. }) = received.event else { panic!("{received:?}") };
        assert!(response.headers().all("sec-websocket-version").flat_map(sansocket::Tokens::of).eq(&versions), "{lines:?}");
    });
}

/// K-04, HT-15, RFC 9112 §6.3: random lines of Content-Length and Transfer-Encoding in final responses of every status and both versions: shown
/// if and only if it says where the body ends, by a second reading; 204 and 304 have no body to end.
#[test]
fn random_body_lines_of_responses_by_a_second_reading() {
    let lens = ["0", "5", "5", "05", "6", "5, 5", "-1", "+5", "", "0x5", "18446744073709551615", "18446744073709551616"];
    let codings =
        ["chunked", "CHUNKED", "gzip", "gzip, chunked", "chunked, gzip", ",chunked,", "", ",", "identity", "chunked;q=1"];
    let some = |from: &[&'static str]| prop_oneof![2 => Just(Vec::new()), 1 => vec(one_of(from), 1..3)];
    let counts = [Cell::new(0), Cell::new(0)];
    let start = (0..2, 200..1_000);
    property(20_000, (start, some(&lens), some(&codings), any::<bool>()), |((version, status), len, coding, is_len_first)| {
        let numbers: Vec<_> = len.iter().map(|len| len.parse::<u64>().ok().filter(|_| !len.starts_with('+'))).collect();
        let list = coding.join(",").to_ascii_lowercase();
        let list: Vec<_> = list.split(',').map(str::trim).filter(|coding| !coding.is_empty()).collect();
        // A body that is not chunked last ends with the connection; chunked before other codings is invalid.
        let is_framed = if coding.is_empty() {
            numbers.iter().all(|number| number.is_some() && *number == numbers[0])
        } else {
            version == 1
                && !list.is_empty()
                && list.iter().position(|&coding| coding == "chunked").is_none_or(|at| at + 1 == list.len())
        };
        let mut lines = vec![format!("HTTP/1.{version} {status} x")];
        // Either before the other, each in its order.
        let at = if is_len_first { 1 + len.len() } else { 1 };
        lines.extend(len.iter().map(|len| format!("Content-Length: {len}")));
        for (i, coding) in coding.iter().enumerate() {
            lines.insert(at + i, format!("Transfer-Encoding: {coding}"));
        }
        let found = verdict(&DEFAULT, head(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
        let is_shown = is_framed || matches!(status, 204 | 304);
        assert_eq!(found, if is_shown { Verdict::Refused(StatusNot101) } else { Verdict::Failed }, "{lines:?}");
        count(&counts[usize::from(is_shown)]);
    });
    assert!(counts.iter().all(|count| count.get() > 4_000), "{counts:?}");
}
