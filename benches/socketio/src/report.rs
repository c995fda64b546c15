//! The tables of results/, and all figures of all rounds.

use std::fmt::Write;
use std::fs::read_to_string;
use std::process::Command;

use crate::client::{Kind, Result};
use crate::measure::{Figures, Load};
use crate::servers::NAMES;
use crate::{Results, Scale};

/// The day.
pub fn day() -> Result<String> {
    Ok(String::from_utf8(Command::new("date").arg("+%F").output()?.stdout)?.trim().to_owned())
}

/// How busy the machine is: the average of a minute.
pub fn busy() -> Result<String> {
    Ok(read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or("?").to_owned())
}

/// How much of the CPUs other programs had meanwhile.
fn others(results: &Results) -> String {
    let mut all: Vec<f64> =
        results.loads.iter().flat_map(|(_, servers)| servers.iter().flatten()).map(|round| round.others).collect();
    all.sort_by(f64::total_cmp);
    let [half, most] = [all.len() / 2, all.len().saturating_sub(1)].map(|at| all.get(at).map_or(0.0, |share| share * 100.0));
    format!("Other programs had at most {half:.0} % of a CPU in half of the measurements, {most:.0} % in all")
}

/// The CPU, the system and the versions.
pub fn machine() -> Result<String> {
    let cpus = read_to_string("/proc/cpuinfo")?;
    let name = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let kernel: Vec<&str> = kernel.split('.').take(2).collect();
    let version = |program: &str, argument: &str| -> Result<String> {
        Ok(String::from_utf8(Command::new(program).arg(argument).output()?.stdout)?.trim().to_owned())
    };
    let node = version("node", "--version")?;
    let rust = version("rustc", "--version")?;
    let rust = rust.split(' ').nth(1).unwrap_or("?").to_owned();
    let name = name.trim_start_matches(['\t', ' ', ':']);
    Ok(format!("{name}, {count} CPUs, Linux {}; Rust {rust}, Node {node}", kernel.join(".")))
}

pub fn all(scale: &Scale, head: &str, results: &Results) -> String {
    let Scale { window, rounds, idle, .. } = scale;
    let mut text = format!(
        "# Messages per second of Socket.IO servers

`benches/socketio/run.sh` writes this; [its README](../README.md) says what is measured, and what is fair. One CPU for the server, one for
the load. Rounds: {rounds}, each of {} s; medians. *CPU* is the server's time for one answer, *busy* how much of their CPUs the server and the
load had.

{head} {}.
",
        window.as_secs_f64(),
        others(results)
    );
    let mut title = String::new();
    for (load, servers) in &results.loads {
        let next = heading(load);
        if title != next {
            title = next;
            let _ = write!(
                text,
                "\n## {title}\n\n| connections | in flight | | messages/s | CPU | p50 | p99 | busy: server | load |\n\
                 |---:|---:|---|---:|---:|---:|---:|---:|---:|\n"
            );
        }
        for (name, rounds) in NAMES.iter().zip(servers) {
            let _ = writeln!(text, "{}", row(load, name, rounds));
        }
    }
    let _ = write!(text, "\n## Memory\n\nResident, for each of {idle} connections that do nothing.\n\n| | bytes |\n|---|---:|\n");
    for (name, rounds) in NAMES.iter().zip(&results.idle) {
        let _ = writeln!(text, "| {name} | {} |", number(median(rounds, |&bytes| bytes)));
    }
    text
}

fn heading(load: &Load) -> String {
    let size = load.size;
    match load.kind {
        Kind::Event => format!("Echo of an event with a string of {size} bytes"),
        Kind::Ack => format!("Acknowledgement of an event with a string of {size} bytes"),
        Kind::Binary => format!("Echo of an event with an attachment of {size} bytes"),
        Kind::Polling => format!("Echo of an event with a string of {size} bytes, by long polling"),
        Kind::Broadcast => format!("Broadcast of a string of {size} bytes to a room: messages that have arrived"),
    }
}

fn row(load: &Load, name: &str, rounds: &[Figures]) -> String {
    let of = |get: fn(&Figures) -> f64| median(rounds, get);
    format!(
        "| {} | {} | {name} | {} | {:.1} µs | {} | {} | {:.0} % | {:.0} % |",
        number(load.connections as f64),
        load.in_flight,
        number(of(|round| round.rate)),
        of(|round| round.cost),
        time(of(|round| round.p50)),
        time(of(|round| round.p99)),
        of(|round| round.server) * 100.0,
        of(|round| round.load) * 100.0
    )
}

fn median<T>(rounds: &[T], get: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(get).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A line for each load, server and round.
pub fn tsv(results: &Results) -> String {
    let mut text =
        "kind\tbytes\tconnections\tin flight\tserver\tround\tmessages/s\tCPU, µs\tp50, ms\tp99, ms\tserver busy\tload busy\tothers busy\n"
            .to_owned();
    for (load, servers) in &results.loads {
        let Load { kind, size, connections, in_flight } = load;
        for (name, rounds) in NAMES.iter().zip(servers) {
            for (round, figures) in (1..).zip(rounds) {
                let Figures { rate, cost, server, load, others, p50, p99 } = figures;
                let _ = writeln!(
                    text,
                    "{kind:?}\t{size}\t{connections}\t{in_flight}\t{name}\t{round}\t{rate:.0}\t{cost:.3}\t{p50:.4}\t{p99:.4}\t{server:.3}\t{load:.3}\t{others:.3}"
                );
            }
        }
    }
    text
}

/// With spaces between thousands.
fn number(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(" ")
}

/// Of so many ms.
fn time(ms: f64) -> String {
    match ms {
        ..1.0 => format!("{ms:.3} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_short() {
        assert_eq!([0.4, 999.4, 12_034.0, 1_234_567.0].map(number), ["0", "999", "12 034", "1 234 567"]);
        assert_eq!([0.0412, 9.94, 451.2].map(time), ["0.041 ms", "9.9 ms", "451 ms"]);
        assert_eq!(median(&[3.0, 1.0, 2.0], |&value| value), 2.0);
    }
}
