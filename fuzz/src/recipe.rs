//! How an input is delivered: its first octets, of fixed length, so that a mutation of them leaves the wire behind them alone.

use crate::support::Begin;
use crate::support::model::{DEFAULT_LIMITS, Limits};
use sansocket::Config;

/// | octets | what they say |
/// |---|---|
/// | 0 | settings, a bit each |
/// | 1 | octets of output that each call is given at first, modulo 132 |
/// | 2-9 | four places at which the wire is cut, in 16 bits each, low octet first, modulo its length and one |
/// | 10-21 | four steps, one at each cut: verb, argument, and how much time passes |
/// | 22-23 | for the body at hand |
pub(crate) struct Recipe {
    octets: [u8; LEN],
}

pub(crate) const LEN: usize = 24;

/// The limits of heads in the settings.
pub(crate) struct HeadLimits {
    pub(crate) len: usize,
    pub(crate) target: usize,
    pub(crate) lines: usize,
    pub(crate) interim: usize,
}

/// What happens at a cut.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) verb: u8,
    pub(crate) argument: u8,
    pub(crate) ms: u64,
}

impl Recipe {
    /// The recipe at the start of `data`, and the wire.
    pub(crate) fn split(data: &[u8]) -> Option<(Self, &[u8])> {
        let (&octets, wire) = data.split_first_chunk()?;
        Some((Self { octets }, wire))
    }

    fn setting(&self, bit: u8) -> bool {
        self.octets[0] >> bit & 1 == 1
    }

    /// Whether verbs and time come between the pieces of the wire.
    pub(crate) fn is_driven(&self) -> bool {
        self.setting(0)
    }

    /// Open, or with our Close sent.
    pub(crate) fn begin(&self) -> Begin {
        if self.setting(1) { Begin::Closing } else { Begin::Open }
    }

    pub(crate) fn is_auto_pong(&self) -> bool {
        !self.setting(3)
    }

    pub(crate) fn settings(&self) -> (Config<'static>, Limits) {
        let config = Config::new().auto_pong(self.is_auto_pong());
        let config = if self.setting(4) { config.subprotocols("chat, superchat") } else { config };
        // Times near each other, so that deadlines meet.
        let config = if self.setting(5) {
            config
                .handshake_timeout_ms(60)
                .closing_timeout_ms(50)
                .keepalive_interval_ms(40)
                .pong_timeout_ms(30)
                .idle_timeout_ms(70)
        } else {
            config
        };
        if self.setting(2) {
            let limits = Limits { message: 150, fragments: 3, empty: 2 };
            let config = config.max_message_len(150).max_fragments(3).max_empty_frames(2);
            (config.max_head_len(400).max_target_len(20).max_header_lines(9).max_interim_responses(2), limits)
        } else {
            (config, DEFAULT_LIMITS)
        }
    }

    /// Whether deadlines come soon enough to end the connection.
    pub(crate) fn has_short_times(&self) -> bool {
        self.setting(5)
    }

    pub(crate) fn head_limits(&self) -> HeadLimits {
        if self.setting(2) {
            HeadLimits { len: 400, target: 20, lines: 9, interim: 2 }
        } else {
            HeadLimits { len: 8192, target: 4096, lines: 100, interim: 8 }
        }
    }

    /// The subprotocols of the settings.
    pub(crate) fn subprotocols(&self) -> &'static [&'static str] {
        if self.setting(4) { &["chat", "superchat"] } else { &[] }
    }

    /// A number of four for the body at hand.
    pub(crate) fn choice(&self) -> u8 {
        self.octets[0] >> 6
    }

    pub(crate) fn room(&self) -> usize {
        usize::from(self.octets[1]) % 132
    }

    /// Where a wire of `len` octets is cut.
    pub(crate) fn cuts(&self, len: usize) -> [usize; 4] {
        let mut cuts = [0, 1, 2, 3].map(|i| usize::from(self.number(2 + 2 * i)) % (len + 1));
        cuts.sort_unstable();
        cuts
    }

    pub(crate) fn steps(&self) -> [Step; 4] {
        [10, 13, 16, 19].map(|i| Step { verb: self.octets[i], argument: self.octets[i + 1], ms: u64::from(self.octets[i + 2]) })
    }

    /// The last two octets.
    pub(crate) fn extra(&self) -> [u8; 2] {
        [self.octets[22], self.octets[23]]
    }

    fn number(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.octets[at], self.octets[at + 1]])
    }
}

/// A recipe that says nothing but its settings: whole delivery, no output at first.
pub(crate) fn plain(settings: u8) -> Vec<u8> {
    let mut octets = vec![0; LEN];
    octets[0] = settings;
    octets
}
