//! What the source may not hold: casts of lengths, assertions. This test reads it.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below `folder`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// The lines of the library that are code, with where they stand: no tests, no comments, not the C layer.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut lines = Vec::new();
    for path in files.iter().filter(|path| !path.starts_with(root.join("ffi"))) {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("\nmod tests {").next().unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            lines.push((format!("src/{name}:{}", i + 1), line.to_owned()));
        }
    }
    assert!(lines.len() > 2_000, "found only {} lines", lines.len());
    lines
}

/// B-02, F-09, law 15: no cast that could cut a length: `as` only gives an enum's number, which is a `u8`, or widens an octet where a
/// `const fn` cannot use `from`.
#[test]
fn no_length_is_cast() {
    let wider = ["u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
    for (place, line) in code() {
        for kind in wider {
            let line = line.replace("octet as usize", "octet");
            assert!(!line.contains(&format!(" as {kind}")), "a cast at {place}: {line}");
        }
        let before = line.split(" as u8").next().filter(|before| before.len() < line.len());
        let is_enum =
            |before: &str| before.ends_with("self") || before.ends_with("self.opcode") || before.ends_with("Opcode::Close");
        let is_enum = |before: &str| is_enum(before) || before.ends_with("Opcode::Continuation");
        assert!(before.is_none_or(is_enum), "a cast at {place}: {line}");
    }
}

/// B-46, B-43, law 11: nothing asserts or panics at run time; what is asserted is asserted when compiling.
#[test]
fn nothing_is_asserted_at_run_time() {
    for (place, line) in code() {
        let asserts = ["assert!(", "assert_eq!(", "assert_ne!(", "unreachable!(", "panic!(", "todo!(", ".unwrap()", ".expect("];
        let is_const = line.trim_start().starts_with("const _: () = ");
        assert!(is_const || !asserts.iter().any(|word| line.contains(word)), "{place}: {line}");
    }
}
