//! `wsbench floor`: our own peer compared with the floor in the three cells that CI watches.
use crate::cells;
use crate::measure::Config;
use crate::peers::{self, limits::FLOOR};
use std::path::Path;
use std::process::ExitCode;

/// Our own peer's name.
const OURS: &str = "sansocket";

/// The exit status when a ratio is too high: measuring again may help.
const TOO_SLOW: u8 = 1;
/// The exit status when a peer decoded wrongly: measuring again does not help.
const WRONG: u8 = 3;

pub struct Options {
    /// The highest ratio of the medians of time that is accepted.
    pub at_most: f64,
    /// The folder of the dumps of the same command under callgrind.
    pub dumps: Option<String>,
}

/// Under callgrind, leaves its dumps; else measures once, prints a table and judges.
pub fn run(cfg: &Config, options: &Options) -> ExitCode {
    let mut all = peers::all();
    all.retain(|p| p.name() == FLOOR || p.name() == OURS);
    let ours = all.iter().map(|p| p.name()).find(|n| n != FLOOR);
    let cells = cells::floor();
    let mut rows = vec![];
    for (i, cell) in cells.iter().enumerate() {
        eprintln!("wsbench: cell {} of {}: {}", i + 1, cells.len(), cell.name());
        rows.extend(cell.run(cfg, &all));
    }
    if cfg.callgrind {
        return ExitCode::SUCCESS;
    }

    let dumps = options.dumps.as_ref().map(|d| read_dumps(Path::new(d)));
    let time = |cell: &str, peer: &str| rows.iter().find(|r| r.cell == cell && r.peer == peer).map(|r| r.median);
    let count = |cell: &str, peer: &str| {
        let dumps = dumps.as_ref()?;
        dumps.iter().find(|d| d.cell == cell && d.peer == peer).map(|d| d.instructions)
    };
    let mut worst = 0f64;
    let mut missing = false;
    println!("per message            CPU time, ns (median of {})         instructions", cfg.rounds);
    println!("{:<14} {:>9} {:>11} {:>7}   {:>9} {:>11} {:>7}", "cell", "floor", OURS, "ratio", "floor", OURS, "ratio");
    for cell in cells.iter().map(|c| c.name()) {
        let (ft, fc) = (time(&cell, FLOOR), count(&cell, FLOOR));
        let (ot, oc) = match &ours {
            Some(o) => (time(&cell, o), count(&cell, o)),
            None => (None, None),
        };
        let ratio = |o: Option<f64>, f: Option<f64>| Some(o? / f?);
        let text = |x: Option<f64>, digits: usize| x.map_or("-".into(), |x| format!("{x:.digits$}"));
        println!(
            "{cell:<14} {:>9} {:>11} {:>7}   {:>9} {:>11} {:>7}",
            text(ft, 2),
            text(ot, 2),
            text(ratio(ot, ft), 2),
            text(fc, 0),
            text(oc, 0),
            text(ratio(oc, fc), 2),
        );
        worst = worst.max(ratio(ot, ft).unwrap_or(0.0));
        missing |= ft.is_none() || (ours.is_some() && ot.is_none());
        missing |= dumps.is_some() && (fc.is_none() || (ours.is_some() && oc.is_none()));
    }
    if missing {
        eprintln!("wsbench: a figure is missing: see the line with !! above, or the run under callgrind");
        return ExitCode::from(WRONG);
    }
    if ours.is_none() {
        println!("This build has no peer named {OURS}: nothing was compared.");
        return ExitCode::SUCCESS;
    }
    println!("Worst ratio of time {worst:.2}, accepted {:.2}.", options.at_most);
    if worst <= options.at_most { ExitCode::SUCCESS } else { ExitCode::from(TOO_SLOW) }
}

struct Dump {
    cell: String,
    peer: String,
    /// per message
    instructions: f64,
}

fn read_dumps(dir: &Path) -> Vec<Dump> {
    let Ok(files) = std::fs::read_dir(dir) else {
        return vec![];
    };
    let texts = files.flatten().filter_map(|f| std::fs::read(f.path()).ok());
    texts.filter_map(|t| parse_dump(&String::from_utf8_lossy(&t))).collect()
}

/// A dump carries what `measure::bench` named it, and the sum of its counts.
fn parse_dump(text: &str) -> Option<Dump> {
    let after = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
    let mut name = after("desc: Trigger: Client Request: ")?.split('|');
    let (cell, peer) = (name.next()?.into(), name.next()?.into());
    let messages: f64 = name.next()?.parse().ok()?;
    let total: f64 = after("summary:").or(after("totals:"))?.parse().ok()?;
    Some(Dump { cell, peer, instructions: total / messages })
}
