//! What protocols above a session need: messages that belong together, dropping the connection, and a look at the queue.

mod support;

use std::cell::Cell;
use std::rc::Rc;

use sansocket::{Buffered, Connection, Entropy, EntropyError, Instant, MessageKind};
use sansocket_session::{Event, Overflow, QUEUE_OVERHEAD, SendError, Session, SessionConfig, SessionState};
use support::{CONFIG, World, leak, session};

const PLAIN: SessionConfig = SessionConfig::new();
const URL: &str = "ws://example.com/";
const TEXT: MessageKind = MessageKind::Text;

fn send(world: &mut World, messages: &[&str]) -> Result<u64, SendError> {
    let now = world.clock();
    let messages: Vec<_> = messages.iter().map(|text| (TEXT, text.as_bytes())).collect();
    world.session.commands(now).send_together(&messages, false)
}

#[test]
fn what_belongs_together_waits_and_is_dropped_together() {
    for (overflow, third, got, dropped) in [
        (Overflow::Refuse, Err(SendError::Full), &["a1", "a2", "b"][..], None),
        (Overflow::DropOldest, Ok(3), &["b", "c1", "c2"], Some("dropped 1..1 1")),
        (Overflow::DropNewest, Ok(3), &["a1", "a2", "b"], Some("dropped 3..3 1")),
    ] {
        for (memory, most) in [(3 * (2 + QUEUE_OVERHEAD), 100), (1000, 3)] {
            let mut world = World::served(session(PLAIN.overflow(overflow).max_queued(most), URL, memory));
            assert_eq!((send(&mut world, &["a1", "a2"]), send(&mut world, &["b"])), (Ok(1), Ok(2)));
            assert_eq!(world.session.queued(), 3);
            assert_eq!(send(&mut world, &["c1", "c2"]), third, "{overflow:?}");
            world.settle();
            assert_eq!(world.take_log().first().map(String::as_str), dropped);
            world.start();
            assert_eq!(world.got, got, "{overflow:?}");
        }
    }
    // More than the queue may ever have.
    let mut world = World::served(session(PLAIN.max_queued(2), URL, 1000));
    assert_eq!(send(&mut world, &["1", "2", "3"]), Err(SendError::TooLong));
    assert_eq!((send(&mut world, &["1", "2"]), send(&mut world, &["3"])), (Ok(1), Err(SendError::Full)));
}

#[test]
fn what_belongs_together_leaves_at_once_or_not_at_all() {
    let mut world = World::served(session(PLAIN, URL, 4000));
    world.start();
    // Of an output of 2048 bytes 131 are for answers.
    let part = "x".repeat((2048 - 131) / 2 - 14);
    assert_eq!(send(&mut world, &[&part, &part, ""]), Err(SendError::TooLong));
    let now = world.clock();
    world.session.commands(now).send_text("first").unwrap();
    // The output has room for the one and not for the other.
    assert_eq!(send(&mut world, &[&part, &part]), Ok(2));
    assert_eq!(world.session.queued(), 2);
    world.session.advance(now).unwrap();
    assert_eq!(world.session.queued(), 2);
    let before = world.session.due().len();
    // What is sent now goes between messages, never between those.
    world.session.commands(now).send_now(TEXT, b"now").unwrap();
    assert!(world.session.due().len() > before);
    world.settle();
    assert_eq!(world.got, ["first", "now", &part, &part]);
    assert_eq!(world.session.queued(), 0);
    assert_eq!(world.take_log(), ["dial tcp example.com:80 0", "connected ws://example.com/", "up"]);
}

#[test]
fn volatile_messages_that_belong_together_count_as_one() {
    let mut world = World::served(session(PLAIN, URL, 4000));
    let now = world.clock();
    assert_eq!(world.session.commands(now).send_together(&[(TEXT, b"1"), (TEXT, b"2")], true), Ok(1));
    world.start();
    assert_eq!(world.take_log()[0], "dropped 1..1 1");
    // While the queue is kept back they wait, and are dropped with the connection.
    world.session.commands(now).hold();
    assert_eq!(world.session.commands(now).send_together(&[(TEXT, b"1"), (TEXT, b"2")], true), Ok(2));
    assert_eq!(send(&mut world, &["3", "4"]), Ok(3));
    assert_eq!(world.session.queued(), 4);
    world.take_log();
    world.kill();
    assert_eq!(world.take_log(), ["down Lost(EndOfInput) again, unconfirmed 0", "dropped 2..2 1"]);
    world.run_to(10_000);
    assert_eq!(world.got, ["3", "4"]);
}

#[test]
fn dropped_connection_is_told_and_dialled_again() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    let now = world.clock();
    world.session.commands(now).drop_connection();
    assert_eq!(world.session.state(), SessionState::Idle);
    world.start();
    world.send("one").unwrap();
    world.session.commands(now).hold();
    world.send("two").unwrap();
    world.take_log();
    world.session.commands(now).drop_connection();
    world.settle();
    assert_eq!(world.take_log(), ["down Dropped again, unconfirmed 1"]);
    assert!(world.peer.is_none());
    world.session.commands(now).drop_connection();
    assert_eq!(world.session.state(), SessionState::Backoff);
    world.run_to(10_000);
    assert_eq!(world.take_log(), ["dial tcp example.com:80 1", "connected ws://example.com/", "up"]);
    assert_eq!(world.got, ["one", "two"]);
}

