//! Limits, timeouts and what an endpoint speaks: one value, lent to any number of connections.

/// What connections share. Every limit is on from the start; times are in milliseconds, 0 turns a deadline off.
///
/// A connection borrows its `Config`, so a `static` serves them all:
/// ```
/// use sansocket::Config;
/// static CONFIG: Config = Config::new().max_message_len(64 * 1024).subprotocols("chat, superchat");
/// # let _ = CONFIG;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'c> {
    pub(crate) subprotocols: &'c str,
    pub(crate) max_message_len: u64,
    pub(crate) max_fragments: u32,
    pub(crate) max_empty_frames: u32,
    pub(crate) max_head_len: u32,
    pub(crate) max_target_len: u32,
    pub(crate) max_header_lines: u16,
    pub(crate) max_interim_responses: u8,
    pub(crate) auto_pong: bool,
    pub(crate) handshake_timeout_ms: u32,
    pub(crate) closing_timeout_ms: u32,
    pub(crate) keepalive_interval_ms: u32,
    pub(crate) pong_timeout_ms: u32,
    pub(crate) idle_timeout_ms: u32,
}

/// Declares one builder method per field.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub const fn $field(mut self, value: $type) -> Self {
            self.$field = value;
            self
        })*
    };
}

impl<'c> Config<'c> {
    /// The defaults, each named at its method.
    pub const fn new() -> Self {
        Self {
            subprotocols: "",
            max_message_len: 16 << 20,
            max_fragments: 65_536,
            max_empty_frames: 1_024,
            max_head_len: 8_192,
            max_target_len: 4_096,
            max_header_lines: 100,
            max_interim_responses: 8,
            auto_pong: true,
            handshake_timeout_ms: 10_000,
            closing_timeout_ms: 5_000,
            keepalive_interval_ms: 25_000,
            pong_timeout_ms: 20_000,
            idle_timeout_ms: 0,
        }
    }

    settings! {
        /// The subprotocols that this endpoint speaks, in order of preference, as the header writes them:
        /// `"chat, superchat"`. A client offers all of them; a server's
        /// [`accept`](crate::Connection::accept) picks from them. Empty by default. The names are checked by the verbs of
        /// the handshake.
        subprotocols: &'c str;
        /// Octets of a message, after inflating: 16 MiB.
        max_message_len: u64;
        /// Fragments of a message, empty ones counted: 65 536. One is always allowed.
        max_fragments: u32;
        /// Empty data frames between two octets of payload: 1 024.
        max_empty_frames: u32;
        /// Octets of a handshake head: 8 192. A caller whose buffer is smaller sets the size of that buffer.
        max_head_len: u32;
        /// Octets of a request target: 4 096.
        max_target_len: u32;
        /// Header lines in a head: 100.
        max_header_lines: u16;
        /// Interim (1xx) responses before the final one, for a client: 8.
        max_interim_responses: u8;
        /// Whether `receive` answers Pings itself (§5.5.2): yes.
        auto_pong: bool;
        /// From the start to the end of the opening handshake: 10 000 ms.
        handshake_timeout_ms: u32;
        /// From our Close, the peer's or a failure, whatever comes first, to the end of the connection: 5 000 ms.
        closing_timeout_ms: u32;
        /// Between two keepalive Pings: 25 000 ms.
        keepalive_interval_ms: u32;
        /// From a keepalive Ping to its Pong: 20 000 ms.
        pong_timeout_ms: u32;
        /// Without any octet from the peer that was consumed (those of an unfinished header or control frame are not yet): off.
        idle_timeout_ms: u32;
    }
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}
