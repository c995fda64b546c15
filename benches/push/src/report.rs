//! The tables of results/push.md, and all figures of all rounds.

use std::error::Error;
use std::fmt::Write;
use std::fs::read_to_string;
use std::process::Command;

use crate::client::WAYS;
use crate::event::LEN;
use crate::measure::Figures;
use crate::{Results, Scale};

/// The CPU, the system, the day, and how busy the machine was before.
pub fn machine() -> Result<String, Box<dyn Error>> {
    let cpus = read_to_string("/proc/cpuinfo")?;
    let name =
        cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown").trim_start_matches(['\t', ' ', ':']);
    let count = std::thread::available_parallelism()?;
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let kernel: Vec<&str> = kernel.split('.').take(2).collect();
    let load = read_to_string("/proc/loadavg")?;
    let day = String::from_utf8(Command::new("date").arg("+%F").output()?.stdout)?;
    Ok(format!(
        "{name}, {count} CPUs, Linux {}, {}; load of the machine before: {}",
        kernel.join("."),
        day.trim(),
        load.split(' ').next().unwrap_or("?")
    ))
}

pub fn all(Scale { clients, seconds, rounds }: Scale, machine: &str, results: &Results) -> String {
    let busiest = results.iter().flatten().map(|figures| figures.client).fold(0.0, f64::max);
    format!(
        "# One event a second to {} clients

`benches/push/run.sh` writes this; [its README](../README.md) says what is measured. An event is {LEN} bytes of JSON. Rounds: {rounds},
each of {seconds} s; medians. Bytes are those of HTTP and WebSocket; TCP, IP and TLS are not in. One CPU for the server, one for all clients.

{machine}. The clients' CPU was at most {:.0} % busy.

{}
What is opened once, and stays, costs each client:

{}
![Bytes, latency and the server's CPU for each way](push.svg)
",
        number(clients as f64),
        busiest * 100.0,
        table(results),
        opening(results)
    )
}

fn table(results: &Results) -> String {
    let mut table =
        "| | requests a second | without news | bytes a second, client → server | server → client | each client, in an hour | \
                     latency p50 | p99 | server's CPU |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for (way, rounds) in WAYS.iter().zip(results) {
        let of = |get| median(rounds, get);
        let _ = writeln!(
            table,
            "| {way} | {} | {} | {} | {} | {} | {} | {} | {:.1} % |",
            number(of(|round| round.requests)),
            number(of(|round| round.empty)),
            number(of(|round| round.up)),
            number(of(|round| round.down)),
            volume(an_hour(rounds)),
            time(of(|round| round.p50)),
            time(of(|round| round.p99)),
            of(|round| round.server) * 100.0
        );
    }
    table
}

fn opening(results: &Results) -> String {
    let mut table = "| | client → server | server → client |\n|---|---:|---:|\n".to_owned();
    for (way, rounds) in WAYS.iter().zip(results).filter(|(way, _)| way.is_push()) {
        let [up, down] = [median(rounds, |round| round.open_up), median(rounds, |round| round.open_down)];
        let _ = writeln!(table, "| {way} | {} bytes | {} bytes |", number(up), number(down));
    }
    table
}

/// Bytes of one client in an hour, both ways.
pub fn an_hour(rounds: &[Figures]) -> f64 {
    median(rounds, |round| (round.up + round.down) * 3600.0)
}

pub fn median(rounds: &[Figures], get: fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(get).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A line for each way and round.
pub fn tsv(results: &Results) -> String {
    let mut text =
        "way\tround\trequests/s\tempty/s\tup, bytes/s of a client\tdown, bytes/s of a client\tp50, ms\tp99, ms\tserver's CPU\t\
                    clients' CPU\topening up, bytes\topening down, bytes\n"
            .to_owned();
    for (way, rounds) in WAYS.iter().zip(results) {
        for (index, figures) in rounds.iter().enumerate() {
            let Figures { requests, empty, up, down, p50, p99, server, client, open_up, open_down } = figures;
            let _ = writeln!(
                text,
                "{way}\t{}\t{requests:.2}\t{empty:.2}\t{up:.2}\t{down:.2}\t{p50:.3}\t{p99:.3}\t{server:.5}\t{client:.5}\t{open_up:.1}\t{open_down:.1}",
                index + 1
            );
        }
    }
    text
}

/// With spaces between thousands, and what is not 0 as more than that.
pub fn number(value: f64) -> String {
    if value > 0.0 && value < 9.95 {
        return format!("{value:.1}");
    }
    match value.round() as u64 {
        value @ 0..1000 => value.to_string(),
        value => format!("{} {:03}", value / 1000, value % 1000),
    }
}

pub fn volume(bytes: f64) -> String {
    format!("{:.2} MB", bytes / 1e6)
}

/// Of so many ms.
pub fn time(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        _ => format!("{} ms", number(ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_short() {
        assert_eq!([0.0, 0.4, 66.2, 999.5, 12_034.0].map(number), ["0", "0.4", "66", "1 000", "12 034"]);
        assert_eq!([9.94, 10.2, 4512.0].map(time), ["9.9 ms", "10 ms", "4 512 ms"]);
        assert_eq!(volume(2_345_678.0), "2.35 MB");
    }
}
