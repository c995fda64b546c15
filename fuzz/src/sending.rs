//! Two open endpoints back to back: what one sends is what the other receives, whatever the verbs, their order, and the pieces.

use crate::endpoint::Endpoint;
use crate::support::Begin;
use crate::support::model::is_code_for_frames;
use crate::support::probe::Seen;
use sansocket::{Config, Role};

/// A list of commands of three octets each, some with octets of payload behind them.
///
/// | first octet | what happens |
/// |---|---|
/// | bit 7 | whose turn it is: the server's if set |
/// | bits 4-6 = 0-4 | the verb of bits 0-3, with the second octet as its argument and as many octets as the third says |
/// | bits 4-6 = 5 | time passes: the third octet, in milliseconds; the second is the room for what that makes due |
/// | bits 4-6 = 6, 7 | as many octets as the third says, 0 being all, arrive from the other end, in calls with the second's room |
pub fn sending(data: &[u8]) {
    let Some((&settings, mut commands)) = data.split_first() else { return };
    let config = Config::new();
    let config = if settings & 1 == 0 {
        config
    } else {
        config.closing_timeout_ms(50).keepalive_interval_ms(40).pong_timeout_ms(30).idle_timeout_ms(70)
    };
    let mut client = End::new(Role::Client, &config);
    let mut server = End::new(Role::Server, &config);
    while let Some((&[first, argument, number], behind)) = commands.split_first_chunk() {
        commands = behind;
        let (end, other) = if first & 0x80 == 0 { (&mut client, &mut server) } else { (&mut server, &mut client) };
        match first >> 4 & 7 {
            0..5 => {
                let (payload, behind) = commands.split_at(usize::from(number).min(commands.len()));
                commands = behind;
                end.endpoint.verb(first & 15, argument, payload);
            }
            5 => end.endpoint.pass(u64::from(number), usize::from(argument)),
            _ => {
                let len = if number == 0 { usize::MAX } else { usize::from(number) };
                end.receive_from(other, len, usize::from(argument) % 132);
            }
        }
    }
    while client.receive_from(&server, usize::MAX, 131) | server.receive_from(&client, usize::MAX, 131) {}
    client.finish(&server);
    server.finish(&client);
}

struct End<'c> {
    endpoint: Endpoint<'c>,
    /// Octets of the other's output that were received.
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

    /// What came is what the other sent.
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
