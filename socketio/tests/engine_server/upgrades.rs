//! From polling to WebSocket.

use super::host::{Host, Out, Told};
use sansocket_socketio::engine::server::{Config, Message, Outgoing, Reason};

#[test]
fn a_session_upgrades() {
    let mut host = Host::new();
    let (id, sid, key) = host.open_and_upgrade();
    host.text(key, "4hello");
    assert_eq!(host.told(), [(id, Told::Text("hello".into()))]);
    host.say(id, "a");
    host.server.send(id, Outgoing::Binary(vec![1].into()));
    assert_eq!(host.due(), [(key, Out::text("4a")), (key, Out::Binary(vec![1]))]);
    assert_eq!(host.get(&sid).1, Out::bad_request());
    assert_eq!(host.post(&sid, "4x"), Out::bad_request());
    host.gone(key);
    assert_eq!(host.told(), [(id, Told::Closed(Reason::TransportClose))]);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn polls_end_while_an_upgrade_goes_on() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let poll = host.park(&sid);
    let key = host.join(&sid);
    host.wait(1000);
    assert_eq!(host.due(), []);
    host.text(key, "2probe");
    assert_eq!(host.due(), [(key, Out::text("3probe"))]);
    host.wait(99);
    assert_eq!(host.due(), []);
    host.wait(1);
    assert_eq!(host.due(), [(poll, Out::ok("6"))]);
    // Not at once.
    let poll = host.park(&sid);
    host.wait(99);
    assert_eq!(host.due(), []);
    host.wait(1);
    assert_eq!(host.due(), [(poll, Out::ok("6"))]);
    // Nothing is there to be ended: the next poll waits for the next time.
    host.wait(250);
    let poll = host.park(&sid);
    host.wait(49);
    assert_eq!(host.due(), []);
    host.wait(1);
    assert_eq!(host.due(), [(poll, Out::ok("6"))]);
    host.text(key, "5");
    assert_eq!((host.told(), host.due()), (vec![(id, Told::Upgraded)], vec![]));
    assert_eq!(host.server.next_timeout().map(|at| at.as_millis()), Some(1_025_000));
}

#[test]
fn a_poll_that_is_to_end_takes_messages_along() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let poll = host.park(&sid);
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.wait(100);
    host.say(id, "x");
    assert_eq!(host.due(), [(poll, Out::ok("4x"))]);
}

#[test]
fn messages_go_by_polls_until_the_upgrade() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.say(id, "a");
    assert_eq!(host.get(&sid).1, Out::ok("4a"));
    assert_eq!(host.post(&sid, "4b"), Out::ok("ok"));
    host.say(id, "c");
    host.say(id, "d");
    assert_eq!(host.due(), []);
    host.text(key, "5");
    assert_eq!(host.due(), [(key, Out::text("4c")), (key, Out::text("4d"))]);
    assert_eq!(host.told(), [(id, Told::Text("b".into())), (id, Told::Upgraded)]);
}

/// What a poll was told of, but not pulled, goes over the WebSocket.
#[test]
fn a_poll_that_waits_when_the_upgrade_comes_is_refused() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let poll = host.park(&sid);
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.say(id, "x");
    assert_eq!(host.server.next_ready(), Some(poll));
    host.text(key, "5");
    assert_eq!(host.server.pull(poll).map(Out::from), Some(Out::bad_request()));
    assert_eq!(host.due(), [(key, Out::text("4x"))]);
}

/// Clients that do not wait for the answer to their probe.
#[test]
fn an_upgrade_without_waiting_is_one() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    host.say(id, "x");
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.text(key, "5");
    host.text(key, "4y");
    assert_eq!(host.due(), [(key, Out::text("3probe")), (key, Out::text("4x"))]);
    assert_eq!(host.told(), [(id, Told::Upgraded), (id, Told::Text("y".into()))]);
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "5");
    assert_eq!((host.told(), host.due()), (vec![(id, Told::Upgraded)], vec![]));
}

/// However often it is asked, one answer is due at a time.
#[test]
fn probes_do_not_pile_up() {
    let mut host = Host::new();
    let (_, sid) = host.open_polling();
    let key = host.join(&sid);
    for _ in 0..1000 {
        host.text(key, "2probe");
    }
    assert_eq!(host.due(), [(key, Out::text("3probe"))]);
    host.text(key, "2probe");
    assert_eq!(host.due(), [(key, Out::text("3probe"))]);
}

