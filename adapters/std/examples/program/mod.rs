//! What the programs need that is not WebSocket: arguments, a terminal, a thread for each connection.
#![allow(dead_code, reason = "each program needs some of it")]

use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The program's arguments; or its usage, if that is asked for.
pub(crate) fn arguments(usage: &str) -> Vec<String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(|one| one.to_string_lossy().into_owned()).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        show(usage);
        exit(0);
    }
    arguments
}

/// Ends the program with this status.
pub(crate) fn fail(status: i32, reason: impl Display) -> ! {
    note(&reason.to_string());
    exit(status)
}

/// The lines of standard input, which a thread reads.
pub(crate) fn lines() -> Receiver<String> {
    let (give, lines) = sync_channel(1);
    thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if give.send(String::from_utf8_lossy(line).into_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

static STOPS: AtomicBool = AtomicBool::new(false);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Calls `serve` with each client, on a thread of its own, until Ctrl-C or SIGTERM; then waits for those that are [`Open`].
pub(crate) fn listen(address: &str, serve: impl Fn(TcpStream) + Copy + Send + 'static) {
    let listener = TcpListener::bind(address).unwrap_or_else(|error| fail(1, format_args!("{address}: {error}")));
    let signals = Signals::new([SIGINT, SIGTERM]);
    let mut signals = signals.unwrap_or_else(|error| fail(1, format_args!("cannot wait for signals: {error}")));
    show(&format!("listening on ws://{}/", listener.local_addr().map_or(address.into(), |address| address.to_string())));
    thread::spawn(move || {
        loop {
            match listener.accept() {
                // Without a thread for it the client is dropped.
                Ok((client, _)) => drop(thread::Builder::new().spawn(move || serve(client))),
                // There are no descriptors left, and the client waits until there are.
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    });
    signals.forever().next();
    STOPS.store(true, SeqCst);
    while OPEN.load(SeqCst) > 0 {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether the program is to end.
pub(crate) fn stops() -> bool {
    STOPS.load(SeqCst)
}

/// A connection that the program waits for before it ends.
pub(crate) struct Open;

impl Open {
    pub(crate) fn new() -> Self {
        OPEN.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, SeqCst);
    }
}

/// Writes `text`, escaped, to standard error. If nobody reads that, there is nobody to tell.
pub(crate) fn note(text: &str) {
    writeln!(io::stderr(), "* {}", escaped(text)).ok();
}

/// Writes `text`, escaped, to standard output. If nobody reads that, the program ends, as if by SIGPIPE.
pub(crate) fn show(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{}", escaped(text)).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            exit(141);
        }
        fail(1, format_args!("cannot write to standard output: {error}"));
    }
}

/// `text` without what could command a terminal: all control characters but the newline are escaped.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c == '\n' || !c.is_control();
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}
