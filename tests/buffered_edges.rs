//! `Buffered` at its edges: full buffers, clocks that run back, calls in unusual orders, moves between buffers.

mod support;

use sansocket::{
    Buffered, CallError, CloseCode, Config, Connection, EndCause, Event, MessageKind, Negotiated, NoEntropy, ProtocolError, Role,
    State, Transport, UsageError,
};
use support::frames::{BINARY, CONTINUATION, FIN, PING, TEXT, close_to, frame_to, plain, written_by};
use support::http::{head, request_with, response_with};
use support::{DEFAULT, ms, open};

type Server<'c> = Buffered<'c, NoEntropy, Vec<u8>, Vec<u8>>;

fn server_with<'c>(config: &'c Config<'c>, input: usize, output: usize) -> Server<'c> {
    let ws = Connection::open(Role::Server, config, NoEntropy, Negotiated::NOTHING, ms(0));
    Buffered::new(ws, vec![0; input], vec![0; output])
}

/// The transport brings all of `bytes` at `now`.
fn bring(ws: &mut Server<'_>, bytes: &[u8], now: u64) {
    ws.space().expect("space")[..bytes.len()].copy_from_slice(bytes);
    ws.filled(bytes.len(), ms(now));
}

fn nothing(ws: &mut Server<'_>, now: u64) {
    assert_eq!(ws.next(ms(now)).unwrap().map(|(event, _)| event), None);
}

/// The next event must be a message, or a piece of one.
fn payload(ws: &mut Server<'_>) -> Vec<u8> {
    match ws.next(ms(0)).unwrap() {
        Some((Event::Data(data), _)) => data.payload.to_vec(),
        other => panic!("{:?}", other.map(|(event, _)| event)),
    }
}

/// The next event must be a failure.
fn failure(ws: &mut Server<'_>) -> ProtocolError {
    match ws.next(ms(0)).unwrap() {
        Some((Event::Failed { error, .. }, _)) => error,
        other => panic!("{:?}", other.map(|(event, _)| event)),
    }
}

/// The next event must be the last; why it came.
fn end(ws: &mut Server<'_>, now: u64) -> EndCause {
    match ws.next(ms(now)).unwrap() {
        Some((Event::Closed { cause, .. }, _)) => cause,
        other => panic!("{:?}", other.map(|(event, _)| event)),
    }
}

/// A server whose output is so full that a Ping waits in the input.
fn stalled() -> Server<'static> {
    stalled_with(&DEFAULT)
}

fn stalled_with<'c>(config: &'c Config<'c>) -> Server<'c> {
    let mut ws = server_with(config, 1024, 262);
    nothing(&mut ws, 0);
    ws.commands(ms(0)).send(MessageKind::Binary, &[0; 100]).unwrap();
    bring(&mut ws, &[frame_to(Role::Server, FIN | PING, &[1; 60]), frame_to(Role::Server, FIN | PING, &[2; 60])].concat(), 0);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
    nothing(&mut ws, 0);
    assert!(!ws.wants_reading() && !ws.due().is_empty());
    ws
}

#[test]
fn whoever_writes_by_the_commands_is_told_that_there_is_room_for_events() {
    let mut ws = stalled();
    assert!(ws.next_timeout().is_some_and(|next| next > ms(0)));
    let mut commands = ws.commands(ms(0));
    let due = commands.due().len();
    commands.written(due);
    assert!(ws.next_timeout().is_some_and(|next| next <= ms(0)), "it waits for the writing of nothing");
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
}

/// An event waits for 131 bytes of room, and no longer, wherever they are.
#[test]
fn stall_ends_once_there_is_room_for_an_answer() {
    for one_by_one in [false, true] {
        let mut ws = stalled();
        // Pong and message take 62 and 102 bytes of 262.
        assert_eq!(ws.due().len(), 164);
        let missing = 164 + 131 - 262;
        for _ in 0..missing {
            nothing(&mut ws, 0);
            if one_by_one {
                ws.written(1, ms(0));
            }
        }
        if !one_by_one {
            ws.written(missing - 1, ms(0));
            nothing(&mut ws, 0);
            ws.written(1, ms(0));
        }
        assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
    }
}

