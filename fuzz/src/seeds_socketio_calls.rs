//! Seeds of the targets above the packets of Socket.IO: lives that libFuzzer goes on from.

use crate::input::{Call, Socketio, Wire};
use crate::seeds::Seeds;

impl Seeds {
    pub(crate) fn socketio_calls(&mut self) {
        self.socketio_server();
        self.socketio_client();
        self.socketio_polling();
    }

    fn calls(&mut self, target: &'static str, name: &str, options: u8, calls: &[(u8, u8)], wire: &str) {
        let mut all = [Call { number: u8::MAX, by: 0 }; 64];
        for (call, &(number, by)) in all.iter_mut().zip(calls) {
            *call = Call { number, by };
        }
        self.add(target, name, &Socketio { options, calls: all, wire: Wire(wire.as_bytes()) });
    }

    fn socketio_server(&mut self) {
        /// A text of the current WebSocket, a call of the application's.
        const SAY: u8 = 12;
        const APP: u8 = 30;
        const DRAIN: (u8, u8) = (24, 0);
        let opens = [(1, 0), DRAIN, (SAY, 0), (SAY, 64), DRAIN];
        let talks = [(APP, 4), (SAY, 6), (APP, 10), (SAY, 70), (APP, 8), (SAY, 7), DRAIN, (APP, 8), (22, 3), DRAIN];
        let polls = [(0, 0), (5, 0), (3, 0), DRAIN, (3, 0), (APP, 4), DRAIN, (5, 6), (APP, 10), (3, 0)];
        let upgrades =
            [(0, 0), (5, 0), (3, 0), (3, 0), (8, 0), (10, 0), DRAIN, (22, 99), DRAIN, (APP, 5), (11, 0), (APP, 5), DRAIN];
        let files = [(APP, 5), (SAY, 11), (19, 3), (SAY, 12), (19, 1), (19, 2), (APP, 9), (SAY, 14), (19, 0), DRAIN];
        let rooms = [(APP, 11), (1, 0), (20, 1), (SAY, 0), (APP, 11), (APP, 6), DRAIN, (APP, 13), (APP, 6), (APP, 12), DRAIN];
        let leaves = [(SAY, 3), (APP, 3), (SAY, 0), DRAIN, (APP, 14), (SAY, 4), (SAY, 3), (SAY, 64), (APP, 15), DRAIN];
        let waits =
            [(1, 0), DRAIN, (26, 16), (SAY, 128), DRAIN, (22, 49), (APP, 2), (26, 16), (SAY, 160), (APP, 1), DRAIN, (22, 60)];
        let dies = [(22, 61), DRAIN, (22, 41), DRAIN, (1, 0), (22, 60), (SAY, 16), (21, 0), (0, 0), (3, 0), (21, 0)];
        let odd =
            [(27, 0), (27, 4), (27, 1), (7, 0), (18, 0), (29, 0), (29, 1), (1, 0), (29, 2), (29, 3), (28, 0), (1, 0), (APP, 255)];
        for (name, options, calls) in [
            ("talks", 0, [&opens[..], &talks].concat()),
            ("polls", 0, polls.to_vec()),
            ("polls-in-small-answers", 1, polls.to_vec()),
            ("upgrades", 0, upgrades.to_vec()),
            ("sends-files", 0, [&opens[..], &files].concat()),
            ("sends-files-that-are-too-large", 16, [&opens[..], &files].concat()),
            ("has-rooms", 0, [&opens[..], &rooms].concat()),
            ("leaves", 0, [&opens[..], &leaves].concat()),
            ("waits", 0, waits.to_vec()),
            ("dies", 0, [&opens[..], &dies].concat()),
            ("has-small-limits", 0xF6, [&opens[..], &talks, &files, &rooms].concat()),
            ("asks-oddly", 0, [&opens[..], &odd].concat()),
        ] {
            let wire = "EIO=4&transport=polling\nEIO=3&transport=websocket&sid=\nEIO=4&sid=x\n4hello\u{1e}1\n42[\"say\"]\n";
            self.calls("socketio_server", name, options, &calls, wire);
        }
    }

