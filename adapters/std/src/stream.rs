//! What a blocking stream must be able to do.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A blocking stream whose reads and writes end after a time, in the way of [`TcpStream`]: a read or write that has moved nothing by
/// then fails with [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut), and can be repeated.
///
/// All deadlines come from these times. Of a stream that has none, the calls may do nothing: then a call waits until the peer sends
/// or reads something, deadlines act only after that, and two peers that send at the same time can block each other.
///
/// A write that has failed in that way is repeated with the same bytes first, so a stream may have taken some of them already (as TLS
/// does).
///
/// For a stream of another crate, wrap it:
/// ```
/// use std::io::{self, Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::time::Duration;
///
/// struct Tunnel(TcpStream); // or a TLS stream around one
///
/// impl Read for Tunnel {
///     fn read(&mut self, space: &mut [u8]) -> io::Result<usize> { self.0.read(space) }
/// }
/// impl Write for Tunnel {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.0.write(bytes) }
///     fn flush(&mut self) -> io::Result<()> { self.0.flush() }
/// }
/// impl sansocket_std::Stream for Tunnel {
///     fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> { self.0.set_write_timeout(Some(write_timeout)) }
///     fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> { self.0.set_read_timeout(timeout) }
///     fn shut_down_writing(&mut self) -> io::Result<()> { self.0.shutdown(Shutdown::Write) }
/// }
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let client = TcpStream::connect(listener.local_addr()?)?;
/// # let server = std::thread::spawn(move || {
/// #     let mut ws = sansocket_std::accept(Tunnel(listener.accept().unwrap().0), sansocket_std::Origin::Any).unwrap();
/// #     ws.read().unwrap().is_none()
/// # });
/// # static CONFIG: sansocket_std::Config = sansocket_std::Config::new();
/// # let mut ws = sansocket_std::Connector::new(&CONFIG).over(Tunnel(client), "ws://localhost/")?;
/// # ws.close(None, "")?;
/// # assert!(server.join().unwrap());
/// # Ok::<(), io::Error>(())
/// ```
pub trait Stream: Read + Write {
    /// Called once, before anything else: the stream blocks, and its writes end after `write_timeout`.
    ///
    /// # Errors
    /// Those of the system. The connection is not opened then.
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()>;

    /// From now on reads end after that time, which is never zero; `None`: never.
    ///
    /// # Errors
    /// Those of the system. They count as those of a read.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Tells the peer that nothing more comes; what comes from the peer can still be read. Called once. A transport that has no such
    /// thing does nothing.
    ///
    /// # Errors
    /// They are of no interest any more.
    fn shut_down_writing(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> {
        self.set_nonblocking(false)?;
        // These fail if the peer has gone, which reads and writes report.
        self.set_nodelay(true).ok();
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&*self).set_tcp_notsent_lowat(UNSENT).ok();
        self.set_write_timeout(Some(write_timeout))
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        TcpStream::set_read_timeout(self, timeout)
    }

    fn shut_down_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

#[cfg(unix)]
impl Stream for std::os::unix::net::UnixStream {
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> {
        self.set_nonblocking(false)?;
        self.set_write_timeout(Some(write_timeout))
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        std::os::unix::net::UnixStream::set_read_timeout(self, timeout)
    }

    fn shut_down_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn set_up(&mut self, write_timeout: Duration) -> io::Result<()> {
        (**self).set_up(write_timeout)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_read_timeout(timeout)
    }

    fn shut_down_writing(&mut self) -> io::Result<()> {
        (**self).shut_down_writing()
    }
}

/// What the system may take ahead of the network.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;
