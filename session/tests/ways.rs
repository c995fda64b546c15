//! The way to the server: redirects, proxies, refusals that say when to come back.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use sansocket_session::{Event, SessionConfig, SessionState};
use support::{Dialled, Peer, ProxyPeer, Server, World, session};

const PLAIN: SessionConfig = SessionConfig::new();

/// Servers that redirect: the host decides.
fn redirecting(host: &str, now: sansocket::Instant) -> Dialled {
    let (status, location) = match host {
        "old.example" => (301, "wss://new.example/chat"),
        "new.example" => (307, "/moved?x=1"),
        "loop.example" => (302, "ws://loop.example/"),
        "down.example" => (308, "ws://plain.example/"),
        "nowhere.example" => (303, "mailto:me"),
        _ => return Dialled::Peer(Box::new(Server::new(now))),
    };
    Dialled::Peer(Box::new(Server::refusing(now, status, &[("Location", location)])))
}

#[test]
fn redirects_are_followed_if_asked() {
    let mut to_moved = 0;
    let mut world = World::new(session(PLAIN.max_redirects(2), "ws://old.example/", 100), move |host, now| {
        to_moved += usize::from(host == "new.example");
        if to_moved == 2 { Dialled::Peer(Box::new(Server::new(now))) } else { redirecting(host, now) }
    });
    world.start();
    let log = world.take_log();
    assert_eq!(
        log,
        [
            "dial tcp old.example:80 0",
            "connected ws://old.example/",
            "redirected 301 wss://new.example/chat",
            "dial tls new.example:443 0",
            "connected wss://new.example/chat",
            "redirected 307 wss://new.example/moved?x=1",
            "dial tls new.example:443 0",
            "connected wss://new.example/moved?x=1",
            "up",
        ]
    );
    // After the connection it is the session's own URL that is dialled.
    world.kill();
    world.run_to(6_000);
    assert!(world.take_log().contains(&"dial tcp old.example:80 1".to_owned()));
}

#[test]
fn redirects_that_are_not_followed_are_final() {
    for (host, redirects, cause) in [
        ("ws://old.example/", 0, "Refused { status: 301 }"),
        ("ws://loop.example/", 3, "Redirect(TooMany)"),
        ("ws://loop.example/", 255, "Redirect(TooMany)"),
        ("wss://down.example/", 3, "Redirect(Insecure)"),
        ("ws://nowhere.example/", 3, "Redirect(Invalid)"),
    ] {
        let mut world = World::new(session(PLAIN.max_redirects(redirects), host, 100), redirecting);
        world.start();
        let log = world.take_log();
        assert_eq!(log[log.len() - 2..], [format!("down {cause} never, unconfirmed 0"), "gave up".to_owned()], "{log:?}");
        let dials = log.iter().filter(|line| line.starts_with("dial")).count();
        let most = if host.contains("loop") { usize::from(redirects.min(5)) + 1 } else { 1 };
        assert_eq!(dials, most, "{log:?}");
    }
}

#[test]
fn redirect_longer_than_the_memory_is_refused() {
    for (len, fits) in [(64, true), (65, false)] {
        let location = format!("ws://far.example/{}", "x".repeat(len - "ws://far.example/".len()));
        let mut world = World::new(session(PLAIN.max_redirects(1).max_url_len(64), "ws://h/", 100), move |host, now| {
            if host == "h" {
                Dialled::Peer(Box::new(Server::refusing(now, 302, &[("Location", &location)])))
            } else {
                redirecting(host, now)
            }
        });
        world.start();
        assert_eq!(world.session.state() == SessionState::Open, fits, "{:?}", world.log);
    }
}

fn through(answer: &'static str, url: &str) -> World {
    let config = PLAIN.proxy("http://user:secret@proxy.example:3128").no_proxy("local.example");
    World::new(session(config, url, 100), move |host, now| {
        if host == "proxy.example" {
            Dialled::Peer(Box::new(ProxyPeer::new(answer, Some(Box::new(Server::new(now))))))
        } else {
            Dialled::Peer(Box::new(Server::new(now)))
        }
    })
}

#[test]
fn proxy_is_asked_for_a_tunnel() {
    for (answer, url, tls) in [
        ("HTTP/1.1 200 Connection established\r\n\r\n", "ws://example.com/", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "ws://example.com/", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n", "wss://example.com/", true),
    ] {
        let mut world = through(answer, url);
        world.send("Hello").unwrap();
        world.start();
        assert_eq!(world.got, ["Hello"], "{:?}", world.log);
        let log = world.take_log();
        assert_eq!(log[0], "dial proxy proxy.example:3128 0");
        assert_eq!(log.contains(&"tls example.com".to_owned()), tls);
        assert_eq!(log.last().unwrap(), "up");
        let now = world.clock();
        world.session.commands(now).close(None, "").unwrap();
        world.run_to(6_000);
        assert_eq!(world.session.state(), SessionState::Stopped);
    }
}

#[test]
fn request_to_the_proxy_has_credentials_and_the_port() {
    let head = Rc::new(RefCell::new(Vec::new()));
    struct Notes(Rc<RefCell<Vec<u8>>>);
    impl Peer for Notes {
        fn take(&mut self, bytes: &[u8], _: sansocket::Instant) -> Vec<u8> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Vec::new()
        }
    }
    let notes = Rc::clone(&head);
    let config = PLAIN.proxy("http://us%65r:secret@proxy.example:3128");
    let mut world =
        World::new(session(config, "wss://[2001:db8::1]/", 100), move |_, _| Dialled::Peer(Box::new(Notes(Rc::clone(&notes)))));
    world.start();
    let expected =
        "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n";
    assert_eq!(String::from_utf8(head.borrow().clone()).unwrap(), expected);
}

