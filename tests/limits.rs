//! Every limit of `Config` at n and n+1, with its error and its close code or status.
mod support;

use sansocket::ProtocolError::{self, *};
use sansocket::{Config, MessageKind, Role};
use support::frames::*;
use support::http::{head, request_with, response_with, status_of};
use support::probe::Seen;
use support::{Case, DEFAULT, ROLES, Transcript};

fn binary(len: usize) -> Seen {
    Seen::Message(MessageKind::Binary, vec![b'x'; len])
}

fn fails(role: Role, seen: &Transcript, fault: ProtocolError, code: u16) {
    assert_eq!(seen.before_closed().last(), Some(&Seen::Failed(fault)));
    let frames = plain(&written_by(role, &seen.output));
    assert_eq!(frames.last(), Some(&(FIN | CLOSE, code.to_be_bytes().into())));
}

/// L-05, L-06, C-18: one frame at the limit, and one byte more, which fails from the header alone.
#[test]
fn message_of_one_frame_at_the_limit() {
    for role in ROLES {
        for max in [0, 1, 125, 126, 300] {
            let config = DEFAULT.max_message_len(max as u64);
            let case = Case::open(role).with(&config);
            let wire = frame_to(role, FIN | BINARY, &vec![b'x'; max]);
            assert_eq!(case.run_briefly(&wire).before_closed(), [binary(max)]);
            let wire = frame_to(role, FIN | BINARY, &vec![b'x'; max + 1]);
            let seen = case.run_briefly(&wire);
            fails(role, &seen, MessageTooLong, 1009);
            assert!(seen.open.is_none() && seen.fault_at.unwrap() <= 4);
        }
    }
}

/// L-05, C-18: the sum of the fragments at the limit, and one byte more in the last; control frames do not count.
#[test]
fn sum_of_fragments_at_the_limit() {
    let config = DEFAULT.max_message_len(10);
    for role in ROLES {
        let case = Case::open(role).with(&config);
        let ping = frame_to(role, FIN | PING, &[b'p'; 100]);
        let start = [frame_to(role, BINARY, b"xxxx"), ping, frame_to(role, CONTINUATION, b"xxxx")].concat();
        let wire = [start.clone(), frame_to(role, FIN, b"xx"), frame_to(role, FIN | BINARY, &[b'x'; 10])].concat();
        assert_eq!(case.run(&wire).before_closed()[1..], [binary(10), binary(10)]);
        let seen = case.run(&[start.clone(), frame_to(role, FIN, b"xxx")].concat());
        fails(role, &seen, MessageTooLong, 1009);
        assert_eq!(seen.fault_at, Some(start.len() + 2));
        assert_eq!(seen.open, Some((MessageKind::Binary, vec![b'x'; 8])));
    }
}

/// L-05: the default, by header alone.
#[test]
fn default_message_limit_is_16_mib() {
    for role in ROLES {
        let seen = Case::open(role).run_briefly(&header_to(role, FIN | BINARY, Form::SixtyFour, 16 << 20));
        assert_eq!(seen.before_closed(), []);
        let seen = Case::open(role).run_briefly(&header_to(role, FIN | BINARY, Form::SixtyFour, (16 << 20) + 1));
        fails(role, &seen, MessageTooLong, 1009);
    }
}

/// L-07, B-09, B-10: n fragments, empty ones counted, and one more; a new message starts at 0.
#[test]
fn fragments_at_the_limit() {
    let config = DEFAULT.max_fragments(4);
    for role in ROLES {
        let case = Case::open(role).with(&config);
        let ping = frame_to(role, FIN | PING, b"");
        let three =
            [frame_to(role, BINARY, b"x"), frame_to(role, CONTINUATION, b""), ping, frame_to(role, CONTINUATION, b"x")].concat();
        let wire = [three.clone(), frame_to(role, FIN, b"x"), three.clone(), frame_to(role, FIN, b"x")].concat();
        let messages: Vec<_> = case.run(&wire).events.into_iter().filter(|seen| matches!(seen, Seen::Message(..))).collect();
        assert_eq!(messages, [binary(3), binary(3)]);
        let four = [three, frame_to(role, CONTINUATION, b"")].concat();
        let seen = case.run(&[four.clone(), frame_to(role, FIN, b"")].concat());
        fails(role, &seen, TooManyFragments, 1008);
        assert_eq!(seen.fault_at, Some(four.len() + 1));
    }
}

