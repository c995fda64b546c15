//! The testee of Autobahn|Testsuite's fuzzing server: every message of every case is echoed with its own kind.

use sansocket::{ClientRequest, Config, Event, Instant, Url};

use crate::Problem;
use crate::session::{Application, Session, Ws};

/// The suite goes beyond our defaults: messages of 16 MiB, and one cut into 65 537 frames.
static CONFIG: Config = Config::new().max_message_len(64 << 20).max_fragments(100_000);

/// Runs all cases that the server at `url` has, and lets it write its reports.
pub(crate) fn run(url: &Url<'_>, agent: &str) -> Result<(), Problem> {
    let mut count = Count(String::new());
    visit(url, "/getCaseCount", &mut count)?;
    let cases: u32 = count.0.parse().map_err(|_| Problem::Failed(format!("{:?} is not a number of cases", count.0)))?;
    for case in 1..=cases {
        visit(url, &format!("/runCase?case={case}&agent={agent}"), &mut Echo)?;
    }
    visit(url, &format!("/updateReports?agent={agent}"), &mut Echo)?;
    eprintln!("{cases} cases were run");
    Ok(())
}

/// A connection for `target`, to its end. How it ends is for the server to judge.
fn visit(url: &Url<'_>, target: &str, app: &mut impl Application) -> Result<(), Problem> {
    Session::connect(url, &CONFIG, &ClientRequest::new(url.authority(), target))?.run(app)
}

struct Echo;

impl Application for Echo {
    fn on_event(&mut self, ws: &mut Ws<'_>, event: Event<'_>, _now: Instant, out: &mut [u8]) -> Result<usize, Problem> {
        match event {
            Event::Data(data) => Ok(ws.send(data.kind, data.payload, data.last, out)?),
            Event::Refused { error, .. } => Err(Problem::Failed(format!("the fuzzing server refused: {error}"))),
            _ => Ok(0),
        }
    }
}

/// The one message that says how many cases there are.
struct Count(String);

impl Application for Count {
    fn on_event(&mut self, _ws: &mut Ws<'_>, event: Event<'_>, _now: Instant, _out: &mut [u8]) -> Result<usize, Problem> {
        if let Event::Data(data) = event {
            self.0.push_str(&String::from_utf8_lossy(data.payload));
        }
        Ok(0)
    }
}
