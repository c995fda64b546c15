//! RFC 7692: compressed messages through a connection, with all memory lent by the test.
#![cfg(feature = "deflate")]

use sansocket::{
    CallError, Compressor, Config, Connection, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Inflater, Instant,
    Level, MessageKind, Negotiated, NoEntropy, ProtocolError, Role, UsageError,
};

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);

/// A fixed masking key, for tests only, after some failures.
struct FixedKey {
    failures: u32,
}

impl Entropy for FixedKey {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if let Some(left) = self.failures.checked_sub(1) {
            self.failures = left;
            return Err(EntropyError);
        }
        bytes.fill(0x5A);
        Ok(())
    }
}

fn client(config: &Config<'static>, params: DeflateParams) -> Connection<'static, FixedKey> {
    let config: &'static Config = Box::leak(Box::new(*config));
    Connection::open(Role::Client, config, FixedKey { failures: 0 }, Negotiated::NOTHING.with_deflate(params), NOW)
}

/// What a client reads from a server's `wire`, given in pieces of `step` bytes and inflated through a window of `window`
/// bytes: the messages, joined, and the fault.
fn receive(
    config: &Config<'static>,
    wire: &[u8],
    step: usize,
    window: usize,
) -> (Vec<(MessageKind, Vec<u8>)>, Option<ProtocolError>) {
    let mut history = [0; 1 << 15];
    let mut inflater = Inflater::new(&mut history).unwrap();
    let mut connection = client(config, DeflateParams::DEFAULT);
    let (mut messages, mut partial, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for piece in wire.chunks(step) {
        kept.extend_from_slice(piece);
        let mut consumed = 0;
        loop {
            let (mut window, mut out) = (vec![0; window], [0; 131]);
            let received = connection.receive_with(NOW, &mut kept[consumed..], &mut inflater, &mut window, &mut out).unwrap();
            consumed += received.consumed;
            match received.event {
                Some(Event::Data(data)) => {
                    assert!(!data.payload.is_empty() || data.last);
                    assert_eq!(data.offset, partial.len() as u64);
                    partial.extend_from_slice(data.payload);
                    if data.last {
                        messages.push((data.kind, std::mem::take(&mut partial)));
                    }
                }
                Some(Event::Failed { error, .. }) => return (messages, Some(error)),
                Some(other) => panic!("{other:?}"),
                None => break,
            }
        }
        kept.drain(..consumed);
    }
    assert!(kept.is_empty() && partial.is_empty());
    (messages, None)
}

/// In pieces and windows of several sizes, always with the same result.
fn receive_all_ways(config: &Config<'static>, wire: &[u8]) -> (Vec<(MessageKind, Vec<u8>)>, Option<ProtocolError>) {
    let whole = receive(config, wire, wire.len(), 4096);
    for step in [1, 2, 3, 7, wire.len()] {
        for window in [1, 2, 5, 64, 4096] {
            assert_eq!(receive(config, wire, step, window), whole, "in pieces of {step} through {window}");
        }
    }
    whole
}

/// B-13: the examples of RFC 7692 §7.2.3 on one connection, a plain message between them.
#[test]
fn client_inflates_the_examples_of_the_rfc() {
    let mut wire = Vec::new();
    let mut expected = Vec::new();
    let mut add = |bytes: &[u8], text: &str| {
        wire.extend_from_slice(bytes);
        expected.push((MessageKind::Text, text.as_bytes().to_vec()));
    };
    // §7.2.3.1: one compressed frame, and the same in two fragments.
    add(&[0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], "Hello");
    add(&[0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00], "Hello");
    // §7.2.3.2: with the history of the first message.
    add(&[0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00], "Hello");
    add(&[0x81, 0x05, b'H', b'e', b'l', b'l', b'o'], "Hello");
    // §7.2.3.3: a stored block. §7.2.3.4: BFINAL. §7.2.3.5: two blocks.
    add(&[0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], "Hello");
    add(&[0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "Hello");
    add(&[0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], "Hello");
    // §7.2.3.6: an empty message, its byte in a frame of its own and with an empty last frame.
    add(&[0xC1, 0x01, 0x00], "");
    add(&[0x41, 0x01, 0x00, 0x80, 0x00], "");
    // RSV1 over no bytes at all.
    add(&[0xC1, 0x00], "");
    assert_eq!(receive_all_ways(&CONFIG, &wire), (expected, None));
}

/// RSV1 is allowed in its place only, RSV2 and RSV3 nowhere.
#[test]
fn reserved_bits_out_of_place_fail() {
    let fault = |wire: &[u8]| receive_all_ways(&CONFIG, wire).1;
    assert_eq!(fault(&[0xC9, 0x00]), Some(ProtocolError::ReservedBitSet));
    assert_eq!(fault(&[0x41, 0x03, 0xF2, 0x48, 0xCD, 0xC0, 0x00]), Some(ProtocolError::ReservedBitSet));
    assert_eq!(fault(&[0xE1, 0x00]), Some(ProtocolError::ReservedBitSet));
    assert_eq!(fault(&[0x91, 0x00]), Some(ProtocolError::ReservedBitSet));
}

/// what does not inflate, reaches back too far, is not text, or continues past its end.
#[test]
fn broken_compressed_messages_fail() {
    let fault = |wire: &[u8]| receive_all_ways(&CONFIG, wire).1;
    assert_eq!(fault(&[0xC2, 0x01, 0x06]), Some(ProtocolError::InvalidDeflate));
    // §7.2.3.2 without the message before it.
    assert_eq!(fault(&[0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00]), Some(ProtocolError::InvalidDeflate));
    // Ends inside a block.
    assert_eq!(fault(&[0xC1, 0x03, 0xF2, 0x48, 0xCD]), Some(ProtocolError::InvalidDeflate));
    // A stored block of the byte C3 and nothing to go with it.
    assert_eq!(fault(&[0xC1, 0x07, 0x00, 0x01, 0x00, 0xFE, 0xFF, 0xC3, 0x00]), Some(ProtocolError::InvalidUtf8));
}

/// X-17, L-05, B-12: the limit counts inflated bytes, at n and n + 1, and nothing beyond is inflated.
#[test]
fn inflated_size_is_limited_while_inflating() {
    // 1000 bytes of zero, by zlib at level 9.
    let wire: &[u8] = &[0xC2, 0x0B, 0x62, 0x60, 0x18, 0x05, 0xA3, 0x60, 0x14, 0x0C, 0x77, 0x00, 0x00];
    let limited = |max_message_len| receive_all_ways(&Config::new().max_message_len(max_message_len), wire);
    assert_eq!(limited(1000), (vec![(MessageKind::Binary, vec![0; 1000])], None));
    assert_eq!(limited(999), (vec![], Some(ProtocolError::MessageTooLong)));
}

/// Law 2: bytes that did not fit the window come before whatever follows their frame, and before its faults.
#[test]
fn what_is_left_in_the_inflater_comes_first() {
    // "Hello" without FIN, a Ping, and the end.
    let wire = [0x41, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x89, 0x00, 0x80, 0x00];
    for window in [1, 2, 5, 64] {
        let (mut history, mut window) = ([0; 1 << 15], vec![0; window]);
        let mut inflater = Inflater::new(&mut history).unwrap();
        let mut connection = client(&CONFIG, DeflateParams::DEFAULT);
        let (mut input, mut at, mut seen) = (wire, 0, String::new());
        loop {
            let received = connection.receive_with(NOW, &mut input[at..], &mut inflater, &mut window, &mut [0; 131]).unwrap();
            at += received.consumed;
            match received.event {
                Some(Event::Data(data)) => seen.push_str(core::str::from_utf8(data.payload).unwrap()),
                Some(Event::Ping { .. }) => seen.push('!'),
                Some(other) => panic!("{other:?}"),
                None => break,
            }
        }
        assert_eq!((at, seen.as_str()), (wire.len(), "Hello!"));
    }
    // A stored block of C3 28, then a block type that does not exist: the text fails first.
    let wire = [0xC1, 0x08, 0x00, 0x02, 0x00, 0xFD, 0xFF, 0xC3, 0x28, 0x06];
    assert_eq!(receive_all_ways(&CONFIG, &wire), (vec![], Some(ProtocolError::InvalidUtf8)));
}

/// Law 2: of two faults among bytes that came out together, the first is named, whatever the window.
#[test]
fn bad_text_is_named_before_the_limit_and_not_after_it() {
    // A stored block of C3 28 41.
    let wire = [0xC1, 0x09, 0x00, 0x03, 0x00, 0xFC, 0xFF, 0xC3, 0x28, 0x41, 0x00];
    let fault = |max_message_len| receive_all_ways(&Config::new().max_message_len(max_message_len), &wire).1;
    assert_eq!(fault(2), Some(ProtocolError::InvalidUtf8));
    assert_eq!(fault(1), Some(ProtocolError::MessageTooLong));
}

/// Without an inflater of the agreed window a compressed message is left where it is.
#[test]
fn compressed_message_without_inflater_is_the_callers_mistake() {
    let mut connection = client(&CONFIG, DeflateParams::DEFAULT);
    let mut wire = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let missing = CallError::Usage(UsageError::NoDeflate);
    assert_eq!(connection.receive(NOW, &mut wire, &mut [0; 131]).unwrap_err(), missing);
    let mut history = [0; 1 << 9];
    let mut inflater = Inflater::new(&mut history).unwrap();
    assert_eq!(connection.receive_with(NOW, &mut wire, &mut inflater, &mut [0; 64], &mut [0; 131]).unwrap_err(), missing);
    assert_eq!(wire, [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]);
}

/// L-06: the rest of a compressed message, too, is left where it is by a call without an inflater, so that its frames are measured by the
/// call that has one.
#[test]
fn no_frame_of_a_compressed_message_is_entered_without_inflater() {
    let mut connection = client(&CONFIG, DeflateParams::DEFAULT);
    let mut history = [0; 1 << 15];
    let mut window = [0; 64];
    let mut inflater = Inflater::new(&mut history).unwrap();
    let mut start = [0x41, 0x01, 0xF2];
    let taken = connection.receive_with(NOW, &mut start, &mut inflater, &mut window, &mut [0; 131]).unwrap().consumed;
    assert_eq!(taken, 3);
    let mut huge = [0x80, 0x7F, 0, 0, 0, 1, 0, 0, 0, 0, 0x48];
    for _ in 0..2 {
        let refused = connection.receive(NOW, &mut huge, &mut [0; 131]);
        assert_eq!(refused.unwrap_err(), UsageError::NoDeflate.into());
        assert_eq!(huge, [0x80, 0x7F, 0, 0, 0, 1, 0, 0, 0, 0, 0x48]);
    }
    let failed = connection.receive_with(NOW, &mut huge, &mut inflater, &mut window, &mut [0; 131]).unwrap();
    assert!(matches!(failed.event, Some(Event::Failed { error: ProtocolError::MessageTooLong, .. })), "{failed:?}");
}

/// §8.1: a long text goes out by many calls, none of which looks at all of it again; one that is not UTF-8 somewhere is refused before
/// anything has gone out, and a rest that is changed to invalid UTF-8 is refused in its place.
#[test]
fn a_long_text_is_checked_once() {
    let text = "\u{65E5}\u{672C}".repeat(50_000);
    let (mut bad, mut memory) = (text.clone().into_bytes(), vec![0_u8; 1 << 20]);
    let len = bad.len();
    bad[len - 1] = b'a';
    let mut connection = client(&CONFIG, DeflateParams::DEFAULT);
    let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
    let mut out = [0; 40];
    let mut send = |payload: &[u8]| connection.send_with(&mut compressor, MessageKind::Text, payload, true, &mut out);
    assert_eq!(send(&bad).unwrap_err(), UsageError::InvalidUtf8.into());
    let (mut at, mut calls) = (0, 0);
    while at < len / 2 {
        let sent = send(&text.as_bytes()[at..]).unwrap();
        assert!(sent.consumed <= 40 * 64 && !sent.done, "{sent:?}");
        (at, calls) = (at + sent.consumed, calls + 1);
    }
    assert!(calls > 50);
    assert_eq!(send(&[0xFF; 10]).unwrap_err(), UsageError::InvalidUtf8.into());
    while !send(&text.as_bytes()[at..]).map(|sent| (at += sent.consumed, sent.done).1).unwrap() {}
    assert_eq!(at, len);
}

/// Law 7 and its exception: what went into the inflater is not lost when an answer after it cannot be written, for lack of
/// room or of entropy. Here a Ping follows a compressed fragment of which nothing comes out yet.
#[test]
fn inflated_bytes_survive_a_refused_call() {
    // "Hello" in two fragments (RFC 7692 §7.2.3.1), the first so short that no byte of text is in it.
    let wire = [0x41, 0x01, 0xF2, 0x89, 0x00, 0x80, 0x06, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    for (room, failures) in [(0, 0), (130, 0), (131, 0), (131, 1)] {
        let (mut history, mut window) = ([0; 1 << 15], [0; 64]);
        let mut inflater = Inflater::new(&mut history).unwrap();
        let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        let mut connection = Connection::open(Role::Client, &CONFIG, FixedKey { failures }, negotiated, NOW);
        let (mut input, mut at, mut seen) = (wire, 0, Vec::new());
        // A call that refuses or stops short is repeated, with enough of everything.
        for room in [room, 131, 131, 131] {
            let mut out = vec![0; room];
            match connection.receive_with(NOW, &mut input[at..], &mut inflater, &mut window, &mut out) {
                Err(error) => assert_eq!(error, CallError::NeedsRoom { bytes: 131 }),
                Ok(received) => {
                    at += received.consumed;
                    seen.extend(received.event.map(|event| match event {
                        Event::Data(data) => String::from_utf8(data.payload.to_vec()).unwrap(),
                        other => format!("{other:?}"),
                    }));
                }
            }
        }
        assert_eq!((at, seen.len(), seen[1].as_str()), (wire.len(), 2, "Hello"), "{room}, {failures}: {seen:?}");
    }
}

/// The same if nothing is consumed any more: a fault among the bytes that were left in the inflater is a fault even if no key can
/// be had for the Close. If the call were undone, the bad byte would be skipped.
#[test]
fn fault_in_what_is_left_in_the_inflater_is_not_skipped() {
    // Without FIN: `a`, C3 28, which is not UTF-8, then A9, which would go with the C3, and `b`, in a block with the fixed code.
    let wire = [0x41, 0x07, 0x4A, 0x3C, 0xAC, 0xB1, 0x32, 0x09, 0x00];
    let (mut history, mut window) = ([0; 1 << 15], [0; 1]);
    let mut inflater = Inflater::new(&mut history).unwrap();
    let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
    let mut connection = Connection::open(Role::Client, &CONFIG, FixedKey { failures: 1 }, negotiated, NOW);
    let (mut input, mut at, mut last) = (wire, 0, None);
    for _ in 0..20 {
        let received = connection.receive_with(NOW, &mut input[at..], &mut inflater, &mut window, &mut [0; 131]);
        let Ok(received) = received else { continue };
        at += received.consumed;
        if let Some(event) = received.event {
            last = Some(format!("{event:?}"));
        }
    }
    assert_eq!(last.as_deref(), Some("Failed { error: InvalidUtf8 }"));
}

/// messages go compressed from one connection to another, whole and in fragments, through outputs of any
/// size, with and without context takeover.
#[test]
fn messages_compressed_by_one_end_are_inflated_by_the_other() {
    let text = "the same words, again and again and again; the same words, and then some. ".repeat(20);
    for no_context_takeover in [false, true] {
        for room in [32, 33, 100, 4096] {
            let server_half = DeflateDirection { no_context_takeover, max_window_bits: 10 };
            let params = DeflateParams { server: DeflateDirection::DEFAULT, client: server_half };
            let mut sender = client(&CONFIG, params);
            let negotiated = Negotiated::NOTHING.with_deflate(params);
            let mut receiver = Connection::open(Role::Server, &CONFIG, NoEntropy, negotiated, NOW);
            let (mut memory, mut history) = ([0; 2 << 10], [0; 1 << 10]);
            let mut compressor = Compressor::new(10, Level::Fast, &mut memory).unwrap();
            let mut inflater = Inflater::new(&mut history).unwrap();
            let mut sizes = Vec::new();
            for fragment_len in [text.len(), 100, 1] {
                let mut wire = Vec::new();
                let mut fragments = text.as_bytes().chunks(fragment_len).peekable();
                while let Some(mut payload) = fragments.next() {
                    let fin = fragments.peek().is_none();
                    loop {
                        let mut out = vec![0; room];
                        let sent = sender.send_with(&mut compressor, MessageKind::Text, payload, fin, &mut out).unwrap();
                        wire.extend_from_slice(&out[..sent.produced]);
                        payload = &payload[sent.consumed..];
                        if sent.done {
                            break;
                        }
                    }
                }
                assert_eq!(wire[0] & 0x7F, 0x41, "RSV1 and text on the first frame");
                sizes.push(wire.len());

                let (mut consumed, mut joined) = (0, Vec::new());
                loop {
                    let mut window = [0; 50];
                    let mut out = [0; 131];
                    let received =
                        receiver.receive_with(NOW, &mut wire[consumed..], &mut inflater, &mut window, &mut out).unwrap();
                    consumed += received.consumed;
                    match received.event {
                        Some(Event::Data(data)) => joined.extend_from_slice(data.payload),
                        Some(other) => panic!("{other:?}"),
                        None => break,
                    }
                }
                assert_eq!((consumed, joined.as_slice()), (wire.len(), text.as_bytes()));
            }
            assert!(sizes[0] < text.len() / 2, "{sizes:?}");
        }
    }
}
