//! `Buffered` with compression: two peers that have negotiated it, whole messages and pieces, whatever the buffers hold.
#![cfg(feature = "deflate")]
mod property;
mod support;

use property::{one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    Accept, Buffered, CallError, ClientRequest, CloseCode, Codec, Compressor, Config, Connection, Deflate, DeflateConfig,
    Deflated, Event, Inflate, Inflater, Level, MessageKind, NoEntropy, Origin, ProtocolError, State, Transport, UsageError,
};
use support::entropy::Counter;
use support::ms;

type Peer<'c, E, D> = Buffered<'c, E, Vec<u8>, Vec<u8>, Vec<u8>, Connection<'c, E>, D>;

/// An inflater and a compressor with memory of their own, for one connection.
fn codec(config: &Config<'_>, level: Level) -> Deflated<Inflater<'static>, Compressor<'static>> {
    let (receive, send) = (config.deflate.receive_window_bits, config.deflate.send_window_bits);
    let receive = if config.deflate.fallback { 15 } else { receive };
    let history = vec![0; 1 << receive].leak();
    let memory = vec![0; Compressor::memory_len(send, level).unwrap()].leak();
    Deflated::new(Inflater::new(history).unwrap(), Compressor::new(send, level, memory).unwrap())
}

/// What one end has received: messages, joined, and the last event.
#[derive(Default)]
struct Seen {
    messages: Vec<(MessageKind, Vec<u8>)>,
    partial: Vec<u8>,
    fault: Option<ProtocolError>,
    end: Option<(CloseCode, bool)>,
}

impl Seen {
    /// Takes what the connection gives.
    fn take<E: sansocket::Entropy, D: Codec>(&mut self, ws: &mut Peer<'_, E, D>) {
        while let Some((event, mut commands)) = ws.next(ms(0)).unwrap() {
            match event {
                Event::Request(request) => commands.accept(&request, &Accept::new(Origin::Any)).unwrap(),
                Event::Data(data) => {
                    assert_eq!(data.offset, self.partial.len() as u64);
                    self.partial.extend_from_slice(data.payload);
                    if data.last {
                        self.messages.push((data.kind, std::mem::take(&mut self.partial)));
                    }
                }
                Event::Failed { error, .. } => self.fault = Some(error),
                Event::Closed { code, was_clean, .. } => self.end = Some((code, was_clean)),
                _ => {}
            }
        }
    }
}

/// Moves up to `step` bytes of what is due.
fn carry<E: sansocket::Entropy, F: sansocket::Entropy, D: Codec, G: Codec>(
    from: &mut Peer<'_, E, D>,
    to: &mut Peer<'_, F, G>,
    step: usize,
    wire: &mut Vec<u8>,
) -> usize {
    let Some(space) = to.space() else { return 0 };
    let n = from.due().len().min(step).min(space.len());
    space[..n].copy_from_slice(&from.due()[..n]);
    wire.extend_from_slice(&space[..n]);
    from.written(n, ms(0));
    to.filled(n, ms(0));
    n
}

fn peers<'c, D: Codec, G: Codec>(
    client: &'c Config<'c>,
    server: &'c Config<'c>,
    (of_client, of_server): (D, G),
    [input, output, memory]: [usize; 3],
) -> (Peer<'c, Counter, D>, Peer<'c, NoEntropy, G>) {
    let buffers = || (vec![0; input], vec![0; output], vec![0; memory]);
    let (i, o, m) = buffers();
    let mut c = Buffered::new(Connection::client(client, Counter::default(), ms(0)), i, o).deflate(of_client, m);
    let (i, o, m) = buffers();
    let mut s = Buffered::new(Connection::server(server, ms(0)), i, o).deflate(of_server, m);
    c.commands(ms(0)).request(&ClientRequest::new("a", "/")).unwrap();
    let (mut of_c, mut of_s) = (Seen::default(), Seen::default());
    while c.connection().state() != State::Open {
        carry(&mut c, &mut s, 1000, &mut Vec::new());
        of_s.take(&mut s);
        carry(&mut s, &mut c, 1000, &mut Vec::new());
        of_c.take(&mut c);
    }
    assert!(c.connection().negotiated().deflate().is_some() && s.connection().negotiated().deflate().is_some());
    (c, s)
}

