//! The life of a session: dial, open, lose, wait, dial again.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use sansocket::{CloseCode, Header, MessageKind};
use sansocket_session::{Cause, DialError, Event, SendError, SessionConfig, SessionState};
use support::{BlackHole, Dialled, Server, World, session};

const URL: &str = "ws://example.com/chat";
const PLAIN: SessionConfig = SessionConfig::new();

#[test]
fn session_opens_talks_and_closes() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    assert_eq!((world.session.state(), world.session.state().ready_state()), (SessionState::Idle, 0));
    world.start();
    assert_eq!(world.take_log(), ["dial tcp example.com:80 0", "connected ws://example.com/chat", "up"]);
    assert_eq!((world.session.state(), world.session.state().ready_state()), (SessionState::Open, 1));
    assert_eq!(world.send("Hello"), Ok(1));
    assert_eq!(world.got, ["Hello"]);
    world.peer.as_mut().unwrap().send("and hello");
    world.settle();
    assert_eq!(world.take_log(), ["data and hello"]);
    let now = world.clock();
    world.session.commands(now).close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    world.settle();
    world.run_to(10_000);
    // The Pong of the Ping before the Close shows that the message has arrived.
    assert_eq!(world.take_log(), ["pong", "close 1000", "down Application never, unconfirmed 0"]);
    assert_eq!((world.session.state(), world.session.state().ready_state()), (SessionState::Stopped, 3));
    assert_eq!(world.send("too late"), Err(SendError::Stopped));
    world.start();
    assert_eq!(world.take_log(), ["dial tcp example.com:80 0", "connected ws://example.com/chat", "up"]);
}

#[test]
fn up_comes_before_the_queue_leaves() {
    let mut world = World::served(session(PLAIN, URL, 1000)).handling(|event, ws| {
        if let Event::Up(_) = event {
            ws.send_now(MessageKind::Text, b"log in").unwrap();
            ws.send_text("behind the queue").unwrap();
        }
    });
    for text in ["one", "two", "three"] {
        world.send(text).unwrap();
    }
    assert_eq!((world.session.queued(), world.got.len()), (3, 0));
    world.start();
    assert_eq!(world.got, ["log in", "one", "two", "three", "behind the queue"]);
    assert_eq!(world.session.queued(), 0);
}

#[test]
fn queue_is_held_until_the_server_has_answered() {
    let mut server = Server::new(sansocket::Instant::from_millis(0));
    server.answers = Some(("log in".into(), "welcome".into()));
    let mut server = Some(server);
    let mut world = World::new(session(PLAIN, URL, 1000), move |_, _| Dialled::Peer(Box::new(server.take().unwrap())));
    world = world.handling(|event, ws| match event {
        Event::Up(_) => {
            ws.hold();
            ws.send_now(MessageKind::Text, b"log in").unwrap();
        }
        Event::Data(data) if &*data.payload == b"welcome" => ws.release(),
        _ => {}
    });
    world.send("secret").unwrap();
    world.start();
    assert_eq!(world.got, ["log in", "secret"]);
}

#[test]
fn what_a_lost_connection_may_have_swallowed_is_told_and_not_sent_again() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    for text in ["1", "2", "3"] {
        world.send(text).unwrap();
    }
    world.kill();
    world.send("4").unwrap();
    world.take_log().iter().find(|line| line.ends_with("again, unconfirmed 3")).expect("three messages");
    world.run_to(20_000);
    assert_eq!(world.got, ["1", "2", "3", "4"]);
    assert_eq!(world.session.state(), SessionState::Open);
    // A keepalive Ping has been answered since.
    world.run_to(60_000);
    world.kill();
    assert!(world.take_log().contains(&"down Lost(EndOfInput) again, unconfirmed 0".to_owned()));
}

#[test]
fn headers_are_asked_for_at_each_dial() {
    let heads = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&heads);
    let mut dials = 0;
    let mut world = World::served(session(PLAIN, URL, 1000)).handling(move |event, ws| {
        if let Event::Connected { url, .. } = event {
            dials += 1;
            let token = format!("Bearer {dials}");
            ws.request(Some("https://example.com"), &[Header::new("Authorization", &token)]).unwrap();
            seen.borrow_mut().push(format!("{url} {token}"));
        }
    });
    world.start();
    world.kill();
    world.run_to(30_000);
    assert_eq!(*heads.borrow(), ["ws://example.com/chat Bearer 1", "ws://example.com/chat Bearer 2"]);
    assert_eq!(world.session.state(), SessionState::Open);
}

#[test]
fn server_that_accepts_and_drops_is_not_dialled_in_a_tight_loop() {
    let mut world = World::served(session(PLAIN, URL, 1000)).handling(|event, ws| {
        if let Event::Up(_) = event {
            ws.send_text("hello").ok();
        }
    });
    world.start();
    let mut dials = Vec::new();
    while world.now < 600_000 {
        world.kill();
        dials.push(world.now);
        let until = world.session.next_timeout().unwrap().as_millis() + 1;
        world.run_to(until);
    }
    // 10 minutes: 5, 1, 2, 4, 8, 16 and then 30 seconds each, more or less.
    assert!((20..=45).contains(&dials.len()), "{} dials", dials.len());
    assert_eq!(world.session.failures() as usize, dials.len());
}

