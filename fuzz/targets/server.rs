//! libFuzzer's entry to [`sansocket_fuzz::server`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Server<'_>| sansocket_fuzz::server(&input));
