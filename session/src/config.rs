//! How a session dials, waits, queues and gives up: one value, lent to any number of sessions.

use crate::heartbeat::Heartbeat;

/// The most redirects in a row that are followed, whatever the configuration says.
pub const MAX_REDIRECTS: u8 = 5;

/// Declares the settings: for each a field to read, a method to set it, and its default.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*) => {
        /// What sessions share. Times are in milliseconds. Each setting is a field, for reading, and a method of the same name that
        /// sets it. Limits and deadlines of the connections themselves are in [`sansocket::Config`].
        ///
        /// ```
        /// use sansocket_session::SessionConfig;
        /// static CONFIG: SessionConfig = SessionConfig::new().max_delay_ms(60_000).max_redirects(3);
        /// assert_eq!((CONFIG.min_delay_ms, CONFIG.max_delay_ms), (1_000, 60_000));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub struct SessionConfig<'c> { $($(#[$doc])* pub $field: $type,)* }

        impl<'c> SessionConfig<'c> {
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
    /// From the dial (name, TCP, proxy, TLS) to the end of the opening handshake: 20 000 ms. 0: no deadline but that of the opening
    /// handshake.
    connect_timeout_ms: u32 = 20_000;
    /// The first wait after a connection that was up for [`min_uptime_ms`](Self::min_uptime_ms), and after the first dial that failed, is
    /// random between 0 and this (RFC 6455 §7.2.3), so that clients do not come back all at once: 5 000 ms.
    first_delay_ms: u32 = 5_000;
    /// The second wait, before its jitter: 1 000 ms.
    min_delay_ms: u32 = 1_000;
    /// The longest wait, before its jitter, at most 24 days: 30 000 ms.
    max_delay_ms: u32 = 30_000;
    /// By how much each wait is longer than the last, in percent of that: 200, twice as long.
    factor_percent: u16 = 200;
    /// How much a wait is longer or shorter at random, in percent, at most 100: 50. It comes after the cap, so that waits at the cap are
    /// spread too.
    jitter_percent: u8 = 50;
    /// A connection that was up for less counts as a failure: the waits go on growing, so that a server that accepts and drops is not
    /// dialled in a tight loop. 5 000 ms.
    min_uptime_ms: u32 = 5_000;
    /// After how many failures in a row the session gives up: 0, never. The end of a connection that was up for
    /// [`min_uptime_ms`](Self::min_uptime_ms) is none.
    max_failures: u32 = 0;
    /// How many redirects (301, 302, 303, 307, 308) in a row are followed: 0, none. At most [`MAX_REDIRECTS`](crate::MAX_REDIRECTS). Never from
    /// `wss` to `ws`.
    max_redirects: u8 = 0;
    /// The longest URL, the session's or one that it is redirected to, which has at most 512 bytes: 256 bytes. The session's memory has room
    /// for it, twice if redirects are followed.
    max_url_len: u16 = 256;
    /// The longest Retry-After (RFC 9110 §10.2.3) that is obeyed, in seconds; a longer one counts as this: 3 600.
    max_retry_after_s: u32 = 3_600;
    /// The HTTP proxy, `http://user:password@host:port`, user and password being optional; empty: none. It is asked for a tunnel (CONNECT)
    /// for `ws` too.
    proxy: &'c str = "";
    /// Which hosts are dialled without the proxy, as `NO_PROXY` lists them ([`Proxy::for_url`](crate::Proxy::for_url)).
    no_proxy: &'c str = "";
    /// What happens to a message for which the queue has no room: it is refused.
    overflow: Overflow = Overflow::Refuse;
    /// The most messages in the queue: 1 024. The memory that is lent for it limits their bytes.
    max_queued: u32 = 1_024;
    /// A message of the application's that shows whether the peer still answers: none.
    heartbeat: Option<Heartbeat<'c>> = None;
}

impl SessionConfig<'_> {
    /// How many bytes of a session's memory its URLs take. The rest is the queue.
    pub fn url_memory_len(&self) -> usize {
        let len = usize::from(self.max_url_len);
        if self.max_redirects == 0 { len } else { len.saturating_mul(2) }
    }

    /// How many redirects in a row are followed.
    pub(crate) const fn redirects(&self) -> u8 {
        if self.max_redirects < MAX_REDIRECTS { self.max_redirects } else { MAX_REDIRECTS }
    }
}

impl Default for SessionConfig<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// What happens to a message for which the queue has no room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Overflow {
    /// It is refused, [`SendError::Full`](crate::SendError::Full), and the caller still has it.
    Refuse = 1,
    /// The oldest ones are dropped until there is room, and are reported by [`Event::Dropped`](crate::Event::Dropped).
    DropOldest = 2,
    /// It is dropped, and reported by [`Event::Dropped`](crate::Event::Dropped).
    DropNewest = 3,
}
