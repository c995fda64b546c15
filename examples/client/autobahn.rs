//! The testee of Autobahn|Testsuite's fuzzing server: every message of every case is echoed with its own kind.

use sansocket::{ClientRequest, Config, Event, Url};

use crate::wire::note;
use crate::{Problem, ROOM, connect, failed};

/// The suite goes beyond our defaults: messages of 16 MiB, and one cut into 65 537 frames.
static CONFIG: Config = Config::new().max_message_len(64 << 20).max_fragments(100_000);

/// Runs all cases that the server at `url` has, and lets it write its reports.
pub(crate) fn run(url: &Url<'_>, agent: &str) -> Result<u8, Problem> {
    let count = read(url, "/getCaseCount")?;
    let cases: u32 = count.parse().map_err(|_| failed(format!("{count:?} is not a number of cases")))?;
    for case in 1..=cases {
        echo(url, &format!("/runCase?case={case}&agent={agent}"))?;
    }
    read(url, &format!("/updateReports?agent={agent}"))?;
    note(&format!("{cases} cases were run"));
    Ok(0)
}

/// What the server sends to whoever asks for `target`.
fn read(url: &Url<'_>, target: &str) -> Result<String, Problem> {
    let (mut wire, mut ws) = connect(url, &CONFIG, &ClientRequest::new(url.authority(), target))?;
    let mut text = String::new();
    while let Some((event, _)) = wire.next(&mut ws)? {
        match event {
            Event::Data(data) => text.push_str(&String::from_utf8_lossy(data.payload)),
            Event::Refused { error, .. } => return Err(failed(format!("the fuzzing server refused: {error}"))),
            _ => {}
        }
    }
    Ok(text)
}

/// A connection for `target`, to its end. How it ends is for the server to judge.
fn echo(url: &Url<'_>, target: &str) -> Result<(), Problem> {
    let (mut wire, ws) = connect(url, &CONFIG, &ClientRequest::new(url.authority(), target))?;
    let mut ws = ws.room_for(ROOM);
    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        if let Event::Data(data) = event {
            // There is room for all of it.
            ws.send_part(data.kind, data.offset, data.payload, data.last)?;
        }
    }
    Ok(())
}
