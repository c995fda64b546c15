//! `Buffered`: the rules that hold by themselves for the loop around a connection.

mod support;

use sansocket::{
    Accept, Buffered, CallError, ClientRequest, CloseCode, Config, Connection, EndCause, Event, MessageKind, Negotiated,
    NoEntropy, Origin, ProtocolError, Role, State, Transport, UsageError,
};
use support::entropy::Counter;
use support::frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_to, frame_to, plain, written_by};
use support::http::head;
use support::{DEFAULT, ms, open};

type Server<'c> = Buffered<'c, NoEntropy, Vec<u8>, Vec<u8>>;

fn server_with<'c>(config: &'c Config<'c>, input: usize, output: usize) -> Server<'c> {
    let ws = Connection::open(Role::Server, config, NoEntropy, Negotiated::NOTHING, ms(0));
    Buffered::new(ws, vec![0; input], vec![0; output])
}

fn server() -> Server<'static> {
    server_with(&DEFAULT, 1024, 1024)
}

/// The transport brings all of `bytes` at `now`.
fn bring(ws: &mut Server<'_>, bytes: &[u8], now: u64) {
    ws.space().expect("space")[..bytes.len()].copy_from_slice(bytes);
    ws.filled(bytes.len(), ms(now));
}

/// The transport takes all that is due.
fn take(ws: &mut Server<'_>, now: u64) -> Vec<u8> {
    let due = ws.due().to_vec();
    ws.written(due.len(), ms(now));
    due
}

/// The payload of the next event, which must be a message or a piece of one.
fn payload(ws: &mut Server<'_>) -> Vec<u8> {
    match ws.next(ms(0)).unwrap() {
        Some((Event::Data(data), _)) => data.payload.to_vec(),
        other => panic!("{:?}", other.map(|(event, _)| event)),
    }
}

fn nothing(ws: &mut Server<'_>, now: u64) {
    assert_eq!(ws.next(ms(now)).unwrap().map(|(event, _)| event), None);
}

#[test]
fn current_gives_the_event_again_until_next_releases_it() {
    let mut ws = server();
    nothing(&mut ws, 0);
    let wire = [frame_to(Role::Server, FIN | TEXT, b"one"), frame_to(Role::Server, FIN | PING, b"p")].concat();
    bring(&mut ws, &wire, 0);
    assert_eq!(payload(&mut ws), b"one");
    for _ in 0..2 {
        let Some((Event::Data(data), _)) = ws.current(ms(0)) else { panic!("it is gone") };
        assert_eq!((data.kind, &*data.payload, data.offset, data.last), (MessageKind::Text, &b"one"[..], 0, true));
    }
    // While an event is there, nothing is read: the space belongs to what comes after it.
    assert!(ws.space().is_none());
    let Some((Event::Ping { payload: b"p", answered: true, .. }, mut commands)) = ws.next(ms(0)).unwrap() else { panic!() };
    commands.send_text("answer").unwrap();
    assert!(matches!(ws.current(ms(0)), Some((Event::Ping { payload: b"p", .. }, _))));
    nothing(&mut ws, 0);
    assert!(ws.current(ms(0)).is_none());
    let frames = written_by(Role::Server, &take(&mut ws, 0));
    assert_eq!(plain(&frames), [(FIN | PONG, b"p".to_vec()), (FIN | TEXT, b"answer".to_vec())]);
}

#[test]
fn whole_messages_are_joined_in_the_input_around_control_frames() {
    let mut ws = server();
    let wire = [
        frame_to(Role::Server, TEXT, b"Hel"),
        frame_to(Role::Server, FIN | PING, b"between"),
        frame_to(Role::Server, CONTINUATION, b""),
        frame_to(Role::Server, FIN | CONTINUATION, b"lo"),
        frame_to(Role::Server, FIN | BINARY, b"next"),
    ]
    .concat();
    let mut seen = Vec::new();
    for byte in wire {
        nothing_or(&mut ws, &mut seen);
        bring(&mut ws, &[byte], 0);
    }
    nothing_or(&mut ws, &mut seen);
    assert_eq!(seen, [b"between".to_vec(), b"Hello".to_vec(), b"next".to_vec()]);
}

