//! §4.2, RFC 9110, RFC 9112: whole kinds of requests and answers: every value of up to two bytes where one header decides, random lists
//! against a second grammar, every limit against heads of every size, every status.
mod property;
mod support;

use core::cell::Cell;

use property::{bytes, count, one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use sansocket::ProtocolError::{self, *};
use sansocket::{Accept, Config, Connection, Event, Header, Origin, Request, Role, State, Transport, UsageError};
use support::entropy::Counter;
use support::http::*;
use support::probe::Seen;
use support::{AMPLE, Case, DEFAULT, ms};

/// The verdict of a server on a request.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Handshake,
    Plain,
    Failed(ProtocolError, u16),
    Nothing,
}

fn verdict(config: &Config<'_>, mut wire: Vec<u8>) -> Verdict {
    let mut out = [0; AMPLE];
    let mut conn = Connection::server(config, ms(0));
    let received = conn.receive(ms(0), &mut wire, &mut out).unwrap();
    let produced = received.produced;
    match received.event {
        Some(Event::Request(_)) => Verdict::Handshake,
        Some(Event::HttpRequest(_)) => Verdict::Plain,
        Some(Event::Failed { error, .. }) => Verdict::Failed(error, status_of(&out[..produced])),
        None => Verdict::Nothing,
        other => panic!("{other:?}"),
    }
}

/// The valid request with its line `index` replaced by `name` and `value`, which may be any bytes.
fn request_of(index: usize, name: &str, value: &[u8]) -> Vec<u8> {
    let lines = REQUEST.iter().enumerate().flat_map(|(i, line)| match i == index {
        true => [name.as_bytes(), b": ", value, b"\r\n"].concat(),
        false => format!("{line}\r\n").into_bytes(),
    });
    lines.chain(*b"\r\n").collect()
}

fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7F
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// All values of zero, one and two bytes, except those that end a line.
fn short_values() -> impl Iterator<Item = Vec<u8>> {
    let ones = (0..=255_u8).map(|byte| vec![byte]);
    let twos = (0..=u16::MAX).map(|pair| pair.to_be_bytes().to_vec());
    [vec![]].into_iter().chain(ones).chain(twos).filter(|value| value != b"\r\n")
}

/// Those of them that have at most one byte, or a digit, letter, comma, blank or non-ASCII byte beside any other.
fn shorter_values() -> impl Iterator<Item = Vec<u8>> {
    let is_told_apart = |byte: &u8| b"05a,;\" \t\xE4\xFF".contains(byte);
    short_values().filter(move |value| value.len() < 2 || value.iter().any(is_told_apart))
}

/// HS-07, HS-06: every version of up to two bytes, 13 with every byte in every place, and every number with up to three zeros: 13 opens,
/// blanks around it or not; all else gets a 426.
#[test]
fn every_version_but_13_gets_a_426() {
    let with_a_byte = (0..=255_u8).flat_map(|byte| [vec![byte, b'1', b'3'], vec![b'1', byte, b'3'], vec![b'1', b'3', byte]]);
    let numbers = (0..1_000).flat_map(|number| [format!("{number:02}"), format!("{number:03}"), format!("{number:04}")]);
    let mut opened = 0;
    for value in short_values().chain(with_a_byte).chain(numbers.map(String::into_bytes)) {
        let found = verdict(&DEFAULT, request_of(5, "Sec-WebSocket-Version", &value));
        let bare: Vec<_> = value.iter().copied().skip_while(is_blank).collect();
        let is_13 = bare.strip_prefix(b"13").is_some_and(|rest| rest.iter().all(is_blank));
        opened += usize::from(is_13);
        match found {
            Verdict::Handshake => assert!(is_13, "{value:02x?}"),
            Verdict::Failed(UnsupportedVersion, 426) => assert!(!is_13, "{value:02x?}"),
            Verdict::Failed(InvalidHeaderValue | InvalidLineEnd, 400) => {
                assert!(value.iter().any(|&byte| is_control(byte)), "{value:02x?}");
            }
            other => panic!("{other:?} on {value:02x?}"),
        }
    }
    // Alone, with two blanks on either side, and as the number 13 in two digits.
    assert_eq!(opened, 1 + 4 + 1);
}

