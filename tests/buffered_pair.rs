//! Two `Buffered` connections back to back, over pipes that hold little: whatever both stream at each other, nothing stands still.

mod property;
mod support;

use std::collections::VecDeque;

use property::{one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    Buffered, CallError, CloseCode, Connection, EndCause, Event, MessageKind, Negotiated, Role, State, Transport, UsageError,
};
use support::entropy::Counter;
use support::{DEFAULT, ms};

/// Bytes that each end streams.
const LEN: usize = 200_000;

/// What an end is like, and what it sends.
#[derive(Clone, Debug)]
struct Plan {
    input: usize,
    output: usize,
    /// Bytes that its pipe holds.
    pipe: usize,
    /// Bytes of each message, and of what the program has ready at a time.
    message: usize,
    ready: usize,
    /// Whether it sends a Ping after each message.
    pings: bool,
    whole: bool,
}

struct End {
    ws: Buffered<'static, Counter, Vec<u8>, Vec<u8>>,
    plan: Plan,
    sent: usize,
    received: usize,
    ended: Option<(bool, EndCause)>,
    has_shut: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let pipe = prop_oneof![64_usize..300, 64_usize..5000];
    let message = prop_oneof![Just(LEN), 1000_usize..LEN];
    (131_usize..2000, 300_usize..2000, pipe, message, 100_usize..5000, any::<bool>(), any::<bool>()).prop_map(
        |(input, output, pipe, message, ready, pings, whole)| {
            let input = if whole { input.max(244) } else { input };
            Plan { input, output, pipe, message, ready, pings, whole }
        },
    )
}

fn byte(i: usize) -> u8 {
    (i * 31 + i / 251) as u8
}

impl End {
    fn new(role: Role, plan: Plan) -> Self {
        let ws = Connection::open(role, &DEFAULT, Counter::default(), Negotiated::NOTHING, ms(0));
        let ws = Buffered::new(ws, vec![0; plan.input], vec![0; plan.output]);
        let ws = if plan.whole { ws } else { ws.in_pieces() };
        Self { ws, plan, sent: 0, received: 0, ended: None, has_shut: false }
    }

    /// The program: takes all events, and sends as much as there is room for.
    fn run(&mut self) {
        loop {
            while let Some((event, _)) = self.ws.next(ms(0)).unwrap() {
                match event {
                    Event::Data(data) => {
                        let expected = (self.received..self.received + data.payload.len()).map(byte);
                        assert!(data.payload.iter().copied().eq(expected), "bytes lost or changed");
                        self.received += data.payload.len();
                    }
                    Event::Ping { .. } | Event::Pong { .. } | Event::CloseReceived { .. } => {}
                    Event::Closed { was_clean, cause, .. } => self.ended = Some((was_clean, cause)),
                    other => panic!("{other:?}"),
                }
            }
            if !self.send() {
                break;
            }
        }
    }

    /// True if something was sent.
    fn send(&mut self) -> bool {
        let Plan { message, ready, pings, .. } = self.plan;
        let mut commands = self.ws.commands(ms(0));
        // The client closes once it has all: what it sent before still arrives.
        let ws = commands.connection();
        if self.sent == LEN && self.received == LEN && ws.role() == Role::Client && ws.state() == State::Open {
            commands.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
            return true;
        }
        // What fits into less is not worth a frame.
        if self.sent == LEN || commands.room() < 20 {
            return false;
        }
        let offset = self.sent % message;
        let end = (self.sent - offset + message).min(LEN);
        let payload: Vec<_> = (self.sent..end.min(self.sent + ready)).map(byte).collect();
        match commands.send_part(MessageKind::Binary, offset as u64, &payload, self.sent + payload.len() == end) {
            Ok(taken) => {
                assert!(taken > 0);
                self.sent += taken;
                if pings && self.sent == end {
                    let _ = commands.ping(b"?");
                }
                true
            }
            Err(CallError::NeedsRoom { .. }) => false,
            Err(CallError::Usage(UsageError::NoMessageUnfinished)) => panic!("the parts were mixed up"),
            Err(other) => panic!("{other}"),
        }
    }
}

/// One transfer from `from` to `to` of at most `len` bytes over `pipe`, into it or out of it. False if there was nothing to do.
fn transfer(from: &mut End, to: &mut End, pipe: &mut VecDeque<u8>, len: usize) -> bool {
    let mut moved = false;
    let due = from.ws.due();
    let n = due.len().min(from.plan.pipe - pipe.len()).min(len);
    if n > 0 {
        pipe.extend(&due[..n]);
        from.ws.written(n, ms(0));
        from.run();
        moved = true;
    }
    if from.ws.transport() != Transport::Keep && pipe.is_empty() && !from.has_shut {
        (from.has_shut, moved) = (true, true);
        to.ws.eof();
        to.run();
    }
    if !pipe.is_empty() && to.ws.wants_reading() {
        let space = to.ws.space().unwrap();
        let n = space.len().min(pipe.len()).min(len);
        for (place, byte) in space.iter_mut().zip(pipe.drain(..n)) {
            *place = byte;
        }
        to.ws.filled(n, ms(0));
        to.run();
        moved = true;
    }
    moved
}

/// Wait for readable and writable together, and call `next` after `written`; then two peers that stream at each other do not
/// stand still, and all that was sent before a Close arrives. Both may ping on the way: a Pong takes from the room that is kept for
/// answers, so its sender stops reading for a while.
#[test]
fn peers_that_stream_at_each_other_do_not_stand_still() {
    let len = prop_oneof![100_usize..2000, 100_usize..2000, Just(usize::MAX)];
    let moves = vec((any::<bool>(), len), 1..40);
    let input = (moves, plan(), plan(), one_of(&[true, false]));
    property(64, input, |(moves, client, server, is_patient)| {
        let [client, server] = [(&client, &server), (&server, &client)].map(|(from, to)| {
            // A message that is joined has to fit.
            let most = if to.whole { to.input - 144 } else { LEN };
            Plan { message: from.message.min(most), ..from.clone() }
        });
        let mut ends = [End::new(Role::Client, client), End::new(Role::Server, server)];
        ends.iter_mut().for_each(End::run);
        let mut pipes = [VecDeque::new(), VecDeque::new()];
        let [client, server] = &mut ends;
        for &(to_server, len) in moves.iter().cycle() {
            let step = |to_server: bool, client: &mut End, server: &mut End, pipes: &mut [VecDeque<u8>; 2]| match to_server {
                true => transfer(client, server, &mut pipes[0], len),
                false => transfer(server, client, &mut pipes[1], len),
            };
            let moved = step(to_server, client, server, &mut pipes);
            // One that is patient lets a direction run as long as it can.
            while moved && is_patient && step(to_server, client, server, &mut pipes) {}
            if !moved && !step(!to_server, client, server, &mut pipes) {
                break;
            }
        }
        for end in [client, server] {
            assert_eq!((end.sent, end.received), (LEN, LEN), "it stands still");
            assert_eq!(end.ended, Some((true, EndCause::EndOfInput)));
            assert_eq!((end.ws.transport(), end.ws.next_timeout()), (Transport::Close, None));
        }
    });
}
