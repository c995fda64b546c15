//! Messages per second of Socket.IO servers: the load, what runs it, and our server. README.md says how.

mod client;
mod measure;
mod ours;
mod polling;
mod report;
mod servers;

use std::fs;
use std::time::Duration;

use client::{Kind, Result};
use measure::{Figures, Load, idle, measure};
use servers::{NAMES, Server};

const USAGE: &str = "usage: socketio-bench CPU [--quick | --one SERVER KIND SIZE CONNECTIONS IN_FLIGHT SECONDS]";

/// How much is measured.
pub struct Scale {
    pub warm: Duration,
    pub window: Duration,
    pub rounds: usize,
    /// Connections that do nothing.
    pub idle: usize,
    pub most: usize,
}

const FULL: Scale =
    Scale { warm: Duration::from_millis(250), window: Duration::from_millis(500), rounds: 3, idle: 5000, most: 1000 };
const QUICK: Scale =
    Scale { warm: Duration::from_millis(50), window: Duration::from_millis(150), rounds: 1, idle: 200, most: 100 };

/// Of each load, of each server, in the order of `NAMES`, the rounds.
pub struct Results {
    pub loads: Vec<(Load, Vec<Vec<Figures>>)>,
    pub idle: Vec<Vec<f64>>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => runtime()?.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?.port());
            Ok(ours::serve(listener).await?)
        }),
        [cpu] => full(cpu),
        [cpu, "--quick"] => {
            let (head, results) = all(cpu, &QUICK)?;
            print!("{}", report::all(&QUICK, &head, &results));
            Ok(())
        }
        [cpu, "--one", name, kind, size, connections, in_flight, seconds] => {
            let kind =
                loads(1000).into_iter().map(|load| load.kind).find(|known| format!("{known:?}").eq_ignore_ascii_case(kind));
            let load = Load {
                kind: kind.ok_or(USAGE)?,
                size: size.parse()?,
                connections: connections.parse()?,
                in_flight: in_flight.parse()?,
            };
            one(cpu, name, load, Duration::from_secs(seconds.parse()?))
        }
        _ => Err(USAGE.into()),
    }
}

fn full(cpu: &str) -> Result<()> {
    let (head, results) = all(cpu, &FULL)?;
    let text = report::all(&FULL, &head, &results);
    let file = format!("{}/results/{}", env!("CARGO_MANIFEST_DIR"), report::day()?);
    fs::write(format!("{file}.md"), &text)?;
    fs::write(format!("{file}.tsv"), report::tsv(&results))?;
    print!("{text}");
    Ok(())
}

/// For `perf`, with the process that it is to look at.
fn one(cpu: &str, name: &str, load: Load, window: Duration) -> Result<()> {
    let server = Server::start(name, cpu)?;
    println!("{name} is process {}", server.process.id());
    let figures = runtime()?.block_on(measure(load, &server, FULL.warm, window))?;
    let Figures { rate, cost, server, load, others, p50, p99 } = figures;
    println!(
        "{rate:.0} messages/s, {cost:.2} µs each, p50 {p50:.3} ms, p99 {p99:.3} ms, busy: server {server:.2}, load {load:.2}, others {others:.2}"
    );
    Ok(())
}

/// All that is measured, in the order of the tables.
fn loads(most: usize) -> Vec<Load> {
    let mut loads = Vec::new();
    for (kind, size) in [(Kind::Event, 16), (Kind::Event, 1024), (Kind::Ack, 16), (Kind::Ack, 1024), (Kind::Binary, 1024)] {
        for connections in [1, 100, 1000].into_iter().filter(|&connections| connections <= most) {
            loads.extend([1, 16].map(|in_flight| Load { kind, size, connections, in_flight }));
        }
    }
    loads.extend([1, 16].map(|in_flight| Load { kind: Kind::Broadcast, size: 16, connections: most, in_flight }));
    loads.extend([1, 100].map(|connections| Load { kind: Kind::Polling, size: 16, connections, in_flight: 1 }));
    loads
}

/// The servers take turns with each load. They live as long as the round, so that what is compiled at run time is.
fn all(cpu: &str, scale: &Scale) -> Result<(String, Results)> {
    let before = report::busy()?;
    let mut results = Results {
        loads: loads(scale.most).into_iter().map(|load| (load, NAMES.map(|_| Vec::new()).into())).collect(),
        idle: NAMES.map(|_| Vec::new()).into(),
    };
    for round in 1..=scale.rounds {
        for (name, results) in NAMES.iter().zip(&mut results.idle) {
            eprintln!("round {round} of {}: memory of {name}", scale.rounds);
            results.push(runtime()?.block_on(idle(&Server::start(name, cpu)?, scale.idle))?);
        }
        let servers = NAMES.iter().map(|name| Server::start(name, cpu)).collect::<Result<Vec<_>>>()?;
        for (load, results) in &mut results.loads {
            eprintln!("round {round} of {}: {load:?}", scale.rounds);
            for (server, results) in servers.iter().zip(results) {
                results.push(runtime()?.block_on(measure(*load, server, scale.warm, scale.window))?);
            }
        }
    }
    let machine = report::machine()?;
    let head = format!("{}. {machine}. Load of the machine before: {before}, after: {}.", report::day()?, report::busy()?);
    Ok((head, results))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::Client;

    /// A server in this process.
    fn with_server<T>(test: impl AsyncFnOnce(u16) -> Result<T>) -> Result<T> {
        runtime()?.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            let port = listener.local_addr()?.port();
            tokio::spawn(ours::serve(listener));
            test(port).await
        })
    }

    #[test]
    fn answers_come_in_order() -> Result<()> {
        with_server(async |port| {
            for kind in [Kind::Event, Kind::Ack, Kind::Binary] {
                let mut client = Client::open(port, 3, 1024).await?;
                client.feed(kind, 1).await?;
                client.feed(kind, 2).await?;
                client.expect(kind, 1).await?;
                client.expect(kind, 2).await?;
                client.feed(kind, 3).await?;
                assert!(client.expect(kind, 4).await.is_err(), "{kind:?}");
            }
            Ok(())
        })
    }

    #[test]
    fn a_room_gets_what_is_said() -> Result<()> {
        with_server(async |port| {
            let mut clients = [Client::open(port, 0, 16).await?, Client::open(port, 1, 16).await?];
            let mut sender = Client::open(port, 2, 16).await?;
            for client in &mut clients {
                client.join().await?;
            }
            sender.feed(Kind::Broadcast, 7).await?;
            sender.flush().await?;
            for client in &mut clients {
                client.expect_from(Kind::Broadcast, 2, 7).await?;
            }
            Ok(())
        })
    }

    #[test]
    fn polls_bring_echoes() -> Result<()> {
        with_server(async |port| {
            let mut client = polling::Poller::open(port, 1, 16).await?;
            for number in 0..10 {
                client.echo(number).await?;
            }
            Ok(())
        })
    }
}