/// HT-18: every Expect of one byte, many of two, what clients send in any case, and two lines: 417.
#[test]
fn every_expectation_gets_a_417() {
    let longer =
        ["100-continue", "100-Continue", "100-continue, x", "x=\"y\"; z", "200-ok"].map(|value| value.as_bytes().to_vec());
    for value in shorter_values().chain(longer) {
        let line = [b"Expect: ", &value[..], b"\r\n"].concat();
        for lines in [line.clone(), line.repeat(2)] {
            let good = request_with(&[]);
            let found = verdict(&DEFAULT, [&good[..good.len() - 2], &lines, b"\r\n"].concat());
            let is_fault = value.iter().any(|&byte| is_control(byte));
            match found {
                Verdict::Failed(UnsupportedExpectation, 417) => assert!(!is_fault, "{value:02x?}"),
                Verdict::Failed(InvalidHeaderValue | InvalidLineEnd, 400) => assert!(is_fault, "{value:02x?}"),
                other => panic!("{other:?} on {value:02x?}"),
            }
        }
    }
}

/// HT-07: everything of up to five CRs and LFs before a request, and every byte: an empty line is ignored, once.
#[test]
fn one_empty_line_before_a_request_and_nothing_else() {
    let mut starts = vec![Vec::new()];
    for len in 1..=5 {
        starts.extend((0..1 << len).map(|bits| (0..len).map(|i| if bits >> i & 1 == 0 { b'\r' } else { b'\n' }).collect()));
    }
    starts.extend((0..=255_u8).flat_map(|byte| [vec![byte], vec![b'\r', b'\n', byte], vec![b'\r', byte], vec![byte, b'\n']]));
    for start in starts {
        let wire = [&start, &request_with(&[])[..]].concat();
        let seen = Case::handshake(Role::Server).deliver(&wire, 1..wire.len(), AMPLE);
        let is_good = start.is_empty() || start == b"\r\n";
        assert_eq!(matches!(seen.before_closed(), [Seen::Request { .. }]), is_good, "{}", start.escape_ascii());
        assert_eq!(status_of(&seen.output), if is_good { 101 } else { 400 });
        assert_eq!(verdict(&DEFAULT, wire) == Verdict::Handshake, is_good);
    }
}

/// HT-12: random header lines of an opening handshake, over HTTP/1.0: Upgrade is ignored there, and the answer is never 101.
#[test]
fn no_request_of_http_1_0_upgrades() {
    let more = [
        "Upgrade: h2c",
        "Upgrade: websocket, h2c",
        "Connection: keep-alive",
        "Sec-WebSocket-Version: 8",
        "X: y",
        "Expect: 100-continue",
        "Sec-WebSocket-Key: x",
        "Sec-WebSocket-Protocol: a b",
        "Sec-WebSocket-Extensions: ;",
    ];
    let line = one_of(&["GET /chat HTTP/1.0", "POST / HTTP/1.0", "GET http://h/ HTTP/1.0"]);
    let lines = (subsequence(&REQUEST[1..], 0..=5), vec((0..9_usize, one_of(&more)), 0..4));
    property(5_000, (line, lines), |(line, (mut lines, more))| {
        for (place, more) in more {
            lines.insert(place.min(lines.len()), more);
        }
        let wire = head(&[&[line], &lines[..]].concat());
        assert_eq!(verdict(&DEFAULT, wire), Verdict::Plain, "{lines:?}");
    });
}

/// A second grammar of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

fn members(list: &str) -> Vec<&str> {
    list.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty()).collect()
}

/// How the lines of a list continue after one of its commas.
#[derive(Clone, Copy, Debug)]
enum Comma {
    Stays,
    /// A new line of the same header, its name in lower case or not, after another header or not.
    NewLine {
        is_lower: bool,
        is_apart: bool,
    },
}

/// One for each comma of any list here; most have fewer.
fn commas() -> impl Strategy<Value = Vec<Comma>> {
    let new_line = any::<(bool, bool)>().prop_map(|(is_lower, is_apart)| Comma::NewLine { is_lower, is_apart });
    vec(prop_oneof![Just(Comma::Stays), new_line], 7)
}

/// `list` in lines of the header `name`, cut at some of its commas, which are left off there.
fn in_lines(name: &str, list: &str, commas: &[Comma]) -> Vec<String> {
    let mut lines = vec![format!("{name}: ")];
    for (i, member) in list.split(',').enumerate() {
        match i.checked_sub(1).map(|i| commas[i]) {
            None => {}
            Some(Comma::Stays) => *lines.last_mut().unwrap() += ",",
            Some(Comma::NewLine { is_lower, is_apart }) => {
                lines.extend(is_apart.then(|| "X-Between: a, b".into()));
                lines.push(format!("{}: ", if is_lower { name.to_ascii_lowercase() } else { name.into() }));
            }
        }
        *lines.last_mut().unwrap() += member;
    }
    lines
}