/// Law 10: time that runs backwards counts as standing still, for the writing deadline too.
#[test]
fn clock_that_runs_back_does_not_shorten_the_writing_deadline() {
    let config = Config::new().keepalive_interval_ms(0);
    for by_event in [false, true] {
        let mut ws = server_with(&config, 1024, 1024);
        ws.filled(0, ms(100_000));
        nothing(&mut ws, 100_000);
        if by_event {
            bring(&mut ws, &frame_to(Role::Server, FIN | PING, b""), 50_000);
            assert!(matches!(ws.next(ms(50_000)).unwrap(), Some((Event::Ping { .. }, _))));
        } else {
            ws.commands(ms(50_000)).send_text("x").unwrap();
        }
        nothing(&mut ws, 50_000);
        assert_eq!(ws.next_timeout(), Some(ms(120_000)));
        ws.written(1, ms(40_000));
        nothing(&mut ws, 40_000);
        assert_eq!(ws.next_timeout(), Some(ms(120_000)));
    }
    // Nor does a pause that ends before it began.
    let mut ws = server_with(&config, 1024, 1024);
    ws.commands(ms(100_000)).send_text("x").unwrap();
    ws.pause(ms(100_000));
    ws.resume(ms(50_000));
    nothing(&mut ws, 100_000);
    assert_eq!(ws.next_timeout(), Some(ms(120_000)));
}

/// More than was due cannot have been written: of what `write_failed` dropped, say.
#[test]
fn numbers_beyond_the_buffers_count_as_their_ends() {
    let mut ws = server_with(&DEFAULT, 1024, 1024);
    ws.commands(ms(0)).send_text("dropped").unwrap();
    ws.commands(ms(0)).close(None, "").unwrap();
    ws.write_failed();
    nothing(&mut ws, 0);
    let deadline = ws.next_timeout();
    ws.written(usize::MAX, ms(1000));
    nothing(&mut ws, 1000);
    assert_eq!(ws.next_timeout(), deadline);
    // What was there before counts as having arrived: a mistake, and no panic.
    let mut ws = server_with(&DEFAULT, 200, 262);
    bring(&mut ws, &frame_to(Role::Server, FIN | TEXT, b"x")[..3], 0);
    ws.filled(usize::MAX, ms(0));
    ws.filled(usize::MAX, ms(0));
    assert_eq!(ws.unread().len(), 200);
    while ws.next(ms(0)).unwrap().is_some() {}
    ws.discard(usize::MAX);
    assert!(ws.unread().is_empty());
}

#[test]
fn head_that_is_too_long_is_answered_though_the_client_half_closed() {
    let mut ws = Buffered::new(Connection::server(&DEFAULT, ms(0)), vec![0; 200], vec![0; 300]);
    nothing(&mut ws, 0);
    bring(&mut ws, &head(&["GET / HTTP/1.1", "Host: a", &format!("Cookie: {}", "x".repeat(300))])[..200], 0);
    ws.eof();
    assert_eq!(failure(&mut ws), ProtocolError::HeadTooLong);
    assert_eq!(end(&mut ws, 0), EndCause::EndOfInput);
    nothing(&mut ws, 0);
    assert!(ws.due().starts_with(b"HTTP/1.1 431 ") && ws.transport() == Transport::Keep);
}

/// A head of exactly the input, and one byte more, with the limit equal, below and above.
#[test]
fn heads_at_the_length_of_the_input() {
    let request = |len: usize| request_with(&[&format!("X: {}", "x".repeat(len - request_with(&["X: "]).len()))]);
    for limit in [190, 199, 200, 201, 210] {
        let config = Config::new().max_head_len(limit);
        for len in [189, 190, 191, 199, 200, 201] {
            let is_good = len <= 200_usize.min(limit as usize);
            for step in [1, 200] {
                let mut ws = Buffered::new(Connection::server(&config, ms(0)), vec![0; 200], vec![0; 300]);
                let (wire, mut at) = (request(len), 0);
                assert_eq!(wire.len(), len);
                let seen = loop {
                    match ws.next(ms(0)).unwrap() {
                        Some((Event::Request(request), _)) => break Ok(request.bytes().len()),
                        Some((Event::Failed { error, .. }, _)) => break Err(error),
                        Some((other, _)) => panic!("{other:?}"),
                        None => {}
                    }
                    let space = ws.space().expect("a stall");
                    let n = step.min(space.len()).min(wire.len() - at);
                    space[..n].copy_from_slice(&wire[at..at + n]);
                    at += n;
                    ws.filled(n, ms(0));
                };
                assert_eq!(seen, if is_good { Ok(len) } else { Err(ProtocolError::HeadTooLong) }, "{len} {limit} {step}");
                assert_eq!(ws.due().starts_with(b"HTTP/1.1 431 "), !is_good);
            }
        }
    }
}

#[test]
fn fail_that_is_refused_leaves_the_unfinished_message_as_it_is() {
    let mut ws = server_with(&DEFAULT, 300, 262);
    nothing(&mut ws, 0);
    bring(
        &mut ws,
        &[frame_to(Role::Server, TEXT, b"Hel"), frame_to(Role::Server, FIN | CONTINUATION, b"lo")[..4].to_vec()].concat(),
        0,
    );
    nothing(&mut ws, 0);
    let refused = ws.commands(ms(0)).fail(CloseCode::NO_STATUS_RECEIVED);
    assert_eq!(refused, Err(UsageError::InvalidCloseCode.into()));
    nothing(&mut ws, 0);
    bring(&mut ws, &frame_to(Role::Server, FIN | CONTINUATION, b"lo")[4..], 0);
    assert_eq!(payload(&mut ws), b"Hello");
}

