//! What a session is made of.

use super::codec::connection;
use super::link::{Link, TlsConfig};
use super::sender::Sender;
use super::{Machine, Session, SessionConfig, SetupError};
use crate::timer::{Clock, Timer};
use sansocket::{Config, Url};

/// The least bytes of the buffers: for heads, and for many short messages in one call of the system.
const BUFFER: usize = 16 << 10;
/// The largest header of a frame, and the answer to the peer that has its place at any time.
const BESIDE: usize = sansocket::frame::FrameHeader::MAX_LEN + sansocket::MAX_ANSWER;

/// What a [`Session`] is made of: settings, header fields, TLS, and how much memory it has.
///
/// ```no_run
/// use sansocket_tokio::Config;
/// use sansocket_tokio::session::{Session, SessionConfig};
///
/// static CONFIG: Config = Config::new().subprotocols("chat");
/// static SESSION: SessionConfig = SessionConfig::new().max_delay_ms(60_000).max_redirects(3);
/// # fn fresh_token() -> String { String::new() }
/// # fn example() -> Result<(), sansocket_tokio::session::SetupError> {
/// let session = Session::builder(&CONFIG, &SESSION)
///     .header("User-Agent", "example/1.0")
///     .headers(|_| vec![("Authorization".to_owned(), fresh_token())])
///     .queue_len(1 << 20)
///     .start("wss://example.com/chat")?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it dials only once it is started and polled"]
pub struct Builder {
    config: &'static Config<'static>,
    session: &'static SessionConfig<'static>,
    headers: Headers,
    receive_len: usize,
    send_len: usize,
    queue_len: usize,
    tls: TlsConfig,
}

impl Builder {
    pub(super) fn new(config: &'static Config<'static>, session: &'static SessionConfig<'static>) -> Self {
        let headers = Headers { origin: None, fixed: Vec::new(), ask: None };
        let (receive_len, send_len, queue_len) = (64 << 10, 64 << 10, 256 << 10);
        Self { config, session, headers, receive_len, send_len, queue_len, tls: Default::default() }
    }

    /// With another header field at each dial: User-Agent, Cookie, Authorization. It is for the host of the session's URL, and goes to no
    /// other host or port that a redirect leads to.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.fixed.push((name.into(), value.into()));
        self
    }

    /// With header fields that are asked for anew at each dial, for credentials that expire. `ask` gets the URL that is dialled: after a
    /// redirect it may be another host's, which is not to have them. What takes time, a token from elsewhere, is fetched by the
    /// program: before [`next`](Session::next) is called after [`Event::Down`](super::Event::Down), or in another task.
    pub fn headers(mut self, ask: impl FnMut(&str) -> Vec<(String, String)> + Send + 'static) -> Self {
        self.headers.ask = Some(Box::new(ask));
        self
    }

    /// With an Origin, which browsers send and other clients may (§10.2).
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.headers.origin = Some(origin.into());
        self
    }

    /// With certificates and settings of your own, in the place of Mozilla's certificate authorities.
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, config: std::sync::Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// The longest message that is received: 64 KiB. A longer one fails the connection with 1009, as one does that is longer than
    /// [`Config::max_message_len`].
    pub const fn receive_len(mut self, bytes: usize) -> Self {
        self.receive_len = bytes;
        self
    }

    /// Messages of up to so many bytes can be sent, and some that are a little longer: 64 KiB.
    pub const fn send_len(mut self, bytes: usize) -> Self {
        self.send_len = bytes;
        self
    }

    /// How many bytes of messages can wait, [`QUEUE_OVERHEAD`](super::QUEUE_OVERHEAD) for each of them included: 256 KiB. How many messages
    /// is [`SessionConfig::max_queued`].
    pub const fn queue_len(mut self, bytes: usize) -> Self {
        self.queue_len = bytes;
        self
    }

    /// A session with the server of `url`: `ws://` or, with the feature `rustls`, `wss://`. (`http://` and `https://` mean the same.) It dials
    /// once [`next`](Session::next) is polled.
    ///
    /// # Errors
    /// [`SetupError::Url`], [`SetupError::UrlTooLong`]; [`SetupError::Proxy`].
    pub fn start(self, url: &str) -> Result<Session, SetupError> {
        let Parts { machine, link, headers } = self.parts(url)?;
        Ok(Session {
            sender: Sender::new(machine, url, Clock::start()),
            link,
            timer: Timer::default(),
            headers,
            connected: None,
            close_reason: String::new(),
        })
    }

    /// What drives a session is made of.
    pub(crate) fn parts(self, url: &str) -> Result<Parts, SetupError> {
        let Self { config, session, headers, receive_len, send_len, queue_len, tls } = self;
        let head_len = usize::try_from(config.max_head_len).unwrap_or(usize::MAX);
        // What is compressed may become longer by 1/8 and 1/64 (RFC 7692 §7.2.1), for which it needs room.
        let output_len = send_len.saturating_add(send_len / 4).saturating_add(BESIDE).max(BUFFER);
        let ws = connection(config, head_len.max(BUFFER), output_len, receive_len);
        let memory = vec![0; session.url_memory_len().saturating_add(queue_len)];
        let machine = sansocket_session::Session::new(ws, session, url, memory)?;
        Ok(Parts { machine, link: Link::new(tls), headers })
    }
}

