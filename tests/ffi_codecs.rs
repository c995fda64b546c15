//! Codecs of a C program's own: whatever room there is and however they cut their output, the messages arrive.
#![cfg(all(feature = "ffi", feature = "deflate"))]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]
mod property;
mod support;

use ::sansocket::ffi::*;
use ::sansocket::{Config, Connection, DeflateDirection, DeflateParams, Event, Inflater, Instant, Negotiated, Role};
use property::property;
use proptest::collection::vec;
use proptest::prelude::*;
use std::ffi::c_void;
use std::slice::{from_raw_parts, from_raw_parts_mut};
use support::entropy::Counter;

/// A codec as zlib's `deflate` with level 0: it stores, holds back what it likes, and has its output ready for any room.
#[derive(Default)]
struct Stores {
    /// Input that is not in a block yet.
    held: Vec<u8>,
    /// Output without room so far.
    ready: Vec<u8>,
    /// The marker of this flush is in the output.
    is_flushed: bool,
    /// How many bytes a call takes.
    appetite: usize,
    resets: usize,
}

impl Stores {
    fn block(&mut self, bytes: &[u8]) {
        let n = u16::try_from(bytes.len()).unwrap().to_le_bytes();
        self.ready.extend([0, n[0], n[1], !n[0], !n[1]]);
        self.ready.extend(bytes);
    }

