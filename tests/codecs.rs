//! The seam for codecs: shared compressors, one frame for many, and codecs that this library did not write.
#![cfg(feature = "deflate")]
mod support;

use sansocket::{
    CallError, Compressed, CompressedMessage, Compressor, Config, Connection, Deflate, DeflateDirection, DeflateParams, Event,
    Finished, Inflate, InflateError, Inflater, Level, MessageKind, Negotiated, NoEntropy, Progress, ProtocolError, Role,
    UsageError,
};
use support::{DEFAULT, ms};

const ALONE: DeflateDirection = DeflateDirection { no_context_takeover: true, max_window_bits: 12 };
const WIDE: DeflateDirection = DeflateDirection::DEFAULT;

fn server(agreed: DeflateDirection) -> Connection<'static> {
    static CONFIG: Config = Config::new();
    let params = DeflateParams { server: agreed, client: WIDE };
    Connection::open(Role::Server, &CONFIG, NoEntropy, Negotiated::NOTHING.with_deflate(params), ms(0))
}

/// What a client with an inflater of its own reads from `wire`: messages, and the fault.
fn read(agreed: DeflateDirection, wire: &[u8], inflater: &mut dyn Inflate) -> (Vec<Vec<u8>>, Option<ProtocolError>) {
    let params = DeflateParams { server: agreed, client: WIDE };
    let agreed = Negotiated::NOTHING.with_deflate(params);
    let mut ws = Connection::open(Role::Client, &DEFAULT, support::entropy::Counter::default(), agreed, ms(0));
    let (mut input, mut messages, mut message) = (wire.to_vec(), Vec::new(), Vec::new());
    let mut input = &mut input[..];
    loop {
        let (mut window, mut out) = ([0; 50], [0; 200]);
        let received = ws.receive_with(ms(0), input, inflater, &mut window, &mut out).unwrap();
        let consumed = received.consumed;
        match received.event {
            Some(Event::Data(data)) => {
                message.extend_from_slice(data.payload);
                if data.last {
                    messages.push(std::mem::take(&mut message));
                }
            }
            Some(Event::Failed { error, .. }) => return (messages, Some(error)),
            Some(other) => panic!("{other:?}"),
            None => return (messages, None),
        }
        input = &mut input[consumed..];
    }
}

fn send(ws: &mut Connection<'_>, compressor: &mut dyn Deflate, payload: &[u8], fin: bool, wire: &mut Vec<u8>) {
    let mut out = [0; 4096];
    let sent = ws.send_with(compressor, MessageKind::Binary, payload, fin, &mut out).unwrap();
    assert!(sent.done && sent.consumed == payload.len());
    wire.extend_from_slice(&out[..sent.produced]);
}

/// Connections without context takeover share a compressor, one message after the other; in the middle of one
/// it serves no other, and another does not go on with it.
#[test]
fn shared_compressor_cannot_be_mixed_up_inside_a_message() {
    let (mut memory, mut other) = ([0; 1 << 13], [0; 1 << 13]);
    let mut shared = Compressor::new(12, Level::Fast, &mut memory).unwrap();
    let mut other = Compressor::new(12, Level::Fast, &mut other).unwrap();
    let (mut first, mut second) = (server(ALONE), server(ALONE));
    let (mut to_first, mut to_second, mut out) = (Vec::new(), Vec::new(), [0; 4096]);
    let wrong = Err(CallError::Usage(UsageError::WrongCompressor));
    for _ in 0..3 {
        send(&mut first, &mut shared, b"one one one", true, &mut to_first);
        // An empty fragment begins a message too.
        send(&mut second, &mut shared, b"", false, &mut to_second);
        assert_eq!(first.send_with(&mut shared, MessageKind::Binary, b"x", true, &mut out), wrong);
        assert_eq!(second.send_with(&mut other, MessageKind::Binary, b"x", true, &mut out), wrong);
        let encoded = CompressedMessage::encode(&mut shared, 12, MessageKind::Binary, b"x", &mut out);
        assert_eq!(encoded.err(), Some(CallError::Usage(UsageError::WrongCompressor)));
        send(&mut second, &mut shared, b"two two two", true, &mut to_second);
    }
    for (wire, text) in [(to_first, b"one one one"), (to_second, b"two two two")] {
        let mut history = [0; 4096];
        let mut inflater = Inflater::new(&mut history).unwrap();
        assert_eq!(read(ALONE, &wire, &mut inflater), (vec![text.to_vec(); 3], None));
    }
}

