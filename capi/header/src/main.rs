//! Writes the C header of src/ffi to standard output: `cargo run --manifest-path capi/header/Cargo.toml`. With `--cffi`: its declarations
//! alone, without comments and directives, as Python's cffi reads them. With `--cpp`: the enum classes of the C++ wrapper. With `--session` and
//! `--socketio`: the headers of session/src/ffi and socketio/src/ffi; with `--session-cffi` and `--socketio-cffi`, their declarations.

mod tables;
mod themes;

use std::error::Error;
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => engine()?,
        ["--cffi"] => declarations("sansocket.h", &engine()?),
        ["--cpp"] => tables::cpp(&here().join("../../src"))?,
        ["--session"] => session()?,
        ["--session-cffi"] => declarations("sansocket_session.h, after those of sansocket.h,", &session()?),
        ["--socketio"] => socketio()?,
        ["--socketio-cffi"] => declarations("sansocket_socketio.h, after those of sansocket_session.h,", &socketio()?),
        _ => return Err("usage: header [--cffi | --cpp | --session | --session-cffi | --socketio | --socketio-cffi]".into()),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn engine() -> Result<String, Box<dyn Error>> {
    let mut config = cbindgen::Config::from_file(here().join("cbindgen.toml"))?;
    config.header = Some(std::fs::read_to_string(here().join("top.h"))?.trim_end().to_owned());
    config.after_includes = Some(std::fs::read_to_string(here().join("macros.h"))?);
    let header = generated(config, &here().join("../../src"), tables::ENGINE, "")?;
    themes::arrange(&header, themes::ENGINE, Some(themes::ENUM_CHECK))
}

fn session() -> Result<String, Box<dyn Error>> {
    let src = here().join("../../session/src");
    let mut config = above("session", "sansocket.h")?;
    config.export.include = vec!["sansocket_session_overflow".to_owned()];
    add_results(&mut config, &src, &tables::SESSION_RESULTS)?;
    themes::arrange(&generated(config, &src, tables::SESSION, "SESSION_")?, themes::SESSION, None)
}

fn socketio() -> Result<String, Box<dyn Error>> {
    let src = here().join("../../socketio/src");
    let mut config = above("socketio", "sansocket_session.h")?;
    config.export.include = vec!["sansocket_socketio_refusal".to_owned()];
    add_results(&mut config, &src, &tables::SOCKETIO_RESULTS)?;
    themes::arrange(&generated(config, &src, tables::SOCKETIO, "SOCKETIO_")?, themes::SOCKETIO, None)
}

/// The configuration for a header that stands on another.
fn above(name: &str, below: &str) -> Result<cbindgen::Config, Box<dyn Error>> {
    let mut config = cbindgen::Config::from_file(here().join("cbindgen.toml"))?;
    config.include_guard = Some(format!("SANSOCKET_{}_H", name.to_uppercase()));
    config.sys_includes.clear();
    config.includes = vec![below.to_owned()];
    config.header = Some(std::fs::read_to_string(here().join(format!("{name}_top.h")))?.trim_end().to_owned());
    config.after_includes = Some(std::fs::read_to_string(here().join(format!("{name}_macros.h")))?);
    Ok(config)
}

fn add_results(config: &mut cbindgen::Config, src: &Path, results: &tables::Enum) -> Result<(), Box<dyn Error>> {
    *config.after_includes.get_or_insert_default() += &tables::results(src, results)?;
    Ok(())
}

/// What cbindgen makes of the C layer in `src`, and of the enums.
fn generated(config: cbindgen::Config, src: &Path, enums: &[tables::Enum], names: &str) -> Result<String, Box<dyn Error>> {
    // cbindgen does not expand macros; it takes the enums from here instead.
    let tables = std::env::temp_dir().join(format!("sansocket_tables_{}.rs", std::process::id()));
    std::fs::write(&tables, tables::rust(src, enums, names)?)?;
    // It follows the modules in their order.
    let builder = cbindgen::Builder::new().with_config(config).with_src(&tables).with_src(src.join("ffi/mod.rs"));
    let generated = builder.generate();
    std::fs::remove_file(&tables)?;
    let mut header = Vec::new();
    generated?.write(&mut header);
    Ok(tidy(&String::from_utf8(header)?))
}

