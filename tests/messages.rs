//! §5.4, §5.6, §6, §8: messages, their fragments and their text, judged by hand and by the reference model.
mod property;
mod support;

use std::cell::Cell;

use property::{bytes, cuts, fin, moves, one_of, property, role};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::*;
use sansocket::{Event, MessageKind, Role, UsageError};
use support::frames::*;
use support::model::{DEFAULT_LIMITS, Limits, judge};
use support::pair::Pair;
use support::probe::Seen;
use support::{Begin, Case, DEFAULT, ROLES, ms, open};

fn text(text: &str) -> Seen {
    Seen::Message(MessageKind::Text, text.into())
}

fn binary(bytes: &[u8]) -> Seen {
    Seen::Message(MessageKind::Binary, bytes.to_vec())
}

/// F-15, F-16, C-03, B-34: fragments are joined in order; the empty ones add nothing, wherever they are.
#[test]
fn fragments_become_one_message() {
    for role in ROLES {
        let case = Case::open(role);
        let wire = [frame_to(role, TEXT, b"ab"), frame_to(role, CONTINUATION, b"cd"), frame_to(role, FIN, b"ef")].concat();
        assert_eq!(case.run(&wire).before_closed(), [text("abcdef")]);
        let wire = [frame_to(role, BINARY, b""), frame_to(role, CONTINUATION, b""), frame_to(role, FIN, b"")].concat();
        assert_eq!(case.run(&wire).before_closed(), [binary(b"")]);
        let wire = [frame_to(role, BINARY, b""), frame_to(role, CONTINUATION, b"x"), frame_to(role, FIN, b"")].concat();
        assert_eq!(case.run(&wire).before_closed(), [binary(b"x")]);
        let wire = [frame_to(role, FIN | TEXT, b""), frame_to(role, FIN | BINARY, b"")].concat();
        assert_eq!(case.run(&wire).before_closed(), [text(""), binary(b"")]);
    }
}

/// F-14, A 5.6-5.8, 5.19, 5.20: control frames between fragments are shown and answered before the message ends.
#[test]
fn control_frames_between_fragments_are_answered_at_once() {
    for role in ROLES {
        let wire = [
            frame_to(role, TEXT, b"ab"),
            frame_to(role, FIN | PING, b"1"),
            frame_to(role, CONTINUATION, b"cd"),
            frame_to(role, FIN | PONG, b"2"),
            frame_to(role, FIN, b"ef"),
        ];
        let seen = Case::open(role).run(&wire.concat());
        let expected = [
            Seen::Ping { payload: b"1".into(), answered: true, within: 2 },
            Seen::Pong { payload: b"2".into(), within: 4 },
            text("abcdef"),
        ];
        assert_eq!(seen.before_closed(), expected);
        assert_eq!(plain(&written_by(role, &seen.output)), [(FIN | PONG, b"1".to_vec())]);
    }
}

/// F-12, B-32, A 5.9-5.14.
#[test]
fn continuation_without_start_fails() {
    for role in ROLES {
        for first in [CONTINUATION, FIN | CONTINUATION] {
            let wire = [frame_to(role, FIN | TEXT, b"a"), frame_to(role, first, b"b"), frame_to(role, FIN | TEXT, b"c")].concat();
            let seen = Case::open(role).run(&wire);
            assert_eq!(seen.before_closed(), [text("a"), Seen::Failed(ContinuationWithoutStart)]);
        }
    }
}

/// F-13, B-32, A 5.15-5.18.
#[test]
fn message_inside_a_message_fails() {
    for role in ROLES {
        for first in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
            let wire = [frame_to(role, TEXT, b"a"), frame_to(role, first, b"b")].concat();
            let seen = Case::open(role).run(&wire);
            assert_eq!(seen.before_closed(), [Seen::Failed(MessageInsideMessage)]);
            assert_eq!(seen.open, Some((MessageKind::Text, b"a".into())));
        }
    }
}