/// A frame for many: compressed once, it goes to every connection that can take it, and to no other.
#[test]
fn one_compressed_frame_serves_many_connections() {
    let mut memory = [0; 1 << 14];
    let mut compressor = Compressor::new(12, Level::Fast, &mut memory).unwrap();
    let payload = b"tick 1.2345 tick 1.2345 tick 1.2346".repeat(20);
    let (mut out, mut small) = ([0; 4096], [0; 700]);
    // It is refused before anything happens if it could be too long.
    let most = payload.len() + payload.len() / 8 + payload.len() / 64 + 64 + 4;
    let needs = CompressedMessage::encode(&mut compressor, 12, MessageKind::Text, &payload, &mut small);
    assert_eq!(needs.err(), Some(CallError::NeedsRoom { bytes: most }));
    let message = CompressedMessage::encode(&mut compressor, 12, MessageKind::Text, &payload, &mut out[..most]).unwrap();
    assert!(message.frame().len() < payload.len() / 5 && message.frame()[0] == 0xC1);
    for bits in 8..=15 {
        for no_context_takeover in [false, true] {
            let agreed = DeflateDirection { no_context_takeover, max_window_bits: bits };
            let result = server(agreed).send_compressed(&message);
            if bits < 12 || !no_context_takeover {
                assert_eq!(result, Err(UsageError::NoDeflate));
                continue;
            }
            assert_eq!(result, Ok(message.frame().len()));
            let mut history = vec![0; 1 << bits];
            let mut inflater = Inflater::new(&mut history).unwrap();
            assert_eq!(read(agreed, message.frame(), &mut inflater), (vec![payload.clone()], None));
        }
    }
    let mut plain = Connection::open(Role::Server, &DEFAULT, NoEntropy, Negotiated::NOTHING, ms(0));
    assert_eq!(plain.send_compressed(&message), Err(UsageError::NoDeflate));
    let mut inside = server(ALONE);
    inside.send(MessageKind::Binary, b"a", false, &mut [0; 9]).unwrap();
    assert_eq!(inside.send_compressed(&message), Err(UsageError::MessageUnfinished));
    let mut closing = server(ALONE);
    closing.close(None, "", ms(0), &mut [0; 9]).unwrap();
    assert_eq!(closing.send_compressed(&message), Ok(0));
    let mut fresh = Connection::server(&DEFAULT, ms(0));
    assert_eq!(fresh.send_compressed(&message), Err(UsageError::NotOpen));

    let mut out = [0; 100];
    let text = CompressedMessage::encode(&mut compressor, 12, MessageKind::Text, b"\xFF", &mut out);
    assert_eq!(text.err(), Some(CallError::Usage(UsageError::InvalidUtf8)));
    let too_small = CompressedMessage::encode(&mut compressor, 7, MessageKind::Binary, b"", &mut out);
    assert_eq!(too_small.err(), Some(CallError::Usage(UsageError::NoDeflate)));
}

/// A compressor with context takeover that compresses for many in between refers to nothing that its own peer has not got.
#[test]
fn frame_for_many_leaves_no_history() {
    let mut memory = [0; 1 << 16];
    let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
    let (mut ws, mut wire, mut history) = (server(WIDE), Vec::new(), [0; 1 << 15]);
    let (own, others) = (b"one one one".to_vec(), b"two two two two two".to_vec());
    for payload in [&own, &others] {
        send(&mut ws, &mut compressor, payload, true, &mut wire);
        CompressedMessage::encode(&mut compressor, 15, MessageKind::Binary, &others, &mut [0; 200]).unwrap();
    }
    assert_eq!(read(WIDE, &wire, &mut Inflater::new(&mut history).unwrap()), (vec![own, others], None));
}

