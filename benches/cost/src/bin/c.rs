//! What the C layer costs: one call in C and in Rust, from the function's first instruction to its return, with the arguments ready and the
//! results where the caller reads them. Callgrind is told to count these functions.
//!
//! Rust's functions here are called as C calls its own: from outside (never inlined), with kind and fin known at run time only, and with
//! the whole result returned. The caller's use of it is not counted on either side. A Rust program that inlines the call, or leaves out
//! what it does not read, pays less.

use std::ffi::c_void;
use std::hint::black_box;

use cost::frames::{CONFIG, HEADER, NOW, Payload, message};
use cost::meter::{calls, memory, placed};
use sansocket::ffi;
use sansocket::{
    CallError, Connection, Entropy, EntropyError, Event, Instant, MessageKind, Negotiated, Received, Role, Transport,
};

/// As C's source is: called through a pointer.
struct Source(unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32);

impl Entropy for Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        // SAFETY: `entropy` writes as many bytes as there are.
        if unsafe { (self.0)(std::ptr::null_mut(), bytes.as_mut_ptr(), bytes.len()) } == 0 { Ok(()) } else { Err(EntropyError) }
    }
}

/// A key other than zero, for this program only.
unsafe extern "C" fn entropy(_: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    // SAFETY: the caller's room for `len` bytes.
    unsafe { bytes.write_bytes(0x5A, len) };
    0
}

/// What a loop needs to know after a call: the event, and what to do with the transport. `sansocket_receive` gives both.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted_receive<'i>(
    ws: &mut Rust,
    now: Instant,
    input: &'i mut [u8],
    out: &mut [u8],
    transport: &mut Transport,
) -> Result<Received<'i>, CallError> {
    let received = ws.receive(now, input, out);
    *transport = ws.transport();
    received
}

#[unsafe(no_mangle)]
#[inline(never)]
fn counted_send(
    ws: &mut Rust,
    kind: MessageKind,
    payload: &[u8],
    fin: bool,
    out: &mut [u8],
    transport: &mut Transport,
) -> Result<usize, CallError> {
    let sent = ws.send(kind, payload, fin, out);
    *transport = ws.transport();
    sent
}

type Rust = Connection<'static, Source>;
type RustReceive = for<'i> fn(&mut Rust, Instant, &'i mut [u8], &mut [u8], &mut Transport) -> Result<Received<'i>, CallError>;
type RustSend = fn(&mut Rust, MessageKind, &[u8], bool, &mut [u8], &mut Transport) -> Result<usize, CallError>;

/// Calls of one cell.
const CALLS: u64 = 1000;

fn rust(name: &str, role: Role, len: usize) {
    let (receive, send): (RustReceive, RustSend) = (black_box(counted_receive), black_box(counted_send));
    let (frame, payload) = (message(role, Payload::Binary, len), placed(&Payload::Binary.bytes(len)));
    let (input, output) = (memory(frame.len()), memory(len + HEADER + 131));
    let mut ws = Connection::open(role, &CONFIG, Source(entropy), Negotiated::NOTHING, NOW);
    let mut transport = Transport::Keep;
    calls(&format!("{name}, receive, {len}, in Rust"), CALLS, |now| {
        input.copy_from_slice(&frame);
        match receive(&mut ws, Instant::from_millis(now), input, output, &mut transport) {
            Ok(Received { event: Some(Event::Data(data)), .. }) => assert_eq!(data.payload.len(), len),
            other => panic!("{other:?}"),
        }
    });
    calls(&format!("{name}, send, {len}, in Rust"), CALLS, |_| {
        let kind = black_box(MessageKind::Binary);
        assert!(send(&mut ws, kind, payload, black_box(true), output, &mut transport).expect("room") > len);
    });
}

fn c(name: &str, role: Role, len: usize) {
    let receive = black_box(ffi::sansocket_receive as unsafe extern "C" fn(*mut _, *mut _) -> _);
    let send =
        black_box(ffi::sansocket_send as unsafe extern "C" fn(*mut _, *mut _, ffi::sansocket_kind, *const _, usize, u8) -> _);
    let (frame, payload) = (message(role, Payload::Binary, len), placed(&Payload::Binary.bytes(len)));
    let (input, output) = (memory(frame.len()), memory(len + HEADER + 131));
    // SAFETY: any bytes are a value of these.
    let (mut ws, mut io): (ffi::sansocket, ffi::sansocket_io) = unsafe { std::mem::zeroed() };
    // SAFETY: so they are of this.
    let mut setup: ffi::sansocket_setup = unsafe { std::mem::zeroed() };
    (setup.size, setup.abi_version) = (size_of::<ffi::sansocket_setup>(), ffi::SANSOCKET_ABI_VERSION);
    (setup.role, setup.entropy) = (role.into(), Some(entropy as _));
    // SAFETY: the structs are ours and live as long as this function.
    assert_eq!(unsafe { ffi::sansocket_init_open(&mut ws, &setup) }, ffi::sansocket_result::OK);
    calls(&format!("{name}, receive, {len}, in C"), CALLS, |now| {
        input.copy_from_slice(&frame);
        (io.now_ms, io.input, io.input_len) = (now, input.as_mut_ptr(), input.len());
        (io.output, io.output_size, io.output_len) = (output.as_mut_ptr(), output.len(), 0);
        // SAFETY: `io` names memory that is ours.
        assert_eq!(unsafe { receive(&mut ws, &mut io) }, ffi::sansocket_result::OK);
        assert_eq!((io.event.r#type, io.event.len), (ffi::sansocket_event_type::DATA, len));
    });
    calls(&format!("{name}, send, {len}, in C"), CALLS, |_| {
        (io.output, io.output_size, io.output_len) = (output.as_mut_ptr(), output.len(), 0);
        let kind = black_box(ffi::sansocket_kind(2));
        // SAFETY: as above.
        let sent = unsafe { send(&mut ws, &mut io, kind, payload.as_ptr().cast(), len, black_box(1)) };
        assert!(sent == ffi::sansocket_result::OK && io.output_len > len);
    });
}

fn main() {
    for (name, role) in [("call, server", Role::Server), ("call, client", Role::Client)] {
        for len in [16, 1024] {
            rust(name, role, len);
            c(name, role, len);
        }
    }
}
