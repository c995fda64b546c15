//! Connections from the first byte of the opening handshake on.

use crate::endpoint::{Endpoint, Phase};
use crate::frames::{adapt, assert_agrees, assert_cut, careless, drive, every_way};
use crate::heads::{assert_refusal, assert_same_head, assert_scan_agrees};
use crate::input::{Client, Decision, DecisionKind, Driven, HeadLimits, Reply, Server};
use crate::naive::{self, Head, Kind, Reading};
use crate::support::http::{accept_of, client_key};
use crate::support::model::judge;
use crate::support::probe::{Answer, Seen};
use crate::support::{Begin, Case, ms};
use sansocket::{Accept, CallError, Config, Header, Origin, Request, Role, UsageError};

/// A client's bytes, as a server receives them: a request, and frames.
pub fn server(input: &Server<'_>) {
    let (settings, wire) = (&input.settings, input.wire.0);
    let (config, limits) = settings.config();
    let reading = naive::request(wire, &settings.head_limits());
    if let Some(driven) = &input.driven {
        return driven_server(input, driven, wire, &reading);
    }
    let case = Case { role: Role::Server, config: &config, begin: Begin::Handshake };
    let seen = every_way(&case, &input.pieces, wire);
    assert_scan_agrees(Role::Server, wire, &config, &seen);
    let kind = match &reading {
        Reading::Valid(head) => head.kind(),
        Reading::Invalid => Kind::Wrong,
        Reading::Incomplete if seen.has_failed() => Kind::Wrong,
        Reading::Incomplete => return assert_eq!(seen.events, [CUT], "events before the head is complete"),
    };
    match (kind, &reading) {
        (Kind::OpeningHandshake, Reading::Valid(head)) => {
            assert_same_head(head, &seen.events[0]);
            let (response, frames) = take_101(&seen.output, head, settings.subprotocols());
            let offered = head.list("sec-websocket-protocol").unwrap_or_default();
            let chosen = settings.subprotocols().iter().find(|&&name| offered.iter().any(|offered| offered == name));
            assert_eq!(response.all("sec-websocket-protocol").first(), chosen, "the subprotocol");
            let mut expected = judge(Role::Server, Begin::Open, limits, &wire[head.len..]);
            adapt(&mut expected, settings);
            assert_agrees(&expected, &seen, head.len, frames, Role::Server);
        }
        (Kind::Plain, Reading::Valid(head)) => {
            assert_same_head(head, &seen.events[0]);
            assert!(matches!(seen.events[..], [Seen::HttpRequest { .. }, CUT]), "{seen:02x?}");
            assert_refusal(&seen.output, Some(404));
        }
        _ => {
            assert!(matches!(seen.events[..], [Seen::Failed(_), CUT]), "{seen:02x?}");
            assert_refusal(&seen.output, None);
        }
    }
}

/// A server's bytes, as a client receives them: responses, and frames.
pub fn client(input: &Client<'_>) {
    let (settings, wire) = (&input.settings, input.wire.0);
    let (config, limits) = settings.config();
    let head_limits = settings.head_limits();
    // Interim responses go before the final one.
    let (mut from, mut interim) = (0, 0);
    let reading = loop {
        match naive::response(&wire[from..], &head_limits) {
            Reading::Valid(head) if head.start[1].starts_with('1') && head.start[1] != "101" => {
                from += head.len;
                interim += 1;
                if interim > head_limits.interim {
                    break Reading::Invalid;
                }
            }
            reading => break reading,
        }
    };
    let opens = |head: &Head| head.opens(&accept_of(&client_key()), settings.subprotocols());
    if let Some(steps) = &input.steps {
        careless(Role::Client, Begin::Handshake, &config, input.pieces.room(), steps, wire);
        let mut endpoint = Endpoint::new(Role::Client, &config, Begin::Handshake);
        drive(&mut endpoint, &input.pieces, steps, wire, |_, _| {});
        match (&endpoint.probe.events[0], reading) {
            (Seen::Opened { .. }, Reading::Valid(head)) if opens(&head) => {
                let mut expected = judge(Role::Client, Begin::Open, limits, &wire[from + head.len..]);
                adapt(&mut expected, settings);
                assert_cut(&expected, &endpoint, &endpoint.probe.events[1..], settings);
            }
            (Seen::Opened { .. }, reading) => panic!("opened by {reading:?}"),
            _ => {
                assert!(endpoint.probe.output.is_empty() && endpoint.expected.is_empty(), "bytes before the connection is open")
            }
        }
        return endpoint.check_output(&endpoint.probe.output);
    }
    let case = Case { role: Role::Client, config: &config, begin: Begin::Handshake };
    let seen = every_way(&case, &input.pieces, wire);
    if from == 0 {
        assert_scan_agrees(Role::Client, wire, &config, &seen);
    }
    match reading {
        Reading::Valid(head) if opens(&head) => {
            assert!(matches!(seen.events[0], Seen::Opened { .. }), "{seen:02x?}");
            assert_same_head(&head, &seen.events[0]);
            let from = from + head.len;
            let mut expected = judge(Role::Client, Begin::Open, limits, &wire[from..]);
            adapt(&mut expected, settings);
            assert_agrees(&expected, &seen, from, &seen.output, Role::Client);
        }
        Reading::Valid(head) if !head.is_framed() => assert!(matches!(seen.events[..], [Seen::Failed(_), CUT]), "{seen:02x?}"),
        Reading::Valid(head) => {
            assert!(matches!(seen.events[..], [Seen::Refused { .. }, CUT]), "{seen:02x?}");
            assert_same_head(&head, &seen.events[0]);
            // After a 101 that is wrong there is no body.
            let body = if head.start[1] == "101" { &[][..] } else { &wire[from + head.len..] };
            assert_eq!(seen.rest, body, "the body is not ours");
            assert!(seen.output.is_empty());
        }
        Reading::Invalid => assert!(matches!(seen.events[..], [Seen::Failed(_), CUT]), "{seen:02x?}"),
        Reading::Incomplete => assert!(seen.has_failed() || seen.events == [CUT] && seen.output.is_empty(), "{seen:02x?}"),
    }
}

