//! A client's heartbeat, its recovery, and connections that break anywhere.

mod client_world;

use client_world::{Act, OPEN, Setup, World, friendly, text};
use sansocket::Instant;
use sansocket_session::SessionState;
use sansocket_socketio::client::{AckSlot, Client, ClientConfig, Emit, Event, NamespaceSlot, NamespaceState};

#[test]
fn pings_are_answered_and_their_absence_ends_the_connection() {
    let mut world = World::new(friendly);
    world.ping_ms = Some(25_000);
    world.start(&["/"]);
    world.take_log();
    world.run(3_600_000);
    assert_eq!((world.take_log(), world.take_got().len()), (Vec::<String>::new(), 1 + 3600 / 25));
    // Other messages are no pings.
    world.ping_ms = None;
    world.run(25_000);
    let last_ping = world.now;
    for _ in 0..4 {
        world.run(11_000);
        world.serve(&[text("42[\"x\"]")]);
    }
    assert_eq!(world.take_log(), ["event / [\"x\"]"; 4]);
    world.run_to(last_ping + 44_999);
    assert_eq!(world.take_log(), [""; 0]);
    world.run(1);
    assert_eq!(world.take_log(), ["down Dropped PingTimeout again", "disconnected / ping timeout"]);
    world.run(1000);
    assert_eq!(world.take_log(), ["joining /", "connected / s2"]);
}

#[test]
fn times_of_the_handshake_count() {
    let open = OPEN.replace("25000", "300").replace("20000", "200");
    let mut world = World::new(move |nth, message| if message == "open" { vec![text(&open)] } else { friendly(nth, message) });
    world.start(&["/"]);
    world.run(499);
    assert_eq!(world.take_log(), ["joining /", "connected / s1"]);
    world.run(1);
    assert_eq!(world.take_log()[0], "down Dropped PingTimeout again");
    // Numbers that no clock can hold.
    let open = OPEN.replace("25000", "9007199254740991").replace("20000", "9007199254740991");
    let mut world = World::new(move |nth, message| if message == "open" { vec![text(&open)] } else { friendly(nth, message) });
    world.start(&["/"]);
    world.run(86_400_000);
    assert_eq!(world.session.state(), SessionState::Open);
}

