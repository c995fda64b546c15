//! A fleet of clients through an outage of a minute, in virtual time: ours, and others' rules. README.md says what is assumed.

mod client;
mod fleet;
mod ours;
mod plot;
mod random;
mod report;
mod rules;

use std::{env, fs};

use fleet::{Course, Fleet, SECOND, Server};
use ours::Ours;
use random::Random;
use rules::{RULES, Ruled};

const SEED: u64 = 6455;
const CLIENTS: u64 = 10_000;
/// When the server is back.
pub const BACK: u64 = 60 * SECOND;
/// How long the simulation waits for the last.
const LIMIT: u64 = 600 * SECOND;
/// For how long it accepts and drops.
const DROPS: u64 = 120 * SECOND;

/// The names of the clients, and what came of each.
pub type Courses = Vec<(&'static str, Course)>;

/// All clients, one fleet after the other.
fn courses(server: Server) -> Courses {
    let random = |index| Random::new(SEED, index);
    // Drops come at the same times for all.
    let drops = || random(CLIENTS);
    let ours = (0..CLIENTS).map(|index| Ours::new(random(index))).collect();
    let mut courses = vec![(ours::NAME, Fleet::new(server, ours, &mut drops()).run())];
    for rule in &RULES {
        let clients = (0..CLIENTS).map(|index| Ruled::new(rule, random(index))).collect();
        courses.push((rule.name, Fleet::new(server, clients, &mut drops()).run()));
    }
    courses
}

fn outage(limit: Option<(u64, usize)>) -> Courses {
    courses(Server { up_from: BACK, limit, drops_after: None, until: BACK + LIMIT })
}

fn drops(up_from: u64) -> Courses {
    courses(Server { up_from, limit: None, drops_after: Some(SECOND), until: up_from + DROPS })
}

/// Without arguments all, into results/; with RATE and BACKLOG one table, to standard output.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => {}
        [rate, backlog] => {
            let (rate, backlog) = (rate.parse::<u64>()?.clamp(1, SECOND), backlog.parse()?);
            print!("{}", report::outage(&outage(Some((rate, backlog)))));
            return Ok(());
        }
        _ => return Err("usage: fleet [RATE BACKLOG]".into()),
    }
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
    let (unlimited, short, long) = (outage(None), outage(Some((500, 511))), outage(Some((500, 4096))));
    let text = report::all([&unlimited, &short, &long], [&drops(0), &drops(BACK)]);
    fs::write(format!("{results}/fleet.md"), &text)?;
    fs::write(format!("{results}/fleet.svg"), plot::svg(&unlimited, &short))?;
    print!("{text}");
    Ok(())
}
