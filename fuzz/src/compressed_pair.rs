//! Two endpoints that agree on compression by their own handshake, and send each other messages: all arrive, once and in order.

use crate::compressing_end::{End, Item};
use crate::input_deflate::{CompressedPair, PairStep};
use crate::support::entropy::Counter;
use crate::support::{AMPLE, ms};
use sansocket::{Accept, ClientRequest, Config, Connection, Event, MessageKind, Origin, Role};

/// The numbers of actions, for the seeds.
pub(crate) mod action {
    pub(crate) const PIECE: u8 = 0;
    pub(crate) const MESSAGE: u8 = 4;
    pub(crate) const PLAIN: u8 = 6;
    pub(crate) const PING: u8 = 8;
    pub(crate) const PONG: u8 = 9;
    pub(crate) const DELIVER: u8 = 10;
    pub(crate) const FOR_MANY: u8 = 13;
    pub(crate) const MISUSE: u8 = 14;
    pub(crate) const CLOSE: u8 = 15;
}

/// Messages, control frames and a Close, in both directions and in any pieces, with at most one wrong byte.
pub fn compressed_pair(input: &CompressedPair<'_>) {
    let (of_client, of_server) = (Config::new().deflate(input.client.config()), Config::new().deflate(input.server.config()));
    let connections = handshake(&of_client, &of_server);
    let mut memory = [const { Vec::new() }; 4];
    let mut memory = memory.iter_mut();
    let ends = connections.map(|ws| End::new(ws, input, memory.next().unwrap(), memory.next().unwrap()));
    let mut pair = Pair { ends, input, sound: None };
    for step in &input.steps {
        pair.step(step);
    }
    pair.finish();
}

/// Client and server, open.
fn handshake<'c>(of_client: &'c Config<'c>, of_server: &'c Config<'c>) -> [Connection<'c, Counter>; 2] {
    let mut client = Connection::client(of_client, Counter::default(), ms(0));
    let mut server = Connection::server_with(of_server, Counter::default(), ms(0));
    let (mut request, mut response) = ([0; 1024], [0; 1024]);
    let len = client.request(&ClientRequest::new("a", "/"), ms(0), &mut request).unwrap();
    let received = server.receive(ms(0), &mut request[..len], &mut response).unwrap();
    let Some(Event::Request(request)) = received.event else { panic!() };
    let len = server.accept(&request, &Accept::new(Origin::Any), ms(0), &mut response).unwrap();
    let opened = client.receive(ms(0), &mut response[..len], &mut []).unwrap().event;
    assert!(matches!(opened, Some(Event::Opened(_))), "{opened:?}");
    assert_eq!(client.negotiated().deflate().is_some(), server.negotiated().deflate().is_some());
    [client, server]
}

struct Pair<'i, 'c, 'm> {
    /// Client and server.
    ends: [End<'c, 'm>; 2],
    input: &'i CompressedPair<'i>,
    /// How many items had come before the wrong byte.
    sound: Option<usize>,
}