#[test]
fn unfinished_message_costs_nothing_once_the_connection_has_failed_or_closed() {
    for ends in [close_to(Role::Server, 1000, b""), vec![0xFF]] {
        let mut ws = server_with(&DEFAULT, 300, 262);
        nothing(&mut ws, 0);
        bring(&mut ws, &[frame_to(Role::Server, BINARY, &[7; 100]), ends].concat(), 0);
        assert!(ws.next(ms(0)).unwrap().is_some());
        nothing(&mut ws, 0);
        let due = ws.due().len();
        assert_eq!(ws.remaining(), due);
        ws.written(due, ms(0));
        assert!(ws.detach(|len| vec![0; len]).unwrap().is_none());
    }
}

/// As much as can be between two fragments: a Ping of 125 bytes, and all but one byte of another, while the message fills its part.
#[test]
fn message_of_the_limit_is_joined_in_a_full_input_around_the_longest_control_frames() {
    for len in [145, 200, 1024] {
        let message: Vec<_> = (0..len - 144).map(|i| i as u8).collect();
        let ping = frame_to(Role::Server, FIN | PING, &[b'p'; 125]);
        let (most, last) = message.split_at(message.len() - 1);
        let wire = [
            frame_to(Role::Server, BINARY, most),
            ping.repeat(3),
            frame_to(Role::Server, CONTINUATION, b""),
            frame_to(Role::Server, CONTINUATION, last),
            ping.repeat(2),
            frame_to(Role::Server, FIN | CONTINUATION, b""),
            frame_to(Role::Server, FIN | TEXT, b"y"),
        ]
        .concat();
        for step in [1, 7, 130, usize::MAX] {
            let mut ws = server_with(&DEFAULT, len, 262);
            let (mut at, mut pings, mut messages) = (0, 0, Vec::new());
            while messages.len() < 2 {
                while let Some((event, _)) = ws.next(ms(0)).unwrap() {
                    match event {
                        Event::Ping { payload, .. } => {
                            assert_eq!(payload, [b'p'; 125]);
                            pings += 1;
                        }
                        Event::Data(data) => messages.push(data.payload.to_vec()),
                        other => panic!("{other:?}"),
                    }
                }
                let due = ws.due().len();
                if due > 0 {
                    ws.written(due, ms(0));
                    continue;
                }
                let space = ws.space().expect("it stands still");
                let n = step.min(space.len()).min(wire.len() - at);
                assert!(n > 0 || messages.len() == 2);
                space[..n].copy_from_slice(&wire[at..at + n]);
                at += n;
                ws.filled(n, ms(0));
            }
            assert_eq!((pings, &messages[0], &messages[1][..]), (5, &message, &b"y"[..]));
        }
    }
}

/// The current event survives a change of buffers, wherever its bytes are.
#[test]
fn event_that_is_held_while_detaching_is_there_after_restoring() {
    let message = [frame_to(Role::Server, BINARY, &[1; 40]), frame_to(Role::Server, FIN | CONTINUATION, &[2; 40])].concat();
    let around = [frame_to(Role::Server, BINARY, &[1; 40]), frame_to(Role::Server, FIN | PING, b"between")].concat();
    let whole = frame_to(Role::Server, FIN | BINARY, &[[1; 40], [2; 40]].concat());
    for (wire, is_whole, memory) in [
        (&message, false, 0),
        (&message, true, 0),
        (&message, true, 80),
        (&around, true, 0),
        (&around, true, 80),
        (&whole, true, 0),
        (&whole, true, 80),
    ] {
        let mut ws = open(Role::Server);
        let mut first = Buffered::attach(&mut ws, vec![0; 300], vec![0; 300]).join_in(vec![0; memory]);
        first = if is_whole { first } else { first.in_pieces() };
        // Something that was consumed before, so that places move.
        let before = frame_to(Role::Server, FIN | TEXT, b"before");
        let next = frame_to(Role::Server, FIN | TEXT, b"next");
        let all = [&before[..], wire, &next[..if wire == &around { 0 } else { 5 }]].concat();
        first.space().unwrap()[..all.len()].copy_from_slice(&all);
        first.filled(all.len(), ms(0));
        assert!(first.next(ms(0)).unwrap().is_some());
        let (event, _) = first.next(ms(0)).unwrap().unwrap();
        let seen = format!("{event:?}");
        let payload = |event: Event<'_>| match event {
            Event::Data(data) => data.payload.to_vec(),
            Event::Ping { payload, .. } => payload.to_vec(),
            other => panic!("{other:?}"),
        };
        let bytes = payload(event);
        let rest = first.detach(|len| vec![0; len]).unwrap().unwrap();
        assert!(!format!("{rest:?}").contains("between"));
        let mut second = Buffered::attach(&mut ws, vec![0xAA; 300], vec![0xBB; 300]).join_in(vec![0xCC; memory]);
        second = if is_whole { second } else { second.in_pieces() };
        second.restore(&rest).unwrap();
        for _ in 0..2 {
            let (event, _) = second.current(ms(0)).unwrap();
            assert_eq!(format!("{event:?}"), seen);
            assert_eq!(payload(event), bytes);
        }
        // And what came after it, inside the message a continuation first.
        let (more, wanted) = match wire == &around {
            true => (frame_to(Role::Server, FIN | CONTINUATION, &[2; 40]), [[1; 40], [2; 40]].concat()),
            false => (next[5..].to_vec(), b"next".to_vec()),
        };
        assert!(second.next(ms(0)).unwrap().is_none() || !is_whole);
        while second.next(ms(0)).unwrap().is_some() {}
        second.space().unwrap()[..more.len()].copy_from_slice(&more);
        second.filled(more.len(), ms(0));
        let (event, _) = second.next(ms(0)).unwrap().unwrap();
        assert_eq!(payload(event), wanted);
    }
}