/// Law 6, C-03, B-34: one piece if the message lies whole in the input; else its pieces and their marks.
#[test]
fn chunks_say_where_in_the_message_they_are() {
    let whole = frame_to(Role::Server, FIN | BINARY, b"abcdef");
    let mut conn = open(Role::Server);
    let mut input = whole.clone();
    let received = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
    let Some(Event::Data(data)) = received.event else { panic!() };
    assert_eq!((&*data.payload, data.offset, data.first(), data.last), (&b"abcdef"[..], 0, true, true));
    // The rest in two pieces, then the message's last bytes in an empty frame.
    let wire = [frame_to(Role::Server, BINARY, b"abcdef"), frame_to(Role::Server, FIN, b"")].concat();
    let mut pieces = Vec::new();
    let mut rest = wire.clone();
    for end in [8, wire.len()] {
        let mut input: Vec<_> = rest[..end - (wire.len() - rest.len())].to_vec();
        loop {
            let before = input.clone();
            let received = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
            let consumed = received.consumed;
            let Some(Event::Data(data)) = received.event else { break };
            pieces.push((data.payload.to_vec(), data.offset, data.first(), data.last));
            rest.drain(..consumed);
            input = before[consumed..].to_vec();
        }
    }
    let expected = [(b"ab".to_vec(), 0, true, false), (b"cdef".to_vec(), 2, false, false), (b"".to_vec(), 6, false, true)];
    assert_eq!(pieces, expected);
}

/// Whether `bytes` can become text, by core: the length of the prefix after which they cannot.
fn bad_byte(bytes: &[u8]) -> Option<usize> {
    (1..=bytes.len()).find(|&end| core::str::from_utf8(&bytes[..end]).is_err_and(|error| error.error_len().is_some()))
}

/// F-25, F-26, B-33, A 6.x: texts good and bad, as one frame, cut into fragments at every place, and by bytes. The fault
/// falls at the first bad byte, or where the message ends inside a character.
#[test]
fn text_fails_at_its_first_bad_byte() {
    let texts: [&[u8]; 24] = [
        b"plain",
        "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}".as_bytes(),
        "\u{10FFFF}\u{10000}\u{FFFF}\u{D7FF}\u{E000}\u{7FF}\u{800}\u{80}".as_bytes(),
        b"\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80edited",
        b"\xF4\x90\x80\x80",
        b"\xF0\x8F\xBF\xBF",
        b"\xC0\xAF",
        b"\xC1\xBF",
        b"\xE0\x80\xAF",
        b"\xE0\x9F\xBF",
        b"\xED\xBF\xBF",
        b"\xF5\x80\x80\x80",
        b"\xFF",
        b"\xFE",
        b"\x80",
        b"a\xBFb",
        b"\xE2\x82",
        b"\xE2\x82x",
        b"ab\xC3",
        b"\xF0\x9F\x92",
        b"\xF8\x88\x80\x80\x80",
        b"0123456789abcdef0123456789abcdef0123456789abcdef\xC3\xA40123456789abcdef\xFF!",
        b"\xEF\xBF\xBE\xEF\xBB\xBF",
        b"\0\x7F",
    ];
    for bytes in texts {
        let bad = bad_byte(bytes);
        let is_text = core::str::from_utf8(bytes).is_ok();
        for role in ROLES {
            let header = if role == Role::Server { 6 } else { 2 };
            let seen = Case::open(role).run_briefly(&frame_to(role, FIN | TEXT, bytes));
            if is_text {
                assert_eq!(seen.before_closed(), [Seen::Message(MessageKind::Text, bytes.into())]);
            } else {
                assert_eq!(seen.before_closed(), [Seen::Failed(InvalidUtf8)]);
                assert_eq!(seen.fault_at, Some(header + bad.unwrap_or(bytes.len())), "{bytes:02x?}");
                assert_eq!(plain(&written_by(role, &seen.output)), [(FIN | CLOSE, 1007_u16.to_be_bytes().into())]);
            }
            for cut in 0..=bytes.len() {
                let (a, b) = bytes.split_at(cut);
                let wire = [frame_to(role, TEXT, a), frame_to(role, FIN | PING, b""), frame_to(role, FIN, b"")];
                let wire = [&wire[0], &wire[1], &frame_to(role, CONTINUATION, b)[..], &wire[2]].concat();
                let seen = Case::open(role).run_briefly(&wire);
                assert_eq!(seen.has_failed(), !is_text, "{bytes:02x?} cut at {cut}");
            }
        }
    }
}

/// F-26: text that cannot become valid fails inside an unfinished frame, A 6.4.x strict.
#[test]
fn bad_text_fails_inside_an_unfinished_frame() {
    let mut wire = frame_to(Role::Client, FIN | TEXT, &[b'a'; 100]);
    wire[40] = 0xFF;
    let seen = Case::open(Role::Client).run(&wire[..41]);
    assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(InvalidUtf8)][..], Some(41)));
    assert_eq!(seen.open, Some((MessageKind::Text, vec![b'a'; 38])));
}

