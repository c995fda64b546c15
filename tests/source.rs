//! What the source must not contain: casts of lengths, assertions, long functions. This test reads it.

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

/// The files of the library by their paths in `src`, without tests; comments are empty lines.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let code = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.split("\nmod tests {").next().unwrap().lines();
        let lines: Vec<_> = lines.map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect();
        (path.strip_prefix(&root).unwrap().display().to_string(), lines.join("\n"))
    };
    files.iter().map(code).collect()
}

/// The lines of the library that are code, with their places, without the C layer.
fn code() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (name, text) in files().into_iter().filter(|(name, _)| !name.starts_with("ffi")) {
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            lines.push((format!("src/{name}:{}", i + 1), line.to_owned()));
        }
    }
    assert!(lines.len() > 2_000, "found only {} lines", lines.len());
    lines
}

/// B-02, F-09, law 15: no cast that could cut a length: `as` only gives an enum's number, which is a `u8`, or widens a byte where a
/// `const fn` cannot use `from`.
#[test]
fn no_length_is_cast() {
    let wider = ["u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
    for (place, line) in code() {
        for kind in wider {
            let line = line.replace("byte as usize", "byte");
            assert!(!line.contains(&format!(" as {kind}")), "a cast at {place}: {line}");
        }
        let before = line.split(" as u8").next().filter(|before| before.len() < line.len());
        let is_enum = |before: &str| before.ends_with("self") || before.ends_with("Opcode::Close");
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

/// The functions in `text`, by name, with the number of their parameters, `self` not counted, and of their lines.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("fn ") {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let rest = &text[at + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() || !before.is_whitespace() {
            continue;
        }
        let (mut depth, mut parameters, mut open, mut end) = (0_i32, 0, 0, 0);
        let mut in_list = false;
        for (place, c) in rest.char_indices() {
            match c {
                '(' if !in_list && depth == 0 => (in_list, open) = (true, place + 1),
                '(' | '[' | '{' => depth += 1,
                '<' => depth += 1,
                '>' if !rest[..place].ends_with(['-', '=']) => depth -= 1,
                ')' if in_list && depth == 0 => {
                    let list = rest[open..place].trim_end().trim_end_matches(',');
                    let is_self =
                        |part: &str| part.split_whitespace().any(|word| word.trim_end_matches(',') == "self" || word == "&self");
                    let first = list.split(',').next().unwrap();
                    parameters += usize::from(!list.trim().is_empty());
                    parameters -= usize::from(is_self(first) || first.contains("&mut self"));
                    end = place;
                    break;
                }
                ')' | ']' | '}' => depth -= 1,
                ',' if in_list && depth == 0 && !rest[place + 1..].trim_start().starts_with(')') => parameters += 1,
                _ => {}
            }
        }
        let after = &rest[end..];
        let Some(start) = after.find(['{', ';']).filter(|&start| after[start..].starts_with('{')) else { continue };
        let mut depth = 0;
        let len = after[start..].char_indices().find_map(|(place, c)| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            (depth == 0).then_some(place)
        });
        let lines = after[start..start + len.unwrap_or(0)].lines().count().saturating_sub(1);
        found.push((name, parameters, lines));
    }
    found
}

/// A function fits a screen. Tables may be longer: one arm for each number of C's, each element of a grammar. Functions of the C layer
/// may have more parameters.
#[test]
fn functions_have_five_parameters_and_sixty_lines_at_most() {
    const TABLES: [&str; 3] = ["from", "sansocket_init_client", "sansocket_init_open"];
    let found =
        functions("fn a(&self, b: (u8, u8), c: &[u8; 4]) {\n    x\n}\nfn b() -> u8 {\n}\nfn c<T: Fn(u8, u8)>(d: T,) { e }");
    assert_eq!(found, [("a".into(), 2, 1), ("b".into(), 0, 0), ("c".into(), 1, 0)]);
    let (mut count, mut longest) = (0, 0);
    for (file, text) in files() {
        for (name, parameters, lines) in functions(&text) {
            let is_c = file.starts_with("ffi") && name.starts_with("sansocket_");
            assert!(parameters <= 5 || is_c, "src/{file}: {name} has {parameters} parameters");
            assert!(lines <= 60 || TABLES.contains(&name.as_str()), "src/{file}: {name} has {lines} lines");
            if !TABLES.contains(&name.as_str()) {
                longest = longest.max(lines);
            }
            count += 1;
        }
    }
    assert!(count > 400 && longest > 30, "{count} functions, the longest of {longest} lines");
}
