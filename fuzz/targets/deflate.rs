//! libFuzzer's entry to [`sansocket_fuzz::deflate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Deflate<'_>| sansocket_fuzz::deflate(&input));