/// A call that is refused changes nothing: the message that is being joined either.
#[test]
fn refused_fail_leaves_a_message_that_is_being_joined() {
    let mut ws = server();
    bring(&mut ws, &frame_to(Role::Server, TEXT, b"Hel"), 0);
    nothing(&mut ws, 0);
    let refused = ws.commands(ms(0)).fail(CloseCode::NO_STATUS_RECEIVED);
    assert_eq!(refused, Err(UsageError::InvalidCloseCode.into()));
    nothing(&mut ws, 0);
    bring(&mut ws, &frame_to(Role::Server, FIN | CONTINUATION, b"lo"), 0);
    assert_eq!(payload(&mut ws), b"Hello");
}

/// Takes all events, and notes the bytes of pings and messages.
fn nothing_or(ws: &mut Server<'_>, seen: &mut Vec<Vec<u8>>) {
    while let Some((event, _)) = ws.next(ms(0)).unwrap() {
        match event {
            Event::Data(data) => {
                assert!(data.first() && data.last);
                seen.push(data.payload.to_vec());
            }
            Event::Ping { payload, .. } => seen.push(payload.to_vec()),
            other => panic!("{other:?}"),
        }
    }
}

/// The limit is the same however the message arrives: whole, or in two pieces.
#[test]
fn message_of_the_limit_is_joined_and_one_byte_more_is_1009() {
    for cut in [false, true] {
        for (len, fits) in [(1024 - 144, true), (1024 - 143, false)] {
            let mut ws = server();
            nothing(&mut ws, 0);
            let wire = frame_to(Role::Server, FIN | BINARY, &vec![7; len]);
            if cut {
                bring(&mut ws, &wire[..100], 0);
                nothing(&mut ws, 0);
            }
            bring(&mut ws, &wire[if cut { 100 } else { 0 }..], 0);
            if fits {
                assert_eq!(payload(&mut ws), vec![7; len]);
            } else {
                let Some((Event::Failed { error: ProtocolError::MessageTooLong, .. }, _)) = ws.next(ms(0)).unwrap() else {
                    panic!()
                };
                nothing(&mut ws, 0);
                assert_eq!(take(&mut ws, 0), close_to(Role::Client, 1009, b""));
                assert_eq!(ws.transport(), Transport::ShutdownWrite);
            }
        }
    }
}

#[test]
fn memory_for_joining_takes_what_is_longer_than_the_input() {
    let ws = Connection::open(Role::Server, &DEFAULT, NoEntropy, Negotiated::NOTHING, ms(0));
    let mut ws = Buffered::new(ws, [0; 131], [0; 262]).join_in(vec![0; 5000]);
    let message: Vec<_> = (0..5000_u32).map(|i| i as u8).collect();
    let wire = [frame_to(Role::Server, FIN | BINARY, &message), frame_to(Role::Server, FIN | BINARY, &vec![0; 5001])].concat();
    let mut rest = &wire[..];
    let mut seen = 0;
    loop {
        match ws.next(ms(0)).unwrap() {
            Some((Event::Data(data), _)) => {
                assert_eq!(data.payload, message);
                seen += 1;
            }
            Some((Event::Failed { error: ProtocolError::MessageTooLong, .. }, _)) => break,
            Some((other, _)) => panic!("{other:?}"),
            None => {
                let space = ws.space().unwrap();
                let len = space.len().min(rest.len());
                space[..len].copy_from_slice(&rest[..len]);
                rest = &rest[len..];
                ws.filled(len, ms(0));
            }
        }
    }
    assert_eq!(seen, 1);
}

#[test]
fn peer_that_does_not_read_is_not_read_until_the_output_drains() {
    let mut ws = server_with(&DEFAULT, 1024, 262);
    nothing(&mut ws, 0);
    let pings: Vec<u8> = (0..3).flat_map(|_| frame_to(Role::Server, FIN | PING, &[b'x'; 125])).collect();
    bring(&mut ws, &pings, 0);
    let mut seen = 0;
    while ws.next(ms(0)).unwrap().is_some() {
        seen += 1;
    }
    // Two Pongs of 127 bytes fill the output; the third Ping waits, and nothing more is read.
    assert_eq!((seen, ws.due().len()), (2, 254));
    assert!(ws.space().is_none() && !ws.wants_reading());
    // It takes nothing: a loop that says so waits.
    ws.written(0, ms(1));
    assert!(ws.next_timeout().is_some_and(|due| due > ms(1)));
    // The peer takes a little: there may be room, so the layer says "call me again" and not "wait".
    ws.written(254, ms(1));
    assert!(ws.next_timeout().is_some_and(|due| due <= ms(1)));
    assert!(ws.next(ms(1)).unwrap().is_some());
    nothing(&mut ws, 1);
    assert!(ws.wants_reading());
}

