//! Two open endpoints back to back: what one sends is what the other receives, whatever the verbs, their order, and the pieces.

use crate::endpoint::Endpoint;
use crate::input::{Action, Command, Sending};
use crate::support::Begin;
use crate::support::model::is_code_for_frames;
use crate::support::probe::Seen;
use sansocket::{Config, Role};

/// Each command in its turn, and then everything arrives.
pub fn sending(input: &Sending<'_>) {
    let config = Config::new();
    let config = if input.has_short_times {
        config.closing_timeout_ms(50).keepalive_interval_ms(40).pong_timeout_ms(30).idle_timeout_ms(70)
    } else {
        config
    };
    let mut client = End::new(Role::Client, &config);
    let mut server = End::new(Role::Server, &config);
    for &Command { end, action } in &input.commands {
        let (end, other) = if end == Role::Client { (&mut client, &mut server) } else { (&mut server, &mut client) };
        match action {
            Action::Call { verb, attempts, payload } => end.endpoint.verb(verb, attempts, payload.0),
            Action::Pass { ms, room } => end.endpoint.pass(ms.into(), room.into()),
            Action::Receive { len, room } => {
                let len = if len == 0 { usize::MAX } else { len.into() };
                end.receive_from(other, len, room.into());
            }
        }
    }
    while client.receive_from(&server, usize::MAX, 131) | server.receive_from(&client, usize::MAX, 131) {}
    client.finish(&server);
    server.finish(&client);
}

struct End<'c> {
    endpoint: Endpoint<'c>,
    /// Bytes of the other's output that were received.
    received: usize,
}

impl<'c> End<'c> {
    fn new(role: Role, config: &'c Config<'c>) -> Self {
        Self { endpoint: Endpoint::new(role, config, Begin::Open), received: 0 }
    }

    /// Whether there was anything to receive.
    fn receive_from(&mut self, other: &Self, len: usize, room: usize) -> bool {
        let waiting = &other.endpoint.probe.output[self.received..];
        let len = len.min(waiting.len());
        self.endpoint.probe.room = room;
        self.endpoint.feed(&waiting[..len]);
        self.received += len;
        len > 0
    }

    /// Each received what the other sent.
    fn finish(&self, other: &Self) {
        let (ours, theirs) = (&self.endpoint, &other.endpoint);
        theirs.check_output(&theirs.probe.output);
        let mut seen = &ours.probe.events[..];
        let was_cut = ours.has_given_up || matches!(seen.last(), Some(Seen::Closed { .. }));
        if let [before @ .., Seen::Closed { code, was_clean }] = seen {
            seen = before;
            assert_eq!(*was_clean, is_code_for_frames(*code) || *code == 1005);
        }
        let close = theirs.expected.iter().position(|seen| matches!(seen, Seen::CloseReceived { .. }));
        let expected = &theirs.expected[..close.map_or(theirs.expected.len(), |at| at + 1)];
        assert!(expected.starts_with(seen), "{seen:02x?}, expected {expected:02x?}");
        if !was_cut {
            assert_eq!(seen, expected);
        }
    }
}