/// The valid request with `list` in one line of the header `name`, and with it in lines cut by `commas`.
fn requests_with_list(name: &str, list: &str, commas: &[Comma]) -> [Vec<u8>; 2] {
    let lines = in_lines(name, list, commas);
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    [request_with(&[&format!("{name}: {list}")]), request_with(&lines)]
}

/// HS-10, HS-12, B-24: random offers, in one line and in several, good and malformed, against random configurations: the same names in the
/// same order; every name that could be chosen is agreed if and only if it was offered and configured.
#[test]
fn random_offers_of_subprotocols_by_a_second_grammar() {
    let names = ["a", "b", "aa", "A", "chat.v2", "ab", "~"];
    let odd = ["a b", "\"a\"", "a;b", "a/b", "\u{e4}", "(", " ", "", "\t"];
    let offer = vec(prop_oneof![7 => one_of(&names), 1 => one_of(&odd)], 1..6);
    let offer = (offer, one_of(&[",", ", ", "\t,"]), commas()).prop_map(|(names, comma, commas)| (names.join(comma), commas));
    let ours = subsequence(names.to_vec(), 0..=7).prop_map(|names| names.join(", "));
    // The best by the server's own list, or one that the application chooses.
    let chosen = prop_oneof![1 => Just(None), 3 => one_of(&names).prop_map(Some)];
    let counts = [Cell::new(0), Cell::new(0), Cell::new(0)];
    property(6_000, (offer, ours, chosen), |((offer, commas), ours, chosen)| {
        let config = DEFAULT.subprotocols(&ours);
        let offered = members(&offer);
        let is_good = !offered.is_empty() && offered.iter().all(|name| is_token(name));
        for mut wire in requests_with_list("Sec-WebSocket-Protocol", &offer, &commas) {
            let expected = if is_good { Verdict::Handshake } else { Verdict::Failed(InvalidHeaderList, 400) };
            assert_eq!(verdict(&config, wire.clone()), expected, "{}", wire.escape_ascii());
            count(&counts[usize::from(is_good)]);
            if !is_good {
                continue;
            }
            let request = Request::parse(&wire, &config).unwrap().unwrap();
            assert!(request.subprotocols().eq(offered.iter().copied()), "{}", wire.escape_ascii());
            let configured = members(&ours);
            let best = configured.iter().find(|name| offered.contains(name)).copied();
            assert_eq!(request.choose_subprotocol(&config), best);
            let subprotocol = chosen.or(best);
            let mut conn = Connection::server(&config, ms(0));
            let Some(Event::Request(request)) = conn.receive(ms(0), &mut wire, &mut []).unwrap().event else { panic!() };
            let mut out = [0; 500];
            let accept = Accept::new(Origin::Any).subprotocol(subprotocol);
            let answer =
                conn.accept(&request, &accept, ms(0), &mut out).map(|len| String::from_utf8(out[..len].to_vec()).unwrap());
            match subprotocol {
                // Without a list of ours, the offer alone counts.
                Some(name) if !offered.contains(&name) || !(ours.is_empty() || configured.contains(&name)) => {
                    assert_eq!(answer, Err(UsageError::UnofferedSubprotocol.into()), "{name} of {offer:?} and {ours:?}");
                    assert_eq!((conn.state(), conn.subprotocol()), (State::Connecting, None));
                    count(&counts[2]);
                }
                chosen => {
                    let line = chosen.map(|name| format!("\r\nSec-WebSocket-Protocol: {name}\r\n"));
                    let answer = answer.unwrap();
                    assert_eq!(answer.matches("Protocol:").count(), usize::from(chosen.is_some()), "{answer}");
                    assert!(line.is_none_or(|line| answer.contains(&line)));
                    assert_eq!(conn.subprotocol(), chosen.filter(|_| !ours.is_empty()));
                }
            }
        }
    });
    assert!(counts.iter().all(|count| count.get() > 1_000), "{counts:?}");
}