    fn run(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> (usize, usize) {
        let consumed = input.len().min(self.appetite);
        self.held.extend(&input[..consumed]);
        self.is_flushed &= consumed == 0;
        let ends = flush && consumed == input.len();
        if ends || self.held.len() > 20 {
            let held = std::mem::take(&mut self.held);
            if !held.is_empty() {
                self.block(&held);
            }
        }
        if ends && !self.is_flushed {
            self.block(b"");
            self.is_flushed = true;
        }
        let produced = self.ready.len().min(output.len());
        output[..produced].copy_from_slice(&self.ready[..produced]);
        self.ready.drain(..produced);
        (consumed, produced)
    }
}

unsafe extern "C" fn run(context: *mut c_void, step: *mut sansocket_codec_step) -> i32 {
    unsafe {
        let (codec, step) = (&mut *context.cast::<Stores>(), &mut *step);
        let (input, output) = (from_raw_parts(step.input, step.input_len), from_raw_parts_mut(step.output, step.output_size));
        assert_eq!((step.consumed, step.produced, step.reserved), (0, 0, [0; 7]));
        assert!(!input.is_empty() || step.flush == 1, "nothing to do");
        (step.consumed, step.produced) = codec.run(input, output, step.flush == 1);
    }
    0
}

unsafe extern "C" fn reset(context: *mut c_void) {
    let codec = unsafe { &mut *context.cast::<Stores>() };
    (codec.held, codec.ready, codec.is_flushed) = (Vec::new(), Vec::new(), false);
    codec.resets += 1;
}

fn codec_of(stores: &mut Stores) -> sansocket_deflate_codec {
    sansocket_deflate_codec {
        context: (&raw mut *stores).cast(),
        compress: Some(run),
        reset: Some(reset),
        limit_window: None,
        window_bits: 15,
        reserved: 0,
        state: [0; 2],
    }
}

fn zeroed<T>() -> Box<T> {
    // Only structs of integers and pointers are asked for.
    unsafe { Box::new(std::mem::zeroed()) }
}

fn setup() -> Box<sansocket_setup> {
    let mut setup: Box<sansocket_setup> = zeroed();
    (setup.size, setup.abi_version) = (size_of::<sansocket_setup>(), SANSOCKET_ABI_VERSION);
    setup
}

fn open_server(alone: bool) -> Box<sansocket> {
    open(Role::Server, alone)
}

fn open(role: Role, alone: bool) -> Box<sansocket> {
    let (mut ws, mut setup): (Box<sansocket>, _) = (zeroed(), setup());
    let mut negotiated: Box<sansocket_negotiated> = zeroed();
    (negotiated.has_deflate, negotiated.server_no_context_takeover) = (1, alone.into());
    (setup.role, setup.negotiated) = (sansocket_role(1 + role as u32), &*negotiated);
    setup.entropy = Some(no_entropy);
    assert_eq!(unsafe { sansocket_init_open(&mut *ws, &*setup) }, sansocket_result::OK);
    ws
}

/// Nothing is answered here.
unsafe extern "C" fn no_entropy(_: *mut c_void, _: *mut u8, _: usize) -> i32 {
    -1
}

/// What a client reads from the wire.
fn read(alone: bool, mut wire: Vec<u8>) -> Vec<Vec<u8>> {
    let server = DeflateDirection { no_context_takeover: alone, max_window_bits: 15 };
    let agreed = Negotiated::NOTHING.with_deflate(DeflateParams { server, ..DeflateParams::DEFAULT });
    let config = Config::new();
    let now = Instant::from_millis(0);
    let mut ws = Connection::open(Role::Client, &config, Counter::default(), agreed, now);
    let mut history = vec![0; 1 << 15];
    let mut inflater = Inflater::new(&mut history).unwrap();
    let (mut messages, mut message, mut input) = (Vec::new(), Vec::new(), &mut wire[..]);
    loop {
        let (mut window, mut out) = ([0; 100], [0; 131]);
        let received = ws.receive_with(now, input, &mut inflater, &mut window, &mut out).unwrap();
        let consumed = received.consumed;
        match received.event {
            Some(Event::Data(data)) => {
                message.extend_from_slice(data.payload);
                if data.last {
                    messages.push(std::mem::take(&mut message));
                }
            }
            Some(other) => panic!("{other:?}"),
            None => break,
        }
        input = &mut input[consumed..];
    }
    assert!(input.is_empty() && message.is_empty());
    messages
}

/// Sends the fragments of messages and returns what is on the wire.
fn send(alone: bool, stores: &mut Stores, messages: &[Vec<Vec<u8>>], rooms: &[usize]) -> Vec<u8> {
    let (mut ws, mut io, mut codec): (_, Box<sansocket_io>, _) = (open_server(alone), zeroed(), codec_of(stores));
    let (mut wire, mut rooms) = (Vec::new(), rooms.iter().cycle());
    for message in messages {
        for (index, fragment) in message.iter().enumerate() {
            let (fin, mut rest) = (u8::from(index + 1 == message.len()), &fragment[..]);
            for turn in 0.. {
                assert!(turn < 10_000, "no progress");
                let mut out = vec![0xA5; *rooms.next().unwrap() + 8];
                (io.output, io.output_size, io.output_len) = (out.as_mut_ptr(), out.len() - 8, 0);
                let (data, kind) = (rest.as_ptr().cast(), sansocket_kind(2));
                let given = unsafe { sansocket_send_with_codec(&mut *ws, &mut *io, &mut codec, kind, data, rest.len(), fin) };
                assert_eq!((given, &out[out.len() - 8..]), (sansocket_result::OK, &[0xA5; 8][..]));
                wire.extend_from_slice(&out[..io.output_len]);
                rest = &rest[io.consumed..];
                if io.done == 1 {
                    break;
                }
            }
            assert!(rest.is_empty());
        }
    }
    wire
}

/// Fragments and rooms of any size, and any number of bytes a step: the tail is removed wherever the codec's output is cut.
#[test]
fn messages_arrive_whatever_room_a_codec_of_the_callers_gets() {
    let fragments = vec(vec(vec(any::<u8>(), 0..90), 1..4), 1..6);
    property(2_000, (fragments, vec(32_usize..80, 1..8), 1_usize..100, any::<bool>()), |(messages, rooms, appetite, alone)| {
        let mut stores = Stores { appetite, ..Stores::default() };
        let wire = send(alone, &mut stores, &messages, &rooms);
        assert_eq!(read(alone, wire), messages.iter().map(|message| message.concat()).collect::<Vec<_>>());
        assert_eq!(stores.resets, if alone { messages.len() } else { 0 });
    });
}

/// §7.2.3.6, and zlib, which writes nothing for a second flush in a row.
#[test]
fn a_message_without_payload_does_not_reach_the_codec() {
    let mut stores = Stores { appetite: 100, ..Stores::default() };
    let messages = [vec![vec![]], vec![b"a".to_vec()], vec![vec![], vec![]], vec![vec![], b"b".to_vec(), vec![]]];
    let wire = send(false, &mut stores, &messages, &[60]);
    assert!(wire.starts_with(b"\xC2\x01\0\xC2\x07\0\x01\0\xFE\xFFa\0"), "{wire:02x?}");
    assert_eq!(read(false, wire), [&b""[..], b"a", b"", b"b"]);
}

#[test]
fn a_frame_for_many_is_compressed_by_a_codec_of_the_callers() {
    let mut stores = Stores { appetite: 1000, ..Stores::default() };
    let mut codec = codec_of(&mut stores);
    let (mut ws, mut io, mut out): (_, Box<sansocket_io>, _) = (open_server(true), zeroed(), [0; 400]);
    (io.output, io.output_size) = (out.as_mut_ptr(), out.len());
    for payload in [&b""[..], &[7; 200]] {
        io.output_len = 0;
        let (data, len, mut due) = (payload.as_ptr().cast(), payload.len(), 0);
        unsafe {
            let given = sansocket_encode_compressed_with_codec(&mut *io, &mut codec, 15, sansocket_kind(2), data, len);
            assert_eq!(given, sansocket_result::OK);
            let given = sansocket_send_compressed(&mut *ws, io.output, io.output_len, 15, &mut due);
            assert_eq!((given, due), (sansocket_result::OK, io.output_len));
        }
        assert_eq!(read(true, out[..due].to_vec()), [payload]);
    }
}

/// An inflater of ours in the part of the caller's.
unsafe extern "C" fn inflate(context: *mut c_void, step: *mut sansocket_codec_step) -> i32 {
    unsafe {
        let (codec, step) = (&mut *context.cast::<Inflater<'static>>(), &mut *step);
        let (input, output) = (from_raw_parts(step.input, step.input_len), from_raw_parts_mut(step.output, step.output_size));
        let Ok(done) = codec.inflate(input, output) else { return -1 };
        (step.consumed, step.produced) = (done.consumed, done.produced);
    }
    0
}

unsafe extern "C" fn forget(context: *mut c_void) {
    unsafe { &mut *context.cast::<Inflater<'static>>() }.reset();
}

/// One end with its buffers.
struct End {
    ws: Box<sansocket>,
    b: Box<sansocket_buffered>,
    memory: [Vec<u8>; 3],
}

impl End {
    fn new(ws: Box<sansocket>, sizes: [usize; 3]) -> Self {
        let mut end = Self { ws, b: zeroed(), memory: sizes.map(|size| vec![0xA5; size]) };
        let mut buffers: Box<sansocket_buffers> = zeroed();
        let [input, output, joining] = &mut end.memory;
        (buffers.input, buffers.input_size) = (input.as_mut_ptr(), input.len());
        (buffers.output, buffers.output_size) = (output.as_mut_ptr(), output.len());
        (buffers.joining, buffers.joining_size) = (joining.as_mut_ptr(), joining.len());
        assert_eq!(unsafe { sansocket_buffered_attach(&mut *end.b, &mut *end.ws, &*buffers) }, sansocket_result::OK);
        end
    }
}

/// Through buffers, whole or in parts, whatever they hold: a codec of the caller's compresses, and one inflates.
#[test]
fn messages_arrive_through_buffers_with_codecs_of_the_callers() {
    let messages = vec((vec(any::<u8>(), 0..600), any::<bool>()), 1..6);
    property(
        500,
        (messages, 262_usize..900, 131_usize..400, 1_usize..100, any::<bool>()),
        |(messages, output, input, appetite, alone)| {
            let mut stores = Stores { appetite, ..Stores::default() };
            let mut codec = codec_of(&mut stores);
            let mut server = End::new(open_server(alone), [131, output, 0]);
            assert_eq!(unsafe { sansocket_buffered_set_deflate_codec(&mut *server.b, &mut codec, 0) }, sansocket_result::OK);

            let mut inflater = Inflater::new(vec![0; 1 << 15].leak()).unwrap();
            let mut inflates = sansocket_inflate_codec {
                context: (&raw mut inflater).cast(),
                inflate: Some(inflate),
                reset: Some(forget),
                limit_window: None,
                window_bits: 15,
                reserved: 0,
                state: [0; 2],
            };
            let mut client = End::new(open(Role::Client, alone), [input, 262, 600]);
            assert_eq!(unsafe { sansocket_buffered_set_inflate_codec(&mut *client.b, &mut inflates) }, sansocket_result::OK);

            let (mut at, mut sent, mut received) = (0, 0, Vec::new());
            for turn in 0.. {
                assert!(turn < 10_000, "no progress");
                // As much as there is room for.
                while let Some((payload, whole)) = messages.get(at) {
                    let (rest, kind, mut taken) = (&payload[sent..], sansocket_kind(2), payload.len() - sent);
                    let data = rest.as_ptr().cast();
                    let given = unsafe {
                        // A whole message is compressed in one step.
                        if *whole && sent == 0 && payload.len() <= appetite {
                            sansocket_buffered_send(&mut *server.b, 0, kind, data, rest.len())
                        } else {
                            sansocket_buffered_send_part(&mut *server.b, 0, kind, sent as u64, data, rest.len(), 1, &mut taken)
                        }
                    };
                    if given == sansocket_result::NEEDS_ROOM {
                        break;
                    }
                    assert_eq!(given, sansocket_result::OK);
                    sent += taken;
                    if sent == payload.len() {
                        (at, sent) = (at + 1, 0);
                    }
                }
                let mut event: Box<sansocket_event> = zeroed();
                loop {
                    assert_eq!(unsafe { sansocket_buffered_next(&mut *client.b, 0, &mut *event) }, sansocket_result::OK);
                    if event.r#type == sansocket_event_type::NONE {
                        break;
                    }
                    assert_eq!((event.r#type, event.last), (sansocket_event_type::DATA, 1));
                    received.push(if event.len == 0 {
                        Vec::new()
                    } else {
                        unsafe { from_raw_parts(event.data, event.len) }.to_vec()
                    });
                }
                let (due, space) = unsafe { (sansocket_buffered_due(&*server.b), sansocket_buffered_space(&mut *client.b)) };
                let n = due.len.min(space.len);
                if n == 0 && at == messages.len() {
                    break;
                }
                unsafe {
                    std::ptr::copy_nonoverlapping(due.data, space.data, n);
                    assert_eq!(sansocket_buffered_written(&mut *server.b, n, 0), sansocket_result::OK);
                    assert_eq!(sansocket_buffered_filled(&mut *client.b, n, 0), sansocket_result::OK);
                }
            }
            assert!(received.iter().eq(messages.iter().map(|(payload, _)| payload)), "{} of {}", received.len(), messages.len());
        },
    );
}
