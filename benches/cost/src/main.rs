//! What our own engine costs. Under callgrind, as `ci/bench` calls it, it leaves a dump of instructions for each cell; alone it prints
//! nanoseconds.
//!
//! cost gate      the cells whose figures are committed
//! cost sizes     cost against size

mod deflate;
mod frames;
mod gate;
mod handshake;
mod meter;
mod sizes;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("callgrind is spoken to in the instructions of x86-64");

#[path = "../../peers/src/callgrind.rs"]
mod callgrind;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["gate"] => gate::run(),
        ["sizes"] => sizes::run(),
        _ => panic!("usage: cost gate | sizes"),
    }
}
