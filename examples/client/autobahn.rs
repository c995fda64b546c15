//! The testee of Autobahn|Testsuite's fuzzing server: every message of every case is echoed with its own kind.

use sansocket::{ClientRequest, Config, DeflateConfig, Event, Instant, Url};

use crate::codec::{Memory, Ws, unused};
use crate::wire::{Wire, note};
use crate::{PIECE_LEN, Problem, failed, not_asked};

/// A piece as a frame. Compressing makes bytes longer that cannot be made shorter.
const ROOM: usize = PIECE_LEN + PIECE_LEN / 8 + PIECE_LEN / 64 + 64 + 14;

/// Runs all cases that the server at `url` has, and lets it write its reports.
pub(crate) fn run(url: &Url<'_>, agent: &str, deflate: DeflateConfig) -> Result<u8, Problem> {
    // The suite goes beyond our defaults: messages of 16 MiB, and one cut into 65 537 frames.
    let config = Config::new().max_message_len(64 << 20).max_fragments(100_000).deflate(deflate);
    let count = read(url, "/getCaseCount")?;
    let cases: u32 = count.parse().map_err(|_| failed(format!("{count:?} is not a number of cases")))?;
    for case in 1..=cases {
        echo(url, &config, &format!("/runCase?case={case}&agent={agent}"))?;
    }
    read(url, &format!("/updateReports?agent={agent}"))?;
    note(&format!("{cases} cases were run"));
    Ok(0)
}

/// A connection to the host of `url`, with the request for `target` in its output.
fn connect<'c, 'm>(
    url: &Url<'_>,
    config: &'c Config<'c>,
    target: &str,
    memory: &'m mut Memory,
) -> Result<(Wire, Ws<'c, 'm>), Problem> {
    let mut ws = unused(config, memory);
    let request = ClientRequest::new(url.authority(), target);
    ws.commands(Instant::from_millis(0)).request(&request).map_err(not_asked)?;
    let wire = Wire::dial(url).map_err(|error| failed(format!("cannot connect to {}: {error}", url.authority())))?;
    Ok((wire, ws))
}

/// What the server sends to whoever asks for `target`.
fn read(url: &Url<'_>, target: &str) -> Result<String, Problem> {
    let (config, mut memory) = (Config::new(), Memory::default());
    let (mut wire, mut ws) = connect(url, &config, target, &mut memory)?;
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
fn echo(url: &Url<'_>, config: &Config<'_>, target: &str) -> Result<(), Problem> {
    let mut memory = Memory::default();
    let (mut wire, ws) = connect(url, config, target, &mut memory)?;
    let mut ws = ws.room_for(ROOM);
    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        if let Event::Data(data) = event {
            // There is room for all of it.
            ws.send_part(data.kind, data.offset, data.payload, data.last)?;
        }
    }
    Ok(())
}
