//! What a client is made of.

use super::polling;
use super::socket::Socket;
use super::{Client, ClientConfig, Driver, StartError};
use crate::session::{self, Parts, Session, SessionConfig};
use crate::timer::Timer;
use sansocket::Config;
use sansocket_socketio::client::{self as io, AckSlot, DEFAULT_PATH, NamespaceSlot, TargetError};

static CONFIG: Config<'static> = Config::new();
static SESSION: SessionConfig<'static> = SessionConfig::new();
static CLIENT: ClientConfig = ClientConfig::new();

/// The longest message in either direction, if nothing else is said: what servers allow unless they are told otherwise.
const MAX_PAYLOAD: usize = 1_000_000;

/// Asked for the auth of a namespace.
pub(super) type Auth = Box<dyn FnMut(&str) -> Option<String> + Send>;

/// What a [`Client`] is made of: auth, the server's path, and a [`session::Builder`] for header fields, TLS, deadlines and memory.
///
/// ```no_run
/// use sansocket_tokio::Config;
/// use sansocket_tokio::session::{Session, SessionConfig};
/// use sansocket_tokio::socketio::client::Client;
///
/// static CONFIG: Config = Config::new();
/// static SESSION: SessionConfig = SessionConfig::new().max_delay_ms(5_000);
/// # fn fresh_token() -> String { String::new() }
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder()
///     .session(Session::builder(&CONFIG, &SESSION).header("User-Agent", "example/1.0"))
///     .auth(|_| Some(format!(r#"{{"token":"{}"}}"#, fresh_token())))
///     .path("/chat/socket.io/")
///     .start("https://example.com/admin")?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it dials only once it is started and polled"]
pub struct Builder {
    session: session::Builder,
    client: &'static ClientConfig,
    auth: Option<Auth>,
    path: String,
    polls: bool,
    max_packet: usize,
    max_namespaces: usize,
    max_acks: usize,
}

impl Builder {
    pub(super) fn new() -> Self {
        let session = Session::builder(&CONFIG, &SESSION);
        Self {
            session: session.receive_len(MAX_PAYLOAD).send_len(MAX_PAYLOAD).queue_len(MAX_PAYLOAD.saturating_mul(4)),
            client: &CLIENT,
            auth: None,
            path: DEFAULT_PATH.to_owned(),
            polls: false,
            max_packet: MAX_PAYLOAD,
            max_namespaces: 8,
            max_acks: 256,
        }
    }

    /// Over such a session, with its header fields, TLS, deadlines and memory. By default it has messages of up to 1 000 000 bytes, and
    /// four times as many wait; with a session of your own they are as it says.
    pub fn session(mut self, session: session::Builder) -> Self {
        self.session = session;
        self
    }

    /// With other settings of the protocol.
    pub const fn config(mut self, config: &'static ClientConfig) -> Self {
        self.client = config;
        self
    }

    /// With auth, a JSON object that is asked for at each connection anew, as tokens expire. `ask` gets the namespace. What takes time is
    /// fetched by the program: before [`next`](Client::next) is called after [`Event::Down`](super::Event::Down), or in another task.
    pub fn auth(mut self, ask: impl FnMut(&str) -> Option<String> + Send + 'static) -> Self {
        self.auth = Some(Box::new(ask));
        self
    }

    /// With the server's path: `/socket.io/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// By HTTP long-polling first, as browsers do, and by a WebSocket as soon as one comes about: for networks that let none through. It needs
    /// tokio's `spawn`, and does not go through proxies.
    pub const fn polling(mut self) -> Self {
        self.polls = true;
        self
    }

    /// The longest packet that is emitted, without its attachments, in bytes: 1 000 000.
    pub const fn max_packet(mut self, bytes: usize) -> Self {
        self.max_packet = bytes;
        self
    }

    /// How many namespaces there may be: 8.
    pub const fn max_namespaces(mut self, count: usize) -> Self {
        self.max_namespaces = count;
        self
    }

    /// How many answers may be waited for at the same time: 256.
    pub const fn max_acks(mut self, count: usize) -> Self {
        self.max_acks = count;
        self
    }

    /// A client of the server of `url`, as socket.io-client takes it: `http`, `https`, `ws` or `wss`, the namespace as its path, and a query.
    /// It dials once [`next`](Client::next) is polled.
    ///
    /// # Errors
    /// Any [`StartError`].
    pub fn start(self, url: &str) -> Result<Client, StartError> {
        let Self { session, client, auth, path, polls, max_packet, max_namespaces, max_acks } = self;
        let mut room = vec![0; url.len().saturating_add(path.len()).saturating_add(64)];
        if let Err(TargetError::NeedsRoom { bytes }) = io::target(url, &path, &mut room) {
            room.resize(bytes, 0);
        }
        let target = io::target(url, &path, &mut room).map_err(StartError::Target)?;
        let Parts { machine, link, headers } = session.parts(target.url).map_err(StartError::Session)?;
        let memory = max_namespaces.saturating_mul(client.namespace_len.into()).saturating_add(max_packet);
        let io =
            io::Client::new(client, vec![NamespaceSlot::EMPTY; max_namespaces], vec![AckSlot::EMPTY; max_acks], vec![0; memory]);
        let socket = Socket::new(machine, io, target.namespace, target.url.to_owned()).map_err(StartError::Namespace)?;
        let driver = Driver {
            link: link.detour(polls.then_some(polling::open)),
            timer: Timer::default(),
            headers,
            auth,
            connected: None,
            joining: None,
            incoming: Default::default(),
            close_reason: String::new(),
        };
        Ok(Client { socket, driver })
    }
}

/// Shows no auth and no values of header fields.
impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder").field("session", &self.session).field("path", &self.path).finish_non_exhaustive()
    }
}
