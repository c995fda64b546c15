//! A client's life, over a real session, with a server that does what a script says.

mod client_world;

use client_world::{Act, OPEN, Setup, World, friendly, text};
use sansocket_session::{Overflow, SendError, SessionConfig, SessionState};
use sansocket_socketio::PacketError;
use sansocket_socketio::client::{
    ClientConfig, ConnectError, DEFAULT_PATH, Emit, EmitError, Event, NamespaceId, NamespaceState, Reason, TargetError, target,
};

#[test]
fn urls_lead_to_servers_and_namespaces() {
    for (url, path, expected, namespace) in [
        ("http://h", DEFAULT_PATH, "ws://h/socket.io/?EIO=4&transport=websocket", "/"),
        ("https://h:443/", DEFAULT_PATH, "wss://h/socket.io/?EIO=4&transport=websocket", "/"),
        ("ws://h:3000/admin", "/my/path/", "ws://h:3000/my/path/?EIO=4&transport=websocket", "/admin"),
        ("wss://[::1]:1/a/b?x=1&y=a%20b", "io", "wss://[::1]:1/io/?EIO=4&transport=websocket&x=1&y=a%20b", "/a/b"),
        ("http://h?x", "", "ws://h/?EIO=4&transport=websocket&x", "/"),
    ] {
        let mut out = [0; 100];
        let found = target(url, path, &mut out).unwrap();
        assert_eq!((found.url, found.namespace), (expected, namespace));
        let mut short = vec![0; expected.len() - 1];
        assert_eq!(target(url, path, &mut short), Err(TargetError::NeedsRoom { bytes: expected.len() }));
        assert!(target(url, path, &mut vec![0; expected.len()]).is_ok());
    }
    assert!(matches!(target("ftp://h", DEFAULT_PATH, &mut [0; 100]), Err(TargetError::Url(_))));
    assert!(matches!(target("http://h", "/a b", &mut [0; 100]), Err(TargetError::Url(_))));
}

