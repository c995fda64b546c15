//! RFC 7692 at the edges of the rows that concern all messages: limits, the end of input, memory that is not ours.
#![cfg(feature = "deflate")]

use sansocket::{
    CloseCode, Compressor, Config, Connection, DeflateDirection, DeflateParams, Event, Inflater, Instant, Level, MessageKind,
    Negotiated, NoEntropy, ProtocolError, Role, UsageError,
};

const NOW: Instant = Instant::from_millis(0);

/// A server with compression agreed, under `config`.
fn server<'c>(config: &'c Config<'c>) -> Connection<'c> {
    Connection::open(Role::Server, config, NoEntropy, Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT), NOW)
}

/// A masked frame with a key of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

/// RFC 7692 §7.2.3.1 as two fragments, a Ping between them.
fn session() -> Vec<u8> {
    [
        frame(0x41, &[0xF2, 0x48, 0xCD]),
        frame(0x89, b"p"),
        frame(0x80, &[0xC9, 0xC9, 0x07, 0x00]),
        frame(0xC1, &[0xF2, 0x00, 0x11, 0x00, 0x00]),
    ]
    .concat()
}

/// L-06, B-12: a compressed frame may announce the message limit, a 1/1024 of it and 64 bytes more; one byte beyond that it fails from its
/// header alone, with 1009. Inflated bytes count against the limit, and so shorten what may follow.
#[test]
fn compressed_frame_at_the_limit() {
    for max in [0_u64, 10, 1_000, 1_024, 100_000] {
        let config = Config::new().max_message_len(max);
        let most = max + max / 8 + max / 64 + 64 + 8;
        for (len, is_good) in [(most, true), (most + 1, false)] {
            let mut header = vec![0xC2];
            match len {
                0..=125 => header.push(0x80 | len as u8),
                126..=0xFFFF => header.extend([&[0x80 | 126][..], &(len as u16).to_be_bytes()].concat()),
                _ => header.extend([&[0x80 | 127][..], &len.to_be_bytes()].concat()),
            }
            let mut history = vec![0; 1 << 15];
            let mut inflater = Inflater::new(&mut history).unwrap();
            let mut conn = server(&config);
            let (mut window, mut out) = ([0; 64], [0; 131]);
            let received = conn.receive_with(NOW, &mut header, &mut inflater, &mut window, &mut out).unwrap();
            let produced = received.produced;
            match received.event {
                None => assert!(is_good, "{len} under {max}"),
                Some(Event::Failed { error: ProtocolError::MessageTooLong, .. }) => {
                    assert!(!is_good, "{len} under {max}");
                    assert_eq!(out[..produced], [0x88, 2, 0x03, 0xF1]);
                }
                Some(event) => panic!("{event:?}"),
            }
        }
    }
}

/// C-17, C-24: the end of input at every byte of compressed messages: exactly one Closed, 1006 and not clean.
#[test]
fn end_of_input_inside_compressed_messages_gives_one_closed() {
    let config = Config::new();
    let wire = session();
    for cut in 0..=wire.len() {
        let mut history = vec![0; 1 << 15];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let mut conn = server(&config);
        let mut input = wire[..cut].to_vec();
        let mut consumed = 0;
        loop {
            let mut window = [0; 3];
            let received = conn.receive_with(NOW, &mut input[consumed..], &mut inflater, &mut window, &mut [0; 131]).unwrap();
            consumed += received.consumed;
            match received.event {
                None => break,
                Some(event) => assert!(matches!(event, Event::Data(_) | Event::Ping { .. }), "{event:?}"),
            }
        }
        let end = conn.receive_eof(NOW).event;
        assert!(
            matches!(end, Some(Event::Closed { code: CloseCode::ABNORMAL_CLOSURE, was_clean: false, .. })),
            "{end:?} at {cut}"
        );
        assert!(conn.receive_eof(NOW).event.is_none());
    }
}

/// B-39, B-44: inflating writes into the window that was lent and nowhere else: not past what it produced, not into the input beyond the
/// frame, and bytes around both are as they were.
#[test]
fn inflating_writes_into_its_window_only() {
    let config = Config::new();
    for size in 1..=12 {
        let mut history = vec![0; 1 << 15];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let mut conn = server(&config);
        let next = frame(0x82, b"the next frame");
        let wire = [session(), next.clone()].concat();
        let mut input = wire.clone();
        let (mut consumed, mut text) = (0, Vec::new());
        loop {
            let mut memory = [0xA5; 32];
            let received =
                conn.receive_with(NOW, &mut input[consumed..], &mut inflater, &mut memory[8..8 + size], &mut [0; 131]).unwrap();
            consumed += received.consumed;
            let produced = match received.event {
                None => break,
                Some(Event::Data(data)) if data.kind == MessageKind::Text => {
                    text.extend_from_slice(data.payload);
                    data.payload.len()
                }
                Some(_) => 0,
            };
            assert!(memory[..8].iter().chain(&memory[8 + produced.max(size)..]).all(|&byte| byte == 0xA5));
            // The masking key is zeros, so not a byte of the input changes at all.
            assert_eq!(input, wire);
        }
        assert_eq!((consumed, text.as_slice()), (wire.len(), &b"HelloHello"[..]));
    }
}

/// B-29, CVE-2026-2229: a window of 0, 7, 16 or 99 bits that was negotiated elsewhere matches no inflater: the call is refused, nothing is read
/// or written, and memory of no such size makes one.
#[test]
fn window_bits_out_of_range_are_refused() {
    let config = Config::new();
    for max_window_bits in [0, 7, 16, 99, 255] {
        let direction = DeflateDirection { no_context_takeover: false, max_window_bits };
        let params = DeflateParams { server: direction, client: direction };
        let mut conn = Connection::open(Role::Server, &config, NoEntropy, Negotiated::NOTHING.with_deflate(params), NOW);
        let mut input = session();
        let mut history = vec![0; 1 << 15];
        for bits in 8..=15 {
            let mut inflater = Inflater::new(&mut history[..1 << bits]).unwrap();
            let (mut window, mut out) = ([0xA5; 64], [0xA5; 131]);
            let refused = conn.receive_with(NOW, &mut input, &mut inflater, &mut window, &mut out);
            assert_eq!(refused.unwrap_err(), UsageError::NoDeflate.into(), "{max_window_bits} against {bits}");
            assert_eq!((&input, window, out), (&session(), [0xA5; 64], [0xA5; 131]));
        }
    }
    for len in [0, 1, 1 << 7, (1 << 8) - 1, (1 << 8) + 1, 1 << 16] {
        assert!(Inflater::new(&mut vec![0; len]).is_none(), "{len}");
    }
    assert!([0, 7, 16, 99].iter().all(|&bits| Compressor::new(bits, Level::Fast, &mut [0; 1 << 17]).is_none()));
}
