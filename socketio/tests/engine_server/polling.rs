//! HTTP long-polling.

use super::host::{Host, Out, Told};
use sansocket_socketio::engine::server::{Config, Event, Key, Outgoing, Reason, Request};

#[test]
fn a_poll_waits_until_there_is_something() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    assert_eq!(host.due(), []);
    assert!(host.say(id, "a"));
    assert!(host.server.send(id, Outgoing::Binary(vec![1, 2, 3, 4].into())));
    assert!(host.say(id, ""));
    // One answer for all that came until it was pulled.
    assert_eq!(host.due(), [(key, Out::ok("4a\u{1e}bAQIDBA==\u{1e}4"))]);
    assert_eq!(host.server.pull(key), None);
    host.park(&sid);
}

#[test]
fn a_poll_is_answered_at_once_if_something_waits() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    host.say(id, "a");
    host.say(id, "b");
    assert_eq!(host.due(), []);
    assert_eq!(host.get(&sid).1, Out::ok("4a\u{1e}4b"));
    host.server.send(id, Outgoing::Binary(vec![5].into()));
    assert_eq!(host.get(&sid).1, Out::ok("bBQ=="));
    host.park(&sid);
}

#[test]
fn what_is_sent_when_it_opens_is_for_the_next_poll() {
    let mut host = Host::new();
    let request = Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
    let answer = host.server.request(host.now, Key(77), &request, &mut |server, event| {
        let Event::Opened(id) = event else { panic!() };
        assert!(server.send(id, Outgoing::text("hello")));
    });
    let Out::Answer(200, body) = answer.into() else { panic!() };
    assert!(body.starts_with("0{") && body.ends_with('}'));
    assert_eq!(host.get(&super::host::sid(&body)).1, Out::ok("4hello"));
}

#[test]
fn packets_of_a_post_are_taken_in_order() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    assert_eq!(host.post(&sid, "4a\u{1e}bAQID\u{1e}4\u{1e}3\u{1e}6\u{1e}0\u{1e}5\u{1e}4\u{20ac}"), Out::ok("ok"));
    let messages =
        [Told::Text("a".into()), Told::Binary(vec![1, 2, 3]), Told::Text(String::new()), Told::Text("\u{20ac}".into())];
    assert_eq!(host.told(), messages.map(|told| (id, told)));
}

#[test]
fn a_post_does_not_end_the_poll() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    assert_eq!(host.post(&sid, "4a"), Out::ok("ok"));
    assert_eq!(host.due(), []);
    host.say(id, "b");
    assert_eq!(host.due(), [(key, Out::ok("4b"))]);
}

/// What is sent while a POST is taken is there for the poll that waits.
#[test]
fn an_echo_answers_the_poll() {
    let mut host = Host::new();
    let (_, sid) = host.open_polling();
    let key = host.park(&sid);
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let post = Request { method: "POST", query: &query, content_type: Some("text/plain"), is_upgrade: false, body: b"4a\x1e4b" };
    let answer = host.server.request(host.now, Key(77), &post, &mut |server, event| {
        if let (id, Told::Text(text)) = Told::of(event) {
            server.send(id, Outgoing::text(&text));
        }
    });
    assert_eq!(Out::from(answer), Out::ok("ok"));
    assert_eq!(host.due(), [(key, Out::ok("4a\u{1e}4b"))]);
}

#[test]
fn two_polls_at_once_end_the_session() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    assert_eq!(host.get(&sid).1, Out::bad_request());
    assert_eq!(host.told(), [(id, Told::Closed(Reason::TransportError))]);
    assert_eq!(host.due(), [(key, Out::ok("1"))]);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
    assert_eq!(host.post(&sid, "4x"), Out::unknown_sid());
    assert!(!host.say(id, "x"));
    assert_eq!((host.due(), host.server.next_timeout()), (vec![], None));
}

#[test]
fn a_client_closes_by_a_post() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    assert_eq!(host.post(&sid, "4a\u{1e}1\u{1e}4b"), Out::ok("ok"));
    assert_eq!(host.told(), [(id, Told::Text("a".into())), (id, Told::Closed(Reason::TransportClose))]);
    assert_eq!(host.due(), [(key, Out::ok("6"))]);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn a_bad_post_ends_the_session() {
    let too_long = format!("4{}", "x".repeat(1000));
    for (body, content_type, status, reason) in [
        (&b"abc"[..], None, 400, Reason::ParseError),
        (b"", None, 400, Reason::ParseError),
        (b"4ok\x1e", None, 400, Reason::ParseError),
        (b"4ok\x1e7\x1e4no", None, 400, Reason::ParseError),
        (b"4ok\x1ebAQI\x1e4no", None, 400, Reason::ParseError),
        (b"4ok\x1e2\x1e4no", None, 400, Reason::TransportError),
        (b"4ok\x1e2probe", None, 400, Reason::TransportError),
        (b"4\xff", None, 400, Reason::ParseError),
        (b"4x", Some("application/octet-stream"), 400, Reason::TransportError),
        (b"4x", Some("Application/Octet-Stream ; a=b"), 400, Reason::TransportError),
        (too_long.as_bytes(), Some("text/plain"), 413, Reason::TransportError),
    ] {
        let mut host = Host::with(Config { max_payload: 1000, ..Config::new() });
        let (id, sid) = host.open_polling();
        let key = host.park(&sid);
        let query = format!("EIO=4&transport=polling&sid={sid}");
        let (_, out) = host.send(&Request { method: "POST", query: &query, content_type, is_upgrade: false, body });
        assert!(matches!(out, Out::Answer(is, _) if is == status), "{out:?} for {body:?}");
        let mut told = host.told();
        assert_eq!(told.pop(), Some((id, Told::Closed(reason))), "{body:?}");
        assert!(told.into_iter().all(|told| told == (id, Told::Text("ok".into()))), "{body:?}");
        assert_eq!(host.due(), [(key, Out::ok("1"))]);
        assert_eq!(host.get(&sid).1, Out::unknown_sid());
    }
}

