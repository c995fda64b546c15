//! The command line.

use std::env::VarError;
use std::ffi::OsString;

use sansocket::{DeflateConfig, Url};
use sansocket_session::{MAX_REDIRECTS, Proxy, SessionConfig, SplitUrl, split_user_info};

use crate::{NO_TLS, Problem, wrong};

pub(crate) const USAGE: &str = "\
usage: client [OPTION]... URL
A WebSocket client: each line of standard input is sent as a text message, what arrives is printed.
URL is ws://[USER:PASSWORD@]HOST[:PORT][/PATH]. User and password become an Authorization header (Basic).

  --header 'NAME: VALUE'   a further header of the request; may be repeated
  --subprotocol LIST       subprotocols to offer, the preferred one first: 'chat, superchat'
  --origin ORIGIN          the Origin header: https://example.com
  --deflate[=BITS]         compress messages if the server can do that too (permessage-deflate), with windows of 2^BITS bytes, 8 to 15;
                           15 unless given. Never where messages have secrets beside text that a stranger may choose
  --reconnect[=MS]         connect again when the connection is lost or does not come about, and follow redirects, 5 in a row at most.
                           What is typed meanwhile waits, up to 1 MiB; a line of 64 KiB has to wait before the others. The first wait
                           is random between 0 and MS, 5000 unless given; the next ones grow from a fifth of that to six times that,
                           until a connection was up for MS
  --proxy URL              through this HTTP proxy, by CONNECT: http://[USER:PASSWORD@]HOST:PORT; '' for none. Without the option
                           ALL_PROXY and NO_PROXY of the environment say which, or all_proxy and no_proxy, which count first
  --autobahn AGENT         run all cases of the Autobahn fuzzing server at URL, reported as AGENT
  --help                   this text

Lines that are commands:
  /ping [TEXT]             send a Ping; the round trip is shown with its Pong
  /binary FILE             send the file as a binary message
  /close [CODE [REASON]]   close; so does the end of the input, with 1000. What waits leaves first
  //TEXT                   send the text '/TEXT'

Messages go to standard output, everything else to standard error. A connection that ends says which messages may be lost: they are
numbered from 1 on, in the order of their lines, and none is sent twice.
Control characters but the newline are shown escaped.
Exit code: 0 closed clean with 1000, 1001 or no code; 1 closed with another code, failed, cut off, or not all was sent; 2 wrong usage;
3 the server refused the opening handshake, or the proxy the tunnel; 141 nobody reads standard output. With --reconnect it is that of
the last connection: the end of the input while there is none, and nothing waits, ends the program with 1.";

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Arguments {
    url: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) subprotocols: String,
    pub(crate) origin: Option<String>,
    deflate: Option<DeflateConfig>,
    /// The longest first wait, in milliseconds.
    pub(crate) reconnect: Option<u32>,
    proxy: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) help: bool,
}

/// Where to connect. The URL has no user information.
pub(crate) struct Target {
    pub(crate) url: String,
    /// The value of a header.
    pub(crate) authorization: Option<String>,
}

impl Target {
    pub(crate) fn parsed(&self) -> Result<Url<'_>, Problem> {
        let url = Url::parse(&self.url).map_err(|error| wrong(format!("{}: {error}", self.url)))?;
        if url.is_secure() { Err(wrong(format!("{}: {NO_TLS}", self.url))) } else { Ok(url) }
    }
}

/// The proxy, and the hosts that are not for it; both may be empty.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Way {
    proxy: String,
    no_proxy: String,
}

impl Arguments {
    pub(crate) fn deflate(&self) -> DeflateConfig {
        self.deflate.unwrap_or(DeflateConfig::OFF)
    }

    pub(crate) fn of_process() -> Result<Self, Problem> {
        Self::parse(std::env::args_os().skip(1))
    }

    fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Problem> {
        let mut arguments = arguments.map(|argument| {
            argument.into_string().map_err(|argument| wrong(format!("{} is not UTF-8", argument.to_string_lossy())))
        });
        let mut found = Self::default();
        while let Some(argument) = arguments.next().transpose()? {
            let mut value = || arguments.next().unwrap_or_else(|| Err(wrong(format!("{argument} needs a value"))));
            let (name, given) = argument.split_once('=').map_or((&*argument, None), |(name, given)| (name, Some(given)));
            match (name, given) {
                ("--header", None) => found.headers.push(header(&value()?)?),
                ("--subprotocol", None) => found.subprotocols = value()?,
                ("--origin", None) => found.origin = Some(value()?),
                ("--autobahn", None) => found.agent = Some(value()?),
                ("--proxy", None) => found.proxy = Some(value()?),
                ("--deflate", None) => found.deflate = Some(DeflateConfig::new()),
                ("--deflate", Some(bits)) => found.deflate = Some(windows(bits)?),
                ("--reconnect", None) => found.reconnect = Some(5_000),
                ("--reconnect", Some(ms)) => found.reconnect = Some(wait(ms)?),
                ("--help" | "-h", None) => found.help = true,
                _ if argument.starts_with('-') => return Err(wrong(format!("unknown option {argument}"))),
                _ if found.url.is_some() => return Err(wrong("one URL is enough")),
                _ => found.url = Some(argument),
            }
        }
        if found.agent.is_some() && (found.reconnect.is_some() || found.proxy.is_some()) {
            return Err(wrong("--autobahn knows neither --reconnect nor --proxy"));
        }
        Ok(found)
    }

    /// Where to connect.
    pub(crate) fn target(&self) -> Result<Target, Problem> {
        let text = self.url.as_deref().ok_or_else(|| wrong("a URL is needed, such as ws://127.0.0.1:9001/"))?;
        let SplitUrl { before, user_info, after, .. } = split_user_info(text);
        let url = format!("{before}{after}");
        // Three times as long as base64 makes it.
        let mut value = vec![0; 4 * text.len() + 16];
        let authorization = user_info.map(|user_info| user_info.basic(&mut value).map(str::to_owned)).transpose();
        let authorization = authorization.map_err(|error| wrong(format!("{url}: {error}")))?;
        let target = Target { url, authorization };
        target.parsed()?;
        Ok(target)
    }

    /// Through which proxy.
    pub(crate) fn way(&self) -> Result<Way, Problem> {
        self.way_in(|name| match std::env::var(name) {
            Err(VarError::NotPresent) => Ok(String::new()),
            Err(VarError::NotUnicode(_)) => Err(wrong(format!("{name} is not UTF-8"))),
            Ok(value) => Ok(value),
        })
    }

    fn way_in(&self, variable: impl Fn(&str) -> Result<String, Problem>) -> Result<Way, Problem> {
        if let Some(proxy) = &self.proxy {
            return Ok(Way { proxy: checked(proxy, "--proxy")?, no_proxy: String::new() });
        }
        let either = |lower: &'static str, upper| -> Result<_, Problem> {
            let value = variable(lower)?;
            if value.is_empty() { Ok((variable(upper)?, upper)) } else { Ok((value, lower)) }
        };
        let (proxy, name) = either("all_proxy", "ALL_PROXY")?;
        Ok(Way { proxy: checked(&proxy, name)?, no_proxy: either("no_proxy", "NO_PROXY")?.0 })
    }

    /// How the session dials and waits. The waits have the proportions of the defaults.
    pub(crate) fn settings<'w>(&self, way: &'w Way) -> SessionConfig<'w> {
        let settings = SessionConfig::new().max_url_len(u16::MAX).max_queued(u32::MAX).proxy(&way.proxy).no_proxy(&way.no_proxy);
        match self.reconnect {
            // The first connection is the last, by whoever handles its end.
            None => settings,
            Some(ms) => settings
                .max_redirects(MAX_REDIRECTS)
                .first_delay_ms(ms)
                .min_delay_ms((ms / 5).max(1))
                .max_delay_ms(ms.saturating_mul(6))
                .min_uptime_ms(ms),
        }
    }
}

/// The proxy, unless it is wrong; its URL is not shown, since it may have a password.
fn checked(proxy: &str, origin: &str) -> Result<String, Problem> {
    if !proxy.trim().is_empty() {
        Proxy::parse(proxy.trim()).map_err(|error| wrong(format!("{origin}: {error}")))?;
    }
    Ok(proxy.to_owned())
}

/// Milliseconds.
fn wait(ms: &str) -> Result<u32, Problem> {
    let number = ms.parse().ok().filter(|ms| (1..=3_600_000).contains(ms));
    number.ok_or_else(|| wrong(format!("{ms} is not a number of milliseconds from 1 to 3600000")))
}

