//! Connections from the first octet of the opening handshake on.

use crate::endpoint::{Endpoint, Phase};
use crate::frames::{adapt, assert_agrees, assert_cut, careless, drive, every_way};
use crate::heads::{assert_refusal, assert_same_head, assert_scan_agrees};
use crate::naive::{self, Head, Kind, Reading};
use crate::recipe::{Recipe, Step};
use crate::support::http::{accept_of, client_key};
use crate::support::model::judge;
use crate::support::probe::{Answer, Seen};
use crate::support::{Begin, Case, ms};
use sansocket::{Accept, CallError, Config, Header, Origin, Request, Role, UsageError};

/// A client's octets, as a server receives them: a request, and frames.
pub fn server(data: &[u8]) {
    let Some((recipe, wire)) = Recipe::split(data) else { return };
    let (config, limits) = recipe.settings();
    let reading = naive::request(wire, &recipe.head_limits());
    if recipe.is_driven() {
        return driven_server(&recipe, wire, &reading);
    }
    let case = Case { role: Role::Server, config: &config, begin: Begin::Handshake };
    let seen = every_way(&case, &recipe, wire);
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
            let frames = frames_behind_101(&seen.output, head, &recipe);
            let mut expected = judge(Role::Server, Begin::Open, limits, &wire[head.len..]);
            adapt(&mut expected, &recipe);
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

/// A server's octets, as a client receives them: responses, and frames.
pub fn client(data: &[u8]) {
    let Some((recipe, wire)) = Recipe::split(data) else { return };
    let (config, limits) = recipe.settings();
    let head_limits = recipe.head_limits();
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
    let opens = |head: &Head| head.opens(&accept_of(&client_key()), recipe.subprotocols());
    if recipe.is_driven() {
        careless(Role::Client, Begin::Handshake, &recipe, wire);
        let mut endpoint = Endpoint::new(Role::Client, &config, Begin::Handshake);
        drive(&mut endpoint, &recipe, wire, |_, _| {});
        match (&endpoint.probe.events[0], reading) {
            (Seen::Opened { .. }, Reading::Valid(head)) if opens(&head) => {
                let mut expected = judge(Role::Client, Begin::Open, limits, &wire[from + head.len..]);
                adapt(&mut expected, &recipe);
                assert_cut(&expected, &endpoint, &endpoint.probe.events[1..], &recipe);
            }
            (Seen::Opened { .. }, reading) => panic!("opened by {reading:?}"),
            _ => {
                assert!(endpoint.probe.output.is_empty() && endpoint.expected.is_empty(), "octets before the connection is open")
            }
        }
        return endpoint.check_output(&endpoint.probe.output);
    }
    let case = Case { role: Role::Client, config: &config, begin: Begin::Handshake };
    let seen = every_way(&case, &recipe, wire);
    if from == 0 {
        assert_scan_agrees(Role::Client, wire, &config, &seen);
    }
    match reading {
        Reading::Valid(head) if opens(&head) => {
            assert!(matches!(seen.events[0], Seen::Opened { .. }), "{seen:02x?}");
            assert_same_head(&head, &seen.events[0]);
            let from = from + head.len;
            let mut expected = judge(Role::Client, Begin::Open, limits, &wire[from..]);
            adapt(&mut expected, &recipe);
            assert_agrees(&expected, &seen, from, &seen.output, Role::Client);
        }
        Reading::Valid(head) if !head.is_framed() => assert!(matches!(seen.events[..], [Seen::Failed(_), CUT]), "{seen:02x?}"),
        Reading::Valid(head) => {
            assert!(matches!(seen.events[..], [Seen::Refused { .. }, CUT]), "{seen:02x?}");
            assert_same_head(&head, &seen.events[0]);
            // Behind a 101 that is wrong there is no body.
            let body = if head.start[1] == "101" { &[][..] } else { &wire[from + head.len..] };
            assert_eq!(seen.rest, body, "the body is not ours");
            assert!(seen.output.is_empty());
        }
        Reading::Invalid => assert!(matches!(seen.events[..], [Seen::Failed(_), CUT]), "{seen:02x?}"),
        Reading::Incomplete => assert!(seen.has_failed() || seen.events == [CUT] && seen.output.is_empty(), "{seen:02x?}"),
    }
}

/// What the end of input gives where nothing was closed.
const CUT: Seen = Seen::Closed { code: 1006, was_clean: false };

/// The frames behind the 101 in the output of a server, which belongs to the request `head`.
fn frames_behind_101<'o>(output: &'o [u8], head: &Head, recipe: &Recipe) -> &'o [u8] {
    let Reading::Valid(response) = naive::response(output, &Recipe::split(&[0; 24]).unwrap().0.head_limits()) else {
        panic!("no response: {}", String::from_utf8_lossy(output))
    };
    let offered = head.list("sec-websocket-protocol").unwrap_or_default();
    let offered: Vec<_> = offered.iter().map(|name| &name[..]).filter(|name| recipe.subprotocols().contains(name)).collect();
    // HS-08: nothing else is ever answered by a 101, and a client takes this one.
    assert_eq!(head.kind(), Kind::OpeningHandshake);
    assert!(response.opens(&accept_of(head.all("sec-websocket-key")[0]), &offered), "{response:?}");
    if !recipe.is_driven() {
        let chosen = recipe.subprotocols().iter().find(|name| offered.contains(name));
        assert_eq!(response.all("sec-websocket-protocol").first(), chosen, "the subprotocol");
    }
    &output[response.len..]
}