/// The echo of a good message leaves before the failure after it is acted on.
#[test]
fn good_message_is_given_before_the_fault_after_it() {
    let mut conn = open(Role::Client);
    let mut input = [frame_to(Role::Client, FIN | TEXT, b"good"), frame_to(Role::Client, 0xF3, b"")].concat();
    let mut out = [0; 131];
    let received = conn.receive(ms(0), &mut input, &mut out).unwrap();
    let (consumed, produced) = (received.consumed, received.produced);
    assert!(matches!(received.event, Some(Event::Data(_))) && produced == 0);
    assert!(conn.send_text("good", &mut out).is_ok());
    let received = conn.receive(ms(0), &mut input[consumed..], &mut out).unwrap();
    assert!(matches!(received.event, Some(Event::Failed { .. })) && received.produced == 8);
}

/// A frame for a wire.
#[derive(Clone, Debug)]
struct Frame {
    what: What,
    key: [u8; 4],
    /// What is wrong with it, in this order.
    odd: Vec<Odd>,
}

#[derive(Clone, Debug)]
enum What {
    /// The start of a message, or its continuation if one is unfinished: so a wire stays valid if a frame is left out.
    Data {
        opcode: u8,
        fin: bool,
        payload: Vec<u8>,
    },
    Control {
        opcode: u8,
        payload: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
enum Odd {
    Opcode(u8),
    OtherFin,
    Rsv(u8),
    Byte {
        place: usize,
        value: u8,
    },
    OtherMasking,
    /// A form that may be too long, with the length of the payload or another.
    Length(Form, Option<u64>),
}

impl Frame {
    /// Its bytes. `inside`: whether a message is unfinished, kept up to date.
    fn wire(&self, receiver: Role, inside: &mut bool) -> Vec<u8> {
        let (mut opcode, mut fin, mut payload) = match self.what.clone() {
            What::Data { opcode, fin, payload } => (if *inside { CONTINUATION } else { opcode }, fin, payload),
            What::Control { opcode, payload } => (opcode, true, payload),
        };
        let (mut rsv, mut masked, mut odd_length) = (0, receiver == Role::Server, None);
        for odd in &self.odd {
            match *odd {
                Odd::Opcode(other) => opcode = other,
                Odd::OtherFin => fin = !fin,
                Odd::Rsv(bits) => rsv = bits,
                Odd::Byte { place, value } => {
                    if !payload.is_empty() {
                        let place = place % payload.len();
                        payload[place] = value;
                    }
                }
                Odd::OtherMasking => masked = !masked,
                Odd::Length(form, value) => odd_length = Some((form, value.unwrap_or(payload.len() as u64))),
            }
        }
        if opcode < 8 {
            *inside = !fin;
        }
        let mut wire = frame(u8::from(fin) << 7 | rsv << 4 | opcode, masked.then_some(self.key), &payload);
        if let Some((form, value)) = odd_length {
            let usual = length(shortest_form(payload.len() as u64), 0, masked).len();
            wire.splice(1..1 + usual, length(form, value, masked));
        }
        wire
    }
}

fn odd() -> impl Strategy<Value = Odd> {
    let value = one_of(&[125, 126, 200, 300, 65_535, 65_536, 1 << 40, 1 << 63]);
    prop_oneof![
        3 => (0_u8..16).prop_map(Odd::Opcode),
        2 => Just(Odd::OtherFin),
        1 => (1_u8..8).prop_map(Odd::Rsv),
        3 => (0_usize..400, any::<u8>()).prop_map(|(place, value)| Odd::Byte { place, value }),
        1 => Just(Odd::OtherMasking),
        2 => (one_of(&[Form::Sixteen, Form::SixtyFour]), proptest::option::of(value)).prop_map(|(form, value)| Odd::Length(form, value)),
    ]
}

/// Letters, or text that may end inside a character.
fn letters(lens: &'static [usize]) -> impl Strategy<Value = Vec<u8>> {
    let text = "a\u{e4}\u{20ac}\u{1F600}".repeat(31).into_bytes();
    prop_oneof![
        3 => one_of(lens).prop_map(|len| vec![b'x'; len]),
        1 => one_of(lens).prop_map(move |len| text[..len].to_vec()),
    ]
}

/// The same, or noise.
fn payloads(lens: &'static [usize]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => letters(lens), 1 => bytes(0..126)]
}

/// Code and reason, mostly whole.
fn close_payloads() -> impl Strategy<Value = Vec<u8>> {
    let allowed = one_of(&[1000_u16, 1001, 1011, 3000, 4999]);
    let code = prop_oneof![2 => allowed, 1 => one_of(&[999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])];
    (code, one_of(&["", "bye", "\u{e4}"]), one_of(&[9, 9, 9, 9, 0, 1, 2])).prop_map(|(code, reason, most)| {
        let mut payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        payload.truncate(most);
        payload
    })
}

/// Up to eight frames: for four that are valid, `odd_ones` are not.
fn frames(odd_ones: u32) -> impl Strategy<Value = Vec<Frame>> {
    const LENS: &[usize] = &[0, 0, 0, 0, 1, 1, 2, 3, 5, 7, 9, 40, 126, 300, 301];
    let data = prop_oneof![2 => (Just(TEXT), letters(LENS)), 1 => (Just(BINARY), payloads(LENS))];
    let data = (data, fin());
    let control = (one_of(&[PING, PING, PONG]), payloads(&[0, 1, 2, 4, 10, 125]));
    let what = prop_oneof![
        15 => data.prop_map(|((opcode, payload), fin)| What::Data { opcode, fin, payload }),
        6 => control.prop_map(|(opcode, payload)| What::Control { opcode, payload }),
        2 => close_payloads().prop_map(|payload| What::Control { opcode: CLOSE, payload }),
    ];
    let odd = prop_oneof![4 => Just(Vec::new()), odd_ones => vec(odd(), 1..3)];
    vec((what, any::<[u8; 4]>(), odd).prop_map(|(what, key, odd)| Frame { what, key, odd }), 1..9)
}

/// A wire, and the endpoint that gets it.
#[derive(Clone, Debug)]
struct Wire {
    role: Role,
    begin: Begin,
    has_small_limits: bool,
    frames: Vec<Frame>,
    /// A bit that is flipped, by the place of its byte.
    flipped: Option<(usize, u8)>,
    /// Where it ends too early.
    end: Option<usize>,
}

fn wires() -> impl Strategy<Value = Wire> {
    let begin = one_of(&[Begin::Open, Begin::Open, Begin::Open, Begin::Open, Begin::Closing]);
    let flipped = proptest::option::weighted(0.25, (0_usize..2_000, 0_u8..8));
    // Half of them are good, but for their ends.
    let frames = prop_oneof![(frames(0), Just(None)), (frames(1), flipped)];
    (role(), begin, any::<bool>(), frames, proptest::option::weighted(0.25, 0_usize..2_000)).prop_map(
        |(role, begin, has_small_limits, (frames, flipped), end)| Wire { role, begin, has_small_limits, frames, flipped, end },
    )
}

impl Wire {
    fn bytes(&self) -> Vec<u8> {
        let mut inside = false;
        let mut wire: Vec<_> = self.frames.iter().flat_map(|frame| frame.wire(self.role, &mut inside)).collect();
        if let Some((place, bit)) = self.flipped {
            let place = place % wire.len();
            wire[place] ^= 1 << bit;
        }
        if let Some(end) = self.end {
            wire.truncate(end % wire.len());
        }
        wire
    }
}

/// F-02 to F-26, C-03 to C-09, C-16, B-07, B-14, B-37: random sequences of frames, mostly good, sometimes mutated or cut off,
/// in random deliveries and outputs: events, output, fault and what is left over are those of the reference model.
#[test]
fn machine_agrees_with_the_reference_model() {
    let small = Limits { message: 300, fragments: 5, empty: 2 };
    let small_config = DEFAULT.max_message_len(300).max_fragments(5).max_empty_frames(2);
    let (failed, closed) = (Cell::new(0), Cell::new(0));
    property(12_000, (cuts(), wires()), |((cuts, room), input)| {
        let (role, begin, wire) = (input.role, input.begin, input.bytes());
        let (limits, config) = if input.has_small_limits { (small, &small_config) } else { (DEFAULT_LIMITS, &DEFAULT) };
        let expected = judge(role, begin, limits, &wire);
        let what = || format!("{wire:02x?}, expected {expected:02x?}");
        let seen = Case { role, config, begin }.run_cut(&wire, &cuts, room);
        let mut events = seen.events.clone();
        assert_eq!(events.pop(), Some(expected.closed()), "{}", what());
        if let Some(position) = seen.fault_at {
            let Some(Seen::Failed(fault)) = events.pop() else { panic!("{}", what()) };
            assert!(expected.faults.contains(&fault), "{fault:?} in {}", what());
            assert_eq!(position, expected.fault_at, "{}", what());
            failed.set(failed.get() + 1);
        } else {
            assert!(expected.faults.is_empty(), "{}", what());
        }
        closed.set(closed.get() + usize::from(expected.close_received.is_some()));
        assert_eq!(events, expected.events, "{}", what());
        assert_eq!(seen.open, expected.open, "{}", what());
        assert_eq!(seen.rest.len(), expected.rest, "{}", what());
        assert_eq!(plain(&written_by(role, &seen.output)), expected.sent, "{}", what());
    });
    // The strategy makes all kinds.
    assert!(failed.get() > 1_000 && closed.get() > 1_000, "{failed:?} failed, {closed:?} closed");
}

/// C-08, C-19, B-14, B-35, B-37: wires of noise: no panic, progress, one fault at most, the model's verdict.
#[test]
fn noise_gets_the_verdict_of_the_model() {
    // Most noise dies at once; give it a good start.
    let first = one_of(&[0x81, 0x02, 0x89, 0x88, 0x01]);
    property(5_000, (cuts(), role(), first, bytes(0..40)), |((cuts, room), role, first, rest)| {
        let wire = [&[first][..], &rest].concat();
        let expected = judge(role, Begin::Open, DEFAULT_LIMITS, &wire);
        let seen = Case::open(role).run_cut(&wire, &cuts, room);
        assert_eq!(seen.has_failed(), !expected.faults.is_empty(), "{wire:02x?} {expected:02x?}");
        assert_eq!(seen.open, expected.open, "{wire:02x?}");
    });
}

/// C-01, C-02, C-23: what a sender may do; refusals have no effect.
#[test]
fn sender_is_held_to_messages_and_text() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        let kind = MessageKind::Text;
        probe.refused(UsageError::InvalidUtf8, 100, |conn, out| conn.send(kind, b"\xFF", true, out));
        probe.refused(UsageError::InvalidUtf8, 100, |conn, out| conn.send(kind, b"a\xC3", true, out));
        probe.write(|conn, out| conn.send(kind, b"a\xC3", false, out));
        // After each refusal the message continues where it was.
        probe.refused(UsageError::InvalidUtf8, 100, |conn, out| conn.send(kind, b"b", false, out));
        probe.refused(UsageError::InvalidUtf8, 100, |conn, out| conn.send(kind, b"", true, out));
        probe.refused(UsageError::WrongMessageKind, 100, |conn, out| conn.send(MessageKind::Binary, b"\xA4", true, out));
        probe.refused(UsageError::MessageUnfinished, 100, |conn, out| conn.send_text("b", out));
        probe.refused(UsageError::ControlPayloadTooLong, 200, |conn, out| conn.ping(&[0; 126], out));
        probe.refused(UsageError::ControlPayloadTooLong, 200, |conn, out| conn.pong(&[0; 126], out));
        probe.write(|conn, out| conn.ping(b"in between", out));
        probe.write(|conn, out| conn.send(kind, b"\xA4", false, out));
        // A whole message is not a fragment of another.
        probe.refused(UsageError::MessageUnfinished, 100, |conn, out| conn.send_text("\u{20ac}", out));
        probe.write(|conn, out| conn.send(kind, "\u{20ac}".as_bytes(), true, out));
        probe.write(|conn, out| conn.send(MessageKind::Binary, b"\xFF", false, out));
        probe.refused(UsageError::MessageUnfinished, 100, |conn, out| conn.send_text("b", out));
        probe.refused(UsageError::WrongMessageKind, 100, |conn, out| conn.send(kind, b"b", false, out));
        probe.write(|conn, out| conn.send(MessageKind::Binary, b"", true, out));
        probe.write(|conn, out| conn.send_text("", out));
        let frames = plain(&written_by(role, &probe.output));
        let expected: [(u8, &[u8]); 7] = [
            (TEXT, b"a\xC3"),
            (FIN | PING, b"in between"),
            (CONTINUATION, b"\xA4"),
            (FIN, "\u{20ac}".as_bytes()),
            (BINARY, b"\xFF"),
            (FIN, b""),
            (FIN | TEXT, b""),
        ];
        assert_eq!(frames, expected.map(|(first, payload)| (first, payload.to_vec())));
    }
}

