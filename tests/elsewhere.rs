//! Connections whose opening handshake another HTTP stack did (`Connection::open`): from there on nothing differs.
mod property;
mod support;

use property::{bytes, property, role};
use sansocket::ProtocolError::*;
use sansocket::{
    Accept, CallError, ClientRequest, CloseCode, Connection, DeflateDirection, DeflateParams, Event, MessageKind, Negotiated,
    NoEntropy, Origin, Request, Role, State, Transport, UsageError,
};
use support::entropy::Counter;
use support::frames::*;
use support::http::{good_head_to, request_with};
use support::probe::Seen;
use support::{Case, DEFAULT, ROLES, ms};

/// Wires of frames for `role`, good and bad, one for each rule of §5 and some more.
fn wires(role: Role) -> Vec<Vec<u8>> {
    let to = |first: u8, payload: &[u8]| frame_to(role, first, payload);
    let other = if role == Role::Server { None } else { Some(KEY) };
    vec![
        to(FIN | TEXT, b"Hello"),
        [to(TEXT, b"\xC3"), to(FIN | PING, b"p"), to(CONTINUATION, b""), to(FIN, b"\xA4")].concat(),
        [to(FIN | BINARY, &[7; 300]), to(FIN | PONG, b""), close_to(role, 1001, b"bye"), to(FIN | TEXT, b"ignored")].concat(),
        to(FIN | CLOSE, b""),
        // The mask, required and forbidden.
        frame(FIN | TEXT, other, b"Hello"),
        frame(FIN | PING, other, b""),
        to(0xC1, b"x"),
        to(0x83, b"x"),
        to(PING, b"x"),
        header_to(role, FIN | PING, Form::Sixteen, 126),
        header_to(role, FIN | BINARY, Form::Sixteen, 125),
        header_to(role, FIN | BINARY, Form::SixtyFour, 1 << 63),
        header_to(role, FIN | BINARY, Form::SixtyFour, (16 << 20) + 1),
        to(FIN, b"x"),
        [to(TEXT, b"a"), to(TEXT, b"b")].concat(),
        to(FIN | TEXT, b"ab\xFFcd"),
        to(FIN | CLOSE, b"\x03"),
        close_to(role, 1005, b""),
        close_to(role, 1000, b"\xFF"),
    ]
}

/// What comes after the head of `seen`, if there is one: its events, and its frames without their keys.
fn after_the_head(role: Role, seen: support::Transcript, has_head: bool) -> (Vec<Seen>, Vec<(u8, Vec<u8>)>) {
    let head = if has_head && role == Role::Server {
        seen.output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4
    } else {
        0
    };
    (seen.events[usize::from(has_head)..].to_vec(), plain(&written_by(role, &seen.output[head..])))
}

/// H2-05, H2-09, F-01 to F-06, F-17, F-18: every wire gives the same events and the same answers, whoever did the opening handshake. A
/// client's frames must be masked, a server's must not, over HTTP/2 as over HTTP/1.1.
#[test]
fn framing_is_the_same_whoever_did_the_handshake() {
    let is_the_same = |role, wire: &[u8]| {
        let elsewhere = after_the_head(role, Case::open(role).run_briefly(wire), false);
        let with_head = [&good_head_to(role), wire].concat();
        let here = after_the_head(role, Case::handshake(role).run_briefly(&with_head), true);
        assert_eq!(elsewhere, here, "{role:?} {wire:02x?}");
    };
    property(10, (role(), bytes(0..30)), |(role, wire)| is_the_same(role, &wire));
    for role in ROLES {
        wires(role).iter().for_each(|wire| is_the_same(role, wire));
        let fault = if role == Role::Server { UnmaskedClientFrame } else { MaskedServerFrame };
        let seen = Case::open(role).run(&wires(role)[4]);
        assert_eq!(seen.before_closed(), [Seen::Failed(fault)]);
    }
}