#[test]
fn sends_leave_room_for_an_answer_to_the_peer() {
    let mut ws = server_with(&DEFAULT, 1024, 300);
    nothing(&mut ws, 0);
    assert_eq!(ws.room(), 300 - 131);
    // Never, as opposed to not yet.
    assert_eq!(ws.commands(ms(0)).send(MessageKind::Binary, &[0; 166]), Err(UsageError::BufferTooShort.into()));
    ws.commands(ms(0)).send(MessageKind::Binary, &[0; 165]).unwrap();
    assert_eq!(ws.room(), 0);
    assert!(matches!(ws.commands(ms(0)).ping(b""), Err(CallError::NeedsRoom { bytes: 2 })));
    bring(&mut ws, &frame_to(Role::Server, FIN | PING, &[b'x'; 125]), 0);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { answered: true, .. }, _))));
    // Only a Close may use that room.
    let mut ws = server_with(&DEFAULT, 1024, 300);
    ws.commands(ms(0)).send(MessageKind::Binary, &[0; 165]).unwrap();
    ws.commands(ms(0)).close(CloseCode::NORMAL_CLOSURE, "bye").unwrap();
}

#[test]
fn message_longer_than_the_output_goes_as_fragments_and_nothing_gets_between() {
    let mut ws = server_with(&DEFAULT, 1024, 400);
    let message = "é".repeat(1000);
    let (mut sent, mut wire) = (0, Vec::new());
    while sent < message.len() {
        match ws.commands(ms(0)).send_part(MessageKind::Text, sent as u64, &message.as_bytes()[sent..], true) {
            Ok(taken) => sent += taken,
            Err(CallError::NeedsRoom { bytes }) => {
                assert!(bytes > ws.room());
                for foreign in [
                    ws.commands(ms(0)).send_text("x"),
                    ws.commands(ms(0)).send(MessageKind::Text, b"x"),
                    ws.commands(ms(0)).send_part(MessageKind::Text, 0, b"x", true).map(drop),
                ] {
                    assert_eq!(foreign, Err(UsageError::MessageUnfinished.into()));
                }
                wire.extend(take(&mut ws, 0));
            }
            Err(other) => panic!("{other}"),
        }
    }
    wire.extend(take(&mut ws, 0));
    let frames = written_by(Role::Server, &wire);
    assert!(frames.len() > 2 && frames[0].first == TEXT && frames.last().unwrap().first == FIN | CONTINUATION);
    assert_eq!(frames.iter().flat_map(|frame| frame.payload.clone()).collect::<Vec<_>>(), message.as_bytes());
    assert_eq!(ws.commands(ms(0)).send_part(MessageKind::Text, 1, b"x", true), Err(UsageError::NoMessageUnfinished.into()));
    ws.commands(ms(0)).send_part(MessageKind::Text, 0, b"", true).unwrap();
    assert_eq!(take(&mut ws, 0), [FIN | TEXT, 0]);
    // Once the connection is closing, everything is taken and goes nowhere.
    ws.commands(ms(0)).close(None, "").unwrap();
    assert_eq!(ws.commands(ms(0)).send_part(MessageKind::Text, 0, &[b'x'; 9999], true), Ok(9999));
    assert_eq!(take(&mut ws, 0), [FIN | CLOSE, 0]);
}

#[test]
fn end_of_input_comes_after_all_that_arrived_and_output_still_leaves() {
    let mut ws = server();
    nothing(&mut ws, 0);
    bring(&mut ws, &[frame_to(Role::Server, FIN | TEXT, b"last"), close_to(Role::Server, 1000, b"")].concat(), 0);
    ws.eof();
    assert_eq!(payload(&mut ws), b"last");
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::CloseReceived { .. }, _))));
    let Some((Event::Closed { code, was_clean: true, cause: EndCause::EndOfInput, .. }, _)) = ws.next(ms(0)).unwrap() else {
        panic!()
    };
    assert_eq!(code, CloseCode::NORMAL_CLOSURE);
    nothing(&mut ws, 0);
    // Not before our Close has left.
    assert_eq!(ws.transport(), Transport::Keep);
    assert_eq!(take(&mut ws, 0), close_to(Role::Client, 1000, b""));
    assert_eq!((ws.transport(), ws.next_timeout()), (Transport::Close, None));
}