/// The longest line.
const WIDTH: usize = 130;

/// Takes away blanks at line ends, puts comments of one line on one line, and writes types by their names alone.
fn tidy(header: &str) -> String {
    let lines: Vec<&str> = header.trim_end().lines().map(str::trim_end).collect();
    let mut tidy = String::new();
    let mut rest = lines.as_slice();
    while let [line, after @ ..] = rest {
        (rest, tidy) = match after {
            [text, end, after @ ..] if line.trim() == "/**" && end.trim() == "*/" && text.len() + 2 <= WIDTH => {
                (after, tidy + &text.replacen(" * ", "/** ", 1) + " */\n")
            }
            _ if line.starts_with("typedef enum") => {
                let name = line.trim_start_matches("typedef enum ").trim_end_matches(" {");
                (after, tidy + &format!("typedef enum SANSOCKET_ENUM({name}) {{\n"))
            }
            _ if line.starts_with("typedef") || line.trim_start().starts_with('*') => (after, tidy + line + "\n"),
            _ => {
                let plain = line.replace("enum sansocket", "sansocket").replace("struct sansocket", "sansocket");
                let (prototype, after) = joined(plain, after);
                (after, tidy + &prototype + "\n")
            }
        };
    }
    tidy
}

/// A prototype that cbindgen broke over lines, on one or, where it is too long, broken after the name.
fn joined<'a>(first: String, mut rest: &'a [&'a str]) -> (String, &'a [&'a str]) {
    if !first.starts_with(char::is_alphabetic) || !first.contains("sansocket_") || !first.ends_with(',') {
        return (first, rest);
    }
    let mut line = first;
    while let [next, after @ ..] = rest {
        line += " ";
        line += &next.trim().replace("enum sansocket", "sansocket").replace("struct sansocket", "sansocket");
        rest = after;
        if line.ends_with(");") {
            break;
        }
    }
    if line.len() > WIDTH {
        line = broken(&line);
    }
    (line, rest)
}

/// A long prototype with its arguments on lines of their own.
fn broken(prototype: &str) -> String {
    let (name, arguments) = prototype.split_once('(').unwrap_or((prototype, ""));
    let (mut broken, mut len) = (format!("{name}("), WIDTH);
    for argument in arguments.split_inclusive(", ") {
        if len + argument.trim_end().len() > WIDTH {
            broken.truncate(broken.trim_end().len());
            broken += "\n    ";
            len = 4;
        }
        broken += argument;
        len += argument.len();
    }
    broken
}

/// The header without comments and directives; constants become enums, which cffi understands.
fn declarations(name: &str, header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code += before;
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code += rest;
    let mut declarations = format!("// The declarations of {name} for Python's cffi (ffi.cdef). Generated by ci/header.\n");
    let mut in_cplusplus = false;
    let mut continued = false;
    for line in code.lines().map(str::trim_end) {
        let skipped = continued || in_cplusplus || line.starts_with('#');
        continued = skipped && line.ends_with('\\');
        match line {
            "#ifdef __cplusplus" => in_cplusplus = true,
            _ if line.starts_with("#endif") => in_cplusplus = false,
            _ => {}
        }
        if let Some((name, value)) = line.strip_prefix("#define ").and_then(|constant| constant.split_once(' ')) {
            // A result that only sessions have is a constant of the enum's type.
            let value = value.trim_start_matches("((sansocket_result)").trim_end_matches(')');
            if let Ok(value) = value.parse::<i32>() {
                declarations += &format!("enum {{ {name} = {value} }};\n");
            }
        }
        if !skipped && !line.is_empty() && !line.contains("sizeof") {
            declarations += &line.replace("SANSOCKET_ENUM(", "").replace(") {", " {");
            declarations += "\n";
        }
    }
    declarations
}