/// Whichever of the two ends first, the deadlines that wait for the peer stand still until both have.
#[test]
fn pause_and_stall_at_once() {
    for (first, text) in [(true, "the stall"), (false, "the pause")] {
        let mut ws = stalled();
        ws.pause(ms(1000));
        assert!(ws.next_timeout().is_some());
        nothing(&mut ws, 1000);
        let due = ws.due().len();
        if first {
            ws.written(due, ms(2000));
            nothing(&mut ws, 2000);
            assert!(ws.space().is_none() && !ws.wants_reading(), "{text}");
            ws.resume(ms(3000));
        } else {
            ws.resume(ms(2000));
            nothing(&mut ws, 2000);
            assert!(ws.space().is_none() && !ws.wants_reading(), "{text}");
            ws.written(due, ms(3000));
        }
        assert!(ws.next_timeout().is_some_and(|next| next <= ms(3000)), "{text}");
        assert!(matches!(ws.next(ms(3000)).unwrap(), Some((Event::Ping { .. }, _))), "{text}");
        nothing(&mut ws, 3000);
        assert!(ws.wants_reading());
    }
    // A pause that ends during the stall does not end that.
    let config = Config::new().keepalive_interval_ms(0).idle_timeout_ms(10_000).write_timeout_ms(0);
    let mut ws = stalled_with(&config);
    ws.pause(ms(1000));
    ws.resume(ms(2000));
    ws.filled(0, ms(60_000));
    nothing(&mut ws, 60_000);
    assert_eq!((ws.connection().state(), ws.next_timeout()), (State::Open, None));
    // Paused, nobody reads: but what is due still has its deadline.
    let mut ws = stalled();
    ws.pause(ms(0));
    ws.filled(0, ms(20_000));
    assert_eq!(end(&mut ws, 20_000), EndCause::WriteTimeout);
    nothing(&mut ws, 20_000);
    assert_eq!((ws.transport(), ws.next_timeout()), (Transport::Close, None));
}

#[test]
fn end_of_input_during_a_stall_comes_after_what_waits() {
    let mut ws = stalled();
    ws.eof();
    nothing(&mut ws, 0);
    assert_eq!(ws.connection().state(), State::Open);
    let due = ws.due().len();
    ws.written(due, ms(1));
    assert!(matches!(ws.next(ms(1)).unwrap(), Some((Event::Ping { .. }, _))));
    assert_eq!(end(&mut ws, 1), EndCause::EndOfInput);
    nothing(&mut ws, 1);
    let due = ws.due().len();
    ws.written(due, ms(2));
    assert_eq!((ws.transport(), ws.next_timeout()), (Transport::Close, None));
    // Paused, it waits for the program.
    let mut ws = server_with(&DEFAULT, 300, 300);
    ws.pause(ms(0));
    ws.eof();
    nothing(&mut ws, 0);
    assert!(ws.next_timeout().is_none_or(|next| next > ms(0)), "a busy loop");
    ws.resume(ms(5));
    assert_eq!(end(&mut ws, 5), EndCause::EndOfInput);
}

