//! Writes the C header of src/ffi to standard output: `cargo run --manifest-path capi/header/Cargo.toml`.

use std::error::Error;
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml"))?;
    // It follows the modules in their order.
    let builder = cbindgen::Builder::new().with_config(config).with_src(here.join("../../src/ffi/mod.rs"));
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    std::io::stdout().write_all(tidy(&String::from_utf8(header)?).as_bytes())?;
    Ok(())
}

/// Takes away blanks at line ends, and puts comments of one line on one line.
fn tidy(header: &str) -> String {
    let lines: Vec<&str> = header.trim_end().lines().map(str::trim_end).collect();
    let mut tidy = String::new();
    let mut rest = lines.as_slice();
    while let [line, behind @ ..] = rest {
        (rest, tidy) = match behind {
            [text, end, behind @ ..] if line.trim() == "/**" && end.trim() == "*/" && text.len() + 2 <= 130 => {
                (behind, tidy + &text.replacen(" * ", "/** ", 1) + " */\n")
            }
            _ => (behind, tidy + line + "\n"),
        };
    }
    tidy
}