/// Q3: the machine slept for an hour, and the Pong lies in the socket.
#[test]
fn what_arrived_comes_before_deadlines() {
    let mut ws = server();
    nothing(&mut ws, 0);
    ws.filled(0, ms(25_000));
    nothing(&mut ws, 25_000);
    let ping = take(&mut ws, 25_000);
    assert_eq!(ping[0], FIN | PING);
    // An hour later the program calls, before it has looked at the socket.
    nothing(&mut ws, 3_600_000);
    bring(&mut ws, &frame_to(Role::Server, FIN | PONG, &ping[2..]), 3_600_000);
    assert!(matches!(ws.next(ms(3_600_000)).unwrap(), Some((Event::Pong { answers: Some(_), .. }, _))));
    nothing(&mut ws, 3_600_000);
    assert_eq!(ws.connection().state(), State::Open);
    // The next Ping has left as well, and nothing comes.
    take(&mut ws, 3_600_000);
    ws.filled(0, ms(3_619_999));
    nothing(&mut ws, 3_619_999);
    ws.filled(0, ms(3_620_000));
    let closed = ws.next(ms(3_620_000)).unwrap();
    assert!(matches!(closed, Some((Event::Closed { cause: EndCause::PongTimeout, .. }, _))));
}

#[test]
fn peer_that_takes_nothing_ends_at_the_writing_deadline_and_a_slow_one_does_not() {
    let config = Config::new().keepalive_interval_ms(0);
    for slow in [true, false] {
        let mut ws = server_with(&config, 1024, 1024);
        ws.commands(ms(0)).send(MessageKind::Binary, &[0; 800]).unwrap();
        nothing(&mut ws, 0);
        for second in 1..60 {
            if slow {
                ws.written(1, ms(second * 1000));
            }
            ws.filled(0, ms(second * 1000));
            let is_end = !slow && second == 20;
            match ws.next(ms(second * 1000)).unwrap() {
                None => assert!(!is_end),
                Some((event, _)) => {
                    assert!(is_end && matches!(event, Event::Closed { cause: EndCause::WriteTimeout, .. }), "{second} {event:?}");
                    assert_eq!((ws.transport(), ws.due().len()), (Transport::Close, 0));
                    break;
                }
            }
            let due = ws.next_timeout().unwrap();
            assert_eq!(due, ms(if slow { second * 1000 + 20_000 } else { 20_000 }));
        }
        assert_eq!(ws.transport() == Transport::Keep, slow);
    }
}

/// A program that blocks, on a full pipe perhaps, keeps a peer that blocks in writing from reading.
#[test]
fn pause_does_not_count_for_the_writing_deadline() {
    let config = Config::new().keepalive_interval_ms(0);
    let mut ws = server_with(&config, 1024, 1024);
    ws.commands(ms(1_000)).send(MessageKind::Binary, &[0; 800]).unwrap();
    nothing(&mut ws, 1_000);
    ws.pause(ms(6_000));
    ws.pause(ms(50_000));
    ws.resume(ms(66_000));
    ws.filled(0, ms(66_000));
    nothing(&mut ws, 66_000);
    assert_eq!(ws.next_timeout(), Some(ms(81_000)));
    take(&mut ws, 66_000);
    ws.pause(ms(66_000));
    ws.resume(ms(70_000));
    nothing(&mut ws, 70_000);
    assert_eq!(ws.next_timeout(), None);
    // What became due inside the pause has its whole time from the end of it.
    let mut ws = server_with(&config, 1024, 1024);
    ws.pause(ms(0));
    ws.commands(ms(5_000)).send_text("x").unwrap();
    ws.resume(ms(10_000));
    ws.filled(0, ms(10_000));
    nothing(&mut ws, 10_000);
    assert_eq!(ws.next_timeout(), Some(ms(30_000)));
}

/// After `Closed`, what is due still has the writing deadline to leave.
#[test]
fn request_that_is_not_taken_ends_at_the_handshake_deadline() {
    let mut ws = Buffered::new(Connection::client(&DEFAULT, Counter::default(), ms(0)), [0; 1024], [0; 1024]);
    ws.commands(ms(0)).request(&ClientRequest::new("example.com", "/")).unwrap();
    assert!(ws.next(ms(0)).unwrap().is_none());
    ws.filled(0, ms(10_000));
    assert!(matches!(ws.next(ms(10_000)).unwrap(), Some((Event::Closed { cause: EndCause::HandshakeTimeout, .. }, _))));
    assert_eq!((ws.due().len(), ws.transport()), (0, Transport::Close));
}

