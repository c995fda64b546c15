//! Connections of both roles through the adapter, with the library's own codec at the other end or in the other direction.
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    CallError, Compressor, Config, Connection, Deflate, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Inflate,
    Inflater, Instant, Level, MessageKind, Negotiated, ProtocolError, Role, UsageError,
};
use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};
use support::{config, message};

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);

struct Keys(u8);

impl Entropy for Keys {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0 = self.0.wrapping_add(101);
        bytes.fill(self.0);
        Ok(())
    }
}

fn open<'c>(role: Role, config: &'c Config<'c>, both: DeflateDirection) -> Connection<'c, Keys> {
    let agreed = Negotiated::NOTHING.with_deflate(DeflateParams { server: both, client: both });
    Connection::open(role, config, Keys(0), agreed, NOW)
}

/// Sends a message in fragments of `part` bytes through outputs of `room`.
fn send(ws: &mut Connection<'_, Keys>, codec: &mut dyn Deflate, message: &[u8], part: usize, room: usize, wire: &mut Vec<u8>) {
    let mut from = 0;
    loop {
        let end = message.len().min(from + part);
        let fin = end == message.len();
        let mut out = vec![0; room];
        let sent = ws.send_with(codec, MessageKind::Binary, &message[from..end], fin, &mut out).unwrap();
        wire.extend_from_slice(&out[..sent.produced]);
        from += sent.consumed;
        if sent.done && fin {
            return;
        }
    }
}

