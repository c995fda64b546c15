//! The layers: imports go downwards and never in a circle, and the C layer uses the public API only. It reads `src`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

/// The layer of a file of `src`, by its path without ending: leaves 0, wire 1, machine 2, facade 3, the C layer 4.
fn layer(module: &str) -> u8 {
    match module {
        "time" | "role" | "entropy" | "close_code" | "utf8" | "url" | "length" | "numbered" | "vector" => 0,
        "http/authority"
        | "http/run"
        | "http/target"
        | "http/token"
        | "http/words"
        | "handshake/accept_key"
        | "handshake/sha1" => 0,
        "frame/mask" | "frame/xor" => 0,
        "event" | "error" | "config" | "deflate/config" | "deflate/negotiation" | "deflate/params" => 1,
        // The folder's mod.rs only passes names on, those of the two sides too.
        "handshake" | "handshake/client" | "handshake/server" => 2,
        _ if module.starts_with("http") || module.starts_with("frame") || module.starts_with("handshake") => 1,
        _ if module.starts_with("connection") || module.starts_with("deflate") => 2,
        "lib" | "message" => 3,
        _ if module.starts_with("buffered") => 3,
        _ if module.starts_with("ffi") => 4,
        other => panic!("src/{other}.rs is in no layer: add it here and to ARCHITECTURE.md"),
    }
}

/// A path from the crate's root: `["frame", "Opcode"]`; a glob ends with `*`.
type Parts = Vec<String>;

/// Which module (`frame/mask`, `lib`) imports from which, with the first line that does.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// What one file says.
#[derive(Default)]
struct Source {
    /// Every path to something of the crate, with its line.
    imports: Vec<(Parts, String)>,
    /// The names that its `use` lines bring into the module, with the paths that they stand for.
    names: BTreeMap<String, Parts>,
}

/// All files, by module.
type Sources = BTreeMap<String, Source>;

/// The words and signs of `text` with the numbers of their lines, without comments, strings (none of them raw) and characters.
fn tokens(text: &str) -> Vec<(&str, usize)> {
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let past = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |place| from + place + end.len());
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let is_plain = |place: &usize| rest[..*place].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0;
        let (len, is_code) = match first {
            '/' if rest.starts_with("//") => (past(0, "\n"), false),
            '/' if rest.starts_with("/*") => (past(2, "*/"), false),
            '"' => (rest.match_indices('"').map(|(place, _)| place).skip(1).find(is_plain).unwrap() + 1, false),
            '\'' if rest[1..].starts_with('\\') => (past(3, "'"), false),
            '\'' if rest.chars().nth(2) == Some('\'') => (past(1, "'"), false),
            ':' if rest.starts_with("::") => (2, true),
            _ => (word.max(first.len_utf8()), !first.is_whitespace()),
        };
        found.extend(is_code.then_some((&rest[..len], line)));
        line += rest[..len].matches('\n').count();
        at += len;
    }
    found
}

/// The paths that one `use` names, each with the name that it gives and its line.
fn leaves<'t>(tokens: &[(&'t str, usize)]) -> Vec<(Vec<&'t str>, &'t str, usize)> {
    let (mut found, mut outer, mut path) = (Vec::new(), vec![Vec::new()], Vec::new());
    for &(token, line) in tokens {
        match token {
            "{" => outer.push(path.clone()),
            "," | "}" | ";" => {
                if path.len() > outer[outer.len() - 1].len() {
                    let alias = path.iter().position(|part| *part == "as").map(|place| path.split_off(place)[1]);
                    let len = path.len();
                    path.truncate(if len > 1 && path[len - 1] == "self" { len - 1 } else { len });
                    found.push((path.clone(), alias.unwrap_or(path[path.len() - 1]), line));
                }
                outer.truncate(outer.len() - usize::from(token == "}"));
                path.clone_from(&outer[outer.len() - 1]);
            }
            "::" => {}
            word => path.push(word),
        }
    }
    found
}

/// The module of a file of `src`: `frame/mod.rs` is `frame`.
fn module_of(file: &str) -> String {
    file.trim_end_matches(".rs").trim_end_matches("/mod").to_owned()
}

/// `path`, as `module` with these `names` writes it, from the crate's root. `None` if it does not lead there.
fn from_root(path: &[&str], module: &str, names: &BTreeMap<String, Parts>, known: &BTreeSet<String>) -> Option<Parts> {
    let here: Parts = module.split('/').filter(|part| *part != "lib").map(str::to_owned).collect();
    let child = [&here[..], &[path[0].to_owned()]].concat();
    let ups = path.iter().filter(|part| **part == "super").count();
    let start = match path[0] {
        "crate" => &[],
        "self" | "super" => &here[..here.len().checked_sub(ups)?],
        _ if known.contains(&child.join("/")) => &child,
        name => &names.get(name)?[..],
    };
    let rest = path[1..].iter().filter(|part| **part != "super").map(|part| part.to_string());
    Some(start.iter().cloned().chain(rest).collect())
}