/// Interim responses before a refusal that fill the input by themselves, and a body after it that is longer than the input.
#[test]
fn refusal_after_interim_responses_and_with_a_body() {
    let interim = head(&["HTTP/1.1 103 Early Hints", "Link: </x>; rel=preload"]);
    let body: Vec<_> = (0..1000).map(|i| i as u8).collect();
    let wire = [&interim.repeat(4)[..], &head(&["HTTP/1.1 503 Busy", "Content-Length: 1000"]), &body].concat();
    for step in [1, 100, usize::MAX] {
        let ws = Connection::client(&DEFAULT, support::entropy::Counter::default(), ms(0));
        let mut ws = Buffered::new(ws, [0; 131], [0; 300]);
        ws.commands(ms(0)).request(&sansocket::ClientRequest::new("h", "/")).unwrap();
        let due = ws.due().len();
        ws.written(due, ms(0));
        let (mut at, mut is_refused, mut got) = (0, false, Vec::<u8>::new());
        while got.len() < body.len() {
            while let Some((event, _)) = ws.next(ms(0)).unwrap() {
                assert!(matches!(event, Event::Refused { response, .. } if response.status() == 503));
                is_refused = true;
            }
            if is_refused {
                got.extend(ws.unread());
                ws.discard(131);
                assert!(ws.next(ms(0)).unwrap().is_none());
            }
            let Some(space) = ws.space() else { panic!("it stands still") };
            let n = step.min(space.len()).min(wire.len() - at);
            space[..n].copy_from_slice(&wire[at..at + n]);
            at += n;
            ws.filled(n, ms(0));
        }
        assert_eq!(got, body);
        ws.eof();
        assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Closed { was_clean: false, .. }, _))));
        assert!(ws.next(ms(0)).unwrap().is_none() && ws.transport() == Transport::Close);
    }
}

/// A program that waits for `Closed` does not wait for ever, wherever it called `close`.
#[test]
fn refusal_that_is_closed_between_two_events_still_gives_closed() {
    let ws = Connection::client(&DEFAULT, support::entropy::Counter::default(), ms(0));
    let mut ws = Buffered::new(ws, [0; 200], [0; 300]);
    ws.commands(ms(0)).request(&sansocket::ClientRequest::new("h", "/")).unwrap();
    let due = ws.due().len();
    ws.written(due, ms(0));
    assert!(ws.next(ms(0)).unwrap().is_none());
    let answer = head(&["HTTP/1.1 404 No"]);
    ws.space().unwrap()[..answer.len()].copy_from_slice(&answer);
    ws.filled(answer.len(), ms(0));
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Refused { .. }, _))));
    assert!(ws.next(ms(0)).unwrap().is_none());
    ws.commands(ms(1)).close(None, "").unwrap();
    assert!(ws.next_timeout().is_some_and(|next| next <= ms(1)), "nobody is told to call next");
    assert_eq!(ws.transport(), Transport::Keep);
    assert!(matches!(ws.next(ms(1)).unwrap(), Some((Event::Closed { cause: EndCause::Caller, .. }, _))));
    assert_eq!((ws.transport(), ws.next_timeout()), (Transport::Close, None));
}

#[test]
fn memory_of_one_byte_joins_messages_of_one_byte() {
    for (fragments, good) in
        [(&["x"][..], true), (&["", "", "x", ""], true), (&["", ""], true), (&["x", "y"], false), (&["xy"], false)]
    {
        let ws = Connection::open(Role::Server, &DEFAULT, NoEntropy, Negotiated::NOTHING, ms(0));
        let mut ws = Buffered::new(ws, [0; 131], [0; 262]).join_in([0; 1]);
        let mut seen = None;
        for (i, fragment) in fragments.iter().enumerate() {
            let first = if i == 0 { TEXT } else { CONTINUATION } | if i + 1 == fragments.len() { FIN } else { 0 };
            for byte in frame_to(Role::Server, first, fragment.as_bytes()) {
                assert!(seen.is_none() || !good);
                if let Some(space) = ws.space() {
                    space[0] = byte;
                    ws.filled(1, ms(0));
                }
                while let Some((event, _)) = ws.next(ms(0)).unwrap() {
                    seen = Some(match event {
                        Event::Data(data) => Ok(data.payload.to_vec()),
                        Event::Failed { error, .. } => Err(error),
                        other => panic!("{other:?}"),
                    });
                }
            }
        }
        let wanted = if good { Ok(fragments.concat().into_bytes()) } else { Err(ProtocolError::MessageTooLong) };
        assert_eq!(seen, Some(wanted), "{fragments:?}");
    }
}

