//! Memory under load: a counting allocator sees every byte that is taken from the heap, the library's and the test's.
mod support;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

use sansocket::{Buffered, CloseCode, Connection, Event, MessageKind, Negotiated, NoEntropy, Role, State, Transport};
use support::frames::*;
use support::http::request_with;
use support::{DEFAULT, ms};

/// The system's allocator, with a count for each thread of what was taken: tests run in parallel.
struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged; the count is a `Cell` without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that `work` takes from the heap.
fn taken_by(work: impl FnOnce()) -> usize {
    let before = TAKEN.get();
    work();
    TAKEN.get() - before
}

/// Feeds a copy of `wire`, takes events to the last, and returns the bytes of output. `input` and `out` are lent to all.
fn feed(
    conn: &mut Connection<'_>,
    wire: &[u8],
    input: &mut [u8],
    out: &mut [u8],
    mut seen: impl FnMut(&mut Connection<'_>, Event<'_>),
) -> usize {
    let input = &mut input[..wire.len()];
    input.copy_from_slice(wire);
    let (mut consumed, mut produced) = (0, 0);
    loop {
        let received = conn.receive(ms(0), &mut input[consumed..], &mut out[produced..]).unwrap();
        consumed += received.consumed;
        produced += received.produced;
        let Some(event) = received.event else { break };
        seen(conn, event);
    }
    assert_eq!(consumed, wire.len());
    produced
}

