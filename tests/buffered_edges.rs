//! `Buffered` at its edges: full buffers, clocks that run back, calls in unusual orders, moves between buffers.

mod support;

use sansocket::{Buffered, Config, Connection, Event, MessageKind, Negotiated, NoEntropy, Role};
use support::frames::{BINARY, FIN, PING, TEXT, close_to, frame_to};
use support::{DEFAULT, ms};

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