/// §9.1 a second time, bottom-up: `extension = token *( ";" token [ "=" ( token | quoted-string ) ] )`, a list of which
/// has at least one. What is quoted is a token once it is unescaped, so it holds neither comma nor semicolon.
fn is_extension_list(list: &str) -> bool {
    let blanks = [' ', '\t'];
    let is_quoted = |text: &str| {
        let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return false };
        let (mut unescaped, mut chars) = (String::new(), text.chars());
        while let Some(c) = chars.next() {
            // A backslash at the end belongs to the quote after it.
            let Some(c) = (if c == '\\' { chars.next() } else { Some(c) }) else { return false };
            unescaped.push(c);
        }
        is_token(&unescaped)
    };
    let is_parameter = |text: &str| match text.split_once('=') {
        Some((name, value)) => {
            is_token(name.trim_matches(blanks)) && {
                let value = value.trim_matches(blanks);
                is_token(value) || is_quoted(value)
            }
        }
        None => is_token(text.trim_matches(blanks)),
    };
    let members = members(list);
    !members.is_empty()
        && members.iter().all(|member| {
            let mut parts = member.split(';');
            is_token(parts.next().unwrap().trim_matches(blanks)) && parts.all(is_parameter)
        })
}

/// HS-11, HS-12: random extension lists, in one line and in several, judged by a second grammar; and every byte in every place of a list
/// that has all parts of the grammar. None is answered.
#[test]
fn random_extension_lists_by_a_second_grammar() {
    let pieces = [
        "x",
        "y1",
        ";",
        "=",
        ",",
        " ",
        "\t",
        "\"",
        "\\",
        "\"z\"",
        "; b=c",
        "; d=\"e\"",
        "; d=",
        ", f",
        ";g",
        "\"h,i\"",
        "\"j;k\"",
        "\"\\l\"",
        "\u{e4}",
        "(",
        "\"\"",
    ];
    let judge = |wire: Vec<u8>, list: &str| {
        let is_good = is_extension_list(list);
        let found = verdict(&DEFAULT, wire.clone());
        let expected = if is_good { Verdict::Handshake } else { Verdict::Failed(InvalidHeaderList, 400) };
        assert_eq!(found, expected, "{}", wire.escape_ascii());
        if is_good {
            let seen = Case::handshake(Role::Server).deliver(&wire, [], AMPLE);
            assert!(!String::from_utf8(seen.output).unwrap().to_ascii_lowercase().contains("extensions"));
        }
        is_good
    };
    let first = prop_oneof![Just("x"), one_of(&pieces)];
    let list = (first, vec(one_of(&pieces), 0..7)).prop_map(|(first, rest)| first.to_string() + &rest.concat());
    let counts = [Cell::new(0), Cell::new(0)];
    property(30_000, (list, commas()), |(list, commas)| {
        // By policy a line without any byte is not a list at all (K-15), so lines that are all empty differ from their commas.
        if members(&list).is_empty() {
            return;
        }
        for wire in requests_with_list("Sec-WebSocket-Extensions", &list, &commas) {
            count(&counts[usize::from(judge(wire, &list))]);
        }
    });
    assert!(counts.iter().all(|count| count.get() > 6_000), "{counts:?}");
    let whole = "ab ; c = d ;e=\"fg\" , h;i=\"\\j\"";
    for place in 0..whole.len() {
        for c in ('\t'..='\t').chain(' '..='~').chain('\u{80}'..='\u{ff}') {
            let replaced = [&whole[..place], &c.to_string(), &whole[place + 1..]].concat();
            let inserted = [&whole[..place], &c.to_string(), &whole[place..]].concat();
            for list in [replaced, inserted] {
                judge(request_with(&[&format!("Sec-WebSocket-Extensions: {list}")]), &list);
            }
        }
    }
}

