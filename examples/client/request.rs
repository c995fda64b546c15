//! What is asked of the server at each dial: the opening handshake, with the headers that the command line names.

use sansocket::{Buffered, CallError, ClientRequest, Config, Connection, Header, Instant, Url};

use crate::arguments::{Arguments, Target};
use crate::codec::Verbs;
use crate::wire::SystemEntropy;
use crate::{PIECE_LEN, Problem, not_asked};

pub(crate) struct Request<'a> {
    url: Url<'a>,
    origin: Option<&'a str>,
    headers: Vec<Header<'a>>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(arguments: &'a Arguments, target: &'a Target) -> Result<Self, Problem> {
        let mut headers: Vec<_> = arguments.headers.iter().map(|(name, value)| Header::new(name, value)).collect();
        // Whoever gives the header itself means that one.
        if !headers.iter().any(|header| header.name.eq_ignore_ascii_case("authorization")) {
            headers.extend(target.authorization.as_deref().map(|value| Header::new("Authorization", value)));
        }
        Ok(Self { url: target.parsed()?, origin: arguments.origin.as_deref(), headers })
    }

    /// Before there is a socket: what a request cannot contain is refused without troubling the server.
    pub(crate) fn check(&self, config: &Config<'_>) -> Result<(), Problem> {
        let start = Instant::from_millis(0);
        let ws = Connection::client(config, SystemEntropy, start);
        let request = ClientRequest::new(self.url.authority(), self.url.target()).origin(self.origin).headers(&self.headers);
        Buffered::new(ws, [0; 16], vec![0; 3 * PIECE_LEN]).commands(start).request(&request).map_err(not_asked)
    }

    /// Asks the server of `url`, which is another one after a redirect: it does not get the credentials that are for the first.
    pub(crate) fn ask(&self, url: &str, ws: &mut Verbs<'_, '_, '_>) -> Result<(), CallError> {
        let is_at_home = Url::parse(url).is_ok_and(|url| url.authority() == self.url.authority());
        let is_for_all = |header: &&Header<'_>| !["authorization", "cookie"].contains(&&*header.name.to_ascii_lowercase());
        let headers: Vec<_> = self.headers.iter().filter(|header| is_at_home || is_for_all(header)).copied().collect();
        ws.request(self.origin, &headers)
    }
}
