//! What the kernel says about a process.
use std::fs::{read_dir, read_to_string};

/// Nanoseconds that all threads of a process have run.
pub(crate) fn cpu_time(pid: u32) -> Result<u64, String> {
    let folder = format!("/proc/{pid}/task");
    let threads = read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    // A thread that has just ended has no file any more.
    Ok(threads
        .flatten()
        .filter_map(|thread| read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| number(&text))
        .sum())
}

/// Nanoseconds that the CPUs of the machine were busy with anything, or another machine had them.
pub(crate) fn all_cpu_time() -> Result<u64, String> {
    let text = read_to_string("/proc/stat").map_err(|error| format!("/proc/stat: {error}"))?;
    let ticks = text.lines().next().unwrap_or_default().split_whitespace().skip(1).map_while(|word| word.parse::<u64>().ok());
    // user, nice, system, idle, iowait, irq, softirq, steal
    Ok(ticks.take(8).enumerate().filter(|(index, _)| !matches!(index, 3 | 4)).map(|(_, ticks)| ticks * 10_000_000).sum())
}

/// Bytes.
pub(crate) fn resident(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/status");
    let text = read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(number).map(|kilobytes| 1024 * kilobytes).ok_or(format!("{path}: no VmRSS"))
}

fn number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}
