//! The seeds: inputs that reach far into the machine, from which libFuzzer continues. `examples/seeds.rs` writes them to `seeds/`.

use crate::buffered::number;
use crate::encode::Encode;
use crate::input::{
    Action, Attempts, Buffered, Call, Client, Code, Command, Decision, DecisionKind, Driven, Frames, Heads, Payload, Pieces,
    Range, Reply, Sending, Server, Settings, Step, Verb, Wire,
};
use crate::support::frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_to, frame_to, hex};
use crate::support::http::{request_but, request_with, response_but, response_with};
use sansocket::{MessageKind, Role};

/// A file below `seeds/`: target, name, bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// All of them.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Seeds(Vec::new());
    seeds.frames();
    seeds.heads();
    seeds.urls();
    seeds.negotiate();
    seeds.deflate();
    seeds.compressed_pair();
    seeds.sending();
    seeds.buffered();
    seeds.session();
    seeds.socketio();
    seeds.socketio_calls();
    seeds.0
}

pub(crate) struct Seeds(Vec<Seed>);

const DEFAULT: Settings =
    Settings { has_small_limits: false, has_manual_pong: false, has_subprotocols: false, has_short_times: false };
const SMALL: Settings = Settings { has_small_limits: true, ..DEFAULT };
const SHORT_TIMES: Settings = Settings { has_short_times: true, ..DEFAULT };

pub(crate) const PIECES: Pieces = Pieces { room: 3, cuts: [3, 7, 20, 70] };

const NO_ATTEMPTS: Attempts = Attempts { without_room: false, without_entropy: false, has_exact_room: false };
const IN_VAIN: Attempts = Attempts { without_room: true, without_entropy: true, has_exact_room: false };
const ALL_ATTEMPTS: Attempts = Attempts { has_exact_room: true, ..IN_VAIN };

const fn step(verb: Verb, attempts: Attempts) -> Step {
    Step { ms: 5, room: 0, verb, attempts, payload: Range { from: 6, len: 5 }, stray: Range { from: 2, len: 60 } }
}

const fn text(fin: bool) -> Verb {
    Verb::Send { kind: MessageKind::Text, fin }
}

const fn binary(fin: bool) -> Verb {
    Verb::Send { kind: MessageKind::Binary, fin }
}

const fn close(code: u16) -> Verb {
    Verb::Close { code: Some(Code(code)) }
}

/// Fragments with a Ping between them.
const FRAGMENTS: [Step; 4] =
    [step(text(false), NO_ATTEMPTS), step(Verb::Ping, IN_VAIN), step(text(false), NO_ATTEMPTS), step(text(true), ALL_ATTEMPTS)];
/// Messages, a Pong and a Close.
const CLOSES: [Step; 4] = [
    step(Verb::SendText, NO_ATTEMPTS),
    step(Verb::Pong, IN_VAIN),
    step(binary(true), ALL_ATTEMPTS),
    step(close(1001), NO_ATTEMPTS),
];

/// Wires for `receiver` and what they are.
fn wires(receiver: Role) -> Vec<(&'static str, Vec<u8>)> {
    let frame = |first, payload: &[u8]| frame_to(receiver, first, payload);
    let text = "K\u{f6}ln \u{20ac} \u{1f600}".as_bytes();
    vec![
        ("text", frame(FIN | TEXT, text)),
        ("binary-126", frame(FIN | BINARY, &[7; 126])),
        ("two-messages", [frame(FIN | TEXT, b"Hello"), frame(FIN | BINARY, b"\x00\xFF")].concat()),
        (
            "fragments-and-controls",
            [
                frame(TEXT, &text[..2]),
                frame(FIN | PING, b"ping"),
                frame(CONTINUATION, &text[2..7]),
                frame(FIN | PONG, b""),
                frame(CONTINUATION, b""),
                frame(FIN | CONTINUATION, &text[7..]),
                close_to(receiver, 1001, b"bye"),
                frame(FIN | TEXT, b"behind"),
            ]
            .concat(),
        ),
        ("empty-fragments", [frame(BINARY, b""), frame(CONTINUATION, b""), frame(FIN | CONTINUATION, b"")].concat()),
        ("many-empty-fragments", [frame(TEXT, b""), frame(CONTINUATION, b""), frame(CONTINUATION, b"")].concat()),
        ("bad-text", frame(FIN | TEXT, b"ab\xED\xA0\x80")),
        ("cut-text", frame(FIN | TEXT, b"\xE2\x82")),
        ("long", frame(FIN | BINARY, &[b'x'; 301])),
        ("three-fragments", [frame(BINARY, b"1"), frame(CONTINUATION, b"2"), frame(FIN | CONTINUATION, b"3")].concat()),
        ("four-fragments", [frame(BINARY, b"1"), frame(CONTINUATION, b"2").repeat(2), frame(FIN | CONTINUATION, b"3")].concat()),
        ("message-of-150", [frame(BINARY, &[1; 100]), frame(FIN | CONTINUATION, &[2; 50])].concat()),
        ("message-of-151", [frame(BINARY, &[1; 100]), frame(FIN | CONTINUATION, &[2; 51])].concat()),
        ("pings", frame(FIN | PING, b"0123456789").repeat(3)),
        ("close-without-body", frame(FIN | CLOSE, b"")),
        ("close-bad-code", close_to(receiver, 1005, b"")),
        ("close-bad-reason", close_to(receiver, 1000, b"a\xC3(")),
        ("reserved-bit", frame(FIN | 0x40 | TEXT, b"x")),
        ("non-minimal", if receiver == Role::Client { hex("82 7e 00 05") } else { hex("82 fe 00 05") }),
        (
            "non-minimal-long",
            if receiver == Role::Client { hex("82 7f 00 00 00 00 00 00 ff ff") } else { hex("82 ff 00 00 00 00 00 00 ff ff") },
        ),
    ]
}

