//! `Buffered` at its edges: full buffers, clocks that run back, calls in unusual orders, moves between buffers.

mod support;

use sansocket::{
    Buffered, CallError, CloseCode, Config, Connection, EndCause, Event, MessageKind, Negotiated, NoEntropy, Role, State,
    Transport, UsageError,
};
use support::frames::{BINARY, CONTINUATION, FIN, PING, TEXT, close_to, frame_to};
use support::http::head;
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