/// a window that is larger than agreed inflates, and the agreed one is kept all the same; a smaller one is a mistake.
#[test]
fn larger_window_than_agreed_keeps_to_the_agreement() {
    let mut memory = [0; 1 << 16];
    // A match of 3 bytes at a distance of 300 bytes, from a compressor that keeps to no agreement.
    let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
    let mut payload: Vec<u8> = (0..=255).chain((0..44).map(|i| i * 5)).collect();
    payload.extend_from_within(..40);
    let mut wire = Vec::new();
    send(&mut server(DeflateDirection { max_window_bits: 15, ..ALONE }), &mut compressor, &payload, true, &mut wire);
    for bits in 8..=15 {
        let agreed = DeflateDirection { max_window_bits: bits, ..ALONE };
        for history_bits in bits..=15 {
            let mut history = vec![0; 1 << history_bits];
            let (messages, fault) = read(agreed, &wire, &mut Inflater::new(&mut history).unwrap());
            let is_right = if bits >= 9 {
                fault.is_none() && messages == [payload.clone()]
            } else {
                fault == Some(ProtocolError::InvalidDeflate)
            };
            assert!(is_right, "{bits} agreed, {history_bits} lent: {fault:?}");
        }
        if bits > 8 {
            let mut history = vec![0; 1 << (bits - 1)];
            let mut inflater = Inflater::new(&mut history).unwrap();
            let agreed = Negotiated::NOTHING.with_deflate(DeflateParams { server: agreed, client: WIDE });
            let mut ws = Connection::open(Role::Client, &DEFAULT, support::entropy::Counter::default(), agreed, ms(0));
            let (mut input, mut window) = (wire.clone(), [0; 9]);
            let refused = ws.receive_with(ms(0), &mut input, &mut inflater, &mut window, &mut [0; 131]);
            assert_eq!(refused, Err(CallError::Usage(UsageError::NoDeflate)));
        }
    }
}

/// A compressor that only stores, and says that its window is 2^`bits`.
struct Stores {
    bits: u8,
    is_idle: bool,
    resets: usize,
}

impl Deflate for Stores {
    fn window_bits(&self) -> u8 {
        self.bits
    }

    fn is_idle(&self) -> bool {
        self.is_idle
    }

    fn reset(&mut self) {
        (self.is_idle, self.resets) = (true, self.resets + 1);
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        let len = input.len().min(output.len().saturating_sub(6));
        let (mut written, all) = (0, len == input.len());
        if len > 0 {
            let n = (len as u16).to_le_bytes();
            output[..5].copy_from_slice(&[0, n[0], n[1], !n[0], !n[1]]);
            output[5..][..len].copy_from_slice(&input[..len]);
            written = 5 + len;
        }
        let done = flush && all;
        if done {
            output[written] = 0;
            written += 1;
        }
        self.is_idle = done;
        Compressed { consumed: len, produced: written, done }
    }
}

/// An inflater with a window of its own that counts what it is asked.
struct Counts<'m> {
    inner: Inflater<'m>,
    calls: usize,
}

impl Inflate for Counts<'_> {
    fn window_bits(&self) -> u8 {
        self.inner.window_bits()
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn taken(&self) -> u64 {
        Inflate::taken(&self.inner)
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        self.calls += 1;
        self.inner.inflate(input, output).map_err(|_| InflateError::Unspecified)
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        self.inner.finish_message(output)
    }
}

