//! Lines of standard input for a program that waits for a socket, too. Copy it with `wire.rs`.

use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use mio::{Poll, Token, Waker};

/// Reads standard input on a thread of its own, because reading it blocks.
pub struct Lines {
    queue: Receiver<io::Result<Vec<u8>>>,
    /// Ends the wait of the program.
    waker: Arc<Mutex<Option<Arc<Waker>>>>,
    have_ended: bool,
}

impl Lines {
    /// Begins to read. It stays one line ahead.
    pub fn read() -> Self {
        let (give, queue) = sync_channel(1);
        let waker = Arc::new(Mutex::new(None::<Arc<Waker>>));
        let lines = Self { queue, waker: Arc::clone(&waker), have_ended: false };
        thread::spawn(move || {
            let wake = || {
                if let Ok(Some(waker)) = waker.lock().as_deref() {
                    wake(waker);
                }
            };
            for line in io::stdin().lock().split(b'\n') {
                let line = line.map(|line| line.strip_suffix(b"\r").unwrap_or(&line).to_vec());
                let is_last = line.is_err();
                if give.send(line).is_err() || is_last {
                    break;
                }
                wake();
            }
            drop(give);
            wake();
        });
        lines
    }

    /// From now on a line that comes, or their end, ends the wait of this poll and of no other. A poll has one waker: other threads that
    /// have something for the program share it.
    pub fn wake(&self, poll: &Poll) -> io::Result<Arc<Waker>> {
        let waker = Arc::new(Waker::new(poll.registry(), Token(1))?);
        self.waker.lock().map_err(|_| io::ErrorKind::Other)?.replace(Arc::clone(&waker));
        Ok(waker)
    }

    /// The next line, without its line end, if it has come. After an error they have ended.
    pub fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        let line = self.queue.try_recv();
        self.have_ended |= matches!(line, Err(TryRecvError::Disconnected));
        line.ok()
    }

    /// Whether [`next`](Self::next) has given all of them.
    pub fn have_ended(&self) -> bool {
        self.have_ended
    }
}

/// Ends the wait of a poll. A signal must not lose that.
pub fn wake(waker: &Waker) {
    while waker.wake().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
}