#[test]
fn rest_of_the_output_is_waited_for_until_the_writing_deadline() {
    let mut ws = server();
    ws.commands(ms(0)).send(MessageKind::Binary, &[0; 800]).unwrap();
    ws.eof();
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Closed { .. }, _))));
    nothing(&mut ws, 0);
    assert_eq!((ws.transport(), ws.next_timeout()), (Transport::Keep, Some(ms(20_000))));
    ws.filled(0, ms(20_000));
    nothing(&mut ws, 20_000);
    assert_eq!(ws.transport(), Transport::Close);
}

#[test]
fn write_that_fails_leaves_what_arrived_to_be_read() {
    let mut ws = server();
    ws.commands(ms(0)).send_text("never arrives").unwrap();
    ws.write_failed();
    nothing(&mut ws, 0);
    bring(&mut ws, &close_to(Role::Server, 1000, b""), 0);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::CloseReceived { .. }, _))));
    nothing(&mut ws, 0);
    assert!(ws.due().is_empty());
    ws.eof();
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Closed { was_clean: true, .. }, _))));
    assert_eq!(ws.transport(), Transport::Close);
}

#[test]
fn head_that_fills_the_input_is_431() {
    let mut ws = Buffered::new(Connection::server(&DEFAULT, ms(0)), vec![0; 200], vec![0; 300]);
    nothing(&mut ws, 0);
    let long = head(&["GET / HTTP/1.1", "Host: a", &format!("Cookie: {}", "x".repeat(300))]);
    bring(&mut ws, &long[..199], 0);
    nothing(&mut ws, 0);
    bring(&mut ws, &long[199..200], 0);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Failed { error: ProtocolError::HeadTooLong, .. }, _))));
    nothing(&mut ws, 0);
    assert!(take(&mut ws, 0).starts_with(b"HTTP/1.1 431 "));
    assert_eq!(ws.transport(), Transport::ShutdownWrite);
}

#[test]
fn bytes_that_were_lent_stay_where_they_are() {
    let mut ws = server();
    nothing(&mut ws, 0);
    bring(&mut ws, &frame_to(Role::Server, FIN | TEXT, b"x")[..3], 0);
    nothing(&mut ws, 0);
    let space = ws.space().unwrap().as_ptr();
    ws.commands(ms(0)).send_text("first").unwrap();
    let due = ws.due().as_ptr();
    // A read and a write are under way. Meanwhile the program fails the connection, so that what arrived is dropped.
    ws.commands(ms(0)).fail(CloseCode::NORMAL_CLOSURE).unwrap();
    nothing(&mut ws, 0);
    assert_eq!((ws.space().unwrap().as_ptr(), ws.due().as_ptr()), (space, due));
    ws.filled(5, ms(0));
    nothing(&mut ws, 0);
    assert_ne!(ws.space().unwrap().as_ptr(), space);
}

/// A timer reports that nothing was read, and deadlines act, while a read goes on: what it brings is found where it was lent.
#[test]
fn time_passes_while_a_read_is_under_way() {
    let mut ws = server();
    let wire = [frame_to(Role::Server, FIN | TEXT, b"one"), frame_to(Role::Server, FIN | TEXT, b"Hello")].concat();
    let (arrived, later) = wire.split_at(wire.len() - 8);
    bring(&mut ws, arrived, 0);
    assert_eq!(payload(&mut ws), b"one");
    nothing(&mut ws, 0);
    let space = ws.space().unwrap().as_ptr();
    ws.filled(0, ms(25_000));
    nothing(&mut ws, 25_000);
    assert_eq!(plain(&written_by(Role::Server, &take(&mut ws, 25_000)))[0].0, FIN | PING);
    ws.filled(0, ms(26_000));
    nothing(&mut ws, 26_000);
    assert_eq!(ws.space().unwrap().as_ptr(), space);
    bring(&mut ws, later, 27_000);
    assert_eq!(payload(&mut ws), b"Hello");
}

