//! What the terminal shows: a line for each event, and a summary every few seconds in which something happened.

use std::fmt::Arguments;
use std::io::{BufWriter, Stdout, Write, stdout};
use std::time::Duration;

use sansocket::{Event, State};

use crate::client::Client;
use crate::clock::Clock;
use crate::peer::Peer;

const SUMMARY_EVERY: Duration = Duration::from_secs(5);
/// A summary names at most so many connections.
const MOST_LINES: usize = 12;

/// What happened since the start.
#[derive(Clone, Copy, PartialEq, Default)]
pub(crate) struct Totals {
    pub(crate) connections: u32,
    pub(crate) ended: u32,
    pub(crate) messages: u64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

pub(crate) struct Log {
    /// `None` if the log is off, or its reader has gone.
    out: Option<BufWriter<Stdout>>,
    pub(crate) totals: Totals,
    summed_up: Totals,
    next_summary: Duration,
}

impl Log {
    pub(crate) fn new(quiet: bool) -> Self {
        let out = (!quiet).then(|| BufWriter::new(stdout()));
        Self { out, totals: Totals::default(), summed_up: Totals::default(), next_summary: SUMMARY_EVERY }
    }

    pub(crate) fn line(&mut self, clock: &Clock, peer: &Peer, what: Arguments<'_>) {
        if self.out.is_some() {
            self.write(format_args!("{:9.3}  {peer}  {what}\n", clock.uptime().as_secs_f64()));
        }
    }

    pub(crate) fn event(&mut self, clock: &Clock, peer: &Peer, event: &Event<'_>) {
        if self.out.is_none() {
            return;
        }
        match event {
            // With the last piece the length of the message is known.
            Event::Data(data) if data.last => {
                let len = data.offset + data.payload.len() as u64;
                self.line(clock, peer, format_args!("{:?} message, {len} bytes", data.kind));
            }
            // Those are logged with the answer.
            Event::Data(_) | Event::Request(_) | Event::HttpRequest(_) => {}
            Event::Ping { payload, .. } => self.line(clock, peer, format_args!("Ping, {} bytes", payload.len())),
            Event::Pong { payload, .. } => self.line(clock, peer, format_args!("Pong, {} bytes", payload.len())),
            Event::CloseReceived { code, reason, .. } => self.line(clock, peer, format_args!("Close {} {reason:?}", code.0)),
            Event::Failed { error, .. } => self.line(clock, peer, format_args!("failed: {error}")),
            Event::Closed { code, was_clean, cause, .. } => {
                let manner = if *was_clean { "clean" } else { "not clean" };
                self.line(clock, peer, format_args!("closed {}, {manner}: {cause}", code.0));
            }
            other => self.line(clock, peer, format_args!("{other:?}")),
        }
    }

    /// Lets out what was written, and sums up if it is time. Called whenever the server is about to wait.
    pub(crate) fn flush<'a, 'c: 'a>(&mut self, clock: &Clock, clients: impl Iterator<Item = &'a Client<'c>> + Clone) {
        if self.out.is_none() {
            return;
        }
        if clock.uptime() >= self.next_summary {
            self.next_summary = clock.uptime() + SUMMARY_EVERY;
            if self.totals != self.summed_up {
                self.summed_up = self.totals;
                self.sum_up(clients);
            }
        }
        if self.out.as_mut().is_some_and(|out| out.flush().is_err()) {
            self.out = None;
        }
    }

    fn sum_up<'a, 'c: 'a>(&mut self, clients: impl Iterator<Item = &'a Client<'c>> + Clone) {
        let Totals { messages, received, sent, .. } = self.totals;
        let count = clients.clone().count();
        let open = clients.clone().filter(|client| client.state() == State::Open).count();
        self.write(format_args!(
            "--- {count} connections, {open} of them open; since the start {messages} messages in, {received} bytes in, {sent} out\n"
        ));
        for client in clients.take(MOST_LINES) {
            self.write(format_args!("    {}  {}\n", client.peer, client.peer.summary(client.state())));
        }
        if count > MOST_LINES {
            self.write(format_args!("    and {} more\n", count - MOST_LINES));
        }
    }

    fn write(&mut self, what: Arguments<'_>) {
        if self.out.as_mut().is_some_and(|out| out.write_fmt(what).is_err()) {
            self.out = None;
        }
    }
}
