//! The table of the codecs' memory in docs/compression.md says what they take.
#![cfg(all(feature = "deflate", target_pointer_width = "64"))]

use sansocket::{Compressor, Inflater, Level, SmallTables};

#[test]
fn documented_memory_is_what_codecs_take() {
    let row = |name: &str, bytes: &dyn Fn(u8) -> usize| {
        let cells: Vec<_> = (8..=15).map(|bits| format!("{:.1} KB", bytes(bits) as f64 / 1000.0)).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    let compressor = |level| move |bits| size_of::<Compressor<'_>>() + Compressor::memory_len(bits, level).unwrap();
    let table = [
        row("inflating", &|bits| size_of::<Inflater<'_>>() + (1 << bits)),
        row("inflating, small tables", &|bits| size_of::<Inflater<'_, SmallTables>>() + (1 << bits)),
        row("compressing, `Level::Fast`", &compressor(Level::Fast)),
        row("compressing, `Level::Default` and `Best`", &compressor(Level::Default)),
    ];
    assert_eq!(Compressor::memory_len(15, Level::Default), Compressor::memory_len(15, Level::Best));
    let page = include_str!("../docs/compression.md");
    let (_, shown) = page.split_once("<!-- memory of codecs: tests/codec_memory.rs -->\n").unwrap();
    let (shown, _) = shown.split_once("<!-- end of memory of codecs -->").unwrap();
    let shown: String = shown.lines().skip(2).map(|line| format!("{line}\n")).collect();
    assert!(shown == table.concat(), "docs/compression.md should have\n{}", table.concat());
}
