//! Sessions over WebSocket from the beginning.

use super::host::{Host, Out, Told};
use sansocket_socketio::engine::server::{Key, Message, Outgoing, Reason};

#[test]
fn messages_are_taken_and_sent() {
    let mut host = Host::new();
    let (id, key) = host.open_websocket();
    host.text(key, "4hello");
    host.receive(key, Message::Binary(&[1, 2, 3]));
    host.receive(key, Message::Binary(&[]));
    // From clients that are set to base64.
    host.text(key, "bAQIDBA==");
    for ignored in ["3", "0{}", "5", "6"] {
        host.text(key, ignored);
    }
    let messages =
        [Told::Text("hello".into()), Told::Binary(vec![1, 2, 3]), Told::Binary(vec![]), Told::Binary(vec![1, 2, 3, 4])];
    assert_eq!(host.told(), messages.map(|told| (id, told)));
    host.say(id, "a");
    host.server.send(id, Outgoing::Binary(vec![9].into()));
    assert_eq!(host.due(), [(key, Out::text("4a")), (key, Out::Binary(vec![9]))]);
}

#[test]
fn what_no_client_sends_closes() {
    for (message, reason) in [
        (Message::Text(""), Reason::ParseError),
        (Message::Text("7"), Reason::ParseError),
        (Message::Text("abc"), Reason::ParseError),
        (Message::Text("bAQI"), Reason::ParseError),
        (Message::Text("2"), Reason::TransportError),
        (Message::Text("2probe"), Reason::TransportError),
        (Message::Text("1"), Reason::TransportClose),
    ] {
        let mut host = Host::new();
        let (id, key) = host.open_websocket();
        host.say(id, "before");
        host.receive(key, message);
        host.text(key, "4late");
        assert_eq!(host.told(), [(id, Told::Closed(reason))]);
        assert_eq!(host.due(), [(key, Out::text("4before")), (key, Out::Close)]);
        assert_eq!((host.server.pull(key), host.server.next_timeout()), (None, None));
        host.gone(key);
        assert_eq!(host.told(), []);
    }
}

#[test]
fn its_end_is_the_end_of_the_session() {
    let mut host = Host::new();
    let (id, key) = host.open_websocket();
    host.say(id, "lost");
    host.gone(key);
    assert_eq!(host.told(), [(id, Told::Closed(Reason::TransportClose))]);
    assert_eq!((host.due(), host.server.next_timeout()), (vec![], None));
    assert!(!host.say(id, "x"));
}

#[test]
fn a_program_closes_after_what_waits() {
    let mut host = Host::new();
    let (id, key) = host.open_websocket();
    host.say(id, "a");
    host.server.send(id, Outgoing::Binary(vec![1].into()));
    host.server.close(host.now, id);
    host.text(key, "4late");
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ForcedClose))]);
    assert_eq!(host.due(), [(key, Out::text("4a")), (key, Out::Binary(vec![1])), (key, Out::Close)]);
    assert_eq!(host.server.next_timeout(), None);
}

/// A caller that stops pulling goes on by itself; meanwhile the key is not told again.
#[test]
fn a_key_is_told_once_until_all_was_pulled() {
    let mut host = Host::new();
    let (id, key) = host.open_websocket();
    assert!(host.server.is_writable(id));
    host.say(id, "a");
    assert!(!host.server.is_writable(id));
    assert_eq!((host.server.next_ready(), host.server.next_ready()), (Some(key), None));
    assert_eq!(host.server.pull(key).map(Out::from), Some(Out::text("4a")));
    // It was not pulled to the end: the transport takes no more.
    assert!(!host.server.is_writable(id));
    host.say(id, "b");
    assert_eq!(host.server.next_ready(), None);
    assert_eq!(host.server.pull(key).map(Out::from), Some(Out::text("4b")));
    assert_eq!(host.server.pull(key), None);
    assert!(host.server.is_writable(id));
    host.say(id, "c");
    assert_eq!(host.due(), [(key, Out::text("4c"))]);
}

#[test]
fn keys_are_told_in_the_order_in_which_they_became_ready() {
    let mut host = Host::new();
    let (one, first) = host.open_websocket();
    let (other, second) = host.open_websocket();
    host.say(other, "a");
    host.say(one, "b");
    host.say(other, "c");
    assert_eq!(host.due(), [(second, Out::text("4a")), (second, Out::text("4c")), (first, Out::text("4b"))]);
}

#[test]
fn a_client_that_wants_base64_gets_it() {
    let mut host = Host::new();
    let (key, _) = host.ask_websocket("EIO=4&transport=websocket&b64=1");
    host.opened(key);
    let [(id, Told::Opened)] = host.told()[..] else { panic!() };
    host.due();
    host.server.send(id, Outgoing::Binary(vec![1, 2, 3].into()));
    assert_eq!(host.due(), [(key, Out::text("bAQID"))]);
    host.server.send(id, Outgoing::Binary(vec![1, 2, 3].into()));
    host.server.close(host.now, id);
    assert_eq!(host.due(), [(key, Out::text("bAQID")), (key, Out::Close)]);
}

/// A broadcast is one piece of memory, however many wait for it.
#[test]
fn a_message_to_many_is_shared() {
    let mut host = Host::new();
    let sessions = [host.open_websocket(), host.open_websocket(), host.open_websocket()];
    let message = Outgoing::text("to all");
    let Outgoing::Text(bytes) = &message else { panic!() };
    for (id, _) in sessions {
        assert!(host.server.send(id, message.clone()));
    }
    for (_, key) in sessions {
        let Some(sansocket_socketio::engine::server::Due::Text(pulled)) = host.server.pull(key) else { panic!() };
        assert_eq!(pulled.as_ptr(), bytes.as_ptr());
    }
}

#[test]
fn keys_that_are_unknown_do_nothing() {
    let mut host = Host::new();
    let key = Key(12_345);
    host.opened(key);
    host.text(key, "4x");
    host.gone(key);
    assert_eq!((host.server.pull(key), host.told(), host.due()), (None, vec![], vec![]));
}