/// Text that is cut inside a character, by frames and by reads, is checked and joined as one.
#[test]
fn text_cut_inside_a_character_is_joined_and_bad_text_fails() {
    let text = "a\u{e4}\u{20ac}\u{1f600}".as_bytes();
    for bad in [false, true] {
        for cut in 1..text.len() {
            let end = if bad { text.len() - 1 } else { text.len() };
            let (start, rest) = text[..end].split_at(cut.min(end));
            let wire = [frame_to(Role::Server, TEXT, start), frame_to(Role::Server, FIN | CONTINUATION, rest)].concat();
            for step in 1..wire.len() {
                let mut ws = server_with(&DEFAULT, 200, 262);
                let mut seen = None;
                for piece in wire.chunks(step) {
                    nothing(&mut ws, 0);
                    bring(&mut ws, piece, 0);
                    seen = ws.next(ms(0)).unwrap().map(|(event, _)| match event {
                        Event::Data(data) => Ok(data.payload.to_vec()),
                        Event::Failed { error, .. } => Err(error),
                        other => panic!("{other:?}"),
                    });
                    if seen.is_some() {
                        break;
                    }
                }
                assert_eq!(seen, Some(if bad { Err(ProtocolError::InvalidUtf8) } else { Ok(text.to_vec()) }));
            }
        }
    }
}