#[test]
fn requests_are_answered_after_the_client_half_closed() {
    let mut ws = Buffered::new(Connection::server(&DEFAULT, ms(0)), vec![0; 200], vec![0; 300]);
    nothing(&mut ws, 0);
    bring(&mut ws, b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    ws.eof();
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::HttpRequest(request), _)) if request.path() == "/page"));
    nothing(&mut ws, 0);
    assert_eq!(ws.transport(), Transport::Keep);
    ws.commands(ms(5)).respond(200, &[], b"later").unwrap();
    assert!(matches!(ws.next(ms(5)).unwrap(), Some((Event::Closed { .. }, _))));
    nothing(&mut ws, 5);
    assert!(take(&mut ws, 5).ends_with(b"later"));
    assert_eq!(ws.transport(), Transport::Close);
}

#[test]
fn opening_handshakes_of_both_roles() {
    let mut client = Buffered::new(Connection::client(&DEFAULT, Counter::default(), ms(0)), [0; 1024], [0; 1024]);
    let mut ws = Buffered::new(Connection::server(&DEFAULT, ms(0)), vec![0; 1024], vec![0; 1024]);
    client.commands(ms(0)).request(&ClientRequest::new("example.com", "/")).unwrap();
    nothing(&mut ws, 0);
    let request = client.due().to_vec();
    client.written(request.len(), ms(0));
    bring(&mut ws, &request, 0);
    let Some((Event::Request(request), mut commands)) = ws.next(ms(0)).unwrap() else { panic!() };
    commands.accept_or_refuse(&request, &Accept::new(Origin::Any)).unwrap();
    // The request can be looked at again, as an opening handshake.
    let Some((Event::Request(request), _)) = ws.current(ms(0)) else { panic!() };
    assert!(request.offer(&DEFAULT, Origin::Any).is_ok());
    nothing(&mut ws, 0);
    let answer = [take(&mut ws, 0), frame_to(Role::Client, FIN | TEXT, b"early")].concat();
    assert!(client.next(ms(0)).unwrap().is_none());
    client.space().unwrap()[..answer.len()].copy_from_slice(&answer);
    client.filled(answer.len(), ms(0));
    let Some((Event::Opened(response), _)) = client.next(ms(0)).unwrap() else { panic!() };
    assert_eq!(response.status(), 101);
    assert!(matches!(client.next(ms(0)).unwrap(), Some((Event::Data(data), _)) if data.payload == b"early"));
}

#[test]
fn body_of_a_refusal_is_the_programs() {
    let ws = Connection::client(&DEFAULT, Counter::default(), ms(0));
    let mut client = Buffered::new(ws, [0; 200], [0; 1024]);
    client.commands(ms(0)).request(&ClientRequest::new("example.com", "/")).unwrap();
    assert!(client.next(ms(0)).unwrap().is_none());
    let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing";
    client.space().unwrap()[..answer.len()].copy_from_slice(answer);
    client.filled(answer.len(), ms(0));
    assert!(matches!(client.next(ms(0)).unwrap(), Some((Event::Refused { response, .. }, _)) if response.status() == 404));
    assert!(client.next(ms(0)).unwrap().is_none());
    assert_eq!(client.unread(), b"nothing");
    client.discard(7);
    assert!(client.next(ms(0)).unwrap().is_none());
    assert!(client.unread().is_empty() && client.wants_reading());
    client.discard(0);
    assert!(client.wants_reading());
    client.commands(ms(0)).close(None, "").unwrap();
    assert!(matches!(client.next(ms(0)).unwrap(), Some((Event::Closed { cause: EndCause::Caller, .. }, _))));
}