/// H2-05: what a client sends is masked by keys of its own, and a server's frames are not, without a handshake of ours.
#[test]
fn client_of_another_handshake_masks() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        probe.write(|conn, out| conn.send_text("Hello", out));
        probe.write(|conn, out| conn.send(MessageKind::Binary, &[1; 200], true, out));
        probe.feed(&frame_to(role, FIN | PING, b"p"));
        probe.write(|conn, out| conn.close(Some(CloseCode::NORMAL_CLOSURE), "", ms(0), out));
        // `written_by` insists on the mask bit of the role.
        let frames = written_by(role, &probe.output);
        let keys: Vec<_> = frames.iter().filter_map(|frame| frame.key).collect();
        let expected: &[[u8; 4]] =
            if role == Role::Client { &[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]] } else { &[] };
        assert_eq!((frames.len(), &keys[..]), (4, expected));
    }
}

/// H2-09: OPEN from the start, with the deadlines of an open connection; nothing is written, drawn or waited for, and the verbs of the opening
/// handshake are refused.
#[test]
fn connection_starts_open_with_what_was_negotiated() {
    let config = DEFAULT.subprotocols("chat, superchat").idle_timeout_ms(60_000);
    for role in ROLES {
        for (negotiated, subprotocol) in [
            (Negotiated::NOTHING, None),
            (Negotiated::NOTHING.with_subprotocol(0), Some("chat")),
            (Negotiated::NOTHING.with_subprotocol(1), Some("superchat")),
            // There is no such member: `None`, and no panic.
            (Negotiated::NOTHING.with_subprotocol(2), None),
            (Negotiated::NOTHING.with_subprotocol(255), None),
        ] {
            let entropy = Counter::default();
            let mut conn = Connection::open(role, &config, entropy.clone(), negotiated, ms(1_000));
            assert_eq!((conn.state(), conn.transport(), conn.role()), (State::Open, Transport::Keep, role));
            assert_eq!(conn.subprotocol(), subprotocol);
            assert_eq!(conn.next_timeout(), Some(ms(26_000)));
            assert!(entropy.draws().is_empty());
            let request = request_with(&[]);
            let request = Request::parse(&request, &config).unwrap().unwrap();
            let mut out = [0; 500];
            let wrong = |client, server| CallError::from(if role == Role::Client { client } else { server });
            assert_eq!(
                conn.accept(&request, &Accept::new(Origin::Any), ms(1_000), &mut out),
                Err(wrong(UsageError::WrongRole, UsageError::NotConnecting))
            );
            assert_eq!(
                conn.request(&ClientRequest::new("a", "/"), ms(1_000), &mut out),
                Err(wrong(UsageError::NotConnecting, UsageError::WrongRole))
            );
            assert_eq!(out, [0; 500]);
            conn.send_text("at once", &mut out).unwrap();
        }
    }
}

/// H2-09: the parameters of compression are taken over: RSV1 has a meaning then, on the first frame of a message and nowhere else. (A
/// compressed message is left where it is by a caller that brought nothing to inflate it.)
#[test]
fn negotiated_compression_gives_rsv1_its_meaning() {
    let direction = DeflateDirection { no_context_takeover: true, max_window_bits: 12 };
    let params = DeflateParams { server: direction, client: DeflateDirection::DEFAULT };
    for (negotiated, is_agreed) in [(Negotiated::NOTHING, false), (Negotiated::NOTHING.with_deflate(params), true)] {
        let mut conn = Connection::open(Role::Server, &DEFAULT, NoEntropy, negotiated, ms(0));
        let wire = frame_to(Role::Server, 0xC1, b"\xF2\x48\xCD\xC9\xC9\x07\0");
        let mut input = wire.clone();
        let mut out = [0; 131];
        let result = conn.receive(ms(0), &mut input, &mut out);
        match result {
            Err(error) => assert_eq!((error, is_agreed), (UsageError::NoDeflate.into(), true)),
            Ok(received) => assert!(matches!(received.event, Some(Event::Failed { error: ReservedBitSet, .. })) && !is_agreed),
        }
        assert_eq!(input, wire);
        for first in [0xC9, 0xE1, 0x91, 0xC8] {
            let mut conn = Connection::open(Role::Server, &DEFAULT, NoEntropy, negotiated, ms(0));
            let mut input = frame_to(Role::Server, first, b"");
            let received = conn.receive(ms(0), &mut input, &mut out).unwrap();
            assert!(matches!(received.event, Some(Event::Failed { error: ReservedBitSet, .. })), "{first:02x}");
        }
    }
}
