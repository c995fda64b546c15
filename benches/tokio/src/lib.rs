//! tokio WebSocket crates side by side: an echo server for each, one load generator for all of them, and an in-memory pipe.
mod arguments;
mod echo;
mod handshake;
mod load;
mod peers;
mod pipe;
mod serve;
mod traffic;

use arguments::Arguments;

const USAGE: &str = "\
usage: wsbench-tokio list
       wsbench-tokio serve --server NAME --loop each|batch
       wsbench-tokio load --port PORT --pid PID --connections N --size BYTES --in-flight N --warm MS --time MS [--raw]
       wsbench-tokio idle --port PORT --connections N [--raw]
       wsbench-tokio pipe --server NAME --client raw|same --loop each|batch --connections N --size BYTES --in-flight N --messages N";

/// `heap`: the bytes in use, where the allocator counts them.
pub fn main(heap: Option<fn() -> usize>) {
    if let Err(message) = run(heap) {
        eprintln!("wsbench-tokio: {message}");
        std::process::exit(1);
    }
}

fn run(heap: Option<fn() -> usize>) -> Result<(), String> {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let command = arguments.command().ok_or(USAGE)?;
    match &command[..] {
        "list" => peers::NAMES.iter().for_each(|name| println!("{name}")),
        "serve" => serve::run(&mut arguments, heap)?,
        "load" => load::run(&mut arguments)?,
        "idle" => load::idle(&mut arguments)?,
        "pipe" => pipe::run(&mut arguments)?,
        _ => return Err(format!("{command}?\n{USAGE}")),
    }
    Ok(())
}
