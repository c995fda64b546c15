//! Pings, and clients that do not answer.

use super::host::{Host, Out, Told};
use sansocket::Instant;
use sansocket_socketio::engine::server::{Config, Key, Reason, SessionId};

fn host() -> Host {
    Host::with(Config { ping_interval_ms: 300, ping_timeout_ms: 200, ..Config::new() })
}

fn closed(id: SessionId) -> Vec<(SessionId, Told)> {
    vec![(id, Told::Closed(Reason::PingTimeout))]
}

fn ping(key: Key) -> Vec<(Key, Out)> {
    vec![(key, Out::text("2"))]
}

#[test]
fn pings_come_one_interval_after_the_answer() {
    let mut host = host();
    let (_, key) = host.open_websocket();
    for _ in 0..3 {
        host.wait(299);
        assert_eq!(host.due(), []);
        host.wait(1);
        assert_eq!(host.due(), ping(key));
        host.wait(150);
        host.text(key, "3");
    }
    assert_eq!((host.told(), host.due()), (vec![], vec![]));
}

#[test]
fn a_client_that_does_not_answer_is_closed() {
    let mut host = host();
    let (id, key) = host.open_websocket();
    host.wait(499);
    assert_eq!((host.told(), host.due()), (vec![], ping(key)));
    host.wait(1);
    assert_eq!((host.told(), host.due()), (closed(id), vec![(key, Out::Close)]));
    assert_eq!(host.server.next_timeout(), None);
}

#[test]
fn a_ping_answers_a_poll() {
    let mut host = host();
    let (id, sid) = host.open_polling();
    for _ in 0..3 {
        let key = host.park(&sid);
        host.wait(300);
        assert_eq!(host.due(), [(key, Out::ok("2"))]);
        assert_eq!(host.post(&sid, "3"), Out::ok("ok"));
    }
    let key = host.park(&sid);
    host.wait(300);
    host.due();
    let next = host.park(&sid);
    assert_ne!(key, next);
    host.wait(200);
    assert_eq!((host.told(), host.due()), (closed(id), vec![(next, Out::ok("1"))]));
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

/// The suite of the protocol sleeps exactly that long, and expects that it is over.
#[test]
fn a_client_that_never_polls_is_closed() {
    let mut host = host();
    let (id, sid) = host.open_polling();
    host.wait(500);
    assert_eq!(host.told(), closed(id));
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn another_packet_gives_time_once() {
    let mut host = host();
    let (id, key) = host.open_websocket();
    host.text(key, "4before");
    host.wait(450);
    host.text(key, "4one");
    host.wait(150);
    host.text(key, "4two");
    host.wait(49);
    assert_eq!(host.told().len(), 3);
    host.wait(1);
    assert_eq!(host.told(), closed(id));
}

#[test]
fn an_answer_ends_the_time_that_was_given() {
    let mut host = host();
    let (id, key) = host.open_websocket();
    host.wait(450);
    host.text(key, "4one");
    host.wait(100);
    host.text(key, "3");
    host.wait(299);
    host.due();
    host.wait(1);
    assert_eq!(host.due(), ping(key));
    // And the next time it can be given again.
    host.wait(199);
    host.text(key, "6");
    host.wait(199);
    assert_eq!(host.told(), [(id, Told::Text("one".into()))]);
    host.wait(1);
    assert_eq!(host.told(), closed(id));
}

#[test]
fn other_traffic_does_not_put_off_a_ping() {
    let mut host = host();
    let (_, key) = host.open_websocket();
    host.wait(200);
    host.text(key, "4x");
    host.wait(100);
    assert_eq!(host.due(), ping(key));
}

#[test]
fn an_answer_unasked_puts_off_the_ping() {
    let mut host = host();
    let (_, key) = host.open_websocket();
    host.wait(200);
    host.text(key, "3");
    host.wait(299);
    assert_eq!(host.due(), []);
    host.wait(1);
    assert_eq!(host.due(), ping(key));
}

/// A machine that slept: the ping goes out, and its answer has all of its time.
#[test]
fn time_that_leaps_fires_each_timer_once() {
    let mut host = host();
    let (id, key) = host.open_websocket();
    host.now = Instant::from_micros(host.now.as_micros() + 3_600_000_000);
    host.advance();
    assert_eq!((host.told(), host.due()), (vec![], ping(key)));
    host.wait(199);
    assert_eq!(host.told(), []);
    host.wait(1);
    assert_eq!(host.told(), closed(id));
}

#[test]
fn time_that_stands_still_or_runs_back_does_nothing() {
    let mut host = host();
    host.open_websocket();
    let timeout = host.server.next_timeout();
    host.now = Instant::from_millis(0);
    host.advance();
    host.advance();
    assert_eq!((host.server.next_timeout(), host.due(), host.told()), (timeout, vec![], vec![]));
}

#[test]
fn the_end_of_time_is_no_loop() {
    let mut host = host();
    host.now = Instant::from_micros(u64::MAX);
    let (_, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.advance();
    assert_eq!(host.server.next_timeout(), None);
}
