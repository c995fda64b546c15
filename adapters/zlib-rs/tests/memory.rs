//! What the documentation says of the heap.

use sansocket::{Deflate, Inflate};
use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What `make` leaves on the heap after the value was used for messages, and whether any of that came after it was made.
fn held<T>(make: impl Fn() -> T, use_it: impl Fn(&mut T)) -> usize {
    let region = Region::new(ALLOCATOR);
    let mut value = make();
    let made = region.change();
    use_it(&mut value);
    let used = region.change();
    assert_eq!(used.bytes_allocated, made.bytes_allocated, "nothing is allocated for a message");
    drop(value);
    let end = region.change();
    assert_eq!(end.bytes_allocated, end.bytes_deallocated);
    made.bytes_allocated - made.bytes_deallocated
}

fn compressor(bits: u8, mem_level: u8) -> usize {
    let message = b"tick 1.2345 tick 1.2346 ".repeat(3_000);
    held(
        || ZlibCompressor::with_mem_level(bits, 6, mem_level).unwrap(),
        |compressor| {
            let mut output = [0; 10_000];
            assert!(compressor.compress(&message, &mut output, true).done);
            compressor.reset();
        },
    )
}

fn inflater(bits: u8) -> usize {
    held(
        || ZlibInflater::new(bits).unwrap(),
        |inflater| {
            let mut output = [0; 64];
            for payload in [[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]] {
                assert_eq!(inflater.inflate(&payload, &mut output).unwrap().produced, 5);
                assert!(inflater.finish_message(&mut output).unwrap().done);
            }
            Inflate::reset(inflater);
        },
    )
}

/// The rows of the table in the documentation, from what is measured. One test, so that no other allocates beside it.
#[test]
fn heap_is_what_the_documentation_says() {
    let row = |name: &str, cells: Vec<String>| format!("//! | {name} | {} |\n", cells.join(" | "));
    let kilobytes = |bytes: usize| format!("{}.{} KB", bytes / 1_000, bytes % 1_000 / 100);
    let of_compressor = |mem_level: u8| (9..=15).map(move |bits| kilobytes(compressor(bits, mem_level)));
    let inflaters = row("[`ZlibInflater`]", (8..=15).map(|bits| kilobytes(inflater(bits))).collect());
    let usual = row("[`ZlibCompressor`], memory level 8", ["-".to_owned()].into_iter().chain(of_compressor(8)).collect());
    let small = row("the same, memory level 1", ["-".to_owned()].into_iter().chain(of_compressor(1)).collect());
    let table = [inflaters, usual, small].concat();
    assert!(include_str!("../src/lib.rs").contains(&table), "it is\n{table}");
}