/// The head with its last value made longer, so that it has `len` bytes.
fn padded(mut head: Vec<u8>, len: usize) -> Vec<u8> {
    let missing = len - head.len();
    let end = head.len() - 4;
    head.splice(end..end, vec![b'x'; missing]);
    head
}

impl Seeds {
    pub(crate) fn add(&mut self, target: &'static str, name: &str, input: &impl Encode) {
        self.0.push((target, name.into(), input.encoded()));
    }

    fn frames(&mut self) {
        for (target, role) in [("frames_server", Role::Server), ("frames_client", Role::Client)] {
            for (name, wire) in wires(role) {
                // The small limits tell these apart.
                let is_about_limits = name.contains("fragments") || name.contains("-of-");
                let settings = if is_about_limits { SMALL } else { DEFAULT };
                self.add(target, name, &Frames { settings, is_closing: false, pieces: PIECES, steps: None, wire: Wire(&wire) });
            }
            let all = wires(role).into_iter().take(4).map(|(_, wire)| wire).collect::<Vec<_>>().concat();
            for (name, settings, is_closing, steps) in [
                ("small-limits", SMALL, false, None),
                ("closing", DEFAULT, true, None),
                ("sends-fragments", DEFAULT, false, Some(FRAGMENTS)),
                ("closes", DEFAULT, false, Some(CLOSES)),
                ("deadlines", SHORT_TIMES, false, Some(FRAGMENTS)),
            ] {
                self.add(target, name, &Frames { settings, is_closing, pieces: PIECES, steps, wire: Wire(&all) });
            }
        }
    }

