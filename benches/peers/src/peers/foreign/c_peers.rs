//! The C and C++ peers, through the table in `c/peer.h`.
use crate::api::*;
use std::ffi::{CStr, c_char, c_int, c_void};
use wsbench_c_library as _; // linked, not called

#[repr(C)]
pub struct CSink {
    msgs: u64,
    bytes: u64,
    touch: u64,
    verify: u64,
    hash: u64,
}
#[repr(C)]
pub struct COut {
    buf: *mut u8,
    cap: usize,
    pos: usize,
    total: u64,
}
type CResp = extern "C" fn(*const u8, usize, *mut u8, usize) -> usize;
#[repr(C)]
pub struct WsCPeer {
    name: *const c_char,
    caps: u32,
    state_bytes: usize,
    open: extern "C" fn(c_int, c_int, usize) -> *mut c_void,
    close: extern "C" fn(*mut c_void),
    decode: extern "C" fn(*mut c_void, *const u8, usize, usize, usize, *mut CSink),
    encode: extern "C" fn(*mut c_void, c_int, *const u8, usize, usize, *mut COut),
    server_handshake: Option<extern "C" fn(*const u8, usize, *mut u8, usize) -> usize>,
    client_handshake: Option<extern "C" fn(CResp) -> c_int>,
}
unsafe extern "C" {
    fn ws_peer_sansocket() -> *const WsCPeer;
    fn ws_peer_wslay_event() -> *const WsCPeer;
    fn ws_peer_wslay_frame() -> *const WsCPeer;
    fn ws_peer_uws_gcc() -> *const WsCPeer;
    fn ws_peer_uws_clang() -> *const WsCPeer;
    fn ws_peer_uws_gcc_native() -> *const WsCPeer;
    fn ws_peer_uws_clang_native() -> *const WsCPeer;
    fn ws_peer_uws_stream_gcc() -> *const WsCPeer;
    fn ws_peer_uws_stream_clang_native() -> *const WsCPeer;
    fn ws_peer_beast() -> *const WsCPeer;
    fn ws_beast_set_responder(r: CResp);
}
type Getter = unsafe extern "C" fn() -> *const WsCPeer;

/// Ours, by way of its header.
pub fn ours() -> Box<dyn Peer> {
    of(ws_peer_sansocket)
}

/// Every other C peer.
pub fn all() -> Vec<Box<dyn Peer>> {
    // SAFETY: sets a pointer; this program has one thread
    unsafe { ws_beast_set_responder(c_responder) };
    let getters: [Getter; 9] = [
        ws_peer_wslay_event,
        ws_peer_wslay_frame,
        ws_peer_beast,
        ws_peer_uws_gcc,
        ws_peer_uws_clang,
        ws_peer_uws_stream_gcc,
        ws_peer_uws_gcc_native,
        ws_peer_uws_clang_native,
        ws_peer_uws_stream_clang_native,
    ];
    getters.into_iter().map(of).collect()
}

fn of(getter: Getter) -> Box<dyn Peer> {
    // SAFETY: it returns a table that lives for ever
    Box::new(CPeer(unsafe { &*getter() }))
}
extern "C" fn c_responder(req: *const u8, n: usize, out: *mut u8, cap: usize) -> usize {
    unsafe { crate::handshake::respond(std::slice::from_raw_parts(req, n), std::slice::from_raw_parts_mut(out, cap)) }
}

struct CPeer(&'static WsCPeer);
struct C {
    p: &'static WsCPeer,
    h: *mut c_void,
    client: bool,
}
impl Peer for CPeer {
    fn name(&self) -> String {
        unsafe { CStr::from_ptr(self.0.name) }.to_str().unwrap().into()
    }
    fn caps(&self) -> Caps {
        let b = |m: u32| self.0.caps & m != 0;
        Caps {
            decode: !b(64),
            client_decode: !b(64 | 256),
            encode: !b(128),
            utf8: b(1),
            streaming: b(2),
            hs_server: b(4),
            hs_client: b(8),
            deflate: b(16),
            native: b(32),
            limit: false,
        }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let client = o.role == Role::Client;
        Box::new(C { p: self.0, h: (self.0.open)(client as c_int, o.deflate as c_int, o.chunk), client })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        (self.0.server_handshake.unwrap())(req.as_ptr(), req.len(), out.as_mut_ptr(), out.len())
    }
    fn client_handshake(&self, _r: Responder) -> bool {
        (self.0.client_handshake.unwrap())(c_responder) != 0
    }
}
impl Drop for C {
    fn drop(&mut self) {
        (self.p.close)(self.h)
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        let _ = self.client;
        self.p.state_bytes
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        let n = crate::wire::messages_in(wire);
        let mut s = CSink { msgs: sink.msgs, bytes: sink.bytes, touch: sink.touch, verify: sink.verify as u64, hash: sink.hash };
        (self.p.decode)(self.h, wire.as_ptr(), wire.len(), chunk, n, &mut s);
        (sink.msgs, sink.bytes, sink.touch, sink.hash) = (s.msgs, s.bytes, s.touch, s.hash);
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        let mut o = COut { buf: out.buf.as_mut_ptr(), cap: out.buf.len(), pos: out.pos, total: out.total };
        (self.p.encode)(self.h, p.text as c_int, p.slice.as_ptr(), p.slice.len(), n, &mut o);
        (out.pos, out.total) = (o.pos, o.total);
    }
}
