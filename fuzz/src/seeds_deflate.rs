//! The seeds of the targets about RFC 7692.

use crate::compressed_pair::action;
use crate::input::Pieces;
use crate::input::Wire;
use crate::input_deflate::{CompressedPair, Compression, Deflate, Negotiate, PairStep, Part, Task, WrongByte};
use crate::seeds::{PIECES, Seeds};
use crate::support::frames::{BINARY, CONTINUATION, FIN, PING, TEXT, close_to, frame_to, hex};
use sansocket::{Compressor, Level, Role};

impl Seeds {
    pub(crate) fn negotiate(&mut self) {
        let (on, off) = (Compression::ON, Compression::OFF);
        let small = Compression { receive_window: 10, send_window: 12, ..on };
        let alone = Compression { send_alone: true, receive_alone: true, ..on };
        let both = Compression { has_fallback: true, ..Compression { send_alone: true, receive_alone: true, ..small } };
        for (name, client, server, wire) in [
            ("bare", on, on, "permessage-deflate\rpermessage-deflate"),
            ("nothing", on, on, ""),
            ("off", off, off, "permessage-deflate\rpermessage-deflate"),
            ("answer-off", on, off, "permessage-deflate; client_max_window_bits\r"),
            (
                "all-parameters",
                both,
                both,
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; \
                 client_max_window_bits=13\rpermessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=10; client_max_window_bits=9",
            ),
            (
                "cannot-be-limited",
                small,
                small,
                "permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits=12\rpermessage-deflate",
            ),
            ("fallback", Compression { has_fallback: true, ..small }, on, "permessage-deflate\rpermessage-deflate"),
            ("alone", alone, alone, "permessage-deflate\rpermessage-deflate; server_no_context_takeover"),
            (
                "not-alone",
                alone,
                on,
                "permessage-deflate; server_no_context_takeover\rpermessage-deflate; client_no_context_takeover",
            ),
            ("window-too-large", small, on, "permessage-deflate\rpermessage-deflate; server_max_window_bits=11"),
            (
                "others",
                on,
                on,
                "x; a=\"b\\c\", permessage-deflate; x=1\n\n, permessage-deflate\t;client_max_window_bits = \"\\1\\4\"",
            ),
            ("repeated", on, on, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10\npermessage-deflate"),
            ("repeated-flag", on, on, "permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
            ("repeated-flag-of-client", on, on, "permessage-deflate; client_no_context_takeover; client_no_context_takeover"),
            ("repeated-hint", on, on, "permessage-deflate; client_max_window_bits; client_max_window_bits=9"),
            (
                "second-of-three",
                on,
                small,
                "permessage-deflate, permessage-deflate; server_no_context_takeover; client_max_window_bits=9\n\
                 permessage-deflate; client_max_window_bits",
            ),
            ("two-answers", on, on, "permessage-deflate; server_max_window_bits=08\rpermessage-deflate, permessage-deflate"),
            ("two-lines", on, on, "permessage-deflate; client_max_window_bits=\rpermessage-deflate\npermessage-deflate"),
            ("bare-answer", on, on, "permessage-deflate;\rpermessage-deflate; client_max_window_bits"),
        ] {
            self.add("negotiate", name, &Negotiate { client, server, wire: Wire(wire.as_bytes()) });
        }
    }

    pub(crate) fn deflate(&mut self) {
        let whole = Deflate {
            task: Task::Inflate,
            receiver: Role::Server,
            has_small_limits: false,
            window_bits: 15,
            no_context_takeover: false,
            small_window: 16,
            spare_bits: 2,
            level: Level::Fast,
            sizes: [1, 30, 0, 7],
            pieces: PIECES,
            bytes: Wire(b""),
        };
        let part = Part { fin: false, is_plain: false, pings: false };
        let parts = [part, Part { fin: true, ..part }, Part { is_plain: true, ..part }, Part { pings: true, ..part }];
        let text = b"the same words again, and again the same words, and then some".repeat(3);
        // RFC 7692 §7.2.3, and a dynamic block that zlib made.
        let messages = [
            ("hello", hex("f2 48 cd c9 c9 07 00")),
            ("stored", hex("00 05 00 fa ff 48 65 6c 6c 6f 00")),
            ("final", hex("f3 48 cd c9 c9 07 00 00")),
            ("two-blocks", hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")),
            ("thousand-zeros", hex("62 60 18 05 a3 60 14 0c 77 00 00")),
            (
                "dynamic",
                hex(
                    "6c4ec90d004108fa5b85ad015efd57b0cc7f4d34460e81a8020e081e0b759ac68838f6757299068d16454ad979d1b84835f6f1024b700e85e685821040f731d29a922ac506437a40f90f9b3d40079e2fdf186888b5d654a739b08eb0db7add7a6f168f9c8053d81d7365a539461c2d5318cbc42c5fffeb03",
                ),
            ),
        ];
        for (name, message) in &messages {
            // One message: all cuts at its end.
            let pieces = Pieces { cuts: [message.len().try_into().unwrap(); 4], ..PIECES };
            self.add("deflate", &format!("inflate-{name}"), &Deflate { pieces, bytes: Wire(message), ..whole.clone() });
            let wire = frame_to(Role::Server, FIN | 0x40 | TEXT, message).repeat(2);
            let receive = Deflate { task: Task::Receive, bytes: Wire(&wire), ..whole.clone() };
            self.add("deflate", &format!("receive-{name}"), &receive);
        }
        // Most of them are from zlib's coverage test.
        for (name, message) in [
            ("stored-lengths", "00 00 00 00 00"),
            ("too-many-codes", "fc 00 00"),
            ("no-code-length-code", "04 00 fe ff"),
            ("repeat-of-nothing", "04 00 24 49 00"),
            ("repeat-too-long", "04 00 24 e9 ff ff"),
            ("no-end-of-block", "04 00 24 e9 ff 6d"),
            ("literal-code", "04 80 49 92 24 49 92 24 71 ff ff 93 11 00"),
            ("distance-code", "04 80 49 92 24 49 92 24 0f b4 ff ff c3 84"),
            ("bad-literal", "04 c0 81 08 00 00 00 00 20 7f eb 0b 00 00"),
            ("bad-distance", "02 7e ff ff"),
            ("too-far", "0c c0 81 00 00 00 00 00 90 ff 6b 04 00"),
            ("long-codes", "05 e0 81 91 24 cb b2 2c 49 e2 0f 2e 8b 9a 47 56 9f fb fe ec d2 ff 1f"),
            ("long-distance-codes", "ed cf c1 b1 2c 47 10 c4 30 fa 6f 35 1d 01 82 59 3d fb be 2e 2a fc 0f 0c"),
            ("single-distance", "0c c0 81 00 00 00 00 80 20 d6 fc 25 3e 0b"),
            ("other-than-the-single-distance", "0c c0 81 00 00 00 00 80 20 d6 fc 25 3e 0f"),
            ("single-distance-of-two-bits", "0c c0 81 00 00 00 00 80 20 d6 fc 25 7e 01"),
            ("distance-without-use", "0c c0 81 00 00 00 00 80 20 d6 fc 25 3e 01"),
        ] {
            let message = hex(message);
            let pieces = Pieces { cuts: [message.len().try_into().unwrap(); 4], ..PIECES };
            self.add("deflate", &format!("inflate-{name}"), &Deflate { pieces, bytes: Wire(&message), ..whole.clone() });
        }
        let (fast, best) = (Level::Fast, Level::Best);
        for (name, window_bits, no_context_takeover, level) in [
            ("8", 8, false, fast),
            ("15", 15, false, fast),
            ("15-reset", 15, true, fast),
            ("9-default", 9, false, Level::Default),
            ("15-best", 15, true, best),
        ] {
            let mut memory = vec![0; 2 << window_bits];
            let mut out = [0; 400];
            let compressed = Compressor::new(window_bits, Level::Fast, &mut memory).unwrap().compress(&text, &mut out, true);
            for (what, task, receiver, bytes) in [
                ("inflate-ours", Task::Inflate, Role::Server, &out[..compressed.produced]),
                ("compress", Task::Compress, Role::Server, &text),
                ("pair", Task::Pair(parts), Role::Server, &text),
                ("pair-client", Task::Pair(parts), Role::Client, &text),
            ] {
                let bytes = Wire(bytes);
                let input = Deflate { task, receiver, window_bits, no_context_takeover, level, bytes, ..whole.clone() };
                self.add("deflate", &format!("{what}-{name}"), &input);
            }
        }
        let fragments = [
            frame_to(Role::Client, 0x40 | TEXT, &hex("f2 48 cd")),
            frame_to(Role::Client, FIN | PING, b"p"),
            frame_to(Role::Client, FIN | CONTINUATION, &hex("c9 c9 07 00")),
            frame_to(Role::Client, FIN | TEXT, b"plain"),
            frame_to(Role::Client, FIN | 0x40 | BINARY, &messages[4].1),
            close_to(Role::Client, 1000, b""),
        ];
        let wire = fragments.concat();
        for (name, has_small_limits) in [("receive-fragments", false), ("receive-small-limits", true)] {
            let (task, receiver, bytes) = (Task::Receive, Role::Client, Wire(&wire));
            self.add("deflate", name, &Deflate { task, receiver, has_small_limits, bytes, ..whole.clone() });
        }
    }

    pub(crate) fn compressed_pair(&mut self) {
        let (on, small) =
            (Compression::ON, Compression { send_window: 9, receive_window: 8, has_fallback: true, ..Compression::ON });
        let alone = Compression { send_alone: true, receive_alone: true, ..on };
        let (client, server) = (Role::Client, Role::Server);
        let step = |end, number, from, len, room| PairStep { end, number, from, len, room };
        let arrives = |end| step(end, action::DELIVER, 0, 0, 20);
        let messages = [
            step(client, action::PIECE, 0, 60, 20),
            step(client, action::PING, 3, 2, 0),
            step(client, action::PIECE, 0, 0, 20),
            step(server, action::DELIVER, 0, 9, 5),
            step(client, action::MISUSE, 0, 0, 0),
            step(client, action::MESSAGE, 0, 0, 3),
            step(server, action::DELIVER, 0, 0, 255),
            step(server, action::MESSAGE + 1, 40, 200, 255),
            step(server, action::PLAIN, 7, 9, 4),
            step(server, action::PLAIN, 0, 0, 255),
            step(server, action::FOR_MANY, 9, 30, 1),
            step(server, action::MESSAGE, 40, 200, 0),
            arrives(client),
            step(client, action::MESSAGE + 1, 1, 255, 100),
            step(client, action::PONG, 3, 2, 0),
        ];
        let closes = [
            step(server, action::PIECE, 0, 60, 20),
            step(client, action::CLOSE, 0, 1, 4),
            step(server, action::PIECE, 0, 0, 20),
            step(client, action::MESSAGE, 0, 3, 3),
            arrives(client),
            arrives(server),
        ];
        let right = WrongByte { to: server, at: 0, by: 0 };
        let text = "the same words again, and again the same words, K\u{f6}ln \u{20ac} \u{1f600}, and then some".as_bytes();
        for (name, settings, levels, wrong, steps) in [
            ("defaults", [on, on], [Level::Fast, Level::Default], right, &messages[..]),
            ("small-windows", [small, small], [Level::Best, Level::Fast], right, &messages),
            ("alone", [alone, alone], [Level::Default, Level::Best], right, &messages),
            ("off", [on, Compression::OFF], [Level::Fast, Level::Fast], right, &messages),
            ("closes", [on, small], [Level::Fast, Level::Best], right, &[&messages[..], &closes].concat()),
            ("closes-early", [small, alone], [Level::Fast, Level::Fast], right, &closes),
            ("wrong-header", [on, on], [Level::Fast, Level::Fast], WrongByte { by: 0x20, ..right }, &messages),
            ("wrong-block", [on, on], [Level::Fast, Level::Fast], WrongByte { at: 6, by: 7, ..right }, &messages),
            ("wrong-distance", [small, on], [Level::Best, Level::Best], WrongByte { to: client, at: 60, by: 16 }, &messages),
        ] {
            let ([client, server], [client_level, server_level]) = (settings, levels);
            let mut all = [step(Role::Client, action::PONG, 0, 0, 0); 24];
            all[..steps.len()].copy_from_slice(steps);
            let input =
                CompressedPair { client, server, client_level, server_level, spare_bits: 1, wrong, steps: all, text: Wire(text) };
            self.add("compressed_pair", name, &input);
        }
    }
}