/// The event at the end of input if nothing was closed.
const CUT: Seen = Seen::Closed { code: 1006, was_clean: false };

/// The 101 at the start of a server's output, which belongs to the request `head`, and the frames after it.
fn take_101<'o>(output: &'o [u8], head: &Head, subprotocols: &[&str]) -> (Head, &'o [u8]) {
    let Reading::Valid(response) = naive::response(output, &HeadLimits::DEFAULT) else {
        panic!("no response: {}", String::from_utf8_lossy(output))
    };
    let offered = head.list("sec-websocket-protocol").unwrap_or_default();
    let offered: Vec<_> = offered.iter().map(|name| &name[..]).filter(|name| subprotocols.contains(name)).collect();
    // HS-08: only a valid handshake is answered by a 101, and a client accepts this one.
    assert_eq!(head.kind(), Kind::OpeningHandshake);
    assert!(response.opens(&accept_of(head.all("sec-websocket-key")[0]), &offered), "{response:?}");
    let frames = &output[response.len..];
    (response, frames)
}

fn driven_server(input: &Server<'_>, driven: &Driven, wire: &[u8], reading: &Reading<Head>) {
    let settings = &input.settings;
    let (config, limits) = settings.config();
    careless(Role::Server, Begin::Handshake, &config, input.pieces.room(), &driven.steps, wire);
    let mut endpoint = Endpoint::new(Role::Server, &config, Begin::Handshake);
    endpoint.probe.answer = match driven.reply {
        Reply::Accept => Answer::Accept,
        Reply::NotFound => Answer::NotFound,
        Reply::Later(_) => Answer::Wait,
    };
    drive(&mut endpoint, &input.pieces, &driven.steps, wire, |endpoint, cut| {
        let Reply::Later(decisions) = &driven.reply else { return };
        let waits = matches!(endpoint.probe.events.last(), Some(Seen::Request { .. } | Seen::HttpRequest { .. }));
        if waits && endpoint.phase == Phase::Handshake {
            answer(endpoint, &config, settings.subprotocols(), wire, decisions[cut]);
            // What comes after the request is still there.
            endpoint.feed(&[]);
        }
    });
    let output = &endpoint.probe.output;
    if output.starts_with(b"HTTP/1.1 101 ") {
        let Reading::Valid(head) = reading else { panic!("101 to {reading:?}") };
        let (_, frames) = take_101(output, head, settings.subprotocols());
        let mut expected = judge(Role::Server, Begin::Open, limits, &wire[head.len..]);
        adapt(&mut expected, settings);
        // The end of input may have come before the answer, but the pieces did not.
        assert_cut(&expected, &endpoint, &endpoint.probe.events[1..], settings);
        endpoint.check_output(frames);
    } else {
        assert!(endpoint.expected.is_empty());
        if !output.is_empty() {
            assert_refusal(output, None);
        }
    }
}

/// A decision that comes later than the request, from a copy of its head.
fn answer(endpoint: &mut Endpoint<'_>, config: &Config<'_>, subprotocols: &[&str], wire: &[u8], decision: Decision) {
    let request = Request::parse(wire, config).unwrap().unwrap();
    let is_opening = matches!(endpoint.probe.events.last(), Some(Seen::Request { .. }));
    let page = ["https://example.com"];
    let origin = if decision.wants_origin { Origin::OneOf(&page) } else { Origin::Any };
    let headers = [Header::new("X-Further", "1")];
    let headers = if decision.has_header { &headers[..] } else { &[] };
    let subprotocol = request.subprotocols().last().filter(|_| decision.takes_last);
    let mut out = [0; 4096];
    match decision.kind {
        DecisionKind::Wait => {}
        DecisionKind::Refuse => {
            let head_len = endpoint.probe.conn.respond_head(403, headers, 12, ms(endpoint.probe.now), &mut out).unwrap();
            endpoint.probe.output.extend(&out[..head_len]);
            endpoint.probe.output.extend(b"<p>Forbidden");
            endpoint.phase = Phase::Over;
        }
        DecisionKind::Accept => {
            let accept = Accept::new(origin).subprotocol(subprotocol).headers(headers);
            let now = ms(endpoint.probe.now);
            match endpoint.probe.conn.accept(&request, &accept, now, &mut []) {
                Err(CallError::NeedsRoom { bytes }) => {
                    assert!(is_opening);
                    let room = &mut out[..bytes];
                    assert_eq!(endpoint.probe.conn.accept(&request, &accept, now, room), Ok(bytes));
                    endpoint.probe.output.extend(&out[..bytes]);
                    endpoint.phase = Phase::Open;
                }
                Err(CallError::Usage(UsageError::NotAnOpeningHandshake)) => assert!(!is_opening),
                Err(CallError::Usage(UsageError::OriginNotAllowed)) => {
                    assert!(request.headers().all("origin").any(|origin| origin != page[0].as_bytes()));
                }
                Err(CallError::Usage(UsageError::UnofferedSubprotocol)) => {
                    assert!(!subprotocols.contains(&subprotocol.unwrap()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
