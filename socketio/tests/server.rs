//! The server, rule by rule.
#![cfg(feature = "alloc")]

mod server_support;

use sansocket_socketio::engine::server::{self as engine, Due};
use sansocket_socketio::server::{Answer, Config, Event, Io, IoError, MAX_NAMESPACE_LEN, Message, Server, SocketId, To};
use sansocket_socketio::{Limits, PacketError};
use server_support::{Bench, Numbers};

fn message(name: &str) -> Message {
    Message::new(name, |args| args).unwrap()
}

const CLOSED: &str = "CLOSED";

// Connecting.

#[test]
fn a_client_that_is_accepted_gets_an_id_of_its_own() {
    let mut bench = Bench::new();
    let key = bench.open();
    bench.send(key, r#"40{"token":"123"}"#);
    assert_eq!(bench.log(), [r#"connect / {"token":"123"}"#]);
    let socket = bench.app.sockets[0];
    let sid = bench.io().sid(socket).unwrap().to_owned();
    assert_eq!((sid.len(), bench.io().namespace(socket)), (20, Some("/")));
    assert_eq!(bench.take(key), [format!(r#"40{{"sid":"{sid}"}}"#)]);
    assert!(bench.io().is_connected(socket));
    assert_eq!(bench.io().sockets("/").collect::<Vec<_>>(), [socket]);

    // In another namespace it is another socket.
    bench.send(key, "40/admin");
    let other = bench.app.sockets[1];
    let sid_there = bench.io().sid(other).unwrap().to_owned();
    assert_ne!(sid, sid_there);
    assert_eq!(bench.take(key), [format!(r#"40/admin,{{"sid":"{sid_there}"}}"#)]);
    assert_eq!(bench.io().session(socket), bench.io().session(other));
}

#[test]
fn the_query_belongs_to_the_name_of_a_namespace() {
    let mut bench = Bench::new();
    let key = bench.open();
    for text in ["40/,", "40/a?b=c,{}", "40/none?x=y,"] {
        bench.send(key, text);
    }
    assert_eq!(bench.log(), ["connect / -", "connect /a?b=c {}", "connect /none?x=y -"]);
    assert_eq!(bench.take(key)[2], r#"44/none?x=y,{"message":"Invalid namespace"}"#);
}

#[test]
fn a_refused_client_is_told_why_and_may_come_again() {
    let mut bench = Bench::new();
    let key = bench.open();
    for _ in 0..2 {
        bench.send(key, "40/none,");
        assert_eq!(bench.take(key), [r#"44/none,{"message":"Invalid namespace"}"#]);
    }
    bench.send(key, "40/later");
    let socket = bench.app.sockets[2];
    assert_eq!(bench.io().refuse(socket, "[]"), Err(PacketError::WrongPayload));
    assert_eq!(bench.io().refuse(socket, ""), Err(PacketError::MissingPayload));
    assert_eq!(bench.io().refuse(socket, r#"{"message":"no","data":{"code":7}}"#), Ok(true));
    assert_eq!(bench.io().refuse(socket, "\"no\""), Ok(false));
    assert!(!bench.io().accept(socket));
    assert_eq!(bench.take(key), [r#"44/later,{"message":"no","data":{"code":7}}"#]);
    assert_eq!(bench.io().sid(socket), None);
    // None of them is over, since none has begun.
    bench.gone(key);
    assert_eq!(bench.log(), ["connect /none -", "connect /none -", "connect /later -"]);
    assert!(bench.server.is_empty());
}

#[test]
fn a_client_can_be_accepted_later() {
    let mut bench = Bench::new();
    let key = bench.open();
    bench.send(key, "40/later,");
    let socket = bench.app.sockets[0];
    // Nothing goes to it until then.
    assert_eq!(bench.io().emit(socket, &message("a")), 0);
    assert_eq!(bench.io().emit(To::namespace("/later"), &message("a")), 0);
    assert_eq!(bench.io().emit_with_ack(socket, &message("a"), 10), Err(IoError::NotConnected));
    assert_eq!(bench.io().join(socket, "room"), Err(IoError::NotConnected));
    assert!(!bench.io().leave(socket, "room") && !bench.io().disconnect(socket) && !bench.io().is_connected(socket));
    assert!(bench.take(key).is_empty());
    assert!(bench.io().accept(socket));
    assert!(!bench.io().accept(socket));
    let sid = bench.io().sid(socket).unwrap().to_owned();
    assert_eq!(bench.io().emit(socket, &message("a")), 1);
    assert_eq!(bench.take(key), [format!(r#"40/later,{{"sid":"{sid}"}}"#), r#"42/later,["a"]"#.to_owned()]);
}

#[test]
fn a_client_has_some_time_to_be_accepted() {
    let mut bench = Bench::new();
    let mut keys = Vec::new();
    for text in [None, Some("40/none,"), Some("40/later,"), Some("40/here,")] {
        let key = bench.open();
        text.into_iter().for_each(|text| bench.send(key, text));
        keys.push(key);
    }
    // Who lives answers pings.
    let live = |bench: &mut Bench, ms| {
        bench.pass(ms);
        keys.iter().for_each(|&key| bench.send(key, "3"));
    };
    live(&mut bench, 25_000);
    live(&mut bench, 19_999);
    for &key in &keys {
        assert!(!bench.take(key).contains(&CLOSED.to_owned()));
    }
    bench.log();
    bench.pass(1);
    let closed: Vec<_> = keys.iter().map(|&key| bench.take(key).contains(&CLOSED.to_owned())).collect();
    assert_eq!(closed, [true, true, true, false]);
    assert_eq!(bench.log(), ["1 leaves /later []: forced close"]);
    bench.pass(20_000);
    let accepted = bench.app.sockets[2];
    assert!(bench.io().is_connected(accepted));
}

// Packets that are out of place, or none at all. The table in the crate's page.

#[test]
fn bad_packets_close_the_connection() {
    let too_long = format!("40/{}", "a".repeat(MAX_NAMESPACE_LEN));
    let first: &[&[&str]] = &[
        // Before anything else a client connects.
        &[r#"42["a"]"#],
        &["41"],
        &["431[]"],
        &[r#"44{"message":"x"}"#],
        &[r#"451-["a",{"_placeholder":true,"num":0}]"#],
        &["40[]"],
        &["40\"x\""],
        &["4"],
        &["4 "],
        &["48"],
        &["4abc"],
        &[&too_long],
        // And then waits until it is let in.
        &["40/later,", r#"42/later,["a"]"#],
        &["40/later,", "41/later,"],
        &["40/later,", "40/later,"],
        // A refusal is no invitation.
        &["40/none,", r#"42/none,["a"]"#],
    ];
    for texts in first {
        let mut bench = Bench::new();
        let key = bench.open();
        texts.iter().for_each(|text| bench.send(key, text));
        assert_eq!(bench.take(key).last().unwrap(), CLOSED, "{texts:?}");
        assert!(bench.server.is_empty(), "{texts:?}");
    }
    let joined: &[&[&str]] = &[
        &["40"],
        &["40{}"],
        &[r#"42/other,["a"]"#],
        &["41/other,"],
        &["43/other,1[]"],
        &[r#"451-/other,["a",{"_placeholder":true,"num":0}]"#],
        &[r#"44{"message":"x"}"#],
        &["41{}"],
        &["42"],
        &["42[]"],
        &["42{}"],
        &["42[{}]"],
        &[r#"42["m""#],
        &[r#"42abc["x"]"#],
        &[r#"42["connect"]"#],
        &["431{}"],
        &["431"],
        &[r#"450-["a"]"#],
        &[r#"451["a"]"#],
        &[r#"4511-["a"]"#],
        &[r#"451-["a",{"_placeholder":true,"num":1}]"#],
        &[r#"451-["a",{"_placeholder":true,"num":0}]"#, r#"42["b"]"#],
        // Who has left sends nothing.
        &["41", "41"],
        &["41", r#"42["a"]"#],
        &["41", "431[]"],
    ];
    for texts in joined {
        let mut bench = Bench::new();
        let (key, _) = bench.join("/");
        texts.iter().for_each(|text| bench.send(key, text));
        assert_eq!(bench.take(key), [CLOSED], "{texts:?}");
        let reason = if texts[0] == "41" { "client namespace disconnect" } else { "forced close" };
        assert_eq!(bench.log(), [format!("0 leaves / []: {reason}")], "{texts:?}");
        assert!(bench.server.is_empty(), "{texts:?}");
    }
    let mut bench = Bench::new();
    let (key, _) = bench.join("/");
    bench.send_binary(key, b"not due");
    assert_eq!((bench.take(key), bench.log().len()), (vec![CLOSED.to_owned()], 1));
}

#[test]
fn odd_packets_that_do_no_harm_are_taken() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/");
    for text in ["43[1]", "43999[1]", r#"463-7[{"_placeholder":true,"num":2}]"#] {
        bench.send(key, text);
    }
    (0..3).for_each(|byte| bench.send_binary(key, &[byte]));
    assert!(bench.log().is_empty());
    bench.send(key, "42[5,1]");
    bench.send(key, "42007[\"a\"]");
    assert_eq!(bench.log(), ["0 / [5,1]", "0 / [\"a\"] ack 7"]);
    assert!(bench.take(key).is_empty());
}

#[test]
fn one_bad_namespace_ends_all_of_the_connection() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/");
    bench.enter(key, "/a");
    bench.enter(key, "/later");
    let (other, _) = bench.join("/");
    bench.send(key, r#"42/b,["a"]"#);
    let log = bench.log();
    assert_eq!(log, ["0 leaves / []: forced close", "1 leaves /a []: forced close", "2 leaves /later []: forced close"]);
    assert!(bench.take(other).is_empty());
    bench.gone(other);
    assert!(bench.server.is_empty());
}

#[test]
fn a_namespace_may_have_a_name_of_the_greatest_length() {
    let mut bench = Bench::new();
    let namespace = format!("/{}", "a".repeat(MAX_NAMESPACE_LEN - 1));
    let (key, socket) = bench.join(&namespace);
    assert!(bench.io().is_connected(socket));
    assert!(bench.io().disconnect(socket));
    assert_eq!(bench.take(key), [format!("41{namespace},")]);
}

// Events and their answers.

#[test]
fn events_go_to_the_sockets_namespace() {
    let mut bench = Bench::new();
    let (key, root) = bench.join("/");
    let chat = bench.enter(key, "/chat");
    bench.send(key, r#"42["say","hi",{"a":[1]}]"#);
    bench.send(key, r#"42/chat,["say"]"#);
    assert_eq!(bench.log(), [r#"0 / ["say","hi",{"a":[1]}]"#, r#"1 /chat ["say"]"#]);
    let say = Message::new("say", |args| args.text("hi").number(-2).json("{\"a\":null}")).unwrap();
    assert_eq!((bench.io().emit(root, &say), bench.io().emit(chat, &say)), (1, 1));
    let json = r#"["say","hi",-2,{"a":null}]"#;
    assert_eq!(bench.take(key), [format!("42{json}"), format!("42/chat,{json}")]);
}

#[test]
fn an_event_is_answered_with_its_id() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/");
    bench.enter(key, "/chat");
    bench.send(key, r#"4213["say"]"#);
    bench.send(key, r#"42/chat,0["say"]"#);
    bench.send(key, r#"42/chat,9007199254740991["say"]"#);
    assert_eq!(bench.log(), [r#"0 / ["say"] ack 13"#, r#"1 /chat ["say"] ack 0"#, r#"1 /chat ["say"] ack 9007199254740991"#]);
    let answers = [
        Answer::new(|args| args.text("heard")).unwrap(),
        Answer::new(|args| args).unwrap(),
        Answer::with_attachments([vec![1, 2].into()], |args| args.attachment().number(7)).unwrap(),
    ];
    // Not in their order.
    for answer in answers {
        let token = bench.app.tokens.pop().unwrap();
        assert!(bench.app.sockets.contains(&token.socket()));
        assert!(bench.io().ack(token, &answer));
    }
    assert_eq!(
        bench.take(key),
        [r#"43/chat,9007199254740991["heard"]"#, "43/chat,0[]", r#"461-13[{"_placeholder":true,"num":0},7]"#, r#"b"\x01\x02""#]
    );
    // Who has left gets none.
    bench.send(key, r#"421["say"]"#);
    bench.send(key, "41");
    let token = bench.app.tokens.pop().unwrap();
    assert!(!bench.io().ack(token, &Answer::new(|args| args).unwrap()));
    assert!(bench.take(key).is_empty());
}

#[test]
fn answers_are_taken_once_and_in_time() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    let ids: Vec<_> = [300, 100, 200].map(|ms| bench.io().emit_with_ack(socket, &message("ask"), ms).unwrap()).into();
    assert_eq!(bench.take(key), [r#"42/a,0["ask"]"#, r#"42/a,1["ask"]"#, r#"42/a,2["ask"]"#]);
    bench.send(key, r#"43/a,2["two"]"#);
    bench.send(key, r#"43/a,2["again"]"#);
    bench.send(key, "43/a,77[]");
    assert_eq!(bench.log(), [format!(r#"0 answers {:?} ["two"]"#, ids[2])]);
    assert_eq!(bench.server.next_timeout().unwrap().as_millis(), bench.now_ms + 100);
    bench.pass(99);
    assert!(bench.log().is_empty());
    bench.pass(1);
    assert_eq!(bench.log(), [format!("0 owes {:?}", ids[1])]);
    bench.send(key, r#"43/a,1["late"]"#);
    bench.pass(100);
    assert!(bench.log().is_empty());
    bench.pass(100);
    assert_eq!(bench.log(), [format!("0 owes {:?}", ids[0])]);
    // Numbers are not used again.
    bench.io().emit_with_ack(socket, &message("ask"), 5).unwrap();
    assert_eq!(bench.take(key), [r#"42/a,3["ask"]"#]);
    // With its end it owes nothing any more.
    bench.gone(key);
    bench.pass(1000);
    assert_eq!(bench.log(), ["0 leaves /a []: transport close"]);
    assert!(bench.server.is_empty());
}

#[test]
fn who_asks_again_and_again_does_not_hold_up_time() {
    let mut server = Server::new(Config::new(), Numbers(0));
    let mut asked = 0;
    let mut on = |io: &mut Io<'_, Numbers>, event: Event<'_>| match event {
        Event::Connect { socket, .. } => {
            io.accept(socket);
            io.emit_with_ack(socket, &message("ask"), 0).unwrap();
        }
        Event::AckTimeout { socket, .. } => {
            asked += 1;
            assert!(asked < 10, "time stands still");
            io.emit_with_ack(socket, &message("ask"), 0).unwrap();
        }
        other => panic!("{other:?}"),
    };
    let (key, now) = (engine::Key(1), sansocket::Instant::from_millis);
    let query = "EIO=4&transport=websocket";
    let request = engine::Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
    server.request(now(0), key, &request, &mut on);
    server.opened(now(0), key, &mut on);
    server.receive(now(0), key, engine::Message::Text("40"), &mut on);
    server.advance(now(0), &mut on);
    assert_eq!(server.next_timeout(), Some(now(1)));
    for ms in [1, 1, 2, 2, 100] {
        server.advance(now(ms), &mut on);
    }
    assert_eq!(asked, 3);
}

#[test]
fn an_answer_is_taken_from_the_socket_that_was_asked() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    bench.enter(key, "/b");
    let (stranger, _) = bench.join("/a");
    bench.io().emit_with_ack(socket, &message("ask"), 100).unwrap();
    bench.send(key, "43/b,0[]");
    bench.send(stranger, "43/a,0[]");
    assert!(bench.log().is_empty());
    bench.send(key, "43/a,0[]");
    assert_eq!(bench.log(), ["0 answers AckId(0) []"]);
}

#[test]
fn too_many_answers_are_not_waited_for() {
    let mut bench = Bench::with(Config { max_acks: 2, ..Config::new() });
    let (key, socket) = bench.join("/");
    let ask = |bench: &mut Bench| bench.io().emit_with_ack(socket, &message("ask"), 100).map(drop);
    assert_eq!([ask(&mut bench), ask(&mut bench), ask(&mut bench)], [Ok(()), Ok(()), Err(IoError::TooManyAcks)]);
    assert_eq!(bench.take(key).len(), 2);
    bench.send(key, "430[]");
    assert_eq!([ask(&mut bench), ask(&mut bench)], [Ok(()), Err(IoError::TooManyAcks)]);
    bench.pass(100);
    assert_eq!(ask(&mut bench), Ok(()));
}

// Attachments.

#[test]
fn an_event_waits_for_its_attachments() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/a");
    let event = r#"["file",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    bench.send(key, &format!("452-/a,5{event}"));
    bench.send_binary(key, b"one");
    // A heartbeat does no harm.
    bench.send(key, "3");
    assert!(bench.log().is_empty());
    bench.send_binary(key, b"two");
    assert_eq!(bench.log(), [format!("0 /a {event} ack 5")]);
    assert_eq!(bench.app.attachments.pop().unwrap(), ["one", "two"]);
    // The next one begins anew.
    bench.send(key, r#"451-/a,["x"]"#);
    bench.send_binary(key, b"");
    assert_eq!(bench.log(), [r#"0 /a ["x"]"#]);
    assert_eq!(bench.app.attachments.pop().unwrap(), [""]);
}

#[test]
fn an_answer_has_attachments_too() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/");
    let ask = Message::with_attachments("ask", [b"in"[..].into()], |args| args.attachment()).unwrap();
    bench.io().emit_with_ack(socket, &ask, 100).unwrap();
    assert_eq!(bench.take(key), [r#"451-0["ask",{"_placeholder":true,"num":0}]"#, "b\"in\""]);
    bench.send(key, r#"461-0[{"_placeholder":true,"num":0}]"#);
    assert!(bench.log().is_empty());
    bench.send_binary(key, b"out");
    assert_eq!(bench.log(), [r#"0 answers AckId(0) [{"_placeholder":true,"num":0}]"#]);
    assert_eq!(bench.app.attachments.pop().unwrap(), ["out"]);
}

#[test]
fn attachments_are_limited_in_number_and_length() {
    let limits = Limits::new().max_attachments(2);
    for (event, lens, is_good) in [
        (r#"452-["a"]"#, &[4, 6][..], true),
        (r#"452-["a"]"#, &[4, 7], false),
        (r#"451-["a"]"#, &[11], false),
        (r#"453-["a"]"#, &[], false),
    ] {
        let mut bench = Bench::with(Config { max_attachment_bytes: 10, limits, ..Config::new() });
        let (key, _) = bench.join("/");
        // The limit is that of one packet.
        for _ in 0..2 {
            bench.send(key, event);
            lens.iter().for_each(|&len| bench.send_binary(key, &vec![7; len]));
        }
        assert_eq!(bench.log().len(), if is_good { 2 } else { 1 }, "{lens:?}");
        assert_eq!(bench.take(key).is_empty(), is_good, "{lens:?}");
    }
}

#[test]
fn a_packet_that_crosses_the_end_of_its_socket_is_swallowed_with_its_attachments() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    bench.send(key, r#"451-/a,["a"]"#);
    assert!(bench.io().disconnect(socket));
    bench.send_binary(key, b"late");
    bench.send(key, r#"451-/a,["a"]"#);
    bench.send_binary(key, b"later");
    bench.send(key, "43/a,0[]");
    assert_eq!((bench.take(key), bench.log()), (vec!["41/a,".to_owned()], vec![LEFT.to_owned()]));
}

const LEFT: &str = "0 leaves /a []: server namespace disconnect";

// Rooms and broadcast.

#[test]
fn rooms_have_members_until_they_leave() {
    let mut bench = Bench::new();
    let (a, b) = (bench.join("/"), bench.join("/"));
    let elsewhere = bench.enter(b.0, "/else");
    let mut io = bench.io();
    for (socket, room) in [(a.1, "x"), (a.1, "y"), (a.1, "y"), (b.1, "y"), (elsewhere, "y")] {
        assert_eq!(io.join(socket, room), Ok(()));
    }
    assert!(io.rooms(a.1).eq(["x", "y"]) && io.rooms(b.1).eq(["y"]));
    assert!(io.members("/", "y").eq([a.1, b.1]) && io.members("/else", "y").eq([elsewhere]));
    assert_eq!(io.members("/none", "y").chain(io.members("/", "z")).count(), 0);
    assert!(io.leave(a.1, "y") && !io.leave(a.1, "y") && !io.leave(a.1, "z"));
    assert!(io.rooms(a.1).eq(["x"]) && io.members("/", "y").eq([b.1]));
    bench.gone(b.0);
    assert_eq!(bench.log(), ["1 leaves / [\"y\"]: transport close", "2 leaves /else [\"y\"]: transport close"]);
    let mut io = bench.io();
    assert_eq!(io.members("/", "y").chain(io.members("/else", "y")).count(), 0);
    assert_eq!((io.rooms(b.1).count(), io.join(b.1, "x")), (0, Err(IoError::NotConnected)));
}

#[test]
fn a_socket_is_not_in_too_many_rooms() {
    let mut bench = Bench::with(Config { max_rooms: 2, ..Config::new() });
    let (_, socket) = bench.join("/");
    let mut io = bench.io();
    let mut join = |room| io.join(socket, room);
    assert_eq!([join("a"), join("b"), join("a"), join("c")], [Ok(()), Ok(()), Ok(()), Err(IoError::TooManyRooms)]);
    assert!(io.leave(socket, "a"));
    assert_eq!(io.join(socket, "c"), Ok(()));
    assert!(io.members("/", "c").eq([socket]) && io.members("/", "a").count() == 0);
}

#[test]
fn a_broadcast_goes_to_all_of_them_and_to_no_other() {
    let mut bench = Bench::new();
    let clients: Vec<_> = (0..4).map(|_| bench.join("/")).collect();
    let elsewhere = bench.join("/else");
    for (_, socket) in &clients[..3] {
        bench.io().join(*socket, "room").unwrap();
    }
    bench.io().join(elsewhere.1, "room").unwrap();
    let room = To::room("/", "room");
    let mut io = bench.io();
    assert_eq!(io.emit(room, &message("room")), 3);
    assert_eq!(io.emit(room.except(clients[1].1), &message("others")), 2);
    assert_eq!(io.emit(room.except(clients[3].1), &message("same")), 3);
    assert_eq!(io.emit(To::namespace("/"), &message("all")), 4);
    assert_eq!(io.emit(To::namespace("/").except(clients[0].1), &message("rest")), 3);
    assert_eq!(io.emit(To::socket(clients[0].1).except(clients[0].1), &message("none")), 0);
    assert_eq!(io.emit(To::room("/", "empty"), &message("none")), 0);
    assert_eq!(io.emit(To::namespace("/empty"), &message("none")), 0);
    let expected: [&[&str]; 4] = [
        &["room", "others", "same", "all"],
        &["room", "same", "all", "rest"],
        &["room", "others", "same", "all", "rest"],
        &["all", "rest"],
    ];
    for ((key, _), names) in clients.iter().zip(expected) {
        let expected: Vec<_> = names.iter().map(|name| format!(r#"42["{name}"]"#)).collect();
        assert_eq!(bench.take(*key), expected);
    }
    assert!(bench.take(elsewhere.0).is_empty());
}

#[test]
fn a_broadcast_is_written_once_and_shared() {
    for namespace in ["/", "/chat"] {
        let mut bench = Bench::new();
        let clients: Vec<_> = (0..3).map(|_| bench.join(namespace)).collect();
        let message = Message::with_attachments("file", [vec![7; 100].into()], |args| args.attachment()).unwrap();
        assert_eq!(bench.io().emit(To::namespace(namespace), &message), 3);
        let places: Vec<Vec<_>> = clients
            .iter()
            .map(|&(key, _)| {
                let dues = bench.dues(key);
                dues.iter()
                    .map(|due| match due {
                        Due::Text(bytes) => bytes.as_ptr(),
                        Due::Binary(bytes) => bytes.as_ptr(),
                        other => panic!("{other:?}"),
                    })
                    .collect()
            })
            .collect();
        assert_eq!((places[0].len(), &places[0]), (2, &places[1]));
        assert_eq!(places[0], places[2]);
    }
    // In the namespace of most, it is not even copied for each broadcast.
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/");
    let message = message("again");
    assert_eq!(bench.io().emit(socket, &message) + bench.io().emit(socket, &message), 2);
    match &bench.dues(key)[..] {
        [Due::Text(one), Due::Text(other)] => assert_eq!(one.as_ptr(), other.as_ptr()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_volatile_does_not_wait() {
    let mut bench = Bench::new();
    let (quick, slow) = (bench.join("/"), bench.join("/"));
    let mut io = bench.io();
    assert_eq!(io.emit_volatile(To::namespace("/"), &message("a")), 2);
    bench.take(quick.0);
    assert_eq!(bench.io().emit_volatile(To::namespace("/"), &message("b")), 1);
    assert_eq!(bench.io().emit_volatile(slow.1, &message("c")), 0);
    assert_eq!((bench.take(quick.0).len(), bench.take(slow.0)), (1, vec![r#"42["a"]"#.to_owned()]));
    assert_eq!(bench.io().emit_volatile(slow.1, &message("d")), 1);
}

// The end.

#[test]
fn a_client_leaves_a_namespace_and_stays_in_others() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/a");
    let other = bench.enter(key, "/b");
    bench.send(key, "41/a,");
    assert_eq!(bench.log(), ["0 leaves /a []: client namespace disconnect"]);
    assert_eq!(bench.io().emit(other, &message("x")), 1);
    assert_eq!(bench.take(key), [r#"42/b,["x"]"#]);
    let again = bench.enter(key, "/a");
    assert_ne!(again, bench.app.sockets[0]);
    bench.send(key, r#"42/a,["x"]"#);
    assert_eq!(bench.log(), [r#"2 /a ["x"]"#]);
}

#[test]
fn the_server_puts_a_client_out_of_a_namespace() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    let other = bench.enter(key, "/b");
    bench.io().join(socket, "room").unwrap();
    assert!(bench.io().disconnect(socket) && !bench.io().disconnect(socket));
    assert_eq!(bench.io().emit(socket, &message("x")) + bench.io().emit(To::room("/a", "room"), &message("x")), 0);
    assert_eq!(bench.take(key), ["41/a,"]);
    // It is told with the next call, which is due at once.
    assert!(bench.server.next_timeout().unwrap() <= bench.now());
    bench.pass(0);
    assert_eq!(bench.log(), ["0 leaves /a [\"room\"]: server namespace disconnect"]);
    // What the client has sent before it knew.
    for text in [r#"42/a,["x"]"#, r#"42/a,1["x"]"#, "43/a,1[]"] {
        bench.send(key, text);
    }
    assert!(bench.log().is_empty() && bench.take(key).is_empty());
    let again = bench.enter(key, "/a");
    assert!(bench.io().is_connected(again) && bench.io().is_connected(other));
    // Both at once.
    assert!(bench.io().disconnect(again));
    bench.send(key, "41/a,");
    assert_eq!(bench.log(), ["2 leaves /a []: server namespace disconnect"]);
    bench.send(key, "41/a,");
    assert_eq!(bench.take(key), ["41/a,", CLOSED]);
}

#[test]
fn what_happens_outside_of_a_handler_is_told_before_anything_else() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    bench.io().disconnect(socket);
    bench.send(key, "40/a,");
    assert_eq!(bench.log(), ["0 leaves /a []: server namespace disconnect", "connect /a -"]);
    let (_, socket) = bench.join("/a");
    bench.io().disconnect(socket);
    bench.gone(key);
    assert_eq!(bench.log(), ["2 leaves /a []: server namespace disconnect", "1 leaves /a []: transport close"]);
}

#[test]
fn the_end_of_a_socket_is_told_after_the_handler_that_has_caused_it() {
    let mut bench = Bench::new();
    bench.app.on_event = Some(|io, socket, _| {
        assert!(io.disconnect(socket));
        assert_eq!(io.emit(To::namespace("/"), &message("left")), 1);
    });
    let (key, socket) = bench.join("/");
    let (witness, _) = bench.join("/");
    bench.send(key, r#"421["bye"]"#);
    assert_eq!(bench.log(), [r#"0 / ["bye"] ack 1"#, "0 leaves / []: server namespace disconnect"]);
    assert_eq!((bench.take(witness).len(), bench.io().sid(socket)), (1, None));
    assert_eq!(bench.take(key), ["41"]);
}

#[test]
fn a_socket_is_forgotten_even_if_its_end_makes_the_application_panic() {
    let mut bench = Bench::new();
    let (key, _) = bench.join("/");
    let now = bench.now();
    let gone = || bench.server.gone(now, key, &mut |_, _| panic!("at its end"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(gone)).is_err());
    assert_eq!(bench.server.next_timeout(), Some(sansocket::Instant::from_micros(0)));
    bench.server.advance(now, &mut |_, _| panic!("it is told twice"));
    assert!(bench.server.is_empty());
}

#[test]
fn closing_a_connection_ends_all_of_its_sockets() {
    let mut bench = Bench::new();
    let (key, socket) = bench.join("/a");
    bench.enter(key, "/b");
    bench.enter(key, "/later");
    assert!(bench.io().close(socket) && !bench.io().close(socket));
    assert_eq!(bench.take(key), ["41/a,", "41/b,", CLOSED]);
    bench.pass(0);
    let log = bench.log();
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|line| line.ends_with("[]: server namespace disconnect")), "{log:?}");
    assert!(bench.server.is_empty());
    // One that only waits can be closed too.
    let key = bench.open();
    bench.send(key, "40/later,");
    let socket = *bench.app.sockets.last().unwrap();
    assert!(bench.io().close(socket));
    assert_eq!(bench.take(key), [CLOSED]);
}

#[test]
fn shutting_down_ends_all() {
    let mut bench = Bench::new();
    let keys = [bench.join("/a").0, bench.join("/b").0, bench.open()];
    bench.io().shut_down();
    bench.pass(0);
    assert_eq!(bench.log(), ["0 leaves /a []: server shutting down", "1 leaves /b []: server shutting down"]);
    for key in keys {
        assert_eq!(bench.take(key), [CLOSED]);
    }
    assert!(bench.server.is_empty());
}

/// How a connection ends.
type End<'a> = &'a dyn Fn(&mut Bench, engine::Key, SocketId);

#[test]
fn the_reason_says_how_the_connection_ended() {
    let engine = engine::Config { max_queued: 1000, ..engine::Config::new() };
    let mut bench = Bench::with(Config { engine, ..Config::new() });
    let long = Message::new("long", |args| args.text(&"a".repeat(2000))).unwrap();
    let ends: [(&str, End<'_>); 5] = [
        ("transport close", &|bench, key, _| bench.gone(key)),
        ("parse error", &|bench, key, _| bench.send(key, "7")),
        ("transport error", &|bench, key, _| bench.send(key, "2")),
        ("queue full", &|bench, _, socket| {
            assert_eq!(bench.io().emit(socket, &long), 0);
            bench.pass(0);
        }),
        ("ping timeout", &|bench, _, _| {
            bench.pass(25_000);
            bench.pass(20_000);
        }),
    ];
    for (number, (reason, end)) in ends.into_iter().enumerate() {
        let (key, socket) = bench.join("/");
        end(&mut bench, key, socket);
        assert_eq!(bench.log(), [format!("{number} leaves / []: {reason}")]);
        assert!(bench.server.is_empty());
    }
}

#[test]
fn a_connection_is_not_in_too_many_namespaces() {
    let mut bench = Bench::with(Config { max_namespaces: 2, ..Config::new() });
    let (key, a) = bench.join("/a");
    bench.enter(key, "/b");
    // Places that only wait for late packets make room.
    assert!(bench.io().disconnect(a));
    let c = bench.enter(key, "/c");
    assert!(bench.io().is_connected(c));
    // A refusal makes room, and so does leaving.
    bench.send(key, "41/b,");
    bench.send(key, "40/none,");
    bench.enter(key, "/later");
    bench.send(key, "40/d,");
    assert_eq!(bench.take(key), [CLOSED]);
    assert!(bench.server.is_empty());
}

#[test]
fn without_entropy_nobody_gets_in() {
    let mut bench = Bench::new();
    // It suffices for the session.
    bench.server = Server::new(Config::new(), Numbers(u32::MAX - 1));
    let key = bench.open();
    bench.send(key, "40");
    assert_eq!((bench.take(key), bench.log()), (vec![CLOSED.to_owned()], Vec::new()));
}

#[test]
fn events_are_shown_without_what_users_send() {
    let mut server = Server::new(Config::new(), Numbers(0));
    let now = sansocket::Instant::from_millis(0);
    let mut shown = Vec::new();
    let query = "EIO=4&transport=websocket";
    let request = engine::Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
    let mut on = |io: &mut Io<'_, Numbers>, event: Event<'_>| {
        if let Event::Connect { socket, .. } = event {
            io.accept(socket);
            io.emit_with_ack(socket, &message("ask"), 10).unwrap();
        }
        shown.push(format!("{event:?}"));
    };
    let key = engine::Key(1);
    server.request(now, key, &request, &mut on);
    server.opened(now, key, &mut on);
    for text in [r#"40{"token":"secret"}"#, r#"421["say","secret"]"#, r#"430["secret"]"#, "41"] {
        server.receive(now, key, engine::Message::Text(text), &mut on);
    }
    assert_eq!(shown.len(), 4);
    assert!(!shown.concat().contains("secret"), "{shown:?}");
    assert!(shown[0].contains("18 bytes") && shown[3].contains("ClientNamespaceDisconnect"), "{shown:?}");
}

// Over long-polling.

#[test]
fn all_of_it_goes_over_polling_too() {
    let mut bench = Bench::new();
    let sid = bench.open_polling();
    let post = |bench: &mut Bench, body: &str| {
        let (_, answer) = bench.http(&sid, Some(body));
        let engine::Answer::Respond(response) = answer else { panic!() };
        assert_eq!(response.status, 200);
        bench.log()
    };
    // Several packets in one body, and an attachment in base64 between them.
    let log =
        post(&mut bench, "40\u{1e}40/a,\u{1e}451-/a,1[\"file\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID\u{1e}42[\"x\"]");
    assert_eq!(log.len(), 4);
    assert_eq!(log[3], r#"0 / ["x"]"#);
    assert_eq!(bench.app.attachments[0], [vec![1, 2, 3]]);
    let socket = bench.app.sockets[1];
    assert_eq!(bench.io().transport(socket), Some(engine::Transport::Polling));
    let token = bench.app.tokens.pop().unwrap();
    let answer = Answer::with_attachments([vec![4].into()], |args| args.attachment()).unwrap();
    assert!(bench.io().ack(token, &answer));
    let (_, engine::Answer::Respond(response)) = bench.http(&sid, None) else { panic!() };
    let got = std::str::from_utf8(&response.body).unwrap();
    let packets: Vec<_> = got.split('\u{1e}').collect();
    assert!(packets[0].starts_with("40{") && packets[1].starts_with("40/a,{"), "{got}");
    assert_eq!(packets[2..], [r#"461-/a,1[{"_placeholder":true,"num":0}]"#, "bBA=="]);
    // No poll waits.
    assert_eq!(bench.io().emit_volatile(socket, &message("x")), 0);
    let (key, _) = bench.http(&sid, None);
    assert_eq!(bench.io().emit_volatile(socket, &message("x")), 1);
    assert_eq!(bench.take(key), [r#"42/a,["x"]"#]);

    // And from there to a WebSocket, with the same sockets.
    let key = bench.upgrade(&sid);
    assert_eq!(bench.io().transport(socket), Some(engine::Transport::WebSocket));
    assert_eq!(bench.io().emit(To::namespace("/a"), &message("y")), 1);
    assert_eq!(bench.take(key), [r#"42/a,["y"]"#]);
    bench.send(key, "41/a,");
    assert_eq!(bench.log(), ["1 leaves /a []: client namespace disconnect"]);
    assert_eq!(bench.io().transport(socket), None);
    bench.gone(key);
    assert!(bench.server.is_empty());
}