/// L-07, B-09, CVE-2026-48779: the default, byte by byte.
#[test]
fn default_fragment_limit_is_65_536() {
    let role = Role::Client;
    let wire = [frame_to(role, BINARY, b"x"), frame_to(role, CONTINUATION, b"x").repeat(65_534)].concat();
    let good = [wire.clone(), frame_to(role, FIN, b"x")].concat();
    let mut probe = Case::open(role).start();
    good.chunks(3_000).for_each(|bytes| probe.feed(bytes));
    assert_eq!(probe.events, [binary(65_536)]);
    let mut probe = Case::open(role).start();
    [wire, frame_to(role, CONTINUATION, b"x")].concat().chunks(3_000).for_each(|bytes| probe.feed(bytes));
    assert!(probe.events.is_empty());
    probe.feed(&[FIN]);
    assert_eq!(probe.events, [Seen::Failed(TooManyFragments)]);
}

/// L-09, F-16, B-10: n empty frames between two bytes of payload, and one more, which fails at its second byte. An empty
/// frame that ends its message is progress.
#[test]
fn empty_frames_at_the_limit() {
    let config = DEFAULT.max_empty_frames(3);
    for role in ROLES {
        let case = Case::open(role).with(&config);
        let empty = frame_to(role, CONTINUATION, b"");
        let wire = [frame_to(role, BINARY, b""), empty.repeat(2), frame_to(role, FIN, b"")].concat();
        assert_eq!(case.run(&wire).before_closed(), [binary(0)]);
        let wire =
            [frame_to(role, BINARY, b""), empty.repeat(2), frame_to(role, 0, b"x"), empty.repeat(3), frame_to(role, FIN, b"x")];
        assert_eq!(case.run(&wire.concat()).before_closed(), [binary(2)]);
        for start in
            [[frame_to(role, BINARY, b""), empty.repeat(2)].concat(), [frame_to(role, BINARY, b"x"), empty.repeat(3)].concat()]
        {
            let seen = case.run(&[start.clone(), empty.clone()].concat());
            fails(role, &seen, TooManyEmptyFrames, 1008);
            assert_eq!(seen.fault_at, Some(start.len() + 2));
        }
        // Empty messages are not empty fragments.
        let wire = frame_to(role, FIN | BINARY, b"").repeat(9);
        assert_eq!(case.run(&wire).before_closed(), vec![binary(0); 9]);
    }
}

/// L-09: the default.
#[test]
fn default_limit_of_empty_frames_is_1024() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        probe.feed(&[frame_to(role, BINARY, b""), frame_to(role, CONTINUATION, b"").repeat(1_023)].concat());
        assert!(probe.events.is_empty());
        probe.feed(&frame_to(role, CONTINUATION, b"")[..2]);
        assert_eq!(probe.events, [Seen::Failed(TooManyEmptyFrames)]);
    }
}

/// A head for `role` of exactly `len` bytes.
fn head_of(role: Role, len: usize) -> Vec<u8> {
    let with = |padding: &str| match role {
        Role::Server => request_with(&[padding]),
        Role::Client => response_with(&[padding]),
    };
    let bare = with("x: ").len();
    let head = with(&format!("x: {}", "y".repeat(len - bare)));
    assert_eq!(head.len(), len);
    head
}

fn opens(seen: &Transcript) -> bool {
    matches!(seen.before_closed(), [Seen::Request { .. } | Seen::Opened { .. }])
}

/// What a head that breaks a limit leads to: 431 or 414 from a server, nothing from a client.
fn refuses(role: Role, seen: &Transcript, fault: ProtocolError, status: u16) {
    // Not `assert_eq!`: heads at the limit are long to print.
    assert!(seen.before_closed().last() == Some(&Seen::Failed(fault)), "{fault:?} did not come");
    match role {
        Role::Server => assert_eq!(status_of(&seen.output), status),
        Role::Client => assert!(seen.output.is_empty()),
    }
}

/// L-01, HS-16.
#[test]
fn head_at_the_limit() {
    let config = DEFAULT.max_head_len(300);
    for role in ROLES {
        let case = Case::handshake(role).with(&config);
        assert!(opens(&case.run(&head_of(role, 300))));
        refuses(role, &case.run(&head_of(role, 301)), HeadTooLong, 431);
        // The default.
        let head = head_of(role, 8_192);
        let default = Case::handshake(role);
        assert!(opens(&default.deliver(&head, [], 131)) && opens(&default.deliver(&head, [100, 101, 5_000, 8_191], 131)));
        refuses(role, &default.deliver(&head_of(role, 8_193), [], 131), HeadTooLong, 431);
    }
}

/// Law 3, L-01: a caller whose buffer is as long as the limit gets a 431 and does not stall: at the limit the head is known to be too
/// long, and the caller has no room for another byte.
#[test]
fn head_that_fills_the_limit_without_an_end_is_too_long() {
    let config = DEFAULT.max_head_len(300);
    for role in ROLES {
        let wire = &head_of(role, 301)[..300];
        let seen = Case::handshake(role).with(&config).run(wire);
        refuses(role, &seen, HeadTooLong, 431);
        assert_eq!(seen.fault_at, Some(300));
    }
}

