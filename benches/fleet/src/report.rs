//! The tables of results/fleet.md.

use std::fmt::Write;

use crate::fleet::{Course, SECOND};
use crate::{BACK, CLIENTS, Courses, DROPS, LIMIT, SEED};

pub fn all([unlimited, short, long]: [&Courses; 3], [fresh, after]: [&Courses; 2]) -> String {
    format!(
        "# A fleet through an outage

{} clients, seed {SEED}; `cargo run --release` in `benches/fleet` writes this. What is assumed is in [its README](../README.md).

The server dies at 0 s and is back at 60 s. Times are from then on.

![Dials in each second](fleet.svg)

## The server opens all at once

{}
## It opens 500 a second, 511 more wait, others are refused

20 s are the least that this takes.

{}
## The same, and 4 096 wait

As Linux has it by default (`somaxconn`). Who waits at the end of that is answered after 8 s, and some clients do not wait for so long: the
server opens connections that their clients have left.

{}
## The server accepts, and drops each connection after a second

Dials per client in each minute, for two minutes: from 0 s on without an outage, and after that of a minute, when waits have grown.

{}",
        number(CLIENTS),
        outage(unlimited),
        outage(short),
        outage(long),
        drops(fresh, after)
    )
}

pub fn outage(courses: &Courses) -> String {
    let mut table =
        "| | most dials in a second | in the second after 60 s | dials in all | half are up after | 99 % | all |\n".to_owned();
    table += "|---|---|---|---|---|---|---|\n";
    for (name, course) in courses {
        let [half, most, all] = [50, 99, 100].map(|percent| time(course, percent));
        let (peak, back, total) = (number(course.peak()), number(course.in_second(BACK / SECOND)), number(course.total()));
        let _ = writeln!(table, "| {name} | {peak} | {back} | {total} | {half} | {most} | {all} |");
    }
    table
}

fn drops(fresh: &Courses, after: &Courses) -> String {
    let mut table = "| | without an outage | after one |\n|---|---|---|\n".to_owned();
    for ((name, fresh), (_, after)) in fresh.iter().zip(after) {
        let [fresh, after] = [(fresh, 0), (after, BACK)].map(|(course, from)| {
            let dials: u64 = (from / SECOND..(from + DROPS) / SECOND).map(|second| course.in_second(second)).sum();
            dials as f64 / CLIENTS as f64 / (DROPS / SECOND / 60) as f64
        });
        let _ = writeln!(table, "| {name} | {fresh:.1} | {after:.1} |");
    }
    table
}

fn time(course: &Course, percent: usize) -> String {
    match course.share_is_up_at(percent) {
        Some(at) => format!("{:.1} s", (at - BACK) as f64 / SECOND as f64),
        None if course.goes_on => format!("not in {} min", LIMIT / SECOND / 60),
        None => "gave up".to_owned(),
    }
}

/// With spaces between thousands.
fn number(value: u64) -> String {
    match value {
        0..1000 => value.to_string(),
        _ => format!("{} {:03}", number(value / 1000), value % 1000),
    }
}
