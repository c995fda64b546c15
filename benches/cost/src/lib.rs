//! What our own engine costs. Each program of this package measures some cells: under callgrind, as `ci/bench` and `sizes` call it, it leaves
//! a dump of instructions for each cell; alone it prints nanoseconds. They are programs of their own, since what the compiler inlines
//! depends on what else is there.

#[path = "../../peers/src/browser.rs"]
pub mod browser;
pub mod deflate;
pub mod frames;
pub mod handshake;
pub mod meter;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("callgrind is spoken to in the instructions of x86-64");

#[path = "../../peers/src/callgrind.rs"]
mod callgrind;
