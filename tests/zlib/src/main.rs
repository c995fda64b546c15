//! Compares the inflater, the compressor and whole connections of sansocket with C zlib, on random cases.
//!
//! Each case has a seed of its own, that of the first one plus its number, so that a failure can be repeated by itself. A failing case is
//! made smaller for a while before it is shown.

mod compressing;
mod connections;
mod edges;
mod faults;
mod flips;
mod inflating;
mod inputs;
mod ours;
mod sent;
mod zlib;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

const USAGE: &str = "usage: zlib-check [--seconds N] [--seed S]
    N    for all checks together (20); 0 runs one case of each
    S    the seed of the first case (the time)";

/// What was compared.
#[derive(Clone, Copy, Default)]
struct Tally {
    messages: u64,
    /// Bytes of the messages, not compressed.
    bytes: u64,
    /// Messages that broke a rule.
    refused: u64,
}

impl Tally {
    fn add_message(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
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
    let budget = Duration::from_secs(seconds) / 7;
    let all_good = run("inflating what zlib compressed", seed, budget, &inflating::cases(), inflating::check)
        && run("compressing for ours and for zlib", seed, budget, &compressing::cases(), compressing::check)
        && run("refusing what zlib refuses", seed, budget, &faults::cases(), faults::check)
        && run("repeats at the edge of the window", seed, budget, &edges::cases(), edges::check)
        && run("every byte changed", seed, budget, &flips::cases(), flips::check)
        && run("sending to zlib, and receiving at the limit", seed, budget, &sent::cases(), sent::check)
        && run("whole connections", seed, budget, &connections::cases(), connections::check);
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs cases until the budget is used up or one fails, that is, `check` panics. True if none failed.
fn run<S: Strategy>(name: &str, seed: u64, budget: Duration, cases: &S, check: fn(&S::Value) -> Tally) -> bool {
    const BETWEEN_REPORTS: Duration = Duration::from_secs(10);
    let (start, mut report, mut count) = (Instant::now(), BETWEEN_REPORTS, 0);
    let tally = Cell::new(Tally::default());
    loop {
        let case_seed = seed.wrapping_add(count);
        if let Err(TestError::Fail(_, case)) = try_case(case_seed, cases, |case| {
            let (compared, all) = (check(case), tally.get());
            tally.set(Tally {
                messages: all.messages + compared.messages,
                bytes: all.bytes + compared.bytes,
                refused: all.refused + compared.refused,
            });
        }) {
            eprintln!("zlib: {name}: FAILED in case {count} from seed {seed} on, and with this, the smallest that was found:");
            eprintln!("{case:?}");
            // Once more, for its message.
            let _panicked = catch_unwind(AssertUnwindSafe(|| check(&case)));
            let repeat = "cargo run --release --manifest-path tests/zlib/Cargo.toml -- --seconds 0 --seed";
            eprintln!("zlib: to repeat that case: {repeat} {case_seed}");
            return false;
        }
        count += 1;
        let elapsed = start.elapsed();
        if elapsed >= budget {
            break;
        }
        if elapsed >= report {
            report += BETWEEN_REPORTS;
            println!("zlib: {name}: {} of {} s, {count} cases", elapsed.as_secs(), budget.as_secs());
        }
    }
    let Tally { messages, bytes, refused } = tally.get();
    println!("zlib: {name}: ok, {count} cases with {messages} messages of {bytes} bytes, {refused} refused");
    true
}

/// Draws the case of a seed and checks it. One that fails is made smaller.
fn try_case<S: Strategy>(seed: u64, cases: &S, check: impl Fn(&S::Value)) -> Result<bool, TestError<S::Value>> {
    let config = Config {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        // `u32::MAX` would stand for four tries a case.
        max_shrink_iters: u32::MAX - 1,
        // What is large takes longer to check, but has more that can be left out: most of it goes within seconds.
        max_shrink_time: 30_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let case = cases.new_tree(&mut runner).expect("no case is rejected");
    runner.run_one(case, |case| {
        check(&case);
        Ok(())
    })
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