/// HS-13, C-21, B-25: every byte substituted, inserted and deleted in an allowed Origin, and up to three Origins of six: accepted if and only if
/// at most one is there, and it is, byte for byte, one of those that are allowed.
#[test]
fn origins_pass_byte_for_byte() {
    let allowed = ["https://a.example", "https://b.example:8443", "null"];
    let passes = |origins: &[&[u8]], allowed: &[&str]| {
        let good = request_with(&[]);
        let lines: Vec<u8> = origins.iter().flat_map(|origin| [b"Origin: ", *origin, b"\r\n"].concat()).collect();
        let mut wire = [&good[..good.len() - 2], &lines, b"\r\n"].concat();
        let mut conn = Connection::server(&DEFAULT, ms(0));
        let Some(Event::Request(request)) = conn.receive(ms(0), &mut wire, &mut [0; AMPLE]).unwrap().event else { panic!() };
        let result = conn.accept(&request, &Accept::new(Origin::OneOf(allowed)), ms(0), &mut [0; 500]);
        assert!(result.is_ok() || result == Err(UsageError::OriginNotAllowed.into()));
        result.is_ok()
    };
    let good = allowed[0].as_bytes();
    for place in 0..=good.len() {
        for byte in (0..=255_u8).filter(|&byte| !is_control(byte)) {
            let inserted = [&good[..place], &[byte], &good[place..]].concat();
            let is_around = (place == 0 || place == good.len()) && is_blank(&byte);
            assert_eq!(passes(&[&inserted], &allowed), is_around, "{}", inserted.escape_ascii());
            if place < good.len() {
                let replaced = [&good[..place], &[byte], &good[place + 1..]].concat();
                assert_eq!(passes(&[&replaced], &allowed), byte == good[place], "{}", replaced.escape_ascii());
            }
        }
        if place < good.len() {
            assert!(!passes(&[&[&good[..place], &good[place + 1..]].concat()], &allowed));
        }
    }
    let origins =
        ["https://a.example", "https://b.example:8443", "null", "https://c.example", "https://A.example", "http://a.example"];
    let one = origins.map(|origin| vec![origin.as_bytes()]);
    let followed = |some: &[Vec<&'static [u8]>]| {
        some.iter().flat_map(|some| one.iter().map(|one| [&some[..], one].concat())).collect::<Vec<_>>()
    };
    let two = followed(&one);
    let lists = [vec![vec![]], one.to_vec(), followed(&two), two].concat();
    for (set, theirs) in (0..8).flat_map(|set| lists.iter().map(move |theirs| (set, theirs))) {
        let ours: Vec<&str> = (0..3).filter(|i| set >> i & 1 == 1).map(|i| allowed[i]).collect();
        let expected = theirs.len() < 2 && theirs.iter().all(|origin| ours.iter().any(|allowed| allowed.as_bytes() == *origin));
        assert_eq!(passes(theirs, &ours), expected, "{theirs:?} {ours:?}");
    }
}

/// HS-14, HS-18, HT-19, HT-23, HT-25, B-18: every status from 0 to 1 100 as an answer, to a handshake and to plain HTTP, with Upgrade among its
/// headers and without, and to a CONNECT: a final one goes out as it is, names Upgrade in Connection if it has one, and closes; others
/// are refused, as is success for a CONNECT, which would open a tunnel.
#[test]
fn every_status_of_an_answer_closes() {
    for status in 0..1_100_u16 {
        for wire in [request_with(&[]), head(&["GET / HTTP/1.1", "Host: a"]), head(&["CONNECT a:1 HTTP/1.1", "Host: a:1"])] {
            let name = ["Upgrade", "upgrade", "UPGRADE"][usize::from(status) % 3];
            let all = [Header::new("Location", "/x"), Header::new(name, "websocket"), Header::new("X-Upgrade", "y")];
            for headers in [&all[..1], &all] {
                let mut conn = Connection::server(&DEFAULT, ms(0));
                let mut input = [wire.clone(), wire.clone()].concat();
                let consumed = conn.receive(ms(0), &mut input, &mut [0; AMPLE]).unwrap().consumed;
                let mut out = [0xA5; 500];
                if matches!(status, 204 | 205 | 304) {
                    let with_body = conn.respond(status, headers, b"x", ms(0), &mut out);
                    assert_eq!(with_body, Err(UsageError::InvalidStatus.into()), "{status}");
                }
                let result = conn.respond(status, headers, b"", ms(0), &mut out);
                let is_tunnel = wire.starts_with(b"CONNECT") && (200..300).contains(&status);
                if is_tunnel || !(200..1_000).contains(&status) {
                    assert_eq!(result, Err(UsageError::InvalidStatus.into()), "{status}");
                    assert_eq!((out, conn.state()), ([0xA5; 500], State::Connecting));
                    continue;
                }
                let text = String::from_utf8(out[..result.unwrap()].to_vec()).unwrap();
                let connection = if headers.len() == 1 { "close" } else { "close, upgrade" };
                assert!(text.starts_with(&format!("HTTP/1.1 {status} ")) && text.ends_with("\r\n\r\n"), "{text}");
                assert!(text.contains(&format!("\r\nConnection: {connection}\r\n")), "{text}");
                assert!(text.contains("\r\nLocation: /x\r\n"));
                assert_eq!(text.contains("\r\nContent-Length: 0\r\n"), !matches!(status, 204 | 304), "{text}");
                assert_eq!((conn.state(), conn.transport()), (State::Closing, Transport::ShutdownWrite));
                // The second request is not looked at.
                let received = conn.receive(ms(0), &mut input[consumed..], &mut [0; AMPLE]).unwrap();
                assert!(received.event.is_none() && received.produced == 0);
            }
        }
    }
}

