//! Where one part of a session meets another at a bad time.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use sansocket::{Config, MessageKind};
use sansocket_session::{Event, Heartbeat, HeartbeatAnswer, Overflow, SendError, SessionConfig, SessionState, SetupError};
use support::{BlackHole, CONFIG, Dialled, Peer, ProxyPeer, Server, World, session, session_with};

const PLAIN: SessionConfig = SessionConfig::new();
const URL: &str = "ws://example.com/";
const HEARTBEAT: Heartbeat = Heartbeat::new("tick", HeartbeatAnswer::StartsWith("tock")).interval_ms(3_000).timeout_ms(1_000);

/// Servers that answer the heartbeat.
fn beating() -> World {
    World::new(session(PLAIN.heartbeat(Some(HEARTBEAT)), URL, 100), move |_, now| {
        let mut server = Server::new(now);
        server.answers = Some(("tick".into(), "tock".into()));
        Dialled::Peer(Box::new(server))
    })
}

/// A peer that says this to whatever comes first, and nothing else.
struct Says(&'static str);

impl Peer for Says {
    fn take(&mut self, bytes: &[u8], _: sansocket::Instant) -> Vec<u8> {
        if bytes.is_empty() { Vec::new() } else { std::mem::take(&mut self.0).into() }
    }
}

/// The world sees that no deadline that has passed is left.
#[test]
fn deadlines_of_an_open_connection_are_none_of_a_closing_one() {
    let mut world = beating();
    world.start();
    world.run_to(2_000);
    world.is_cut = true;
    let now = world.clock();
    world.session.commands(now).close(None, "").unwrap();
    world.run_to(6_000);
    assert_eq!(world.session.state(), SessionState::Closing);
    world.run_to(7_000);
    assert_eq!(world.take_log().last().unwrap(), "down Lost(ClosingTimeout) never, unconfirmed 0");
    // Nor are those of a handshake that has failed.
    let mut world =
        World::new(session(PLAIN.connect_timeout_ms(2_000), URL, 100), |_, _| Dialled::Peer(Box::new(Says("SSH-2.0\r\n"))));
    world.start();
    world.run_to(4_000);
    assert_eq!(world.session.state(), SessionState::Closing);
    world.run_to(6_000);
    assert_eq!(
        world.take_log()[2..],
        ["failed InvalidStatusLine", "down Failed(InvalidStatusLine) never, unconfirmed 0", "gave up"]
    );
}

/// What is sent has to wait, since it would be lost for certain.
#[test]
fn queue_does_not_leave_through_a_transport_that_takes_no_more() {
    let mut world = World::served(session(PLAIN, URL, 100));
    world.start();
    world.session.write_failed(world.session.epoch());
    assert_eq!(world.send("waits"), Ok(1));
    let now = world.clock();
    assert_eq!(world.session.commands(now).send_now(MessageKind::Text, b"x"), Err(SendError::NotNow));
    assert_eq!(world.session.commands(now).send_volatile(MessageKind::Text, b"x"), Ok(2));
    world.kill();
    assert_eq!(world.take_log()[3..], ["dropped 2..2 1", "down Lost(EndOfInput) again, unconfirmed 0"]);
    world.run_to(6_000);
    assert_eq!(world.got, ["waits"]);
}

#[test]
fn messages_that_passed_others_are_told_with_them() {
    let mut world = World::served(session(PLAIN, URL, 1000)).handling(|event, ws| {
        if let Event::Up(_) = event {
            ws.send_now(MessageKind::Text, b"log in").unwrap();
            ws.ping(b"1").unwrap();
        }
        if let Event::Down { unconfirmed, .. } = event {
            assert_eq!((unconfirmed.first, unconfirmed.last, unconfirmed.count), (1, 4, 4));
        }
    });
    for text in ["1", "2", "3"] {
        world.send(text).unwrap();
    }
    // The server answers nothing after its 101.
    let mut server = Server::new(world.clock());
    server.is_silent = true;
    let mut server = Some(server);
    world.dialler = Box::new(move |_, _| server.take().map_or(Dialled::Hangs, |server| Dialled::Peer(Box::new(server))));
    world.start();
    world.kill();
    assert!(world.take_log().last().unwrap().ends_with("unconfirmed 4"));
}

#[test]
fn url_that_is_set_while_another_is_dialled_gives_that_dial_up() {
    let set = |world: &mut World| {
        world.session.set_url("ws://new.example/").unwrap();
        world.settle();
        let log = world.take_log();
        assert_eq!(log[log.len() - 3..], ["dial tcp new.example:80 0", "connected ws://new.example/", "up"], "{log:?}");
        assert_eq!(world.session.failures(), 0);
    };
    let old = |how: fn() -> Dialled| {
        move |host: &str, now| if host == "new.example" { Dialled::Peer(Box::new(Server::new(now))) } else { how() }
    };
    // Nothing has come of the dial yet: what does later is stale.
    let mut world = World::new(session(PLAIN, URL, 100), old(|| Dialled::Hangs));
    world.start();
    let stale = world.session.epoch();
    world.session.set_url("ws://new.example/").unwrap();
    let now = world.clock();
    world.session.connected(stale, now);
    set(&mut world);
    // The request has gone out. Where the answer redirects to would be seen from the wrong place.
    let mut world = World::new(session(PLAIN.max_redirects(1), URL, 100), old(|| Dialled::Peer(Box::new(BlackHole))));
    world.start();
    set(&mut world);
    // The proxy was asked for the old one.
    let config = PLAIN.proxy("http://proxy.example").no_proxy("new.example");
    let mut world = World::new(session(config, "wss://example.com/", 100), old(|| Dialled::Peer(Box::new(BlackHole))));
    world.start();
    set(&mut world);
    // An open connection stays, and so does a wait.
    let mut world = World::served(session(PLAIN, URL, 100));
    world.start();
    world.session.set_url("ws://new.example/").unwrap();
    world.settle();
    assert_eq!(world.session.state(), SessionState::Open);
    world.kill();
    world.session.set_url("ws://newer.example/").unwrap();
    world.settle();
    assert_eq!(world.session.state(), SessionState::Backoff);
    world.run_to(6_000);
    assert!(world.take_log().contains(&"dial tcp newer.example:80 1".to_owned()));
}

/// A redirect may lead to a host that is dialled through it.
#[test]
fn proxy_that_is_wrong_is_told_even_if_the_first_url_does_not_need_it() {
    let config = PLAIN.proxy("socks5://proxy.example").no_proxy("example.com").max_redirects(1);
    let ws = sansocket::Buffered::new(
        sansocket::Connection::client(&CONFIG, support::Lcg(1), sansocket::Instant::from_millis(0)),
        vec![0; 2048],
        vec![0; 2048],
    );
    let refused = sansocket_session::Session::new(ws, &config, URL, vec![0; 1000]);
    assert!(matches!(refused, Err(SetupError::Proxy(_))), "{refused:?}");
}

#[test]
fn pause_outlasts_the_connection() {
    let mut world = World::served(session(PLAIN, URL, 100));
    world.start();
    let now = world.clock();
    world.session.pause(now);
    world.kill();
    // A paused connection is not read, so that its end is not seen; the transport is known to be gone otherwise.
    assert_eq!(world.session.state(), SessionState::Open);
    let mut world = World::served(session(PLAIN, URL, 100));
    world.session.pause(world.clock());
    world.start();
    assert_eq!(world.take_log().last().unwrap(), "up");
    world.peer.as_mut().unwrap().send("Hello");
    world.run_to(30_000);
    assert_eq!(world.take_log(), [""; 0]);
    assert_eq!(world.session.state(), SessionState::Open);
    let now = world.clock();
    world.session.resume(now);
    world.settle();
    assert!(world.take_log().contains(&"data Hello".to_owned()));
}

#[test]
fn heartbeat_does_not_end_a_connection_that_is_not_read() {
    let mut world = beating();
    world.start();
    let now = world.clock();
    world.session.pause(now);
    world.run_to(60_000);
    assert_eq!((world.session.state(), world.got.len()), (SessionState::Open, 1));
    let now = world.clock();
    world.session.resume(now);
    world.run_to(100_000);
    assert_eq!(world.session.state(), SessionState::Open);
    // Afterwards a dead link is found as ever.
    world.is_cut = true;
    world.run_to(104_000);
    assert!(world.take_log().contains(&"down HeartbeatTimeout again, unconfirmed 0".to_owned()));
}

#[test]
fn wait_that_the_proxy_asks_for_with_a_tunnel_is_none() {
    let answer = "HTTP/1.1 200 OK\r\nRetry-After: 3000\r\n\r\n";
    let mut world = World::new(session(PLAIN.proxy("http://proxy.example"), URL, 100), move |_, now| {
        Dialled::Peer(Box::new(ProxyPeer::new(answer, Some(Box::new(Server::new(now))))))
    });
    world.start();
    assert_eq!(world.session.state(), SessionState::Open);
    world.kill();
    assert!(world.session.millis_until_timeout(world.clock()).unwrap() <= 5_000);
}

/// The output of 300 bytes has room for CONNECT, and not for the request beside it.
#[test]
fn tunnel_is_not_used_before_the_whole_request_for_it_has_gone() {
    let mut session = session_in(&CONFIG, PLAIN.proxy("http://user:password@proxy.example"), 300);
    let now = sansocket::Instant::from_millis(0);
    session.start(now);
    assert!(session.next(now).unwrap().is_none());
    let epoch = session.epoch();
    session.connected(epoch, now);
    assert!(session.next(now).unwrap().is_none());
    let len = session.due().len();
    session.written(epoch, 1, now);
    let answer = b"HTTP/1.1 200 OK\r\n\r\n";
    session.space().unwrap()[..answer.len()].copy_from_slice(answer);
    session.filled(epoch, answer.len(), now);
    assert!(session.next(now).unwrap().is_none());
    session.written(epoch, len - 1, now);
    assert!(matches!(session.next(now).unwrap(), Some((Event::Connected { .. }, _))));
    assert!(session.next(now).unwrap().is_none());
    assert!(session.due().starts_with(b"GET "));
}

fn session_in(ws: &'static Config<'static>, config: SessionConfig<'static>, output: usize) -> support::TestSession {
    let connection = sansocket::Connection::client(ws, support::Lcg(1), sansocket::Instant::from_millis(0));
    let ws = sansocket::Buffered::new(connection, vec![0; 2048], vec![0; output]);
    sansocket_session::Session::new(ws, support::leak(config), URL, vec![0; 1000]).unwrap()
}

#[test]
fn queue_of_no_messages_is_full_whatever_comes() {
    for overflow in [Overflow::Refuse, Overflow::DropOldest, Overflow::DropNewest] {
        let mut world = World::served(session(PLAIN.max_queued(0).overflow(overflow), URL, 1000));
        assert_eq!(world.send("x"), Err(SendError::Full));
        world.start();
        assert_eq!(world.send("x"), Ok(1));
    }
}

/// The transport is gone, and its deadline for writing ends the wait for what is due.
#[test]
fn output_that_nobody_takes_does_not_keep_a_lost_connection() {
    static SLOW: Config = Config::new().write_timeout_ms(3_000);
    let mut session = session_with(&SLOW, PLAIN, URL, 100);
    let now = sansocket::Instant::from_millis;
    session.start(now(0));
    assert!(session.next(now(0)).unwrap().is_none());
    let epoch = session.epoch();
    session.connected(epoch, now(0));
    while session.next(now(0)).unwrap().is_some() {}
    session.eof(epoch);
    assert!(session.next(now(0)).unwrap().is_none());
    assert_eq!(session.state(), SessionState::Closing);
    session.filled(epoch, 0, now(3_000));
    assert!(matches!(session.next(now(3_000)).unwrap(), Some((Event::Down { .. }, _))));
}

/// What waits is the caller's, until it is sent or the session is closed.
#[test]
fn queue_survives_giving_up() {
    let dials = Rc::new(RefCell::new(0));
    let count = Rc::clone(&dials);
    let mut world = World::new(session(PLAIN.max_failures(1), URL, 100), move |_, now| {
        *count.borrow_mut() += 1;
        if *count.borrow() == 1 {
            Dialled::Failed(sansocket_session::DialError::Connect)
        } else {
            Dialled::Peer(Box::new(Server::new(now)))
        }
    });
    world.send("patient").unwrap();
    world.start();
    assert_eq!(world.take_log().last().unwrap(), "gave up");
    assert_eq!((world.send("late"), world.session.queued()), (Err(SendError::Stopped), 1));
    world.start();
    assert_eq!(world.got, ["patient"]);
}

#[test]
fn opening_handshake_is_never_asked_for_without_its_header_fields() {
    use sansocket::{Buffered, CallError, Connection, Entropy, EntropyError, Header, Instant};
    use sansocket_session::Session;

    /// Fails twice: for the handler, and for the session.
    struct Late(u8);
    impl Entropy for Late {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0 += 1;
            bytes.fill(self.0);
            if self.0 <= 2 { Err(EntropyError) } else { Ok(()) }
        }
    }

    let now = Instant::from_millis(0);
    let ws = Buffered::new(Connection::client(&CONFIG, Late(0), now), vec![0; 512], vec![0; 512]);
    let mut session = Session::new(ws, &PLAIN, URL, vec![0; 300]).unwrap();
    session.start(now);
    session.connected(session.epoch(), now);
    let (mut given, mut failed) = (0, 0);
    for _ in 0..10 {
        match session.next(now) {
            Ok(Some((Event::Connected { .. }, mut ws))) => {
                given += 1;
                ws.request(None, &[Header::new("Authorization", "secret")]).ok();
            }
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, CallError::EntropyFailed);
                failed += 1;
            }
        }
    }
    assert_eq!((given, failed), (3, 2));
    assert!(String::from_utf8_lossy(session.due()).contains("Authorization: secret"));
}