#[test]
fn turn_with_shared_buffers_leaves_what_remains_and_nothing_if_idle() {
    let (mut input, mut output) = (vec![0; 512], vec![0; 512]);
    let mut ws = open(Role::Server);
    let mut kept = None;
    let wire = [frame_to(Role::Server, FIN | TEXT, b"one"), frame_to(Role::Server, FIN | BINARY, &[7; 300])].concat();
    let mut seen = Vec::new();
    for (turn, piece) in wire.chunks(50).enumerate() {
        let mut attached = Buffered::attach(&mut ws, &mut input, &mut output);
        if let Some(rest) = kept.take() {
            attached.restore(&rest).unwrap();
        }
        assert!(attached.next(ms(0)).unwrap().is_none());
        attached.space().unwrap()[..piece.len()].copy_from_slice(piece);
        attached.filled(piece.len(), ms(0));
        while let Some((Event::Data(data), mut commands)) = attached.next(ms(0)).unwrap() {
            seen.extend_from_slice(data.payload);
            commands.send_part(data.kind, data.offset, data.payload, data.last).unwrap();
        }
        // The transport takes all but three bytes, in every other turn.
        let due = attached.due().len();
        attached.written(if turn % 2 == 0 { due } else { due.saturating_sub(3) }, ms(0));
        assert_eq!(attached.detach(|_| [0; 2]).is_err(), attached.remaining() > 2);
        kept = attached.detach(|len| vec![0; len]).unwrap();
        input.fill(0xAA);
        output.fill(0xBB);
    }
    assert_eq!(seen, [&b"one"[..], &[7; 300]].concat());
    let mut attached = Buffered::attach(&mut ws, &mut input, &mut output);
    if let Some(rest) = kept {
        attached.restore(&rest).unwrap();
    }
    attached.written(3, ms(0));
    assert!(attached.next(ms(0)).unwrap().is_none());
    assert!(attached.detach(|len| vec![0; len]).unwrap().is_none());
}

/// What was joined in memory is not looked for in the input, nor the reverse.
#[test]
fn remainder_goes_back_to_buffers_like_those_it_comes_from() {
    let (mut input, mut output, mut memory) = (vec![0; 512], vec![0; 512], vec![0; 512]);
    let mut ws = open(Role::Server);
    let mut attached = Buffered::attach(&mut ws, &mut input, &mut output).whole();
    let wire = frame_to(Role::Server, TEXT, b"half");
    attached.space().unwrap()[..wire.len()].copy_from_slice(&wire);
    attached.filled(wire.len(), ms(0));
    assert!(attached.next(ms(0)).unwrap().is_none());
    let rest = attached.detach(|len| vec![0; len]).unwrap().unwrap();
    assert!(attached.is_idle());
    let other = Buffered::attach(&mut ws, &mut input, &mut output).join_in(&mut memory).restore(&rest);
    assert_eq!(other, Err(UsageError::BufferTooShort.into()));
    let shorter = Buffered::attach(&mut ws, &mut input[..3], &mut output).restore(&rest);
    assert_eq!(shorter, Err(UsageError::BufferTooShort.into()));
    let mut attached = Buffered::attach(&mut ws, &mut input, &mut output);
    attached.restore(&rest).unwrap();
    let wire = frame_to(Role::Server, FIN | CONTINUATION, b" and half");
    assert!(attached.next(ms(0)).unwrap().is_none());
    attached.space().unwrap()[..wire.len()].copy_from_slice(&wire);
    attached.filled(wire.len(), ms(0));
    assert!(matches!(attached.next(ms(0)).unwrap(), Some((Event::Data(data), _)) if data.payload == b"half and half"));
}

#[test]
fn there_is_no_event_without_room_for_its_answer() {
    let mut ws = server_with(&DEFAULT, 1024, 1024).room_for(500);
    nothing(&mut ws, 0);
    bring(&mut ws, &frame_to(Role::Server, FIN | BINARY, &[7; 50]).repeat(3), 0);
    for _ in 0..2 {
        let Some((Event::Data(_), mut commands)) = ws.next(ms(0)).unwrap() else { panic!("no event") };
        commands.send(MessageKind::Binary, &[0; 250]).unwrap();
    }
    // 1024 less two frames of 254 is below 131 and 500: the third waits, and nothing is read.
    nothing(&mut ws, 0);
    assert!(ws.space().is_none());
    // What the program sends of its own accord leaves that room, or the event would wait for ever.
    assert_eq!(ws.room(), 0);
    assert!(matches!(ws.commands(ms(0)).send_part(MessageKind::Binary, 0, &[0; 250], true), Err(CallError::NeedsRoom { .. })));
    ws.written(1, ms(0));
    assert!(ws.next_timeout().is_some_and(|due| due > ms(0)));
    nothing(&mut ws, 0);
    ws.written(150, ms(0));
    assert!(ws.next_timeout().is_some_and(|due| due <= ms(0)));
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Data(_), _))));
    assert!(ws.room() >= 500);
    // An output that never has so much room.
    let mut ws = server_with(&DEFAULT, 1024, 1024).room_for(1024 - 130);
    assert!(matches!(ws.next(ms(0)), Err(CallError::Usage(UsageError::BufferTooShort))));
    assert!(server_with(&DEFAULT, 1024, 1024).room_for(1024 - 131).next(ms(0)).is_ok());
}
