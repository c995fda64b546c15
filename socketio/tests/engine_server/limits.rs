//! Queues that grow, and sessions that are many.

use super::host::{Host, Out, Told};
use sansocket::Instant;
use sansocket_socketio::engine::server::{Config, Outgoing, Reason};
use std::mem::size_of;

#[test]
fn a_client_that_takes_nothing_is_closed() {
    const COST: usize = 100 + size_of::<Outgoing>();
    let mut host = Host::with(Config { max_queued: 10 * COST, ..Config::new() });
    let (polling, sid) = host.open_polling();
    let (websocket, key) = host.open_websocket();
    for id in [polling, websocket] {
        let message = "x".repeat(99);
        assert!((0..10).all(|_| host.say(id, &message)));
        assert!(!host.say(id, ""));
        assert!(!host.say(id, ""));
        // Told by whatever comes next.
        assert!(host.server.next_timeout().is_some_and(|at| at <= host.now));
        host.advance();
        assert_eq!(host.told(), [(id, Told::Closed(Reason::QueueFull))]);
    }
    assert_eq!(host.due(), [(key, Out::Close)]);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn what_was_taken_makes_room() {
    let mut host = Host::with(Config { max_queued: 2 * (2 + size_of::<Outgoing>()), ..Config::new() });
    let (polling, sid) = host.open_polling();
    let (websocket, key) = host.open_websocket();
    for _ in 0..100 {
        for id in [polling, websocket] {
            assert!(host.say(id, "a"));
            assert!(host.server.send(id, Outgoing::Binary(vec![0; 2].into())));
        }
        assert_eq!(host.get(&sid).1, Out::ok("4a\u{1e}bAAA="));
        assert_eq!(host.due(), [(key, Out::text("4a")), (key, Out::Binary(vec![0; 2]))]);
    }
    assert!(host.say(polling, "a") && host.say(polling, "a") && !host.say(polling, "a"));
}

#[test]
fn ten_thousand_idle_sessions_cost_nothing_until_they_are_due() {
    let mut host = Host::new();
    for _ in 0..10_000 {
        host.open_polling();
    }
    // A walk over all sessions would take 10^10 steps here.
    let start = std::time::Instant::now();
    for _ in 0..1_000_000 {
        host.advance();
        assert!(host.server.next_timeout().is_some());
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    // All are pinged at their time, and all are closed at theirs.
    host.wait(25_000);
    assert_eq!(host.server.next_timeout(), Some(Instant::from_millis(1_045_000)));
    host.wait(20_000);
    assert_eq!((host.told().len(), host.server.next_timeout()), (10_000, None));
}
