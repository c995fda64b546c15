//! What callgrind left: instructions for each byte, by the key of the figure.

use std::collections::HashMap;
use std::path::Path;

pub(crate) fn read(folder: &Path) -> HashMap<String, f64> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| parse(&String::from_utf8_lossy(&std::fs::read(file.path()).ok()?))).collect()
}

/// A dump has the name that it was asked for, which ends with the number of bytes, and the sum of its counts.
fn parse(text: &str) -> Option<(String, f64)> {
    let after = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let (key, bytes) = after("desc: Trigger: Client Request: ")?.rsplit_once('|')?;
    let total: f64 = after("summary:").or(after("totals:"))?.parse().ok()?;
    Some((key.into(), total / bytes.parse::<f64>().ok()?))
}
