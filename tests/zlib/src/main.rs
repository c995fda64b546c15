//! Compares the inflater, the compressor and whole connections of sansocket with C zlib, on random cases.
//!
//! Each case has a seed of its own, that of the first one plus its number, so that a failure can be repeated by itself.

mod chance;
mod compressing;
mod connections;
mod faults;
mod inflating;
mod ours;
mod zlib;

use chance::Chance;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

const USAGE: &str = "usage: zlib-check [--seconds N] [--seed S]
    N    for all checks together (20); 0 runs one case of each
    S    the seed of the first case (the time)";

struct Check {
    name: &'static str,
    /// Panics where something is not as it should be.
    case: fn(&mut Chance) -> Tally,
}

const CHECKS: [Check; 4] = [
    Check { name: "inflating what zlib compressed", case: inflating::case },
    Check { name: "compressing for ours and for zlib", case: compressing::case },
    Check { name: "refusing what zlib refuses", case: faults::case },
    Check { name: "whole connections", case: connections::case },
];

/// What was compared.
#[derive(Clone, Copy, Default)]
struct Tally {
    messages: u64,
    /// Octets of the messages, not compressed.
    octets: u64,
    /// Messages that broke a rule.
    refused: u64,
}

impl Tally {
    fn add_message(&mut self, octets: usize) {
        self.messages += 1;
        self.octets += octets as u64;
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mut seconds, mut seed) = (20, since_1970().as_secs());
    for option in args.chunks(2) {
        match (option[0].as_str(), option.get(1).and_then(|value| value.parse().ok())) {
            ("--seconds", Some(value)) => seconds = value,
            ("--seed", Some(value)) => seed = value,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    println!("zlib: {}, {seconds} s from seed {seed} on", zlib::version());
    let budget = Duration::from_secs(seconds) / CHECKS.len() as u32;
    for check in &CHECKS {
        if let Err(failed) = run(check, seed, budget) {
            eprintln!("zlib: {}: FAILED in case {failed} from seed {seed} on", check.name);
            let repeat = "cargo run --release --manifest-path tests/zlib/Cargo.toml -- --seconds 0 --seed";
            eprintln!("zlib: to repeat that case: {repeat} {}", seed.wrapping_add(failed));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs cases until the budget is used up. The number of the one that fails.
fn run(check: &Check, seed: u64, budget: Duration) -> Result<(), u64> {
    const BETWEEN_REPORTS: Duration = Duration::from_secs(10);
    let (start, mut report, mut tally) = (Instant::now(), BETWEEN_REPORTS, Tally::default());
    let mut cases = 0;
    loop {
        let case_seed = seed.wrapping_add(cases);
        let compared = catch_unwind(|| (check.case)(&mut Chance::new(case_seed))).map_err(|_| cases)?;
        tally.messages += compared.messages;
        tally.octets += compared.octets;
        tally.refused += compared.refused;
        cases += 1;
        let elapsed = start.elapsed();
        if elapsed >= budget {
            break;
        }
        if elapsed >= report {
            report += BETWEEN_REPORTS;
            println!("zlib: {}: {} of {} s, {cases} cases", check.name, elapsed.as_secs(), budget.as_secs());
        }
    }
    let Tally { messages, octets, refused } = tally;
    println!("zlib: {}: ok, {cases} cases with {messages} messages of {octets} octets, {refused} refused", check.name);
    Ok(())
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
