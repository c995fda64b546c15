//! Limits, timeouts and subprotocols: one value, lent to any number of connections.

use crate::deflate::config::DeflateConfig;

/// Declares the settings: for each a field to read, a method to set it, and its default.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*) => {
        /// What connections share. Every limit is on by default; times are in milliseconds, and 0 turns a deadline off. Each
        /// setting is a field, for reading, and a method of the same name that sets it.
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
            /// The defaults, as documented at each field.
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
    /// `"chat, superchat"`. A client offers all of them; a server's [`accept`](crate::Connection::accept) chooses from them,
    /// or from what the client offers if there are none. Empty by default. The methods of the handshake check the names.
    subprotocols: &'c str = "";
    /// permessage-deflate (RFC 7692): off. [`DeflateConfig`] says what it costs.
    deflate: DeflateConfig = DeflateConfig::OFF;
    /// The most bytes of a message, after inflating: 16 MiB.
    max_message_len: u64 = 16 << 20;
    /// The most fragments of a message, empty ones included: 65 536. One is always allowed.
    max_fragments: u32 = 65_536;
    /// The most empty data frames between two bytes of payload: 1 024.
    max_empty_frames: u32 = 1_024;
    /// The most bytes of a handshake head: 8 192. If your buffer is smaller, set this to its size.
    max_head_len: u32 = 8_192;
    /// The most bytes of a request target: 4 096.
    max_target_len: u32 = 4_096;
    /// The most header lines in a head: 100.
    max_header_lines: u16 = 100;
    /// For a client, the most interim (1xx) responses before the final one: 8.
    max_interim_responses: u8 = 8;
    /// Whether `receive` answers Pings itself (§5.5.2): yes.
    auto_pong: bool = true;
    /// From the start to the end of the opening handshake: 10 000 ms.
    handshake_timeout_ms: u32 = 10_000;
    /// From our Close, the peer's or a failure, whichever comes first, to the end of the connection: 5 000 ms.
    closing_timeout_ms: u32 = 5_000;
    /// Between two keepalive Pings: 25 000 ms.
    keepalive_interval_ms: u32 = 25_000;
    /// From a keepalive Ping to its Pong: 20 000 ms.
    pong_timeout_ms: u32 = 20_000;
    /// Without any byte from the peer being consumed (those of an unfinished header or control frame do not count yet): off.
    idle_timeout_ms: u32 = 0;
    /// For a [`Buffered`](crate::Buffered) connection: as long as the transport takes nothing of the output that is due. Whatever it
    /// takes moves this deadline: 20 000 ms.
    write_timeout_ms: u32 = 20_000;
    /// The average rate, in bytes per second, at which a peer must take what was due before our Close to get longer than
    /// [`closing_timeout_ms`](Self::closing_timeout_ms) for it: 240. With 0 any byte is enough. For callers that report what the
    /// transport takes ([`written`](crate::Connection::written)).
    min_write_rate: u32 = 240;
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}