/// Reads the code of `file`, without its tests.
fn read(file: &str, text: &str, known: &BTreeSet<String>) -> Source {
    let (module, lines) = (module_of(file), text.lines().collect::<Vec<_>>());
    let tokens = tokens(text.split("\nmod tests {").next().unwrap());
    let word = |at: usize| tokens.get(at).map_or("", |token| token.0);
    let (mut source, mut depth, mut at) = (Source::default(), 0, 0);
    while at < tokens.len() {
        let mut paths = Vec::new();
        match word(at) {
            brace @ ("{" | "}") => depth += if brace == "{" { 1 } else { -1 },
            "mod" => assert_eq!(word(at + 2), ";", "src/{file}: this test knows no modules within a file"),
            // `pub(in super::super)` is no import.
            "in" if at > 1 && word(at - 2) == "pub" => at += tokens[at..].iter().position(|token| token.0 == ")").unwrap(),
            // `impl Trait + use<'a>` is not an import either.
            "use" if word(at + 1) != "<" => {
                let len = tokens[at..].iter().position(|token| token.0 == ";").unwrap();
                paths = leaves(&tokens[at + 1..=at + len]);
                at += len;
            }
            _ if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") => {
                let more = tokens[at + 1..].chunks(2).take_while(|pair| pair[0].0 == "::").map(|pair| pair[1].0);
                paths.push(([word(at)].into_iter().chain(more).collect(), "", tokens[at].1));
            }
            _ => {}
        }
        for (path, name, line) in paths {
            if let Some(path) = from_root(&path, &module, &source.names, known) {
                source.names.extend((depth == 0).then(|| (name.to_owned(), path.clone())));
                source.imports.push((path, format!("src/{file}:{line}: {}", lines[line - 1].trim())));
            }
        }
        at += 1;
    }
    source
}

/// Reads files with their texts. A `tests.rs` is left out.
fn read_all(files: &[(String, String)]) -> Sources {
    let files = files.iter().filter(|(file, _)| !file.ends_with("/tests.rs"));
    let known = files.clone().map(|(file, _)| module_of(file)).collect();
    files.map(|(file, text)| (module_of(file), read(file, text, &known))).collect()
}

/// The longest start of `path` that is a file, and what follows.
fn split<'p>(sources: &Sources, path: &'p [String]) -> (String, &'p [String]) {
    let len = (1..=path.len()).rev().find(|len| sources.contains_key(&path[..*len].join("/")));
    len.map_or(("lib".to_owned(), path), |len| (path[..len].join("/"), &path[len..]))
}

/// The file that `path` leads to, through those that only pass a name on. What a glob passes on counts as the passing file's.
fn home(sources: &Sources, path: &[String]) -> String {
    let (module, rest) = split(sources, path);
    let target = rest.first().and_then(|name| sources[&module].names.get(name));
    target.map(|target| home(sources, &[target, &rest[1..]].concat())).unwrap_or(module)
}

fn graph(sources: &Sources) -> Graph {
    let edges = |(module, source): (&String, &Source)| {
        let imports = source.imports.iter().rev().map(|(path, line)| (home(sources, path), line.clone()));
        (module.clone(), imports.filter(|(home, _)| home != module).collect())
    };
    sources.iter().map(edges).collect()
}

/// The shortest way from `from` to each file that it reaches, itself too.
fn ways(graph: &Graph, from: &str) -> BTreeMap<String, Vec<String>> {
    let (mut ways, mut next) = (BTreeMap::new(), VecDeque::from([vec![from.to_owned()]]));
    while let Some(way) = next.pop_front() {
        for to in graph.get(&way[way.len() - 1]).into_iter().flat_map(BTreeMap::keys) {
            if !ways.contains_key(to) {
                next.push_back([&way[..], std::slice::from_ref(to)].concat());
                ways.insert(to.clone(), next[next.len() - 1].clone());
            }
        }
    }
    ways
}

/// The circles: files each of which reaches all others of its circle, in the order of their names.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let ways: BTreeMap<_, _> = graph.keys().map(|from| (from, ways(graph, from))).collect();
    let circle = |from| ways[from].keys().filter(|to| ways.get(to).is_some_and(|back| back.contains_key(from))).cloned();
    let found: BTreeSet<Vec<_>> = graph.keys().map(|from| circle(from).collect()).collect();
    found.into_iter().filter(|circle| !circle.is_empty()).collect()
}

/// For each import within `circle` the shortest way round through it, `a -> b -> a`, with the lines that import.
fn shown(graph: &Graph, circle: &[String]) -> String {
    let mut rounds = BTreeSet::new();
    for from in circle {
        for to in graph[from].keys().filter(|to| circle.contains(to)) {
            let mut round = ways(graph, to)[from].clone();
            let least = (0..round.len()).min_by_key(|at| &round[*at]).unwrap();
            round.rotate_left(least);
            round.push(round[0].clone());
            let lines: String = round.windows(2).map(|pair| format!("    {}\n", graph[&pair[0]][&pair[1]])).collect();
            rounds.insert(format!("{}\n{lines}", round.join(" -> ")));
        }
    }
    format!("{} files:\n{}", circle.len(), rounds.into_iter().collect::<String>())
}

