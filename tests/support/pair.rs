//! A client and a server back to back: bytes travel in pieces that the test chooses, on a clock that it moves.

use super::probe::{Probe, Seen};
use super::{Begin, DEFAULT};
use sansocket::{Config, Role, State, Transport};

/// A piece on its way.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    /// The other direction is taken if there is nothing to move in this one.
    pub(crate) to_server: bool,
    /// At most as many bytes, from 1.
    pub(crate) len: usize,
    /// The output that the receiver is given at first.
    pub(crate) room: usize,
}

pub(crate) struct Pair<'c> {
    pub(crate) client: Probe<'c>,
    pub(crate) server: Probe<'c>,
    /// Bytes of each one's output that the other was given.
    client_sent: usize,
    server_sent: usize,
    /// Whether each one's writing was shut down and the other notified.
    client_shut: bool,
    server_shut: bool,
    /// Taken in order, again and again.
    moves: Vec<Move>,
    moved: usize,
    pub(crate) now: u64,
}

impl Pair<'static> {
    /// Both open, with the default settings.
    pub(crate) fn open(moves: Vec<Move>) -> Self {
        Pair::with(&DEFAULT, &DEFAULT, Begin::Open, moves)
    }
}

impl<'c> Pair<'c> {
    pub(crate) fn with(client: &'c Config<'c>, server: &'c Config<'c>, begin: Begin, moves: Vec<Move>) -> Self {
        let mut client = Probe::start(Role::Client, client, begin);
        if begin == Begin::Handshake {
            // The request that `start` wrote is part of this wire.
            client = Probe::of(
                sansocket::Connection::client(client.config, client.entropy.clone(), super::ms(0)),
                client.config,
                client.entropy,
            );
            client.write(|conn, out| conn.request(&sansocket::ClientRequest::new("example.com", "/"), super::ms(0), out));
        }
        Self {
            client,
            server: Probe::start(Role::Server, server, begin),
            client_sent: 0,
            server_sent: 0,
            client_shut: false,
            server_shut: false,
            moves,
            moved: 0,
            now: 0,
        }
    }

    /// Moves one piece; returns whether there was one.
    pub(crate) fn step(&mut self) -> bool {
        let step = self.moves[self.moved % self.moves.len()].clone();
        self.moved += 1;
        self.deliver(&step, step.to_server) || self.deliver(&step, !step.to_server)
    }

    fn deliver(&mut self, step: &Move, to_server: bool) -> bool {
        let (from, to, sent, shut) = if to_server {
            (&self.client, &mut self.server, &mut self.client_sent, &mut self.client_shut)
        } else {
            (&self.server, &mut self.client, &mut self.server_sent, &mut self.server_shut)
        };
        (to.now, to.room) = (self.now, step.room);
        let waiting = &from.output[*sent..];
        if !waiting.is_empty() {
            let len = step.len.min(waiting.len());
            to.feed(&waiting[..len]);
            *sent += len;
            return true;
        }
        // `Transport` obeyed: a shut down writer is an end of input for the other.
        if from.conn.transport() != Transport::Keep && !*shut {
            *shut = true;
            if to.conn.state() != State::Closed {
                to.eof();
            }
            return true;
        }
        false
    }

    /// Delivers until nothing is under way.
    pub(crate) fn settle(&mut self) {
        while self.step() {}
    }

    /// Lets `ms` pass, both obeying their deadlines, with bytes delivered at once.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.settle();
            let next = [&self.client, &self.server].into_iter().filter_map(Probe::next_timeout).min();
            let Some(next) = next.filter(|&next| next <= end) else { break };
            self.now = self.now.max(next);
            for probe in [&mut self.client, &mut self.server] {
                if probe.next_timeout().is_some_and(|next| next <= self.now) {
                    probe.timeout(self.now, 200);
                }
            }
        }
        self.now = end;
    }

    /// The only `Closed` of each, client first.
    pub(crate) fn closed(&self) -> [Seen; 2] {
        [&self.client, &self.server].map(|probe| {
            let mut closed = probe.events.iter().filter(|seen| matches!(seen, Seen::Closed { .. }));
            let seen = closed.next().unwrap_or_else(|| panic!("no Closed in {:?}", probe.events)).clone();
            assert!(closed.next().is_none());
            seen
        })
    }
}