#[test]
fn connection_that_was_up_for_long_enough_starts_the_count_anew() {
    for (uptime, failures) in [(4_999, 2), (5_000, 1)] {
        let mut world = World::served(session(PLAIN, URL, 1000));
        world.start();
        world.kill();
        while world.session.state() != SessionState::Open {
            let until = world.session.next_timeout().unwrap().as_millis() + 1;
            world.run_to(until);
        }
        let opened: u64 = world.log.last().and_then(|line| line.strip_suffix(" up")).unwrap().parse().unwrap();
        world.run_to(opened + uptime);
        world.kill();
        assert_eq!(world.session.failures(), failures, "{uptime}");
    }
}

#[test]
fn dial_that_fails_is_repeated_unless_the_cause_is_final() {
    for (error, again) in
        [(DialError::Name, true), (DialError::Connect, true), (DialError::Certificate, false), (DialError::NoTls, false)]
    {
        let mut world = World::new(session(PLAIN, URL, 1000), move |_, _| Dialled::Failed(error));
        world.start();
        world.run_to(120_000);
        let dials = world.log.iter().filter(|line| line.contains("dial")).count();
        assert_eq!(dials > 5, again, "{error}: {dials}");
        assert_eq!(world.log.iter().any(|line| line.ends_with("gave up")), !again);
    }
}

#[test]
fn session_gives_up_after_as_many_failures_as_it_may() {
    for most in [1, 2, 5] {
        let mut world = World::new(session(PLAIN.max_failures(most), URL, 1000), |_, _| Dialled::Failed(DialError::Connect));
        world.start();
        world.run_to(300_000);
        let log = world.take_log();
        assert_eq!(log.iter().filter(|line| line.starts_with("dial")).count(), most as usize);
        assert_eq!(log[log.len() - 2..], ["down Dial(Connect) never, unconfirmed 0", "gave up"]);
        assert_eq!(world.session.state(), SessionState::Stopped);
    }
}

#[test]
fn end_of_a_connection_that_lasted_is_no_failure() {
    let mut world = World::served(session(PLAIN.max_failures(1), URL, 1000));
    world.start();
    world.run_to(5_000);
    world.kill();
    assert_eq!(world.session.state(), SessionState::Backoff);
    world.run_to(11_000);
    assert_eq!(world.session.state(), SessionState::Open);
    world.kill();
    assert_eq!(world.log.last().unwrap(), &format!("{} gave up", world.now));
}

#[test]
fn session_has_not_stopped_before_it_has_told_what_it_dropped() {
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Hangs);
    world.send("unsent").unwrap();
    let now = world.clock();
    world.session.commands(now).close(None, "").unwrap();
    assert_eq!(world.session.state(), SessionState::Closing);
    world.settle();
    assert_eq!((world.take_log(), world.session.state()), (vec!["dropped 1..1 1".to_owned()], SessionState::Stopped));
}

#[test]
fn message_that_is_sent_before_a_retry_waits_for_it() {
    let mut dials = 0;
    let mut world = World::new(session(PLAIN, URL, 1000), move |_, now| {
        dials += 1;
        if dials == 1 { Dialled::Failed(DialError::Certificate) } else { Dialled::Peer(Box::new(Server::new(now))) }
    });
    world = world.handling(|event, ws| {
        if let Event::Down { retry_in_ms: None, .. } = event {
            ws.send_text("later").unwrap();
            ws.retry_in(10);
        }
    });
    world.start();
    world.run_to(100);
    assert_eq!(world.got, ["later"]);
}

#[test]
fn application_overrules_what_the_session_would_do() {
    let mut world = World::new(session(PLAIN, URL, 1000), |_, now| Dialled::Peer(Box::new(Server::refusing(now, 404, &[]))));
    world = world.handling(|event, ws| {
        if let Event::Down { cause: Cause::Refused { status: 404 }, retry_in_ms: None, .. } = event {
            ws.retry_in(2_000);
        }
    });
    world.start();
    world.run_to(9_000);
    assert_eq!(world.log.iter().filter(|line| line.contains("dial")).count(), 5);
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Failed(DialError::Connect)).handling(|event, ws| {
        if let Event::Down { .. } = event {
            ws.stop();
        }
    });
    world.start();
    assert_eq!(world.take_log(), ["dial tcp example.com:80 0", "down Dial(Connect) again, unconfirmed 0", "gave up"]);
}

#[test]
fn network_that_is_back_ends_the_wait() {
    let mut world = World::served(session(PLAIN.first_delay_ms(1_000_000), URL, 1000));
    world.start();
    world.kill();
    assert_eq!(world.session.state(), SessionState::Backoff);
    let now = world.clock();
    world.session.commands(now).retry_in(0);
    world.settle();
    assert_eq!(world.session.state(), SessionState::Open);
}