    fn heads(&mut self) {
        let requests: Vec<(&str, Vec<u8>)> = vec![
            ("request", request_with(&[])),
            ("subprotocols", request_with(&["Sec-WebSocket-Protocol: x, superchat", "sec-websocket-protocol: chat"])),
            (
                "browser",
                request_with(&[
                    "Origin: https://example.com",
                    "Sec-WebSocket-Extensions: permessage-deflate; a=\"b\\c\"; d=1, e",
                ]),
            ),
            ("plain-http", b"GET /index.html?a=b HTTP/1.1\r\nHost: example.com\r\nCookie: c\r\n\r\n".into()),
            ("http-1.0", b"GET / HTTP/1.0\r\n\r\n".into()),
            ("empty-line-first", [b"\r\n", &request_with(&[])[..]].concat()),
            ("absolute-target", request_but(0, "GET http://h:80/x?y HTTP/1.1")),
            ("body", request_with(&["Content-Length: 0", "Transfer-Encoding: chunked"])),
            ("expects", request_with(&["Expect: 100-continue"])),
            ("two-keys", request_with(&["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])),
            ("bad-scheme", request_but(0, "GET http:x://h/ HTTP/1.1")),
            ("version-8", request_but(5, "Sec-WebSocket-Version: 8")),
            ("connection-list", request_but(3, "Connection: keep-alive, ,UPGRADE")),
            ("no-connection", request_but(3, "")),
            ("folded", request_with(&["X: a", " b"])),
            // At the small limits, and one beyond.
            ("limit-target-20", request_but(0, "GET /1234567890123456789 HTTP/1.1")),
            ("limit-target-21", request_but(0, "GET /12345678901234567890 HTTP/1.1")),
            ("limit-lines-9", request_with(&["A:"; 4])),
            ("limit-lines-10", request_with(&["A:"; 5])),
            ("limit-len-400", padded(request_with(&["A: "]), 400)),
            ("limit-len-401", padded(request_with(&["A: "]), 401)),
        ];
        let responses: Vec<(&str, Vec<u8>)> = vec![
            ("response", response_with(&[])),
            ("subprotocol", response_with(&["Sec-WebSocket-Protocol: superchat", "Content-Length: 0"])),
            ("extension", response_with(&["Sec-WebSocket-Extensions: x"])),
            ("interim", [b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\n", &response_with(&[])[..]].concat()),
            ("not-found", b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n404".into()),
            ("wrong-accept", response_but(3, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
            ("http-1.0-101", response_but(0, "HTTP/1.0 101 Switching Protocols")),
            ("no-upgrade", response_but(1, "")),
            ("limit-interim-2", [&b"HTTP/1.1 103\r\n\r\n".repeat(2)[..], &response_with(&[])].concat()),
            ("limit-interim-3", [&b"HTTP/1.1 103\r\n\r\n".repeat(3)[..], &response_with(&[])].concat()),
        ];
        let settings = |name: &str| Settings { has_subprotocols: true, has_small_limits: name.starts_with("limit"), ..DEFAULT };
        let frames = [Role::Server, Role::Client].map(|role| wires(role)[3].1.clone());
        for (name, head) in requests {
            let (settings, pieces, wire) = (settings(name), PIECES, [&head[..], &frames[0]].concat());
            self.add("server", name, &Server { settings, pieces, driven: None, wire: Wire(&wire) });
            let heads = Heads { receiver: Role::Server, settings, pieces, wire: Wire(&head) };
            self.add("heads", &format!("server-{name}"), &heads);
        }
        for (name, head) in responses {
            let (settings, pieces, wire) = (settings(name), PIECES, [&head[..], &frames[1]].concat());
            self.add("client", name, &Client { settings, pieces, steps: None, wire: Wire(&wire) });
            let heads = Heads { receiver: Role::Client, settings, pieces, wire: Wire(&head) };
            self.add("heads", &format!("client-{name}"), &heads);
        }
        self.driven_server(&frames[0]);
        self.driven_client(&frames[1]);
    }

    fn driven_server(&mut self, frames: &[u8]) {
        let head = request_with(&[]);
        let (pieces, wire) = (Self::after(&head), [&head, frames].concat());
        let later = |kind| {
            let wait = Decision { kind: DecisionKind::Wait, wants_origin: false, has_header: false, takes_last: false };
            Reply::Later([wait, Decision { kind, ..wait }, wait, wait])
        };
        for (name, settings, reply) in [
            ("closes", DEFAULT, Reply::Accept),
            ("deadlines", SHORT_TIMES, Reply::Accept),
            ("later", DEFAULT, later(DecisionKind::Accept)),
            ("refused-later", DEFAULT, later(DecisionKind::Refuse)),
        ] {
            let driven = Some(Driven { reply, steps: CLOSES });
            self.add("server", name, &Server { settings, pieces, driven, wire: Wire(&wire) });
        }
    }

    fn driven_client(&mut self, frames: &[u8]) {
        let head = response_with(&[]);
        let (pieces, wire) = (Self::after(&head), [&head, frames].concat());
        for (name, settings) in [("closes", DEFAULT), ("deadlines", SHORT_TIMES)] {
            self.add("client", name, &Client { settings, pieces, steps: Some(CLOSES), wire: Wire(&wire) });
        }
    }

    /// The head, and then the frames.
    fn after(head: &[u8]) -> Pieces {
        let len = u16::try_from(head.len()).unwrap();
        Pieces { cuts: [len, len + 9, len + 18, len + 27], ..PIECES }
    }

    fn urls(&mut self) {
        for (name, url) in [
            ("plain", "ws://example.com"),
            ("path", "wss://example.com:8443/chat?room=1"),
            ("default-port", "https://h:0443?a=b"),
            ("ipv6", "ws://[::ffff:1.2.3.4]:9001/"),
            ("user", "ws://user:pass@h/"),
            ("fragment", "http://h/#x"),
            ("empty-port", "WS://h:/x"),
            ("port-too-large", "ws://h:65536/"),
        ] {
            self.add("url", name, &Wire(url.as_bytes()));
        }
    }

    fn buffered(&mut self) {
        let round = |read, written| [(number::READ, read), (number::FILLED, 0), (number::NEXT, 0), (number::WRITTEN, written)];
        let turn = [(number::TURN, 0)];
        let small = [&round(5, 9)[..], &turn, &round(60, 2), &turn, &round(100, 255)].concat();
        let stall = [
            &[
                (number::NEXT, 0),
                (number::PART, 24),
                (number::READ, 255),
                (number::FILLED, 0),
                (number::NEXT, 0),
                (number::NEXT, 0),
            ],
            &[(number::PAUSE, 0), (number::TIME, 45), (number::WRITTEN, 255), (number::RESUME, 0), (number::NEXT, 0)][..],
        ];
        let answers = [
            &[(number::READ, 255), (number::FILLED, 0), (number::NEXT, 0), (number::ACCEPT, 0), (number::EOF, 0)][..],
            &[(number::NEXT, 0), (number::CLOSE, 1)],
        ];
        for (role, name) in [(Role::Server, "server"), (Role::Client, "client")] {
            let frames = wires(role).into_iter().take(4).map(|(_, wire)| wire).collect::<Vec<_>>().concat();
            let pings = frame_to(role, FIN | PING, &[b'x'; 125]).repeat(4);
            let head = if role == Role::Server { request_with(&[]) } else { response_with(&[]) };
            let opened = [&head[..], &frames].concat();
            for (what, is_open, joining, calls, wire) in [
                ("pieces-in-turns", true, 0, &small, &frames),
                ("joined-in-turns", true, 1, &small, &frames),
                ("joined-elsewhere", true, 255, &small, &frames),
                ("stalls", true, 0, &stall.concat(), &pings),
                ("opens", false, 1, &[&small[..], &answers.concat()].concat(), &opened),
                ("half-closes", false, 0, &answers.concat(), &opened),
            ] {
                let mut all = [Call::default(); 24];
                for (call, &(number, by)) in all.iter_mut().zip(calls) {
                    *call = Call { number, by };
                }
                let (settings, wire) = (SHORT_TIMES, Wire(wire));
                let input = Buffered { settings, receiver: role, is_open, input: 200, output: 40, joining, calls: all, wire };
                self.add("buffered", &format!("{name}-{what}"), &input);
            }
        }
    }

    fn sending(&mut self) {
        let call =
            |end, verb, attempts, payload| Command { end, action: Action::Call { verb, attempts, payload: Payload(payload) } };
        let client = |verb, payload| call(Role::Client, verb, NO_ATTEMPTS, payload);
        let server = |verb, payload| call(Role::Server, verb, NO_ATTEMPTS, payload);
        let pass = |end, ms, room| Command { end, action: Action::Pass { ms, room } };
        let receive = |end, len, room| Command { end, action: Action::Receive { len, room } };
        let all_arrives = [receive(Role::Server, 0, 0), receive(Role::Client, 0, 0)];
        let fragments = [
            client(text(false), b"Hel"),
            receive(Role::Server, 5, 3),
            client(Verb::Ping, b"pi"),
            receive(Role::Client, 0, 0),
            client(text(true), b"lo"),
            receive(Role::Server, 0, 5),
            call(Role::Server, text(true), Attempts { without_room: true, ..NO_ATTEMPTS }, b"abc"),
            receive(Role::Client, 0, 131),
        ];
        let deadlines =
            [pass(Role::Client, 41, 255), pass(Role::Client, 80, 255), pass(Role::Server, 48, 10), receive(Role::Server, 0, 32)];
        let closes = [client(close(1000), b"bye"), server(binary(true), b"xy")];
        // Refused calls, and then one that succeeds.
        let codes = [1004, 1005, 1006, 1015, 2999, 5000, 999, 0, 65_535, 3000].map(|code| client(close(code), b""));
        let both_close = [client(close(1000), b""), server(Verb::Close { code: None }, b"")];
        let header_alone = [
            server(Verb::SendHeader { kind: MessageKind::Text, fin: true }, b"Hello"),
            server(Verb::SendForMany { kind: MessageKind::Binary }, b"\xFF\xFE\xFD"),
            receive(Role::Client, 4, 0),
            receive(Role::Client, 0, 0),
        ];
        let fails = [client(Verb::Fail { code: Code(1000) }, b""), receive(Role::Server, 0, 0)];
        let paused =
            [client(Verb::Pause, b""), pass(Role::Client, 100, 255), client(Verb::Resume, b""), pass(Role::Client, 100, 255)];
        for (name, has_short_times, commands) in [
            ("fragments", false, fragments.to_vec()),
            ("fragments-and-deadlines", true, [&fragments[..], &deadlines].concat()),
            ("closes", false, [&fragments[..], &closes, &all_arrives].concat()),
            ("close-codes", false, codes.to_vec()),
            ("both-close", false, [&fragments[..], &both_close, &all_arrives].concat()),
            ("header-alone", false, header_alone.to_vec()),
            ("fails", false, [&fragments[..], &fails].concat()),
            ("paused", true, [&paused[..], &fragments].concat()),
        ] {
            self.add("sending", name, &Sending { has_short_times, commands });
        }
    }
}