fn text(len: usize) -> String {
    (0..len).map(|n| format!("{{\"n\":{n},\"price\":{}}}", n * 7919 % 1000)).collect::<String>().chars().take(len).collect()
}

/// How a message is sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    Whole,
    Plain,
    /// In parts of so many bytes.
    Parts(usize),
}

fn any_way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Whole), Just(Way::Plain), (1_usize..3000).prop_map(Way::Parts)]
}

fn any_config() -> impl Strategy<Value = Config<'static>> {
    (8_u8..=15, 8_u8..=15, any::<bool>(), any::<bool>()).prop_map(|(send, receive, alone, peer)| {
        let deflate = DeflateConfig::new().send_window_bits(send).receive_window_bits(receive);
        Config::new().deflate(deflate.send_no_context_takeover(alone).receive_no_context_takeover(peer))
    })
}

/// Sends what `messages` say, as far as there is room. Returns whether all is sent.
fn send<E: sansocket::Entropy, D: Codec>(
    ws: &mut Peer<'_, E, D>,
    messages: &[(Way, MessageKind, Vec<u8>)],
    at: &mut (usize, usize),
) -> bool {
    while let Some((way, kind, payload)) = messages.get(at.0) {
        let mut commands = ws.commands(ms(0));
        let sent = match *way {
            Way::Whole => commands.send(*kind, payload).map(|()| payload.len()),
            Way::Plain => commands.plain().send(*kind, payload).map(|()| payload.len()),
            Way::Parts(len) => {
                let end = payload.len().min(at.1 + len);
                commands.send_part(*kind, at.1 as u64, &payload[at.1..end], end == payload.len())
            }
        };
        match sent {
            Ok(n) => at.1 += n,
            Err(CallError::NeedsRoom { .. }) => return false,
            Err(error) => panic!("{error:?}"),
        }
        if at.1 == payload.len() {
            *at = (at.0 + 1, 0);
        }
    }
    true
}

/// Two peers with random windows, levels, buffers and steps: every message arrives, in order, as it was sent, whichever way it was sent
/// and whether it comes whole or in pieces.
#[test]
fn messages_of_two_peers_arrive_as_they_were_sent() {
    let message = (any_way(), one_of(&[MessageKind::Text, MessageKind::Binary]), 0_usize..4000, any::<bool>());
    let levels = || one_of(&[Level::Fast, Level::Default, Level::Best]);
    let buffers = (200_usize..3000, 4500_usize..9000, 4000_usize..5000, 1_usize..2000, any::<bool>());
    property(
        64,
        (any_config(), any_config(), levels(), vec(message, 0..8), buffers),
        |(client, server, level, plan, buffers)| {
            let messages = plan.into_iter().map(|(way, kind, len, is_noise)| {
                let noise = (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
                (way, kind, if is_noise && kind == MessageKind::Binary { noise } else { text(len).into_bytes() })
            });
            // An empty message in parts is one call.
            let messages: Vec<_> =
                messages.map(|(way, kind, p)| (if p.is_empty() { Way::Whole } else { way }, kind, p)).collect();
            let (input, output, memory, step, pieces) = buffers;
            let codecs = (codec(&client, level), codec(&server, level));
            let (c, mut s) = peers(&client, &server, codecs, [input.max(600), output, memory]);
            let mut c = if pieces { c.in_pieces() } else { c };
            let (mut of_c, mut of_s, mut from_s, mut from_c) = (Seen::default(), Seen::default(), (0, 0), (0, 0));
            let mut wire = Vec::new();
            for _ in 0..100_000 {
                let all = send(&mut s, &messages, &mut from_s) & send(&mut c, &messages, &mut from_c);
                let moved = carry(&mut s, &mut c, step, &mut wire) + carry(&mut c, &mut s, step, &mut wire);
                of_c.take(&mut c);
                of_s.take(&mut s);
                if all && moved == 0 && s.due().is_empty() && c.due().is_empty() {
                    break;
                }
            }
            let sent: Vec<_> = messages.iter().map(|(_, kind, payload)| (*kind, payload.clone())).collect();
            assert_eq!((of_c.fault, of_s.fault), (None, None));
            assert!(
                of_c.messages == sent && of_s.messages == sent,
                "{} and {} of {}",
                of_c.messages.len(),
                of_s.messages.len(),
                sent.len()
            );
        },
    );
}

fn deflate_12() -> Config<'static> {
    Config::new().deflate(DeflateConfig::new().send_window_bits(12).receive_window_bits(12))
}

