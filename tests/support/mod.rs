//! What all tests use: a probe that checks the laws at every call, every delivery of a wire, and the tools around them.
#![allow(dead_code, reason = "each test file uses its part of the support")]
pub(crate) mod buffered;
pub(crate) mod entropy;
pub(crate) mod frames;
pub(crate) mod http;
pub(crate) mod model;
pub(crate) mod pair;
pub(crate) mod probe;
pub(crate) mod tokens;

use entropy::Counter;
use probe::{Probe, Seen};
use sansocket::{Config, Connection, Instant, MessageKind, Negotiated, Role};

/// All defaults.
pub(crate) static DEFAULT: Config<'static> = Config::new();

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

pub(crate) fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// An open connection with default settings.
pub(crate) fn open(role: Role) -> Connection<'static, Counter> {
    Connection::open(role, &DEFAULT, Counter::default(), Negotiated::NOTHING, ms(0))
}

/// A connection of either role before its opening handshake.
pub(crate) fn connecting<'c>(role: Role, config: &'c Config<'c>, entropy: Counter) -> Connection<'c, Counter> {
    match role {
        Role::Client => Connection::client(config, entropy, ms(0)),
        Role::Server => Connection::server_with(config, entropy, ms(0)),
    }
}

/// The state of a connection when the wire under test begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begin {
    /// The opening handshake was done elsewhere.
    Open,
    /// Open, and our Close (1000) went out.
    Closing,
    /// Server: the request is on the wire and is accepted. Client: the request went out, the response is on the wire.
    Handshake,
}

/// One endpoint to feed wires to.
#[derive(Clone, Copy)]
pub(crate) struct Case<'c> {
    pub(crate) role: Role,
    pub(crate) config: &'c Config<'c>,
    pub(crate) begin: Begin,
}

/// The result of a delivery, with its Data chunks joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Transcript {
    /// All events; a message is where it ended.
    pub(crate) events: Vec<Seen>,
    /// The message that was not finished.
    pub(crate) open: Option<(MessageKind, Vec<u8>)>,
    /// All bytes that the endpoint produced.
    pub(crate) output: Vec<u8>,
    /// What was not consumed before the end of input.
    pub(crate) rest: Vec<u8>,
    /// Bytes delivered when `Failed` came.
    pub(crate) fault_at: Option<usize>,
}

impl Transcript {
    /// The events without the final `Closed`.
    pub(crate) fn before_closed(&self) -> &[Seen] {
        match self.events.split_last() {
            Some((Seen::Closed { .. }, before)) => before,
            _ => panic!("no Closed at the end of {self:?}"),
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.fault_at.is_some()
    }

    /// Law 2: equal but for the cut of a message that ends in a fault, where the other's delivery is a prefix of ours.
    fn assert_covers(&self, other: &Self, delivery: &str) {
        assert_eq!(self.events, other.events, "events differ when delivered {delivery}");
        assert_eq!(self.output, other.output, "output differs when delivered {delivery}");
        assert_eq!(self.rest, other.rest, "unconsumed bytes differ when delivered {delivery}");
        if self.has_failed() {
            let (ours, theirs) = (&self.open, &other.open);
            let is_prefix = match (ours, theirs) {
                (_, None) => true,
                (Some((kind, long)), Some((other_kind, short))) => kind == other_kind && long.starts_with(short),
                (None, Some(_)) => false,
            };
            assert!(is_prefix, "{theirs:02x?} is not a prefix of {ours:02x?} when delivered {delivery}");
        } else {
            assert_eq!(self.open, other.open, "the unfinished message differs when delivered {delivery}");
        }
    }
}

impl<'c> Case<'c> {
    pub(crate) fn open(role: Role) -> Self {
        Self { role, config: &DEFAULT, begin: Begin::Open }
    }

    pub(crate) fn closing(role: Role) -> Self {
        Self { role, config: &DEFAULT, begin: Begin::Closing }
    }

    pub(crate) fn handshake(role: Role) -> Self {
        Self { role, config: &DEFAULT, begin: Begin::Handshake }
    }

    pub(crate) fn with(self, config: &'c Config<'c>) -> Self {
        Self { config, ..self }
    }

    pub(crate) fn start(&self) -> Probe<'c> {
        Probe::start(self.role, self.config, self.begin)
    }

    /// Delivers `wire` in the pieces that end at `cuts`, each call with an output of `room` bytes, and ends the input.
    pub(crate) fn deliver(&self, wire: &[u8], cuts: impl IntoIterator<Item = usize>, room: usize) -> Transcript {
        let mut probe = self.start();
        probe.room = room;
        let mut from = 0;
        let mut fault_at = None;
        for to in cuts.into_iter().chain([wire.len()]) {
            probe.feed(&wire[from..to]);
            if fault_at.is_none() && matches!(probe.events.last(), Some(Seen::Failed(_))) {
                fault_at = Some(to);
            }
            from = to;
        }
        probe.eof();
        Transcript { events: probe.events, open: probe.open, output: probe.output, rest: probe.buffer, fault_at }
    }

    /// Delivers `wire` in every way: byte by byte, whole, at every two-way split, and with outputs of 0 to 131 bytes.
    /// All must have the same result; that of byte by byte delivery is returned.
    pub(crate) fn run(&self, wire: &[u8]) -> Transcript {
        let longest = self.run_briefly(wire);
        for room in 0..=131 {
            longest.assert_covers(&self.deliver(wire, [], room), &format!("with room for {room}"));
        }
        longest.assert_covers(&self.deliver(wire, 1..wire.len(), 0), "byte by byte without room");
        longest
    }

    /// As `run`, without the scarce outputs.
    pub(crate) fn run_briefly(&self, wire: &[u8]) -> Transcript {
        let longest = self.deliver(wire, 1..wire.len(), AMPLE);
        longest.assert_covers(&self.deliver(wire, [], AMPLE), "whole");
        for cut in 1..wire.len() {
            longest.assert_covers(&self.deliver(wire, [cut], AMPLE), &format!("in two pieces, cut at {cut}"));
        }
        longest
    }

    /// Delivers `wire` byte by byte, whole, and in pieces with an output of `room` bytes. The pieces end at `cuts`, in any order; those
    /// beyond the wire's end are counted from its start again.
    pub(crate) fn run_cut(&self, wire: &[u8], cuts: &[usize], room: usize) -> Transcript {
        let longest = self.deliver(wire, 1..wire.len(), AMPLE);
        longest.assert_covers(&self.deliver(wire, [], AMPLE), "whole");
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (wire.len() + 1)).collect();
        cuts.sort_unstable();
        longest.assert_covers(&self.deliver(wire, cuts.iter().copied(), room), &format!("cut at {cuts:?} with room for {room}"));
        longest
    }
}

/// Law 7: bytes of output that suffice for every receive.
pub(crate) const AMPLE: usize = 131;