/// The messages that come, and the fault.
fn receive(
    ws: &mut Connection<'_, Keys>,
    codec: &mut dyn Inflate,
    wire: &mut [u8],
    window: usize,
) -> (Vec<Vec<u8>>, Option<ProtocolError>) {
    let (mut at, mut all, mut current) = (0, Vec::new(), Vec::new());
    let mut window = vec![0; window];
    loop {
        let received = ws.receive_with(NOW, &mut wire[at..], codec, &mut window, &mut [0; 131]).unwrap();
        at += received.consumed;
        match received.event {
            Some(Event::Data(data)) => {
                current.extend_from_slice(data.payload);
                if data.last {
                    all.push(std::mem::take(&mut current));
                }
            }
            Some(Event::Failed { error, .. }) => return (all, Some(error)),
            Some(other) => panic!("{other:?}"),
            None => return (all, None),
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// One end has zlib for both directions, the other has the library's codec, and messages go both ways.
    #[test]
    fn messages_go_both_ways_between_zlib_and_ours(
        role in prop_oneof![Just(Role::Client), Just(Role::Server)],
        no_context_takeover: bool,
        max_window_bits in 9_u8..=15,
        level in 0_u8..=9,
        rooms in [32_usize..200, 32_usize..200],
        parts in [1_usize..5_000, 1_usize..5_000],
        window in 1_usize..500,
        messages in vec(prop_oneof![message(50), message(5_000)], 1..5),
    ) {
        let both = DeflateDirection { no_context_takeover, max_window_bits };
        let (mut one, mut other) = (open(role, &CONFIG, both), open(role.peer(), &CONFIG, both));
        let mut zlib = (ZlibCompressor::new(max_window_bits, level).unwrap(), ZlibInflater::new(max_window_bits).unwrap());
        let mut memory = vec![0; Compressor::memory_len(max_window_bits, Level::Fast).unwrap()];
        let mut history = vec![0; 1 << max_window_bits];
        let mut ours = (
            Compressor::new(max_window_bits, Level::Fast, &mut memory).unwrap(),
            Inflater::new(&mut history).unwrap(),
        );
        let (mut there, mut back) = (Vec::new(), Vec::new());
        for message in &messages {
            send(&mut one, &mut zlib.0, message, parts[0], rooms[0], &mut there);
            send(&mut other, &mut ours.0, message, parts[1], rooms[1], &mut back);
        }
        assert_eq!(receive(&mut other, &mut ours.1, &mut there, window), (messages.clone(), None));
        assert_eq!(receive(&mut one, &mut zlib.1, &mut back, window), (messages, None));
    }
}

/// zlib writes nothing for a window of 8 bits, and its window does not change: the call is refused, and nothing has happened.
#[test]
fn window_that_zlib_cannot_keep_to_is_refused() {
    for (agreed, own) in [(8, 9), (9, 10), (14, 15)] {
        let mut ws = open(Role::Server, &CONFIG, DeflateDirection { no_context_takeover: false, max_window_bits: agreed });
        let mut compressor = ZlibCompressor::new(own, 6).unwrap();
        let refused = ws.send_with(&mut compressor, MessageKind::Text, b"Hello", true, &mut [0; 64]);
        assert_eq!(refused, Err(CallError::Usage(UsageError::NoDeflate)));
        assert!(compressor.is_idle());
        let mut inflater = ZlibInflater::new(agreed - 1).unwrap_or_else(|| ZlibInflater::new(8).unwrap());
        let mut client = open(Role::Client, &CONFIG, DeflateDirection { no_context_takeover: false, max_window_bits: agreed });
        let mut wire = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        let result = client.receive_with(NOW, &mut wire, &mut inflater, &mut [0; 64], &mut [0; 131]).map(|_| ());
        assert_eq!(result, if agreed == 8 { Ok(()) } else { Err(CallError::Usage(UsageError::NoDeflate)) });
    }
}

/// L-05, L-06, L-09: limits are the connection's, also with zlib: a bomb ends at the limit, bytes that bring nothing out are counted, and
/// what is not DEFLATE data fails.
#[test]
fn limits_hold_with_zlib() {
    let both = DeflateDirection::DEFAULT;
    let mut bomb = Vec::new();
    send(
        &mut open(Role::Server, &CONFIG, both),
        &mut ZlibCompressor::new(15, 9).unwrap(),
        &[0; 100_000],
        100_000,
        4_096,
        &mut bomb,
    );
    assert!(bomb.len() < 200);
    for (max, fault) in
        [(100_000, None), (99_999, Some(ProtocolError::MessageTooLong)), (10, Some(ProtocolError::MessageTooLong))]
    {
        let config = CONFIG.max_message_len(max);
        let mut ws = open(Role::Client, &config, both);
        let (messages, failed) = receive(&mut ws, &mut ZlibInflater::new(15).unwrap(), &mut bomb.clone(), 777);
        assert_eq!((messages.len(), failed), (usize::from(fault.is_none()), fault));
    }
    // Empty stored blocks, 125 bytes a frame: 1 000 + 125 + 15 + 64 bytes and 8 for each frame are allowed.
    let frame = |first: u8| [&[first, 125][..], &[0, 0, 0, 0xFF, 0xFF].repeat(25)].concat();
    let mut wire = [frame(0x42), frame(0x00).repeat(20)].concat();
    let config = CONFIG.max_message_len(1_000);
    let mut ws = open(Role::Client, &config, both);
    let mut inflater = ZlibInflater::new(15).unwrap();
    assert_eq!(receive(&mut ws, &mut inflater, &mut wire, 777), (vec![], Some(ProtocolError::MessageTooLong)));
    assert_eq!(inflater.taken(), 125 * 10);

    let mut ws = open(Role::Client, &CONFIG, both);
    let mut reserved = [0xC2, 0x01, 0x06];
    let mut inflater = ZlibInflater::new(15).unwrap();
    assert_eq!(receive(&mut ws, &mut inflater, &mut reserved, 777), (vec![], Some(ProtocolError::InvalidDeflate)));
}

/// L-06: bytes that do not compress, as many as the limit allows, pass whatever zlib's level makes of them: level 1
/// uses the fixed codes, and 1 300 bytes become 1 375.
#[test]
fn what_does_not_compress_passes_at_its_limit() {
    let mut most = 0;
    for (len, level, mem_level) in [1, 100, 1_300, 2_000, 50_000]
        .into_iter()
        .flat_map(|len| (0..=9).flat_map(move |level| [1, 8].map(|mem_level| (len, level, mem_level))))
    {
        let (config, both) = (CONFIG.max_message_len(len as u64), DeflateDirection::DEFAULT);
        let message = support::noise(len as u64, len);
        let mut compressor = ZlibCompressor::with_mem_level(9 + level % 7, level, mem_level).unwrap();
        let mut wire = Vec::new();
        send(&mut open(Role::Server, &CONFIG, both), &mut compressor, &message, len, 70_000, &mut wire);
        most = most.max((wire.len() - 4) * 1_000 / len.max(1_000));
        let mut history = vec![0; 1 << 15];
        let mut inflaters: [&mut dyn Inflate; 2] =
            [&mut Inflater::new(&mut history).unwrap(), &mut ZlibInflater::new(15).unwrap()];
        for inflater in &mut inflaters {
            let mut ws = open(Role::Client, &config, both);
            let received = receive(&mut ws, *inflater, &mut wire.clone(), 999);
            assert_eq!(received.1, None, "{len} bytes at level {level} became {}", wire.len());
            assert_eq!(received.0, [&message[..]]);
        }
    }
    assert!(most > 1_050, "level 1 makes at most {most} thousandths");
}
