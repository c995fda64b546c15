//! Seeds of the target `session`: lives that libFuzzer goes on from.

use crate::input::{Call, Session, Settings, Wire};
use crate::seeds::Seeds;
use crate::support::frames::{FIN, PING, PONG, TEXT, close_to, frame_to};
use sansocket::Role;

/// The numbers of calls, with their arguments.
const NEXT: (u8, u8) = (0, 0);
const START: (u8, u8) = (5, 0);
const CONNECTED: (u8, u8) = (6, 0);
const FAILED: (u8, u8) = (7, 1);
const READ: (u8, u8) = (8, 255);
const FILLED: (u8, u8) = (11, 0);
const WRITE: (u8, u8) = (12, 255);
const EOF: (u8, u8) = (15, 0);
const WRITE_FAILED: (u8, u8) = (16, 0);
const ANSWER: (u8, u8) = (19, 0);
const PAUSE: (u8, u8) = (20, 0);
const RESUME: (u8, u8) = (21, 0);
const SEND: (u8, u8) = (27, 0x31);
const SEND_NOW: (u8, u8) = (27, 5);
const PART: (u8, u8) = (27, 6);
const CLOSE: (u8, u8) = (27, 8);
const OPEN: [(u8, u8); 7] = [START, NEXT, CONNECTED, NEXT, WRITE, ANSWER, NEXT];

const fn wait(ms: u8) -> (u8, u8) {
    (17, ms)
}

impl Seeds {
    pub(crate) fn session(&mut self) {
        let round = [READ, FILLED, NEXT, WRITE];
        let frames = [
            frame_to(Role::Client, FIN | TEXT, b"Hello"),
            frame_to(Role::Client, FIN | PING, b"?"),
            frame_to(Role::Client, FIN | PONG, &[0, 0, 0, 1]),
            close_to(Role::Client, 1001, b"later"),
        ]
        .concat();
        let refusal = b"HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Length: 5\r\n\r\nlater";
        let interim = b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 302 \r\nLocation: //h2/there\r\n\r\n";
        let lost = [&[SEND, SEND][..], &OPEN, &[SEND, WRITE, EOF, NEXT, wait(90), NEXT, CONNECTED, NEXT]].concat();
        let told = [&[SEND][..], &OPEN, &round, &[wait(40), FILLED, NEXT, WRITE], &round].concat();
        let closes = [&OPEN[..], &[PART, SEND, SEND_NOW, CLOSE, NEXT, WRITE], &round, &[EOF, NEXT, START, NEXT]].concat();
        let opening =
            [&[START, NEXT, CONNECTED, NEXT, WRITE][..], &[(26, 14), READ, FILLED, NEXT, NEXT, wait(90), NEXT]].concat();
        let tunnel = [&[SEND][..], &OPEN, &[CONNECTED, NEXT, WRITE, ANSWER, NEXT, WRITE], &round].concat();
        let fails = [&[START, NEXT, FAILED, NEXT, wait(99), NEXT, CONNECTED, NEXT, (22, 0), NEXT][..], &OPEN].concat();
        let beats =
            [&OPEN[..], &[wait(31), FILLED, NEXT, PAUSE, wait(25), FILLED, NEXT, RESUME, wait(25), FILLED, NEXT]].concat();
        let mute = [&OPEN[..], &[WRITE_FAILED, SEND, NEXT, EOF, NEXT, wait(99), NEXT]].concat();
        for (name, options, calls, wire) in [
            ("loses", 0, &lost, &frames[..]),
            ("hears", 128, &told, &frames),
            ("closes", 4, &closes, &frames[frames.len() - 9..]),
            ("is-refused", 8, &opening, refusal),
            ("is-redirected", 2, &opening, interim),
            ("tunnels", 32, &tunnel, &frames),
            ("tunnels-with-tls", 96, &tunnel, &frames),
            ("proxy-refuses", 32, &opening, refusal),
            ("dials-in-vain", 4, &fails, &frames),
            ("beats", 12, &beats, &frames),
            ("is-mute", 8, &mute, &frames),
        ] {
            let mut all = [Call::default(); 48];
            for (call, &(number, by)) in all.iter_mut().zip(calls) {
                *call = Call { number, by };
            }
            let settings = Settings { has_short_times: true, ..Settings::default() };
            let input = Session { settings, options, input: 200, output: 40, queue: 200, calls: all, wire: Wire(wire) };
            self.add("session", name, &input);
        }
    }
}