impl Pair<'_, '_, '_> {
    fn step(&mut self, step: &PairStep) {
        let PairStep { end, number, from, len, room } = *step;
        let at = usize::from(end == Role::Server);
        let kind = if number % 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
        let payload = || payload(self.input.text.0, kind, from.into(), usize::from(len) * 4);
        let short = || payload().into_iter().take(usize::from(len).min(125)).collect();
        let piece = 1 + usize::from(room) * 4;
        let this = &mut self.ends[at];
        match number % 16 {
            0..=3 => {
                this.begin(kind, false, payload);
                this.send_piece(piece, 32 + usize::from(from));
            }
            4 | 5 => {
                this.begin(kind, false, payload);
                this.send_all(room.into());
            }
            6 | 7 => {
                this.begin(kind, true, payload);
                this.send_piece(piece, 32 + usize::from(from));
            }
            8 => this.control(Item::Ping(short())),
            9 => this.control(Item::Pong(short())),
            10..=12 => self.deliver(at, if len == 0 { usize::MAX } else { len.into() }, piece, from.into()),
            13 if end == Role::Server => this.send_compressed(8 + room % 8, kind, payload()),
            13 => {}
            14 => this.misuse(),
            _ if room % 4 == 0 => {
                this.control(Item::Close(1000 + u16::from(room == 4), "bye \u{20ac}"[..usize::from(len % 2) * 7].into()))
            }
            _ => this.send_all(AMPLE),
        }
    }

    /// At most `len` bytes reach the end `at`.
    fn deliver(&mut self, at: usize, len: usize, window: usize, room: usize) {
        let [client, server] = &mut self.ends;
        let (from, to) = if at == 0 { (server, client) } else { (client, server) };
        let wrong = &self.input.wrong;
        let wrong_at = usize::from(wrong.at) % 1024;
        let mut len = len.min(from.wire.len());
        if to.ws.role() == wrong.to && wrong.by != 0 {
            let before = wrong_at.saturating_sub(from.taken);
            match wrong_at >= from.taken {
                true if before == 0 && len > 0 => {
                    self.sound = Some(to.received.len());
                    from.wire[0] ^= wrong.by;
                }
                true => len = len.min(before),
                false => {}
            }
        }
        to.unread.extend(from.wire.drain(..len));
        from.taken += len;
        to.receive(window, room);
    }

    fn deliver_all(&mut self) {
        while self.ends.iter().any(|end| !end.wire.is_empty()) {
            for at in [0, 1] {
                self.deliver(at, usize::MAX, 700, AMPLE);
            }
        }
    }

    /// Everything arrives, and the connections end.
    fn finish(&mut self) {
        for end in &mut self.ends {
            end.send_all(1000);
        }
        self.deliver_all();
        if self.ends[0].is_open() {
            self.ends[0].control(Item::Close(1001, "end".into()));
        }
        self.deliver_all();
        let [client, server] = &self.ends;
        for (from, to) in [(client, server), (server, client)] {
            assert!(to.failures <= usize::from(self.sound.is_some()), "{} failures", to.failures);
            match self.sound.filter(|_| to.ws.role() == self.input.wrong.to) {
                Some(sound) => assert_eq!(to.received[..sound], from.expected[..sound]),
                None => {
                    assert_eq!((to.failures, &to.received), (0, &from.expected));
                    assert!(to.unread.is_empty());
                    let unfinished = from.unfinished.as_ref().map_or(&[][..], |message| &message.payload);
                    assert!(to.open.as_ref().is_none_or(|(_, bytes)| unfinished.starts_with(bytes)), "another message");
                }
            }
        }
        let is_sound = self.sound.is_none();
        for end in &mut self.ends {
            let closed = end.ws.receive_eof(ms(0)).event;
            assert!(matches!(closed, Some(Event::Closed { was_clean, .. }) if was_clean || !is_sound), "{closed:?}");
            assert!(end.ws.receive_eof(ms(0)).event.is_none(), "a second Closed");
        }
    }
}

/// `len` bytes of `pool` from `from` on, over and over; as text, characters of one to four bytes.
fn payload(pool: &[u8], kind: MessageKind, from: usize, len: usize) -> Vec<u8> {
    let (before, after) = pool.split_at(from % pool.len().max(1));
    let mut bytes = [after, before].concat().repeat(len / pool.len().max(1) + 1);
    bytes.truncate(len);
    match kind {
        MessageKind::Binary => bytes,
        MessageKind::Text => {
            let char = |byte: u8| match byte {
                0xC0..=0xDF => char::from_u32(0x2000 + u32::from(byte)),
                0xE0..=0xFF => char::from_u32(0x1_F600 + u32::from(byte)),
                _ => Some(char::from(byte)),
            };
            bytes.into_iter().filter_map(char).collect::<String>().into_bytes()
        }
    }
}