#[test]
fn final_cause_can_be_retried_by_the_rules() {
    let waits = Rc::new(Cell::new(None));
    let seen = waits.clone();
    let mut world = World::served(session(PLAIN.max_failures(3), URL, 1000)).handling(move |event, ws| {
        if let Event::Down { retry_in_ms, .. } = event {
            assert_eq!(*retry_in_ms, None);
            seen.set(ws.retry());
        }
    });
    world.start();
    for failures in 0..3_u32 {
        world.peer.as_mut().unwrap().close(1000);
        world.settle();
        assert_eq!(waits.get().is_some(), failures < 2, "{failures}");
        assert!(waits.get().is_none_or(|ms| ms <= 5_000), "{waits:?}");
        world.run_to(world.now + 5_000);
    }
    assert_eq!(world.session.state(), SessionState::Stopped);
    // Nothing to retry.
    let now = world.clock();
    assert_eq!(world.session.commands(now).retry(), None);
}

#[test]
fn queue_can_be_looked_at_and_thinned_out() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    let now = world.clock();
    assert_eq!(world.session.commands(now).oldest_queued(), None);
    for messages in [&["a", "b1"][..], &["b2", "a"], &["a"]] {
        send(&mut world, messages).unwrap();
    }
    let mut asked = Vec::new();
    world.session.commands(now).drop_queued(|number, kind, payload| {
        asked.push((number, kind, payload.to_vec()));
        payload == b"a"
    });
    assert_eq!(asked, [(1, TEXT, b"a".to_vec()), (2, TEXT, b"b2".to_vec()), (3, TEXT, b"a".to_vec())]);
    assert_eq!(world.session.commands(now).oldest_queued(), Some(2));
    assert_eq!(world.session.commands(now).room(), 2048 - 131);
    assert_eq!(world.session.commands(now).now(), now);
    world.start();
    assert_eq!(world.got, ["b2", "a"]);
    assert_eq!(world.take_log()[0], "dropped 1..3 2");
}

#[test]
fn deadlines_for_the_peer_wait_until_the_input_was_looked_at() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    let later = Instant::from_millis(50_000);
    assert_eq!(world.session.commands(later).looked(), later);
    world.start();
    assert_eq!(world.session.commands(later).looked(), world.clock());
    world.session.filled(world.session.epoch(), 0, later);
    assert_eq!(world.session.commands(later).looked(), later);
}

/// Gives so many more bytes.
struct Limited(Rc<Cell<usize>>);

impl Entropy for Limited {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let left = self.0.get().checked_sub(bytes.len()).ok_or(EntropyError)?;
        self.0.set(left);
        bytes.fill(left.to_le_bytes()[0]);
        Ok(())
    }
}

/// Half of what belongs together must not be followed by something else.
#[test]
fn connection_is_dropped_if_entropy_fails_between_what_belongs_together() {
    for waits in [false, true] {
        let left = Rc::new(Cell::new(1000));
        let now = Instant::from_millis(0);
        let ws = Buffered::new(Connection::client(&CONFIG, Limited(left.clone()), now), vec![0; 2048], vec![0; 2048]);
        let mut session = Session::new(ws, leak(PLAIN), URL, vec![0; 1000]).unwrap();
        session.start(now);
        let mut server = support::Server::new(now);
        session.advance(now).unwrap();
        session.connected(session.epoch(), now);
        while session.advance(now).unwrap() {}
        let head = session.due().to_vec();
        session.written(session.epoch(), head.len(), now);
        let answer = support::Peer::take(&mut server, &head, now);
        session.space().unwrap()[..answer.len()].copy_from_slice(&answer);
        session.filled(session.epoch(), answer.len(), now);
        assert!(matches!(session.next(now), Ok(Some((Event::Up(_), _)))));
        if waits {
            session.commands(now).hold();
        }
        if !waits {
            session.advance(now).unwrap();
            left.set(4);
        }
        let together = [(TEXT, &b"1"[..]), (TEXT, b"2"), (TEXT, b"3")];
        assert_eq!(session.commands(now).send_together(&together, false), Ok(1));
        session.commands(now).send_text("alone").unwrap();
        left.set(4);
        session.commands(now).release();
        if waits {
            assert!(!session.advance(now).unwrap());
        }
        left.set(0);
        let down = session.next(now).unwrap();
        let Some((Event::Down { cause, retry_in_ms: Some(_), unconfirmed, .. }, _)) = down else { panic!("{waits}") };
        assert_eq!((cause, unconfirmed.count, unconfirmed.last), (sansocket_session::Cause::Dropped, 1, 1));
        // Only what has not gone waits on.
        assert_eq!((session.queued(), session.commands(now).oldest_queued()), (1, Some(2)));
    }
}
