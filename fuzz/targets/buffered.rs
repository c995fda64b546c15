//! libFuzzer's entry to [`sansocket_fuzz::buffered`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Buffered<'_>| sansocket_fuzz::buffered(&input));