/// Codecs that this library did not write take the same part, and their windows are held against what was agreed.
#[test]
fn foreign_codecs_take_part() {
    let mut stores = Stores { bits: 12, is_idle: true, resets: 0 };
    let (mut ws, mut wire) = (server(ALONE), Vec::new());
    send(&mut ws, &mut stores, b"Hello", true, &mut wire);
    send(&mut ws, &mut stores, b"", true, &mut wire);
    assert_eq!(wire, b"\xC2\x0B\0\x05\0\xFA\xFFHello\0\xC2\x01\0");
    assert_eq!(stores.resets, 2, "without context takeover each message begins with a reset");
    let mut history = [0; 4096];
    let mut counts = Counts { inner: Inflater::new(&mut history).unwrap(), calls: 0 };
    assert_eq!(read(ALONE, &wire, &mut counts), (vec![b"Hello".to_vec(), vec![]], None));
    assert!(counts.calls > 0);
    assert_eq!(read(ALONE, b"\xC2\x01\x07", &mut counts).1, Some(ProtocolError::InvalidDeflate));

    stores.bits = 13;
    let refused = ws.send_with(&mut stores, MessageKind::Binary, b"x", true, &mut [0; 64]);
    assert_eq!(refused, Err(CallError::Usage(UsageError::NoDeflate)));
    let kept: &mut dyn Deflate = &mut stores;
    assert!(kept.limit_window(13) && !kept.limit_window(12));
}

/// An inflater that says again and again what it said first, and the same at the end.
struct Stuck(Progress, Finished);

impl Inflate for Stuck {
    fn window_bits(&self) -> u8 {
        15
    }

    fn reset(&mut self) {}

    fn taken(&self) -> u64 {
        0
    }

    fn inflate(&mut self, _: &[u8], _: &mut [u8]) -> Result<Progress, InflateError> {
        Ok(self.0)
    }

    fn finish_message(&mut self, _: &mut [u8]) -> Result<Finished, InflateError> {
        Ok(self.1)
    }
}

/// A codec that gets no further, or holds back bytes beyond the end of its message, fails its connection: it neither holds the thread
/// for ever nor loses anything.
#[test]
fn foreign_codec_without_progress_is_a_fault() {
    let steps =
        [(0, 0, false), (0, 0, true), (2, 1, false)].map(|(consumed, produced, more)| Progress { consumed, produced, more });
    let ends = [(0, false), (1, false), (1, true)].map(|(produced, done)| Finished { produced, done });
    for (step, end) in steps.into_iter().flat_map(|step| ends.map(|end| (step, end))) {
        let (messages, fault) = read(WIDE, b"\xC2\x02\xF2\0", &mut Stuck(step, end));
        assert_eq!((messages.len(), fault), (0, Some(ProtocolError::InvalidDeflate)), "{step:?} {end:?}");
    }
}

/// a compressor with a larger window than agreed keeps to the agreed one exactly, at every level; told another limit
/// later, it keeps to that.
#[test]
fn larger_compressor_keeps_to_the_agreement() {
    // What repeats itself at every distance up to 32 KiB.
    let mut payload: Vec<u8> = (0..1_u32 << 15).map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    for distance in [200, 256, 257, 512, 513, 1000, 4096, 4097, 20_000, 32_768] {
        payload.extend_from_within(payload.len() - distance..payload.len() - distance + 100);
    }
    for level in [Level::Fast, Level::Default, Level::Best] {
        let mut memory = vec![0; Compressor::memory_len(15, level).unwrap()];
        let mut compressor = Compressor::new(15, level, &mut memory).unwrap();
        let mut lens = Vec::new();
        for bits in (8..=15).chain([8]) {
            let agreed = DeflateDirection { max_window_bits: bits, ..ALONE };
            let mut out = vec![0; 64 << 10];
            let sent = server(agreed).send_with(&mut compressor, MessageKind::Binary, &payload, true, &mut out).unwrap();
            assert!(sent.done);
            let mut history = vec![0; 1 << bits];
            let mut inflater = Inflater::new(&mut history).unwrap();
            assert!(read(agreed, &out[..sent.produced], &mut inflater) == (vec![payload.clone()], None), "{bits}");
            lens.push(sent.produced);
        }
        assert!(lens[7] < lens[0] && lens[8] == lens[0], "{level:?}: {lens:?}");
    }
}