#[test]
fn proxy_that_refuses_or_talks_nonsense_is_told_apart() {
    for (answer, lines) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno",
            &["proxy refused 407", "down ProxyRefused { status: 407 } never, unconfirmed 0", "gave up"][..],
        ),
        ("HTTP/1.1 503 No\r\n\r\n", &["proxy refused 503", "down ProxyRefused { status: 503 } again, unconfirmed 0"]),
        (
            "HTTP/1.1 302 No\r\nLocation: ws://elsewhere/\r\n\r\n",
            &["proxy refused 302", "down ProxyRefused { status: 302 } never, unconfirmed 0", "gave up"],
        ),
        ("SSH-2.0-server\r\n\r\n", &["down ProxyFailed(InvalidStatusLine) never, unconfirmed 0", "gave up"]),
        // RFC 9110 §9.3.6: a 2xx has no content. Whoever speaks now is not a WebSocket server.
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 ", &["down ProxyFailed(InvalidBodyLength) never, unconfirmed 0", "gave up"]),
    ] {
        let mut world = through(answer, "ws://example.com/");
        world.start();
        assert_eq!(world.take_log()[1..], *lines, "{answer}");
    }
}

#[test]
fn challenge_of_the_proxy_can_be_read() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&seen);
    let answer = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    let mut world = through(answer, "ws://example.com/").handling(move |event, _| {
        if let Event::ProxyRefused(response) = event {
            *noted.borrow_mut() = response.header("proxy-authenticate").unwrap().to_vec();
        }
    });
    world.start();
    assert_eq!(*seen.borrow(), b"Basic realm=\"x\"");
}

#[test]
fn head_of_the_proxy_that_fills_the_input_is_an_error() {
    let answer: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(3000)).into_boxed_str());
    let mut world = through(answer, "ws://example.com/");
    world.start();
    assert_eq!(world.take_log()[1..2], ["down ProxyFailed(HeadTooLong) never, unconfirmed 0"]);
}

#[test]
fn proxy_that_says_nothing_or_goes_is_left() {
    let mut world = through("", "ws://example.com/");
    world.start();
    assert_eq!(world.session.state(), SessionState::Dialing);
    world.kill();
    assert_eq!(world.take_log()[1..], ["down Lost(EndOfInput) again, unconfirmed 0"]);
    let mut world = through("", "ws://example.com/");
    world.start();
    world.run_to(10_000);
    assert_eq!(world.take_log()[1..], ["down Lost(HandshakeTimeout) again, unconfirmed 0"]);
}

#[test]
fn hosts_without_the_proxy_are_dialled() {
    let mut world = through("", "wss://local.example/");
    world.start();
    assert_eq!(world.take_log(), ["dial tls local.example:443 0", "connected wss://local.example/", "up"]);
}

#[test]
fn server_says_when_to_come_back() {
    for (status, value, least, most) in [
        (503, "60", 60_000, 65_000),
        (429, "120", 120_000, 125_000),
        (503, "4000000000", 3_600_000, 3_605_000),
        (503, "soon", 0, 5_000),
    ] {
        let mut world = World::new(session(PLAIN, "ws://h/", 100), move |_, now| {
            Dialled::Peer(Box::new(Server::refusing(now, status, &[("Retry-After", value)])))
        });
        world.start();
        let wait = world.session.millis_until_timeout(world.clock()).unwrap();
        assert!((least..=most).contains(&wait), "{value}: {wait}");
        let log = world.take_log();
        assert_eq!(log[2..], [format!("refused {status}"), format!("down Refused {{ status: {status} }} again, unconfirmed 0")]);
    }
}

/// A server that refuses with a body of ten bytes, of which five come later, and the end if it is to.
fn refusal(ends: bool) -> World {
    struct Slow(u8, bool);
    impl Peer for Slow {
        fn take(&mut self, _: &[u8], _: sansocket::Instant) -> Vec<u8> {
            self.0 = self.0.saturating_add(1);
            match self.0 {
                1 => b"HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\nfirst".to_vec(),
                3 => b"later".to_vec(),
                _ => Vec::new(),
            }
        }
        fn has_closed(&self) -> bool {
            self.1 && self.0 > 4
        }
    }
    World::new(session(PLAIN, "ws://example.com/", 100), move |_, _| Dialled::Peer(Box::new(Slow(0, ends)))).handling(
        |event, ws| {
            if let Event::Refused(_) = event {
                ws.read_body();
            }
        },
    )
}

#[test]
fn body_of_a_refusal_is_read_as_long_as_the_program_wants() {
    let mut world = refusal(false);
    world.start();
    assert_eq!((world.session.state(), world.session.unread()), (SessionState::Closing, &b"first"[..]));
    world.session.discard(5);
    world.run_to(2_000);
    assert_eq!(world.session.unread(), b"later");
    let now = world.clock();
    world.session.commands(now).end_body();
    world.settle();
    assert_eq!(world.take_log()[2..], ["refused 503", "down Refused { status: 503 } again, unconfirmed 0"]);
}

#[test]
fn body_of_a_refusal_ends_with_the_input_or_at_the_deadline() {
    for (ends, at) in [(true, 9_999), (false, 10_001)] {
        let mut world = refusal(ends);
        world.start();
        world.run_to(at - 2);
        assert_eq!(world.session.state() == SessionState::Closing, !ends);
        world.run_to(at);
        assert_eq!(world.session.state(), SessionState::Backoff, "{ends}");
        assert!(world.take_log().contains(&"down Refused { status: 503 } again, unconfirmed 0".to_owned()));
    }
}