/// The files below `folder` by their paths from `root`, with their texts.
fn files(folder: &Path, root: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| vec![(path.strip_prefix(root).unwrap().to_str().unwrap().into(), fs::read_to_string(path).unwrap())];
    entries.flat_map(|path| if path.is_dir() { files(&path, root) } else { read(&path) }).collect()
}

fn crate_sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read_all(&files(&root, &root))
}

#[test]
fn imports_go_downwards() {
    let graph = graph(&crate_sources());
    for (module, (import, line)) in graph.iter().flat_map(|(module, edges)| edges.iter().map(move |edge| (module, edge))) {
        assert!(layer(import) <= layer(module), "{module} imports {import} from a layer above\n{line}");
        let is_of = |path: &str, folder: &str| path.split('/').next() == Some(folder);
        let knows_websocket = ["handshake", "frame", "connection"].iter().any(|folder| is_of(import, folder));
        assert!(!is_of(module, "http") || !knows_websocket, "{module} is HTTP alone, and imports {import}\n{line}");
    }
    let edges: usize = graph.values().map(BTreeMap::len).sum();
    assert!(edges > 200, "found only {edges} imports");
}

/// Law 13: what C users have, Rust users have.
#[test]
fn the_c_layer_uses_the_public_api() {
    let sources = crate_sources();
    let files = sources.iter().filter(|(module, _)| module.starts_with("ffi"));
    for (path, line) in files.flat_map(|(_, source)| &source.imports) {
        let (import, _) = split(&sources, path);
        assert!(import.starts_with("ffi") || ["lib", "frame"].contains(&&*import), "an import from inside the crate\n{line}");
    }
}

#[test]
fn no_imports_go_in_a_circle() {
    let graph = graph(&crate_sources());
    let found: String = circles(&graph).iter().map(|circle| shown(&graph, circle)).collect();
    assert!(found.is_empty(), "circles of imports, {found}");
}

#[test]
fn circles_are_found_and_shown() {
    let with = |mut graph: Graph, edge: &str| {
        graph.entry(edge[..1].to_owned()).or_default().insert(edge[1..].to_owned(), edge.to_owned());
        graph
    };
    let graph = |edges: &str| edges.split(' ').fold(Graph::new(), with);
    let found = |edges| circles(&graph(edges)).iter().map(|circle| circle.concat()).collect::<Vec<_>>().join(" ");
    for (edges, expected) in [("ab bc ac", ""), ("ab ba", "ab"), ("ab bc ca cd de ed xa", "abc de"), ("ab ba bc cb", "abc")] {
        assert_eq!(found(edges), expected, "{edges}");
    }
    let lines = shown(&graph("ab bc ca cb cd"), &["a", "b", "c"].map(str::to_owned));
    assert_eq!(lines.replace("\n    ", " "), "3 files:\na -> b -> c -> a ab bc ca\nb -> c -> b bc cb\n");
}

#[test]
fn paths_of_every_form_are_read() {
    let cases = [
        ("use super::{\n    Own,\n    b::{X, Y as Z},\n};", "a a/b"),
        ("use super::{self, c::{self, d::X}};", "a a/c"),
        ("use super::Deep;\npub(super) use super::Named::*;", "a/b a/c"),
        ("use crate::{Thing, e};", "a/b e"),
        ("use super::*;\nuse super::super::e::X;", "a e"),
        ("use y::X;", "a/x/y"),
        ("fn f() {\n    y::g(crate::e::H, super::c::i::<u8>()) + self::y::Z\n}", "a/c a/x/y e"),
        ("// super::Own\n/// [`super::Own`]\nconst A: &str = \"\\\"// super::Own\"; /* super::Own */ super::c::C", "a/c"),
        ("const A: [u8; 3] = [b'\"', b'\\'', super::c::C]; // '\"'", "a/c"),
        ("use crate::e;\nuse super::{self as up};\nfn f() {\n    up::b::g(e::H)\n}", "a a/b e"),
        ("use core::e;\nmod y;\npub(in super::super) fn f<'a>() -> impl A + use<'a> { Self::e(self::f) }", ""),
        ("#[cfg(test)]\nmod tests {\n    use super::super::Own;\n}", ""),
    ];
    for (text, expected) in cases {
        let others = "lib.rs:mod a; mod e; pub use a::Passed as Thing;|a/x/tests.rs:use super::Own;|e.rs:|a/b.rs:|a/c.rs:|\
            a/x/y.rs:|a/mod.rs:mod x; pub(crate) use b::Deep; use self::{b::Deep as Passed, c::Other as Named};";
        let others = others.split('|').map(|file| file.split_once(':').unwrap());
        let files: Vec<_> = others.chain([("a/x.rs", text)]).map(|(file, text)| (file.to_owned(), text.to_owned())).collect();
        let graph = graph(&read_all(&files));
        let edges = |module: &str| graph[module].keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!((edges("a/x"), edges("a"), edges("lib")), (expected.into(), "a/b a/c".into(), "a/b".into()), "{text}");
        assert!(expected != "a a/b" || graph["a/x"]["a/b"] == "src/a/x.rs:3: b::{X, Y as Z},");
    }
}
