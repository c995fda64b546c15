//! How clients wait and what they take: one value, lent to any number of them.

/// Declares the settings: for each a field to read, a method to set it, and its default.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*) => {
        /// What clients share. Each setting is a field, for reading, and a method of the same name that sets it. When to dial again, and what
        /// waits meanwhile, is in [`SessionConfig`](sansocket_session::SessionConfig).
        ///
        /// ```
        /// use sansocket_socketio::client::ClientConfig;
        /// static CONFIG: ClientConfig = ClientConfig::new().open_timeout_ms(10_000);
        /// assert_eq!((CONFIG.open_timeout_ms, CONFIG.max_attachments), (10_000, 10));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub struct ClientConfig { $($(#[$doc])* pub $field: $type,)* }

        impl ClientConfig {
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
    /// How many bytes of the client's memory each namespace has: for its name, and for what connection state recovery needs, which is the
    /// server's `pid` and the offset of the last event, some 30 bytes together. If they do not fit, there is no recovery. 128 bytes.
    namespace_len: u16 = 128;
    /// From the end of the WebSocket's opening handshake to Engine.IO's: 20 000 ms.
    open_timeout_ms: u32 = 20_000;
    /// The most attachments that a packet of the server's may have: 10.
    max_attachments: u16 = 10;
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self::new()
    }
}
