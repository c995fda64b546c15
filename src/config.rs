//! Limits, timeouts and what an endpoint speaks: one value, lent to any number of connections.

/// Declares the settings: a field to read and a method to set for each, and its default.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*) => {
        /// What connections share. Every limit is on from the start; times are in milliseconds, 0 turns a deadline off. Each setting is
        /// a field, to read, and a method of the same name, to set.
        ///
        /// A connection borrows its `Config`, so a `static` serves them all:
        /// ```
        /// use sansocket::Config;
        /// static CONFIG: Config = Config::new().max_message_len(64 * 1024).subprotocols("chat, superchat");
        /// assert_eq!(CONFIG.max_message_len, 65_536);
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub struct Config<'c> { $($(#[$doc])* pub $field: $type,)* }

        impl<'c> Config<'c> {
            /// The defaults, each named at its field.
            pub const fn new() -> Self {
                Self { $($field: $default,)* }
            }

            $($(#[$doc])*
            #[must_use]
            pub const fn $field(mut self, value: $type) -> Self {
                self.$field = value;
                self
            })*
        }
    };
}

settings! {
    /// The subprotocols that this endpoint speaks, in order of preference, as the header writes them:
    /// `"chat, superchat"`. A client offers all of them; a server's
    /// [`accept`](crate::Connection::accept) picks from them. Empty by default. The names are checked by the verbs of
    /// the handshake.
    subprotocols: &'c str = "";
    /// Bytes of a message, after inflating: 16 MiB.
    max_message_len: u64 = 16 << 20;
    /// Fragments of a message, empty ones counted: 65 536. One is always allowed.
    max_fragments: u32 = 65_536;
    /// Empty data frames between two bytes of payload: 1 024.
    max_empty_frames: u32 = 1_024;
    /// Bytes of a handshake head: 8 192. A caller whose buffer is smaller sets the size of that buffer.
    max_head_len: u32 = 8_192;
    /// Bytes of a request target: 4 096.
    max_target_len: u32 = 4_096;
    /// Header lines in a head: 100.
    max_header_lines: u16 = 100;
    /// Interim (1xx) responses before the final one, for a client: 8.
    max_interim_responses: u8 = 8;
    /// Whether `receive` answers Pings itself (§5.5.2): yes.
    auto_pong: bool = true;
    /// From the start to the end of the opening handshake: 10 000 ms.
    handshake_timeout_ms: u32 = 10_000;
    /// From our Close, the peer's or a failure, whatever comes first, to the end of the connection: 5 000 ms.
    closing_timeout_ms: u32 = 5_000;
    /// Between two keepalive Pings: 25 000 ms.
    keepalive_interval_ms: u32 = 25_000;
    /// From a keepalive Ping to its Pong: 20 000 ms.
    pong_timeout_ms: u32 = 20_000;
    /// Without any byte from the peer that was consumed (those of an unfinished header or control frame are not yet): off.
    idle_timeout_ms: u32 = 0;
    /// Bytes a second at which a peer has to take what was due before our Close, on average, if it is to have longer than
    /// [`closing_timeout_ms`](Self::closing_timeout_ms) for it: 240. With 0 any byte will do. For callers who say what the
    /// transport takes ([`written`](crate::Connection::written)).
    min_write_rate: u32 = 240;
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}
