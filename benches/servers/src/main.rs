//! The load generator: see `README.md`. Prints what it measured, one `name value` a line.
#[path = "../../tokio/src/arguments.rs"]
mod arguments;
mod connection;
mod drive;
mod frames;
mod idle;
mod process;
mod traffic;

use arguments::Arguments;

fn main() {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let result = match arguments.command().as_deref() {
        Some("drive") => drive::run(&mut arguments),
        Some("idle") => idle::run(&mut arguments),
        _ => Err("drive or idle?".to_owned()),
    };
    if let Err(problem) = result {
        eprintln!("servers-load: {problem}");
        std::process::exit(1);
    }
}