/// What is sent on the wire by `act`, and what the client reads then.
fn sent_by(act: impl FnOnce(&mut Peer<'_, NoEntropy, Deflated<Inflater<'static>, Compressor<'static>>>)) -> (Vec<u8>, Seen) {
    let config = deflate_12();
    let codecs = (codec(&config, Level::Default), codec(&config, Level::Default).min_len(20));
    let (mut c, mut s) = peers(&config, &config, codecs, [4096, 8192, 4096]);
    act(&mut s);
    let (mut wire, mut seen) = (Vec::new(), Seen::default());
    while carry(&mut s, &mut c, 5000, &mut wire) > 0 {
        seen.take(&mut c);
    }
    (wire, seen)
}

/// each message can go uncompressed; short ones do, as the codec says; what does not fit at worst does too.
#[test]
fn whether_a_message_is_compressed_is_decided_when_it_begins() {
    let long = "a".repeat(1000);
    type Own = Deflated<Inflater<'static>, Compressor<'static>>;
    let first = |act: &dyn Fn(&mut sansocket::Commands<'_, '_, NoEntropy, Own>)| {
        let (wire, seen) = sent_by(|ws| act(&mut ws.commands(ms(0))));
        (wire[0], wire.len() < 100, seen.messages.len())
    };
    assert_eq!(first(&|ws| ws.send_text(&long).unwrap()), (0xC1, true, 1));
    assert_eq!(first(&|ws| ws.plain().send_text(&long).unwrap()), (0x81, false, 1));
    assert_eq!(first(&|ws| ws.send_text("nineteen bytes.....").unwrap()), (0x81, true, 1));
    assert_eq!(first(&|ws| ws.send_text("and twenty of them..").unwrap()).0, 0xC1);
    assert_eq!(first(&|ws| assert_eq!(ws.send_part(MessageKind::Binary, 0, &[1; 500], true), Ok(500))), (0xC2, true, 1));
    assert_eq!(first(&|ws| assert_eq!(ws.plain().send_part(MessageKind::Binary, 0, &[1; 500], true), Ok(500))), (0x82, false, 1));
    // A part of a message that is longer than it is compressed.
    assert_eq!(first(&|ws| assert_eq!(ws.send_part(MessageKind::Text, 0, b"short", false), Ok(5))).0, 0x41);
    // 8192 bytes of output, of which 131 are kept for answers: 7 600 fit as they are, but might not.
    assert_eq!(first(&|ws| ws.send(MessageKind::Binary, &[0; 6_900]).unwrap()), (0xC2, true, 0));
    let (wire, _) = sent_by(|ws| ws.commands(ms(0)).send(MessageKind::Binary, &[0; 7_600]).unwrap());
    assert_eq!((wire[0], wire.len() >= 7_600), (0x82, true));
    // A message that began uncompressed cannot go on compressed, nor the reverse.
    sent_by(|ws| {
        ws.commands(ms(0)).send_part(MessageKind::Text, 0, &[b'a'; 50], false).unwrap();
        let wrong = ws.commands(ms(0)).plain().send_part(MessageKind::Text, 50, b"b", true);
        assert_eq!(wrong, Err(CallError::Usage(UsageError::WrongMessageKind)));
        assert_eq!(ws.commands(ms(0)).send_text(&long), Err(CallError::Usage(UsageError::MessageUnfinished)));
        ws.commands(ms(0)).send_part(MessageKind::Text, 50, b"b", true).unwrap();
    });
}

/// X-17, L-05: a message that inflates beyond the memory for it fails with 1009 at the first byte too many.
#[test]
fn message_longer_than_the_memory_fails() {
    let config = deflate_12();
    for (len, is_good) in [(4095, true), (4096, true), (4097, false), (100_000, false)] {
        let (mut c, mut s) =
            peers(&config, &config, (codec(&config, Level::Fast), codec(&config, Level::Fast)), [4096, 1 << 18, 4096]);
        s.commands(ms(0)).send(MessageKind::Binary, &vec![0; len]).unwrap();
        let mut seen = Seen::default();
        while carry(&mut s, &mut c, 100, &mut Vec::new()) > 0 {
            seen.take(&mut c);
        }
        assert_eq!((seen.messages.len(), seen.fault), if is_good { (1, None) } else { (0, Some(ProtocolError::MessageTooLong)) });
    }
}

/// A codec that is missing is the caller's mistake: `next` says so once, and the connection fails with 1011 and ends, so that no loop
/// spins. What is sent without a codec goes uncompressed.
#[test]
fn missing_codec_fails_the_connection() {
    let config = deflate_12();
    let (mut c, mut s) =
        peers(&config, &config, (codec(&config, Level::Fast), None::<Deflated<Inflater<'_>, Compressor<'_>>>), [4096; 3]);
    s.commands(ms(0)).send_text(&text(100)).unwrap();
    carry(&mut s, &mut c, 5000, &mut Vec::new());
    let mut of_c = Seen::default();
    of_c.take(&mut c);
    assert_eq!(of_c.messages, [(MessageKind::Text, text(100).into_bytes())]);

    c.commands(ms(0)).send_text(&text(100)).unwrap();
    carry(&mut c, &mut s, 5000, &mut Vec::new());
    assert_eq!(s.next(ms(0)).map(|event| event.is_some()), Err(CallError::Usage(UsageError::NoDeflate)));
    assert_eq!(s.due(), b"\x88\x02\x03\xF3");
    let mut of_s = Seen::default();
    of_s.take(&mut s);
    assert!(s.wants_reading() && s.millis_until_timeout(ms(0)) > Some(0));
    s.eof();
    of_s.take(&mut s);
    assert_eq!((of_s.messages.len(), of_s.end), (0, Some((CloseCode::ABNORMAL_CLOSURE, false))));
}

/// For connections that share buffers a codec can be lent once it is known that compression was agreed on.
#[test]
fn codec_can_come_after_the_agreement() {
    let config = deflate_12();
    let none = || None::<Deflated<Inflater<'_>, Compressor<'_>>>;
    let (mut c, mut s) = peers(&config, &config, (codec(&config, Level::Fast), none()), [4096; 3]);
    assert!(s.detach(|len| vec![0; len]).unwrap().is_none());
    let negotiated = s.connection().negotiated();
    c.commands(ms(0)).send_text(&text(100)).unwrap();
    let (mut input, mut output, mut memory) = ([0; 4096], [0; 4096], [0; 4096]);
    let mut server = Connection::open(sansocket::Role::Server, &config, NoEntropy, negotiated, ms(0));
    let mut codec = codec(&config, Level::Fast);
    let mut turn = Buffered::attach(&mut server, &mut input[..], &mut output[..]).deflate(&mut codec, &mut memory[..]).whole();
    let n = c.due().len();
    turn.space().unwrap()[..n].copy_from_slice(c.due());
    turn.filled(n, ms(0));
    let Some((Event::Data(data), _)) = turn.next(ms(0)).unwrap() else { panic!() };
    assert_eq!(*data.payload, *text(100).as_bytes());
}

/// A peer that does not read: what is inflated waits for room in the output, and no deadline for the peer runs.
#[test]
fn inflated_message_waits_for_room() {
    let config = deflate_12();
    let (mut c, s) = peers(&config, &config, (codec(&config, Level::Fast), codec(&config, Level::Fast)), [4096, 4096, 64]);
    let mut s = s.in_pieces();
    c.commands(ms(0)).send_text(&"x".repeat(500)).unwrap();
    carry(&mut c, &mut s, 5000, &mut Vec::new());
    // The first piece has taken all of the input; then the output is nearly full.
    let Some((Event::Data(first), _)) = s.next(ms(0)).unwrap() else { panic!() };
    let (mut len, mut count) = (first.payload.len(), 1);
    assert!(s.unread().is_empty());
    s.commands(ms(0)).plain().send(MessageKind::Binary, &[7; 3900]).unwrap();
    let mut s = s.room_for(1000);
    assert!(s.next(ms(0)).unwrap().is_none());
    assert!(!s.wants_reading() && !s.is_idle());
    let n = s.due().len();
    s.written(n, ms(0));
    while let Some((event, _)) = s.next(ms(0)).unwrap() {
        let Event::Data(data) = event else { panic!() };
        (len, count) = (len + data.payload.len(), count + 1);
    }
    assert_eq!((len, count > 5, s.is_idle()), (500, true, true));
}

/// A message that is sent in parts ends exactly where the room does: it comes to its end all the same, for every room.
#[test]
fn part_whose_end_has_no_room_is_given_again() {
    let config = deflate_12();
    let noise: Vec<u8> = (0..300_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut withheld = 0;
    for filler in 0..300 {
        let codecs = (codec(&config, Level::Fast), codec(&config, Level::Fast));
        let (mut c, mut s) = peers(&config, &config, codecs, [1024, 700, 1024]);
        s.commands(ms(0)).plain().send(MessageKind::Binary, &vec![0; filler]).unwrap();
        let (mut wire, mut seen, mut sent) = (Vec::new(), Seen::default(), 0);
        while sent < noise.len() {
            match s.commands(ms(0)).send_part(MessageKind::Binary, sent as u64, &noise[sent..], true) {
                Ok(n) => sent += n,
                Err(CallError::NeedsRoom { .. }) => {
                    withheld += usize::from(sent == noise.len() - 1);
                    carry(&mut s, &mut c, 700, &mut wire);
                    seen.take(&mut c);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        carry(&mut s, &mut c, 700, &mut wire);
        seen.take(&mut c);
        assert!(seen.messages.len() == 2 && seen.messages[1].1 == noise, "{filler}");
    }
    assert!(withheld > 0);
}

/// The end of a message can come as an empty part, once the program knows that there is no more: it also waits for its room.
#[test]
fn empty_last_part_ends_its_message() {
    let config = deflate_12();
    for level in [Level::Fast, Level::Default] {
        let (mut c, mut s) = peers(&config, &config, (codec(&config, level), codec(&config, level)), [1024, 512, 4096]);
        let (mut wire, mut seen, message, mut sent, mut is_ended) = (Vec::new(), Seen::default(), text(3000), 0, false);
        while !is_ended {
            let rest = &message.as_bytes()[sent..];
            match s.commands(ms(0)).send_part(MessageKind::Text, sent as u64, rest, rest.is_empty()) {
                Ok(n) => (sent, is_ended) = (sent + n, rest.is_empty()),
                Err(CallError::NeedsRoom { .. }) => {
                    carry(&mut s, &mut c, 512, &mut wire);
                    seen.take(&mut c);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        carry(&mut s, &mut c, 512, &mut wire);
        seen.take(&mut c);
        assert_eq!(seen.messages, [(MessageKind::Text, message.into_bytes())], "{level:?}");
    }
}

/// A message in parts goes on in the next turn with shared buffers, wherever the last one has come to.
#[test]
fn message_in_parts_goes_on_in_the_next_turn() {
    let config = deflate_12();
    let (mut c, s) = peers(&config, &config, (codec(&config, Level::Fast), codec(&config, Level::Fast)), [4096; 3]);
    let negotiated = s.connection().negotiated();
    let mut server = Connection::open(sansocket::Role::Server, &config, NoEntropy, negotiated, ms(0));
    let mut codec = codec(&config, Level::Default);
    let (mut input, mut output, mut memory) = ([0; 512], [0; 512], [0; 512]);
    let (message, mut sent, mut rest, mut seen) = (text(3000), 0, None, Seen::default());
    while sent < message.len() {
        let turn = Buffered::attach(&mut server, &mut input[..], &mut output[..]);
        let mut turn = turn.deflate(&mut codec, &mut memory[..]);
        if let Some(rest) = rest.take() {
            turn.restore(&rest).unwrap();
        }
        match turn.commands(ms(0)).send_part(MessageKind::Text, sent as u64, &message.as_bytes()[sent..], true) {
            Ok(n) => sent += n,
            Err(error) => assert!(matches!(error, CallError::NeedsRoom { .. })),
        }
        let n = turn.due().len();
        c.space().unwrap()[..n].copy_from_slice(turn.due());
        c.filled(n, ms(0));
        seen.take(&mut c);
        turn.written(n, ms(0));
        rest = turn.detach(|len| vec![0; len]).unwrap();
    }
    assert!(rest.is_none() && seen.messages == [(MessageKind::Text, message.into_bytes())]);
}

/// A whole message inside another is the same mistake whether it would be compressed or not.
#[test]
fn whole_message_inside_another_is_refused() {
    let unfinished = Err(CallError::Usage(UsageError::MessageUnfinished));
    for plain in [false, true] {
        let (_, seen) = sent_by(|ws| {
            let mut commands = ws.commands(ms(0));
            let mut commands = if plain { commands.plain() } else { commands };
            let sent = commands.send_part(MessageKind::Text, 0, &[b'a'; 50], false);
            assert_eq!(sent, Ok(50));
            assert_eq!(ws.commands(ms(0)).send_text(&text(50)), unfinished);
            assert_eq!(ws.commands(ms(0)).plain().send_text(&text(50)), unfinished);
            assert_eq!(ws.commands(ms(0)).send(MessageKind::Binary, &[0; 50]), unfinished);
            assert_eq!(ws.commands(ms(0)).plain().send_part(MessageKind::Text, 0, b"a", true), unfinished.map(|()| 0));
        });
        assert_eq!((seen.messages.len(), seen.fault), (0, None));
    }
}

/// Memory that is lent while a message is under way, once compression is agreed on perhaps, takes over what is joined already.
#[test]
fn memory_lent_inside_a_message_takes_it_over() {
    let config = deflate_12();
    let agreed = sansocket::Negotiated::NOTHING.with_deflate(sansocket::DeflateParams::DEFAULT);
    for (memory, seen) in [(0, Some("abcdef")), (3, None), (6, Some("abcdef"))] {
        for has_codec in [false, true] {
            let ws = Connection::open(sansocket::Role::Client, &config, Counter::default(), agreed, ms(0));
            let mut ws = Buffered::new(ws, vec![0; 512], vec![0; 512]);
            let (first, last) = (*b"\x02\x03abc", *b"\x80\x03def");
            ws.space().unwrap()[..5].copy_from_slice(&first);
            ws.filled(5, ms(0));
            assert!(ws.next(ms(0)).unwrap().is_none());
            let codec = has_codec.then(|| codec(&config, Level::Fast));
            let mut ws = ws.deflate(codec, vec![0; memory]);
            ws.space().unwrap()[..5].copy_from_slice(&last);
            ws.filled(5, ms(0));
            match ws.next(ms(0)).unwrap().unwrap().0 {
                Event::Data(data) => assert_eq!(Some(&*data.payload), seen.map(str::as_bytes)),
                event => assert!(seen.is_none() && matches!(event, Event::Failed { error: ProtocolError::MessageTooLong, .. })),
            }
        }
    }
}

/// A compressed frame for many that a connection cannot take is the same mistake with and without room for it.
#[test]
fn compressed_frame_without_agreement_needs_no_room() {
    let config = Config::new();
    let message = sansocket::CompressedMessage::from_parts(&[0; 1000], 15);
    for (role, error) in [(sansocket::Role::Server, UsageError::NoDeflate), (sansocket::Role::Client, UsageError::WrongRole)] {
        for output in [300, 3000] {
            let ws = Connection::open(role, &config, Counter::default(), sansocket::Negotiated::NOTHING, ms(0));
            let mut ws = Buffered::new(ws, vec![0; 512], vec![0; output]);
            assert_eq!(ws.commands(ms(0)).send_compressed(&message), Err(error.into()));
        }
    }
}

/// A compressor that connections share serves them in turn through their buffers.
#[test]
fn shared_compressor_serves_connections_in_turn() {
    let config = Config::new().deflate(DeflateConfig::new().send_no_context_takeover(true));
    let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
    let mut shared = Compressor::new(15, Level::Fast, &mut memory).unwrap();
    let shared: &mut dyn Deflate = &mut shared;
    let mut history = vec![0; 1 << 15];
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for seen in [&mut first, &mut second] {
            let mut inflater = Inflater::new(&mut history).unwrap();
            let inflater: &mut dyn Inflate = &mut inflater;
            let codecs = (codec(&config, Level::Fast), Deflated::new(inflater, &mut *shared));
            let (mut c, mut s) = peers(&config, &config, codecs, [4096; 3]);
            s.commands(ms(0)).send_text(&text(100 + round)).unwrap();
            carry(&mut s, &mut c, 5000, &mut Vec::new());
            let mut reads = Seen::default();
            reads.take(&mut c);
            seen.extend(reads.messages);
        }
    }
    assert!(first.len() == 3 && first == second);
}

/// A codec that is lent for a call serves connections with buffers of their own, whose type says nothing of it.
#[test]
fn codec_can_be_lent_for_a_call() {
    let config = Config::new().deflate(DeflateConfig::new().send_no_context_takeover(true).receive_no_context_takeover(true));
    let mut shared = codec(&config, Level::Fast);
    let mut wires = [Vec::new(), Vec::new()];
    for pieces in [false, true] {
        for wire in &mut wires {
            let (mut c, s) = peers(&config, &config, (sansocket::NoCodec, sansocket::NoCodec), [4096; 3]);
            let mut s = if pieces { s.in_pieces() } else { s };
            c.commands_with(ms(0), &mut shared).send_text(&text(200)).unwrap();
            carry(&mut c, &mut s, 5000, wire);
            let Some((Event::Data(data), mut commands)) = s.next_with(ms(0), &mut shared).unwrap() else { panic!() };
            assert_eq!(*data.payload, *text(200).as_bytes());
            commands.send(MessageKind::Text, data.payload).unwrap();
            assert!(s.next_with(ms(0), &mut shared).unwrap().is_none());
            carry(&mut s, &mut c, 5000, wire);
            let Some((Event::Data(data), _)) = c.next_with(ms(0), &mut shared).unwrap() else { panic!() };
            assert_eq!(*data.payload, *text(200).as_bytes());
        }
    }
    // Masked by the same counter.
    assert!(wires[0] == wires[1] && wires[0].len() < 600, "{}", wires[0].len());
}

/// After a closing handshake nothing is compressed any more, and nothing is an error.
#[test]
fn what_comes_too_late_goes_nowhere() {
    let (wire, seen) = sent_by(|ws| {
        let mut commands = ws.commands(ms(0));
        commands.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
        commands.send_text(&"a".repeat(500)).unwrap();
        assert_eq!(commands.send_part(MessageKind::Text, 0, &[b'a'; 500], true), Ok(500));
        assert_eq!(ws.transport(), Transport::Keep);
    });
    assert_eq!((wire.len(), seen.messages.len(), seen.fault), (4, 0, None));
}

/// Without memory for what is inflated, compressed messages are the caller's mistake and others arrive.
#[test]
fn memory_for_inflating_can_be_missing() {
    let config = deflate_12();
    for pieces in [false, true] {
        let codecs = (codec(&config, Level::Fast), codec(&config, Level::Fast));
        let (mut c, s) = peers(&config, &config, codecs, [4096, 4096, 0]);
        let mut s = if pieces { s.in_pieces() } else { s };
        c.commands(ms(0)).plain().send_part(MessageKind::Text, 0, b"ab", false).unwrap();
        c.commands(ms(0)).plain().send_part(MessageKind::Text, 2, b"cd", true).unwrap();
        c.commands(ms(0)).send_text(&text(100)).unwrap();
        let mut wire = Vec::new();
        carry(&mut c, &mut s, 5000, &mut wire);
        let mut seen = Vec::new();
        let error = loop {
            match s.next(ms(0)) {
                Ok(Some((Event::Data(data), _))) => seen.extend_from_slice(data.payload),
                Ok(other) => panic!("{:?}", other.map(|(event, _)| event)),
                Err(error) => break error,
            }
        };
        assert_eq!((&*seen, error), (&b"abcd"[..], CallError::Usage(UsageError::NoDeflate)));
    }
}
