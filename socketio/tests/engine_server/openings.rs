//! How sessions open, and which requests are refused.

use super::host::{Host, Out, Told, sid};
use sansocket::{Instant, NoEntropy};
use sansocket_socketio::engine::Handshake;
use sansocket_socketio::engine::server::{Answer, Config, Key, Request, Server};

#[test]
fn an_opening_by_polling_is_answered_with_the_handshake() {
    let mut host = Host::with(Config { ping_interval_ms: 300, ping_timeout_ms: 200, max_payload: 12_345, ..Config::new() });
    let (_, out) = host.request("GET", "t=abc&EIO=4&a=b%20c&transport=polling", "");
    let Out::Answer(200, body) = out else { panic!("{out:?}") };
    let handshake = Handshake::parse(body.strip_prefix('0').unwrap()).unwrap();
    assert!(handshake.can_upgrade);
    assert_eq!((handshake.ping_interval_ms, handshake.ping_timeout_ms, handshake.max_payload), (300, 200, Some(12_345)));
    assert!(matches!(host.told()[..], [(_, Told::Opened)]));
    let sid = sid(&body);
    assert_eq!(sid.len(), 20);
    assert!(sid.contains(['-', '_']) && sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{sid}");
}

#[test]
fn an_opening_by_websocket_sends_the_handshake_first() {
    let mut host = Host::new();
    let (key, out) = host.ask_websocket("EIO=4&transport=websocket");
    assert_eq!((out, host.told(), host.due()), (Out::Upgrade, vec![], vec![]));
    host.opened(key);
    let [(id, Told::Opened)] = host.told()[..] else { panic!() };
    assert!(host.say(id, "first"));
    let due = host.due();
    let [(_, Out::Text(open)), (_, Out::Text(first))] = &due[..] else { panic!("{due:?}") };
    let handshake = Handshake::parse(open.strip_prefix('0').unwrap()).unwrap();
    assert!(!handshake.can_upgrade);
    assert_eq!(first, "4first");
}

/// Their order is the reference's: a request with several mistakes shows which one counts.
#[test]
fn wrong_requests_are_refused_as_the_reference_does() {
    let mut host = Host::new();
    let (_, polling) = host.open_polling();
    let (_, upgraded, _) = host.open_and_upgrade();
    let unknown_transport = || Out::refused(400, 0, "Transport unknown");
    let bad_method = || Out::refused(400, 2, "Bad handshake method");
    let bad_version = || Out::refused(400, 5, "Unsupported protocol version");
    for (method, is_upgrade, query, expected) in [
        ("GET", false, "", unknown_transport()),
        ("GET", false, "EIO=4", unknown_transport()),
        ("POST", false, "EIO=3&transport=abc&sid=x", unknown_transport()),
        ("GET", true, "EIO=4&transport=webtransport", unknown_transport()),
        ("GET", false, "EIO=4&transport=polling&transport=abc", unknown_transport()),
        ("GET", false, "EIO=4&transport=polling&sid=x", Out::unknown_sid()),
        ("GET", true, "EIO=4&transport=websocket&sid=x", Out::unknown_sid()),
        ("PUT", false, "EIO=3&transport=polling&sid=12345678901234567890", Out::unknown_sid()),
        ("POST", false, "EIO=4&transport=polling", bad_method()),
        ("PUT", false, "EIO=3&transport=polling&sid=", bad_method()),
        ("POST", false, "EIO=4&transport=websocket", bad_method()),
        ("GET", false, "EIO=3&transport=websocket", Out::bad_request()),
        ("GET", true, "EIO=4&transport=polling", Out::bad_request()),
        ("GET", false, "transport=polling", bad_version()),
        ("GET", false, "EIO=3&transport=polling", bad_version()),
        ("GET", false, "EIO=44&transport=polling", bad_version()),
        ("GET", false, "EIO&transport=polling", bad_version()),
        ("GET", true, "transport=websocket", bad_version()),
        ("GET", true, "EIO=3&transport=websocket", bad_version()),
        ("GET", false, &format!("EIO=3&transport=polling&sid={polling}"), Out::bad_request()),
        ("GET", true, &format!("EIO=3&transport=websocket&sid={polling}"), Out::bad_request()),
        ("GET", false, &format!("EIO=4&transport=websocket&sid={polling}"), Out::bad_request()),
        ("GET", true, &format!("EIO=4&transport=polling&sid={polling}"), Out::bad_request()),
        ("POST", true, &format!("EIO=4&transport=websocket&sid={polling}"), Out::bad_request()),
        ("DELETE", false, &format!("EIO=4&transport=polling&sid={polling}"), Out::bad_request()),
        ("GET", false, &format!("EIO=4&transport=polling&sid={upgraded}"), Out::bad_request()),
        ("POST", false, &format!("EIO=4&transport=polling&sid={upgraded}"), Out::bad_request()),
        ("GET", false, &format!("EIO=4&transport=websocket&sid={upgraded}"), Out::bad_request()),
    ] {
        let request = Request { method, query, content_type: None, is_upgrade, body: b"4x" };
        assert_eq!(host.send(&request).1, expected, "{method} {query}");
    }
    assert_eq!((host.told(), host.due()), (vec![], vec![]));
    // None of it has done them any harm.
    host.park(&polling);
}

#[test]
fn headers_of_answers_are_those_of_the_reference() {
    let mut host = Host::new();
    let (_, sid) = host.open_polling();
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let get = Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
    let post = Request { method: "POST", query: &query, body: b"4x", ..get };
    let wrong = Request { query: "", ..get };
    for (key, request, content_type) in
        [(91, get, "text/plain; charset=UTF-8"), (92, post, "text/html"), (93, wrong, "application/json")]
    {
        let answer = host.server.request(host.now, Key(key), &request, &mut |_, _| {});
        let Answer::Respond(response) = answer else { panic!() };
        assert_eq!(response.content_type, content_type);
    }
}

#[test]
fn polling_can_be_left_out() {
    let mut host = Host::with(Config { polling: false, ..Config::new() });
    let (_, out) = host.request("GET", "EIO=4&transport=polling", "");
    assert_eq!(out, Out::refused(400, 0, "Transport unknown"));
    host.open_websocket();
}

#[test]
fn without_entropy_nothing_opens() {
    let mut server = Server::new(Config::new(), NoEntropy);
    let polling = Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
    let websocket = Request { query: "EIO=4&transport=websocket", is_upgrade: true, ..polling };
    for (key, request) in [(1, polling), (2, websocket)] {
        let answer = server.request(Instant::from_millis(0), Key(key), &request, &mut |_, event| panic!("{event:?}"));
        assert!(matches!(answer, Answer::Respond(response) if response.status == 503));
    }
    assert_eq!((server.next_timeout(), server.next_ready()), (None, None));
}

/// Entropy that is none costs an opening, not a session.
#[test]
fn an_id_that_is_taken_is_not_given_again() {
    struct Constant;
    impl sansocket::Entropy for Constant {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), sansocket::EntropyError> {
            bytes.fill(7);
            Ok(())
        }
    }
    let mut server = Server::new(Config::new(), Constant);
    let request = Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
    let mut opened = 0;
    let mut statuses = Vec::new();
    for key in 0..3 {
        let answer = server.request(Instant::from_millis(0), Key(key), &request, &mut |_, _| opened += 1);
        let Answer::Respond(response) = answer else { panic!() };
        statuses.push(response.status);
    }
    assert_eq!((statuses, opened), (vec![200, 503, 503], 1));
}

