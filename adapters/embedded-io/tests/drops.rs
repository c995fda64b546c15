//! Futures that are dropped while they wait: nothing is lost, repeated or sent by halves.

mod support;

use proptest::prelude::*;
use sansocket::{CallError, ClientRequest, CloseCode, MessageKind, Origin, State, UsageError};
use support::*;

/// Rounds of polls after which everything has arrived, at one byte a time.
const ENOUGH: usize = 100_000;

/// One step of a session: which end does what, and after how many polls the future is dropped.
#[derive(Clone, Debug)]
struct Step {
    is_client: bool,
    act: Act,
    polls: usize,
}

#[derive(Clone, Debug)]
enum Act {
    Next,
    Send(usize),
    Part(usize),
    Ping,
    Flush,
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let act = prop_oneof![
        6 => Just(Act::Next),
        4 => (0_usize..360).prop_map(Act::Send),
        1 => (0_usize..900).prop_map(Act::Part),
        1 => Just(Act::Ping),
        1 => Just(Act::Flush),
        1 => (0_u64..50).prop_map(Act::Pass),
    ];
    let step = (any::<bool>(), act, 1_usize..4).prop_map(|(is_client, act, polls)| Step { is_client, act, polls });
    prop::collection::vec(step, 1..60)
}

/// How a pipe behaves.
fn manners() -> impl Strategy<Value = (usize, usize, u8, bool)> {
    (1_usize..300, prop_oneof![1_usize..20, Just(usize::MAX)], 0_u8..128, any::<bool>())
}

fn behave(end: &End, (capacity, at_once, waits, holds): (usize, usize, u8, bool)) {
    end.with(|pipe| {
        (pipe.capacity, pipe.at_once, pipe.waits) = (capacity, at_once, waits);
        pipe.held = holds.then(Vec::new);
    });
}

/// An end of the session: what it has certainly sent, and what it has got.
#[derive(Default)]
struct Book {
    sent: Vec<Seen>,
    got: Vec<Seen>,
    /// The rest of a message that was begun in parts.
    rest: Option<(Vec<u8>, Vec<u8>)>,
    count: u8,
}

impl Book {
    fn payload(&mut self, len: usize) -> Vec<u8> {
        self.count = self.count.wrapping_add(1);
        (0..len).map(|at| self.count.wrapping_add((at % 251) as u8)).collect()
    }
}

fn act<T: sansocket_embedded_io::Transport, E: sansocket::Entropy>(
    ws: &mut sansocket_embedded_io::WebSocket<'static, T, Clock, E, Vec<u8>, Vec<u8>>,
    book: &mut Book,
    clock: &Clock,
    step: &Step,
) {
    match step.act {
        Act::Next => book.got.extend(next(ws, step.polls).flatten().filter(|seen| matches!(seen, Seen::Message(..)))),
        Act::Send(len) => {
            let payload = book.payload(len);
            match poll_times(ws.send(MessageKind::Binary, &payload), step.polls) {
                Some(Ok(())) => book.sent.push(Seen::Message(MessageKind::Binary, payload)),
                // What was begun in parts is not mixed with it.
                Some(Err(error)) => assert_eq!((error, book.rest.is_some()), (UsageError::MessageUnfinished.into(), true)),
                None => {}
            }
        }
        Act::Part(len) => {
            let (whole, rest) = book.rest.take().unwrap_or_else(|| {
                let payload = book.payload(len.min(880)); // the longest that the other end can join
                (payload.clone(), payload)
            });
            let offset = (whole.len() - rest.len()) as u64;
            match poll_times(ws.send_part(MessageKind::Binary, offset, &rest, true), step.polls) {
                Some(Ok(taken)) if taken == rest.len() => book.sent.push(Seen::Message(MessageKind::Binary, whole)),
                Some(Ok(taken)) => book.rest = Some((whole, rest[taken..].to_vec())),
                None if offset > 0 => book.rest = Some((whole, rest)),
                None => {}
                Some(Err(error)) => panic!("{error}"),
            }
        }
        // If both answered Pings while both outputs and both pipes are full, neither would read on before the other does.
        Act::Ping if !step.is_client => {}
        Act::Ping => assert_ne!(poll_times(ws.ping(b"?"), step.polls), Some(Err(CallError::EntropyFailed))),
        Act::Flush => assert_ne!(poll_times(ws.flush(), step.polls), Some(Err(CallError::EntropyFailed))),
        Act::Pass(ms) => clock.pass_ms(ms),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, max_shrink_iters: 50, ..ProptestConfig::default() })]

    /// A read that is dropped loses and repeats nothing. A send that is done is delivered once, a send that is dropped never.
    #[test]
    fn sessions_of_dropped_futures_deliver_what_was_sent(
        steps in steps(), up_manners in manners(), down_manners in manners(), connect_polls in prop::collection::vec(1_usize..4, 0..8),
    ) {
        let clock = Clock::default();
        let (mut client, mut server, up, down) = pair(&clock);
        behave(&up, up_manners);
        behave(&down, down_manners);

        let request = ClientRequest::new("example.com", "/");
        for polls in connect_polls {
            if poll_times(client.connect(&request), polls).is_some() {
                break;
            }
            if poll_times(server.accept(Origin::Any), polls).is_some() {
                break;
            }
        }
        for _ in 0..ENOUGH {
            if client.connection().state() == State::Open {
                break;
            }
            let _ = poll_times(client.connect(&request), 1).is_some();
            if server.connection().state() == State::Connecting {
                let _ = poll_times(server.accept(Origin::Any), 1);
            } else {
                let _ = poll_times(server.flush(), 1);
            }
        }
        prop_assert_eq!(client.connection().state(), State::Open);

        let (mut of_client, mut of_server) = (Book::default(), Book::default());
        for step in &steps {
            if step.is_client {
                act(&mut client, &mut of_client, &clock, step);
            } else {
                act(&mut server, &mut of_server, &clock, step);
            }
        }
        let finish = Step { is_client: true, act: Act::Part(0), polls: 1 };
        for _ in 0..ENOUGH {
            let is_done = of_server.got.len() >= of_client.sent.len() && of_client.got.len() >= of_server.sent.len();
            if is_done && of_client.rest.is_none() && of_server.rest.is_none() {
                break;
            }
            let take = Step { act: Act::Next, ..finish.clone() };
            act(&mut client, &mut of_client, &clock, &take);
            act(&mut server, &mut of_server, &clock, &take);
            if of_client.rest.is_some() {
                act(&mut client, &mut of_client, &clock, &finish);
            }
            if of_server.rest.is_some() {
                act(&mut server, &mut of_server, &clock, &finish);
            }
        }
        prop_assert_eq!(&of_server.got, &of_client.sent);
        prop_assert_eq!(&of_client.got, &of_server.sent);

        // And they close in good order, whoever is dropped meanwhile.
        let mut ends = (None, None);
        for _ in 0..ENOUGH {
            if ends.0.is_some() && ends.1.is_some() {
                break;
            }
            ends.0 = ends.0.or_else(|| poll_times(client.close(CloseCode::NORMAL_CLOSURE, "done"), 2));
            ends.1 = ends.1.or_else(|| next(&mut server, 1).filter(Option::is_none));
        }
        prop_assert_eq!(ends, (Some(Ok(true)), Some(None)));
        prop_assert!(up.0.borrow().has_ended && down.0.borrow().has_ended);
    }
}