#[test]
fn machine_that_slept_for_an_hour_writes_nothing_to_the_dead_link() {
    let mut world = World::new(friendly);
    world.ping_ms = Some(25_000);
    let main = world.start(&["/"])[0];
    world.run(30_000);
    world.take_got();
    world.take_log();
    // The first thing that the program does is to emit.
    world.now += 3_600_000;
    let now = world.clock();
    world.io.emit(&mut world.session.commands(now), &Emit::new(main, "awake").ack_within_ms(5000)).unwrap();
    assert_eq!((world.session.queued(), world.session.due().len()), (1, 0));
    world.settle();
    assert_eq!(world.take_log(), ["down Dropped PingTimeout again", "disconnected / ping timeout"]);
    assert_eq!(world.take_got(), [""; 0]);
    world.run(2000);
    assert_eq!(world.take_got(), ["40", r#"420["awake"]"#]);
}

/// A program that was busy, but whose server was not away: what has arrived counts before the deadline.
#[test]
fn ping_that_waits_to_be_read_keeps_the_connection() {
    let mut world = World::new(friendly);
    let main = world.start(&["/"])[0];
    world.take_log();
    world.now += 50_000;
    let now = world.clock();
    let mut ws = world.session.commands(now);
    world.io.emit(&mut ws, &Emit::new(main, "busy")).unwrap();
    assert!(world.io.poll(&mut ws).is_none());
    assert_eq!(world.session.queued(), 1);
    world.serve(&[text("2")]);
    assert_eq!(world.take_got(), ["40", "3", r#"42["busy"]"#]);
    assert_eq!((world.take_log().len(), world.session.state()), (0, SessionState::Open));
}

/// The answer to a ping waits for room, and is not forgotten.
#[test]
fn pong_waits_for_room() {
    let mut world = World::with(Setup { buffers: 600, ..Setup::default() }, friendly);
    let main = world.start(&["/"])[0];
    world.takes = 0;
    let args = format!("[\"{}\"]", "x".repeat(100));
    for _ in 0..10 {
        world.emit(&Emit::new(main, "x").args(&args)).unwrap();
    }
    assert!(world.session.queued() > 0);
    // All that the output has left.
    let now = world.clock();
    while world.session.commands(now).send_now(sansocket::MessageKind::Text, b"").is_ok() {}
    world.serve(&[text("2")]);
    world.takes = usize::MAX;
    world.settle();
    assert_eq!(world.got.iter().filter(|message| *message == "3").count(), 1);
    assert_eq!(world.got.iter().filter(|message| message.starts_with("42")).count(), 10);
}

/// Keeps a place, and what was missed, as socket.io does.
fn keeper(nth: usize, message: &str) -> Vec<Act> {
    match (nth, message) {
        (1, "40{}") => vec![text(r#"40{"sid":"s","pid":"p\"1"}"#), text(r#"42["a",1,"o1"]"#)],
        (2, connect) if connect.starts_with("40") => {
            vec![text(r#"42["missed",2,"o2"]"#), text(r#"42["missed",3,"o3"]"#), text(r#"40{"sid":"s","pid":"p\"1"}"#)]
        }
        (3, connect) if connect.starts_with("40") => vec![text(r#"40{"sid":"t","pid":"p2"}"#)],
        _ => friendly(nth, message),
    }
}

#[test]
fn place_is_kept_and_what_was_missed_comes_before() {
    let mut world = World::new(keeper).handling(|event, io, ws| {
        if let Event::Joining { namespace, .. } = event {
            io.authenticate(ws, *namespace, "{}").unwrap();
        }
    });
    let main = world.start(&["/"])[0];
    world.kill();
    world.emit(&Emit::new(main, "waits")).unwrap();
    world.run(3000);
    assert_eq!(world.take_got(), ["40{}", r#"40{"pid":"p\"1","offset":"o1"}"#, r#"42["waits"]"#]);
    let log = world.take_log();
    assert_eq!(
        log[log.len() - 4..],
        ["joining /", r#"event / ["missed",2,"o2"]"#, r#"event / ["missed",3,"o3"]"#, "connected / s recovered"]
    );
    // With an id, or without a string as its last argument, an event has no offset. The third server does not know us.
    world.serve(&[text(r#"429["a","b"]"#), text(r#"42["a",1]"#), text(r#"42["only"]"#)]);
    world.kill();
    world.run(10_000);
    assert_eq!(world.take_got(), [r#"40{"pid":"p\"1","offset":"o3"}"#]);
    assert_eq!(world.take_log().last().unwrap(), "connected / t");
    // A new place, without an offset; and then none.
    world.kill();
    world.run(10_000);
    assert_eq!(world.take_got(), [r#"40{"pid":"p2"}"#]);
    world.kill();
    world.run(10_000);
    assert_eq!(world.take_got(), ["40{}"]);
}

#[test]
fn place_is_given_up_when_the_server_has_closed_it() {
    let mut world = World::new(
        |nth, message| if message == "40" { vec![text(r#"40{"sid":"s","pid":"p"}"#)] } else { friendly(nth, message) },
    );
    world.handler = Box::new(|event, io, ws| {
        if let Event::Disconnected { reason, .. } = event {
            assert!(reason.is_final());
            io.connect(ws, "/").unwrap();
        }
    });
    world.start(&["/"]);
    world.serve(&[text(r#"42["a","o"]"#), text("41")]);
    assert_eq!(world.take_got(), ["40", "40"]);
    assert_eq!((world.dials, world.take_log().last().unwrap().as_str()), (1, "connected / s"));
}

#[test]
fn event_without_all_of_its_attachments_has_not_come() {
    let script = |nth: usize, message: &str| {
        if message == "40" { vec![text(r#"40{"sid":"s","pid":"p"}"#)] } else { friendly(nth, message) }
    };
    for (attachments, offset) in [(1, "o1"), (2, "o2")] {
        let mut world = World::new(script);
        world.start(&["/"]);
        world.serve(&[text(r#"42["a","o1"]"#), text(r#"452-["b",{"_placeholder":true,"num":0},"o2"]"#)]);
        world.serve(&vec![Act::Binary(vec![1]); attachments]);
        world.kill();
        world.run(3000);
        assert_eq!(world.take_got()[1], format!(r#"40{{"pid":"p","offset":"{offset}"}}"#));
    }
}

#[test]
fn place_that_does_not_fit_is_not_kept() {
    let long = "p".repeat(40);
    let reply = format!(r#"40/n,{{"sid":"s","pid":"{long}"}}"#);
    for (namespace_len, out, first, expected) in [
        // The place, then the offset, does not fit into the share of the namespace.
        (41, 2000, "o", "40/n,".to_owned()),
        (42, 2000, "o", format!(r#"40/n,{{"pid":"{long}"}}"#)),
        (44, 2000, "o", format!(r#"40/n,{{"pid":"{long}","offset":"o"}}"#)),
        (44, 2000, "oooo", "40/n,".to_owned()),
        // CONNECT does not fit where packets are written.
        (128, 30, "o", "40/n,".to_owned()),
    ] {
        let reply = reply.clone();
        let script =
            move |nth: usize, message: &str| if message.starts_with("40") { vec![text(&reply)] } else { friendly(nth, message) };
        let client = ClientConfig::new().namespace_len(namespace_len);
        let mut world = World::with(Setup { client, out, namespaces: 1, ..Setup::default() }, script);
        let id = world.start(&["/n"])[0];
        if namespace_len != 42 {
            world.serve(&[Act::Text(format!(r#"42/n,["a","{first}"]"#))]);
        }
        world.kill();
        world.run(3000);
        assert_eq!(world.take_got().last(), Some(&expected), "{namespace_len} {out} {first}");
        assert_eq!((world.io.state(id), world.io.name(id)), (NamespaceState::Connected, "/n"));
    }
}

/// The transport breaks after each byte of a connection that has everything: the next one starts as the first did.
#[test]
fn connection_may_break_at_every_byte() {
    let script = |nth: usize, message: &str| match message {
        r#"42["go"]"# => vec![
            text(r#"42["a","o1"]"#),
            text(r#"452-["b",{"_placeholder":true,"num":1}]"#),
            Act::Binary(vec![1; 5]),
            text("2"),
            Act::Binary(vec![2; 5]),
            text(r#"461-0[{"_placeholder":true,"num":0}]"#),
            Act::Binary(vec![3]),
            text("41/b,"),
        ],
        r#"40/b,"# => vec![text(r#"44/b,{"message":"no"}"#)],
        _ if message.starts_with("40") => vec![text(&format!(r#"40{{"sid":"s{nth}","pid":"p"}}"#))],
        _ => friendly(nth, message),
    };
    let run = |cut: usize, chunk: usize| {
        let mut world = World::new(script);
        (world.bytes_left, world.chunk) = (Some(cut), chunk);
        let now = world.clock();
        let [main, other] = ["/", "/b"].map(|name| world.io.connect(&mut world.session.commands(now), name).unwrap());
        world.io.emit(&mut world.session.commands(now), &Emit::new(main, "ask").ack_within_ms(60_000)).unwrap();
        world.io.emit(&mut world.session.commands(now), &Emit::new(main, "go")).unwrap();
        world.io.emit(&mut world.session.commands(now), &Emit::new(other, "never")).unwrap();
        world.session.start(now);
        world.settle();
        let is_cut = world.bytes_left.take().is_none();
        world.run(30_000);
        assert!(!world.got.iter().any(|message| message.contains("never")), "{cut}");
        // Each is sent at most once, and never after a connection that may have taken it.
        for name in [r#"420["ask"]"#, r#"42["go"]"#] {
            assert!(world.got.iter().filter(|message| *message == name).count() == 1, "{cut} {:?}", world.got);
        }
        assert_eq!(world.io.state(main), NamespaceState::Connected, "{cut}");
        let log = world.take_log();
        let ends = log.iter().filter(|line| line.starts_with("ack 0") || line.starts_with("no ack 0")).count();
        assert_eq!(ends, 1, "{cut} {log:?}");
        let connected = log.iter().filter(|line| line.starts_with("connected")).count();
        let gone = log.iter().filter(|line| line.starts_with("disconnected")).count();
        assert_eq!(connected, gone + 1, "{cut} {log:?}");
        is_cut
    };
    let mut cuts = 0;
    while run(cuts, usize::MAX) {
        assert!(run(cuts, 1));
        cuts += 1;
    }
    assert!(cuts > 300, "{cuts}");
}

/// A Cortex-M has 4 bytes where this has 8.
#[test]
fn client_takes_few_bytes_beside_its_slots() {
    let client = size_of::<Client<'static, &mut [NamespaceSlot], &mut [AckSlot], &mut [u8]>>();
    println!("a client has {client} bytes, a namespace {}, an answer {}", size_of::<NamespaceSlot>(), size_of::<AckSlot>());
    assert!(client <= 176, "{client}");
    assert!(size_of::<NamespaceSlot>() <= 16 && size_of::<AckSlot>() <= 40);
    let _: Instant;
}