/// HT-21: absolute targets of every scheme and form, with every Host beside them: the target's authority is the requested host, and
/// the path and the query follow it.
#[test]
fn host_of_every_absolute_target_wins() {
    let hosts = ["example.com", "h:81", "[::1]:9001", "127.0.0.1", "a%41b", "h:"];
    for scheme in ["http", "https", "ws", "WSS", "Http"] {
        for authority in hosts {
            for path_and_query in ["", "/", "/a/b", "?q", "/a?u=http://evil/", "/x?y?z", "//evil/", "/@evil"] {
                for host in hosts {
                    let target = format!("{scheme}://{authority}{path_and_query}");
                    let wire = head(&[&[&*format!("GET {target} HTTP/1.1"), &*format!("Host: {host}")], &REQUEST[2..]].concat());
                    assert_eq!(verdict(&DEFAULT, wire.clone()), Verdict::Handshake, "{target}");
                    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
                    assert_eq!(request.host(), Some(authority.as_bytes()), "{target}");
                    let (path, query) =
                        path_and_query.split_once('?').map_or((path_and_query, None), |(path, query)| (path, Some(query)));
                    assert_eq!((request.path(), request.query()), (if path.is_empty() { "/" } else { path }, query), "{target}");
                }
            }
        }
    }
    // With any other target the Host header decides.
    for target in ["/", "/http://evil/", "/?http://evil", "//evil/"] {
        let wire = request_but(0, &format!("GET {target} HTTP/1.1"));
        assert_eq!(Request::parse(&wire, &DEFAULT).unwrap().unwrap().host(), Some(HOST.as_bytes()), "{target}");
    }
}