/// B-04, B-09, law 8: 100 000 servers at once, 10 000 of them from the opening handshake and the rest from OPEN on, over a message in two
/// fragments and its echo to the closing: they take 100 000 times the size of one from the heap, and all of them share a buffer.
#[test]
fn hundred_thousand_connections_take_their_size_and_nothing_else() {
    const COUNT: usize = 100_000;
    const SHAKING: usize = 10_000;
    let request = request_with(&[]);
    let request = sansocket::Request::parse(&request, &DEFAULT).unwrap().unwrap();
    let fragments = [frame_to(Role::Server, TEXT, b"Hel"), frame_to(Role::Server, FIN, b"lo")];
    let close = close_to(Role::Server, 1000, b"");
    let (mut input, mut out) = ([0; 512], [0; 512]);
    let mut echoed = 0;
    let mut connections: Vec<Connection<'static>> = Vec::new();
    let taken = taken_by(|| {
        connections = Vec::with_capacity(COUNT);
        connections.extend((0..SHAKING).map(|_| Connection::server(&DEFAULT, ms(0))));
        let open = |_| Connection::open(Role::Server, &DEFAULT, NoEntropy, Negotiated::NOTHING, ms(0));
        connections.extend((SHAKING..COUNT).map(open));
        // All are at the same step, so each holds its state while the others proceed.
        for conn in &mut connections[..SHAKING] {
            feed(conn, request.bytes(), &mut input, &mut [0; 131], |conn, event| {
                let Event::Request(request) = event else { panic!("{event:?}") };
                let accept = sansocket::Accept::new(sansocket::Origin::Any);
                assert_eq!(conn.accept(&request, &accept, ms(0), &mut out), Ok(129));
            });
        }
        assert!(connections.iter().all(|conn| conn.state() == State::Open));
        for fragment in &fragments {
            // The header alone, then the rest: a frame is under way in each connection.
            let (start, rest) = fragment.split_at(7);
            for piece in [start, rest] {
                for conn in &mut connections {
                    feed(conn, piece, &mut input, &mut [0; 131], |conn, event| {
                        let Event::Data(data) = event else { panic!("{event:?}") };
                        echoed += conn.send(data.kind, data.payload, data.last, &mut out).unwrap();
                    });
                }
            }
        }
        for conn in &mut connections {
            assert_eq!(feed(conn, &close, &mut input, &mut out, |_, _| {}), 4);
            assert_eq!(conn.transport(), Transport::ShutdownWrite);
            let closed = conn.receive_eof(ms(1)).event;
            assert!(matches!(closed, Some(Event::Closed { code: CloseCode::NORMAL_CLOSURE, was_clean: true, .. })));
        }
    });
    assert_eq!(taken, COUNT * size_of::<Connection<'static>>());
    // In up to four frames: two bytes of header each.
    assert_eq!(echoed, COUNT * (5 + 4 * 2));
    assert!(size_of::<Connection<'static>>() <= 128 && connections.iter().all(|conn| conn.state() == State::Closed));
}

fn open(role: Role, config: &sansocket::Config<'static>) -> Connection<'static> {
    let config = Box::leak(Box::new(*config));
    Connection::open(role, config, NoEntropy, Negotiated::NOTHING, ms(0))
}

/// B-04, CVE-2022-35922, CVE-2016-10542, CVE-2018-21035: no memory is taken for what a header announces, up to the longest length there is.
#[test]
fn announced_lengths_take_no_memory() {
    for len in [126, 65_536, 16 << 20, 1 << 32, (1 << 63) - 1] {
        let form = shortest_form(len);
        let mut conn = open(Role::Client, &DEFAULT.max_message_len(u64::MAX));
        let wire = [header_to(Role::Client, FIN | BINARY, form, len), b"only this".to_vec()].concat();
        let (mut input, mut out) = ([0; 64], [0; 131]);
        let mut delivered = 0;
        let taken = taken_by(|| {
            feed(&mut conn, &wire, &mut input, &mut out, |_, event| {
                let Event::Data(data) = event else { panic!("{event:?}") };
                delivered += data.payload.len();
            });
        });
        assert_eq!((taken, delivered), (0, 9), "{len}");
    }
}

/// B-09, B-10, CVE-2026-48779, CVE-2026-62389, CVE-2026-12151: a million empty fragments and a million of one byte, with all limits off: no
/// memory, and nothing else that grows. With the default limits the first thousand end it.
#[test]
fn fragments_take_no_memory() {
    let config = DEFAULT.max_fragments(u32::MAX).max_empty_frames(u32::MAX);
    for (payload, most) in [(&b""[..], 1_024), (b"x", 65_536)] {
        let fragment = frame_to(Role::Client, CONTINUATION, payload);
        let wire = fragment.repeat(1_000);
        let start = frame_to(Role::Client, BINARY, payload);
        let (mut input, mut out) = (vec![0; wire.len()], [0; 131]);
        let mut conn = open(Role::Client, &config);
        let mut delivered = 0;
        let taken = taken_by(|| {
            let mut count = |_: &mut Connection<'_>, event: Event<'_>| {
                let Event::Data(data) = event else { panic!("{event:?}") };
                delivered += data.payload.len();
            };
            feed(&mut conn, &start, &mut input, &mut out, &mut count);
            for _ in 0..1_000 {
                feed(&mut conn, &wire, &mut input, &mut out, &mut count);
            }
        });
        assert_eq!((taken, delivered), (0, 1_000_001 * payload.len()));
        let mut conn = open(Role::Client, &DEFAULT.max_message_len(u64::MAX));
        let mut received = 0;
        feed(&mut conn, &start, &mut input, &mut out, |_, _| {});
        while conn.state() == State::Open {
            let mut bytes = fragment.clone();
            // A client's Close needs a key, and this one has no entropy: it fails without a Close.
            if matches!(conn.receive(ms(0), &mut bytes, &mut out).unwrap().event, Some(Event::Failed { .. })) {
                break;
            }
            received += 1;
        }
        assert_eq!(received + 1, most);
    }
}

/// B-11, CVE-2026-11586, RUSTSEC-2020-0043: a hundred thousand Pings whose Pongs find no room take no memory: the one at the front waits in the
/// caller's input, and so do all after it.
#[test]
fn unanswered_pings_take_no_memory() {
    let wire = frame_to(Role::Server, FIN | PING, &[7; 125]);
    let mut conn = open(Role::Server, &DEFAULT);
    let mut input = wire.repeat(20);
    let before = input.clone();
    let taken = taken_by(|| {
        for _ in 0..100_000 {
            let refused = conn.receive(ms(0), &mut input, &mut [0; 130]);
            assert!(matches!(refused, Err(sansocket::CallError::NeedsRoom { bytes: 131 })));
        }
    });
    assert_eq!((taken, input), (0, before));
}

/// Text is checked without being collected: B-33 at the scale of a long message, in pieces of every size, without memory.
#[test]
fn long_text_takes_no_memory() {
    let text = "\u{1F600}\u{20ac}\u{e4}x".repeat(1_000);
    let wire = frame_to(Role::Client, FIN | TEXT, text.as_bytes());
    let (mut input, mut out) = (vec![0; wire.len()], [0; 131]);
    for size in [1, 2, 3, 7, 1_000, wire.len()] {
        let mut conn = open(Role::Client, &DEFAULT);
        let (mut ended, mut kept, mut at) = (0, 0, 0);
        let taken = taken_by(|| {
            while at < wire.len() {
                let end = wire.len().min(at + size);
                let piece = &mut input[..kept + end - at];
                piece[kept..].copy_from_slice(&wire[at..end]);
                let mut consumed = 0;
                loop {
                    let received = conn.receive(ms(0), &mut piece[consumed..], &mut out).unwrap();
                    consumed += received.consumed;
                    match received.event {
                        Some(Event::Data(data)) => ended += usize::from(data.last && data.kind == MessageKind::Text),
                        None => break,
                        Some(event) => panic!("{event:?}"),
                    }
                }
                piece.copy_within(consumed.., 0);
                kept = piece.len() - consumed;
                at = end;
            }
        });
        assert_eq!((taken, ended, kept), (0, 1, 0));
    }
}

/// What a turn with shared buffers leaves.
type Kept = Option<sansocket::Remainder<Vec<u8>>>;

/// One turn of a connection with buffers that all share: `piece` arrives, and all that is due leaves.
fn turn(ws: &mut Connection<'static>, kept: Kept, piece: &[u8], (input, output): (&mut [u8], &mut [u8])) -> (Kept, usize) {
    input.fill(0xAA);
    output.fill(0xBB);
    let mut ws = Buffered::attach(ws, input, output).whole();
    if let Some(kept) = kept {
        ws.restore(&kept).unwrap();
    }
    assert!(ws.next(ms(0)).unwrap().is_none());
    ws.space().unwrap()[..piece.len()].copy_from_slice(piece);
    ws.filled(piece.len(), ms(0));
    let mut received = 0;
    while let Some((event, mut commands)) = ws.next(ms(0)).unwrap() {
        match event {
            Event::Request(request) => {
                commands.accept_or_refuse(&request, &sansocket::Accept::new(sansocket::Origin::Any)).unwrap();
            }
            Event::Data(data) => received += data.payload.len(),
            other => panic!("{other:?}"),
        }
    }
    let due = ws.due().len();
    ws.written(due, ms(0));
    (ws.detach(|len| vec![0; len]).unwrap(), received)
}

/// 100 000 connections that share one pair of buffers: each with half a head, then with half a message, costs what has arrived of it and
/// its `Connection`; an idle one costs its `Connection` and the pointer to nothing.
#[test]
fn hundred_thousand_connections_share_buffers_and_keep_what_is_half_done() {
    const COUNT: usize = 100_000;
    const HALF_HEAD: usize = 80;
    const HALF_MESSAGE: usize = 50;
    let request = request_with(&[]);
    let message = frame_to(Role::Server, FIN | BINARY, &[7; 100]);
    let (mut input, mut output) = ([0; 512], [0; 512]);
    type Shared = (Connection<'static>, Option<Box<sansocket::Remainder<Vec<u8>>>>);
    let mut connections: Vec<Shared> = Vec::new();
    let start = taken_by(|| {
        connections = Vec::with_capacity(COUNT);
        connections.extend((0..COUNT).map(|_| (Connection::server(&DEFAULT, ms(0)), None)));
    });
    let idle = size_of::<Connection<'static>>() + size_of::<usize>();
    assert_eq!(start, COUNT * idle);
    // The pieces, what remains of each turn, and the payload that it gives.
    let of_remainder = size_of::<sansocket::Remainder<Vec<u8>>>();
    let half = message.len() - 100 + HALF_MESSAGE;
    for (piece, remains, gives) in [
        (&request[..HALF_HEAD], HALF_HEAD, 0),
        (&request[HALF_HEAD..], 0, 0),
        (&message[..half], HALF_MESSAGE, 0),
        (&message[half..], 0, 100),
        // Half a header.
        (&message[..4], 4, 0),
        (&message[4..], 0, 100),
    ] {
        let mut sum = 0;
        let taken = taken_by(|| {
            for (ws, kept) in &mut connections {
                let before = kept.take().map(|kept| *kept);
                let (after, received) = turn(ws, before, piece, (&mut input, &mut output));
                *kept = after.map(Box::new);
                sum += received;
            }
        });
        let each = if remains > 0 { remains + of_remainder } else { 0 };
        assert_eq!((taken, sum), (COUNT * each, COUNT * gives));
    }
    // What the layer remembers of a connection that is not idle, with the vector's three words.
    assert!(of_remainder <= 192, "{of_remainder}");
    assert!(connections.iter().all(|(ws, kept)| kept.is_none() && ws.state() == State::Open));
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use sansocket::{Compressor, DeflateParams, Inflater, Level};

    /// B-12, law 8: inflating takes nothing from the heap, whatever a message does: not 2 MB of zeros in one frame, not
    /// 10 000 fragments that inflate to nothing or to a byte each; nor does compressing it.
    #[test]
    fn compressed_messages_take_nothing_from_the_heap() {
        let config = DEFAULT.max_message_len(1 << 21).max_fragments(u32::MAX).max_empty_frames(u32::MAX);
        let open = |role| {
            let agreed = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
            Connection::open(role, &config, NoEntropy, agreed, ms(0))
        };
        let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
        let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
        let (zeros, mut wire) = (vec![0; 1 << 21], vec![0; 1 << 17]);
        let (mut server, mut written) = (open(Role::Server), 0);
        let taken = taken_by(|| {
            let mut rest = &zeros[..];
            loop {
                let sent = server.send_with(&mut compressor, MessageKind::Binary, rest, true, &mut wire[written..]).unwrap();
                (written, rest) = (written + sent.produced, &rest[sent.consumed..]);
                if sent.done {
                    break;
                }
            }
        });
        assert_eq!(taken, 0);
        wire.truncate(written);
        // A second message, in fragments of a byte or a flush.
        let fragments: [&[u8]; 2] = [&[0, 6, 0, 1, 0, 0xFE, 0xFF, b'x'], &[0, 5, 0, 0, 0, 0xFF, 0xFF]];
        wire.extend((0..10_000).flat_map(|i| fragments[i % 2]));
        wire[written] = 0x42;

        let mut history = vec![0; 1 << 15];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let (mut client, mut window, mut out) = (open(Role::Client), [0; 512], [0; 131]);
        let (mut consumed, mut inflated) = (0, 0);
        let taken = taken_by(|| {
            loop {
                let input = &mut wire[consumed..];
                let received = client.receive_with(ms(0), input, &mut inflater, &mut window, &mut out).unwrap();
                consumed += received.consumed;
                match received.event {
                    Some(Event::Data(data)) => inflated += data.payload.len(),
                    Some(other) => panic!("{other:?}"),
                    None => break,
                }
            }
        });
        assert_eq!((taken, consumed, inflated), (0, wire.len(), zeros.len() + 5_000));
    }
}
