//! The queue, its policies, messages that are worth nothing later, and the heartbeat.

mod support;

use sansocket::MessageKind;
use sansocket_session::{Heartbeat, HeartbeatAnswer, Overflow, QUEUE_OVERHEAD, SendError, SessionConfig, SessionState};
use support::{Dialled, Server, World, session};

const PLAIN: SessionConfig = SessionConfig::new();
const URL: &str = "ws://example.com/";

#[test]
fn full_queue_does_what_its_policy_says() {
    for (overflow, results, got, dropped) in [
        (Overflow::Refuse, [Ok(1), Ok(2), Err(SendError::Full)], ["one", "two"], None),
        (Overflow::DropOldest, [Ok(1), Ok(2), Ok(3)], ["two", "3"], Some("dropped 1..1 1")),
        (Overflow::DropNewest, [Ok(1), Ok(2), Ok(3)], ["one", "two"], Some("dropped 3..3 1")),
    ] {
        for (memory, most) in [(2 * (3 + QUEUE_OVERHEAD), 100), (1000, 2)] {
            let mut world = World::served(session(PLAIN.overflow(overflow).max_queued(most), URL, memory));
            assert_eq!(["one", "two", "3"].map(|text| world.send(text)), results, "{overflow:?}");
            assert_eq!(world.take_log().first().map(String::as_str), dropped);
            world.start();
            assert_eq!(world.got, got, "{overflow:?}");
        }
    }
}

#[test]
fn message_has_to_fit() {
    let mut world = World::served(session(PLAIN, URL, 100));
    // Into the queue, which is empty.
    assert_eq!(world.send(&"x".repeat(100 - QUEUE_OVERHEAD + 1)), Err(SendError::TooLong));
    assert_eq!(world.send(&"x".repeat(100 - QUEUE_OVERHEAD)), Ok(1));
    world.start();
    // Into the output: 2048 bytes, 131 of which are for answers, and 14 for a header.
    assert_eq!(world.send(&"x".repeat(2048 - 131 - 14 + 1)), Err(SendError::TooLong));
    assert_eq!(world.send(&"x".repeat(2048 - 131 - 14)), Ok(2));
    assert_eq!(world.got.iter().map(String::len).collect::<Vec<_>>(), [100 - QUEUE_OVERHEAD, 2048 - 131 - 14]);
    let now = world.clock();
    let text = world.session.commands(now).send(MessageKind::Text, b"\xFF");
    assert_eq!(text, Err(SendError::InvalidUtf8));
    // Without a queue nothing waits.
    let mut world = World::served(session(PLAIN, URL, 0));
    assert_eq!(world.send("x"), Err(SendError::Full));
    world.start();
    assert_eq!(world.send("x"), Ok(1));
}

#[test]
fn send_now_is_for_an_open_connection() {
    let mut world = World::served(session(PLAIN, URL, 100));
    let now = world.clock();
    assert_eq!(world.session.commands(now).send_now(MessageKind::Text, b"x"), Err(SendError::NotNow));
    world.start();
    assert_eq!(world.session.commands(now).send_now(MessageKind::Text, b"x"), Ok(1));
}

#[test]
fn volatile_messages_do_not_wait_for_the_next_connection() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    let volatile = |world: &mut World, text: &str| {
        let now = world.clock();
        world.session.commands(now).send_volatile(MessageKind::Text, text.as_bytes())
    };
    assert_eq!(volatile(&mut world, "away"), Ok(1));
    world.settle();
    assert_eq!(world.take_log(), ["dropped 1..1 1"]);
    world.start();
    world.take_log();
    volatile(&mut world, "here").unwrap();
    world.settle();
    assert_eq!(world.got, ["here"]);
    // In the queue of a connection that ends.
    let now = world.clock();
    world.session.commands(now).hold();
    assert_eq!((world.send("kept"), volatile(&mut world, "worthless"), world.send("kept too")), (Ok(3), Ok(4), Ok(5)));
    world.kill();
    assert_eq!(world.take_log(), ["down Lost(EndOfInput) again, unconfirmed 1", "dropped 4..4 1"]);
    world.run_to(10_000);
    assert_eq!(world.got, ["here", "kept", "kept too"]);
}

