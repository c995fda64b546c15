//! The command line.

use sansocket::Url;

use crate::{Problem, wrong};

pub(crate) const USAGE: &str = "\
usage: client [OPTION]... URL
A WebSocket client: each line of standard input is sent as a text message, what arrives is printed.

  --header 'NAME: VALUE'   a further header of the request; may be repeated
  --subprotocol LIST       subprotocols to offer, the preferred one first: 'chat, superchat'
  --origin ORIGIN          the Origin header: https://example.com
  --autobahn AGENT         run all cases of the Autobahn fuzzing server at URL, reported as AGENT
  --help                   this text

Lines that are commands:
  /ping [TEXT]             send a Ping; the round trip is shown with its Pong
  /binary FILE             send the file as a binary message
  /close [CODE [REASON]]   close; so does the end of the input, with 1000
  //TEXT                   send the text '/TEXT'

Messages go to standard output, everything else to standard error.
Control characters but the newline are shown escaped.
Exit code: 0 closed clean with 1000, 1001 or no code; 1 closed with another code, failed or cut off; 2 wrong usage; 3 the server
refused the opening handshake; 141 nobody reads standard output.";

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Arguments {
    url: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) subprotocols: String,
    pub(crate) origin: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) help: bool,
}

impl Arguments {
    pub(crate) fn of_process() -> Result<Self, Problem> {
        let mut arguments = std::env::args_os().skip(1).map(|argument| {
            argument.into_string().map_err(|argument| wrong(format!("{} is not UTF-8", argument.to_string_lossy())))
        });
        let mut found = Self::default();
        while let Some(argument) = arguments.next().transpose()? {
            let mut value = || arguments.next().unwrap_or_else(|| Err(wrong(format!("{argument} needs a value"))));
            match argument.as_str() {
                "--header" => found.headers.push(header(&value()?)?),
                "--subprotocol" => found.subprotocols = value()?,
                "--origin" => found.origin = Some(value()?),
                "--autobahn" => found.agent = Some(value()?),
                "--help" | "-h" => found.help = true,
                option if option.starts_with('-') => return Err(wrong(format!("unknown option {option}"))),
                _ if found.url.is_some() => return Err(wrong(format!("one URL is enough, {argument} is another"))),
                _ => found.url = Some(argument),
            }
        }
        Ok(found)
    }

    /// Where to connect.
    pub(crate) fn url(&self) -> Result<Url<'_>, Problem> {
        let text = self.url.as_deref().ok_or_else(|| wrong("a URL is needed, such as ws://127.0.0.1:9001/"))?;
        let url = Url::parse(text).map_err(|error| wrong(format!("{text}: {error}")))?;
        if url.is_secure() {
            let sentence = "wss:// is WebSocket over TLS, which this example leaves out: examples/wss shows it";
            return Err(wrong(format!("{text}: {sentence}")));
        }
        Ok(url)
    }
}

fn header(text: &str) -> Result<(String, String), Problem> {
    let (name, value) = text.split_once(':').ok_or_else(|| wrong(format!("{text:?} is not a header such as 'Name: value'")))?;
    Ok((name.to_owned(), value.trim().to_owned()))
}