/// What was sent before it leaves.
#[test]
fn a_bad_packet_does_not_take_back_what_was_answered() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    host.say(id, "before");
    host.post(&sid, "7");
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ParseError))]);
    assert_eq!(host.due(), [(key, Out::ok("4before"))]);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn a_body_may_be_as_long_as_allowed() {
    let mut host = Host::with(Config { max_payload: 1000, ..Config::new() });
    let (id, sid) = host.open_polling();
    let text = "x".repeat(999);
    assert_eq!(host.post(&sid, &format!("4{text}")), Out::ok("ok"));
    assert_eq!(host.told(), [(id, Told::Text(text))]);
}

#[test]
fn a_poll_that_is_given_up_ends_the_session() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    host.say(id, "x");
    host.gone(key);
    assert_eq!(host.told(), [(id, Told::Closed(Reason::TransportError))]);
    // The key was to be told, but nobody is there now.
    assert_eq!(host.due(), []);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
}

#[test]
fn answers_are_cut_between_packets() {
    let mut host = Host::with(Config { max_payload: 10, ..Config::new() });
    let (id, sid) = host.open_polling();
    for text in ["abcd", "efg", "h", "longer than that", "i", "j"] {
        host.say(id, text);
    }
    host.server.send(id, Outgoing::Binary(vec![0; 3].into()));
    for body in ["4abcd\u{1e}4efg", "4h", "4longer than that", "4i\u{1e}4j", "bAAAA"] {
        assert_eq!(host.get(&sid).1, Out::ok(body));
    }
    host.park(&sid);
}

#[test]
fn the_rest_of_a_cut_answer_is_there_for_the_next_poll() {
    let mut host = Host::with(Config { max_payload: 4, ..Config::new() });
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    host.say(id, "abc");
    host.say(id, "def");
    assert_eq!(host.due(), [(key, Out::ok("4abc"))]);
    assert_eq!(host.get(&sid).1, Out::ok("4def"));
}

#[test]
fn a_program_closes_after_what_waits() {
    let mut host = Host::with(Config { max_payload: 4, ..Config::new() });
    let (id, sid) = host.open_polling();
    host.say(id, "abc");
    host.say(id, "def");
    host.server.close(host.now, id);
    host.server.close(host.now, id);
    assert!(host.server.next_timeout().is_some_and(|at| at <= host.now));
    host.advance();
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ForcedClose))]);
    assert!(!host.say(id, "too late"));
    assert_eq!(host.get(&sid).1, Out::ok("4abc"));
    assert_eq!(host.post(&sid, "4no"), Out::ok("ok"));
    assert_eq!(host.get(&sid).1, Out::ok("4def"));
    assert_eq!(host.get(&sid).1, Out::ok("1"));
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
    assert_eq!((host.told(), host.server.next_timeout()), (vec![], None));
}

#[test]
fn a_close_goes_alone() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    host.say(id, "bye");
    host.server.close(host.now, id);
    assert_eq!(host.due(), [(key, Out::ok("4bye"))]);
    assert_eq!(host.get(&sid).1, Out::ok("1"));
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
    host.advance();
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ForcedClose))]);
}

#[test]
fn a_closed_session_is_forgotten_when_nobody_fetches_the_rest() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    host.say(id, "abc");
    host.server.close(host.now, id);
    host.wait(19_999);
    assert_eq!(host.told(), [(id, Told::Closed(Reason::ForcedClose))]);
    host.wait(1);
    assert_eq!(host.get(&sid).1, Out::unknown_sid());
    assert_eq!((host.told(), host.server.next_timeout()), (vec![], None));
}

/// A program that closes while a POST is taken gets nothing more of it.
#[test]
fn a_close_from_inside_ends_the_post() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let post = Request { method: "POST", query: &query, content_type: None, is_upgrade: false, body: b"4a\x1e4b" };
    let mut told = Vec::new();
    let now = host.now;
    let answer = host.server.request(now, Key(77), &post, &mut |server, event| {
        told.push(Told::of(event));
        server.close(now, id);
    });
    assert_eq!(Out::from(answer), Out::ok("ok"));
    assert_eq!(told, [(id, Told::Text("a".into())), (id, Told::Closed(Reason::ForcedClose))]);
}

#[test]
fn a_session_is_writable_while_a_poll_waits_for_nothing() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    assert!(!host.server.is_writable(id));
    host.park(&sid);
    assert!(host.server.is_writable(id));
    host.say(id, "x");
    assert!(!host.server.is_writable(id));
    host.due();
    assert!(!host.server.is_writable(id));
    host.park(&sid);
    assert!(host.server.is_writable(id));
    host.server.close(host.now, id);
    assert!(!host.server.is_writable(id));
}

/// The key of a request that is done with may be given to another one.
#[test]
fn a_key_is_told_for_what_it_is_now() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    let key = host.park(&sid);
    host.say(id, "x");
    // Pulled before it was told.
    assert_eq!(host.server.pull(key).map(Out::from), Some(Out::ok("4x")));
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let request = Request { method: "GET", query: &query, content_type: None, is_upgrade: false, body: b"" };
    assert_eq!(Out::from(host.server.request(host.now, key, &request, &mut |_, _| {})), Out::Park);
    assert_eq!(host.server.next_ready(), None);
    host.say(id, "y");
    assert_eq!(host.due(), [(key, Out::ok("4y"))]);
}