#[test]
fn client_connects_emits_and_leaves() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    assert_eq!(world.take_log(), ["joining /", "connected / s1"]);
    assert_eq!(
        (world.io.state(main), world.io.name(main), world.io.namespace("/")),
        (NamespaceState::Connected, "/", Some(main))
    );
    world.emit(&Emit::new(main, "say").args(r#"["hi", {"a":[1]}]"#)).unwrap();
    world.serve(&[text(r#"42["back",1]"#), text(r#"42[5]"#)]);
    assert_eq!(world.take_log(), [r#"event / ["back",1]"#, "event / [5]"]);
    assert_eq!(world.take_got(), ["40", r#"42["say","hi",{"a":[1]}]"#]);
    world.disconnect(main);
    world.run(100);
    assert_eq!(world.take_got(), ["41"]);
    assert_eq!(world.take_log(), ["disconnected / io client disconnect", "down Application never"]);
    assert_eq!((world.session.state(), world.io.state(main)), (SessionState::Stopped, NamespaceState::Off));
    assert_eq!(world.emit(&Emit::new(main, "say")), Err(EmitError::NotConnected));
    // Again, as the same namespace.
    assert_eq!(world.start(&["/"]), [main]);
    assert_eq!(world.take_log(), ["joining /", "connected / s2"]);
}

#[test]
fn names_and_slots_have_limits() {
    let client = ClientConfig::new().namespace_len(10);
    let mut world = World::with(Setup { client, namespaces: 2, ..Setup::default() }, friendly);
    let now = world.clock();
    let mut connect = |name: &str| world.io.connect(&mut world.session.commands(now), name);
    for name in ["", "admin", "/a,b"] {
        assert_eq!(connect(name), Err(ConnectError::InvalidName), "{name}");
    }
    assert_eq!(connect("/34567890x"), connect("/34567890x"));
    assert_eq!(connect("/34567890xy"), Err(ConnectError::NameTooLong));
    let second = connect("/b").unwrap();
    assert_eq!(connect("/c"), Err(ConnectError::NoNamespaceSlot));
    world.disconnect(second);
    let third = world.io.connect(&mut world.session.commands(now), "/c").unwrap();
    assert_ne!(second, third);
    assert_eq!((world.io.name(third), world.io.name(second), world.io.namespace("/b")), ("/c", "", None));
    assert_eq!(world.io.state(NamespaceId::from_number(0)), NamespaceState::Off);
    assert_eq!(NamespaceId::from_number(third.number()), third);
}

#[test]
fn credentials_are_asked_for_at_each_connection() {
    let mut count = 0;
    let mut world = World::new(friendly).handling(move |event, io, ws| {
        if let Event::Joining { namespace, .. } = event {
            count += 1;
            io.authenticate(ws, *namespace, &format!(r#" {{ "token" : {count} }} "#)).unwrap();
            assert_eq!(io.authenticate(ws, *namespace, "{}"), Err(EmitError::NotConnected));
        }
    });
    world.start(&["/admin"]);
    world.kill();
    world.run(2000);
    assert_eq!(world.take_got(), [r#"40/admin,{"token" : 1}"#, r#"40/admin,{"token" : 2}"#]);
    assert_eq!(
        world.take_log(),
        [
            "joining /admin",
            "connected /admin s1",
            "down Lost(EndOfInput) again",
            "disconnected /admin transport close",
            "joining /admin",
            "connected /admin s2"
        ]
    );
}

#[test]
fn credentials_that_are_no_object_or_too_long_turn_the_namespace_off() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(5000));
    for (auth, error) in [
        ("[1]".to_owned(), EmitError::Packet(PacketError::WrongPayload)),
        ("{".to_owned(), EmitError::Packet(PacketError::InvalidJson)),
        (long, EmitError::TooLong),
    ] {
        let mut world = World::new(friendly).handling(move |event, io, ws| {
            if let Event::Joining { namespace, .. } = event {
                assert_eq!(io.authenticate(ws, *namespace, &auth), Err(error));
            }
        });
        let main = world.start(&["/"])[0];
        world.run(100);
        assert_eq!(world.io.state(main), NamespaceState::Off);
        assert_eq!(
            (world.take_got(), world.take_log()),
            (Vec::<String>::new(), vec!["joining /".into(), "down Application never".into()])
        );
    }
}

#[test]
fn refused_namespace_is_not_asked_again_and_the_others_go_on() {
    let mut world = World::new(|nth, message| match message {
        "40/none," => vec![text(r#"44/none,{"message":"Invalid namespace"}"#)],
        "40/python," => vec![text(r#"44/python,"Unable to connect""#)],
        _ => friendly(nth, message),
    });
    let ids = world.start(&["/", "/none", "/python"]);
    assert_eq!(
        world.take_log(),
        [
            "joining /",
            "joining /none",
            "joining /python",
            "connected / s1",
            r#"refused /none {"message":"Invalid namespace"}"#,
            r#"refused /python "Unable to connect""#
        ]
    );
    assert_eq!(world.emit(&Emit::new(ids[1], "x")), Err(EmitError::NotConnected));
    world.kill();
    world.run(3000);
    assert_eq!(world.take_got(), ["40", "40/none,", "40/python,", "40"]);
    // With the last one the connection goes.
    world.take_log();
    world.serve(&[text("41")]);
    world.run(100);
    assert_eq!(world.take_log(), ["disconnected / io server disconnect", "down Application never"]);
    assert_eq!(world.session.state(), SessionState::Stopped);
}

/// A server closes the connection if a packet comes for a namespace that it has refused.
#[test]
fn what_waits_for_a_refused_namespace_is_dropped_and_the_rest_leaves() {
    let mut world = World::new(|nth, message| match message {
        "40/none," => vec![text(r#"44/none,{"message":"no"}"#)],
        _ => friendly(nth, message),
    });
    let now = world.clock();
    let ids = ["/", "/none"].map(|name| world.io.connect(&mut world.session.commands(now), name).unwrap());
    let file: &[&[u8]] = &[&[1, 2]];
    world.emit(&Emit::new(ids[0], "one")).unwrap();
    let ack = world.emit(&Emit::new(ids[1], "two").attachments(file).ack_within_ms(9000)).unwrap().ack.unwrap();
    world.emit(&Emit::new(ids[0], "three").attachments(file)).unwrap();
    world.emit(&Emit::new(ids[1], "four")).unwrap();
    assert_eq!(world.session.queued(), 6);
    world.session.start(now);
    world.settle();
    assert_eq!(world.take_got(), ["40", "40/none,", r#"42["one"]"#, r#"451-["three"]"#, "b0102"]);
    let refused = r#"refused /none {"message":"no"}"#.to_owned();
    let lost = format!("no ack {} Lost", ack.number());
    assert_eq!(world.take_log()[2..], ["connected / s1".to_owned(), refused, "dropped 2".to_owned(), lost]);
}

#[test]
fn namespaces_come_and_go_on_an_open_connection() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    let admin = world.start(&["/admin?role=1"])[0];
    world.emit(&Emit::new(admin, "a")).unwrap();
    // python-socketio leaves the query out.
    world.serve(&[text(r#"42/admin,["b"]"#), text(r#"42/else,["c"]"#)]);
    world.serve(&[text(r#"451-/else,["d",{"_placeholder":true,"num":0}]"#), Act::Binary(vec![1])]);
    assert_eq!(
        world.take_log(),
        ["joining /", "connected / s1", "joining /admin?role=1", "connected /admin?role=1 s1", r#"event /admin?role=1 ["b"]"#]
    );
    world.disconnect(admin);
    world.emit(&Emit::new(main, "still")).unwrap();
    // What the server had sent before it knew.
    world.serve(&[text(r#"42/admin,["late"]"#)]);
    assert_eq!(world.take_log(), ["disconnected /admin?role=1 io client disconnect"]);
    assert_eq!(world.take_got(), ["40", "40/admin?role=1,", r#"42/admin?role=1,["a"]"#, "41/admin?role=1,", r#"42["still"]"#]);
    assert_eq!(world.dials, 1);
}

#[test]
fn leaving_before_the_server_has_answered_waits_for_its_answer() {
    for answer in [r#"40{"sid":"s"}"#, r#"44{"message":"no"}"#] {
        let mut world = World::new(|nth, message| if message == "40" { Vec::new() } else { friendly(nth, message) });
        let ids = world.start(&["/", "/b"]);
        world.emit(&Emit::new(ids[0], "never")).unwrap();
        world.disconnect(ids[0]);
        assert_eq!(world.io.state(ids[0]), NamespaceState::Leaving);
        let now = world.clock();
        assert_eq!(world.io.connect(&mut world.session.commands(now), "/"), Err(ConnectError::Leaving));
        assert_eq!(world.take_got(), ["40", "40/b,"]);
        world.take_log();
        world.serve(&[text(answer)]);
        assert_eq!(world.io.state(ids[0]), NamespaceState::Off);
        if answer.starts_with("40") {
            assert_eq!(world.take_got(), ["41"]);
            assert_eq!(world.take_log(), ["connected / s", "disconnected / io client disconnect"]);
        } else {
            assert_eq!((world.take_got().len(), world.take_log()), (0, vec![r#"refused / {"message":"no"}"#.to_owned()]));
        }
        assert_eq!(world.session.state(), SessionState::Open);
    }
}

#[test]
fn server_of_version_2_is_told() {
    for act in ["open", "40"] {
        let mut world = World::new(move |_, message| match message {
            "open" if act == "open" => vec![text(OPEN), text("40")],
            "open" => vec![text(OPEN)],
            _ => vec![text("40")],
        });
        world.start(&["/"]);
        world.run(100);
        assert!(world.log.iter().any(|line| line.ends_with("refused / OldServer")), "{:?}", world.log);
        assert_eq!(world.session.state(), SessionState::Stopped);
    }
}

#[test]
fn answers_come_late_never_or_not_at_all() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    let emit = Emit::new(main, "ask");
    let acks: Vec<_> = (0..4).map(|_| world.emit(&emit.ack_within_ms(1000)).unwrap().ack.unwrap().number()).collect();
    assert_eq!(
        (acks, world.take_got()[1..].to_vec()),
        (vec![0, 1, 2, 3], (0..4).map(|id| format!(r#"42{id}["ask"]"#)).collect())
    );
    world.take_log();
    // In another order, twice, of nobody's, from another namespace.
    world.serve(&["432[1]", "430[]", "432[2]", "4399[]", "43/b,1[]"].map(text));
    world.serve(&[text(r#"461-3[{"_placeholder":true,"num":0}]"#), Act::Binary(vec![7])]);
    assert_eq!(world.take_log(), ["ack 2 [1]", "ack 0 []", r#"ack 3 [{"_placeholder":true,"num":0}]"#, "attachment 0/1 [7]"]);
    world.run(999);
    assert_eq!(world.take_log(), [""; 0]);
    world.run(1);
    world.serve(&[text("431[]"), text(r#"461-1[{"_placeholder":true,"num":0}]"#), Act::Binary(vec![7])]);
    assert_eq!(world.take_log(), ["no ack 1 Timeout"]);
    // Ids go on.
    assert_eq!(world.emit(&emit.ack_within_ms(1000)).unwrap().ack.unwrap().number(), 4);
}

#[test]
fn answers_of_sent_events_are_lost_with_the_connection_and_others_are_not() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    let emit = Emit::new(main, "ask").ack_within_ms(60_000);
    world.emit(&emit).unwrap();
    world.kill();
    world.emit(&emit).unwrap();
    assert_eq!(world.take_log()[2..], ["down Lost(EndOfInput) again", "disconnected / transport close", "no ack 0 Lost"]);
    world.run(3000);
    assert_eq!(world.take_got()[1..], [r#"420["ask"]"#, "40", r#"421["ask"]"#]);
    world.serve(&[text("430[]"), text("431[]")]);
    assert_eq!(world.take_log(), ["joining /", "connected / s2", "ack 1 []"]);
}

#[test]
fn event_that_has_timed_out_is_not_sent_later() {
    let mut world = World::new(friendly);
    world.is_down = true;
    let main = world.start(&["/"])[0];
    let file: &[&[u8]] = &[&[1]];
    world.emit(&Emit::new(main, "ask").attachments(file).ack_within_ms(500)).unwrap();
    world.emit(&Emit::new(main, "tell")).unwrap();
    world.run(600);
    assert!(world.take_log().ends_with(&["no ack 0 Timeout".to_owned(), "dropped 1".to_owned()]));
    world.is_down = false;
    world.run(20_000);
    assert_eq!(world.take_got(), ["40", r#"42["tell"]"#]);
}

#[test]
fn slots_for_answers_have_an_end() {
    let mut world = World::with(Setup { acks: 1, ..Setup::default() }, friendly);
    let main = world.start(&["/"])[0];
    let emit = Emit::new(main, "ask");
    world.emit(&emit.ack_within_ms(1000)).unwrap();
    assert_eq!(world.emit(&emit.ack_within_ms(1000)), Err(EmitError::NoAckSlot));
    world.emit(&emit).unwrap();
    world.serve(&[text("430[]")]);
    assert_eq!(world.emit(&emit.ack_within_ms(1000)).unwrap().ack.unwrap().number(), 1);
}

#[test]
fn server_is_answered_once_and_on_its_connection() {
    let mut world = World::new(friendly).handling(|event, io, ws| {
        if let Event::Event { asker: Some(asker), packet, .. } = event {
            match packet.attachments() {
                0 => io.ack(ws, *asker, r#"["got",1]"#, &[]).unwrap(),
                _ => io.ack_with(ws, *asker, &[&[9]], |args| args.attachment().text("x")).unwrap(),
            }
        }
    });
    world.start(&["/admin"]);
    world.serve(&[
        text(r#"42/admin,12["ask"]"#),
        text(r#"451-/admin,13["file",{"_placeholder":true,"num":0}]"#),
        Act::Binary(vec![1, 2]),
    ]);
    assert_eq!(
        world.take_log()[2..],
        [
            r#"event /admin ["ask"] asks 12"#,
            r#"event /admin ["file",{"_placeholder":true,"num":0}] asks 13"#,
            "attachment 0/1 [1, 2]"
        ]
    );
    assert_eq!(world.take_got()[1..], [r#"43/admin,12["got",1]"#, r#"461-/admin,13[{"_placeholder":true,"num":0},"x"]"#, "b09"]);
    // On the next connection nobody waits for it.
    let mut askers = Vec::new();
    let (send, receive) = std::sync::mpsc::channel();
    world.handler = Box::new(move |event, _, _| {
        if let Event::Event { asker: Some(asker), .. } = event {
            send.send(*asker).unwrap();
        }
    });
    world.serve(&[text(r#"42/admin,14["ask"]"#)]);
    askers.extend(receive.try_iter());
    world.kill();
    let now = world.clock();
    assert_eq!(world.io.ack(&mut world.session.commands(now), askers[0], "[]", &[]), Err(EmitError::Stale));
    world.run(3000);
    let now = world.clock();
    assert_eq!(world.io.ack(&mut world.session.commands(now), askers[0], "[]", &[]), Err(EmitError::Stale));
    assert_eq!(
        world.io.ack(&mut world.session.commands(now), askers[0], "{}", &[]),
        Err(EmitError::Packet(PacketError::WrongPayload))
    );
}

#[test]
fn what_is_emitted_while_away_waits_and_leaves_in_order() {
    let mut world = World::new(friendly);
    world.is_down = true;
    let main = world.start(&["/"])[0];
    world.emit(&Emit::new(main, "one")).unwrap();
    let file: &[&[u8]] = &[&[1], &[2, 3], &[]];
    world.emit(&Emit::new(main, "file").attachments(file)).unwrap();
    world.emit(&Emit::new(main, "position").volatile()).unwrap();
    world.emit(&Emit::new(main, "two")).unwrap();
    world.is_down = false;
    world.run(20_000);
    assert_eq!(world.take_got(), ["40", r#"42["one"]"#, r#"453-["file"]"#, "b01", "b0203", "b", r#"42["two"]"#]);
    assert!(world.log.iter().any(|line| line.ends_with("dropped 1")));
    world.emit(&Emit::new(main, "position").volatile()).unwrap();
    assert_eq!(world.take_got(), [r#"42["position"]"#]);
}

#[test]
fn queue_with_any_policy_keeps_an_event_and_its_attachments_together() {
    let file: &[&[u8]] = &[&[1], &[2]];
    for (overflow, expected) in [
        (Overflow::Refuse, vec![r#"452-["a"]"#, "b01", "b02", r#"42["b"]"#]),
        (Overflow::DropOldest, vec![r#"42["b"]"#, r#"452-["c"]"#, "b01", "b02"]),
        (Overflow::DropNewest, vec![r#"452-["a"]"#, "b01", "b02", r#"42["b"]"#]),
    ] {
        let session = SessionConfig::new().overflow(overflow).max_queued(5);
        let mut world = World::with(Setup { session, ..Setup::default() }, friendly);
        world.is_down = true;
        let main = world.start(&["/"])[0];
        world.emit(&Emit::new(main, "a").attachments(file)).unwrap();
        world.emit(&Emit::new(main, "b")).unwrap();
        let third = world.emit(&Emit::new(main, "c").attachments(file));
        assert_eq!(third.err(), (overflow == Overflow::Refuse).then_some(EmitError::Session(SendError::Full)));
        world.is_down = false;
        world.run(40_000);
        assert_eq!(world.take_got()[1..], expected, "{overflow:?}");
    }
}

#[test]
fn mistakes_and_what_is_too_long_are_refused() {
    let open = OPEN.replace("1000000", "100");
    let mut world = World::new(move |nth, message| if message == "open" { vec![text(&open)] } else { friendly(nth, message) });
    let main = world.start(&["/"])[0];
    let emit = Emit::new(main, "x");
    for (emit, error) in [
        (Emit::new(main, "connect"), EmitError::Packet(PacketError::ReservedEventName)),
        (emit.args("{}"), EmitError::Packet(PacketError::WrongPayload)),
        (emit.args("[1"), EmitError::Packet(PacketError::InvalidJson)),
        (emit.attachments(&[&[][..]; 11]), EmitError::Packet(PacketError::TooManyAttachments)),
        (emit.attachments(&[&[0; 101]]), EmitError::TooLong),
        (Emit::new(NamespaceId::from_number(99), "x"), EmitError::NotConnected),
    ] {
        assert_eq!(world.emit(&emit), Err(error), "{emit:?}");
    }
    let args = format!("[\"{}\"]", "x".repeat(100 - 10));
    assert!(world.emit(&emit.args(&args)).is_ok());
    assert_eq!(world.got.last().unwrap().len(), 100);
    assert_eq!(world.emit(&emit.args(&format!("[\"{}\"]", "x".repeat(100 - 9)))), Err(EmitError::TooLong));
    world.emit(&emit.attachments(&[&[0; 100][..]; 10])).unwrap();
    // The client's memory.
    let mut world = World::with(Setup { out: 30, ..Setup::default() }, friendly);
    let main = world.start(&["/"])[0];
    let now = world.clock();
    let mut emit = |len: usize| {
        let emit = Emit::new(main, "x").args("[1]");
        world.io.emit_with(&mut world.session.commands(now), &emit, |args| args.text(&"y".repeat(len)).number(-5)).map(drop)
    };
    assert_eq!((emit(15), emit(16)), (Ok(()), Err(EmitError::TooLong)));
    world.settle();
    assert_eq!(world.got.last().unwrap(), r#"42["x",1,"yyyyyyyyyyyyyyy",-5]"#);
}

#[test]
fn server_that_says_nonsense_is_left_and_dialled_again() {
    for (acts, fault, reason) in [
        (&[text("42[")][..], "Packet(InvalidJson)", Reason::ParseError),
        (&[text("9")], "Engine(UnknownType)", Reason::ParseError),
        (&[text("")], "Engine(Empty)", Reason::ParseError),
        (&[Act::Binary(vec![1])], "Packet(NoAttachmentDue)", Reason::ParseError),
        (&[text(r#"451-["x"]"#), text(r#"42["y"]"#)], "Packet(AttachmentsDue)", Reason::ParseError),
        (&[text(r#"4511-["x"]"#)], "Packet(TooManyAttachments)", Reason::ParseError),
        (&[text("1")], "ClosedByServer", Reason::TransportClose),
        (&[text("bAQID")], "Unexpected", Reason::TransportError),
    ] {
        let mut world = World::new(friendly);
        world.start(&["/"]);
        world.take_log();
        world.serve(acts);
        world.run(3000);
        let log = world.take_log();
        let at = log.iter().position(|line| line.starts_with("down")).unwrap();
        let expected = [
            format!("down Dropped {fault} again"),
            format!("disconnected / {reason}"),
            "joining /".into(),
            "connected / s2".into(),
        ];
        assert_eq!(log[at..], expected);
    }
    // What is harmless.
    let mut world = World::new(friendly);
    world.start(&["/"]);
    world.take_log();
    world.serve(&["0{}", "3", "5", "6", "44{}", "40{\"sid\":\"x\"}", "41/else,", "2"].map(text));
    assert_eq!((world.take_log().len(), world.take_got().last().cloned()), (0, Some("3".to_owned())));
}

#[test]
fn handshake_has_to_come_first_be_right_and_in_time() {
    for (act, fault) in [
        (text("42[\"x\"]"), "Unexpected"),
        (Act::Binary(vec![]), "Unexpected"),
        (text("0{}"), "Engine(InvalidSid)"),
        (text("2"), "Unexpected"),
    ] {
        let mut world = World::new(move |_, _| vec![act.clone()]);
        world.start(&["/"]);
        assert_eq!(world.take_log(), [format!("down Dropped {fault} again")]);
    }
    let mut world = World::new(|_, _| Vec::new());
    world.start(&["/"]);
    world.run(19_999);
    assert!(world.log.is_empty());
    world.run(1);
    assert_eq!(world.take_log(), ["down Dropped OpenTimeout again"]);
}

#[test]
fn every_code_of_a_close_is_followed_by_another_dial() {
    for code in [1000, 1001, 1005, 1008, 1009, 1011, 3000, 4999] {
        let mut world = World::new(friendly);
        world.start(&["/"]);
        world.take_log();
        world.serve(&[Act::Close(code)]);
        world.run(3000);
        let log = world.take_log();
        assert_eq!(
            log,
            [
                format!("down Closed(CloseCode({code})) again"),
                "disconnected / transport close".into(),
                "joining /".into(),
                "connected / s2".into()
            ]
        );
    }
    // But not for ever, if the session says so, and not without a namespace.
    let session = SessionConfig::new().max_failures(2);
    let mut world = World::with(Setup { session, ..Setup::default() }, |_, message| match message {
        "open" => vec![text(OPEN), Act::Close(1000)],
        _ => Vec::new(),
    });
    world.start(&["/"]);
    world.run(60_000);
    assert_eq!((world.dials, world.session.state()), (2, SessionState::Stopped));
    assert_eq!(world.take_log().last().unwrap(), "gave up");
}

#[test]
fn session_that_the_application_closes_ends_namespaces() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    world.emit(&Emit::new(main, "ask").ack_within_ms(5000)).unwrap();
    world.take_log();
    let now = world.clock();
    world.session.commands(now).close(sansocket::CloseCode::NORMAL_CLOSURE, "").unwrap();
    world.run(100);
    assert_eq!(world.take_log(), ["down Application never", "disconnected / forced close", "no ack 0 Lost"]);
    assert_eq!(world.io.state(main), NamespaceState::Connecting);
    world.session.start(now);
    world.settle();
    assert_eq!(world.io.state(main), NamespaceState::Connected);
}

#[test]
fn answer_to_an_event_that_was_dropped_is_lost_at_once() {
    let session = SessionConfig::new().overflow(Overflow::DropOldest).max_queued(1);
    let mut world = World::with(Setup { session, ..Setup::default() }, friendly);
    world.is_down = true;
    let main = world.start(&["/"])[0];
    let emit = Emit::new(main, "ask").ack_within_ms(9000);
    for _ in 0..2 {
        world.emit(&emit).unwrap();
    }
    assert_eq!(world.take_log()[1..], ["dropped 1", "no ack 0 Lost"]);
    world.emit(&emit.volatile()).unwrap();
    assert_eq!(world.take_log(), ["dropped 1", "no ack 2 Lost"]);
}

/// The output has no room for CONNECT: it is asked for again, and not in a circle.
#[test]
fn namespace_waits_for_room() {
    let mut world = World::with(Setup { buffers: 600, ..Setup::default() }, friendly);
    let main = world.start(&["/"])[0];
    world.takes = 0;
    let args = format!("[\"{}\"]", "x".repeat(300));
    world.emit(&Emit::new(main, "x").args(&args)).unwrap();
    world.handler = Box::new(|event, io, ws| {
        if let Event::Joining { namespace, .. } = event {
            io.authenticate(ws, *namespace, &format!(r#"{{"a":"{}"}}"#, "y".repeat(200))).unwrap();
        }
    });
    let other = world.start(&["/b"])[0];
    assert_eq!(world.io.state(other), NamespaceState::Connecting);
    world.takes = usize::MAX;
    world.settle();
    assert_eq!(world.io.state(other), NamespaceState::Connected);
    assert_eq!(world.take_log()[2..], ["joining /b", "joining /b", "connected /b s1"]);
    // A transport that takes no more.
    world.session.write_failed(world.session.epoch());
    world.start(&["/c"]);
    assert_eq!(world.take_log(), ["joining /c"]);
}

/// It would answer another event there.
#[test]
fn answer_that_waits_does_not_reach_the_next_connection() {
    let mut world = World::with(Setup { buffers: 600, ..Setup::default() }, friendly).handling(|event, io, ws| {
        if let Event::Event { asker: Some(asker), .. } = event {
            io.ack_with(ws, *asker, &[], |args| args.text(&"y".repeat(200))).unwrap();
        }
    });
    let main = world.start(&["/"])[0];
    world.takes = 0;
    world.serve(&[text(r#"421["a"]"#), text(r#"422["a"]"#), text(r#"423["a"]"#)]);
    assert!(world.session.queued() > 0);
    world.kill();
    world.takes = usize::MAX;
    world.emit(&Emit::new(main, "after")).unwrap();
    world.run(3000);
    assert_eq!(world.take_got(), ["40", "40", r#"42["after"]"#]);
}

#[test]
fn what_waits_leaves_before_we_leave() {
    let mut world = World::with(Setup { buffers: 600, ..Setup::default() }, friendly);
    let main = world.start(&["/"])[0];
    world.takes = 0;
    let args = format!("[\"{}\"]", "x".repeat(200));
    let emit = Emit::new(main, "x").args(&args);
    for _ in 0..5 {
        world.emit(&emit).unwrap();
    }
    world.disconnect(main);
    assert_eq!((world.io.state(main), world.emit(&emit)), (NamespaceState::Leaving, Err(EmitError::NotConnected)));
    world.takes = 10;
    world.run(100);
    let got = world.take_got();
    assert_eq!((got.len(), got.last().unwrap().as_str()), (7, "41"));
    assert_eq!(world.take_log()[2..], ["disconnected / io client disconnect", "down Application never"]);
    // The connection ends first: nothing of it goes to the next.
    world.takes = usize::MAX;
    let ids = world.start(&["/", "/b"]);
    world.takes = 0;
    for _ in 0..5 {
        world.emit(&emit).unwrap();
    }
    world.disconnect(ids[0]);
    world.kill();
    world.takes = usize::MAX;
    world.run(3000);
    assert_eq!(world.take_got(), ["40", "40/b,", "40/b,"]);
}