#[test]
fn an_upgrade_that_takes_too_long_is_dropped() {
    let mut host = Host::with(Config { upgrade_timeout_ms: 1000, ..Config::new() });
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.wait(999);
    let poll = host.park(&sid);
    host.wait(1);
    assert_eq!(host.due(), [(key, Out::Close)]);
    // Polling goes on, without noops.
    host.wait(200);
    assert_eq!((host.due(), host.told()), (vec![], vec![]));
    host.say(id, "x");
    assert_eq!(host.due(), [(poll, Out::ok("4x"))]);
    host.text(key, "5");
    assert_eq!(host.told(), []);
    // And another one may succeed.
    let key = host.join(&sid);
    host.text(key, "5");
    assert_eq!(host.told(), [(id, Told::Upgraded)]);
}

#[test]
fn a_wrong_packet_costs_the_candidate_only() {
    for message in [
        Message::Text("4x"),
        Message::Text("2"),
        Message::Text("3"),
        Message::Text("1"),
        Message::Text(""),
        Message::Binary(&[5]),
    ] {
        let mut host = Host::new();
        let (id, sid) = host.open_polling();
        let poll = host.park(&sid);
        let key = host.join(&sid);
        host.text(key, "2probe");
        host.receive(key, message);
        host.text(key, "5");
        assert_eq!((host.due(), host.told()), (vec![(key, Out::Close)], vec![]), "{message:?}");
        host.wait(200);
        host.say(id, "x");
        assert_eq!(host.due(), [(poll, Out::ok("4x"))]);
    }
}

#[test]
fn a_candidate_that_is_lost_leaves_polling_alone() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let poll = host.park(&sid);
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.gone(key);
    assert_eq!((host.due(), host.told()), (vec![], vec![]));
    host.wait(11_000);
    host.say(id, "x");
    assert_eq!((host.due(), host.told()), (vec![(poll, Out::ok("4x"))], vec![]));
    // Or it never gets that far.
    let (key, out) = host.ask_websocket(&format!("EIO=4&transport=websocket&sid={sid}"));
    assert_eq!(out, Out::Upgrade);
    host.gone(key);
    let key = host.join(&sid);
    host.text(key, "5");
    assert_eq!(host.told(), [(id, Told::Upgraded)]);
}

#[test]
fn there_is_one_candidate_at_a_time() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    let second = host.join(&sid);
    assert_eq!(host.due(), [(second, Out::Close)]);
    host.text(second, "5");
    assert_eq!(host.told(), []);
    host.text(key, "5");
    assert_eq!(host.told(), [(id, Told::Upgraded)]);
    let third = host.join(&sid);
    assert_eq!(host.due(), [(third, Out::Close)]);
    host.text(key, "4still there");
    assert_eq!(host.told(), [(id, Told::Text("still there".into()))]);
}

#[test]
fn a_candidate_ends_with_its_session() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    let (late, _) = host.ask_websocket(&format!("EIO=4&transport=websocket&sid={sid}"));
    host.post(&sid, "1");
    assert_eq!(host.told(), [(id, Told::Closed(Reason::TransportClose))]);
    assert_eq!(host.due(), [(key, Out::Close)]);
    host.opened(late);
    assert_eq!(host.due(), [(late, Out::Close)]);
    host.text(key, "5");
    assert_eq!((host.told(), host.due(), host.server.next_timeout()), (vec![], vec![], None));
}

/// A client that has stopped polling to upgrade gets the rest over the WebSocket.
#[test]
fn a_close_during_an_upgrade_loses_nothing() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.say(id, "a");
    host.say(id, "b");
    host.server.close(host.now, id);
    host.text(key, "5");
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ForcedClose))]);
    assert_eq!(host.due(), [(key, Out::text("4a")), (key, Out::text("4b")), (key, Out::Close)]);
    assert_eq!((host.get(&sid).1, host.server.next_timeout()), (Out::unknown_sid(), None));
}

#[test]
fn a_ping_that_is_due_is_due_after_the_upgrade() {
    let mut host = Host::with(Config { ping_interval_ms: 300, ping_timeout_ms: 200, ..Config::new() });
    let (id, sid) = host.open_polling();
    let key = host.join(&sid);
    host.text(key, "2probe");
    host.due();
    host.wait(300);
    host.text(key, "5");
    assert_eq!(host.due(), [(key, Out::text("2"))]);
    host.wait(199);
    assert_eq!(host.told(), [(id, Told::Upgraded)]);
    host.wait(1);
    assert_eq!(host.told(), [(id, Told::Closed(Reason::PingTimeout))]);
}

#[test]
fn a_candidate_may_want_base64() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let (key, _) = host.ask_websocket(&format!("EIO=4&transport=websocket&b64=1&sid={sid}"));
    host.opened(key);
    host.server.send(id, Outgoing::Binary(vec![1, 2, 3].into()));
    host.text(key, "5");
    assert_eq!(host.due(), [(key, Out::text("bAQID"))]);
}
