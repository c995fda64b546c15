//! What a server allows its clients.

use crate::engine::server as engine;
use crate::packet::Limits;

/// What a server allows its clients, and how long it waits for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Heartbeat, transports, lengths of messages and queues.
    pub engine: engine::Config,
    /// How long a client may take until it has been let into its first namespace, in milliseconds: 45 000. Then its connection is closed.
    pub connect_timeout_ms: u32,
    /// How many attachments a packet of a client's may have: 10. For more its connection is closed.
    pub limits: Limits,
    /// How many bytes the attachments of one packet may have together: 10 000 000. For more the connection is closed.
    pub max_attachment_bytes: usize,
    /// In how many namespaces one connection may be, or wait to be: 100. For more it is closed.
    pub max_namespaces: usize,
    /// How many answers of one socket may be outstanding: 1 000. Beyond that [`Io::emit_with_ack`](super::Io::emit_with_ack) sends nothing.
    pub max_acks: usize,
    /// In how many rooms one socket may be: 1 000. Beyond that [`Io::join`](super::Io::join) does nothing.
    pub max_rooms: usize,
}

/// The longest name of a namespace that a client may ask for, with its query, in bytes. For a longer one the connection is closed.
pub const MAX_NAMESPACE_LEN: usize = 1000;

impl Config {
    /// The values above: those of the reference, where it has them.
    pub const fn new() -> Self {
        Self {
            engine: engine::Config::new(),
            connect_timeout_ms: 45_000,
            limits: Limits::new(),
            max_attachment_bytes: 10_000_000,
            max_namespaces: 100,
            max_acks: 1_000,
            max_rooms: 1_000,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
