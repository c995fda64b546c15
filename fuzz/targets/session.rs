//! libFuzzer's entry to [`sansocket_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Session<'_>| sansocket_fuzz::session(&input));