#[test]
fn dial_that_hangs_ends_at_its_deadline() {
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Hangs);
    world.start();
    world.run_to(19_999);
    assert_eq!(world.session.state(), SessionState::Dialing);
    world.run_to(20_000);
    assert_eq!(world.take_log()[1..], ["down ConnectTimeout again, unconfirmed 0"]);
    // Nor does it last longer if the transport stands, and nothing is said.
    let mut world = World::new(session(PLAIN.connect_timeout_ms(7_000), URL, 1000), |_, _| Dialled::Peer(Box::new(BlackHole)));
    world.start();
    world.run_to(7_000);
    assert!(world.take_log().contains(&"down ConnectTimeout again, unconfirmed 0".to_owned()));
}

#[test]
fn reports_of_a_transport_that_was_given_up_are_ignored() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    let stale = world.session.epoch();
    world.kill();
    world.run_to(6_000);
    assert_eq!(world.session.state(), SessionState::Open);
    let now = world.clock();
    world.session.eof(stale);
    world.session.write_failed(stale);
    world.session.connected(stale, now);
    world.session.dial_failed(stale, DialError::Connect);
    world.session.space().unwrap()[..2].copy_from_slice(&[0x83, 0]);
    world.session.filled(stale, 2, now);
    world.session.written(stale, 100, now);
    world.settle();
    assert_eq!(world.session.state(), SessionState::Open);
    world.send("still here").unwrap();
    assert_eq!(world.got, ["still here"]);
}

#[test]
fn dead_link_is_found_within_the_bound() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    world.run_to(1_000);
    world.is_cut = true;
    world.send("into the void").unwrap();
    world.run_to(1_000 + 25_000 + 20_000 + 1);
    assert!(world.take_log().contains(&"down Lost(PongTimeout) again, unconfirmed 1".to_owned()));
}

#[test]
fn dead_link_is_found_after_a_sleep() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    world.is_cut = true;
    world.sleep(3_600_000);
    assert_eq!(world.session.state(), SessionState::Open);
    let woken = world.now;
    world.run_to(woken + 20_001);
    assert!(world.take_log().contains(&"down Lost(PongTimeout) again, unconfirmed 0".to_owned()));
    // One that is alive survives the sleep.
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    world.sleep(3_600_000);
    let woken = world.now;
    world.run_to(woken + 60_000);
    assert_eq!(world.session.state(), SessionState::Open);
}

#[test]
fn wait_that_a_sleep_has_outlasted_is_over() {
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    world.kill();
    world.sleep(3_600_000);
    assert_eq!(world.session.state(), SessionState::Open);
}

#[test]
fn close_ends_the_session_wherever_it_stands() {
    let close = |world: &mut World| {
        let now = world.clock();
        world.session.commands(now).close(None, "").unwrap();
        world.settle();
    };
    // Not started.
    let mut world = World::served(session(PLAIN, URL, 1000));
    close(&mut world);
    assert_eq!((world.session.state(), world.log.len()), (SessionState::Stopped, 0));
    // While it dials; what waits is dropped.
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Hangs);
    world.send("unsent").unwrap();
    world.start();
    close(&mut world);
    assert_eq!(world.take_log()[1..], ["dropped 1..1 1", "down Application never, unconfirmed 0"]);
    assert_eq!(world.session.state(), SessionState::Stopped);
    // In the opening handshake.
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Peer(Box::new(BlackHole)));
    world.start();
    close(&mut world);
    assert_eq!(world.take_log().last().unwrap(), "down Application never, unconfirmed 0");
    // While it waits.
    let mut world = World::new(session(PLAIN, URL, 1000), |_, _| Dialled::Failed(DialError::Connect));
    world.start();
    close(&mut world);
    world.run_to(100_000);
    assert_eq!(world.log.len(), 2);
    assert_eq!(world.session.state(), SessionState::Stopped);
    // While the server closes, or after it has gone.
    let mut world = World::served(session(PLAIN, URL, 1000));
    world.start();
    world.is_cut = true;
    close(&mut world);
    assert_eq!(world.session.state(), SessionState::Closing);
    world.run_to(5_000);
    assert_eq!(world.take_log().last().unwrap(), "down Lost(ClosingTimeout) never, unconfirmed 0");
    assert_eq!(world.session.state(), SessionState::Stopped);
}

#[test]
fn servers_close_code_decides() {
    for (code, again) in [(1001, true), (1012, true), (1000, false), (1008, false), (4000, false)] {
        let mut world = World::served(session(PLAIN, URL, 1000));
        world.start();
        world.peer.as_mut().unwrap().close(code);
        world.run_to(200);
        let log = world.take_log();
        let how = if again { "again" } else { "never" };
        assert!(log.contains(&format!("down Closed(CloseCode({code})) {how}, unconfirmed 0")), "{log:?}");
        assert_eq!(log.last().unwrap() == "gave up", !again);
    }
}
