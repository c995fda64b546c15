//! One event a second to 1 000 clients by polling, server-sent events and WebSocket. README.md says how.

mod browser;
mod client;
mod event;
mod measure;
mod plot;
mod random;
mod report;
mod server;
mod wire;

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use client::WAYS;
use measure::{Figures, Load, measure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

const SEED: u64 = 6455;
const USAGE: &str = "usage: push [--quick]";

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    pub clients: usize,
    pub seconds: u64,
    pub rounds: u64,
}

/// 25 s is how often a WebSocket connection is asked for a sign of life, so that this is in the figures.
const FULL: Scale = Scale { clients: 1000, seconds: 25, rounds: 3 };
const QUICK: Scale = Scale { clients: 200, seconds: 5, rounds: 1 };

/// Of each way, in the order of `WAYS`, the rounds.
pub type Results = Vec<Vec<Figures>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let scale = match arguments[..] {
        ["serve", cpu] => {
            pin(cpu.parse()?)?;
            return runtime()?.block_on(async {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
                println!("{}", listener.local_addr()?.port());
                Ok(server::serve(listener).await?)
            });
        }
        [] => FULL,
        ["--quick"] => QUICK,
        _ => return Err(USAGE.into()),
    };
    allow_descriptors(scale.clients as u64 + 100)?;
    let machine = report::machine()?;
    let results = all(scale)?;
    let text = report::all(scale, &machine, &results);
    if arguments.is_empty() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
        fs::create_dir_all(folder)?;
        fs::write(format!("{folder}/push.md"), &text)?;
        fs::write(format!("{folder}/push.tsv"), report::tsv(&results))?;
        fs::write(format!("{folder}/push.svg"), plot::svg(scale, &results))?;
    }
    print!("{text}");
    Ok(())
}

/// The ways take turns.
fn all(scale: Scale) -> Result<Results, Box<dyn Error>> {
    let allowed = sched_getaffinity(None)?;
    let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    let (Some(&first), Some(&last)) = (cpus.first(), cpus.last()) else { return Err("no CPU".into()) };
    pin(last)?;
    let mut results: Results = WAYS.iter().map(|_| Vec::new()).collect();
    for round in 0..scale.rounds {
        for (way, results) in WAYS.into_iter().zip(&mut results) {
            eprintln!("round {} of {}: {way}", round + 1, scale.rounds);
            let server = Server::start(first)?;
            let load = Load { way, clients: scale.clients, seconds: scale.seconds, seed: SEED + round };
            results.push(runtime()?.block_on(measure(&load, server.process.id(), server.port))?);
        }
    }
    Ok(results)
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(cpu: usize) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(env::current_exe()?).args(["serve", &cpu.to_string()]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).ok();
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Keeps this process on one CPU: the server on the first, the clients on the last.
fn pin(cpu: usize) -> Result<(), Box<dyn Error>> {
    let mut one = CpuSet::new();
    one.set(cpu);
    Ok(sched_setaffinity(None, &one)?)
}

/// Each client is a descriptor here and one in the server, which inherits the limit.
fn allow_descriptors(needed: u64) -> Result<(), Box<dyn Error>> {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        return Err(format!("{needed} file descriptors are needed, {:?} are allowed (ulimit -Hn)", limit.maximum).into());
    }
    if limit.current.is_some_and(|current| current < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::Way;

    fn figures(way: Way) -> Figures {
        runtime().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(server::serve(listener));
            let load = Load { way, clients: 5, seconds: 3, seed: SEED };
            measure(&load, std::process::id(), port).await.unwrap()
        })
    }

    #[test]
    fn polls_cost_a_head_each() {
        for (way, name) in [(Way::Short(1), "short"), (Way::Long, "long")] {
            let figures = figures(way);
            let head = browser::fetch(&format!("/{name}?since=1003")).len() as f64;
            assert!((figures.up * 5.0 - figures.requests * head).abs() < 1e-6, "{way}: {} {}", figures.up, figures.requests);
            assert!(figures.down > 100.0, "{way}: {}", figures.down);
            if way == Way::Long {
                assert_eq!((figures.requests, figures.empty), (5.0, 0.0));
            } else {
                // At most a tenth and the ends of the window more or less than each second; and news come only once a second.
                assert!((3.0..7.0).contains(&figures.requests) && figures.empty < figures.requests, "{}", figures.requests);
            }
        }
    }

    #[test]
    fn pushed_events_cost_their_bytes_and_frames() {
        // A frame's header is 2 bytes; `id: 1003\ndata: ` and the end of the record 17, its chunk's size and ends 6.
        for (way, bytes) in [(Way::WebSocket, 66.0), (Way::Events, 87.0)] {
            let figures = figures(way);
            assert_eq!((figures.requests, figures.up, figures.down), (0.0, 0.0, bytes), "{way}");
            assert!(figures.open_up > 400.0 && figures.open_down > 100.0, "{way}");
            assert!(figures.p50 <= figures.p99 && figures.p99 < 500.0, "{way}: {} {}", figures.p50, figures.p99);
        }
    }
}