/// Sends more than the output holds at once.
#[test]
fn what_finds_no_room_in_the_output_waits_in_order() {
    let mut world = World::served(session(PLAIN, URL, 4000));
    world.start();
    let now = world.clock();
    let mut commands = world.session.commands(now);
    for number in 1..=5 {
        assert_eq!(commands.send_text(&format!("{number} {}", "x".repeat(700))), Ok(number));
    }
    assert_eq!(world.session.queued(), 3);
    world.settle();
    assert_eq!(world.session.queued(), 0);
    assert_eq!(world.got.iter().map(|text| &text[..1]).collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
}

const HEARTBEAT: Heartbeat = Heartbeat::new("tick", HeartbeatAnswer::StartsWith("tock")).interval_ms(3_000).timeout_ms(1_000);

/// Servers that answer the heartbeat, or, if `answer` is another, do not.
fn beating(answer: &'static str) -> World {
    World::new(session(PLAIN.heartbeat(Some(HEARTBEAT)), URL, 100), move |_, now| {
        let mut server = Server::new(now);
        server.answers = Some(("tick".into(), answer.into()));
        Dialled::Peer(Box::new(server))
    })
}

#[test]
fn heartbeat_that_is_answered_keeps_the_connection() {
    let mut world = beating("tock 1");
    world.start();
    world.run_to(10_000);
    assert_eq!(world.got, ["tick"; 3]);
    assert_eq!(world.log[3..], ["3000 data tock 1", "6000 data tock 1", "9000 data tock 1"]);
    world.is_cut = true;
    world.run_to(9_000 + 3_000 + 1_000);
    assert_eq!(world.log.last().unwrap(), "13000 down HeartbeatTimeout again, unconfirmed 0");
}

#[test]
fn heartbeat_without_an_answer_ends_the_connection() {
    let mut world = beating("something else");
    world.start();
    world.run_to(4_000);
    assert_eq!(world.log.last().unwrap(), "4000 down HeartbeatTimeout again, unconfirmed 0");
    assert_eq!(world.session.state(), SessionState::Backoff);
    world.run_to(12_000);
    assert!(world.log.iter().filter(|line| line.contains("up")).count() >= 2);
}

#[test]
fn heartbeat_survives_a_sleep_if_the_link_does() {
    let mut world = beating("tock");
    world.start();
    world.sleep(3_600_000);
    let woken = world.now;
    world.run_to(woken + 10_000);
    assert_eq!(world.session.state(), SessionState::Open);
    world.is_cut = true;
    world.sleep(3_600_000);
    let woken = world.now;
    world.run_to(woken + 1_000);
    assert_eq!(world.session.state(), SessionState::Backoff);
}

/// Sends `text` in parts of at most 700 bytes, as far as there is room; the first `from` bytes went before.
fn send_parts(world: &mut World, text: &str, from: usize) -> Result<usize, SendError> {
    let mut sent = from;
    while sent < text.len() {
        let end = text.len().min(sent + 700);
        let now = world.clock();
        let part = &text.as_bytes()[sent..end];
        match world.session.commands(now).send_part(MessageKind::Text, sent as u64, part, end == text.len()) {
            Ok(taken) => sent += taken,
            Err(SendError::NotNow) if sent > from => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

#[test]
fn message_longer_than_the_output_is_sent_in_parts() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    let long = "x".repeat(5_000);
    assert_eq!(send_parts(&mut world, &long, 0), Err(SendError::NotNow));
    world.send("waits").unwrap();
    world.start();
    let mut sent = send_parts(&mut world, &long, 0).unwrap();
    assert!((1_000..2_048).contains(&sent), "{sent}");
    let now = world.clock();
    assert_eq!(world.session.commands(now).last_number(), 2);
    // What comes meanwhile leaves after it.
    assert_eq!(world.send("behind"), Ok(3));
    assert_eq!((world.session.queued(), &world.got[..]), (1, &["waits".to_owned()][..]));
    assert_eq!(world.session.commands(now).send_now(MessageKind::Text, b"x"), Err(SendError::NotNow));
    assert_eq!(world.session.commands(now).send_part(MessageKind::Text, 0, b"another", true), Err(SendError::NotNow));
    while sent < long.len() {
        sent = send_parts(&mut world, &long, sent).unwrap();
        world.settle();
    }
    assert_eq!(world.got, ["waits", &long, "behind"]);
    let ends = world.session.commands(now).send_part(MessageKind::Text, 0, b"\xFF", true);
    assert_eq!(ends, Err(SendError::InvalidUtf8));
}

#[test]
fn message_that_is_cut_off_between_its_parts_may_be_lost() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    let now = world.clock();
    let part = |world: &mut World, offset, fin| world.session.commands(now).send_part(MessageKind::Text, offset, b"part", fin);
    assert_eq!(part(&mut world, 0, false), Ok(4));
    // A Pong after its first part proves nothing.
    world.session.commands(now).ping(b"").unwrap();
    world.settle();
    assert_eq!(world.log.last().unwrap(), "0 pong");
    world.kill();
    assert!(world.take_log().contains(&"down Lost(EndOfInput) again, unconfirmed 1".to_owned()));
    assert_eq!(part(&mut world, 4, true), Err(SendError::Interrupted));
    world.run_to(10_000);
    assert_eq!(part(&mut world, 4, true), Err(SendError::Interrupted));
    assert_eq!((part(&mut world, 0, true), world.session.commands(now).last_number()), (Ok(4), 2));
    world.settle();
    assert_eq!(world.got, ["part"]);
}

#[test]
fn heartbeat_does_not_go_between_parts() {
    let mut world = beating("tock");
    world.start();
    let now = world.clock();
    world.session.commands(now).send_part(MessageKind::Text, 0, b"a", false).unwrap();
    world.run_to(8_000);
    let now = world.clock();
    world.session.commands(now).send_part(MessageKind::Text, 1, b"b", true).unwrap();
    world.run_to(9_500);
    assert_eq!(world.got, ["ab", "tick"]);
    assert_eq!(world.session.state(), SessionState::Open);
}