/// L-02, HS-16, B-17, CVE-2024-37890: header lines at the limit.
#[test]
fn header_lines_at_the_limit() {
    for role in ROLES {
        let with = |lines: usize, config: &Config<'_>| {
            let own = if role == Role::Server { 5 } else { 3 };
            let more = vec!["x: y"; lines - own];
            let head = if role == Role::Server { request_with(&more) } else { response_with(&more) };
            Case { role, config, begin: support::Begin::Handshake }.run_cut(&head, &[1, 40, 100, 101], 60)
        };
        let config = DEFAULT.max_header_lines(9);
        assert!(opens(&with(9, &config)));
        refuses(role, &with(10, &config), TooManyHeaderLines, 431);
        assert!(opens(&with(100, &DEFAULT)));
        refuses(role, &with(101, &DEFAULT), TooManyHeaderLines, 431);
    }
}

/// L-02: the highest limit there is still limits.
#[test]
fn highest_limit_of_header_lines_still_limits() {
    let config = DEFAULT.max_header_lines(u16::MAX).max_head_len(u32::MAX);
    let mut wire = b"GET / HTTP/1.1\r\n".to_vec();
    wire.extend(b"a:\r\n".repeat(65_536));
    wire.extend(b"\r\n");
    let seen = Case::handshake(Role::Server).with(&config).deliver(&wire, [], 131);
    refuses(Role::Server, &seen, TooManyHeaderLines, 431);
}

/// L-03, HS-16.
#[test]
fn target_at_the_limit() {
    let target = |len: usize| {
        let line = format!("GET /{} HTTP/1.1", "t".repeat(len - 1));
        support::http::request_but(0, &line)
    };
    let config = DEFAULT.max_target_len(20);
    let case = Case::handshake(Role::Server).with(&config);
    assert!(opens(&case.run(&target(20))));
    let seen = case.run(&target(21));
    refuses(Role::Server, &seen, TargetTooLong, 414);
    assert_eq!(seen.fault_at, Some(4 + 21));
    let default = Case::handshake(Role::Server);
    assert!(opens(&default.deliver(&target(4_096), [], 131)));
    refuses(Role::Server, &default.deliver(&target(4_097), [], 131), TargetTooLong, 414);
}

/// L-04, HT-17: interim responses at the limit, by default and otherwise.
#[test]
fn interim_responses_at_the_limit() {
    let interim = head(&["HTTP/1.1 103 Early Hints", "Link: </style.css>"]);
    let with = |count: usize, config: &Config<'_>| {
        let wire = [interim.repeat(count), response_with(&[])].concat();
        Case { role: Role::Client, config, begin: support::Begin::Handshake }.run_cut(&wire, &[30, 60, 90, 200], 60)
    };
    for (max, config) in [(0, DEFAULT.max_interim_responses(0)), (2, DEFAULT.max_interim_responses(2)), (8, DEFAULT)] {
        assert!(opens(&with(max, &config)));
        refuses(Role::Client, &with(max + 1, &config), TooManyInterimResponses, 0);
    }
}

/// L-04: the highest limit there is still limits.
#[test]
fn highest_limit_of_interim_responses_still_limits() {
    let config = DEFAULT.max_interim_responses(u8::MAX);
    let wire = [b"HTTP/1.1 100 \r\n\r\n".repeat(256), response_with(&[])].concat();
    let seen = Case::handshake(Role::Client).with(&config).deliver(&wire, [], 131);
    refuses(Role::Client, &seen, TooManyInterimResponses, 0);
}

/// Law 14: limits so extreme that sums could wrap, or nothing pass, do no harm.
#[test]
fn extreme_limits_are_harmless() {
    let config = DEFAULT.max_message_len(u64::MAX).max_fragments(u32::MAX).max_empty_frames(u32::MAX);
    for role in ROLES {
        let wire = [frame_to(role, BINARY, b"x"), header_to(role, FIN, Form::SixtyFour, (1 << 63) - 1)].concat();
        assert_eq!(Case::open(role).with(&config).run_briefly(&wire).before_closed(), []);
    }
    let config = DEFAULT.max_message_len(0).max_fragments(0).max_empty_frames(0);
    for role in ROLES {
        let case = Case::open(role).with(&config);
        assert_eq!(case.run(&frame_to(role, FIN | BINARY, b"")).before_closed(), [binary(0)]);
        fails(role, &case.run(&frame_to(role, BINARY, b"")), TooManyEmptyFrames, 1008);
        fails(role, &case.run(&frame_to(role, FIN | BINARY, b"x")), MessageTooLong, 1009);
    }
    let config = DEFAULT.max_head_len(0).max_header_lines(0).max_target_len(0);
    for role in ROLES {
        let seen = Case::handshake(role).with(&config).run_briefly(&head_of(role, 200));
        assert!(seen.has_failed());
    }
}