    fn socketio_client(&mut self) {
        const TURN: (u8, u8) = (1, 0);
        /// The transport stands, and Engine.IO has its handshake.
        const OBEY: (u8, u8) = (4, 0);
        const LET_IN: (u8, u8) = (7, 0);
        /// A packet of the server's, a call of the program's.
        const SAY: u8 = 8;
        const ACT: u8 = 26;
        const WRITE: (u8, u8) = (23, 255);
        let opens = [(ACT, 1), (ACT, 9), (24, 0), TURN, OBEY, OBEY, LET_IN];
        let emits = [(ACT, 4), (ACT, 4 + 8), (ACT, 4 + 16), (ACT, 4 + 32), (ACT, 4 + 64), TURN, WRITE];
        let answers = [(25, 0), TURN, (25, 129), (SAY, 13), (15, 1), TURN, (20, 60), TURN];
        let hears = [
            (SAY, 15),
            (SAY, 4),
            (0, 3),
            (SAY, 6),
            TURN,
            (SAY, 11),
            (15, 3),
            TURN,
            (ACT, 11),
            (SAY, 12),
            (15, 0),
            (15, 1),
            TURN,
            WRITE,
        ];
        let loses = [(18, 0), TURN, (20, 60), TURN, OBEY, OBEY, LET_IN];
        let recovers = [(7, 1), (SAY, 2), (SAY, 5), TURN];
        let leaves = [(ACT, 2), TURN, WRITE, (SAY, 67), TURN, (ACT, 1), LET_IN];
        let faults = [(SAY, 26), TURN, OBEY, (20, 60), TURN, OBEY, (SAY, 17), TURN, (20, 60), TURN, OBEY, (14, 0), (16, 0), TURN];
        for (name, options, calls) in [
            ("emits", 0, [&opens[..], &emits, &answers].concat()),
            ("emits-before", 0, [&emits[..], &opens, &emits, &answers].concat()),
            ("hears", 0, [&opens[..], &hears].concat()),
            ("loses", 2, [&opens[..], &emits, &loses, &emits, &answers].concat()),
            ("drops-what-is-new", 4, [&opens[..], &loses[..2], &emits, &emits, &loses[2..], &answers].concat()),
            ("recovers", 0, [&opens[..6], &recovers, &loses[..6], &recovers].concat()),
            ("recovers-without-memory", 1, [&opens[..6], &recovers, &loses[..6], &recovers].concat()),
            ("leaves", 0, [&opens[..], &emits, &leaves, &leaves].concat()),
            ("has-little-room", 8, [&opens[..], &emits, &hears, &emits, &answers].concat()),
            ("gets-pieces", 16, [&opens[..], &emits, &hears].concat()),
            ("is-asked-for-a-token", 0, [&[(0, 3)][..], &opens, &[(0, 67)], &loses, &[(0, 131)], &loses].concat()),
            ("is-not-let-in", 0, [&opens[..6], &[(SAY, 10), (SAY, 67), TURN], &emits].concat()),
            ("faults", 0, [&opens[..], &faults].concat()),
            ("is-not-pinged", 0, [&opens[..], &emits, &[(20, 91), TURN], &loses, &[(17, 1), TURN]].concat()),
        ] {
            let wire = "42[\"say\",{\"a\":1}]\n\u{1}\u{2}\n451-/a,[\"x\"]\n";
            self.calls("socketio_client", name, options, &calls, wire);
        }
    }

    fn socketio_polling(&mut self) {
        const ASK: (u8, u8) = (2, 0);
        /// Answers with a packet: handshakes that allow an upgrade or not, `2`, an event, `ok` in place of a packet.
        const OPEN: (u8, u8) = (5, 22);
        const OPEN_ONLY: (u8, u8) = (5, 23);
        const PING: (u8, u8) = (5, 15);
        const SAY: (u8, u8) = (5, 4);
        const PULL: (u8, u8) = (17, 0);
        let opens = [ASK, OPEN, (0, 8), (0, 9), ASK, ASK];
        let upgrades = [(12, 0), PULL, (13, 21), (8, 4), SAY, PULL, (0, 5), PULL, (13, 15), (13, 4), (15, 0), PULL];
        let closes = [(19, 0), PULL, SAY, SAY, ASK, (8, 4), SAY];
        for (name, options, calls) in [
            ("talks", 0, [&opens[..], &[PING, SAY, ASK, (8, 4), ASK, (0, 255), (18, 91)]].concat()),
            ("is-told-no-limit", 0, [&[ASK, OPEN_ONLY, (0, 255), (0, 200)][..], &[ASK, ASK, (12, 0), PULL, (18, 89)]].concat()),
            ("upgrades", 0, [&opens[..], &upgrades].concat()),
            ("closes", 0, [&opens[..], &closes].concat()),
            ("closes-the-websocket", 0, [&opens[..], &upgrades, &closes].concat()),
            ("is-refused", 0, [&opens[..], &[(10, 128), (0, 0), PULL]].concat()),
            ("fails", 0, [&opens[..], &[(12, 0), PULL, (16, 0), (12, 0), PULL, (13, 4), PULL, (11, 200), PULL]].concat()),
            ("reads-lines", 0, [&opens[..], &[(9, 0), (9, 1), ASK, (9, 0), ASK, (9, 0)]].concat()),
            ("is-no-server", 0, vec![ASK, SAY, ASK, (0, 0)]),
        ] {
            let wire = "4a\u{1e}bAQID\u{1e}2\nok\n\u{1e}\n{\"code\":1,\"message\":\"Session ID unknown\"}\n";
            self.calls("socketio_polling", name, options, &calls, wire);
        }
        let round = [(15, 40), (0, 8), (2, 9), (0, 70), (2, 71), (4, 0), (6, 0), (8, 0)];
        let upgrade =
            [(10, 0), (10, 0), (11, 0), (0, 5), (12, 0), (2, 6), (4, 0), (6, 1), (13, 101), (8, 0), (11, 0), (15, 50), (0, 6)];
        for (name, calls) in [
            ("pair-talks", round.to_vec()),
            ("pair-upgrades", [&round[..], &upgrade, &round].concat()),
            ("pair-loses-its-websocket", [&round[..], &upgrade[..7], &[(14, 0)], &upgrade, &round].concat()),
            ("pair-is-cut", [&round[..], &upgrade, &round, &[(14, 0)]].concat()),
            ("pair-loses-a-request", [&round[..], &[(4, 0), (14, 50)]].concat()),
            ("pair-loses-a-poll", [&round[..], &[(4, 0), (6, 0), (6, 0), (14, 60), (14, 70)]].concat()),
            ("pair-client-closes", [&round[..], &[(0, 8), (15, 0)]].concat()),
            ("pair-client-closes-the-websocket", [&round[..], &upgrade, &[(0, 8), (15, 0)]].concat()),
            ("pair-server-closes", [&round[..], &[(2, 8), (15, 255)]].concat()),
            ("pair-server-closes-the-websocket", [&round[..], &upgrade, &[(2, 8), (15, 255)]].concat()),
        ] {
            self.calls("socketio_polling", name, 1, &calls, "");
        }
    }
}