/// Compression with windows of 2^`bits` bytes.
fn windows(bits: &str) -> Result<DeflateConfig, Problem> {
    let number = bits.parse().ok().filter(|bits| (8..=15).contains(bits));
    let bits = number.ok_or_else(|| wrong(format!("{bits} is not a number of bits from 8 to 15")))?;
    Ok(DeflateConfig::new().send_window_bits(bits).receive_window_bits(bits))
}

fn header(text: &str) -> Result<(String, String), Problem> {
    let (name, value) = text.split_once(':').ok_or_else(|| wrong(format!("{text:?} is not a header such as 'Name: value'")))?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Way};

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_ascii_whitespace().map(|word| word.trim_matches('\'').into()))
            .map_err(|problem| problem.sentence)
    }

    #[test]
    fn reconnect_has_a_wait_if_one_is_given() {
        for (line, reconnect) in [("ws://x/", None), ("--reconnect ws://x/", Some(5_000)), ("--reconnect=200 ws://x/", Some(200))]
        {
            assert_eq!(parse(line).unwrap().reconnect, reconnect, "{line}");
        }
        for ms in ["0", "-1", "3600001", "1s"] {
            assert!(parse(&format!("--reconnect={ms} ws://x/")).err().unwrap().contains("milliseconds"), "{ms}");
        }
    }

    #[test]
    fn waits_have_the_proportions_of_the_defaults() {
        let settings = |line: &str| {
            let way = Way { proxy: String::new(), no_proxy: String::new() };
            let settings = parse(line).unwrap().settings(&way);
            let waits = [settings.first_delay_ms, settings.min_delay_ms, settings.max_delay_ms, settings.min_uptime_ms];
            (settings.max_redirects, waits)
        };
        let default = [5_000, 1_000, 30_000, 5_000];
        assert_eq!(settings("ws://x/"), (0, default));
        assert_eq!(settings("--reconnect ws://x/"), (5, default));
        assert_eq!(settings("--reconnect=100 ws://x/"), (5, [100, 20, 600, 100]));
    }

    #[test]
    fn proxy_is_the_options_or_the_environments() {
        let environment = [("ALL_PROXY", "http://upper:1"), ("all_proxy", ""), ("NO_PROXY", "upper"), ("no_proxy", "lower")];
        for (line, proxy, no_proxy) in [
            ("ws://x/", "http://upper:1", "lower"),
            ("--proxy http://u:p@option:3128 ws://x/", "http://u:p@option:3128", ""),
            ("--proxy '' ws://x/", "", ""),
        ] {
            let way = parse(line).unwrap().way_in(|name| {
                Ok(environment
                    .iter()
                    .find(|(found, _)| *found == name)
                    .map_or_else(String::new, |(_, value)| (*value).to_owned()))
            });
            assert_eq!(way.unwrap(), Way { proxy: proxy.to_owned(), no_proxy: no_proxy.to_owned() }, "{line}");
        }
    }

    #[test]
    fn wrong_proxy_is_named_by_where_it_stands_and_not_shown() {
        let sentence = |line: &str| {
            let way =
                parse(line).unwrap().way_in(|name| Ok(if name == "ALL_PROXY" { "socks5://u:secret@x:1" } else { "" }.to_owned()));
            way.unwrap_err().sentence
        };
        assert_eq!(sentence("ws://x/"), "ALL_PROXY: the scheme of the proxy is not http");
        let option = sentence("--proxy http://u:secret@x:0 ws://x/");
        assert!(option.starts_with("--proxy: ") && !option.contains("secret"), "{option}");
    }

    #[test]
    fn user_information_becomes_a_header() {
        let target = parse("ws://us%65r:p@ss@example.com:9001/a?b").unwrap().target().unwrap();
        assert_eq!(target.url, "ws://example.com:9001/a?b");
        assert_eq!(target.authorization.unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(parse("ws://example.com/").unwrap().target().unwrap().authorization, None);
        for line in ["ws://u:secret@x:99999/", "ws://u:secret%0a@x/", "wss://u:secret@x/", "ws://:secret%@x:0/"] {
            let sentence = parse(line).unwrap().target().err().unwrap().sentence;
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }

    #[test]
    fn unknown_options_and_second_urls_are_wrong() {
        for line in ["--what", "--header=x ws://x/", "ws://x/ ws://y/", "--proxy", "--autobahn a --reconnect ws://x/", "--help=x"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("--deflate=9 ws://x/?a=b").unwrap().deflate().is_on());
    }
}
