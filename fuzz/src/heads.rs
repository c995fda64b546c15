//! HTTP heads alone: parsed whole, as they arrive, and a second time by the naive reader.

use crate::frames::every_way;
use crate::input::{HeadLimits, Heads};
use crate::naive::{self, Head, Kind, Reading};
use crate::support::probe::{Fields, Seen};
use crate::support::{Begin, Case, Transcript};
use sansocket::{Config, Headers, ProtocolError, Request, Response, Role};

/// A request, or a response.
pub fn heads(input: &Heads<'_>) {
    let (role, wire) = (input.receiver, input.wire.0);
    let (config, _) = input.settings.config();
    let case = Case { role, config: &config, begin: Begin::Handshake };
    // Other targets cover frames.
    let head_end = naive::find(wire.get(2..).unwrap_or_default(), b"\r\n\r\n").map_or(wire.len(), |at| at + 6);
    let wire = &wire[..head_end];
    let seen = every_way(&case, &input.pieces, wire);
    assert_scan_agrees(role, wire, &config, &seen);
    let limits = input.settings.head_limits();
    match role {
        Role::Server => {
            let reading = naive::request(wire, &limits);
            let request = Request::parse(wire, &config);
            assert_same_verdict(&reading, &request.map(|request| request.map(|request| request.bytes().len())));
            if let (Reading::Valid(head), Ok(Some(request))) = (&reading, request) {
                assert_eq!([request.method(), request.target()], [&head.start[0], &head.start[1]]);
                assert_eq!(fields(request.headers()), naive_fields(head));
                parts(head, &request);
                let event = &seen.events[0];
                match head.kind() {
                    Kind::Plain => assert!(matches!(event, Seen::HttpRequest { .. }), "{event:?}"),
                    Kind::OpeningHandshake => assert!(matches!(event, Seen::Request { .. }), "{event:?}"),
                    Kind::Wrong => assert!(matches!(event, Seen::Failed(_)), "{event:?}"),
                }
            }
        }
        Role::Client => {
            let reading = naive::response(wire, &limits);
            let response = Response::parse(wire, &config);
            assert_same_verdict(&reading, &response.map(|response| response.map(|response| response.bytes().len())));
            if let (Reading::Valid(head), Ok(Some(response))) = (&reading, response) {
                assert_eq!(format!("{:03}", response.status()), head.start[1]);
                assert_eq!(latin(response.reason()), head.start[2]);
                assert_eq!(fields(response.headers()), naive_fields(head));
            }
        }
    }
}

/// The parts of a request's target, and its lists.
fn parts(head: &Head, request: &Request<'_>) {
    let target = &head.start[1];
    let (path, query) = (request.path(), request.query());
    assert!(path == "/" || target.contains(path), "{path} of {target}");
    let rejoined = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_string(),
    };
    if target.starts_with('/') {
        assert_eq!(rejoined, *target);
    } else if !rejoined.starts_with("/?") {
        assert!(target.ends_with(&rejoined) || path == "/", "{rejoined} of {target}");
    }
    let offered: Vec<_> = request.subprotocols().collect();
    if head.kind() == Kind::OpeningHandshake {
        assert_eq!(offered, head.list("sec-websocket-protocol").unwrap_or_default());
    }
    assert_eq!(request.origin().map(latin), head.all("origin").first().map(ToString::to_string));
    for (name, _) in &head.fields {
        let first = request.header(&name.to_ascii_uppercase()).map(latin);
        assert_eq!(first.as_deref(), head.all(name).first().copied());
    }
}

/// The naive reader and `parse` agree, if the head is complete.
fn assert_same_verdict(reading: &Reading<Head>, parsed: &Result<Option<usize>, ProtocolError>) {
    match (reading, parsed) {
        (Reading::Valid(head), Ok(Some(len))) => assert_eq!(head.len, *len),
        (Reading::Invalid, Err(_)) | (Reading::Incomplete, Ok(None) | Err(_)) => {}
        _ => panic!("{parsed:?}, expected {reading:?}"),
    }
}

/// `parse` over a whole head agrees with the scan byte by byte, whose verdict does not come earlier.
pub(crate) fn assert_scan_agrees(role: Role, wire: &[u8], config: &Config<'_>, seen: &Transcript) {
    let parse = |bytes| match role {
        Role::Server => Request::parse(bytes, config).map(|request| request.map(|request| request.bytes().len())),
        Role::Client => Response::parse(bytes, config).map(|response| response.map(|response| response.bytes().len())),
    };
    match parse(wire) {
        Ok(None) => assert!(matches!(seen.events[..], [Seen::Closed { .. }]), "{seen:02x?}"),
        Ok(Some(len)) => {
            for end in [0, len / 2, len - 1] {
                assert_eq!(parse(&wire[..end]), Ok(None));
            }
            assert_eq!(parse(&wire[..len]), Ok(Some(len)));
            if role == Role::Server {
                assert!(seen.fault_at.is_none_or(|at| at >= len), "a fault inside a good head");
            }
        }
        Err(error) => {
            assert_eq!(seen.events[0], Seen::Failed(error));
            let at = seen.fault_at.unwrap();
            assert_eq!(parse(&wire[..at]), Err(error));
            assert_eq!(parse(&wire[..at - 1]), Ok(None));
        }
    }
}

/// The event shows what the naive reader found.
pub(crate) fn assert_same_head(head: &Head, event: &Seen) {
    let fields = match event {
        Seen::Request { method, target, fields } | Seen::HttpRequest { method, target, fields } => {
            assert_eq!([method, target], [&head.start[0], &head.start[1]]);
            fields
        }
        Seen::Opened { status, fields } | Seen::Refused { status, fields, .. } => {
            assert_eq!(format!("{status:03}"), head.start[1]);
            fields
        }
        other => panic!("{other:02x?}, expected {head:?}"),
    };
    assert_eq!(*fields, naive_fields(head));
}

/// A server's refusal: one response with its body, and the connection closes after it (HT-23).
pub(crate) fn assert_refusal(output: &[u8], status: Option<u16>) {
    let Reading::Valid(head) = naive::response(output, &HeadLimits::DEFAULT) else {
        panic!("{}", String::from_utf8_lossy(output))
    };
    assert!(head.start[1].starts_with('4'), "{head:?}");
    assert!(status.is_none_or(|status| status.to_string() == head.start[1]), "{head:?}");
    assert!(head.list("connection").unwrap().contains(&"close".to_string()));
    assert_eq!(head.all("content-length"), [(output.len() - head.len).to_string()]);
}

fn fields(headers: Headers<'_>) -> Fields {
    headers.map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec())).collect()
}

fn naive_fields(head: &Head) -> Fields {
    let bytes = |value: &String| value.chars().map(|c| u8::try_from(c).unwrap()).collect();
    head.fields.iter().map(|(name, value)| (name.clone(), bytes(value))).collect()
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
