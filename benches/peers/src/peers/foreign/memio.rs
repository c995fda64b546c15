//! In-memory byte stream for peers that want to own their socket.
use crate::api::{Out, Responder};
use std::cell::{Cell, UnsafeCell};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

pub struct MemIo {
    rd: Cell<*const u8>,
    rd_len: Cell<usize>,
    chunk: Cell<usize>,
    out: Cell<*mut Out>,
    responder: Cell<Option<Responder>>,
    small: UnsafeCell<Vec<u8>>,
}
#[derive(Clone)]
pub struct Mem(pub Arc<MemIo>);
unsafe impl Send for MemIo {}
unsafe impl Sync for MemIo {}

impl Mem {
    pub fn new() -> Self {
        Mem(Arc::new(MemIo {
            rd: Cell::new(std::ptr::null()),
            rd_len: Cell::new(0),
            chunk: Cell::new(usize::MAX),
            out: Cell::new(std::ptr::null_mut()),
            responder: Cell::new(None),
            small: UnsafeCell::new(Vec::new()),
        }))
    }
    /// SAFETY: the caller keeps `wire` alive until it is consumed.
    pub fn set_input(&self, wire: &[u8], chunk: usize) {
        self.0.rd.set(wire.as_ptr());
        self.0.rd_len.set(wire.len());
        self.0.chunk.set(chunk);
    }
    pub fn set_output(&self, out: &mut Out) {
        self.0.out.set(out);
    }
    pub fn set_responder(&self, r: Responder) {
        self.0.responder.set(Some(r));
    }
    pub fn written(&self) -> &[u8] {
        unsafe { &*self.0.small.get() }
    }
    /// # Safety
    /// `dst` has room for `cap`.
    #[inline]
    unsafe fn pull(&self, dst: *mut u8, cap: usize) -> usize {
        let n = cap.min(self.0.rd_len.get()).min(self.0.chunk.get());
        // SAFETY: the input has `rd_len` bytes left, `dst` has room
        unsafe { std::ptr::copy_nonoverlapping(self.0.rd.get(), dst, n) };
        self.0.rd.set(self.0.rd.get().wrapping_add(n));
        self.0.rd_len.set(self.0.rd_len.get() - n);
        n
    }
    #[inline]
    fn put(&self, b: &[u8]) {
        let o = self.0.out.get();
        if !o.is_null() {
            unsafe { (*o).write(b) }
        } else {
            // handshake output
            unsafe { (&mut *self.0.small.get()).extend_from_slice(b) }
            if let Some(r) = self.0.responder.get() {
                let w = self.written();
                if w.ends_with(b"\r\n\r\n") {
                    self.0.responder.set(None);
                    static mut RESP: [u8; 1024] = [0; 1024];
                    unsafe {
                        let p = &mut *std::ptr::addr_of_mut!(RESP);
                        let n = r(w, p);
                        self.set_input(&p[..n], usize::MAX);
                    }
                }
            }
        }
    }
}

impl io::Read for Mem {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.rd_len.get() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(unsafe { self.pull(buf.as_mut_ptr(), buf.len()) })
    }
}
impl io::Write for Mem {
    #[inline]
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        self.put(b);
        Ok(b.len())
    }
    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut n = 0;
        for b in bufs {
            self.put(b);
            n += b.len();
        }
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl tokio::io::AsyncRead for Mem {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, b: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.0.rd_len.get() == 0 {
            return Poll::Pending;
        }
        unsafe {
            let dst = b.unfilled_mut();
            let n = self.pull(dst.as_mut_ptr() as *mut u8, dst.len());
            b.assume_init(n);
            b.advance(n);
        }
        Poll::Ready(Ok(()))
    }
}
impl tokio::io::AsyncWrite for Mem {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        self.put(b);
        Poll::Ready(Ok(b.len()))
    }
    fn poll_write_vectored(mut self: Pin<&mut Self>, _: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(io::Write::write_vectored(&mut *self, bufs))
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
impl futures_io::AsyncRead for Mem {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, b: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.0.rd_len.get() == 0 {
            return Poll::Pending;
        }
        Poll::Ready(Ok(unsafe { self.pull(b.as_mut_ptr(), b.len()) }))
    }
}
impl futures_io::AsyncWrite for Mem {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        self.put(b);
        Poll::Ready(Ok(b.len()))
    }
    fn poll_write_vectored(mut self: Pin<&mut Self>, _: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(io::Write::write_vectored(&mut *self, bufs))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

static VT: RawWakerVTable = RawWakerVTable::new(|_| RawWaker::new(std::ptr::null(), &VT), |_| {}, |_| {}, |_| {});
pub fn waker() -> Waker {
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VT)) }
}
/// Poll once; `None` when pending.
#[inline]
pub fn poll_once<F: std::future::Future>(f: F) -> Option<F::Output> {
    let w = waker();
    let mut cx = Context::from_waker(&w);
    let mut f = std::pin::pin!(f);
    match f.as_mut().poll(&mut cx) {
        Poll::Ready(v) => Some(v),
        Poll::Pending => None,
    }
}
