//! The house: imports go downwards, and the C layer uses the public API only. This test reads the `use` lines.

use std::fs;
use std::path::{Path, PathBuf};

/// The layer of a file of `src`, by its path without ending: leaves 0, wire 1, machine 2, facade 3.
fn layer(module: &str) -> u8 {
    match module {
        "time"
        | "entropy"
        | "close_code"
        | "utf8"
        | "url"
        | "length"
        | "frame/mask"
        | "handshake/accept_key"
        | "handshake/sha1" => 0,
        "http/authority" | "http/target" => 0,
        "event" | "error" | "config" | "deflate/params" => 1,
        "handshake/client" | "handshake/server" => 2,
        _ if module.starts_with("http") || module.starts_with("frame") || module.starts_with("handshake") => 1,
        _ if module.starts_with("connection") || module.starts_with("deflate") => 2,
        "lib" | "message" => 3,
        other => panic!("src/{other}.rs is in no layer: add it here and to ARCHITECTURE.md"),
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// The modules that `text` imports from the crate, as paths of files: `handshake/head` for `crate::handshake::head::Head`.
fn imports(text: &str, known: &[String]) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let uses = code.lines().filter_map(|line| line.trim().strip_prefix("use crate::")?.strip_suffix(';'));
    uses.map(|path| {
        let parts: Vec<_> = path.split("::").take_while(|part| part.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        // The longest start of the path that is a file; a folder's own names are in its mod.rs.
        (1..=parts.len()).rev().map(|len| parts[..len].join("/")).find(|name| known.contains(name)).unwrap_or(parts.join("/"))
    })
    .collect()
}

#[test]
fn imports_go_downwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let name = |path: &PathBuf| {
        let module = path.strip_prefix(&root).unwrap().with_extension("");
        module.to_str().unwrap().trim_end_matches("/mod").to_owned()
    };
    let known: Vec<_> = files.iter().map(name).collect();
    let mut edges = 0;
    for (path, module) in files.iter().zip(&known) {
        let text = fs::read_to_string(path).unwrap();
        if module.starts_with("ffi") {
            // Law 13: what C users have, Rust users have.
            let inside = imports(&text, &known).into_iter().find(|import| !import.is_empty() && import != "frame");
            assert_eq!(inside, None, "src/{module}.rs imports from inside the crate");
            continue;
        }
        for import in imports(&text, &known).iter().filter(|import| !import.is_empty()) {
            assert!(layer(import) <= layer(module), "src/{module}.rs imports crate::{import} from a layer above");
            edges += 1;
        }
    }
    assert!(edges > 80, "found only {edges} imports");
}
