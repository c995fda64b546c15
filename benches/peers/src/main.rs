//! WebSocket libraries side by side, measured in one process. `run.sh` builds and calls it.
#![cfg_attr(not(feature = "peers"), allow(dead_code))] // what only the foreign peers' cells use

mod api;
#[cfg(feature = "peers")]
mod browser;
mod callgrind;
mod cells;
mod floor;
#[cfg(feature = "peers")]
mod handshake;
mod measure;
#[cfg(feature = "peers")]
mod memory;
mod peers;
mod wire;

use measure::{Config, Row};
use std::process::ExitCode;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("the bounds are written for x86-64, the clock and the hooks for Linux");

const USAGE: &str = "\
usage: wsbench time         results as tab-separated values
       wsbench callgrind    under valgrind --tool=callgrind --instr-atstart=no: one dump per cell and peer
       wsbench memory       what connections hold and allocate (needs the feature `peers`)
       wsbench floor [--at-most RATIO] [--callgrind DIR]
                            our own peer against the floor; DIR: dumps of `wsbench floor` under callgrind
environment: WSBENCH_MS (CPU time of one sample), WSBENCH_ROUNDS (samples),
             WSBENCH_CELLS (prefixes of names, such as W1/16/,W4), WSBENCH_PEERS (substrings of names; W1 to W4)";

fn usage(problem: &str) -> ExitCode {
    eprintln!("wsbench: {problem}\n{USAGE}");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["time"] => measure_cells(false),
        ["callgrind"] => measure_cells(true),
        #[cfg(feature = "peers")]
        ["memory"] => {
            memory::run(&peers::all());
            ExitCode::SUCCESS
        }
        ["floor", options @ ..] => measure_floor(options),
        _ => usage("what?"),
    }
}

fn setting(name: &str, default: f64) -> Result<f64, String> {
    match std::env::var(name) {
        Err(_) => Ok(default),
        Ok(v) => match v.parse() {
            Ok(x) if x > 0.0 => Ok(x),
            _ => Err(format!("{name} is not a number above 0: {v:?}")),
        },
    }
}

fn config(rounds: f64) -> Result<Config, String> {
    Ok(Config {
        ms: setting("WSBENCH_MS", 1.5)?,
        rounds: setting("WSBENCH_ROUNDS", rounds)?.ceil() as usize,
        callgrind: callgrind::running(),
        peers: std::env::var("WSBENCH_PEERS").ok(),
    })
}

fn measure_cells(callgrind: bool) -> ExitCode {
    let mut cfg = match config(41.0) {
        Ok(c) => c,
        Err(e) => return usage(&e),
    };
    cfg.callgrind |= callgrind;
    let mut cells = cells::all();
    match std::env::var("WSBENCH_CELLS") {
        Ok(wanted) => cells.retain(|c| wanted.split(',').any(|w| c.name().starts_with(w))),
        Err(_) => cells.retain(|c| !(cfg.callgrind && c.slow_under_callgrind())),
    }
    if cells.is_empty() {
        return usage("no cell begins with a value of WSBENCH_CELLS");
    }
    let all = peers::all();
    let mut rows = vec![];
    for (i, cell) in cells.iter().enumerate() {
        eprintln!("wsbench: cell {} of {}: {}", i + 1, cells.len(), cell.name());
        rows.extend(cell.run(&cfg, &all));
    }
    if !cfg.callgrind {
        println!("{}", Row::HEADER);
        rows.iter().for_each(|r| println!("{}", r.tsv()));
    }
    ExitCode::SUCCESS
}

fn measure_floor(mut options: &[&str]) -> ExitCode {
    let mut o = floor::Options { at_most: 2.0, dumps: None };
    while let [name, value, rest @ ..] = options {
        match (*name, value.parse::<f64>()) {
            ("--at-most", Ok(x)) if x > 0.0 => o.at_most = x,
            ("--callgrind", _) => o.dumps = Some((*value).into()),
            _ => return usage(&format!("floor: {name} {value}?")),
        }
        options = rest;
    }
    if let [rest] = options {
        return usage(&format!("floor: {rest}?"));
    }
    match config(101.0) {
        Ok(mut cfg) => {
            cfg.peers = None; // chosen by floor itself
            floor::run(&cfg, &o)
        }
        Err(e) => usage(&e),
    }
}