/// How much of something a head has, the settings that limit it, the fault and the status past the limit.
type Limit = (usize, fn(u16) -> Config<'static>, ProtocolError, u16);

/// L-01, L-02, L-03, HS-16: random heads, for both roles, under every limit on their bytes, header lines and target from 1 to more than they
/// have: the head passes if and only if it keeps the limit, whole and in pieces.
#[test]
fn heads_of_every_size_under_every_limit() {
    property(12, (vec("v{0,19}", 0..12), "/t{0,39}", any::<u8>()), |(values, target, cut)| {
        let lines: Vec<_> = values.iter().enumerate().map(|(i, value)| format!("X-{i}: {value}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let line = format!("GET {target} HTTP/1.1");
        let request = [&[&*line], &REQUEST[1..], &lines].concat();
        for (role, wire) in [(Role::Server, head(&request)), (Role::Client, response_with(&lines))] {
            let count = wire.windows(2).filter(|pair| pair == b"\r\n").count() - 2;
            let limits: [Limit; 3] = [
                (wire.len(), |limit| DEFAULT.max_head_len(limit.into()), HeadTooLong, 431),
                (count, |limit| DEFAULT.max_header_lines(limit), TooManyHeaderLines, 431),
                (target.len(), |limit| DEFAULT.max_target_len(limit.into()), TargetTooLong, 414),
            ];
            for (size, config, fault, status) in &limits[..if role == Role::Server { 3 } else { 2 }] {
                for limit in 1..*size as u16 + 3 {
                    let config = config(limit);
                    let case = Case::handshake(role).with(&config);
                    let cut = (usize::from(cut) + usize::from(limit)) % wire.len();
                    for seen in [case.deliver(&wire, [], AMPLE), case.deliver(&wire, [cut], AMPLE)] {
                        let is_good = *size <= usize::from(limit);
                        let opens = matches!(seen.before_closed(), [Seen::Request { .. } | Seen::Opened { .. }]);
                        assert!(opens == is_good, "{size} of {limit}, {fault:?}");
                        if !is_good {
                            assert!(seen.before_closed() == [Seen::Failed(*fault)], "{:?}, {size} of {limit}", seen.events);
                            assert!(role == Role::Client || status_of(&seen.output) == *status);
                        }
                    }
                }
            }
        }
    });
}

/// HS-15, B-31: the answer decides what the bytes after the request are: whatever they are and however many, none is read before it.
#[test]
fn nothing_after_a_request_is_read_before_the_answer() {
    property(500, bytes(0..60), |after| {
        let mut input = [request_with(&[]), after.clone()].concat();
        let mut conn = Connection::server_with(&DEFAULT, Counter::default(), ms(0));
        let consumed = conn.receive(ms(0), &mut input, &mut [0; AMPLE]).unwrap().consumed;
        assert_eq!(consumed, request_with(&[]).len());
        let received = conn.receive(ms(0), &mut input[consumed..], &mut [0; AMPLE]).unwrap();
        assert!(received.event.is_none() && (received.consumed, received.produced) == (0, 0));
        assert_eq!(input[consumed..], after);
    });
}

/// K-03, HS-01: every target of a set that has each form, valid and not, by every method and both versions, and every visible byte and some
/// others in path and query: an event if and only if the second grammar has it for that method; only GET and a resource open.
#[test]
fn targets_by_method_and_version_by_a_second_grammar() {
    let mut targets: Vec<String> = [
        "",
        "/",
        "//",
        "/x?y",
        "*",
        "**",
        "*/",
        "h",
        "h:80",
        "[::1]:80",
        "h:",
        ":80",
        "u@h:80",
        "?q",
        "x?u=http://evil/",
        "http:",
        "http:/",
        "http://",
        "http:///x",
        "http://h",
        "HTTP://h:1/x",
        "http://h?q",
        "http://u@h/",
        "http://[::1]:x/",
        "http://[fe80::1%25e]/",
        "ws://h/",
        "ftp://h/",
        "://h/",
        "1a://h/",
        "a+b-c.1://h/",
        "a_b://h/",
        "urn:x",
        "/#",
        "/a#b",
        "http://h/#",
        "http://h#f",
        "/%",
        "/a|b",
        "/{}",
        "http://h/{|}",
        "/\u{e4}",
        "/\u{7f}",
    ]
    .map(String::from)
    .into();
    for start in ["/", "/?", "http://h/"] {
        targets.extend((' '..='\u{7f}').filter(|&c| c != ' ').map(|c| format!("{start}a{c}b")));
    }
    let mut counts = [0, 0];
    for target in &targets {
        for method in ["GET", "POST", "HEAD", "OPTIONS", "CONNECT", "PUT", "get", "X"] {
            for version in [0, 1, 9] {
                let expected = is_request_target(method, target) && !target.is_empty();
                let line = format!("{method} {target} HTTP/1.{version}");
                let plain = verdict(&DEFAULT, head(&[&line, "Host: h"]));
                let is_good = if expected { Verdict::Plain } else { Verdict::Failed(InvalidRequestLine, 400) };
                assert_eq!(plain, is_good, "{line:?}");
                counts[usize::from(expected)] += 1;
                let scheme = target.split_once("://").map_or(String::new(), |(scheme, _)| scheme.to_ascii_lowercase());
                let is_resource = target.starts_with('/') || ["http", "https", "ws", "wss"].contains(&&*scheme);
                let opens = verdict(&DEFAULT, request_but(0, &line)) == Verdict::Handshake;
                assert_eq!(opens, expected && method == "GET" && version > 0 && is_resource, "{line:?}");
            }
        }
    }
    assert!(counts.iter().all(|&count| count > 1_000), "{counts:?}");
}

/// HT-14, B-20: every Content-Length of up to two bytes in an opening handshake, and every Transfer-Encoding of one byte and many of two, alone
/// and beside it: it opens if and only if there is no coding and the length is zero, in whatever number of digits.
#[test]
fn every_body_of_a_handshake_is_refused() {
    let with = |lines: &[u8]| {
        let good = request_with(&[]);
        verdict(&DEFAULT, [&good[..good.len() - 2], lines, b"\r\n"].concat())
    };
    for value in short_values() {
        let bare = String::from_utf8_lossy(&value).trim_matches([' ', '\t']).to_string();
        let found = with(&[b"Content-Length: ", &value[..], b"\r\n"].concat());
        let is_zero = !bare.is_empty() && bare.chars().all(|c| c == '0');
        match found {
            Verdict::Handshake => assert!(is_zero, "{bare:?}"),
            Verdict::Failed(RequestWithBody, 400) => assert!(bare.parse::<u8>().is_ok_and(|len| len > 0) && !bare.contains('+')),
            Verdict::Failed(InvalidBodyLength | InvalidHeaderValue | InvalidLineEnd, 400) => {
                assert!(bare.parse::<u8>().is_err() || bare.contains('+'), "{bare:?}");
            }
            other => panic!("{other:?} on {bare:?}"),
        }
    }
    let codings = ["chunked", "gzip, chunked", "identity", "chunked, gzip"].map(|coding| coding.as_bytes().to_vec());
    for value in shorter_values().chain(codings) {
        for lens in [&b""[..], b"Content-Length: 0\r\n"] {
            let found = with(&[b"Transfer-Encoding: ", &value[..], b"\r\n", lens].concat());
            assert!(matches!(found, Verdict::Failed(_, 400)), "{found:?} on {value:02x?}");
        }
    }
}

/// HS-05, B-28, CVE-2026-5067: keys of every length up to 100 digits, with every number of `=` after them, and every byte in every place of a
/// good one: taken if and only if they are 22 digits and two `=`.
#[test]
fn every_length_and_byte_of_a_key() {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for len in 0..=100 {
        for padding in 0..=4 {
            let key: Vec<u8> = digits.iter().copied().cycle().take(len).chain((0..padding).map(|_| b'=')).collect();
            let expected = if (len, padding) == (22, 2) { Verdict::Handshake } else { Verdict::Failed(InvalidKey, 400) };
            assert_eq!(verdict(&DEFAULT, request_of(4, "Sec-WebSocket-Key", &key)), expected, "{len} and {padding}");
        }
    }
    for place in 0..RFC_KEY.len() {
        for byte in 0..=255 {
            let mut key = RFC_KEY.as_bytes().to_vec();
            key[place] = byte;
            let opens = verdict(&DEFAULT, request_of(4, "Sec-WebSocket-Key", &key)) == Verdict::Handshake;
            assert_eq!(opens, if place < 22 { digits.contains(&byte) } else { byte == b'=' }, "{}", key.escape_ascii());
        }
    }
}

/// K-15, HS-11: any number of lines of Sec-WebSocket-Extensions without a byte, or with blanks alone, beside lists or alone: no offer; commas
/// alone are no list.
#[test]
fn every_number_of_empty_extension_lines_is_no_offer() {
    for empty in ["", " ", "\t ", "   "] {
        for before in 0..3 {
            for after in 0..3 {
                for (list, is_good) in [(None, true), (Some("a; b=c"), true), (Some(","), false), (Some("a;"), false)] {
                    let empty = format!("Sec-WebSocket-Extensions:{empty}");
                    let list = list.map(|list| format!("Sec-WebSocket-Extensions: {list}"));
                    let mut lines = vec![empty.as_str(); before];
                    lines.extend(list.as_deref());
                    lines.extend(vec![empty.as_str(); after]);
                    let expected = if is_good { Verdict::Handshake } else { Verdict::Failed(InvalidHeaderList, 400) };
                    assert_eq!(verdict(&DEFAULT, request_with(&lines)), expected, "{lines:?}");
                }
            }
        }
    }
}

/// HT-16: the headers that end a body or that we write ourselves, in every mix of case, are refused in a 101; the request then still waits for its answer.
#[test]
fn headers_of_the_101_are_ours_in_any_case() {
    let names = [
        "upgrade",
        "connection",
        "content-length",
        "transfer-encoding",
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "sec-websocket-version",
    ];
    property(800, (one_of(&names), vec(any::<bool>(), 24)), |(name, capitals)| {
        let name: String =
            name.chars().zip(capitals).map(|(c, is_capital)| if is_capital { c.to_ascii_uppercase() } else { c }).collect();
        let mut conn = Connection::server(&DEFAULT, ms(0));
        let mut input = request_with(&[]);
        let Some(Event::Request(request)) = conn.receive(ms(0), &mut input, &mut []).unwrap().event else { panic!() };
        let (mut out, headers) = ([0xA5; 500], [Header::new("X", "y"), Header::new(&name, "0")]);
        let refused = conn.accept(&request, &Accept::new(Origin::Any).headers(&headers), ms(0), &mut out);
        assert_eq!((refused, out), (Err(UsageError::ReservedHeader.into()), [0xA5; 500]), "{name}");
        let len = conn.accept(&request, &Accept::new(Origin::Any).headers(&headers[..1]), ms(0), &mut out).unwrap();
        let text = core::str::from_utf8(&out[..len]).unwrap().to_ascii_lowercase();
        assert!(!text.contains("content-length") && !text.contains("transfer-encoding"));
    });
}