#[test]
fn a_websocket_that_never_opens_leaves_nothing() {
    let mut host = Host::new();
    let (key, _) = host.ask_websocket("EIO=4&transport=websocket");
    host.gone(key);
    host.opened(key);
    host.text(key, "4x");
    assert_eq!((host.told(), host.due(), host.server.next_timeout()), (vec![], vec![], None));
}

#[test]
fn a_key_that_is_in_use_is_refused() {
    let mut host = Host::new();
    let (_, one) = host.open_polling();
    let (_, other) = host.open_polling();
    let key = host.park(&one);
    let used = ["EIO=4&transport=polling", "EIO=4&transport=websocket"].map(str::to_owned);
    for query in used.into_iter().chain([format!("EIO=4&transport=polling&sid={other}")]) {
        let is_upgrade = query.contains("websocket");
        let request = Request { method: "GET", query: &query, content_type: None, is_upgrade, body: b"" };
        let answer = host.server.request(host.now, key, &request, &mut |_, _| {});
        assert_eq!(Out::from(answer), Out::bad_request());
    }
}

#[test]
fn secrets_and_messages_are_not_shown() {
    let mut host = Host::new();
    let (id, sid) = host.open_polling();
    host.say(id, "secret");
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let request = Request { method: "GET", query: &query, content_type: None, is_upgrade: false, body: b"secret" };
    let shown = format!("{:?} {request:?}", host.server);
    let answer = host.server.request(host.now, Key(99), &request, &mut |_, _| {});
    let shown = format!("{shown} {answer:?}");
    assert!(!shown.contains(&sid) && !shown.contains("secret"), "{shown}");
    assert!(shown.contains("sessions: 1") && shown.contains("Response(200, 7 bytes)"), "{shown}");
}

#[test]
fn the_number_of_sessions_is_limited() {
    let mut host = Host::with(Config { max_sessions: 2, ..Config::new() });
    let (_, first) = host.open_polling();
    // Both are promised while there is room for one.
    let (one, _) = host.ask_websocket("EIO=4&transport=websocket");
    let (other, _) = host.ask_websocket("EIO=4&transport=websocket");
    host.opened(one);
    host.opened(other);
    assert_eq!(host.told().len(), 1);
    assert!(host.due().contains(&(other, Out::Close)));
    let forbidden = Out::refused(403, 4, "Forbidden");
    assert_eq!(host.request("GET", "EIO=4&transport=polling", "").1, forbidden);
    assert_eq!(host.ask_websocket("EIO=4&transport=websocket").1, forbidden);
    host.post(&first, "1");
    host.told();
    host.open_polling();
    assert_eq!(host.request("GET", "EIO=4&transport=polling", "").1, forbidden);
}
