//! Calls one function some number of times: `cost FUNCTION ROLE BYTES CALLS`. Under callgrind, which counts the instructions from the
//! function's first to its return, with the arguments ready and the results where the caller reads them.
//!
//! Rust's functions here are called as C calls its own: from outside (never inlined), with kind and fin known at run time only, and with
//! the whole result returned. The caller's use of it is not counted on either side.

use sansocket::ffi;
use sansocket::{
    CallError, Config, Connection, Entropy, EntropyError, Event, Instant, MessageKind, Negotiated, Received, Role, Transport,
};
use std::ffi::c_void;
use std::hint::black_box;

static CONFIG: Config = Config::new();

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
fn rust_receive<'i>(
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
fn rust_send(
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

fn frame(role: Role, len: usize) -> Vec<u8> {
    // From the other role.
    let mask = if role == Role::Server { 0x80 } else { 0 };
    let mut frame = vec![0x82];
    match u8::try_from(len) {
        Ok(len @ ..126) => frame.push(mask | len),
        _ => frame.extend([&[mask | 126][..], &u16::try_from(len).unwrap().to_be_bytes()].concat()),
    }
    frame.extend(if role == Role::Server { &[1, 2, 3, 4][..] } else { &[] });
    frame.extend(std::iter::repeat_n(7, len));
    frame
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, function, role, len, calls] = &arguments[..] else { panic!("cost FUNCTION ROLE BYTES CALLS") };
    let role = if role == "server" { Role::Server } else { Role::Client };
    let (len, calls): (usize, u64) = (len.parse().unwrap(), calls.parse().unwrap());
    let (frame, payload, mut out) = (frame(role, len), vec![3; len], vec![0; 4096]);
    let mut input = frame.clone();

    let mut rust = Connection::open(role, &CONFIG, Source(entropy), Negotiated::NOTHING, Instant::from_millis(0));
    let (rust_receive, rust_send): (RustReceive, RustSend) = (black_box(rust_receive), black_box(rust_send));

    // SAFETY: any bytes are a value of these.
    let (mut ws, mut io): (ffi::sansocket, ffi::sansocket_io) = unsafe { std::mem::zeroed() };
    // SAFETY: so they are of this.
    let mut setup: ffi::sansocket_setup = unsafe { std::mem::zeroed() };
    (setup.size, setup.abi_version) = (size_of::<ffi::sansocket_setup>(), ffi::SANSOCKET_ABI_VERSION);
    (setup.role, setup.entropy) = (role.into(), Some(entropy as _));
    // SAFETY: the structs are ours and live as long as `main`.
    let begun = unsafe { ffi::sansocket_init_open(&mut ws, &setup) };
    assert_eq!(begun, ffi::sansocket_result::OK);
    let c_receive = black_box(ffi::sansocket_receive as unsafe extern "C" fn(*mut _, *mut _) -> _);
    let c_send =
        black_box(ffi::sansocket_send as unsafe extern "C" fn(*mut _, *mut _, ffi::sansocket_kind, *const _, usize, u8) -> _);

    let mut transport = Transport::Keep;
    for now in 0..calls {
        input.copy_from_slice(&frame);
        (io.now_ms, io.input, io.input_len) = (now, input.as_mut_ptr(), input.len());
        (io.output, io.output_size, io.output_len) = (out.as_mut_ptr(), out.len(), 0);
        let now = Instant::from_millis(now);
        match function.as_str() {
            "rust_receive" => match rust_receive(&mut rust, now, &mut input, &mut out, &mut transport) {
                Ok(Received { event: Some(Event::Data(data)), .. }) => assert_eq!(data.payload.len(), len),
                other => panic!("{other:?}"),
            },
            "rust_send" => assert!(
                rust_send(&mut rust, black_box(MessageKind::Binary), &payload, black_box(true), &mut out, &mut transport)
                    .unwrap()
                    > len
            ),
            "sansocket_receive" => {
                // SAFETY: `io` names memory that is ours.
                assert_eq!(unsafe { c_receive(&mut ws, &mut io) }, ffi::sansocket_result::OK);
                assert_eq!((io.event.r#type, io.event.len), (ffi::sansocket_event_type::DATA, len));
            }
            "sansocket_send" => {
                let kind = black_box(ffi::sansocket_kind(2));
                // SAFETY: as above.
                let sent = unsafe { c_send(&mut ws, &mut io, kind, payload.as_ptr().cast(), len, black_box(1)) };
                assert!(sent == ffi::sansocket_result::OK && io.output_len > len);
            }
            other => panic!("{other}?"),
        }
    }
}