/// Law 7: a frame needs exactly the room that is asked for, at every length around the forms' edges.
#[test]
fn sending_needs_exactly_the_room_it_asks_for() {
    for role in ROLES {
        let mask = if role == Role::Client { 4 } else { 0 };
        for (len, header) in [(0, 2), (1, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let payload = vec![b'x'; len];
            let bytes = header + mask + len;
            let mut probe = Case::open(role).start();
            let needs = sansocket::CallError::NeedsRoom { bytes };
            for room in [0, 1, header, bytes - 1].into_iter().filter(|&room| room < bytes) {
                probe.refused(needs, room, |conn, out| conn.send(MessageKind::Binary, &payload, true, out));
                probe.refused(needs, room, |conn, out| conn.send(MessageKind::Text, &payload, false, out));
            }
            let mut out = vec![0; bytes];
            assert_eq!(probe.conn.send(MessageKind::Binary, &payload, true, &mut out), Ok(bytes));
            assert_eq!(plain(&written_by(role, &out)), [(FIN | BINARY, payload)]);
        }
    }
}

/// What a peer does, before up to three pieces travel.
#[derive(Clone, Debug)]
struct Call {
    is_client: bool,
    verb: Verb,
    steps: usize,
}

#[derive(Clone, Debug)]
enum Verb {
    Ping,
    /// The start of a message of this kind, or its continuation if one is unfinished. Of text, seven bits of each byte.
    Send {
        kind: MessageKind,
        payload: Vec<u8>,
        fin: bool,
    },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let payload = prop_oneof![bytes(0..3), bytes(0..130), bytes(0..700)];
    let send = (one_of(&[MessageKind::Text, MessageKind::Binary]), payload, fin());
    let verb = prop_oneof![
        1 => Just(Verb::Ping),
        4 => send.prop_map(|(kind, payload, fin)| Verb::Send { kind, payload, fin }),
    ];
    let call = (any::<bool>(), verb, 0_usize..4).prop_map(|(is_client, verb, steps)| Call { is_client, verb, steps });
    vec(call, 0..80)
}

/// B-41, B-45, C-02, C-03, F-01, F-03, F-10: a client and a server send each other random messages, fragments and Pings, carried
/// in random pieces: each receives what the other sent.
#[test]
fn peers_receive_what_each_other_sent() {
    property(60, (moves(), calls()), |(moves, calls)| {
        let mut pair = Pair::open(moves);
        let mut sent = [Vec::new(), Vec::new()];
        let mut pings = [0, 0];
        let mut unfinished: [Option<(MessageKind, Vec<u8>)>; 2] = [None, None];
        for Call { is_client, verb, steps } in calls {
            let (probe, from) = if is_client { (&mut pair.client, 0) } else { (&mut pair.server, 1) };
            match verb {
                Verb::Ping => {
                    probe.write(|conn, out| conn.ping(&[7; 9], out));
                    pings[from] += 1;
                }
                Verb::Send { kind, mut payload, fin } => {
                    let (kind, mut message) = unfinished[from].take().unwrap_or((kind, Vec::new()));
                    if kind == MessageKind::Text {
                        payload.iter_mut().for_each(|byte| *byte &= 0x7F);
                    }
                    probe.write(|conn, out| conn.send(kind, &payload, fin, out));
                    message.extend(payload);
                    if fin {
                        sent[from].push(Seen::Message(kind, message));
                    } else {
                        unfinished[from] = Some((kind, message));
                    }
                }
            }
            for _ in 0..steps {
                pair.step();
            }
        }
        pair.settle();
        for (receiver, from) in [(&pair.server, 0), (&pair.client, 1)] {
            let messages: Vec<_> = receiver.events.iter().filter(|seen| matches!(seen, Seen::Message(..))).cloned().collect();
            assert_eq!(messages, sent[from]);
            let pongs = receiver.events.iter().filter(|seen| matches!(seen, Seen::Pong { .. })).count();
            assert_eq!(pongs, pings[1 - from]);
        }
        assert!(pair.client.entropy.draws().iter().all(|&bytes| bytes == 4));
    });
}