/// At every room from 0 on, both roles: what is taken is written, and what is asked for suffices.
#[test]
fn part_takes_what_there_is_room_for() {
    for role in [Role::Client, Role::Server] {
        for len in [0, 1, 125, 126, 127, 200, 70_000] {
            for room in 0..260 {
                let output = 262 + room;
                let mut ws = Buffered::new(open(role), vec![0; 300], vec![0; output]);
                // Filled up to `room`.
                let header = if role == Role::Client { 6 } else { 2 };
                ws.commands(ms(0)).send(MessageKind::Binary, &vec![0; 131 - header - 2]).unwrap();
                let before = ws.due().len();
                let room = ws.room();
                assert_eq!(room, output - 131 - before);
                let payload = vec![7; len];
                match ws.commands(ms(0)).send_part(MessageKind::Binary, 0, &payload, true) {
                    Ok(taken) => {
                        let frames = written_by(role, &ws.due()[before..]);
                        let fin = if taken == len { FIN } else { 0 };
                        assert_eq!(plain(&frames), [(fin | BINARY, payload[..taken].to_vec())]);
                        assert!(taken == len || room - (ws.due().len() - before) < 3);
                        assert!(taken > 0 || len == 0);
                    }
                    Err(CallError::NeedsRoom { bytes }) => {
                        assert!(bytes > room && bytes <= header + 1, "{bytes} {room}");
                        assert_eq!(ws.due().len(), before);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

/// What a call finds in each stage, and that all of them end with one Closed.
#[test]
fn close_and_fail_in_every_stage() {
    let client_at = |wire: &[u8]| {
        let ws = Connection::client(&DEFAULT, support::entropy::Counter::default(), ms(0));
        let mut ws = Buffered::new(ws, vec![0; 500], vec![0; 500]);
        if !wire.is_empty() {
            ws.commands(ms(0)).request(&sansocket::ClientRequest::new("h", "/")).unwrap();
            ws.space().map(|space| space[..wire.len()].copy_from_slice(wire)).unwrap_or_else(|| {
                assert!(ws.next(ms(0)).unwrap().is_none());
                ws.space().unwrap()[..wire.len()].copy_from_slice(wire);
            });
            ws.filled(wire.len(), ms(0));
            while ws.next(ms(0)).unwrap().is_some() {}
        }
        ws
    };
    let opened = response_with(&[]);
    let stages: [(&[u8], bool, bool); 7] = [
        // What has arrived, whether `close` is an error, whether it ends all at once.
        (b"", true, false),
        (b"HTTP/1.1", true, false),
        (b"HTTP/1.1 404 No\r\n\r\nbody", false, true),
        (b"HTTP/1.1 101 No\r\n\r\n", false, false),
        (&opened, false, false),
        (&[&opened[..], &close_to(Role::Client, 1000, b"")].concat(), false, false),
        (&[&opened[..], b"\xFF"].concat(), false, false),
    ];
    for (wire, is_early, ends) in stages {
        for fails in [false, true] {
            let mut ws = client_at(wire);
            let result = match fails {
                true => ws.commands(ms(0)).fail(CloseCode::NORMAL_CLOSURE),
                false => ws.commands(ms(0)).close(CloseCode::NORMAL_CLOSURE, "why"),
            };
            assert_eq!(result, if is_early && !fails { Err(UsageError::NotOpen.into()) } else { Ok(()) });
            let mut closed = 0;
            for round in 0..4 {
                while let Some((event, _)) = ws.next(ms(0)).unwrap() {
                    closed += u32::from(matches!(event, Event::Closed { .. }));
                }
                assert!(closed == 1 || round == 0);
                assert!(!ends || fails || closed == 1);
                let due = ws.due().len();
                ws.written(due, ms(0));
                ws.eof();
            }
            assert_eq!((closed, ws.transport(), ws.next_timeout()), (1, Transport::Close, None));
            assert!(ws.commands(ms(0)).close(None, "").is_ok() && ws.commands(ms(0)).fail(CloseCode::NORMAL_CLOSURE).is_ok());
            assert!(ws.next(ms(0)).unwrap().is_none() && ws.due().is_empty());
        }
    }
}

/// What remained goes back to buffers of the same sizes, or larger ones; into smaller ones if it can go on there.
#[test]
fn restore_into_other_buffers() {
    let mut ws = open(Role::Server);
    let mut first = Buffered::attach(&mut ws, vec![0; 600], vec![0; 600]).whole();
    let wire = [frame_to(Role::Server, BINARY, &[5; 300]), frame_to(Role::Server, FIN | CONTINUATION, &[6; 100])].concat();
    let (start, end) = wire.split_at(310);
    first.space().unwrap()[..start.len()].copy_from_slice(start);
    first.filled(start.len(), ms(0));
    assert!(first.next(ms(0)).unwrap().is_none());
    first.commands(ms(0)).send(MessageKind::Binary, &[9; 250]).unwrap();
    let rest = first.detach(|len| vec![0; len]).unwrap().unwrap();
    let short = Err(CallError::Usage(UsageError::BufferTooShort));
    for (input, output, memory, wanted) in [
        (600, 600, 0, Ok(())),
        (1000, 1000, 0, Ok(())),
        // The message that is joined there would leave no space to read into.
        (310, 600, 0, short),
        (443, 600, 0, short),
        (131, 600, 0, short),
        (600, 262, 0, Ok(())),
        (600, 200, 0, short),
        // It was joined in the input.
        (600, 600, 500, short),
        (444, 600, 0, Ok(())),
        (544, 600, 0, Ok(())),
    ] {
        let mut second = Buffered::attach(&mut ws, vec![0; input], vec![0; output]).join_in(vec![0; memory]);
        assert_eq!(second.restore(&rest), wanted, "{input} {output} {memory}");
        if wanted.is_ok() && (input, output) == (544, 600) {
            let mut at = 0;
            let message = loop {
                match second.next(ms(0)).unwrap() {
                    Some((Event::Data(data), _)) => break data.payload.to_vec(),
                    Some((other, _)) => panic!("{other:?}"),
                    None => {}
                }
                let due = second.due().len();
                second.written(due, ms(0));
                let Some(space) = second.space() else { continue };
                let n = space.len().min(end.len() - at);
                space[..n].copy_from_slice(&end[at..at + n]);
                at += n;
                second.filled(n, ms(0));
            };
            assert_eq!(message, [vec![5; 300], vec![6; 100]].concat());
        }
    }
}

#[test]
fn events_that_wait_for_room_are_announced_in_a_larger_output() {
    let mut ws = stalled();
    let rest = ws.detach(|len| vec![0; len]).unwrap().unwrap();
    let mut larger = server_with(&DEFAULT, 1024, 600);
    larger.restore(&rest).unwrap();
    assert!(larger.next_timeout().is_some_and(|next| next <= ms(0)), "nobody is told to call next");
    assert!(matches!(larger.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
}

/// A keepalive Ping that found no room is due again once the transport has taken what was in the way: no busy loop.
#[test]
fn deadline_that_writing_brings_nearer_is_acted_on() {
    let config = Config::new().keepalive_interval_ms(40).pong_timeout_ms(1_000);
    let mut ws = server_with(&config, 1024, 262);
    ws.commands(ms(0)).send(MessageKind::Binary, &[0; 127]).unwrap();
    nothing(&mut ws, 0);
    bring(&mut ws, &frame_to(Role::Server, FIN | PING, &[1; 125]), 0);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
    nothing(&mut ws, 0);
    ws.filled(0, ms(40));
    nothing(&mut ws, 40);
    assert_eq!((ws.due().len(), ws.next_timeout()), (258, Some(ms(1_040))));
    ws.written(258, ms(50));
    nothing(&mut ws, 50);
    assert_eq!(ws.next_timeout(), Some(ms(80)));
    ws.filled(0, ms(80));
    nothing(&mut ws, 80);
    assert_eq!(ws.due().first(), Some(&(FIN | PING)));
    assert!(ws.next_timeout().is_some_and(|next| next > ms(80)), "a busy loop");
}

/// Whoever asks for whole messages, or for pieces, in the middle of one gets the rest of it as it began: no end of a message passes
/// for a whole one, and nothing that was joined is lost.
#[test]
fn way_of_giving_messages_changes_between_messages_only() {
    let [start, end] = [frame_to(Role::Server, BINARY, b"one"), frame_to(Role::Server, FIN | CONTINUATION, b"two")];
    for joins in [false, true] {
        let mut ws = server_with(&DEFAULT, 1024, 1024);
        ws = if joins { ws } else { ws.in_pieces() };
        bring(&mut ws, &start, 0);
        if !joins {
            assert_eq!(payload(&mut ws), b"one");
        }
        nothing(&mut ws, 0);
        ws = if joins { ws.in_pieces() } else { ws.whole() };
        bring(&mut ws, &end, 0);
        let Some((Event::Data(data), _)) = ws.next(ms(0)).unwrap() else { panic!() };
        let expected = if joins { (&b"onetwo"[..], 0) } else { (&b"two"[..], 3) };
        assert_eq!((&*data.payload, data.offset, data.last), (expected.0, expected.1, true));
        nothing(&mut ws, 0);
        // The next comes as was asked.
        bring(&mut ws, &start, 0);
        if joins {
            assert_eq!(payload(&mut ws), b"one");
        }
        nothing(&mut ws, 0);
        bring(&mut ws, &end, 0);
        assert_eq!(payload(&mut ws), if joins { &b"two"[..] } else { b"onetwo" });
        nothing(&mut ws, 0);
        assert!(ws.is_idle());
    }
}

/// What a turn asks of its connection holds for this turn, whether something remained of the last or not.
#[test]
fn restore_leaves_room_and_way_of_giving_messages_as_this_turn_asks() {
    let mut ws = open(Role::Server);
    let wire = [frame_to(Role::Server, FIN | PING, b"x"), frame_to(Role::Server, FIN | BINARY, b"xyz")].concat();
    let (cut, end) = (3, wire.len() - 5);
    let mut first = Buffered::attach(&mut ws, vec![0; 600], vec![0; 1200]).room_for(1000);
    first.space().unwrap()[..cut].copy_from_slice(&wire[..cut]);
    first.filled(cut, ms(0));
    assert!(first.next(ms(0)).unwrap().is_none());
    let rest = first.detach(|len| vec![0; len]).unwrap().unwrap();
    // The room that the last turn wanted is more than this output has: nothing would ever come.
    let mut second = Buffered::attach(&mut ws, vec![0; 600], vec![0; 600]).whole();
    second.restore(&rest).unwrap();
    second.space().unwrap()[..end].copy_from_slice(&wire[cut..cut + end]);
    second.filled(end, ms(0));
    assert!(matches!(second.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
    // A piece of a message is not given, but joined.
    assert!(second.next(ms(0)).unwrap().is_none());
}

/// Memory that was shortened meanwhile: the buffers hold what another connection left there.
#[test]
fn remainder_that_has_lost_bytes_is_refused() {
    let mut ws = open(Role::Server);
    let mut first = Buffered::attach(&mut ws, vec![0; 600], vec![0; 600]);
    first.commands(ms(0)).send_text("ours").unwrap();
    let rest = first.detach(|len| vec![0; len]).unwrap().unwrap();
    let mut second = Buffered::attach(&mut ws, vec![0; 600], b"theirs".repeat(100));
    let cut = rest.clone().map(|bytes| bytes[..5].to_vec());
    assert_eq!(second.restore(&cut), Err(UsageError::BufferTooShort.into()));
    assert!(second.due().is_empty());
    second.restore(&rest).unwrap();
    assert_eq!(second.due(), b"\x81\x04ours");
}

/// With what waited for room, the wait for it ends.
#[test]
fn discard_ends_a_stall() {
    let mut ws = server_with(&DEFAULT, 1024, 1024).room_for(1024 - 131);
    nothing(&mut ws, 0);
    ws.commands(ms(0)).send_text("x").unwrap();
    bring(&mut ws, &frame_to(Role::Server, FIN | PING, b"x"), 0);
    nothing(&mut ws, 0);
    ws.discard(ws.unread().len());
    nothing(&mut ws, 0);
    assert!(ws.wants_reading(), "it is never read again");
}

/// A peer that takes the rest of the output more slowly than `min_write_rate` has the closing deadline, and what its bytes earn.
#[test]
fn peer_that_takes_less_than_the_least_rate_ends_at_the_closing_deadline() {
    for (rate, ends_at) in [(240, 6), (0, 60)] {
        let config = Config::new().keepalive_interval_ms(0).min_write_rate(rate);
        let mut ws = server_with(&config, 1024, 1024);
        ws.commands(ms(0)).send(MessageKind::Binary, &[0; 800]).unwrap();
        ws.commands(ms(0)).close(CloseCode::GOING_AWAY, "").unwrap();
        let second = (1..60).find(|second| {
            ws.written(1, ms(second * 1000));
            ws.filled(0, ms(second * 1000));
            while ws.next(ms(second * 1000)).unwrap().is_some() {}
            ws.transport() == Transport::Close
        });
        assert_eq!(second.unwrap_or(60), ends_at);
    }
}