/// Shows no values of header fields, which may be credentials (§10.6).
impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let headers: Vec<_> = self.headers.fixed.iter().map(|(name, _)| name).collect();
        f.debug_struct("Builder").field("origin", &self.headers.origin).field("headers", &headers).finish_non_exhaustive()
    }
}

/// A session before it has senders.
pub(crate) struct Parts {
    pub(crate) machine: Machine,
    pub(crate) link: Link,
    pub(crate) headers: Headers,
}

/// What a request has beside what the connection needs.
pub(crate) struct Headers {
    origin: Option<String>,
    fixed: Vec<(String, String)>,
    ask: Option<Ask>,
}

type Ask = Box<dyn FnMut(&str) -> Vec<(String, String)> + Send>;

impl Headers {
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The header fields for this URL, in a session whose own URL is `home`.
    pub(crate) fn for_url(&mut self, url: &str, home: &str) -> Vec<(String, String)> {
        let mut fields = if is_same_host(url, home) { self.fixed.clone() } else { Vec::new() };
        if let Some(ask) = &mut self.ask {
            fields.extend(ask(url));
        }
        fields
    }
}

/// Whether what is for one may go to the other: the same host and port, or `wss` in the place of `ws`, each at its default port. (From `wss`
/// to `ws` no redirect is followed.)
fn is_same_host(url: &str, home: &str) -> bool {
    let (Ok(url), Ok(home)) = (Url::parse(url), Url::parse(home)) else { return false };
    let is_upgraded = !home.is_secure() && url.is_secure() && (home.port(), url.port()) == (80, 443);
    url.host().eq_ignore_ascii_case(home.host()) && (url.port() == home.port() || is_upgraded)
}

#[cfg(test)]
mod tests {
    use super::is_same_host;

    #[test]
    fn what_is_for_one_host_goes_to_no_other() {
        for (url, home, is_same) in [
            ("ws://example.com/a", "ws://EXAMPLE.com/b", true),
            ("wss://example.com/", "ws://example.com/", true),
            ("wss://example.com/", "wss://example.com:443/", true),
            ("wss://example.com:8443/", "ws://example.com:8080/", false),
            ("ws://example.com:81/", "ws://example.com/", false),
            ("ws://example.com:443/", "ws://example.com/", false),
            ("ws://evil.example/", "ws://example.com/", false),
            ("ws://sub.example.com/", "ws://example.com/", false),
        ] {
            assert_eq!(is_same_host(url, home), is_same, "{url} {home}");
        }
    }
}