fn driven_server(recipe: &Recipe, wire: &[u8], reading: &Reading<Head>) {
    let (config, limits) = recipe.settings();
    careless(Role::Server, Begin::Handshake, recipe, wire);
    let mut endpoint = Endpoint::new(Role::Server, &config, Begin::Handshake);
    endpoint.probe.answer = [Answer::Accept, Answer::Wait, Answer::NotFound, Answer::Wait][usize::from(recipe.choice())];
    drive(&mut endpoint, recipe, wire, |endpoint, step| {
        let waits = matches!(endpoint.probe.events.last(), Some(Seen::Request { .. } | Seen::HttpRequest { .. }));
        if waits && endpoint.phase == Phase::Handshake {
            answer(endpoint, &config, recipe.subprotocols(), wire, step);
            // What lies behind the request is still there.
            endpoint.feed(&[]);
        }
    });
    let output = &endpoint.probe.output;
    if output.starts_with(b"HTTP/1.1 101 ") {
        let Reading::Valid(head) = reading else { panic!("101 to {reading:?}") };
        let frames = frames_behind_101(output, head, recipe);
        let mut expected = judge(Role::Server, Begin::Open, limits, &wire[head.len..]);
        adapt(&mut expected, recipe);
        // The end of input may have come before the answer, but the pieces did not.
        assert_cut(&expected, &endpoint, &endpoint.probe.events[1..], recipe);
        endpoint.check_output(frames);
    } else {
        assert!(endpoint.expected.is_empty());
        if !output.is_empty() {
            assert_refusal(output, None);
        }
    }
}

/// A decision that comes later than the request, from a copy of its head.
fn answer(endpoint: &mut Endpoint<'_>, config: &Config<'_>, subprotocols: &[&str], wire: &[u8], step: Step) {
    let request = Request::parse(wire, config).unwrap().unwrap();
    let is_opening = matches!(endpoint.probe.events.last(), Some(Seen::Request { .. }));
    let page = ["https://example.com"];
    let origin = if step.argument & 1 == 0 { Origin::Any } else { Origin::OneOf(&page) };
    let headers = [Header::new("X-Further", "1")];
    let headers = if step.argument & 2 == 0 { &[][..] } else { &headers };
    let subprotocol = request.subprotocols().last().filter(|_| step.argument & 4 != 0);
    let mut out = [0; 4096];
    match step.verb >> 4 & 3 {
        0 => {}
        1 => {
            let head_len = endpoint.probe.conn.respond_head(403, headers, 12, ms(endpoint.probe.now), &mut out).unwrap();
            endpoint.probe.output.extend(&out[..head_len]);
            endpoint.probe.output.extend(b"<p>Forbidden");
            endpoint.phase = Phase::Over;
        }
        _ => {
            let accept = Accept::new(origin).subprotocol(subprotocol).headers(headers);
            let now = ms(endpoint.probe.now);
            match endpoint.probe.conn.accept(&request, &accept, now, &mut []) {
                Err(CallError::NeedsRoom { octets }) => {
                    assert!(is_opening);
                    let room = &mut out[..octets];
                    assert_eq!(endpoint.probe.conn.accept(&request, &accept, now, room), Ok(octets));
                    endpoint.probe.output.extend(&out[..octets]);
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