#[test]
fn a_connect_that_was_dropped_continues() {
    let clock = Clock::default();
    let (mut client, _, up, down) = pair(&clock);
    let request = ClientRequest::new("example.com", "/");
    assert!(poll_times(client.connect(&request), 1).is_none());
    let head = up.take();
    assert!(head.starts_with(b"GET / HTTP/1.1\r\n"));
    assert!(poll_times(client.connect(&request), 1).is_none());
    assert_eq!(up.take(), b"", "a second request");
    down.push(b"HTTP/1.1 403 Forbidden\r\n");
    assert!(poll_times(client.connect(&request), 1).is_none());
    down.push(b"Content-Length: 0\r\n\r\n");
    let error = run(client.connect(&request)).unwrap_err();
    assert!(matches!(error, sansocket_embedded_io::HandshakeError::Refused { status: 403, .. }), "{error}");
}

#[test]
fn a_request_that_cannot_be_sent_is_the_programs_mistake() {
    let clock = Clock::default();
    let (mut client, _, up, _) = pair(&clock);
    let error = run(client.connect(&ClientRequest::new("no host", "/"))).unwrap_err();
    assert_eq!(error, CallError::Usage(UsageError::InvalidHost).into());
    assert_eq!(up.take(), b"");
    let (mut client, ..) = open_pair(&clock);
    let error = run(client.connect(&ClientRequest::new("example.com", "/"))).unwrap_err();
    assert_eq!(error, CallError::Usage(UsageError::NotConnecting).into());
}

#[test]
fn a_long_send_that_was_dropped_makes_the_next_say_so() {
    let clock = Clock::default();
    let (mut client, mut server, up, _) = open_pair(&clock);
    let long = [b'x'; 2000];
    up.with(|pipe| pipe.capacity = 100);
    assert!(poll_times(client.send_in_parts(MessageKind::Text, &long), 3).is_none());
    let unfinished = Err(CallError::Usage(UsageError::MessageUnfinished));
    assert_eq!(run(client.send_text("another")), unfinished);
    assert_eq!(run(client.send_in_parts(MessageKind::Text, &long)), unfinished);
    // Pings may come between, and a Close ends it.
    up.with(|pipe| pipe.capacity = usize::MAX);
    assert_eq!(run(client.ping(b"between")), Ok(()));
    assert_eq!(next(&mut server, 5), Some(Some(Seen::Ping(b"between".to_vec()))));
    assert!(poll_times(client.close(CloseCode::NORMAL_CLOSURE, ""), 1).is_none());
    assert_eq!(next(&mut server, 5), Some(Some(Seen::CloseReceived(1000))));
}

#[test]
fn a_short_send_that_was_dropped_has_sent_nothing() {
    let clock = Clock::default();
    let (mut client, mut server, up, _) = open_pair(&clock);
    up.with(|pipe| pipe.capacity = 0);
    assert_eq!(run(client.send_text(&"a".repeat(300))), Ok(()), "the output has room for it");
    assert!(poll_times(client.send_text(&"b".repeat(300)), 9).is_none(), "and for no more");
    up.with(|pipe| pipe.capacity = usize::MAX);
    assert_eq!(run(client.send_text("c")), Ok(()));
    assert_eq!(next(&mut server, 5), Some(Some(text(&"a".repeat(300)))));
    assert_eq!(next(&mut server, 5), Some(Some(text("c"))));
    assert_eq!(next(&mut server, 5), None);
}
